/**
 * Sends requests at a steady rate until its standard input ends, and prints what came of them. Or downloads slowly.
 *
 *   node load.ts '{"urls":["http://127.0.0.1:8080/"],"perSecond":100,"keepAlive":true,"atMostS":60}'
 *   node load.ts '{"download":"http://127.0.0.1:8080/big","bytesPerSecond":1000000,"atMostS":60}'
 *
 * A program of its own, so that it can run in another network namespace. Bounded in time, and in requests under way: a
 * download that takes longer than `atMostS` fails.
 */
import { createHash } from "node:crypto";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

interface LoadOrder {
  readonly urls: readonly string[];
  readonly perSecond: number;
  readonly keepAlive: boolean;
  readonly atMostS: number;
}

interface DownloadOrder {
  readonly download: string;
  readonly bytesPerSecond: number;
  readonly atMostS: number;
}

/** `retried`: a connection that was kept alive was closed just as its next request was on its way; it was sent again. */
export interface LoadResult {
  readonly requests: number;
  readonly failures: readonly string[];
  readonly retried: number;
  /** How many answers each text had. */
  readonly answers: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const underWayAtMost = 200;
const requestTimeoutMs = 10_000;

const order: LoadOrder | DownloadOrder = JSON.parse(process.argv[2] ?? "{}");
const ended = AbortSignal.timeout(order.atMostS * 1000);
const print = (result: object) => process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
if ("download" in order) print(await download(order));
else print(await load(order));

async function load({ urls, perSecond, keepAlive }: LoadOrder): Promise<LoadResult> {
  const agent = new Agent({ keepAlive, maxSockets: underWayAtMost });
  const failures: string[] = [];
  const latencies: number[] = [];
  const answers: Record<string, number> = {};
  const underWay = new Set<Promise<void>>();
  let [requests, retried] = [0, 0];
  let isOver = false;
  process.stdin.on("end", () => (isOver = true)).resume();
  const begin = performance.now();
  while (!isOver && !ended.aborted) {
    const due = Math.floor(((performance.now() - begin) / 1000) * perSecond);
    while (requests < due && underWay.size < underWayAtMost) {
      const url = urls[requests % urls.length] ?? "";
      requests += 1;
      const sent = performance.now();
      const one = ask(url, agent)
        .catch((error: NodeJS.ErrnoException & { wasReused?: boolean }) => {
          if (!error.wasReused) throw error;
          retried += 1;
          return ask(url, new Agent());
        })
        .then((text) => {
          latencies.push(performance.now() - sent);
          answers[text] = (answers[text] ?? 0) + 1;
        })
        .catch((error: Error) => void failures.push(`${url} after ${Math.round(sent - begin)} ms: ${error.message}`))
        .finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await sleep(2);
  }
  await Promise.all(underWay);
  latencies.sort((a, b) => a - b);
  const at = (share: number) => Math.round((latencies[Math.floor((latencies.length - 1) * share)] ?? 0) * 10) / 10;
  return { requests, failures, retried, answers, latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) } };
}

/** The body of an answer of 200. As browsers do, a request on a connection that was kept alive may be sent again. */
function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: requestTimeoutMs }, (reply) => {
      let text = "";
      reply.on("data", (data) => (text += data));
      reply.on("error", reject);
      reply.on("end", () => (reply.statusCode === 200 ? resolve(text) : reject(new Error(`HTTP ${reply.statusCode}`))));
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", (error) => reject(Object.assign(error, { wasReused: request.reusedSocket })));
  });
}

async function download({ download: url, bytesPerSecond }: DownloadOrder): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  const begin = performance.now();
  let bytes = 0;
  const reply = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
    get(url, { agent: new Agent(), signal: ended }, resolve).on("error", reject);
  });
  for await (const chunk of reply) {
    hash.update(chunk);
    bytes += chunk.length;
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - begin);
    if (aheadMs > 1) await sleep(aheadMs, undefined, { signal: ended });
  }
  return { bytes, sha256: hash.digest("hex") };
}
