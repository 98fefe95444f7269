/** Pulls an image and shows how far it is: lines that are rewritten on a terminal, plain lines elsewhere. */
import type { EngineClient } from "../client/engine-client.js";
import type { ProgressMessage } from "../wire/image.js";
import type { CliContext } from "./context.js";

export interface PullOptions {
  readonly platform?: string | undefined;
  readonly quiet?: boolean | undefined;
  /** Every tag of the repository, whose name is given without one. */
  readonly allTags?: boolean | undefined;
  readonly output: NodeJS.WriteStream;
}

/** Throws what the engine reports: "image-not-found", "registry-…". */
export async function pullImage(
  { signal }: CliContext,
  client: EngineClient,
  { name, platform, quiet, allTags = false, output }: PullOptions & { name: string },
): Promise<void> {
  const show = quiet ? () => {} : output.isTTY ? liveLines(output) : plainLines(output);
  const options = { allTags, ...(platform ? { platform } : {}) };
  for await (const message of client.images.pull(name, options, { signal })) show(message);
}

/** Byte counts are left out: a log wants what happened, not how far it was. */
function plainLines(output: NodeJS.WriteStream): (message: ProgressMessage) => void {
  return (message) => {
    if (message.progressDetail?.current === undefined) output.write(`${printMessage(message)}\n`);
  };
}

/** One line per layer, in the order in which they were first heard of. */
function liveLines(output: NodeJS.WriteStream): (message: ProgressMessage) => void {
  const lines = new Map<string, number>();
  let height = 0;
  return (message) => {
    const text = printMessage(message).slice(0, (output.columns ?? 80) - 1);
    const at = message.id === undefined || !message.progressDetail ? undefined : lines.get(message.id);
    if (at === undefined) {
      if (message.id !== undefined && message.progressDetail) lines.set(message.id, height);
      height += 1;
      output.write(`${text}\n`);
      return;
    }
    const up = height - at;
    output.write(`\x1b[${up}A\r\x1b[2K${text}\x1b[${up}B\r`);
  };
}

function printMessage({ id, status, stream, progressDetail }: ProgressMessage): string {
  const { current, total } = progressDetail ?? {};
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)}MB`;
  const amount =
    current === undefined ? "" : total ? ` ${megabytes(current)}/${megabytes(total)}` : ` ${megabytes(current)}`;
  return `${id ? `${id}: ` : ""}${status ?? stream?.trimEnd() ?? ""}${amount}`;
}
