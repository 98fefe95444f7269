/** An input for `buildSpec` of a plain container on a plain host. For tests. */
import type { ContainerConfig, HostConfig } from "../../../wire/container.js";
import { allCapabilities } from "./capabilities.js";
import type { SpecHost, SpecInput } from "./spec-input.js";

export function anInput(
  hostConfig: HostConfig = {},
  config: ContainerConfig = {},
  { host, ...other }: Partial<Omit<SpecInput, "host">> & { host?: Partial<SpecHost> } = {},
): SpecInput {
  return {
    containerId: "0123456789abcdef",
    config: { Cmd: ["sh"], ...config },
    hostConfig,
    user: { uid: 0, gid: 0, additionalGids: [0], home: "/root" },
    rootfs: "/rootfs",
    mounts: [],
    etcMounts: [],
    network: { kind: "path", path: "/run/netns/x" },
    pid: { kind: "private" },
    ipc: { kind: "private" },
    shmPath: undefined,
    devices: [],
    cgroupsPath: "/gantry/0123",
    host: {
      cgroupVersion: 1,
      arch: "x64",
      capabilities: allCapabilities,
      seccomp: true,
      appArmorProfile: undefined,
      hardLimits: { nofile: 20_000 },
      mayRaiseLimits: false,
      initPath: "/usr/bin/tini-static",
      swapAccounting: true,
      ...host,
    },
    ...other,
  };
}
