/**
 * The classic builder's words as events of steps, so that one view shows every engine's builds.
 *
 * Pure but for what it remembers of the text so far: `Step 2/7 : COPY . .`, ` ---> Using cache`, ` ---> ID`.
 */
import type { BuildEvent } from "../../wire/build.js";

export class ClassicSteps {
  #open = "";
  #step = 0;
  #stage = -1;
  #isCached = false;
  #hasEnded = true;

  /** Events of the lines that this text completes. */
  push(text: string): BuildEvent[] {
    const lines = (this.#open + text).split("\n");
    this.#open = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  /** The step that was under way when the build failed. */
  failed(): BuildEvent[] {
    return this.#end("failed");
  }

  #line(line: string): BuildEvent[] {
    const step = /^Step (\d+)\/\d+ : (.*)$/.exec(line);
    if (step) return this.#begin(Number(step[1]), step[2] ?? "");
    if (line === " ---> Using cache") {
      this.#isCached = true;
      return [];
    }
    if (/^ ---> [0-9a-f]{12}$/.test(line)) return this.#end(this.#isCached ? "cached" : "done");
    if (/^ ---> Running in |^Removing intermediate container |^ ---> \[Warning\]/.test(line)) return [];
    return this.#hasEnded ? [] : [{ kind: "output", step: this.#step, text: `${line}\n` }];
  }

  #begin(step: number, text: string): BuildEvent[] {
    const ended = this.#end("done");
    if (/^FROM\s/i.test(text)) this.#stage += 1;
    this.#step = step;
    this.#isCached = false;
    this.#hasEnded = false;
    return [...ended, { kind: "began", step, stage: Math.max(0, this.#stage), text, line: 0 }];
  }

  #end(outcome: "done" | "cached" | "failed"): BuildEvent[] {
    if (this.#hasEnded) return [];
    this.#hasEnded = true;
    return [{ kind: "ended", step: this.#step, outcome }];
  }
}
