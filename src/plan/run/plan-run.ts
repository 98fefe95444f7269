/**
 * Plans `run`: what the service depends on, then a container of its own for one command, beside the replicas.
 *
 * Pure. Dependencies are planned as by `up`; the service's replicas are left alone. Follows Docker Compose: no
 * published ports and no aliases unless asked for, no restart policy, the one-off labels, no replica number.
 */
import type { MountSpec, PortSpec, Project, Service } from "../../compose/project.js";
import type { ContainerCreateBody } from "../../wire/container.js";
import type { ObservedState } from "../observed.js";
import type { Plan } from "../operation.js";
import { planContainers, prerequisites } from "../plan-containers.js";
import { planStarts } from "../plan-starts.js";
import { judgeServices, planOrphans, prepare } from "../plan-up.js";
import { containerBody } from "../service/container-body.js";
import { containerLabels, imageNameOf, oneOffName } from "../service/names.js";
import { hashService } from "../service/service-hash.js";
import { toldBody } from "../steps/provisions.js";
import { newDraft, requestStart, type UpDraft } from "../up-draft.js";
import { optionalServices, selectContainers, type UpOptions } from "../up-options.js";

/** What the command line puts over the service; absent leaves the service's own. */
export interface OneOff {
  readonly service: string;
  /** 64 hex digits, random: the label `slug`, and the end of the name. */
  readonly slug: string;
  readonly name?: string;
  readonly command: readonly string[];
  /** Given without a command it also clears the service's command. */
  readonly entrypoint?: readonly string[];
  readonly environment: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly working_dir?: string;
  readonly cap_add: readonly string[];
  readonly cap_drop: readonly string[];
  readonly volumes: readonly MountSpec[];
  /** In place of the service's ports, which are published only with `servicePorts`. */
  readonly ports: readonly PortSpec[];
  readonly servicePorts: boolean;
  readonly useAliases: boolean;
  readonly autoRemove: boolean;
  readonly tty: boolean;
  readonly interactive: boolean;
  /** Nobody stays attached. */
  readonly detach: boolean;
}

/** The last start is the one-off's. `options` shape the dependencies; throws as `planUp` does. */
export function planRun(
  project: Project,
  observed: ObservedState,
  { oneOff, options }: { oneOff: OneOff; options: UpOptions },
): Plan {
  const scale = new Map([...options.scale, [oneOff.service, 1]]);
  const own: UpOptions = { ...options, services: [oneOff.service], scale };
  const selected = selectContainers(project, own);
  const target = selected.find((service) => service.name === oneOff.service);
  const verdicts = new Map(judgeServices(project, observed, own));
  verdicts.delete(oneOff.service); // its replicas stay as they are
  const draft = newDraft({ project, observed, options: own, selected, verdicts });
  prepare(draft);
  planContainers(draft);
  if (target) createOneOff(draft, target, oneOff);
  planStarts(draft);
  planOrphans(draft);
  return draft.builder.build(project.name, optionalServices(project, own.services));
}

function createOneOff(draft: UpDraft, service: Service, oneOff: OneOff): void {
  const name = oneOff.name ?? oneOffName(draft.project.name, service, oneOff.slug);
  const told = toldBody(draft, service, oneOffBody(draft, service, oneOff));
  const created = draft.builder.add(
    { kind: "create-container", service: service.name, name, finalName: name, number: 0, ...told },
    "asked for",
    { after: prerequisites(draft, service) },
  );
  requestStart(draft, {
    container: { name, service: service.name, createdBy: created },
    after: [created],
    cause: "asked for",
    isOneOff: true,
  });
}

function oneOffBody(draft: UpDraft, original: Service, oneOff: OneOff): ContainerCreateBody {
  const { project, observed, options, pulls } = draft;
  const service = overridden(original, oneOff);
  const imageName = imageNameOf(project.name, service);
  const image = pulls.has(imageName) ? undefined : observed.images.get(imageName);
  const labels = containerLabels(project, service, {
    slug: oneOff.slug,
    hash: hashService(original, project, observed),
    version: options.version,
    ...(image ? { imageId: image.Id } : {}),
  });
  const body = containerBody(project, service, { labels, inherited: [] });
  const isAttachedToInput = oneOff.interactive && !oneOff.detach;
  const { EndpointsConfig } = body.NetworkingConfig ?? {};
  const endpoints = Object.entries(EndpointsConfig ?? {}).map(([network, place]) => [
    network,
    oneOff.useAliases ? place : { ...place, Aliases: [] },
  ]);
  return {
    ...body,
    AttachStdin: isAttachedToInput,
    AttachStdout: !oneOff.detach,
    AttachStderr: !oneOff.detach,
    OpenStdin: oneOff.interactive,
    StdinOnce: isAttachedToInput,
    HostConfig: { ...body.HostConfig, AutoRemove: oneOff.autoRemove },
    ...(EndpointsConfig ? { NetworkingConfig: { EndpointsConfig: Object.fromEntries(endpoints) } } : {}),
  };
}

function overridden(service: Service, oneOff: OneOff): Service {
  const { restart: _restart, container_name: _name, ...rest } = service;
  const without = (list: readonly string[], names: readonly string[]) => list.filter((name) => !names.includes(name));
  const mounted = new Set(oneOff.volumes.map((mount) => mount.target));
  const clearsCommand = oneOff.entrypoint !== undefined || oneOff.command.length > 0;
  const { command: _command, ...bare } = rest;
  return {
    ...(clearsCommand ? bare : rest),
    ...(oneOff.command.length > 0 ? { command: oneOff.command } : {}),
    ...(oneOff.entrypoint === undefined ? {} : { entrypoint: oneOff.entrypoint }),
    ...(oneOff.user === undefined ? {} : { user: oneOff.user }),
    ...(oneOff.working_dir === undefined ? {} : { working_dir: oneOff.working_dir }),
    environment: { ...service.environment, ...oneOff.environment },
    labels: { ...service.labels, ...oneOff.labels },
    cap_add: [...without(service.cap_add, oneOff.cap_drop), ...oneOff.cap_add],
    cap_drop: [...without(service.cap_drop, oneOff.cap_add), ...oneOff.cap_drop],
    volumes: [...service.volumes.filter((mount) => !mounted.has(mount.target)), ...oneOff.volumes],
    ports: oneOff.servicePorts ? service.ports : oneOff.ports,
    tty: oneOff.tty,
    stdin_open: oneOff.interactive,
  };
}
