/**
 * What Compose files say to Gantry alone, under `x-gantry`: other tools pass it over.
 *
 * Pure types. Durations are integer nanoseconds. Unknown members are refused, as in the rest of the file.
 */

/** `x-gantry` of a service. */
export interface ServiceExtension {
  /** How long connections of a container that is replaced may go on. Undefined: ten seconds. */
  readonly drain?: number;
}
