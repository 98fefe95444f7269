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

/** `linux/arm64/v8`. */
export function printPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}

/** What else a processor runs, the best first, where nothing is offered that was made for it. */
const alsoRuns: Readonly<Record<string, readonly string[]>> = { amd64: ["386"], arm64: ["arm"] };
/** Worse than any variant of the processor's own. */
const otherRank = 100;

/**
 * How well an offer serves a wish, 0 best; undefined when it does not. A lower variant serves a higher one, and 64 bits
 * run what was made for 32.
 *
 * @see containerd, platforms.Only, which Docker goes by
 */
export function matchPlatform(wanted: Platform, offered: Platform): number | undefined {
  if (wanted.os !== offered.os) return undefined;
  if (wanted.architecture !== offered.architecture) {
    const other = (alsoRuns[wanted.architecture] ?? []).includes(offered.architecture);
    return other ? otherRank + otherRank - level(offered) : undefined;
  }
  const want = level(wanted);
  const have = level(offered);
  return have > want ? undefined : want - have;
}

function level({ architecture, variant }: Platform): number {
  const text = variant ?? defaultVariants[architecture] ?? "v1";
  const match = /^v(\d+)/.exec(text);
  return match ? Number(match[1]) : 0;
}
