/** Where a step stands: the build, its stage, and the image as the steps before have left it. */
import type { ContainerConfig } from "../../../wire/container.js";
import type { LayerPart } from "../../images/images.js";
import type { BuildSession } from "../build-session.js";

export interface StepPlace {
  readonly session: BuildSession;
  /** The stage's number. */
  readonly stage: number;
  readonly config: ContainerConfig;
  /** Lowest first. */
  readonly layers: readonly LayerPart[];
  readonly os: string;
  readonly architecture: string;
}
