/** Where a copy of a project is, or will be. */
import type { Project } from "../../../../compose/project.js";
import type { CliContext } from "../../../context.js";

/** Asks the engine where its copies are, and this host who listens where. */
export async function addressOf(context: CliContext, project: Project): Promise<string> {
  const client = await context.connect();
  const [{ observeInstances }, { listeningSockets }, { settleAddress }] = await Promise.all([
    import("../../../../apply/instances/observe-instances.js"),
    import("../../../../apply/listeners.js"),
    import("../../../../plan/instances/settle-address.js"),
  ]);
  const isHere = await isLocalEngine(context);
  const [instances, sockets] = await Promise.all([
    observeInstances(client, context.signal),
    isHere ? listeningSockets() : [],
  ]);
  return settleAddress(project.name, { instances, listening: new Set(sockets.map(({ address }) => address)) });
}

/** True when the engine's loopback and folders are this host's. */
export async function isLocalEngine(context: CliContext): Promise<boolean> {
  const choice = await context.chooseEngine();
  return choice.kind === "embedded" || choice.endpoint.kind === "unix";
}
