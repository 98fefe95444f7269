/** Operating system and processor of an image, and which of them run on which. Pure. */
import { GantryError } from "../base/errors.js";

/** In Go's words: `linux`, `amd64`, `v7`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const goNames: Readonly<Record<string, string>> = {
  x64: "amd64",
  x86_64: "amd64",
  aarch64: "arm64",
  ia32: "386",
  i386: "386",
  armhf: "arm",
  ppc64: "ppc64le",
};
const defaultVariants: Readonly<Record<string, string>> = { arm64: "v8", arm: "v7" };

/** The platform of a machine, by `process.arch`. Containers are Linux. */
export function platformOfMachine(arch: string): Platform {
  return { os: "linux", architecture: goNames[arch] ?? arch };
}

/** `os[/arch[/variant]]`, or an architecture alone. Missing parts are the machine's. Throws "bad-parameter". */
export function parsePlatform(text: string, machine: Platform): Platform {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw new GantryError(
      "bad-parameter",
      `"${text}" is an invalid component of a platform: expected os[/arch[/variant]]`,
    );
  }
  const [os = "", arch, variant] = parts;
  if (arch === undefined && os !== "linux" && os !== "windows") return { ...machine, architecture: goNames[os] ?? os };
  const architecture = arch === undefined ? machine.architecture : (goNames[arch] ?? arch);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** How well an offer serves a wish, 0 best; undefined when it does not. A lower variant serves a higher one. */
export function matchPlatform(wanted: Platform, offered: Platform): number | undefined {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return undefined;
  const want = level(wanted);
  const have = level(offered);
  return have > want ? undefined : want - have;
}

function level({ architecture, variant }: Platform): number {
  const text = variant ?? defaultVariants[architecture] ?? "v1";
  const match = /^v(\d+)/.exec(text);
  return match ? Number(match[1]) : 0;
}
