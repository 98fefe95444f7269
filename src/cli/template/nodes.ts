/** What a template is made of once it is parsed. Pure. */

/** A value to be worked out. `at` is the offset in the template's text. */
export type Operand = { readonly at: number } & (
  | { readonly kind: "dot" }
  /** `$` has the name "". */
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "constant"; readonly value: string | number | boolean | null }
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline }
  /** `.A.B` after a value. */
  | { readonly kind: "chain"; readonly of: Operand; readonly fields: ReadonlyArray<{ name: string; at: number }> }
);

/** A function or method with its arguments, or a value alone. */
export interface Command {
  readonly head: Operand;
  readonly args: readonly Operand[];
}

/** `$a, $b := first | second`. */
export interface Pipeline {
  readonly at: number;
  readonly declares: readonly string[];
  /** `=` in place of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export type Node = { readonly at: number } & (
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: "break" | "continue" }
  | { readonly kind: "template"; readonly name: string; readonly pipeline: Pipeline | undefined }
);

/** A template and those that it defines, by name. */
export interface Template {
  readonly source: string;
  readonly body: readonly Node[];
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}
