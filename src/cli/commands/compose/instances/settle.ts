/** Where a copy of a project is, or will be. */
import type { Project } from "../../../../compose/project.js";
import type { CliContext } from "../../../context.js";

/** Asks the engine where its copies are, and this host who listens where. */
export async function addressOf(context: CliContext, project: Project): Promise<string> {
  const client = await context.connect();
  const [{ observeInstances, listeningAddresses }, { settleAddress }] = await Promise.all([
    import("../../../../apply/instances/observe-instances.js"),
    import("../../../../plan/instances/settle-address.js"),
  ]);
  const isHere = await isLocalEngine(context);
  const [instances, listening] = await Promise.all([
    observeInstances(client, context.signal),
    isHere ? listeningAddresses() : new Set<string>(),
  ]);
  return settleAddress(project.name, { instances, listening });
}

/** True when the engine's loopback and folders are this host's. */
export async function isLocalEngine(context: CliContext): Promise<boolean> {
  const choice = await context.chooseEngine();
  return choice.kind === "embedded" || choice.endpoint.kind === "unix";
}
