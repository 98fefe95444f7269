/** The part of a schema that explains itself to people. */
export interface SchemaPart {
  readonly title?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** One violation, as ajv words it. `instancePath` is a JSON pointer, `parentSchema` the schema that was violated. */
export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly propertyName?: string;
  readonly parentSchema?: SchemaPart;
  readonly data?: unknown;
}

/** True for a value of the Compose file's shape; else `validate.errors` has every violation. */
export declare const validate: ((value: unknown) => boolean) & { errors?: readonly SchemaError[] | null };
