import { describe, expect, it } from "vitest";
import { type ContainerRecord, neverStarted, withState } from "../record/container-record.js";
import { inspectContainer } from "./inspect.js";
import { selectContainers } from "./list-filters.js";
import { summarizeContainer } from "./summary.js";

const record: ContainerRecord = {
  id: "c".repeat(64),
  name: "web",
  createdAt: "2026-01-01T00:00:00.000Z",
  imageId: "sha256:1",
  chainIds: [],
  platform: "linux",
  config: { Image: "nginx", Cmd: ["nginx", "-g", "daemon off;"], Labels: { a: "b" } },
  hostConfig: { NetworkMode: "front", PortBindings: { "80/tcp": [{ HostPort: "8080" }] } },
  endpoints: { front: { Aliases: ["www"] } },
  mounts: [
    { kind: "volume", name: "db", target: "/data", readOnly: false, anonymous: false, noCopy: false, mode: "" },
    { kind: "tmpfs", target: "/run", readOnly: false, options: [], listed: false },
  ],
  files: [],
  state: neverStarted,
};
const running = withState(record, {
  status: "running",
  startedAt: "2026-01-01T00:00:01.000Z",
  process: { pid: 42, startTicks: 1, bootId: "b" },
  sandbox: {
    ...{ containerId: record.id, name: "web", netnsPath: "/run/netns/x", nameServers: [], dnsServers: [] },
    endpoints: { front: { NetworkID: "n1", IPAddress: "10.0.0.2" } },
    ports: { "80/tcp": [{ HostIp: "", HostPort: "8080" }], "443/tcp": null },
  },
});
const facts = {
  graphDriver: { Name: "overlay2", Data: null },
  execIds: [],
  paths: { log: "", hosts: "", hostname: "", resolvConf: "" },
  imagePath: () => "",
  volumePath: (name: string) => `/volumes/${name}`,
  networkId: (name: string) => ({ front: "n1", n1: "n1", host: "h1" })[name],
};

describe("inspect", () => {
  it("shows what was asked of a network before the first start, and its id", () => {
    const { NetworkSettings, State, Name, Path, Args } = inspectContainer(record, facts);
    expect(NetworkSettings.Networks.front).toMatchObject({ Aliases: ["www"], NetworkID: "n1", IPAddress: "" });
    expect(NetworkSettings.Ports).toEqual({});
    expect(State).toMatchObject({ Status: "created", Pid: 0, StartedAt: "0001-01-01T00:00:00Z" });
    expect([Name, Path, Args]).toEqual(["/web", "nginx", ["-g", "daemon off;"]]);
  });

  it("shows addresses while it runs, and each published port for both families", () => {
    const { NetworkSettings, State } = inspectContainer(running, facts);
    expect(State).toMatchObject({ Running: true, Pid: 42 });
    expect(NetworkSettings.Networks.front).toMatchObject({ IPAddress: "10.0.0.2" });
    expect(NetworkSettings.Ports).toEqual({
      "80/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8080" },
        { HostIp: "::", HostPort: "8080" },
      ],
      "443/tcp": null,
    });
  });

  it("names the host's network in the mode host", () => {
    const onHost = { ...record, hostConfig: { NetworkMode: "host" }, endpoints: {} };
    expect(inspectContainer(onHost, facts).NetworkSettings.Networks).toMatchObject({ host: { NetworkID: "h1" } });
  });

  it("lists volumes with their directory, but no tmpfs of the short form", () => {
    const volume = {
      Type: "volume",
      Name: "db",
      Source: "/volumes/db",
      Destination: "/data",
      Driver: "local",
      RW: true,
    };
    expect(inspectContainer(record, facts).Mounts).toMatchObject([volume]);
    expect(inspectContainer(record, facts).Mounts).toHaveLength(1);
  });
});

it("a summary quotes the command and lists ports as numbers", () => {
  const summary = summarizeContainer(running, { ...facts, now: new Date("2026-01-01T00:02:01Z"), imageName: "nginx" });
  expect(summary).toMatchObject({ Command: "nginx -g 'daemon off;'", Status: "Up 2 minutes", Created: 1_767_225_600 });
  expect(summary.Ports).toEqual([
    { IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
    { IP: "::", PrivatePort: 80, PublicPort: 8080, Type: "tcp" },
    { PrivatePort: 443, Type: "tcp" },
  ]);
});

describe("list filters", () => {
  const select = (filters: Record<string, string[]>) =>
    selectContainers(
      [running],
      { all: true, filters },
      { ...facts, imageId: () => "sha256:1", createdAt: () => "2027" },
    ).length;

  it("know each of Docker's keys", () => {
    const kept = {
      name: ["^/web$"],
      id: ["ccc"],
      label: ["a=b"],
      status: ["running"],
      volume: ["db"],
      publish: ["8080"],
    };
    for (const [key, values] of Object.entries({ ...kept, network: ["n1"], ancestor: ["nginx"], health: ["none"] })) {
      expect([key, select({ [key]: values })]).toEqual([key, 1]);
    }
    expect(select({ before: ["other"], expose: ["80-90/tcp"] })).toBe(1);
    expect([select({ since: ["other"] }), select({ exited: ["0"] }), select({ publish: ["80"] })]).toEqual([0, 0, 0]);
  });

  it("refuse an unknown key, an unknown state and a port that is none", () => {
    for (const filters of [{ foo: ["x"] }, { status: ["up"] }, { publish: ["http"] }]) {
      expect(() => select(filters as unknown as Record<string, string[]>)).toThrow(/nvalid/);
    }
  });
});
