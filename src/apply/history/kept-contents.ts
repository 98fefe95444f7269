/**
 * Reads what configs hold, so that a generation can be applied again when their files have changed.
 *
 * Touches the files of this host. Secrets are not read here: of them only digests are kept (`content-digests.ts`).
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { FileSpec, Project } from "../../compose/project.js";
import { inlineContent } from "../../plan/service/service-hash.js";
import type { KeptConfig } from "../../wire/history.js";

/** A configuration file beyond this is kept by its digest alone; Docker's own limit for a config is 500 kB. */
const maxContentBytes = 500_000;

/** By the configs' keys; one whose content cannot be read is left out. */
export async function readConfigs(project: Project): Promise<Record<string, KeptConfig>> {
  const read = await Promise.all(
    [...project.configs].map(async ([key, spec]): Promise<Array<[string, KeptConfig]>> => {
      const content = await contentOf(spec, project);
      if (content === undefined) return [];
      const digest = createHash("sha256").update(content).digest("hex");
      const text = content.toString();
      // What the model says itself is not said twice, and what is no text cannot stand in a Compose file.
      const isKept = spec.content === undefined && content.length <= maxContentBytes && isText(content, text);
      return [[key, isKept ? { digest, content: text } : { digest }]];
    }),
  );
  return Object.fromEntries(read.flat());
}

async function contentOf(spec: FileSpec, project: Project): Promise<Buffer | undefined> {
  if (spec.file !== undefined) return readFile(spec.file).catch(() => undefined);
  const text = inlineContent(spec, project);
  return text === undefined ? undefined : Buffer.from(text);
}

function isText(content: Buffer, text: string): boolean {
  return !text.includes("\0") && Buffer.from(text).equals(content);
}
