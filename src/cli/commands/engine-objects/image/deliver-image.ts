/** What `image build` does with the image once it is made: files, archives, pushes, and what it writes about it. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { GantryError } from "../../../../base/errors.js";
import type { EngineClient } from "../../../../client/engine-client.js";
import type { CliContext } from "../../../context.js";
import type { AskedOutput } from "./parse-output.js";

export interface Delivery {
  readonly outputs: readonly AskedOutput[];
  readonly push: boolean;
  readonly iidfile?: string;
  readonly metadataFile?: string;
}

/** Refused before anything is built: what is to be pushed needs a name. Throws "bad-parameter". */
export function checkDelivery({ outputs, push }: Delivery, names: readonly string[]): void {
  if (names.length === 0 && (push || outputs.some((one) => one.push))) {
    throw new GantryError("bad-parameter", "What is pushed needs a name: give it by --tag");
  }
}

/** True when the image, or its files, go to standard output, which then belongs to them. */
export function writesStdout({ outputs }: Delivery): boolean {
  return outputs.some(({ export: one }) => one !== undefined && one.kind !== "directory" && one.to === undefined);
}

export async function deliverImage(
  context: CliContext,
  client: EngineClient,
  image: { readonly id: string; readonly names: readonly string[]; readonly delivery: Delivery },
): Promise<void> {
  const { id, names, delivery } = image;
  const { signal, stdout, stderr, cwd } = context;
  const known = names.length > 0 ? names : [id];
  const exports = delivery.outputs.flatMap((one) => one.export ?? []);
  if (exports.length > 0) {
    const { exportImage } = await import("../../../../apply/build/export-image.js");
    for (const output of exports) await exportImage(known, output, { client, signal, stdout });
  }
  if (delivery.push || delivery.outputs.some((one) => one.push)) {
    for (const name of names) {
      for await (const _progress of client.upkeep.pushImage(name, {}, { signal })) signal.throwIfAborted();
      stderr.write(`Pushed ${name}\n`);
    }
  }
  if (delivery.iidfile !== undefined) await writeFile(resolve(cwd, delivery.iidfile), id);
  if (delivery.metadataFile === undefined) return;
  const metadata = {
    "containerimage.config.digest": id,
    ...(names.length > 0 ? { "image.name": names.join(",") } : {}),
  };
  await writeFile(resolve(cwd, delivery.metadataFile), `${JSON.stringify(metadata, null, 2)}\n`);
}
