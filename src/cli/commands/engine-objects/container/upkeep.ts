/** `gantry container diff | export | commit | update | port`. */
import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GantryError } from "../../../../base/errors.js";
import type { Resources, RestartPolicy } from "../../../../wire/container.js";
import type { CliContext } from "../../../context.js";
import { eachName } from "../../../each-name.js";
import { restartPolicy } from "./create/create-body.js";
import type { CreateOptions } from "./create/create-options.js";
import { resources } from "./create/resources.js";

type Names = readonly string[];

/** `A` added, `C` changed, `D` deleted. */
export async function containerDiff(context: CliContext, [name = ""]: Names): Promise<void> {
  const client = await context.connect();
  const changes = await client.upkeep.changes(name, { signal: context.signal });
  context.stdout.write(changes.map(({ Path, Kind }) => `${"CAD"[Kind] ?? "?"} ${Path}\n`).join(""));
}

/** A tar of the root file system, to a file or to stdout. */
export async function containerExport(
  context: CliContext,
  { output }: { output?: string },
  [name = ""]: Names,
): Promise<void> {
  const client = await context.connect();
  const { signal } = context;
  await writeArchive(context, await client.upkeep.exportContainer(name, { signal }), output);
}

/** To the file, or to stdout, which may not be a terminal. */
export async function writeArchive(
  { cwd, stdout, signal }: CliContext,
  chunks: AsyncIterable<Uint8Array>,
  file: string | undefined,
): Promise<void> {
  if (file !== undefined) return pipeline(Readable.from(chunks), createWriteStream(resolve(cwd, file)), { signal });
  if (stdout.isTTY) {
    throw new GantryError("bad-parameter", "cowardly refusing to save to a terminal", { hint: "Use -o FILE" });
  }
  await pipeline(Readable.from(chunks), stdout, { signal, end: false });
}

/** Prints the new image's id. */
export async function containerCommit(
  context: CliContext,
  options: { author?: string; message?: string; change?: readonly string[]; pause?: boolean },
  [name = "", reference]: Names,
): Promise<void> {
  const client = await context.connect();
  const { author, message, change, pause = true } = options;
  const request = {
    pause,
    ...(reference === undefined ? {} : { reference }),
    ...(author === undefined ? {} : { author }),
    ...(message === undefined ? {} : { comment: message }),
    ...(change === undefined ? {} : { changes: change }),
  };
  context.stdout.write(`${await client.upkeep.commit(name, request, { signal: context.signal })}\n`);
}

/** Only what is named changes. */
export async function containerUpdate(
  context: CliContext,
  options: Partial<CreateOptions>,
  names: Names,
): Promise<void> {
  const body = updateBody(options);
  const client = await context.connect();
  await eachName(context, names, (name) => client.upkeep.update(name, body));
}

/** Pure. Throws "bad-parameter". */
export function updateBody(options: Partial<CreateOptions>): Resources & { RestartPolicy?: RestartPolicy } {
  const { restart } = options;
  return { ...resources(options), ...(restart === undefined ? {} : { RestartPolicy: restartPolicy(restart) }) };
}

/** `80/tcp -> 0.0.0.0:8080`; of one port only where it is published. */
export async function containerPort(context: CliContext, [name = "", port]: Names): Promise<void> {
  const client = await context.connect();
  const { NetworkSettings } = await client.containers.inspect(name, { signal: context.signal });
  const wanted = port === undefined || port.includes("/") ? port : `${port}/tcp`;
  const lines = Object.entries(NetworkSettings.Ports).flatMap(([inner, bindings]) =>
    (wanted === undefined || inner === wanted ? (bindings ?? []) : []).map(({ HostIp = "", HostPort = "" }) => {
      const outer = `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort}`;
      return wanted === undefined ? `${inner} -> ${outer}\n` : `${outer}\n`;
    }),
  );
  if (lines.length === 0 && port !== undefined) {
    throw new GantryError("bad-parameter", `No public port '${wanted}' published for ${name}`);
  }
  context.stdout.write(lines.join(""));
}
