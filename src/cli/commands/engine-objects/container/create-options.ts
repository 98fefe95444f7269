/** The flags of `container run` and `container create`: the docker CLI's names and shorthands. */
import { type Command, Option } from "commander";
import { collect } from "../../../options.js";

/** As commander gives them. Lists are absent when the flag was not used. */
export interface CreateOptions {
  readonly name?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly rm?: boolean;
  readonly env?: readonly string[];
  readonly envFile?: readonly string[];
  readonly volume?: readonly string[];
  readonly mount?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly publish?: readonly string[];
  readonly publishAll?: boolean;
  readonly expose?: readonly string[];
  readonly network?: readonly string[];
  readonly networkAlias?: readonly string[];
  readonly ip?: string;
  readonly workdir?: string;
  readonly user?: string;
  readonly groupAdd?: readonly string[];
  readonly entrypoint?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly restart?: string;
  readonly memory?: string;
  readonly memoryReservation?: string;
  readonly memorySwap?: string;
  readonly cpus?: string;
  readonly cpuShares?: string;
  readonly cpusetCpus?: string;
  readonly pidsLimit?: string;
  readonly shmSize?: string;
  readonly oomScoreAdj?: string;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  readonly readOnly?: boolean;
  readonly init?: boolean;
  readonly label?: readonly string[];
  readonly addHost?: readonly string[];
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOption?: readonly string[];
  readonly device?: readonly string[];
  readonly ulimit?: readonly string[];
  readonly sysctl?: readonly string[];
  readonly healthCmd?: string;
  readonly healthInterval?: string;
  readonly healthTimeout?: string;
  readonly healthStartPeriod?: string;
  readonly healthStartInterval?: string;
  readonly healthRetries?: string;
  /** False after `--no-healthcheck`. */
  readonly healthcheck?: boolean;
  readonly stopSignal?: string;
  readonly stopTimeout?: string;
  readonly securityOpt?: readonly string[];
  readonly ipc?: string;
  readonly pid?: string;
  readonly uts?: string;
  readonly cgroupns?: "host" | "private";
  readonly runtime?: string;
  readonly logDriver?: string;
  readonly logOpt?: readonly string[];
  readonly platform?: string;
  readonly pull?: "always" | "missing" | "never";
}

/** Flags with a value that may be given again. */
const lists: ReadonlyArray<readonly [flags: string, description: string]> = [
  ["-e, --env <name=value>", "set an environment variable; without value it is taken from here"],
  ["--env-file <path>", "read environment variables from a file"],
  ["-v, --volume <source:target>", "mount a volume or a directory of the host"],
  ["--mount <spec>", "mount, as type=bind,source=…,target=…"],
  ["--tmpfs <path>", "mount a tmpfs, as /run:size=10m"],
  ["-p, --publish <port>", "publish a port, as [address:]8080:80[/udp]"],
  ["--expose <port>", "expose a port without publishing it"],
  ["--network <network>", "connect to a network"],
  ["--network-alias <name>", "a further name on the network"],
  ["--group-add <group>", "a further group of the process"],
  ["--cap-add <capability>", "add a Linux capability"],
  ["--cap-drop <capability>", "drop a Linux capability"],
  ["-l, --label <name=value>", "set a label"],
  ["--add-host <name:address>", "add a line to /etc/hosts"],
  ["--dns <address>", "a DNS server"],
  ["--dns-search <domain>", "a DNS search domain"],
  ["--dns-option <option>", "a resolver option"],
  ["--device <path>", "give access to a device of the host"],
  ["--ulimit <name=soft:hard>", "set a resource limit of processes"],
  ["--sysctl <name=value>", "set a kernel parameter of the namespace"],
  ["--security-opt <option>", "a security option, as no-new-privileges"],
  ["--log-opt <name=value>", "an option of the log driver"],
];

const values: ReadonlyArray<readonly [flags: string, description: string]> = [
  ["--name <name>", "name of the container"],
  ["--ip <address>", "fixed IPv4 address on the network"],
  ["-w, --workdir <dir>", "working directory"],
  ["-u, --user <user[:group]>", "user of the process, names or ids"],
  ["--entrypoint <command>", "replace the image's entrypoint"],
  ["-h, --hostname <name>", "host name"],
  ["--domainname <name>", "domain name"],
  ["--restart <policy>", "no, on-failure[:n], always or unless-stopped"],
  ["-m, --memory <size>", "memory limit, as 256m"],
  ["--memory-reservation <size>", "memory that is kept for it under pressure"],
  ["--memory-swap <size>", "limit of memory and swap together; -1 for no limit"],
  ["--cpus <number>", "number of CPUs, as 1.5"],
  ["-c, --cpu-shares <weight>", "weight under load (1024 is one)"],
  ["--cpuset-cpus <list>", "CPUs it may use, as 0-2,4"],
  ["--pids-limit <number>", "limit of processes; -1 for no limit"],
  ["--shm-size <size>", "size of /dev/shm"],
  ["--oom-score-adj <number>", "preference of the kernel's OOM killer"],
  ["--health-cmd <command>", "command that tells whether it is healthy"],
  ["--health-interval <duration>", "time between two checks"],
  ["--health-timeout <duration>", "time that one check may take"],
  ["--health-start-period <duration>", "time in which failures do not count"],
  ["--health-start-interval <duration>", "time between checks in the start period"],
  ["--health-retries <number>", "failures in a row that make it unhealthy"],
  ["--stop-signal <signal>", "signal that stops it"],
  ["--stop-timeout <seconds>", "time between that signal and SIGKILL"],
  ["--ipc <mode>", "IPC namespace"],
  ["--pid <mode>", "PID namespace, as host"],
  ["--uts <mode>", "UTS namespace, as host"],
  ["--runtime <name>", "OCI runtime"],
  ["--log-driver <name>", "json-file, local or none"],
  ["--platform <os/arch>", "platform of the image"],
];

const switches: ReadonlyArray<readonly [flags: string, description: string]> = [
  ["-i, --interactive", "keep stdin open"],
  ["-t, --tty", "allocate a terminal"],
  ["--rm", "remove the container when it ends"],
  ["-P, --publish-all", "publish every exposed port to a free port of the host"],
  ["--privileged", "give it all that the host may do"],
  ["--read-only", "mount the root file system read-only"],
  ["--init", "run an init process that reaps children and forwards signals"],
  ["--no-healthcheck", "switch the image's health check off"],
];

/** Adds them all to `command`, whose `-h` then is the host name; help stays under `--help`. */
export function addCreateOptions(command: Command): Command {
  command.helpOption("--help", "show help");
  for (const [flags, description] of lists) command.option(flags, description, collect);
  for (const [flags, description] of [...values, ...switches]) command.option(flags, description);
  return command
    .addOption(new Option("--cgroupns <mode>", "cgroup namespace").choices(["host", "private"]))
    .addOption(
      new Option("--pull <when>", "fetch the image").choices(["always", "missing", "never"]).default("missing"),
    );
}
