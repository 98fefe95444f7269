/** Brings what a remote reference names onto this machine: a commit of a git repository, or an artifact. */
import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../base/errors.js";
import type { FetchRemote, RemoteFile } from "../compose/load/remote-files.js";
import { projectFile } from "./compose-artifact.js";
import { fetchArtifact } from "./fetch-artifact.js";
import { fetchGit } from "./fetch-git.js";
import type { RemoteOptions } from "./remote-options.js";

const composeFiles = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/** Docker Compose's switches; both kinds are on unless one says otherwise. */
const switches = { git: "COMPOSE_EXPERIMENTAL_GIT_REMOTE", oci: "COMPOSE_EXPERIMENTAL_OCI_REMOTE" } as const;

/** Each reference is fetched once, however often it is asked for. */
export function remoteFetcher(options: RemoteOptions): FetchRemote {
  const known = new Map<string, Promise<RemoteFile>>();
  return (reference) => {
    const found = known.get(reference) ?? fetchRemote(reference, options);
    known.set(reference, found);
    return found;
  };
}

async function fetchRemote(reference: string, options: RemoteOptions): Promise<RemoteFile> {
  const kind = reference.startsWith("oci://") ? "oci" : "git";
  if (isOff(options.env[switches[kind]])) {
    throw new GantryError("not-supported", `${reference} is not read: ${switches[kind]} turns it off`);
  }
  await mkdir(options.cache, { recursive: true, mode: 0o700 });
  if (kind === "oci") {
    const root = await fetchArtifact(reference, options);
    return { reference, file: join(root, projectFile), root };
  }
  const { folder, path } = await fetchGit(reference, options);
  return { reference, file: fileIn(join(folder, path), reference), root: folder };
}

/** A folder stands for the first of the default names in it. */
function fileIn(path: string, reference: string): string {
  const candidates = [path, ...composeFiles.map((name) => join(path, name))];
  const found = candidates.find((one) => statSync(one, { throwIfNoEntry: false })?.isFile());
  if (found) return found;
  throw new GantryError("remote-failed", `${reference}: there is no Compose file`, {
    hint: `It must be one of ${composeFiles.join(", ")}, or be named: #BRANCH:FOLDER/FILE`,
  });
}

/** Go's words for a boolean. Throws "bad-parameter" for another one. */
function isOff(text: string | undefined): boolean {
  if (!text || /^(1|t|true)$/i.test(text)) return false;
  if (/^(0|f|false)$/i.test(text)) return true;
  throw new GantryError("bad-parameter", `COMPOSE_EXPERIMENTAL_…_REMOTE must be true or false, not ${text}`);
}
