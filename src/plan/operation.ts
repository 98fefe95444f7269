/**
 * One engine call, or one wait, of a plan. Every choice was made when the plan was drawn; the executor decides nothing.
 *
 * Pure types. The words about an operation that people read: `print/operation-words.ts`.
 */

import type { SourceLocation } from "../base/diagnostic.js";
import type { ModelSpec } from "../compose/project.js";
import type { ContainerCreateBody, ExecCreateBody, Resources, RestartPolicy } from "../wire/container.js";
import type { EndpointSettings, NetworkCreateBody } from "../wire/network.js";
import type { VolumeCreateBody } from "../wire/volume.js";
import type { ImageBuild } from "./build/image-build.js";
import type { Action } from "./compare/actions.js";
import type { Monitor } from "./rollout/update-policy.js";

/**
 * One field that differs: its path, what is, what should be, and the place in a Compose file that asks for it. `action`
 * is what this one alone would take.
 */
export interface FieldChange {
  readonly path: string;
  readonly old?: string;
  readonly new?: string;
  readonly source?: SourceLocation;
  readonly action?: Action;
}

/** Why an operation is there. `reason` reads as one; `changes` are in path order. */
export interface Cause {
  readonly reason: string;
  readonly changes?: readonly FieldChange[];
  readonly source?: SourceLocation;
}

/**
 * A container: of `id` when it exists, else the one that operation `createdBy` makes. `name` is the one it bears in
 * the end, which is what people read.
 */
export interface ContainerRef {
  readonly name: string;
  readonly service: string;
  readonly id?: string;
  readonly createdBy?: string;
}

/** What a `wait-for` waits for, of every container it names. */
export type WaitCondition = "healthy" | "completed" | "running-or-healthy";

/**
 * `after` names operations that must have succeeded before, `settled` those that must merely have ended. `isStep`
 * marks the inner steps of a replacement, which short views leave out. Once one that it `finishes` was carried out, an
 * operation is carried out even if the run was cancelled meanwhile: without it something would be left half done.
 * One that `remedies` others is carried out only if one of them did not end well; with none, it is not needed. One with
 * `onlyIf` is there to be read: whether it is carried out is decided once the images are there (`stages/`).
 */
export interface OperationBase {
  readonly id: string;
  readonly cause: Cause;
  readonly after: readonly string[];
  readonly settled?: readonly string[];
  readonly isStep?: boolean;
  readonly finishes?: readonly string[];
  readonly remedies?: readonly string[];
  readonly update?: UpdateStep;
  readonly onlyIf?: "same-images" | "other-images";
  /** Only services whose absence is put up with need it (`required: false`): its failure is a warning. */
  readonly isOptional?: boolean;
}

/**
 * Of an operation that belongs to a service's update by `update_config`: whether it changes what serves, or which
 * operations it takes back.
 */
export interface UpdateStep {
  readonly service: string;
  readonly changes?: true;
  readonly restores?: readonly string[];
}

export type OperationKind =
  | UpdateOperation
  | {
      readonly kind: "pull-image";
      readonly image: string;
      readonly platform?: string;
      readonly services: readonly string[];
      /** There is an image of the name, which may be the newest still. */
      readonly again?: true;
    }
  | {
      readonly kind: "build-image";
      readonly image: string;
      readonly services: readonly string[];
      /** There is an image of the name, which may come out as it was. */
      readonly again?: true;
      readonly build: ImageBuild;
    }
  | { readonly kind: "remove-image"; readonly image: string }
  | { readonly kind: "create-network"; readonly body: NetworkCreateBody }
  | {
      readonly kind: "remove-network";
      readonly name: string;
      readonly networkId: string;
      readonly leaveIfUsed: boolean;
    }
  | { readonly kind: "disconnect-network"; readonly network: string; readonly container: ContainerRef }
  | {
      readonly kind: "connect-network";
      readonly network: string;
      readonly container: ContainerRef;
      readonly endpoint: EndpointSettings;
    }
  | { readonly kind: "create-volume"; readonly body: VolumeCreateBody & { readonly Name: string } }
  | {
      readonly kind: "remove-volume";
      readonly name: string;
      /** Where the engine's trash takes it, it can come back for a while. */
      readonly toTrash?: true;
    }
  | { readonly kind: "restore-volume"; readonly name: string; readonly trashId: string }
  | {
      readonly kind: "create-container";
      readonly service: string;
      /** The name it is created under; a replacement bears a temporary one until the old container is gone. */
      readonly name: string;
      readonly finalName: string;
      readonly number: number;
      readonly body: ContainerCreateBody;
      /** Variables that are known only once the operations that give them have ended. */
      readonly receives?: readonly Received[];
      /** The engine's own socket goes into it, with the credentials of registries. */
      readonly apiSocket?: true;
    }
  | {
      readonly kind: "run-hook";
      readonly container: ContainerRef;
      /** `post_start[0]`: which hook, and which of them. */
      readonly hook: string;
      readonly body: ExecCreateBody;
    }
  | {
      /** A `pre_start` hook, in a container of its own, which goes when the hook succeeded. */
      readonly kind: "run-job";
      readonly service: string;
      readonly name: string;
      readonly hook: string;
      readonly body: ContainerCreateBody;
      readonly receives?: readonly Received[];
    }
  | {
      /** A program outside of the engine brings a service, or takes it away. */
      readonly kind: "run-provider";
      readonly service: string;
      readonly type: string;
      readonly command: "up" | "down" | "stop";
      readonly options: Readonly<Record<string, readonly string[]>>;
    }
  | { readonly kind: "prepare-model"; readonly model: ModelSpec }
  | { readonly kind: "start-container"; readonly container: ContainerRef }
  | { readonly kind: "unpause-container"; readonly container: ContainerRef }
  | { readonly kind: "pause-container"; readonly container: ContainerRef }
  | { readonly kind: "restart-container"; readonly container: ContainerRef; readonly timeoutS?: number }
  | { readonly kind: "stop-container"; readonly container: ContainerRef; readonly timeoutS?: number }
  | { readonly kind: "kill-container"; readonly container: ContainerRef; readonly signal: string }
  | {
      readonly kind: "remove-container";
      readonly container: ContainerRef;
      readonly force: boolean;
      /** Anonymous volumes go with it. */
      readonly volumes: boolean;
    }
  | { readonly kind: "rename-container"; readonly container: ContainerRef; readonly to: string }
  | {
      /** Limits and the restart policy, while it runs. */
      readonly kind: "update-container";
      readonly container: ContainerRef;
      readonly body: UpdateBody;
    }
  | {
      readonly kind: "wait-for";
      readonly service: string;
      readonly condition: WaitCondition;
      readonly containers: readonly ContainerRef[];
      readonly timeoutMs?: number;
      /** False: its failure is a warning, and what waits for it goes on. */
      readonly required: boolean;
    };

/** What an engine changes of a container that exists; what is left out stays. */
export type UpdateBody = Resources & { RestartPolicy?: RestartPolicy };

/** The operations by which `update_config` is carried out. */
export type UpdateOperation =
  | {
      /** Until it has run well for as long as `monitor` says; it fails when the container exits or turns unhealthy. */
      readonly kind: "watch-replica";
      readonly container: ContainerRef;
      readonly monitor: Monitor;
      readonly timeoutMs?: number;
    }
  | {
      /** A container on standby takes another one's published ports, names and name; without `from` its own alone. */
      readonly kind: "take-over";
      readonly container: ContainerRef;
      readonly from?: ContainerRef;
    }
  | {
      /** Waits until no client is connected to it any more, but not longer than the limit. */
      readonly kind: "drain-container";
      readonly container: ContainerRef;
      readonly limitMs: number;
    }
  | {
      /** Removes a container that still stands by; one that has taken over stays. */
      readonly kind: "discard-replacement";
      readonly container: ContainerRef;
    }
  | {
      /** Fails when more than `maxFailureRatio` of `total` containers were not replaced well; `attempts` tell. */
      readonly kind: "judge-update";
      readonly service: string;
      readonly attempts: readonly string[];
      readonly total: number;
      readonly maxFailureRatio: number;
      readonly action: "pause" | "rollback";
    }
  | { readonly kind: "pause-update"; readonly service: string; readonly delayMs: number };

const updateKinds: ReadonlySet<string> = new Set<UpdateOperation["kind"]>([
  ...(["watch-replica", "take-over", "drain-container"] as const),
  ...(["discard-replacement", "judge-update", "pause-update"] as const),
]);

export function isUpdateOperation<Op extends OperationKind>(op: Op): op is Op & UpdateOperation {
  return updateKinds.has(op.kind);
}

/** What a container is told of others: a provider's variables, or at which address a model answers. */
export type Received =
  | { readonly kind: "provider"; readonly service: string }
  | { readonly kind: "model"; readonly variable: string };

export type Operation = OperationBase & OperationKind;

/** A plan: operations in an order in which they could run one by one, and what the user should know beforehand. */
export interface Plan {
  readonly project: string;
  readonly operations: readonly Operation[];
  readonly warnings: readonly PlanWarning[];
}

export interface PlanWarning {
  readonly message: string;
  readonly hint?: string;
}
