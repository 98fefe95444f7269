/** Runs Gantry's command line in this process: hundreds of clauses take a second. */
import { join } from "node:path";
import { Writable } from "node:stream";
import { runCli } from "../../src/cli/program.js";
import { type Clause, environmentOf, layOut, type Outcome, outcomeOf, wordsOf } from "./clause.js";

/** What Gantry makes of a clause. No engine is asked. */
export async function runGantry(clause: Clause): Promise<Outcome> {
  using project = layOut(clause);
  const stdout = aStream();
  const stderr = aStream();
  const none = () => {
    throw new Error("A clause asks no engine");
  };
  const exitCode = await runCli({
    argv: wordsOf(clause),
    env: environmentOf(clause),
    cwd: join(project.folder, "demo"),
    stdin: process.stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: new AbortController().signal,
    forced: new AbortController().signal,
    clock: { now: () => new Date(), monotonicMs: () => performance.now() },
    version: "test",
    takeSignals: () => () => undefined,
    takeEndings: () => () => undefined,
    atExit: () => () => undefined,
    chooseEngine: none,
    connect: none,
    engine: { paths: none, dial: none, status: none, start: none, stop: none, run: none },
    checkHost: none,
  });
  return outcomeOf({ exitCode, stdout: stdout.text(), stderr: stderr.text() }, project.folder);
}

function aStream() {
  const chunks: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream: stream as NodeJS.WriteStream, text: () => chunks.join("") }; // a stream that is no terminal
}
