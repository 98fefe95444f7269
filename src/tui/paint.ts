/** Lines as the terminal's escape sequences. */
import type { Line, Tone } from "./model/screen/line.js";

/** SGR parameters; those of the second list stand without colours too. */
const colors: Record<Tone, string> = {
  plain: "",
  dim: "2",
  bold: "1",
  good: "32",
  bad: "31",
  busy: "36",
  wait: "33",
  match: "30;43",
  ...{ log0: "36", log1: "33", log2: "32", log3: "35", log4: "34", log5: "96" },
};
const withoutColors: Partial<Record<Tone, string>> = { dim: "2", bold: "1", bad: "1", match: "7" };

/** One line, its styles closed at its end. */
export function paintLine(line: Line, color: boolean): string {
  return line
    .map(({ text, tone, sgr, inverse }) => {
      const own = (color ? sgr || colors[tone] : withoutColors[tone]) ?? "";
      const codes = [own, inverse ? "7" : ""].filter(Boolean).join(";");
      return codes === "" ? text : `\u001b[${codes}m${text}\u001b[0m`;
    })
    .join("");
}
