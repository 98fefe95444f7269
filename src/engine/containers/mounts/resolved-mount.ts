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
      /** Whether what is mounted below a read-only source is read-only too; absent: where the kernel can do it. */
      readonly readOnlyBelow?: "must" | "may" | "no";
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
      readonly kind: "image";
      /** As the request names it. */
      readonly image: string;
      readonly imageId: string;
      readonly chainIds: readonly string[];
      /** The id of its root file system in `layers`: the image's layers, and nothing ever written above them. */
      readonly layerId: string;
      readonly subpath?: string;
    }
  | {
      readonly kind: "tmpfs";
      readonly options: readonly string[];
      /** From `Mounts`; those from `Tmpfs` are not in `inspect`'s list. */
      readonly listed: boolean;
    }
);
