/** Commands whose switches take `=true` and `=false`, as the docker CLI's do: `--sig-proxy=false`, `--rm=true`. */
import { Command, type ParseOptionsResult } from "commander";

/** Commander knows switches without value only. Sub-commands are of the same class. */
export class SwitchCommand extends Command {
  override createCommand(name?: string): Command {
    return new SwitchCommand(name);
  }

  override parseOptions(args: string[]): ParseOptionsResult {
    return super.parseOptions(this.#plainSwitches(args));
  }

  /** Words up to the first that belongs to somebody else: an operand that ends our flags, or `--`. */
  #plainSwitches(args: readonly string[]): string[] {
    const words: string[] = [];
    for (let at = 0; at < args.length; at++) {
      const word = args[at] ?? "";
      if (word === "--" || (!word.startsWith("-") && this.#endsAtOperand())) return [...words, ...args.slice(at)];
      words.push(...this.#plain(word));
      if (this.#takesNext(word) && at + 1 < args.length) words.push(args[++at] ?? "");
    }
    return words;
  }

  /** With sub-commands the first operand is one of them, and what follows is its. */
  #endsAtOperand(): boolean {
    return this.commands.length > 0 || ("_passThroughOptions" in this && this._passThroughOptions === true);
  }

  #plain(word: string): string[] {
    const match = /^(--[\w-]+|-\w)=(true|false|1|0|t|f)$/i.exec(word);
    const option = match && this.options.find(({ long, short }) => long === match[1] || short === match[1]);
    if (!match || !option || option.required || option.optional) return [word];
    const name = option.long ?? match[1] ?? "";
    if (/^[1t]/i.test(match[2] ?? "")) return [name];
    const opposite = name.startsWith("--no-") ? `--${name.slice("--no-".length)}` : `--no-${name.slice("--".length)}`;
    return this.options.some(({ long }) => long === opposite) ? [opposite] : [];
  }

  #takesNext(word: string): boolean {
    if (!word.startsWith("-") || word.includes("=")) return false;
    if (word.startsWith("--")) return this.options.find(({ long }) => long === word)?.required === true;
    // In a group of short flags the first that wants a value takes the rest of the word, or else the next word.
    for (let at = 1; at < word.length; at++) {
      const option = this.options.find(({ short }) => short === `-${word[at]}`);
      if (option?.required) return at === word.length - 1;
    }
    return false;
  }
}
