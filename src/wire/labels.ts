/**
 * The labels by which a Compose tool knows its own objects: those of Docker Compose, so that both see the same project.
 */

const prefix = "com.docker.compose";
export const composeLabels = {
  project: `${prefix}.project`,
  service: `${prefix}.service`,
  version: `${prefix}.version`,
  configHash: `${prefix}.config-hash`,
  containerNumber: `${prefix}.container-number`,
  oneoff: `${prefix}.oneoff`,
  slug: `${prefix}.slug`,
  dependsOn: `${prefix}.depends_on`,
  image: `${prefix}.image`,
  hook: `${prefix}.hook`,
  replace: `${prefix}.replace`,
  network: `${prefix}.network`,
  volume: `${prefix}.volume`,
  workingDir: `${prefix}.project.working_dir`,
  configFiles: `${prefix}.project.config_files`,
  environmentFile: `${prefix}.project.environment_file`,
} as const;

/** Gantry's own: a digest of the variables that a container was told by providers and models. */
export const receivedLabel = "gantry.received";

/** Gantry's own: the version that made the object. Where it is missing, another Compose tool did. */
export const makerLabel = "gantry.version";

/**
 * Gantry's own, on everything that a copy of a project is made of: its name, its loopback address, its folder, and what
 * it is named after.
 */
export const instanceLabels = {
  name: "gantry.instance",
  address: "gantry.instance.address",
  directory: "gantry.instance.directory",
  origin: "gantry.instance.origin",
} as const;

/**
 * Gantry's own: digests, as a JSON object by field, of what a container was made from and no engine shows in the words
 * it was asked in. Those of secrets are keyed.
 */
export const digestsLabel = "gantry.digests";

/** Gantry's own, on the volume that says that a job of `gantry dev` has run: a digest of what it did. */
export const devJobLabel = "gantry.dev.job";

/** Gantry's own, on a volume that came back from the trash by itself, as nobody knew any more whose it was. */
export const recoveredLabel = "gantry.recovered";
