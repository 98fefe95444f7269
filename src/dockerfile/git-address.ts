/**
 * Addresses of git repositories, for ADD and for contexts. Pure.
 *
 * Forms: `https://host/repo.git#ref:directory`, `git@host:repo`, `ssh://…`, `git://…`, `github.com/…`; and with a query
 * in place of the fragment: `https://host/repo.git?branch=main&subdir=src&checksum=COMMIT`.
 *
 * @see Dockerfile reference, "Adding files from a Git repository"; docker build, "URL queries"
 */
import { didYouMean } from "../base/did-you-mean.js";
import { GantryError } from "../base/errors.js";

export interface GitAddress {
  readonly url: string;
  /** A branch, a tag, any other name, or a commit. */
  readonly ref?: string;
  /** "" is the whole tree. */
  readonly directory: string;
  /** The commit that the ref must lead to, or its beginning. */
  readonly checksum?: string;
  /** Undefined where the address does not say. */
  readonly keepGitDir?: boolean;
  readonly submodules: boolean;
}

const queryKeys = ["ref", "branch", "tag", "checksum", "commit", "subdir", "keep-git-dir", "submodules"];

/** True for an address that is cloned rather than downloaded. */
export function isGitAddress(source: string): boolean {
  const [address = ""] = source.split(/[#?]/, 1);
  if (/^(git:\/\/|ssh:\/\/|git@[^/]+:)/.test(address)) return true;
  return /^https?:\/\/.+\.git$/.test(address) || /^github\.com\//.test(address);
}

/** Throws "bad-parameter" naming what is wrong with it. */
export function parseGitAddress(source: string): GitAddress {
  const [whole = "", fragment] = split(source, "#");
  const [written = "", query] = split(whole, "?");
  const url = written.startsWith("github.com/") ? `https://${written}` : written;
  if (query !== undefined && fragment !== undefined) throw bad(source, "a fragment and a query cannot both be given");
  const asked = query === undefined ? fromFragment(fragment ?? "") : fromQuery(source, new URLSearchParams(query));
  // A name that begins with a dash would be an option of git.
  if ([url, asked.ref].some((one) => one?.startsWith("-"))) throw bad(source, "a name cannot begin with a dash");
  if (asked.checksum !== undefined && !/^[0-9a-f]{7,64}$/.test(asked.checksum)) {
    throw bad(source, `${asked.checksum} is no commit`);
  }
  return { url, submodules: true, ...asked };
}

type Asked = Omit<GitAddress, "url" | "submodules"> & { readonly submodules?: boolean };

function fromFragment(fragment: string): Asked {
  const [ref = "", directory = ""] = split(fragment, ":");
  return { directory, ...(ref === "" ? {} : { ref }) };
}

function fromQuery(source: string, query: URLSearchParams): Asked {
  for (const key of query.keys()) {
    const hint = didYouMean(key, queryKeys);
    if (!queryKeys.includes(key)) throw bad(source, `unexpected query ${key}${hint ? ` (${hint})` : ""}`);
  }
  const prefixed = (key: string, prefix: string) => (query.has(key) ? [`${prefix}${query.get(key)}`] : []);
  const refs = [...prefixed("ref", ""), ...prefixed("branch", "refs/heads/"), ...prefixed("tag", "refs/tags/")];
  if (refs.length > 1) throw bad(source, "ref, branch and tag exclude one another");
  const checksum = query.get("checksum") ?? query.get("commit") ?? undefined;
  const flag = (key: string) => {
    const value = query.get(key);
    return value === null ? undefined : ["", "1", "true"].includes(value);
  };
  const [keepGitDir, submodules] = [flag("keep-git-dir"), flag("submodules")];
  return {
    directory: query.get("subdir") ?? "",
    ...(refs[0] === undefined ? {} : { ref: refs[0] }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(submodules === undefined ? {} : { submodules }),
  };
}

/** At the first separator; the second part is undefined without one. */
function split(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function bad(source: string, message: string): GantryError {
  return new GantryError("bad-parameter", `${source}: ${message}`);
}
