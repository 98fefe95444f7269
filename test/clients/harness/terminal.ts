/** A program on a pseudo-terminal of its own, driven as by a person: wait for text, type, resize the window. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync } from "node:fs";
import { ReadStream } from "node:tty";
import { checked, libcFunction } from "../../../src/engine/kernel/libc.js";
import { eventually } from "../../scenarios/harness/eventually.js";

/**
 * What is done at the terminal, in order: text to wait for, keys to press, a size for the window, and the moment to wait
 * for when the program has taken the keys over (`raw`): before, the terminal itself would show them.
 */
export type Act =
  | { readonly see: RegExp }
  | { readonly type: string }
  | { readonly resize: readonly [number, number] }
  | { readonly wait: "raw" };

export interface TerminalRun {
  readonly exitCode: number;
  /** All that appeared, with the terminal's own line ends. */
  readonly transcript: string;
}

const grantpt = libcFunction("int grantpt(int fd)");
const unlockpt = libcFunction("int unlockpt(int fd)");
const ptsname = libcFunction("int ptsname_r(int fd, _Out_ uint8_t *name, size_t size)");
const ioctl = libcFunction("int ioctl(int fd, unsigned long request, void *argument)");
const tcgetattr = libcFunction("int tcgetattr(int fd, _Out_ uint8_t *state)");
const echo = 0o10;
const setWindowSize = 0x5414;
const resizeEveryMs = 300;
const actLimitMs = 20_000;

/** Runs `command` to its end; throws when something waited for does not appear, with what did. */
export async function onTerminal(
  [file = "", ...args]: readonly string[],
  { acts, cwd, env }: { acts: readonly Act[]; cwd: string; env: NodeJS.ProcessEnv },
): Promise<TerminalRun> {
  const { master, slave } = openTerminal();
  resize(master, [24, 80]);
  // `setsid --ctty` makes it the session's own terminal, so that the program is told of a new size.
  const child = spawn("setsid", ["--ctty", "--wait", file, ...args], { cwd, env, stdio: [slave, slave, slave] });
  closeSync(slave);
  const ended = once(child, "exit") as Promise<[number | null]>;
  const screen = new ReadStream(master);
  const closed = new Promise<void>((resolve) => screen.once("close", () => resolve()));
  let transcript = "";
  let seen = 0;
  let stopResizing = () => {};
  screen.on("data", (chunk: Buffer) => {
    transcript += chunk.toString();
  });
  screen.on("error", () => {}); // the terminal hangs up when its last program ends
  try {
    for (const act of acts) {
      if ("type" in act) screen.write(act.type);
      else if ("wait" in act) await eventually(() => requireRaw(master));
      else if ("resize" in act) stopResizing = keepResizing(master, act.resize);
      else seen = await waitFor(act.see, { from: seen, text: () => transcript, screen }).finally(stopResizing);
    }
    const [code] = await within(ended, () => `It does not end. There was:\n${transcript}`);
    await closed;
    return { exitCode: code ?? -1, transcript };
  } finally {
    child.kill();
    screen.destroy();
  }
}

function openTerminal(): { master: number; slave: number } {
  const master = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY);
  checked("grantpt", grantpt(master));
  checked("unlockpt", unlockpt(master));
  const name = Buffer.alloc(64);
  checked("ptsname_r", ptsname(master, name, name.length));
  const path = name.toString("utf8", 0, name.indexOf(0));
  return { master, slave: openSync(path, constants.O_RDWR | constants.O_NOCTTY) };
}

function resize(master: number, [rows, columns]: readonly [number, number]): void {
  checked("TIOCSWINSZ", ioctl(master, setWindowSize, Buffer.from(new Uint16Array([rows, columns, 0, 0]).buffer)));
}

/** `termios` begins with four words of flags, of which the fourth are the local ones. */
function requireRaw(master: number): void {
  const state = Buffer.alloc(64);
  checked("tcgetattr", tcgetattr(master, state));
  if ((state.readUInt32LE(12) & echo) !== 0) throw new Error("The program leaves the keys to the terminal");
}

/** A client may not listen yet when its window changes: it changes to and fro until what follows is to be seen. */
function keepResizing(master: number, [rows, columns]: readonly [number, number]): () => void {
  resize(master, [rows, columns]);
  let isWider = false;
  const timer = setInterval(() => {
    isWider = !isWider;
    resize(master, [rows, isWider ? columns + 1 : columns]);
  }, resizeEveryMs);
  return () => clearInterval(timer);
}

/** The place behind the match. */
async function waitFor(
  pattern: RegExp,
  { from, text, screen }: { from: number; text: () => string; screen: ReadStream },
): Promise<number> {
  const look = async (): Promise<number> => {
    for (;;) {
      const match = pattern.exec(text().slice(from));
      if (match) return from + match.index + match[0].length;
      await once(screen, "data").catch(() => {
        throw new Error(`The program ended before ${pattern} appeared. There was:\n${text()}`);
      });
    }
  };
  return within(look(), () => `${pattern} does not appear. There was:\n${text().slice(from)}`);
}

async function within<T>(promise: Promise<T>, explain: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(explain())), actLimitMs);
  });
  promise.catch(() => {}); // it may fail after it came too late
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
