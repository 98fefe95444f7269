import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { gzipped, takesGzip } from "./gzip.js";

it("compresses only for who takes gzip", () => {
  for (const accepted of ["gzip", "deflate, gzip", "gzip;q=0.5", "x-gzip"]) expect(takesGzip(accepted)).toBe(true);
  for (const accepted of ["", "deflate", "gzip;q=0", "gzip; q=0.0", "identity"])
    expect(takesGzip(accepted)).toBe(false);
});

it("hands on what the source says, its failure too, and ends it with the reader", async () => {
  let ended = false;
  async function* source(fails: boolean) {
    try {
      for (let n = 0; n < 1000; n += 1) yield Buffer.from(`line ${n}\n`);
      if (fails) throw new Error("cut");
    } finally {
      ended = true;
    }
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of gzipped(source(false))) chunks.push(chunk);
  expect(gunzipSync(Buffer.concat(chunks)).toString().split("\n")).toHaveLength(1001);
  const read = async () => {
    for await (const _chunk of gzipped(source(true))) ended = false;
  };
  await expect(read()).rejects.toThrow("cut");
  ended = false;
  for await (const _chunk of gzipped(source(false))) break;
  await expect.poll(() => ended).toBe(true);
});
