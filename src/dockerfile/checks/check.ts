/** What BuildKit's build checks find in a Dockerfile, and the directive that says what becomes of it. Pure. */
import type { Place } from "../dockerfile.js";

/** One finding. `rule` is its name as `# check=skip=…` has it. */
export interface Finding {
  readonly rule: string;
  readonly message: string;
  readonly place: Place;
  readonly hint?: string;
}

/** Names in lower case; `all` skips every rule. */
export interface CheckSettings {
  readonly skip: ReadonlySet<string>;
  /** Findings are errors. */
  readonly error: boolean;
  /** Rules that are not looked for unless they are named here. */
  readonly experimental: ReadonlySet<string>;
}

/** `skip=RULE,RULE;error=true;experimental=RULE`. */
export function readCheckSettings(text: string): CheckSettings {
  const fields = new Map(
    text.split(";").map((field): [string, string] => {
      const [key = "", value = ""] = field.split(/=(.*)/s, 2);
      return [key.trim().toLowerCase(), value.trim()];
    }),
  );
  const names = (key: string) => new Set((fields.get(key) ?? "").split(",").map((rule) => rule.trim().toLowerCase()));
  return { skip: names("skip"), experimental: names("experimental"), error: fields.get("error") === "true" };
}

/** Whether a rule's findings are told. */
export function isChecked(rule: string, { skip }: CheckSettings): boolean {
  return !skip.has("all") && !skip.has(rule.toLowerCase());
}
