/**
 * What a Dockerfile says, before any variable is replaced. Pure types.
 *
 * @see Dockerfile reference (frontend 1.x)
 */
import type { Diagnostic } from "../base/diagnostic.js";
import type { CheckSettings } from "./checks/check.js";

/** Lines count from 1; `endLine` is the last line of the instruction, its here-documents included. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
}

/** The exec form is a list of words, the shell form a text for the shell. */
export type Command =
  | { readonly form: "exec"; readonly words: readonly string[] }
  | { readonly form: "shell"; readonly text: string };

/** `expand` is false when its name was quoted: variables in it are left alone. */
export interface Heredoc {
  readonly name: string;
  readonly content: string;
  readonly expand: boolean;
  /** `<<-`: leading tabs do not count. */
  readonly chomp: boolean;
}

/** Values as written: quotes and variables are the expansion's. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** What COPY and ADD share. `sources` and `to` as written. */
export interface CopyFields {
  readonly sources: readonly string[];
  readonly to: string;
  /** Here-documents among the sources, in their order. */
  readonly heredocs: readonly Heredoc[];
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly parents: boolean;
  readonly exclude: readonly string[];
}

export type HealthTest =
  | { readonly kind: "none" }
  | {
      readonly kind: "check";
      readonly command: Command;
      readonly intervalNanos?: number;
      readonly timeoutNanos?: number;
      readonly startPeriodNanos?: number;
      readonly startIntervalNanos?: number;
      readonly retries?: number;
    };

export type InstructionKind =
  | { readonly kind: "from"; readonly image: string; readonly platform?: string; readonly name?: string }
  | { readonly kind: "arg"; readonly args: ReadonlyArray<{ readonly key: string; readonly value?: string }> }
  | { readonly kind: "env"; readonly pairs: readonly Pair[] }
  | { readonly kind: "label"; readonly pairs: readonly Pair[] }
  | {
      readonly kind: "run";
      readonly command: Command;
      readonly heredocs: readonly Heredoc[];
      /** Values of `--mount`, as written. */
      readonly mounts: readonly string[];
      /** Values of `--device`, as written. */
      readonly devices: readonly string[];
      readonly network?: string;
      readonly security?: string;
    }
  | { readonly kind: "cmd"; readonly command: Command }
  | { readonly kind: "entrypoint"; readonly command: Command }
  | ({ readonly kind: "copy"; readonly from?: string } & CopyFields)
  | ({
      readonly kind: "add";
      readonly checksum?: string;
      readonly keepGitDir: boolean;
      readonly unpack?: boolean;
    } & CopyFields)
  | { readonly kind: "expose"; readonly ports: readonly string[] }
  | { readonly kind: "volume"; readonly paths: readonly string[] }
  | { readonly kind: "user"; readonly user: string }
  | { readonly kind: "workdir"; readonly path: string }
  | { readonly kind: "stopsignal"; readonly signal: string }
  | { readonly kind: "shell"; readonly words: readonly string[] }
  | { readonly kind: "onbuild"; readonly trigger: string }
  | { readonly kind: "healthcheck"; readonly test: HealthTest }
  | { readonly kind: "maintainer"; readonly author: string };

/** `text` is the instruction on one line, as progress shows it. */
export type Instruction = InstructionKind & { readonly place: Place; readonly text: string };
export type FromInstruction = Extract<Instruction, { kind: "from" }>;

/** `index` counts from 0; `name` is lower case. `steps` are what follows its FROM. */
export interface Stage {
  readonly index: number;
  readonly name?: string;
  readonly from: FromInstruction;
  readonly steps: readonly Instruction[];
}

export interface Dockerfile {
  /** What `# syntax=` names; the built-in frontend reads it all the same. */
  readonly syntax?: string;
  readonly escapeToken: string;
  /** ARGs before the first FROM. */
  readonly globalArgs: ReadonlyArray<Extract<Instruction, { kind: "arg" }>>;
  readonly stages: readonly Stage[];
  readonly checks: CheckSettings;
  /** All problems, in the order of the file. With an error among them nothing may be built. */
  readonly problems: readonly Diagnostic[];
}
