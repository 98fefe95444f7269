/** A dev container as a Compose file of its own, or as one that goes on top of those that it names. Pure. */
import type { DevJob, DevUrl } from "../../compose/extension.js";
import type { Devcontainer, LifecycleName } from "./read-devcontainer.js";

/** What `gantry dev` makes of it. */
export interface DevcontainerProject {
  /** A Compose file as JSON. */
  readonly composeText: string;
  /** The container's service. */
  readonly service: string;
  readonly jobs: readonly DevJob[];
  /** Undefined where no port is forwarded. */
  readonly urls?: readonly DevUrl[];
}

/** The service of a dev container that no Compose file names. */
const ownService = "devcontainer";
/** Ends at once when it is told to, as a shell that sleeps does not. */
const stayCommand = ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"];

/** Nothing here is interpolated, but for the address of forwarded ports: that of the copy, else this host's own. */
export function devcontainerProject(container: Devcontainer): DevcontainerProject {
  const { source, forwardPorts, portLabels } = container;
  const service = source.kind === "compose" ? source.service : ownService;
  const ports = new Map<string, string[]>();
  for (const { service: other = service, port } of forwardPorts) {
    ports.set(other, [...(ports.get(other) ?? []), `\${GANTRY_ADDRESS:-127.0.0.1}:${port}:${port}`]);
  }
  const own = literal(serviceOf(container));
  const published = [...(ports.get(service) ?? []), ...container.appPorts];
  const services: Record<string, unknown> = {
    [service]: { ...own, ...(published.length > 0 ? { ports: published } : {}) },
  };
  for (const [other, lines] of ports) if (other !== service) services[other] = { ports: lines };
  const urls = forwardPorts.map(({ service: other = service, port }): DevUrl => {
    const name = portLabels.get(port);
    return { service: other, port, ...(name === undefined ? {} : { name }) };
  });
  return {
    composeText: JSON.stringify({ services, ...volumesOf(container) }, null, 2),
    service,
    jobs: jobsOf(container, service),
    ...(urls.length > 0 ? { urls } : {}),
  };
}

function serviceOf(container: Devcontainer): Record<string, unknown> {
  const { source, containerEnv, containerUser, overrideCommand, mounts } = container;
  const isCompose = source.kind === "compose";
  const stays = overrideCommand ?? !isCompose;
  const workspace =
    container.workspaceMount ?? `type=bind,source=${container.localFolder},target=${container.workspaceFolder}`;
  const volumes = [...(isCompose ? [] : [workspace]), ...mounts].map(mountOf);
  return {
    ...(source.kind === "image" ? { image: source.image } : {}),
    ...(source.kind === "build"
      ? { build: { context: source.context, dockerfile: source.dockerfile, ...source.options } }
      : {}),
    ...(stays ? { entrypoint: stayCommand } : {}),
    ...(isCompose ? {} : { working_dir: container.workspaceFolder }),
    ...(Object.keys(containerEnv).length > 0 ? { environment: containerEnv } : {}),
    ...(containerUser === undefined ? {} : { user: containerUser }),
    ...(container.init ? { init: true } : {}),
    ...(container.privileged ? { privileged: true } : {}),
    ...(container.capAdd.length > 0 ? { cap_add: container.capAdd } : {}),
    ...(container.securityOpt.length > 0 ? { security_opt: container.securityOpt } : {}),
    ...(volumes.length > 0 ? { volumes } : {}),
  };
}

/** Parts like `a b` and `a-b` come to one name: the later one gets a number. */
function free(name: string, taken: Set<string>): string {
  let found = name;
  for (let number = 2; taken.has(found); number += 1) found = `${name}-${number}`;
  taken.add(found);
  return found;
}

/** `type=bind,source=…,target=…`, or the same as a mapping. */
function mountOf(mount: unknown): Record<string, unknown> {
  const fields =
    typeof mount === "string"
      ? Object.fromEntries(
          mount.split(",").map((part) => {
            const at = part.indexOf("=");
            return at < 0 ? [part.trim(), "true"] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
          }),
        )
      : { ...(mount as Record<string, unknown>) }; // an object by the specification; Compose's schema checks the rest
  const {
    type = "volume",
    source,
    src = source,
    target,
    dst = target,
    destination = dst,
    readonly,
    ro = readonly,
  } = fields;
  return {
    type,
    ...(src === undefined ? {} : { source: src }),
    target: destination,
    ...(ro === undefined || ro === "false" ? {} : { read_only: true }),
  };
}

/** Named volumes have the name that is written, so that they outlive the project as with other tools. */
function volumesOf({ mounts, workspaceMount }: Devcontainer): Record<string, unknown> {
  const named = [...mounts, ...(workspaceMount === undefined ? [] : [workspaceMount])]
    .map(mountOf)
    .flatMap(({ type, source }) => (type === "volume" && typeof source === "string" ? [source] : []));
  if (named.length === 0) return {};
  return { volumes: Object.fromEntries(named.map((name) => [name, { name }])) };
}

/** A dollar sign is one, whatever follows it. */
function literal(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value).replaceAll("$", "$$$$")) as Record<string, unknown>; // a mapping goes in
}

const repeats: Readonly<Record<LifecycleName, DevJob["repeats"]>> = {
  onCreateCommand: undefined,
  updateContentCommand: undefined,
  postCreateCommand: undefined,
  postStartCommand: "start",
  postAttachCommand: "always",
};

/** Each waits for all of the command before. */
function jobsOf(container: Devcontainer, service: string): DevJob[] {
  const user = container.remoteUser ?? container.containerUser;
  let after: string[] = [];
  return [...container.lifecycle].flatMap(([lifecycle, commands]) => {
    const repeat = repeats[lifecycle];
    const names = new Set<string>();
    const jobs = Object.entries(commands).map(
      ([part, command]): DevJob => ({
        name: free(part === "" ? lifecycle : `${lifecycle}-${part.replace(/[^\w.-]+/g, "-")}`, names),
        ...{ service, command, exec: true, after, inputs: [], environment: container.remoteEnv },
        ...(user === undefined ? {} : { user }),
        working_dir: container.workspaceFolder,
        ...(repeat === undefined ? {} : { repeats: repeat }),
      }),
    );
    after = jobs.map(({ name }) => name);
    return jobs;
  });
}
