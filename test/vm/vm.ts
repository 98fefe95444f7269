/**
 * A virtual machine with this checkout in it, for what cannot be seen on the machine that runs the tests: pure cgroup v2
 * with crun, systemd, AppArmor, a reboot.
 *
 * The guest is Debian from `make-vm.sh`, without a network; commands go in and come out over a virtio port. Its disk is
 * written to a temporary overlay, so every machine starts from the same one.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants, cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeImages } from "../images/images.js";

const execute = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** Longest boot; a guest on emulated processors needs half a minute. */
const bootLimitMs = 400_000;

export interface VirtualMachine extends AsyncDisposable {
  /** Runs a script with bash as root and returns what it printed, both streams together. Rejects when it ends with another code than 0. */
  run(script: string): Promise<string>;
  /** Ends every process as a power cut does, boots again, and returns when commands can be run. */
  crash(): Promise<void>;
  /** An orderly reboot. */
  reboot(): Promise<void>;
}

/** What qemu runs the guest's processor with, or why there is nothing. */
export type Acceleration = { readonly accelerator: "kvm" | "tcg" } | { readonly unusable: string };

/**
 * Whether this machine can run a guest. `GANTRY_VM_ACCEL=tcg` asks for emulated processors, which every machine has and
 * which are about twenty times slower. A /dev/kvm that can be opened is not enough: inside some virtual machines a guest
 * hangs as soon as its kernel leaves real mode, so a kernel is started and must say a word.
 */
export async function accelerationOf(wish: string | undefined): Promise<Acceleration> {
  try {
    await execute("qemu-system-x86_64", ["--version"]);
  } catch {
    return { unusable: "qemu-system-x86_64 is not installed" };
  }
  if (wish === "tcg") return { accelerator: "tcg" };
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return { unusable: "/dev/kvm cannot be opened" };
  }
  return (await startsKernel()) ? { accelerator: "kvm" } : { unusable: "a guest's kernel does not start on /dev/kvm" };
}

async function startsKernel(): Promise<boolean> {
  const { stdout } = await execute(`${here}make-vm.sh`, ["kernel"], { timeout: 120_000 });
  const words = ["-accel", "kvm", "-cpu", "host", "-m", "256", "-nographic", "-no-reboot", "-nic", "none"];
  const kernel = [
    "-kernel",
    join(stdout.trim(), "vmlinuz"),
    "-append",
    "console=ttyS0 earlyprintk=serial,ttyS0 panic=-1",
  ];
  const qemu = spawn("qemu-system-x86_64", [...words, ...kernel], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 8000,
  });
  let text = "";
  for await (const chunk of qemu.stdout) {
    text += String(chunk);
    if (text.includes("Linux version")) qemu.kill("SIGKILL");
  }
  return text.includes("Linux version");
}

/** Boots a machine that has the built program in PATH and the `busybox` image as /opt/gantry/busybox.tar. */
export async function aVirtualMachine(accelerator: "kvm" | "tcg"): Promise<VirtualMachine> {
  const { stdout } = await execute(`${here}make-vm.sh`, ["disk"], { timeout: 600_000 });
  const made = stdout.trim();
  const work = await mkdtemp(join(tmpdir(), "gantry-vm-"));
  const programDisk = await makeProgramDisk(work);
  const agent = new Agent();
  const socketPath = join(work, "agent.sock");
  await agent.listen(socketPath);
  const qemu = spawn("qemu-system-x86_64", qemuWords({ accelerator, made, programDisk, socketPath }), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let console_ = "";
  qemu.stdout.on("data", (chunk) => {
    console_ = (console_ + String(chunk)).slice(-20_000);
  });
  const ended = once(qemu, "exit").then(() => Promise.reject(new Error(`The virtual machine ended:\n${console_}`)));
  ended.catch(() => {});
  const orEnd = <T>(promise: Promise<T>) => Promise.race([promise, ended]);
  const machine: VirtualMachine = {
    run: async (script) => {
      const { code, output } = await orEnd(agent.run(script));
      if (code !== 0) throw new Error(`\`${script}\` ended with ${code}:\n${output}`);
      return output;
    },
    crash: async () => {
      qemu.stdin.write("\u0001csystem_reset\n\u0001c"); // to qemu's monitor and back to the console
      await orEnd(agent.ready());
    },
    reboot: async () => {
      await orEnd(agent.run("systemctl reboot --no-block"));
      await orEnd(agent.ready());
    },
    [Symbol.asyncDispose]: async () => {
      const gone = qemu.exitCode === null && qemu.signalCode === null ? once(qemu, "exit") : undefined;
      qemu.kill("SIGKILL");
      await gone;
      agent.close();
      await rm(work, { recursive: true, force: true });
    },
  };
  try {
    await orEnd(agent.ready());
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw new Error(`The virtual machine did not boot:\n${console_}`, { cause: error });
  }
  return machine;
}

interface QemuInput {
  readonly accelerator: "kvm" | "tcg";
  readonly made: string;
  readonly programDisk: string;
  readonly socketPath: string;
}

function qemuWords({ accelerator, made, programDisk, socketPath }: QemuInput): string[] {
  return [
    ...["-accel", accelerator === "tcg" ? "tcg,thread=multi" : "kvm", "-cpu", accelerator === "tcg" ? "max" : "host"],
    ...["-m", "1536", "-smp", "2", "-nographic", "-nic", "none"],
    ...["-kernel", join(made, "vmlinuz"), "-initrd", join(made, "initrd")],
    ...["-append", "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0"],
    ...["-drive", `file=${join(made, "disk.img")},if=virtio,format=raw,snapshot=on,cache=unsafe`],
    ...["-drive", `file=${programDisk},if=virtio,format=raw,readonly=on`],
    ...["-chardev", `socket,id=agent,path=${socketPath}`],
    ...["-device", "virtio-serial", "-device", "virtserialport,chardev=agent,name=gantry.agent"],
  ];
}

/** An ext4 image with what a user installs: the program, its packages and its Node; and an image to run. */
async function makeProgramDisk(work: string): Promise<string> {
  const stage = join(work, "program");
  const lock = JSON.parse(await readFile(join(checkout, "package-lock.json"), "utf8")) as PackageLock;
  const packages = Object.entries(lock.packages).filter(([path, { dev }]) => path !== "" && !dev);
  const parts = [
    "bin",
    "dist",
    "schemas",
    "package.json",
    "tools/node24/node_modules",
    ...packages.map(([path]) => path),
  ];
  for (const part of parts) {
    await mkdir(dirname(join(stage, part)), { recursive: true });
    await cp(join(checkout, part), join(stage, part), { recursive: true, verbatimSymlinks: true }).catch(ignoreAbsence);
  }
  const [busybox] = await makeImages("busybox");
  await cp(busybox?.rootfs ?? "", join(stage, "busybox.tar"));
  const image = join(work, "program.img");
  await execute("mke2fs", ["-q", "-t", "ext4", "-d", stage, "-E", "nodiscard", image, "1G"]);
  await rm(stage, { recursive: true });
  return image;
}

/** The part of npm's package-lock.json that tells what is shipped. */
interface PackageLock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

/** A package for another platform is in the lock file and not on disk. */
function ignoreAbsence(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

/** The host's end of the port that agent.sh listens on: one line out, one line in. */
class Agent {
  private server: Server | undefined;
  private socket: Socket | undefined;
  private lines: AsyncIterator<string> | undefined;

  async listen(path: string): Promise<void> {
    this.server = createServer((socket) => {
      this.socket = socket;
      const reader: Interface = createInterface({ input: socket });
      this.lines = reader[Symbol.asyncIterator]();
    });
    this.server.listen(path);
    await once(this.server, "listening");
  }

  /** Resolves when the guest has booted. */
  async ready(): Promise<void> {
    const limit = AbortSignal.timeout(bootLimitMs);
    const expired = new Promise<never>((_, reject) => {
      limit.addEventListener("abort", () => reject(new Error("No word from the guest's agent.")));
    });
    if (!this.socket && this.server) await once(this.server, "connection");
    while ((await Promise.race([this.nextLine(), expired])) !== "ready");
  }

  async run(script: string): Promise<{ code: number; output: string }> {
    this.socket?.write(`${Buffer.from(script).toString("base64")}\n`);
    const [code, output = ""] = (await this.nextLine()).split(" ");
    return { code: Number(code), output: Buffer.from(output, "base64").toString().trimEnd() };
  }

  close(): void {
    this.socket?.destroy();
    this.server?.close();
  }

  private async nextLine(): Promise<string> {
    const next = await this.lines?.next();
    if (!next || next.done) throw new Error("The guest's port is closed.");
    return next.value;
  }
}
