/** The text of the generated validator of Compose files. */
export declare function compileComposeValidator(): string;

/** The text of the generated validator of plan files. */
export declare function compilePlanValidator(): string;
