/** Names of Compose files in git repositories: `ADDRESS[#[REF][:FOLDER]]`. Pure. */
import { GantryError } from "../base/errors.js";

/** `ref` is a branch, a tag or a commit; "" is the default branch. `path` is a folder or file in it, "" its top. */
export interface GitReference {
  readonly address: string;
  readonly ref: string;
  readonly path: string;
}

/**
 * Throws "bad-parameter" for what is no git repository, or could be taken for an option or leave the repository. An
 * address by http ends with `.git`: anything else is a page.
 */
export function parseGitReference(text: string): GitReference {
  const hash = text.indexOf("#");
  const written = hash < 0 ? text : text.slice(0, hash);
  const [ref = "", ...folder] = (hash < 0 ? "" : text.slice(hash + 1)).split(":");
  const path = folder.join(":").replace(/^\/+|\/+$/g, "");
  const address = written.startsWith("github.com/") ? `https://${written}` : written;
  if (!isRepository(written)) {
    throw new GantryError("bad-parameter", `${text} is not a git repository`, {
      hint: "Write https://HOST/REPOSITORY.git#BRANCH:FOLDER, or oci:// for an artifact of a registry.",
    });
  }
  if (ref !== "" && !/^[\w][\w./+-]*$/.test(ref)) throw bad(`${text}: "${ref}" is not a branch, tag or commit`);
  if (path.split("/").includes("..")) throw bad(`${text}: the folder leaves the repository`);
  return { address, ref, path };
}

function isRepository(address: string): boolean {
  if (/[\s\0]/.test(address)) return false;
  if (/^https?:\/\//.test(address)) return /\.git\/?$/.test(address) || /^https:\/\/github\.com\//.test(address);
  return (
    /^(git|ssh|file):\/\/[^-]/.test(address) ||
    /^[\w.][\w.-]*@[\w.][\w.-]*:[^-]/.test(address) ||
    /^github\.com\//.test(address)
  );
}

function bad(message: string): GantryError {
  return new GantryError("bad-parameter", message);
}

/** The commit that a line of `git ls-remote` gives for the reference; undefined when the repository has no such one. */
export function commitIn(listing: string, ref: string): string | undefined {
  const lines = listing.split("\n").map((line) => line.split("\t"));
  const found = new Map(lines.map(([commit = "", name = ""]) => [name, commit]));
  const names = ref === "" ? ["HEAD"] : [`refs/heads/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`, ref];
  const commit = names.map((name) => found.get(name)).find((one) => one !== undefined);
  return commit !== undefined && isCommit(commit) ? commit : undefined;
}

export function isCommit(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
