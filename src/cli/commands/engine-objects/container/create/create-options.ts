/** The flags of `container run` and `container create`: the docker CLI's names and shorthands. */
import { type Command, Option } from "commander";
import { collect } from "../../../../options.js";
import { refuseFlags } from "../../../../refused-flags.js";

type Text = string | undefined;
type List = readonly string[] | undefined;
type Switch = boolean | undefined;

/** As commander gives them. Lists are absent when the flag was not used. */
export interface CreateOptions
  extends Readonly<Partial<Record<ListName, List>>>,
    Readonly<Partial<Record<TextName, Text>>>,
    Readonly<Partial<Record<SwitchName, Switch>>> {
  readonly cgroupns?: "host" | "private";
  readonly pull?: "always" | "missing" | "never";
}

type ListName =
  | "attach"
  | "env"
  | "envFile"
  | "volume"
  | "mount"
  | "tmpfs"
  | "volumesFrom"
  | "publish"
  | "expose"
  | "network"
  | "networkAlias"
  | "link"
  | "linkLocalIp"
  | "groupAdd"
  | "capAdd"
  | "capDrop"
  | "label"
  | "labelFile"
  | "annotation"
  | "addHost"
  | "dns"
  | "dnsSearch"
  | "dnsOption"
  | "device"
  | "deviceCgroupRule"
  | "deviceReadBps"
  | "deviceWriteBps"
  | "deviceReadIops"
  | "deviceWriteIops"
  | "blkioWeightDevice"
  | "gpus"
  | "ulimit"
  | "sysctl"
  | "securityOpt"
  | "storageOpt"
  | "logOpt";

type TextName =
  | "name"
  | "cidfile"
  | "ip"
  | "ip6"
  | "macAddress"
  | "workdir"
  | "user"
  | "entrypoint"
  | "hostname"
  | "domainname"
  | "restart"
  | "memory"
  | "memoryReservation"
  | "memorySwap"
  | "memorySwappiness"
  | "kernelMemory"
  | "cpus"
  | "cpuShares"
  | "cpuPeriod"
  | "cpuQuota"
  | "cpuRtPeriod"
  | "cpuRtRuntime"
  | "cpusetCpus"
  | "cpusetMems"
  | "cpuCount"
  | "cpuPercent"
  | "ioMaxiops"
  | "ioMaxbandwidth"
  | "blkioWeight"
  | "cgroupParent"
  | "pidsLimit"
  | "shmSize"
  | "oomScoreAdj"
  | "healthCmd"
  | "healthInterval"
  | "healthTimeout"
  | "healthStartPeriod"
  | "healthStartInterval"
  | "healthRetries"
  | "stopSignal"
  | "stopTimeout"
  | "ipc"
  | "pid"
  | "uts"
  | "userns"
  | "isolation"
  | "runtime"
  | "logDriver"
  | "volumeDriver"
  | "platform"
  | "detachKeys";

/** `healthcheck` is false after `--no-healthcheck`, `sigProxy` after `--no-sig-proxy`. */
type SwitchName =
  | "detach"
  | "interactive"
  | "tty"
  | "rm"
  | "quiet"
  | "publishAll"
  | "privileged"
  | "readOnly"
  | "init"
  | "oomKillDisable"
  | "healthcheck"
  | "sigProxy";

type Flag = readonly [flags: string, description: string, kind?: "list"];

const groups: ReadonlyArray<readonly [heading: string, flags: readonly Flag[]]> = [
  [
    "Process:",
    [
      ["-i, --interactive", "keep stdin open"],
      ["-t, --tty", "allocate a terminal"],
      ["-a, --attach <stream>", "attach to stdin, stdout or stderr alone", "list"],
      ["-e, --env <name=value>", "set an environment variable; without value it is taken from here", "list"],
      ["--env-file <path>", "read environment variables from a file", "list"],
      ["-w, --workdir <dir>", "working directory"],
      ["-u, --user <user[:group]>", "user of the process, names or ids"],
      ["--group-add <group>", "a further group of the process", "list"],
      ["--entrypoint <command>", "replace the image's entrypoint"],
      ["--init", "run an init process that reaps children and forwards signals"],
      ["--ulimit <name=soft:hard>", "set a resource limit of processes", "list"],
      ["--stop-signal <signal>", "signal that stops it"],
      ["--stop-timeout <seconds>", "time between that signal and SIGKILL"],
    ],
  ],
  [
    "Container:",
    [
      ["--name <name>", "name of the container"],
      ["--rm", "remove the container when it ends"],
      ["--restart <policy>", "no, on-failure[:n], always or unless-stopped"],
      ["-l, --label <name=value>", "set a label", "list"],
      ["--label-file <path>", "read labels from a file", "list"],
      ["--annotation <name=value>", "pass an annotation to the OCI runtime", "list"],
      ["--cidfile <path>", "write the container's id to a file that must not be there"],
      ["-q, --quiet", "no progress of a pull"],
      ["--platform <os/arch>", "platform of the image"],
      ["--runtime <name>", "OCI runtime"],
      ["--log-driver <name>", "json-file, local or none"],
      ["--log-opt <name=value>", "an option of the log driver", "list"],
    ],
  ],
  [
    "Storage:",
    [
      ["-v, --volume <source:target>", "mount a volume or a directory of the host", "list"],
      ["--mount <spec>", "mount, as type=bind,source=…,target=…", "list"],
      ["--tmpfs <path>", "mount a tmpfs, as /run:size=10m", "list"],
      ["--volumes-from <container>", "mount what another container mounts", "list"],
      ["--volume-driver <name>", "driver of the volumes that are made"],
      ["--storage-opt <name=value>", "an option of the storage driver, as size=10G", "list"],
      ["--read-only", "mount the root file system read-only"],
      ["--shm-size <size>", "size of /dev/shm"],
    ],
  ],
  [
    "Network:",
    [
      ["-p, --publish <port>", "publish a port, as [address:]8080:80[/udp]", "list"],
      ["-P, --publish-all", "publish every exposed port to a free port of the host"],
      ["--expose <port>", "expose a port without publishing it", "list"],
      ["--network <network>", "connect to a network; as name=front,alias=web,ip=10.0.0.5 with settings", "list"],
      ["--network-alias <name>", "a further name on the network", "list"],
      ["--link <container[:alias]>", "know another container by a name", "list"],
      ["--ip <address>", "fixed IPv4 address on the network"],
      ["--ip6 <address>", "fixed IPv6 address on the network"],
      ["--link-local-ip <address>", "a link-local address on the network", "list"],
      ["--mac-address <address>", "hardware address on the network"],
      ["-h, --hostname <name>", "host name"],
      ["--domainname <name>", "domain name"],
      ["--add-host <name:address>", "add a line to /etc/hosts", "list"],
      ["--dns <address>", "a DNS server", "list"],
      ["--dns-search <domain>", "a DNS search domain", "list"],
      ["--dns-option <option>", "a resolver option", "list"],
    ],
  ],
  [
    "Limits:",
    [
      ["-m, --memory <size>", "memory limit, as 256m"],
      ["--memory-reservation <size>", "memory that is kept for it under pressure"],
      ["--memory-swap <size>", "limit of memory and swap together; -1 for no limit"],
      ["--memory-swappiness <0-100>", "how readily its memory is swapped out"],
      ["--kernel-memory <size>", "obsolete; engines refuse it"],
      ["--oom-kill-disable", "do not kill it when memory runs out"],
      ["--oom-score-adj <number>", "preference of the kernel's OOM killer"],
      ["--cpus <number>", "number of CPUs, as 1.5"],
      ["-c, --cpu-shares <weight>", "weight under load (1024 is one)"],
      ["--cpu-period <µs>", "length of a CFS period"],
      ["--cpu-quota <µs>", "time in each CFS period"],
      ["--cpu-rt-period <µs>", "length of a real-time period"],
      ["--cpu-rt-runtime <µs>", "real-time in each period"],
      ["--cpuset-cpus <list>", "CPUs it may use, as 0-2,4"],
      ["--cpuset-mems <list>", "memory nodes it may use"],
      ["--cpu-count <number>", "of Windows; engines on Linux refuse it"],
      ["--cpu-percent <number>", "of Windows; engines on Linux refuse it"],
      ["--io-maxiops <number>", "of Windows; engines on Linux refuse it"],
      ["--io-maxbandwidth <size>", "of Windows; engines on Linux refuse it"],
      ["--pids-limit <number>", "limit of processes; -1 for no limit"],
      ["--blkio-weight <10-1000>", "weight of its disk accesses"],
      ["--blkio-weight-device <device:weight>", "the same for one device", "list"],
      ["--device-read-bps <device:rate>", "limit of bytes read a second, as /dev/sda:1mb", "list"],
      ["--device-write-bps <device:rate>", "limit of bytes written a second", "list"],
      ["--device-read-iops <device:rate>", "limit of reads a second", "list"],
      ["--device-write-iops <device:rate>", "limit of writes a second", "list"],
      ["--cgroup-parent <path>", "cgroup in which its own is made"],
    ],
  ],
  [
    "Health:",
    [
      ["--health-cmd <command>", "command that tells whether it is healthy"],
      ["--health-interval <duration>", "time between two checks"],
      ["--health-timeout <duration>", "time that one check may take"],
      ["--health-start-period <duration>", "time in which failures do not count"],
      ["--health-start-interval <duration>", "time between checks in the start period"],
      ["--health-retries <number>", "failures in a row that make it unhealthy"],
      ["--no-healthcheck", "switch the image's health check off"],
    ],
  ],
  [
    "Isolation:",
    [
      ["--cap-add <capability>", "add a Linux capability", "list"],
      ["--cap-drop <capability>", "drop a Linux capability", "list"],
      ["--privileged", "give it all that the host may do"],
      ["--security-opt <option>", "a security option, as no-new-privileges", "list"],
      ["--device <path>", "give access to a device of the host, or to a CDI device by name", "list"],
      ["--device-cgroup-rule <rule>", "a rule of the device cgroup, as c 1:3 mr", "list"],
      ["--gpus <all|n|device=…>", "give access to GPUs", "list"],
      ["--sysctl <name=value>", "set a kernel parameter of the namespace", "list"],
      ["--ipc <mode>", "IPC namespace"],
      ["--pid <mode>", "PID namespace, as host"],
      ["--uts <mode>", "UTS namespace, as host"],
      ["--userns <mode>", "user namespace, as host"],
      ["--isolation <technology>", "of Windows; default alone is taken on Linux"],
    ],
  ],
];

/** Adds them all to `command`, whose `-h` then is the host name; help stays under `--help`. */
export function addCreateOptions(command: Command): Command {
  command.helpOption("--help", "show help");
  for (const [heading, flags] of groups) {
    command.optionsGroup(heading);
    for (const [names, description, kind] of flags) {
      if (kind === "list") command.option(names, description, collect);
      else command.option(names, description);
    }
  }
  return addHidden(
    command
      .addOption(new Option("--cgroupns <mode>", "cgroup namespace").choices(["host", "private"]))
      .optionsGroup("Container:")
      .addOption(
        new Option("--pull <when>", "fetch the image").choices(["always", "missing", "never"]).default("missing"),
      ),
  );
}

/** Older names of the docker CLI, and what it takes without effect. */
function addHidden(command: Command): Command {
  const alias = (flags: string, name: string) => {
    const option = new Option(flags).argParser(collect).hideHelp();
    option.attributeName = () => name;
    return option;
  };
  refuseFlags(command, "is experimental in docker; mount the engine's socket by -v", "--use-api-socket");
  return command
    .addOption(alias("--net <network>", "network"))
    .addOption(alias("--net-alias <name>", "networkAlias"))
    .addOption(alias("--dns-opt <option>", "dnsOption"))
    .addOption(new Option("--disable-content-trust").hideHelp());
}
