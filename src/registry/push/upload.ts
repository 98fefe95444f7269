/**
 * Sends one blob. Touches the world.
 *
 * In one request at first, as every registry takes it. An upload that breaks goes on behind what the registry has, in
 * chunks; so does one whose registry wants no requests of that size.
 *
 * @see OCI distribution specification, "Pushing blobs", "Pushing a blob in chunks"
 */
import type { Readable } from "node:stream";
import { type Clock, sleep } from "../../base/clock.js";
import { GantryError } from "../../base/errors.js";
import type { Digest } from "../../oci/digest.js";
import type { Exchange } from "../exchange.js";
import { isTransientError, isTransientStatus, maxAttempts, waitMs } from "../retry.js";
import { discard, type HttpResponse } from "../transport/http-request.js";

export interface PushedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** From byte `from` up to and without `to`; anew each time, as an upload may have to be repeated. */
  open(range: { from: number; to: number }): Readable;
}

export interface UploadCall {
  readonly ask: (
    request: Omit<Parameters<Exchange["ask"]>[0], "baseUrl" | "scopes" | "credentials" | "signal">,
  ) => Promise<HttpResponse>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onBytes: (current: number) => void;
}

/** Large enough that the requests cost little, small enough for proxies that limit a request's size. */
const chunkBytes = 8 * 1024 * 1024;
const blobType = { "content-type": "application/octet-stream" };

/** Where an upload stands. `minBytes` is what the registry wants of a chunk at least. */
interface Session {
  readonly url: URL;
  readonly minBytes: number;
}

/**
 * `begun` is the answer that opened the upload. The answer that ends it: 201, or a refusal. 404 says that the registry
 * has forgotten the upload.
 *
 * Rejects with system errors when the connection breaks again and again without a byte of progress.
 */
export async function upload(
  blob: PushedBlob,
  begun: HttpResponse,
  { style, ...call }: UploadCall & { style: "whole" | "chunks" },
): Promise<HttpResponse> {
  const session = sessionOf(begun, undefined);
  if (style === "chunks") return sendRest(blob, session, call);
  const whole = await sendWhole(blob, session, call);
  if (whole !== "broken" && whole.status !== 413) return whole;
  if (whole !== "broken") discard(whole);
  return sendRest(blob, session, call);
}

/** "broken" when another attempt may do better. */
async function sendWhole(blob: PushedBlob, { url }: Session, call: UploadCall): Promise<HttpResponse | "broken"> {
  const target = withDigest(url, blob.digest);
  const body = bodyOf(blob, { from: 0, to: blob.sizeBytes }, call);
  try {
    const response = await call.ask({ method: "PUT", url: target, headers: blobType, body, attempts: 1 });
    if (!isTransientStatus(response.status)) return response;
    discard(response);
    return "broken";
  } catch (error) {
    call.signal.throwIfAborted();
    if (!isTransientError(error, true)) throw error;
    return "broken";
  }
}

async function sendRest(blob: PushedBlob, opened: Session, call: UploadCall): Promise<HttpResponse> {
  let session = opened;
  let sentBytes = 0;
  for (let failures = 0; ; ) {
    let failure: unknown;
    let last: HttpResponse | undefined;
    try {
      const standing = await askStanding(session, call);
      if (standing.kind === "refused") return standing.response;
      if (standing.sentBytes > sentBytes) failures = 0; // what moves on may go on
      ({ session, sentBytes } = standing);
      const step = await sendChunks(blob, { session, sentBytes }, call);
      if (!isTransientStatus(step.status) && step.status !== 416) return step;
      last = step;
    } catch (error) {
      call.signal.throwIfAborted();
      if (!isTransientError(error, true)) throw error;
      failure = error;
    }
    failures += 1;
    const retryAfter = last?.header("retry-after");
    const wait = waitMs(failures, { retryAfter, random: Math.random(), now: call.clock.now() });
    if (failures >= maxAttempts || wait === undefined) {
      if (last) return last;
      throw failure;
    }
    if (last) discard(last);
    await sleep(wait, call.signal);
  }
}

/** Up to the end of the blob; the first answer that is no success ends it. */
async function sendChunks(
  blob: PushedBlob,
  standing: { session: Session; sentBytes: number },
  call: UploadCall,
): Promise<HttpResponse> {
  let { session, sentBytes } = standing;
  while (sentBytes < blob.sizeBytes) {
    const to = Math.min(sentBytes + Math.max(chunkBytes, session.minBytes), blob.sizeBytes);
    const headers = { ...blobType, "content-range": `${sentBytes}-${to - 1}` };
    const body = bodyOf(blob, { from: sentBytes, to }, call);
    const response = await call.ask({ method: "PATCH", url: session.url.href, headers, body, attempts: 1 });
    if (response.status !== 202) return response;
    discard(response);
    session = sessionOf(response, session);
    sentBytes = to;
  }
  return finish(blob, session, call);
}

function finish(blob: PushedBlob, { url }: Session, call: UploadCall): Promise<HttpResponse> {
  return call.ask({ method: "PUT", url: withDigest(url, blob.digest), headers: blobType });
}

/** How much the registry has of an upload. */
async function askStanding(
  session: Session,
  call: UploadCall,
): Promise<{ kind: "open"; session: Session; sentBytes: number } | { kind: "refused"; response: HttpResponse }> {
  const response = await call.ask({ method: "GET", url: session.url.href });
  if (response.status !== 204 && response.status !== 202) return { kind: "refused", response };
  discard(response);
  // `0-0` is both nothing and one byte; a registry that has the one refuses it when it comes again, and is asked anew.
  const last = Number(/^(?:bytes[= ])?0-(\d+)$/.exec(response.header("range") ?? "")?.[1] ?? 0);
  return { kind: "open", session: sessionOf(response, session), sentBytes: last === 0 ? 0 : last + 1 };
}

function sessionOf(response: HttpResponse, before: Session | undefined): Session {
  const location = response.header("location");
  const minBytes = Number(response.header("oci-chunk-min-length") ?? before?.minBytes ?? 0);
  const last = before?.url ?? response.url;
  if (location !== undefined && !URL.canParse(location, last.href)) throw misled(last, "nowhere");
  const url = location === undefined ? last : new URL(location, last);
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && last.protocol === "http:");
  if (!isSafe) throw misled(last, `${url.host || url.protocol} without TLS`);
  return { url, minBytes: Number.isSafeInteger(minBytes) && minBytes > 0 ? minBytes : 0 };
}

function misled({ host }: URL, where: string): GantryError {
  return new GantryError("registry-failed", `${host} sends an upload to ${where}`);
}

function withDigest(url: URL, digest: Digest): string {
  const target = new URL(url);
  target.searchParams.set("digest", digest);
  return target.href;
}

function bodyOf(blob: PushedBlob, range: { from: number; to: number }, { onBytes }: UploadCall) {
  return { sizeBytes: range.to - range.from, open: () => counted(blob.open(range), range.from, onBytes) };
}

function counted(source: Readable, from: number, onBytes: (current: number) => void): Readable {
  let current = from;
  source.on("data", (chunk: Buffer) => {
    current += chunk.length;
    onBytes(current);
  });
  return source;
}
