/** Compressed replies. */
import { pipeline } from "node:stream";
import { constants, createGzip } from "node:zlib";

/** Reads an `Accept-Encoding` header: gzip is named, and not with the weight 0. */
export function takesGzip(accepted: string): boolean {
  return accepted.split(",").some((entry) => {
    const [coding = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    return (coding === "gzip" || coding === "x-gzip") && !parameters.some((weight) => /^q=0(\.0*)?$/.test(weight));
  });
}

/** As fast as it gets: the other end is on this machine, as a rule. Whoever stops reading ends the source too. */
export function gzipped(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  pipeline(chunks, gzip, () => {}); // a failure reaches the reader through `gzip`
  return gzip;
}
