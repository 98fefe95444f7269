/**
 * What builds say, stage by stage: in the classic builder's words, stages are told one after the other as the file has
 * them; as steps, each at once, however many run side by side.
 *
 * Does not touch the world.
 */
import type { BuildEvent } from "../../wire/build.js";
import type { BuildMessage, Tell } from "./build-request.js";

/** The output of the stage whose turn it is goes out at once; the others' waits. */
export class BuildOutput {
  readonly #tell: Tell;
  readonly #tellsSteps: boolean;
  /** In the order of the file. */
  readonly #stages: StageOutput[] = [];
  #current = 0;

  constructor(tell: Tell, { tellsSteps }: { tellsSteps: boolean }) {
    this.#tell = tell;
    this.#tellsSteps = tellsSteps;
  }

  /** Call in the order of the file. `index` is the stage's in the file. */
  stage(index: number): StageOutput {
    const at = this.#stages.length;
    const output = new StageOutput({
      index,
      tellsSteps: this.#tellsSteps,
      pass: (message) => {
        if (!this.#tellsSteps && at !== this.#current) return false;
        this.#tell(message);
        return true;
      },
      onEnd: () => this.#advance(),
    });
    this.#stages.push(output);
    return output;
  }

  /** What waits is told, for a build that ends early. */
  flush(): void {
    for (const stage of this.#stages) for (const message of stage.takeWaiting()) this.#tell(message);
  }

  #advance(): void {
    for (let stage = this.#stages[this.#current]; stage; stage = this.#stages[this.#current]) {
      for (const message of stage.takeWaiting()) this.#tell(message);
      if (!stage.isEnded) return;
      this.#current += 1;
    }
  }
}

interface StageOutputOptions {
  readonly index: number;
  readonly tellsSteps: boolean;
  readonly pass: (message: BuildMessage) => boolean;
  readonly onEnd: () => void;
}

/** One stage's steps, one after the other. */
export class StageOutput {
  isEnded = false;
  readonly #options: StageOutputOptions;
  #waiting: BuildMessage[] = [];
  #step = 0;
  #isCached = false;

  constructor(options: StageOutputOptions) {
    this.#options = options;
  }

  readonly tell: Tell = (message) => {
    const told = this.#options.tellsSteps ? asEvent(message, this.#step) : asWords(message);
    if (told && !this.#options.pass(told)) this.#waiting.push(told);
  };

  text(text: string): void {
    this.tell({ kind: "text", text });
  }

  words(text: string): void {
    this.tell({ kind: "words", text });
  }

  begin(step: { number: number; total: number; text: string; line: number }): void {
    const { number, total, text, line } = step;
    this.#step = number;
    this.#isCached = false;
    this.words(`Step ${number}/${total} : ${text}\n`);
    this.#event({ kind: "began", step: number, stage: this.#options.index, text, line });
  }

  cached(): void {
    this.#isCached = true;
    this.words(" ---> Using cache\n");
  }

  /** `id` is the image's that the steps so far make. */
  done(id: string): void {
    this.words(` ---> ${id}\n`);
    this.#event({ kind: "ended", step: this.#step, outcome: this.#isCached ? "cached" : "done" });
  }

  failed(): void {
    this.#event({ kind: "ended", step: this.#step, outcome: "failed" });
  }

  takeWaiting(): BuildMessage[] {
    return this.#waiting.splice(0);
  }

  end(): void {
    this.isEnded = true;
    this.#options.onEnd();
  }

  #event(event: BuildEvent): void {
    this.tell({ kind: "step", event });
  }
}

function asWords(message: BuildMessage): BuildMessage | undefined {
  if (message.kind === "words") return { kind: "text", text: message.text };
  return message.kind === "step" ? undefined : message;
}

function asEvent(message: BuildMessage, step: number): BuildMessage | undefined {
  switch (message.kind) {
    case "words":
      return undefined;
    case "step":
      return message;
    case "text":
      return { kind: "step", event: { kind: "output", step, text: message.text } };
    case "pull": {
      const { id: part = "", status = "", progressDetail } = message.message;
      const { current, total } = progressDetail ?? {};
      if (current === undefined) return { kind: "step", event: { kind: "output", step, text: lineOf(part, status) } };
      // Unpacking counts the same bytes once more.
      if (total === undefined || status !== "Downloading") return undefined;
      return { kind: "step", event: { kind: "pulling", step, part, current, total } };
    }
  }
}

function lineOf(part: string, status: string): string {
  return `${part === "" ? "" : `${part}: `}${status}\n`;
}
