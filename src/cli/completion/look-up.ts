/** Names for completion: of the project from its files, of everything else from an engine that is there. */
import type { EngineClient } from "../../client/engine-client.js";
import { composeLabels } from "../../wire/labels.js";
import type { CliContext } from "../context.js";
import type { NameKind } from "./value-kinds.js";

/** Whoever waits for a list at a prompt types the name in the meantime. */
const engineLimitMs = 1500;
const hexId = /^[0-9a-f]{12,}$/;

/** Sorted, each once; none when it cannot be known quickly. Starts no engine, and never throws. */
export async function lookUp(context: CliContext, kind: NameKind): Promise<readonly string[]> {
  const isOfProject = kind === "service" || kind === "profile";
  const names = await (isOfProject ? fromFiles(context, kind) : fromEngine(context, kind)).catch(() => []);
  return [...new Set(names)].sort();
}

async function fromFiles(context: CliContext, kind: "service" | "profile"): Promise<readonly string[]> {
  const [{ loadProject }, { requestOf }] = await Promise.all([
    import("../../compose/load/load-project.js"),
    import("../commands/compose/load.js"),
  ]);
  const { fetchRemote: _remote, readStdin: _stdin, ...request } = requestOf(context); // neither is quick
  const leaveOut = { files: true, envFiles: true, consistency: true };
  const asked = { ...request, profiles: ["*"], forReading: true, leaveOut };
  const { project } = await loadProject(asked);
  const services = [...(project?.services.values() ?? [])];
  return kind === "service" ? services.map(({ name }) => name) : services.flatMap(({ profiles }) => profiles);
}

async function fromEngine(context: CliContext, kind: NameKind): Promise<readonly string[]> {
  const choice = await context.chooseEngine();
  const isThere = choice.kind === "embedded" ? choice.listens : choice.endpoint.kind === "unix";
  const own = kind === "instance" ? ["auto"] : [];
  if (!isThere) return own;
  // To connect to an engine of another version may make it hand over, which nobody asks for by pressing Tab.
  if (choice.kind === "embedded" && (await context.engine.status())?.version !== context.version) return own;
  const client = await context.connect();
  return [...own, ...(await namesOf(client, kind, AbortSignal.timeout(engineLimitMs)))];
}

async function namesOf(client: EngineClient, kind: NameKind, signal: AbortSignal): Promise<readonly string[]> {
  switch (kind) {
    case "container":
      return (await client.containers.list({ all: true }, { signal })).flatMap(({ Names }) =>
        Names.map((name) => name.replace(/^\//, "")),
      );
    case "project": {
      const found = await client.containers.list(
        { all: true, filters: { label: [composeLabels.project] } },
        { signal },
      );
      return found.flatMap(({ Labels }) => Labels[composeLabels.project] ?? []);
    }
    case "image":
      return (await client.images.list({}, { signal }))
        .flatMap(({ RepoTags }) => RepoTags ?? [])
        .filter((name) => !name.includes("<none>"))
        .flatMap((name) => (name.endsWith(":latest") ? [name.slice(0, -":latest".length), name] : [name]));
    case "network":
      return (await client.networks.list(undefined, { signal })).map(({ Name }) => Name);
    case "volume":
      return (await client.volumes.list(undefined, { signal })).flatMap(({ Name }) => (hexId.test(Name) ? [] : Name));
    case "instance": {
      const { observeInstances } = await import("../../apply/instances/observe-instances.js");
      return (await observeInstances(client, signal)).map(({ name }) => name);
    }
    case "anything": {
      const kinds = ["container", "image", "network", "volume"] as const;
      return (await Promise.all(kinds.map((one) => namesOf(client, one, signal)))).flat();
    }
    default:
      return [];
  }
}
