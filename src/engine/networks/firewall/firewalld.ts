/**
 * Keeps our bridges in a zone of firewalld, which refuses what comes through an interface that it has no zone for.
 *
 * Touches the world: `firewall-cmd`, in the background, and only where firewalld's own table shows that it runs. The
 * zone is its built-in `trusted`; what our bridges may and may not do is decided by our own table. Memberships are of
 * the running configuration only: a reload forgets them, which is seen as a change of its rules, and they are set
 * again.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../../../base/errors.js";

const zone = "trusted";
const commandMs = 10_000;

export class Firewalld {
  readonly #log: (text: string) => void;
  /** Bridges that were put into the zone by this process. */
  readonly #added = new Set<string>();
  #wanted: readonly string[] = [];
  #running: Promise<void> | undefined;
  #again = false;

  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  /** Begins to bring the zone in line with `bridges`. Nothing happens where firewalld does not run. */
  sync(bridges: readonly string[], isRunning: boolean): void {
    if (!isRunning) this.#added.clear();
    if (!isRunning || (bridges.length === 0 && this.#added.size === 0)) return;
    this.#wanted = bridges;
    this.#again = true;
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #work(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#bringInLine(this.#wanted);
      } catch (error) {
        this.#log(`Cannot put networks into firewalld's zone ${zone}: ${messageOf(error)}`);
      }
    }
  }

  async #bringInLine(wanted: readonly string[]): Promise<void> {
    const present = (await firewallCmd("--list-interfaces")).split(/\s+/);
    for (const bridge of wanted.filter((name) => !present.includes(name))) {
      await firewallCmd(`--change-interface=${bridge}`);
    }
    for (const bridge of wanted) this.#added.add(bridge);
    for (const bridge of [...this.#added].filter((name) => !wanted.includes(name))) {
      if (present.includes(bridge)) await firewallCmd(`--remove-interface=${bridge}`);
      this.#added.delete(bridge);
    }
  }
}

async function firewallCmd(option: string): Promise<string> {
  const run = promisify(execFile);
  return (await run("firewall-cmd", [`--zone=${zone}`, option], { timeout: commandMs })).stdout;
}
