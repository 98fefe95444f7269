/** Why a canonical value is what it is when no file wrote it. Pure. A table, by the value's keys. */
import type { Key } from "./find-keys.js";

/** How a value came to be: `default` is the specification's, `derived` follows from something else that is named. */
export interface Origin {
  readonly kind: "written" | "short-form" | "environment" | "default" | "derived" | "unset";
  readonly note?: string;
}

const byDefault = (note: string): Origin => ({ kind: "default", note: `default of the specification: ${note}` });
const derived = (note: string): Origin => ({ kind: "derived", note: `derived from ${note}` });
const fileTarget = derived("its source: a relative target stands in the container's folder for such files");

/** `*` is any name or index. */
const origins: Readonly<Record<string, Origin>> = {
  services: byDefault("no services"),
  "services.*.command": byDefault("the image's own command"),
  "services.*.entrypoint": byDefault("the image's own entrypoint"),
  "services.*.networks.default": byDefault("a service that names no network joins this one"),
  "services.*.ports.*.host_ip": derived("the address of this copy of the project"),
  "services.*.ports.*.mode": byDefault("ingress"),
  "services.*.ports.*.protocol": byDefault("tcp"),
  "services.*.volumes.*.type": derived("the form of its source: a path is a bind mount, anything else a volume"),
  "services.*.volumes.*.bind": byDefault("no options"),
  "services.*.volumes.*.volume": byDefault("no options"),
  "services.*.volumes.*.tmpfs": byDefault("no options"),
  "services.*.configs.*.target": fileTarget,
  "services.*.secrets.*.target": fileTarget,
  "services.*.depends_on.*.condition": byDefault("service_started"),
  "services.*.depends_on.*.required": byDefault("true"),
  "services.*.depends_on.*.restart": derived("the attribute that needs the other service"),
  "services.*.build.context": byDefault("the project directory"),
  "services.*.build.dockerfile": byDefault("Dockerfile"),
  "services.*.deploy.placement": byDefault("no constraints"),
  "services.*.deploy.resources": byDefault("no limits"),
  "services.*.develop.watch.*.exec.command": byDefault("no command"),
  "services.*.pre_start.*.image": derived("the service's image"),
  "services.*.devices.*.target": derived("its source: the device has the same path in the container"),
  "services.*.devices.*.permissions": byDefault("rwm"),
  "services.*.healthcheck.test.0": derived("the form of the test: a text is run by the container's shell"),
  "networks.*.ipam": byDefault("no options"),
  "networks.*.ipam.config": byDefault("no address pools"),
  ...Object.fromEntries(["networks", "volumes", "configs", "secrets"].flatMap(namesOf)),
};

/** Undefined when the table has nothing to say: then a file should have written the value. */
export function unwrittenOrigin(keys: readonly Key[]): Origin | undefined {
  const names = keys.map(String);
  const found = Object.entries(origins).find(([pattern]) => {
    const parts = pattern.split(".");
    return parts.length === names.length && parts.every((part, at) => part === "*" || part === names[at]);
  });
  return found?.[1];
}

/** Members of a short form that its text may leave out; all others are somewhere in it. */
export function shortFormOrigin(keys: readonly Key[], text: string): Origin {
  const attribute = `${keys[2]}.${keys.slice(keys.length > 4 ? 4 : 3).join(".")}`;
  const parts = text.split(":");
  const isLeftOut: Readonly<Record<string, boolean>> = {
    "ports.host_ip": parts.length < 3,
    "ports.mode": true,
    "ports.protocol": !text.includes("/"),
    "volumes.type": true,
    "volumes.bind": parts.length < 3,
    "volumes.volume": parts.length < 3,
    "configs.target": true,
    "secrets.target": true,
    "depends_on.condition": true,
    "depends_on.required": true,
    "devices.target": parts.length < 2 || (parts.length === 2 && !parts[1]?.startsWith("/")),
    "devices.permissions": parts.length < 3 && !/:[rwm]{1,3}$/.test(text),
    "build.dockerfile": true,
    "healthcheck.0": true,
  };
  return (isLeftOut[attribute] ? unwrittenOrigin(keys) : undefined) ?? { kind: "short-form" };
}

function namesOf(section: string): Array<[string, Origin]> {
  return [
    [`${section}.*.name`, derived("the project's name and the key, or the key alone when it is external")],
    [`${section}.*.external`, derived("its own mapping")],
  ];
}
