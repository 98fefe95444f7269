/** The engine as a service of systemd. Pure. See systemd.service(5), systemd.kill(5), systemd.resource-control(5). */
import type { EngineFlags } from "../../../context.js";

export interface UnitRequest {
  /** `bin/gantry`, absolute. */
  readonly program: string;
  readonly stateRoot: string;
  readonly runDir: string;
  readonly flags: EngineFlags;
}

/** The text of the unit. */
export function printUnit({ program, stateRoot, runDir, flags }: UnitRequest): string {
  const words = [program, "engine", "run", "--idle-ms", "0", ...flagWords(flags)];
  return `[Unit]
Description=Gantry container engine
Wants=network-online.target
After=network-online.target time-set.target firewalld.service nftables.service

[Service]
Type=notify
# As the engine was started last: mirrors, proxies, certificates. It writes them there itself.
EnvironmentFile=-${escapePercent(stateRoot)}/engine.env
Environment=${quoted(`GANTRY_STATE_ROOT=${stateRoot}`)} ${quoted(`GANTRY_RUN_DIR=${runDir}`)}
ExecStart=${words.map(quoted).join(" ")}
# Containers belong to their monitors: a stop, an upgrade or a crash of the engine leaves them alone.
KillMode=process
Delegate=yes
TimeoutStopSec=30
# 0 is a clean end and 75 says that another engine has the state; whatever else is a crash.
Restart=on-failure
RestartPreventExitStatus=75
RestartSec=1
TasksMax=infinity
LimitNPROC=infinity
LimitCORE=infinity
# Containers get what the engine has. What systemd offers to lock a service in (private or read-only directories, kept
# capabilities, filtered system calls, no new privileges) would lock them in too, or hide their mounts from the host.

[Install]
WantedBy=multi-user.target
`;
}

function flagWords({ listen, tlsCa, tlsCert, tlsKey, socketGroup }: EngineFlags): string[] {
  return Object.entries({
    "--listen": listen,
    "--tls-ca": tlsCa,
    "--tls-cert": tlsCert,
    "--tls-key": tlsKey,
    "--socket-group": socketGroup,
  }).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}

/** One word of a command line or an assignment; systemd expands `%` and `$` and reads backslashes. */
function quoted(word: string): string {
  const escaped = escapePercent(word).replaceAll("\\", "\\\\").replaceAll("$", "$$$$");
  return /^[\w/.:=@%,+-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll('"', '\\"')}"`;
}

function escapePercent(text: string): string {
  return text.replaceAll("%", "%%");
}
