/** What will be mounted into a container, decided at create and kept in its record. Pure types. */

/** `target` is absolute and normalised. `mode` is the text that a short-form bind gave, for `inspect`. */
export type ResolvedMount = {
  readonly target: string;
  readonly readOnly: boolean;
} & (
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly propagation: string;
      readonly recursive: boolean;
      /** Make the source directory at start when it is absent. */
      readonly createSource: boolean;
      readonly mode: string;
    }
  | {
      readonly kind: "volume";
      readonly name: string;
      /** Made for this container alone: removed with it when volumes are. */
      readonly anonymous: boolean;
      readonly noCopy: boolean;
      readonly subpath?: string;
      readonly driver?: string;
      readonly driverOptions?: Readonly<Record<string, string>>;
      readonly labels?: Readonly<Record<string, string>>;
      readonly mode: string;
    }
  | {
      readonly kind: "tmpfs";
      readonly options: readonly string[];
      /** From `Mounts`; those from `Tmpfs` are not in `inspect`'s list. */
      readonly listed: boolean;
    }
);
