/** What the values of arguments and flags are, by the names that the definitions give them. Pure. A table. */
import type { Argument, Option } from "commander";

/** A set of names that is looked up, files, or words that are known beforehand. */
export type ValueKind =
  | { readonly kind: "names"; readonly of: NameKind; readonly suffix?: string }
  | { readonly kind: "files" }
  | { readonly kind: "dirs" }
  | { readonly kind: "words"; readonly words: readonly string[] };

/** What can be looked up. */
export type NameKind =
  | "service"
  | "profile"
  | "project"
  | "instance"
  | "container"
  | "image"
  | "network"
  | "volume"
  | "anything";

const named: Readonly<Record<string, NameKind>> = {
  service: "service",
  services: "service",
  container: "container",
  image: "image",
  reference: "image",
  network: "network",
  volume: "volume",
};
const fileNames: ReadonlySet<string> = new Set(["path", "file", "source", "target"]);

/** By the flag's long name, where its value's name does not say it. */
const flags: Readonly<Record<string, ValueKind>> = {
  "--profile": { kind: "names", of: "profile" },
  "--project-name": { kind: "names", of: "project" },
  "--instance": { kind: "names", of: "instance" },
  "--engine": { kind: "words", words: ["embedded", "docker", "podman"] },
  "--format": { kind: "words", words: ["table", "json"] },
  "--pull": { kind: "words", words: ["always", "missing", "never"] },
  "--policy": { kind: "words", words: ["always", "missing"] },
  "--rmi": { kind: "words", words: ["all", "local"] },
  "--restart": { kind: "words", words: ["no", "always", "on-failure", "unless-stopped"] },
  "--signal": { kind: "words", words: ["HUP", "INT", "KILL", "QUIT", "TERM", "USR1", "USR2"] },
  "--protocol": { kind: "words", words: ["tcp", "udp"] },
  "--status": { kind: "words", words: ["created", "dead", "exited", "paused", "removing", "restarting", "running"] },
};

/** Undefined for what nobody can guess. `path` are the words of the command. */
export function argumentKind(argument: Argument, path: readonly string[]): ValueKind | undefined {
  if (argument.argChoices) return { kind: "words", words: argument.argChoices };
  const name = argument.name();
  if (path[0] === "instances" && name === "names") return { kind: "names", of: "instance" };
  if (path[0] === "inspect") return { kind: "names", of: "anything" };
  if (name === "service=n") return { kind: "names", of: "service", suffix: "=" };
  return ofName(name);
}

/** The same of a flag's value. */
export function optionKind(option: Option): ValueKind | undefined {
  if (option.argChoices) return { kind: "words", words: option.argChoices };
  const known = flags[option.long ?? ""];
  if (known) return known;
  const [, name = ""] = /[<[]([^>\]]+)[>\]]/.exec(option.flags) ?? [];
  return name === "dir"
    ? { kind: "dirs" }
    : name === "service=n"
      ? { kind: "names", of: "service", suffix: "=" }
      : ofName(name);
}

function ofName(name: string): ValueKind | undefined {
  const of = named[name];
  if (of) return { kind: "names", of };
  return fileNames.has(name) ? { kind: "files" } : undefined;
}
