/** The filters of `GET /containers/json`. Pure. */
import { GantryError } from "../../../base/errors.js";
import type { PortMap } from "../../../wire/container.js";
import { matchesLabels } from "../../../wire/filters.js";
import type { ContainerRecord } from "../record/container-record.js";
import { countsAsRunning } from "../record/state-machine.js";

type Filters = Readonly<Record<string, readonly string[]>>;

/** What the filters ask beyond the record. */
export interface FilterFacts {
  /** Id of an image by name, or undefined when there is none. */
  readonly imageId: (name: string) => string | undefined;
  /** Creation time of a container by name or id, for `before` and `since`. Throws "container-not-found". */
  readonly createdAt: (container: string) => string;
  readonly networkId: (network: string) => string | undefined;
}

/** Newest first. Only running ones, unless `all`, a limit or a status asks for more. */
export function selectContainers(
  records: readonly ContainerRecord[],
  query: { all: boolean; limit?: number; filters: Filters },
  facts: FilterFacts,
): ContainerRecord[] {
  const limit = query.limit && query.limit > 0 ? query.limit : undefined;
  const everyState = query.all || limit !== undefined || query.filters.status !== undefined;
  const keeps = containerFilter(query.filters, facts);
  return records
    .filter((record) => (everyState || countsAsRunning(record.state.status)) && keeps(record))
    .sort((a, b) => (a.createdAt > b.createdAt ? -1 : a.createdAt < b.createdAt ? 1 : a.id < b.id ? -1 : 1))
    .slice(0, limit);
}

type Test = (record: ContainerRecord) => boolean;

/** Keys are united by AND, values by OR, labels all have to hold. Throws "bad-parameter" for a value that cannot be. */
function containerFilter(filters: Filters, facts: FilterFacts): Test {
  const tests = Object.entries(filters).map(([key, values]) => {
    if (key === "label") return (record: ContainerRecord) => matchesLabels(record.config.Labels ?? {}, values);
    const any = values.map((value) => valueTest(key, value, facts));
    return (record: ContainerRecord) => any.length === 0 || any.some((test) => test(record));
  });
  return (record) => tests.every((test) => test(record));
}

function valueTest(key: string, value: string, facts: FilterFacts): Test {
  switch (key) {
    case "id":
      return pattern(value, (record) => [record.id]);
    case "name":
      return pattern(value, (record) => [record.name, `/${record.name}`]);
    case "status":
      return statusTest(value);
    case "exited":
      return exitedTest(value);
    case "health":
      return healthTest(value);
    case "ancestor": {
      const id = facts.imageId(value);
      return ({ imageId, config }) => imageId === id || config.Image === value;
    }
    case "network":
      return networkTest(value, facts);
    case "volume":
      return volumeTest(value);
    case "before": {
      const at = facts.createdAt(value);
      return ({ createdAt }) => createdAt < at;
    }
    case "since": {
      const at = facts.createdAt(value);
      return ({ createdAt }) => createdAt > at;
    }
    case "publish":
      return portTest(value, ({ state }) => publishedPorts(state.sandbox?.ports ?? {}));
    case "expose":
      return portTest(value, ({ state }) => Object.keys(state.sandbox?.ports ?? {}));
    case "is-task":
      return () => value !== "true" && value !== "1";
    case "isolation":
      return () => value === "default" || value === "";
    default:
      throw new GantryError("bad-parameter", `Invalid filter '${key}'`);
  }
}

function exitedTest(value: string): Test {
  if (!/^-?\d+$/.test(value)) throw new GantryError("bad-parameter", `invalid filter 'exited=${value}'`);
  return ({ state }) => state.status === "exited" && state.exitCode === Number(value);
}

const knownHealths = ["none", "starting", "healthy", "unhealthy"];

function healthTest(value: string): Test {
  if (!knownHealths.includes(value)) {
    throw new GantryError("bad-parameter", `unrecognised filter value for health: ${value}`);
  }
  return ({ state }) => (state.health?.Status ?? "none") === value;
}

const knownStatuses = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

function statusTest(value: string): Test {
  if (!knownStatuses.includes(value)) {
    throw new GantryError("bad-parameter", `invalid filter 'status=${value}'`);
  }
  return ({ state }) => state.status === value;
}

function networkTest(value: string, facts: FilterFacts): Test {
  const wanted = facts.networkId(value);
  return ({ endpoints, state }) => {
    const names = [...Object.keys(endpoints), ...Object.keys(state.sandbox?.endpoints ?? {})];
    return names.some((name) => name === value || (wanted !== undefined && facts.networkId(name) === wanted));
  };
}

function volumeTest(value: string): Test {
  return ({ mounts }) =>
    mounts.some(
      (mount) =>
        mount.target === value ||
        (mount.kind === "volume" && mount.name === value) ||
        (mount.kind === "bind" && mount.source === value),
    );
}

/** On the host, while the container runs. */
function publishedPorts(ports: PortMap): string[] {
  return Object.entries(ports).flatMap(([port, bindings]) => {
    const protocol = port.split("/")[1] ?? "tcp";
    return (bindings ?? []).map(({ HostPort }) => `${HostPort}/${protocol}`);
  });
}

/** `80`, `80/udp` or `8000-8010[/proto]`. */
function portTest(value: string, portsOf: (record: ContainerRecord) => string[]): Test {
  const parsed = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(value);
  if (!parsed) throw new GantryError("bad-parameter", `invalid port: ${value}`);
  const [first, last] = [Number(parsed[1]), Number(parsed[2] ?? parsed[1])];
  const protocol = parsed[3] ?? "tcp";
  return (record) =>
    portsOf(record).some((port) => {
      const [number, own = "tcp"] = port.split("/");
      return own === protocol && Number(number) >= first && Number(number) <= last;
    });
}

/**
 * An unanchored regular expression, or plain text where it is none. It comes from outside, so its length is limited;
 * names and ids are short, which bounds the work.
 */
function pattern(value: string, textsOf: (record: ContainerRecord) => string[]): Test {
  if (value.length > 256) throw new GantryError("bad-parameter", "A filter's value is longer than 256 characters");
  const expression = compile(value);
  return (record) => textsOf(record).some((text) => text === value || (expression?.test(text) ?? text.includes(value)));
}

function compile(value: string): RegExp | undefined {
  try {
    return new RegExp(value);
  } catch {
    return undefined;
  }
}
