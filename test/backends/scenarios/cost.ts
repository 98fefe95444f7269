/** What a command costs in round trips to the engine. */
import { expect, it } from "vitest";
import { startCountingRelay } from "../counting-relay.js";
import { file, type Stage, service } from "./stage.js";

/** Calls that are made once, and once for each network, volume or container that is made, and no more. */
export function describeCost(stage: Stage): void {
  it("asks the engine as often for five services as for two", async () => {
    const socket = `${stage.gantry.workDir}/relay.sock`;
    await using relay = await startCountingRelay(socket, stage.backend.address.slice("unix://".length));
    const env = { GANTRY_HOST: relay.address };
    const count = async (services: number) => {
      const names = Array.from({ length: services }, (_, at) => `s${at}`);
      const { cwd } = await stage.project("cost", file(...names.map((name) => service(name))));
      const project = stage.gantry.project(cwd, env);
      await project.ok("up", "-d");
      const up = relay.take();
      await project.ok("up", "-d");
      const again = relay.take();
      await project.ok("ps");
      const ps = relay.take();
      await project.ok("down");
      return { up: up.length, again, ps, down: relay.take().length };
    };
    const [few, many] = [await count(2), await count(5)];
    expect(many.ps.sort()).toEqual(["GET /containers/json", "HEAD /_ping"]);
    const isOurs = stage.backend.name === "embedded";
    const lock = isOurs ? ["GET /gantry/containers", "POST /gantry/projects/cost/lock"] : [];
    // Other engines are asked for each container by itself.
    const isInspection = (call: string) => !isOurs && /^GET \/containers\/\w+\/json$/.test(call);
    expect(many.again.filter(isInspection)).toHaveLength(isOurs ? 0 : 5);
    const looks = ["GET /containers/json", "GET /images/busybox/json", "GET /networks", "GET /volumes", "HEAD /_ping"];
    expect(many.again.filter((call) => !isInspection(call)).sort()).toEqual([...looks, ...lock].sort());
    expect(few.again.filter((call) => !isInspection(call))).toHaveLength(looks.length + lock.length);
    // Each container is made and started; on the way down it is stopped and removed.
    expect(many.up - few.up).toBe(3 * 2);
    expect(many.down - few.down).toBe(3 * 2);
  });
}
