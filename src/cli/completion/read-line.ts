/**
 * Reads a command line that is being written by the program's definitions: what may stand at its end.
 *
 * Pure. The last word is the one that the cursor is in, "" behind a blank.
 */
import type { Command, Option } from "commander";
import { argumentKind, optionKind, type ValueKind } from "./value-kinds.js";

/** A word that may stand there. */
export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** What the line asks for. `before` stands in front of every value: `--profile=`. */
export interface Asked {
  /** Commands and flags, known from the definitions alone; narrowed to what is written already. */
  readonly words: readonly Candidate[];
  /** Values that have to be looked up, or are files. */
  readonly values?: ValueKind;
  readonly before: string;
  /** What is written of the value. */
  readonly partial: string;
  /** Global flags that stand before, by their attribute's name. */
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Never throws; a line that makes no sense asks for nothing. */
export function readLine(program: Command, line: readonly string[]): Asked {
  const [partial = ""] = line.slice(-1);
  const reader = new LineReader(program);
  for (const word of line.slice(0, -1)) reader.take(word);
  return reader.ask(partial);
}

class LineReader {
  readonly #program: Command;
  readonly #globals: Record<string, unknown> = {};
  #command: Command;
  #path: string[] = [];
  #operands = 0;
  #isOpen = true;
  /** The flag whose value comes next. */
  #waiting: Option | undefined;

  constructor(program: Command) {
    this.#program = program;
    this.#command = program;
  }

  take(word: string): void {
    if (this.#waiting) return void this.#takeValue(this.#waiting, word);
    if (this.#isOpen && word === "--") {
      this.#isOpen = false;
      return;
    }
    if (this.#isOpen && word.startsWith("-") && word !== "-") return void this.#takeFlag(word);
    const sub = this.#command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (sub && this.#operands === 0) {
      this.#command = sub;
      this.#path = [...this.#path, sub.name()];
      return;
    }
    this.#operands += 1;
    // What follows the first operand is somebody else's command line, flags and all.
    if ("_passThroughOptions" in this.#command && this.#command._passThroughOptions === true) this.#isOpen = false;
  }

  ask(partial: string): Asked {
    const nothing = { words: [], before: "", partial, globals: this.#globals };
    if (this.#waiting) return { ...nothing, ...valuesOf(optionKind(this.#waiting)) };
    const [, flag = "", value = ""] = /^(--[\w-]+)=(.*)$/.exec(partial) ?? [];
    const option = flag === "" ? undefined : this.#find(flag);
    if (this.#isOpen && option) {
      return { ...nothing, before: `${flag}=`, partial: value, ...valuesOf(optionKind(option)) };
    }
    if (this.#isOpen && partial.startsWith("-")) return { ...nothing, words: this.#flags(partial) };
    if (this.#command.commands.length > 0) return { ...nothing, words: this.#commands(partial) };
    const known = this.#command.registeredArguments;
    const argument = known[this.#operands] ?? (known.at(-1)?.variadic ? known.at(-1) : undefined);
    return { ...nothing, ...valuesOf(argument && argumentKind(argument, this.#path)) };
  }

  #takeFlag(word: string): void {
    const [name = "", value] = word.split(/=(.*)/s);
    const option = this.#find(name);
    if (!option?.required) return;
    if (value === undefined) this.#waiting = option;
    else this.#takeValue(option, value);
  }

  #takeValue(option: Option, value: string): void {
    this.#waiting = undefined;
    if (this.#command !== this.#program) return;
    const key = option.attributeName();
    const before = this.#globals[key];
    const isList = /repeatable/.test(option.description);
    this.#globals[key] = isList ? [...(Array.isArray(before) ? before : []), value] : value;
  }

  #find(name: string): Option | undefined {
    return this.#command.options.find(({ long, short }) => long === name || short === name);
  }

  #flags(partial: string): Candidate[] {
    const shown = this.#command.createHelp().visibleOptions(this.#command);
    return shown.flatMap(({ long, description }) => (long?.startsWith(partial) ? [{ value: long, description }] : []));
  }

  #commands(partial: string): Candidate[] {
    const shown = this.#command.createHelp().visibleCommands(this.#command);
    return shown.flatMap((command) =>
      command.name().startsWith(partial) ? [{ value: command.name(), description: command.description() }] : [],
    );
  }
}

function valuesOf(values: ValueKind | undefined): Pick<Asked, "values"> {
  return values ? { values } : {};
}
