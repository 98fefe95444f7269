/** The text of the generated validator of Compose files. */
export declare function compileComposeValidator(): string;
