import { Command } from "commander";
import { expect, it } from "vitest";
import { createBody } from "./create-body.js";
import { addCreateOptions, type CreateOptions } from "./create-options.js";
import { parseMount } from "./parse-mount.js";
import { parsePorts } from "./parse-ports.js";

/** The body of a command line as a user writes it. */
function bodyOf(line: string, env: Record<string, string> = {}) {
  const command = addCreateOptions(new Command("run"))
    .argument("<image>")
    .argument("[command...]")
    .passThroughOptions();
  command.exitOverride().configureOutput({ writeErr: () => {} });
  command.parse(line.split(" "), { from: "user" });
  const [image = "", ...words] = command.args;
  const options = command.opts<CreateOptions>();
  return createBody({ options, image, command: words, attach: true, cwd: "/work", env, envFileLines: [] });
}

it("leaves the image's defaults alone where nothing was said", () => {
  const body = bodyOf("busybox");
  expect(body).toMatchObject({ Image: "busybox", AttachStdout: true, OpenStdin: false, Tty: false, Env: [] });
  for (const name of ["Cmd", "Entrypoint", "User", "WorkingDir", "Healthcheck", "NetworkingConfig"]) {
    expect(body).not.toHaveProperty(name);
  }
  expect(body.HostConfig).not.toHaveProperty("Memory");
});

it("passes what follows the image to the command, flags too", () => {
  expect(bodyOf("--rm busybox ls -l --rm").Cmd).toEqual(["ls", "-l", "--rm"]);
});

it("takes -h as the host name, as docker does", () => {
  expect(bodyOf("-h web busybox").Hostname).toBe("web");
});

it("takes the value of a bare variable from its own environment, and none when it is unset", () => {
  expect(bodyOf("-e A=1 -e B -e C busybox", { B: "2" }).Env).toEqual(["A=1", "B=2"]);
});

it("tells binds, named and anonymous volumes apart, and makes relative paths absolute", () => {
  const body = bodyOf("-v ./a:/a:ro -v data:/data -v /anonymous busybox");
  expect(body.HostConfig?.Binds).toEqual(["/work/a:/a:ro", "data:/data"]);
  expect(body.Volumes).toEqual({ "/anonymous": {} });
});

it("reads limits in their units", () => {
  const line = "-m 256m --cpus 1.5 --pids-limit 100 --shm-size 1g --ulimit nofile=1024:2048 --memory-swap -1 busybox";
  expect(bodyOf(line).HostConfig).toMatchObject({
    Memory: 256 * 1024 ** 2,
    NanoCpus: 1.5e9,
    PidsLimit: 100,
    ShmSize: 1024 ** 3,
    MemorySwap: -1,
    Ulimits: [{ Name: "nofile", Soft: 1024, Hard: 2048 }],
  });
});

it("refuses what is no size, duration, policy or port, naming the flag", () => {
  for (const [line, message] of [
    ["-m lots busybox", /--memory: lots/],
    ["--health-interval soon busybox", /--health-interval: soon/],
    ["--restart sometimes busybox", /--restart: sometimes/],
    ["-p 80:99999 busybox", /--publish: 80:99999/],
  ] as const) {
    expect(() => bodyOf(line)).toThrow(message);
  }
});

it("reads health checks in nanoseconds, and switches them off", () => {
  expect(bodyOf("--health-cmd true --health-interval 1m30s --health-retries 2 busybox").Healthcheck).toEqual({
    Test: ["CMD-SHELL", "true"],
    Interval: 90e9,
    Retries: 2,
  });
  expect(bodyOf("--no-healthcheck busybox").Healthcheck).toEqual({ Test: ["NONE"] });
});

it("puts aliases on the first network and further networks beside it", () => {
  const body = bodyOf("--network front --network name=back,alias=db,ip=10.0.0.9 --network-alias web busybox");
  expect(body.HostConfig?.NetworkMode).toBe("front");
  expect(body.NetworkingConfig?.EndpointsConfig).toEqual({
    front: { Aliases: ["web"] },
    back: { Aliases: ["db"], IPAMConfig: { IPv4Address: "10.0.0.9" } },
  });
});

it.each([
  ["8080:80", { "80/tcp": [{ HostIp: "", HostPort: "8080" }] }],
  ["80", { "80/tcp": [{ HostIp: "", HostPort: "" }] }],
  ["127.0.0.1:8080:80/udp", { "80/udp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] }],
  ["127.0.0.1::80", { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] }],
  ["[::1]:8080:80", { "80/tcp": [{ HostIp: "::1", HostPort: "8080" }] }],
  ["8000-8001:80-81", { "80/tcp": [{ HostIp: "", HostPort: "8000" }], "81/tcp": [{ HostIp: "", HostPort: "8001" }] }],
  ["8000-8010:80", { "80/tcp": [{ HostIp: "", HostPort: "8000-8010" }] }],
])("publishes %s", (text, bindings) => {
  expect(parsePorts([text]).bindings).toEqual(bindings);
});

it("reads the fields of --mount and refuses unknown ones", () => {
  expect(parseMount("type=bind,src=./a,dst=/b,readonly", "/work")).toEqual({
    Type: "bind",
    Source: "/work/a",
    Target: "/b",
    ReadOnly: true,
  });
  expect(parseMount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777", "/")).toEqual({
    Type: "tmpfs",
    Target: "/t",
    TmpfsOptions: { SizeBytes: 1024 ** 2, Mode: 0o1777 },
  });
  expect(() => parseMount("type=bind,from=/a,target=/b", "/")).toThrow("from is not known");
});
