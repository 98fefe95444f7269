/** The file of what each case must come to: `=== NAME`, then the text of `observe-build.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("expected.txt", import.meta.url));

export function readExpectations(): Map<string, string> {
  const sections = readFileSync(path, "utf8").split(/^=== /m).slice(1);
  return new Map(
    sections.map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end), section.slice(end + 1)];
    }),
  );
}

export function writeExpectations(all: ReadonlyMap<string, string>): void {
  writeFileSync(path, [...all].map(([name, text]) => `=== ${name}\n${text}`).join(""));
}
