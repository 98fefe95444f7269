import { expect, it } from "vitest";
import { openTestApi } from "../api.fixture.js";

const rooms = {
  containers: { list: () => [{ State: "running" }, { State: "paused" }, { State: "exited" }] },
  images: { list: () => [{}, {}] },
  events: { listeners: 3 },
} as unknown as Parameters<typeof openTestApi>[0];

it("counts objects, and tells of the host and its registries what docker's client prints", async () => {
  await using api = await openTestApi(rooms);
  expect(await api.client.system.info()).toMatchObject({
    ...{ Containers: 3, ContainersRunning: 1, ContainersPaused: 1, ContainersStopped: 1, Images: 2 },
    ...{ NEventsListener: 3, OSType: "linux", Architecture: "x86_64", CgroupVersion: "2", DefaultRuntime: "runc" },
    DriverStatus: [["Backing Filesystem", "extfs"]],
    Runtimes: { runc: { path: "/usr/sbin/runc" } },
    RuncCommit: { ID: "1.1.5" },
    RegistryConfig: {
      Mirrors: ["http://127.0.0.1:5000"],
      IndexConfigs: { "docker.io": { Secure: true }, "10.0.0.5:5000": { Secure: false } },
    },
    Swarm: { LocalNodeState: "inactive" },
    SystemTime: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

it("tells its version, the API versions it speaks, and its helpers", async () => {
  await using api = await openTestApi(rooms);
  expect(await api.client.system.version()).toMatchObject({
    Platform: { Name: "Gantry" },
    ApiVersion: "1.51",
    MinAPIVersion: "1.24",
    Components: [
      { Name: "Engine", Version: "0.1.0", Details: { ApiVersion: "1.51", Experimental: "false" } },
      { Name: "runc", Version: "1.1.5" },
    ],
  });
});
