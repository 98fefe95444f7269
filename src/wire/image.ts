/** Bodies of the image routes, as the Docker Engine API 1.51 has them. Pure types; field names are the API's. */
import type { BuildEvent } from "./build.js";
import type { ContainerConfig } from "./container.js";

export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[];
  RepoDigests: string[];
  Created: number;
  Size: number;
  SharedSize: number;
  Labels: Record<string, string> | null;
  Containers: number;
}
export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  Created: string;
  DockerVersion: string;
  Author: string;
  Config: ContainerConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  Size: number;
  GraphDriver: { Name: string; Data: Record<string, string> | null };
  RootFS: { Type: "layers"; Layers: string[] };
  Metadata: { LastTagTime: string };
}
/** What a name stands for in its registry. */
export interface DistributionInspect {
  Descriptor: { mediaType: string; digest: string; size: number };
  Platforms: Array<{ architecture: string; os: string; variant?: string }>;
}
/** One step of an image's making; `Id` is "<missing>" for all but the newest. `Created` in seconds since the epoch. */
export interface ImageHistoryItem {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}
export interface ImageDeleteItem {
  Untagged?: string;
  Deleted?: string;
}

/**
 * One line of a pull, import or build stream. `id` is a layer's short id or the tag, `progressDetail` counts bytes.
 * Status texts are those Docker's clients match (`Pulling fs layer`, `Downloading`, `Pull complete`, …).
 */
export interface ProgressMessage {
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  stream?: string;
  aux?: unknown;
  errorDetail?: { code?: number; message: string };
  error?: string;
  /** Gantry's own: the stable code and the next step of a failure; other engines send neither. */
  errorCode?: string;
  hint?: string;
  /** Gantry's own: what a step of a build does, for a client that asked for it. */
  build?: BuildEvent;
}
