/** Runs hooks: in a container that is there, or in one of their own. */
import type { EngineClient } from "../../client/engine-client.js";
import { readFrames } from "../../client/frames.js";
import { shortId } from "../../oci/short-id.js";
import type { ContainerCreateBody, ExecCreateBody } from "../../wire/container.js";
import type { StreamFrame } from "../../wire/stream.js";
import { OutputTail } from "./output-tail.js";
import { StepFailure } from "./step-failure.js";

export interface HookCall {
  /** `post_start[0]`. */
  readonly hook: string;
  readonly signal: AbortSignal;
  /** Each line of its output, of either stream. */
  readonly onLine: (line: string) => void;
}

/** Throws "hook-failed" with the exit code and the end of the output. An abort leaves the command running. */
export async function runHook(
  client: EngineClient,
  { id, name }: { id: string; name: string },
  body: ExecCreateBody,
  call: HookCall,
): Promise<void> {
  const { signal } = call;
  const exec = await client.execs.create(id, body, { signal });
  const { stream } = await client.execs.start(exec, { tty: false }, { signal });
  const lines = await readOutput(readFrames(stream, false), stream, call);
  const { ExitCode } = await client.execs.inspect(exec, { signal });
  if (ExitCode === 0) return;
  const code = ExitCode ?? undefined;
  throw new StepFailure("hook-failed", `${call.hook} of ${name} exited with code ${code}`, { exitCode: code, lines });
}

/** A container that fails is kept, so that it can be looked at; in every other case it goes. Throws "hook-failed". */
export async function runJob(
  client: EngineClient,
  name: string,
  body: ContainerCreateBody,
  call: HookCall & { readonly service: string },
): Promise<void> {
  const { hook, service, signal } = call;
  const { Id: id } = await client.containers.create(name, body, { signal });
  const remove = () => client.containers.remove(id, { force: true, volumes: true });
  try {
    const waiting = client.containers.wait(id, "next-exit", { signal });
    waiting.exited.catch(() => {}); // told where it is awaited
    const streams = { stdin: false, stdout: true, stderr: true, tty: false };
    const [{ stream }] = await Promise.all([client.containers.attach(id, streams, { signal }), waiting.registered]);
    await client.containers.start(id, { signal });
    const lines = await readOutput(readFrames(stream, false), stream, call);
    const { StatusCode } = await waiting.exited;
    if (StatusCode !== 0) {
      throw new StepFailure("hook-failed", `${hook} of service "${service}" exited with code ${StatusCode}`, {
        exitCode: StatusCode,
        lines,
        hint: `Its container is kept for a look: gantry container logs ${shortId(id)}`,
      });
    }
  } catch (error) {
    if (!(error instanceof StepFailure)) await remove().catch(() => {}); // the first error is what counts
    throw error;
  }
  await remove();
}

/** The end of the output once it has ended: of standard error, or where that is empty of standard output. */
async function readOutput(
  frames: AsyncIterable<StreamFrame>,
  stream: { destroy(): void },
  { signal, onLine }: HookCall,
): Promise<readonly string[]> {
  const tails = { stdout: new OutputTail(onLine), stderr: new OutputTail(onLine) };
  const leave = () => stream.destroy();
  signal.addEventListener("abort", leave);
  try {
    signal.throwIfAborted();
    for await (const frame of frames) (frame.stream === "stderr" ? tails.stderr : tails.stdout).push(frame.payload);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", leave);
  }
  signal.throwIfAborted();
  tails.stdout.end();
  tails.stderr.end();
  return tails.stderr.lines.length > 0 ? tails.stderr.lines : tails.stdout.lines;
}
