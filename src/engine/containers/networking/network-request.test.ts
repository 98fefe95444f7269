import { describe, expect, it } from "vitest";
import { requestedEndpoints, wantedPorts } from "./network-request.js";

describe("networks of a create request", () => {
  it("are the mode's own when none is named, and those named beside it", () => {
    expect(requestedEndpoints({ NetworkMode: "bridge" }, {})).toEqual({ bridge: {} });
    const asked = { front: { Aliases: ["web"] }, back: null };
    expect(requestedEndpoints({ NetworkMode: "front" }, asked)).toEqual({ front: { Aliases: ["web"] }, back: {} });
  });

  it("know the name default for the bridge", () => {
    expect(requestedEndpoints({ NetworkMode: "bridge" }, { default: {} })).toEqual({ bridge: {} });
  });

  it("are none in the modes host, none and container", () => {
    for (const NetworkMode of ["host", "none", "container:db"]) {
      expect(requestedEndpoints({ NetworkMode }, { [NetworkMode]: {} })).toEqual({});
      expect(() => requestedEndpoints({ NetworkMode }, { front: {} })).toThrow("conflicting options");
    }
  });
});

describe("the network mode's own endpoint", () => {
  it("has the container's links, and its MAC address from clients that give one to the container", () => {
    const hostConfig = { NetworkMode: "front", Links: ["db:database"] };
    expect(requestedEndpoints(hostConfig, { back: {} }, "02:00:00:00:00:01")).toEqual({
      front: { Links: ["db:database"], MacAddress: "02:00:00:00:00:01" },
      back: {},
    });
    const other = { front: { MacAddress: "02:00:00:00:00:02" } };
    expect(() => requestedEndpoints(hostConfig, other, "02:00:00:00:00:01")).toThrow("must match");
  });

  it("leaves links to the hosts file on the default bridge", () => {
    expect(requestedEndpoints({ NetworkMode: "bridge", Links: ["db"] }, {})).toEqual({ bridge: {} });
  });
});

describe("ports of a create request", () => {
  it("are published as asked, with a free one for an empty list, and shown when only exposed", () => {
    const config = { ExposedPorts: { "80/tcp": {}, "53/udp": {} } };
    const ports = wantedPorts(config, { PortBindings: { "80/tcp": [{ HostPort: "8080" }], "443": [] } });
    expect(ports).toEqual({
      "80/tcp": [{ HostPort: "8080" }],
      "53/udp": null,
      "443/tcp": [{ HostIp: "", HostPort: "" }],
    });
  });
});
