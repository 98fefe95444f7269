/**
 * A terminal that a test sits at: a tmux server of its own, in which a shell runs. Typed at with keys, read as the text
 * that is on the screen.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { eventually } from "./eventually.js";

const execute = promisify(execFile);
const program = fileURLToPath(new URL("../../../bin/gantry", import.meta.url));

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly cwd: string;
  /** For the shell and what it starts. `gantry` is the program. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Terminal extends AsyncDisposable {
  /** Keys by tmux's names (`Enter`, `Escape`, `Up`, `C-c`) or a character each. */
  press(...keys: string[]): Promise<void>;
  /** Text as it is typed. */
  type(text: string): Promise<void>;
  /** A command for the shell, and enter. */
  run(command: string): Promise<void>;
  /** Raw bytes, as a mouse sends them. */
  send(bytes: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** What is on the screen, without blanks at line ends. */
  screen(): Promise<string>;
  /** The screen with the escape sequences of its colours. */
  painted(): Promise<string>;
  /** What a program has put into the clipboard. */
  clipboard(): Promise<string>;
  /** What has scrolled off it, and the screen. */
  scrollback(): Promise<string>;
  /** The screen once it matches all of these. */
  shows(...wanted: Array<string | RegExp>): Promise<string>;
  /** The screen once it matches none of these. */
  showsNo(...unwanted: Array<string | RegExp>): Promise<string>;
  /** The process that the shell runs in the foreground. */
  foregroundPid(): Promise<number>;
  /** `alternate_on`, `cursor_flag`, `mouse_any_flag`: whether somebody has the terminal. */
  modes(): Promise<{ alternate: boolean; cursor: boolean; mouse: boolean }>;
}

const showLimitMs = 15_000;

/** The shell's prompt is `$ `; the screen is empty but for it. */
export async function aTerminal({ columns, rows, cwd, env }: TerminalOptions): Promise<Terminal> {
  const dir = await mkdtemp(`${tmpdir()}/gantry-tmux-`);
  const own = { PATH: `${dir}:${process.env.PATH}`, HOME: dir, LANG: "C.UTF-8", TMUX_TMPDIR: dir, SHELL: "/bin/sh" };
  const tmux = async (...args: string[]) =>
    (await execute("tmux", ["-L", "gantry", "-f", "/dev/null", ...args], { env: { ...own, ...env }, cwd })).stdout;
  const set = Object.entries({ ...env, PS1: "$ " }).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const size = ["-x", String(columns), "-y", String(rows)];
  await execute("ln", ["-s", program, `${dir}/gantry`]);
  await tmux("new-session", "-d", "-s", "one", ...size, ...set, "-e", `PATH=${own.PATH}`, "-c", cwd, "/bin/sh");
  await tmux("set-option", "-s", "set-clipboard", "on");
  const ask = async (format: string) => (await tmux("display-message", "-p", "-t", "one", format)).trim();
  const screen = async () => (await tmux("capture-pane", "-p", "-t", "one")).trimEnd();
  const terminal: Terminal = {
    press: async (...keys) => void (await tmux("send-keys", "-t", "one", ...keys)),
    type: async (text) => void (await tmux("send-keys", "-t", "one", "-l", text)),
    run: async (command) => void (await tmux("send-keys", "-t", "one", command, "Enter")),
    send: async (bytes) => {
      const codes = [...Buffer.from(bytes)].map((byte) => byte.toString(16).padStart(2, "0"));
      await tmux("send-keys", "-t", "one", "-H", ...codes);
    },
    resize: async (x, y) => void (await tmux("resize-window", "-t", "one", "-x", String(x), "-y", String(y))),
    screen,
    painted: () => tmux("capture-pane", "-e", "-p", "-t", "one"),
    clipboard: () => tmux("show-buffer"),
    scrollback: async () => (await tmux("capture-pane", "-p", "-S", "-", "-t", "one")).trimEnd(),
    shows: (...wanted) => until(screen, (text) => wanted.filter((one) => !matches(text, one)), "does not show"),
    showsNo: (...unwanted) => until(screen, (text) => unwanted.filter((one) => matches(text, one)), "still shows"),
    foregroundPid: async () => {
      const shell = await ask("#{pane_pid}");
      const { stdout } = await execute("ps", ["-o", "tpgid=", "-p", shell]);
      return Number(stdout);
    },
    modes: async () => {
      const [alternate, cursor, mouse] = (await ask("#{alternate_on}#{cursor_flag}#{mouse_any_flag}")).split("");
      return { alternate: alternate === "1", cursor: cursor === "1", mouse: mouse === "1" };
    },
    [Symbol.asyncDispose]: async () => {
      await tmux("kill-server").catch(() => {}); // its shell may have ended
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
  await terminal.shows("$");
  return terminal;
}

function matches(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
}

function until(
  screen: () => Promise<string>,
  wrong: (text: string) => Array<string | RegExp>,
  how: string,
): Promise<string> {
  return eventually(async () => {
    const text = await screen();
    const found = wrong(text);
    if (found.length > 0) throw new Error(`The screen ${how} ${found.join(", ")}:\n${text}`);
    return text;
  }, showLimitMs);
}
