/**
 * What builds say, stage by stage: stages run side by side, and are told one after the other as the file has them.
 *
 * Does not touch the world.
 */
import type { BuildMessage, Tell } from "./build-request.js";

/** The output of the stage whose turn it is goes out at once; the others' waits. */
export class BuildOutput {
  readonly #tell: Tell;
  /** In the order of the file. */
  readonly #stages: StageOutput[] = [];
  #current = 0;

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** Call in the order of the file. */
  stage(): StageOutput {
    const at = this.#stages.length;
    const output = new StageOutput(
      (message) => {
        if (at !== this.#current) return false;
        this.#tell(message);
        return true;
      },
      () => this.#advance(),
    );
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

export class StageOutput {
  isEnded = false;
  readonly #pass: (message: BuildMessage) => boolean;
  readonly #onEnd: () => void;
  #waiting: BuildMessage[] = [];

  constructor(pass: (message: BuildMessage) => boolean, onEnd: () => void) {
    this.#pass = pass;
    this.#onEnd = onEnd;
  }

  readonly tell: Tell = (message) => {
    if (!this.#pass(message)) this.#waiting.push(message);
  };

  text(text: string): void {
    this.tell({ kind: "text", text });
  }

  takeWaiting(): BuildMessage[] {
    return this.#waiting.splice(0);
  }

  end(): void {
    this.isEnded = true;
    this.#onEnd();
  }
}
