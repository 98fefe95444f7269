/** Replaces the variables of an instruction where the Dockerfile reference says so. Pure. */
import type { CopyFields, Instruction } from "./dockerfile.js";
import { type ExpandOptions, expandWord, expandWords } from "./expand.js";

/** The same instruction with its values. ARG, RUN, CMD, ENTRYPOINT, SHELL and ONBUILD keep theirs. */
export function expandInstruction(step: Instruction, options: ExpandOptions): Instruction {
  const word = (text: string) => expandWord(text, options);
  switch (step.kind) {
    case "env":
    case "label":
      return { ...step, pairs: step.pairs.map(({ key, value }) => ({ key: word(key), value: word(value) })) };
    case "copy":
      return { ...step, ...expandCopy(step, options) };
    case "add": {
      const checksum = step.checksum === undefined ? {} : { checksum: word(step.checksum) };
      return { ...step, ...expandCopy(step, options), ...checksum };
    }
    case "expose":
      return { ...step, ports: step.ports.flatMap((port) => expandWords(port, options)) };
    case "volume":
      return { ...step, paths: step.paths.map(word) };
    case "user":
      return { ...step, user: word(step.user) };
    case "workdir":
      return { ...step, path: word(step.path) };
    case "stopsignal":
      return { ...step, signal: word(step.signal) };
    default:
      return step;
  }
}

function expandCopy(step: CopyFields, options: ExpandOptions): Partial<CopyFields> {
  const word = (text: string) => expandWord(text, options);
  return {
    sources: step.sources.map(word),
    to: word(step.to),
    exclude: step.exclude.map(word),
    heredocs: step.heredocs.map((one) => ({
      ...one,
      content: one.expand ? expandWord(one.content, { ...options, keepQuotes: true }) : one.content,
    })),
    ...(step.chown === undefined ? {} : { chown: word(step.chown) }),
    ...(step.chmod === undefined ? {} : { chmod: word(step.chmod) }),
  };
}
