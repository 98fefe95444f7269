import { describe, expect, it } from "vitest";
import type { HostConfig } from "../../../wire/container.js";
import { completeHostConfig, hostWarnings } from "./host-config.js";

const facts = { cgroupVersion: 1, cpus: 2, runtime: "runc" } as const;
const complete = (request: HostConfig) => completeHostConfig(request, facts);

describe("a host configuration", () => {
  it("is completed by Docker's defaults", () => {
    expect(complete({})).toMatchObject({
      NetworkMode: "bridge",
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      LogConfig: { Type: "json-file", Config: {} },
      ShmSize: 64 * 1024 ** 2,
      IpcMode: "private",
      CgroupnsMode: "host",
      Runtime: "runc",
      PidsLimit: null,
    });
    expect(complete({ Memory: 16 * 1024 ** 2 }).MemorySwap).toBe(32 * 1024 ** 2);
  });

  it("never shows injected files", () => {
    const GantryFiles = [{ Target: "/run/secrets/a", Data: "c2VjcmV0" }];
    expect(JSON.stringify(complete({ GantryFiles }))).not.toContain("c2VjcmV0");
  });

  it("takes what clients send for unset", () => {
    const unset = complete({
      MemorySwappiness: -1,
      PidsLimit: -1,
      RestartPolicy: { Name: "" },
      LogConfig: { Type: "" },
    });
    expect(unset).toMatchObject({ MemorySwappiness: null, PidsLimit: null, RestartPolicy: { Name: "no" } });
  });

  it("is refused with Docker's texts", () => {
    const cases: Array<[HostConfig, string]> = [
      [{ Memory: 1024 }, "Minimum memory limit allowed is 6MB"],
      [{ Memory: 8e6, MemorySwap: 7e6 }, "Minimum memoryswap limit"],
      [{ NanoCpus: 5e9 }, "range of CPUs is from 0.01 to 2.00"],
      [{ NanoCpus: 1e9, CpuQuota: 5000 }, "Conflicting options: Nano CPUs"],
      [{ AutoRemove: true, RestartPolicy: { Name: "always" } }, "can't create 'AutoRemove' container"],
      [{ LogConfig: { Type: "syslog" } }, "no log driver named 'syslog'"],
    ];
    for (const [request, text] of cases) expect(() => complete(request)).toThrow(text);
  });

  it("warns of what this host does not have, in Docker's words", () => {
    expect(hostWarnings({ OomKillDisable: true, Memory: 8e6 }, facts)).toEqual([]);
    expect(hostWarnings({ OomKillDisable: true }, facts)).toEqual([expect.stringContaining("no memory limit is set")]);
    const v2 = hostWarnings({ OomKillDisable: true, MemorySwappiness: 5 }, { ...facts, cgroupVersion: 2 });
    expect(v2).toEqual([expect.stringContaining("OomKillDisable"), expect.stringContaining("swappiness")]);
  });

  it("takes z and Z without a word where there is no SELinux, as Docker does", () => {
    expect(hostWarnings({ Binds: ["/a:/b:z"] }, facts)).toEqual([]);
  });
});
