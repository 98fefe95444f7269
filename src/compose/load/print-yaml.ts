/** Prints a plain value as YAML, for `config`. Touches nothing, but stands where the `yaml` package may be loaded. */
import { stringify } from "yaml";

/** Block style, two spaces, long texts on one line; ends in a newline. */
export function printYaml(value: unknown): string {
  // YAML 1.1 words such as `yes` and `0440` come out quoted, as other readers of the output may follow 1.1.
  return stringify(value, { lineWidth: 0, indentSeq: true, compat: "yaml-1.1", aliasDuplicateObjects: false });
}
