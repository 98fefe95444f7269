/** What a build is asked for, and what it tells. Pure types. */
import type { Readable } from "node:stream";
import type { BuildCachePlace } from "../../dockerfile/caches/build-cache.js";
import type { BuildEvent } from "../../wire/build.js";
import type { HostConfig } from "../../wire/container.js";
import type { ProgressMessage } from "../../wire/image.js";
import type { RegistryAuth } from "../images/images.js";

/** Where COPY and the Dockerfile come from. */
export type BuildContext =
  /** A tar of any compression. */
  | { readonly kind: "archive"; readonly body: Readable }
  /** A directory of this host, as its owner sees it: only what is asked for is read. */
  | { readonly kind: "directory"; readonly path: string }
  /** A git repository, an archive or a Dockerfile at an address. */
  | { readonly kind: "remote"; readonly url: string };

/** What an additional context's name stands for. */
export type NamedContext =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "image"; readonly name: string }
  /** An image of an OCI layout on this host, by its tag or digest where it holds several. */
  | { readonly kind: "layout"; readonly path: string; readonly reference?: string }
  | { readonly kind: "remote"; readonly url: string };

export interface BuildRequest {
  readonly context: BuildContext;
  /** Path in the context. */
  readonly dockerfile: string;
  /** The Dockerfile itself, in place of the context's. */
  readonly dockerfileText?: string;
  readonly tags: readonly string[];
  readonly args: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly noCache: boolean;
  /** Stages that are built anew. */
  readonly noCacheFilter: readonly string[];
  readonly pull: boolean;
  /** Keep the containers of RUN. */
  readonly keepContainers: boolean;
  /** Limits and options of RUN's containers; `NetworkMode` and `ExtraHosts` among them. */
  readonly host: HostConfig;
  readonly secrets: ReadonlyMap<string, Buffer>;
  /** Sockets of agents on this host. */
  readonly ssh: ReadonlyMap<string, string>;
  readonly contexts: ReadonlyMap<string, NamedContext>;
  /** Where steps may be found. */
  readonly cacheFrom: readonly BuildCachePlace[];
  /** Where this build's steps go. */
  readonly cacheTo: readonly BuildCachePlace[];
  /** Entitlements: `network.host`, `security.insecure`. */
  readonly allow: ReadonlySet<string>;
  /** Nobody is asked for images, files and repositories; RUN has its network all the same. */
  readonly isOffline: boolean;
  /** By the registry's host. */
  readonly authFor: (registry: string) => RegistryAuth | undefined;
  /** Told before the first step: what was asked for and has no effect. */
  readonly warnings: readonly string[];
  /** Check the Dockerfile, build nothing. */
  readonly checkOnly: boolean;
  /** Tell what steps do rather than the classic builder's words. */
  readonly tellsSteps: boolean;
}

/** What a build tells on its way, in the order in which one builder would do it all. */
export type BuildMessage =
  | { readonly kind: "text"; readonly text: string }
  /** The classic builder's words about a step. */
  | { readonly kind: "words"; readonly text: string }
  | { readonly kind: "step"; readonly event: BuildEvent }
  /** A line of a pull. */
  | { readonly kind: "pull"; readonly message: ProgressMessage };

export type Tell = (message: BuildMessage) => void;

/** Where a step failed, for whoever shows it. `exitCode` when its command ran. */
export interface FailedStep {
  readonly file: string;
  readonly line: number;
  readonly command: string;
  readonly exitCode?: number;
  /** The last lines of its output. */
  readonly output: readonly string[];
}
