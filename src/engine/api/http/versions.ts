/** The API version in a path: every route exists with and without one. Pure. */
import { GantryError } from "../../../base/errors.js";
import { apiVersion, minApiVersion } from "../../../wire/system.js";

/** `/v1.41/info` → `/info` and 41; without a version the newest. Throws "bad-parameter" outside the served range. */
export function splitVersion(path: string): { path: string; version: number } {
  const match = /^\/v(\d+)\.(\d+)(\/.*)$/.exec(path);
  if (!match) return { path, version: minorOf(apiVersion) };
  const [, major, minor, rest = "/"] = match;
  const asked = `${major}.${minor}`;
  if (major !== "1" || Number(minor) > minorOf(apiVersion)) {
    throw new GantryError(
      "bad-parameter",
      `client version ${asked} is too new. Maximum supported API version is ${apiVersion}`,
    );
  }
  if (Number(minor) < minorOf(minApiVersion)) {
    throw new GantryError(
      "bad-parameter",
      `client version ${asked} is too old. Minimum supported API version is ${minApiVersion}, ` +
        "please upgrade your client to a newer version",
    );
  }
  return { path: rest, version: Number(minor) };
}

/** True for a path of a version so old that its clients take an error's text as it is, not as JSON. */
export function wantsPlainErrors(path: string): boolean {
  const minor = /^\/v1\.(\d+)\//.exec(path)?.[1];
  return minor !== undefined && Number(minor) < minorOf(minApiVersion);
}

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}
