/** One violation, as ajv words it. `instancePath` is a JSON pointer, "" for the whole. */
export interface PlanError {
  readonly instancePath: string;
  readonly message?: string;
}

/** True for a value of the plan file's shape; else `validate.errors` has the first violation. */
export declare const validate: ((value: unknown) => boolean) & { errors?: readonly PlanError[] | null };
