/** What plans rely on of an engine: kept by the one in memory, and by those that tests run for real. */
import { afterEach, describe, expect, it } from "vitest";
import type { EngineClient } from "../../client/engine-client.js";
import type { ContainerCreateBody } from "../../wire/container.js";

const mebibyte = 2 ** 20;

/** The engine has the image `busybox`. What is made is removed again. */
export function describeEnginePromises(name: string, clientOf: () => EngineClient): void {
  describe(`what plans rely on: ${name}`, () => {
    const made: string[] = [];
    const make = async (container: string, body: ContainerCreateBody = {}) => {
      const { Id } = await clientOf().containers.create(container, {
        ...{ Image: "busybox", Cmd: ["sleep", "1000"], StopSignal: "SIGKILL" },
        ...body,
      });
      made.push(Id);
      return Id;
    };
    const anNetwork = async (network: string) => (await clientOf().networks.create({ Name: network })).Id;
    afterEach(async () => {
      const { containers, networks } = clientOf();
      for (const id of made.splice(0)) await containers.remove(id, { force: true }).catch(() => {});
      for (const one of await networks.list()) if (one.Name.startsWith("promise-")) await networks.remove(one.Id);
    });

    it("shows a container as it was asked for, over what its image says", async () => {
      const { containers, images } = clientOf();
      const HostConfig = {
        Memory: 32 * mebibyte,
        RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 },
      } as const;
      const id = await make("promise-a", { Env: ["A=1"], Labels: { own: "1" }, User: "7", HostConfig });
      const { Config, HostConfig: host, Image, State } = await containers.inspect(id);
      const image = await images.inspect("busybox");
      expect(Image).toBe(image.Id);
      expect(Config).toMatchObject({ Image: "busybox", Cmd: ["sleep", "1000"], User: "7" });
      expect(Config.Env).toEqual(expect.arrayContaining(["A=1", ...(image.Config.Env ?? [])]));
      expect(Config.Labels).toMatchObject({ ...image.Config.Labels, own: "1" });
      expect(host).toMatchObject({ ...HostConfig, MemorySwap: 64 * mebibyte });
      expect([State.Status, State.FinishedAt]).toEqual(["created", "0001-01-01T00:00:00Z"]);
    });

    it("gives a name to one container at a time, and a new one to who asks", async () => {
      const { containers } = clientOf();
      const id = await make("promise-a");
      await expect(make("promise-a")).rejects.toThrow("already in use");
      await containers.rename(id, "promise-b");
      expect((await containers.inspect("promise-b")).Id).toBe(id);
      await make("promise-a");
      await expect(containers.rename(id, "promise-a")).rejects.toThrow("already in use");
    });

    it("changes the limits that are given, and leaves the others", async () => {
      const { containers, upkeep } = clientOf();
      const HostConfig = { Memory: 32 * mebibyte, NanoCpus: 5e8, PidsLimit: 20 };
      const id = await make("promise-a", { HostConfig });
      await containers.start(id);
      await upkeep.update(id, { Memory: 64 * mebibyte, MemorySwap: 128 * mebibyte, PidsLimit: -1 });
      const { HostConfig: host, State } = await containers.inspect(id);
      expect(host).toMatchObject({ Memory: 64 * mebibyte, MemorySwap: 128 * mebibyte, NanoCpus: 5e8 });
      expect(host.PidsLimit ?? 0).toBeLessThanOrEqual(0);
      expect(State.Status).toBe("running");
    });

    it("moves a container on and off networks, and keeps a network that is in use", async () => {
      const { containers, networks } = clientOf();
      const [one, two] = [await anNetwork("promise-one"), await anNetwork("promise-two")];
      const EndpointsConfig = { "promise-one": { Aliases: ["www"] } };
      const id = await make("promise-a", {
        HostConfig: { NetworkMode: "promise-one" },
        NetworkingConfig: { EndpointsConfig },
      });
      await containers.start(id);
      const places = async () => (await containers.inspect(id)).NetworkSettings.Networks;
      expect((await places())["promise-one"]?.Aliases).toContain("www");
      await networks.connect(two, { Container: id, EndpointConfig: { Aliases: ["other"] } });
      await expect(networks.connect(two, { Container: id })).rejects.toThrow();
      expect((await places())["promise-two"]).toMatchObject({ NetworkID: two });
      await expect(networks.remove(two)).rejects.toThrow();
      await networks.disconnect(one, { Container: id, Force: true });
      expect(Object.keys(await places())).toEqual(["promise-two"]);
      await networks.remove(one);
    });

    it("puts a container without networks on none", async () => {
      const network = await anNetwork("promise-one");
      const id = await make("promise-a", { HostConfig: { NetworkMode: "none" } });
      await expect(clientOf().networks.connect(network, { Container: id })).rejects.toThrow();
    });

    it("starts and stops once, tells when, and removes what runs only by force", async () => {
      const { containers } = clientOf();
      const id = await make("promise-a");
      expect([await containers.start(id), await containers.start(id)]).toEqual([true, false]);
      await expect(containers.remove(id)).rejects.toThrow();
      const first = (await containers.inspect(id)).State.StartedAt;
      expect([await containers.stop(id, { timeoutS: 0 }), await containers.stop(id)]).toEqual([true, false]);
      await containers.start(id);
      const { StartedAt, FinishedAt } = (await containers.inspect(id)).State;
      expect(Date.parse(first)).toBeLessThanOrEqual(Date.parse(FinishedAt));
      expect(Date.parse(FinishedAt)).toBeLessThanOrEqual(Date.parse(StartedAt));
      await containers.remove(id, { force: true });
      await expect(containers.inspect(id)).rejects.toMatchObject({ code: "container-not-found" });
    });

    it("lists by label", async () => {
      const id = await make("promise-a", { Labels: { "promise.of": "a" } });
      await make("promise-b", { Labels: { "promise.of": "b" } });
      const found = await clientOf().containers.list({ all: true, filters: { label: ["promise.of=a"] } });
      expect(found.map(({ Id }) => Id)).toEqual([id]);
    });
  });
}
