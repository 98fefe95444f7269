import { describe, expect, it } from "vitest";
import { containerCreateShape } from "../body-shapes.js";
import { inShape } from "./shape.js";

const check = (body: unknown) => inShape(body, containerCreateShape);

describe("the body of a create request", () => {
  it("may leave out anything, have null in place of it, and bring fields that nobody knows", () => {
    check({ Image: "busybox", Cmd: null, HostConfig: { Binds: ["a:/b"], Memory: 0 }, New: { thing: [1] } });
    check({ HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }], "81/tcp": null } }, Volumes: { "/v": {} } });
    check({});
  });

  it.each([
    [{ Tty: "x" }, "Tty must be true or false"],
    [{ Image: 5 }, "Image must be a valid text"],
    [{ Env: "A=b" }, "Env must be a list"],
    [{ Env: ["A=b", 1] }, "Env[1] must be a valid text"],
    [{ User: "a\0b" }, "User must be a valid text"],
    [{ HostConfig: [] }, "HostConfig must be an object"],
    [{ HostConfig: { Memory: 1e308 } }, "HostConfig.Memory must be a valid integer"],
    [{ HostConfig: { Mounts: [{ BindOptions: 1 }] } }, "HostConfig.Mounts[0].BindOptions must be an object"],
    [{ NetworkingConfig: { EndpointsConfig: { n: { Aliases: "a" } } } }, "EndpointsConfig.n.Aliases must be a list"],
  ])("%j is refused by name", (body, reason) => {
    expect(() => check(body)).toThrow(reason);
  });

  it("loses what is null, but for members of maps that mean something by it", () => {
    const Mounts = [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { Mode: null } }];
    expect(check({ Cmd: null, HostConfig: { Memory: null, Mounts, PortBindings: { "80/tcp": null } } })).toEqual({
      HostConfig: {
        Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: {} }],
        PortBindings: { "80/tcp": null },
      },
    });
    expect(check({ Labels: { a: null } })).toEqual({ Labels: { a: "" } });
    expect(() => check({ HostConfig: { Binds: [null] } })).toThrow("HostConfig.Binds[0] must be a valid text");
  });

  it("may give a command as one text, as old clients do", () => {
    expect(check({ Cmd: "true", Entrypoint: ["sh", "-c"] })).toEqual({ Cmd: ["true"], Entrypoint: ["sh", "-c"] });
  });

  it("is not mistaken for a shape by names that every object has", () => {
    check(JSON.parse('{"constructor": 5, "__proto__": {"Tty": 1}, "Labels": {"__proto__": "x", "toString": "y"}}'));
  });
});
