import { expect, it } from "vitest";
import type { Diagnostic } from "../base/diagnostic.js";
import { renderDiagnostics } from "./render-diagnostics.js";

const text = "services:\n  web:\n    image: app\n    prots: [80]\n    user: me\n    tty: true\n";
const problem: Diagnostic = {
  severity: "error",
  code: "unknown-key",
  message: '"prots" is not known in services.web',
  path: "services.web.prots",
  source: { file: "/demo/compose.yaml", line: 4, column: 5 },
  hint: 'Did you mean "ports"?',
};
const render = (diagnostics: readonly Diagnostic[], color = false) =>
  renderDiagnostics(diagnostics, (file) => (file === "/demo/compose.yaml" ? text : undefined), { color, cwd: "/demo" });

it("shows the place, the lines around it, what was expected and what to do", () => {
  const warning: Diagnostic = {
    severity: "warning",
    code: "unset-variable",
    message: "Variable TAG is not set",
    source: { file: "/demo/compose.yaml", line: 6, column: 10 },
    expected: "a value",
  };
  expect(render([problem, warning])).toBe(`compose.yaml:4:5: error[unknown-key]: "prots" is not known in services.web
    2 |   web:
    3 |     image: app
  > 4 |     prots: [80]
      |     ^
    5 |     user: me
    6 |     tty: true
  hint: Did you mean "ports"?

compose.yaml:6:10: warning[unset-variable]: Variable TAG is not set
    4 |     prots: [80]
    5 |     user: me
  > 6 |     tty: true
      |          ^
  expected: a value

1 error, 1 warning
  see docs/diagnostics.md#unknown-key
  see docs/diagnostics.md#unset-variable
`);
});

it("shows a problem without a place, or in a file that cannot be read, by its message", () => {
  const { source: _source, ...nowhere } = problem;
  expect(render([nowhere, { ...problem, source: { file: "-", line: 1, column: 2 } }])).toBe(
    `error[unknown-key]: "prots" is not known in services.web
  hint: Did you mean "ports"?

(stdin):1:2: error[unknown-key]: "prots" is not known in services.web
  hint: Did you mean "ports"?

2 errors
  see docs/diagnostics.md#unknown-key
`,
  );
});

it("shows nothing when there is nothing", () => expect(render([])).toBe(""));

it("colors only when asked, and lets no control character of a file through", () => {
  expect(render([problem], true)).toContain("\x1b[31merror[unknown-key]\x1b[0m");
  const hostile = { ...problem, message: "a\x1b[2Jb\x07" };
  expect(render([hostile])).not.toMatch(/[\x07\x1b]/);
  expect(renderDiagnostics([problem], () => "a\n\n\n\x1b[31m\tx\n", { color: false })).not.toContain("\x1b");
});

it("cuts long lines", () => {
  const out = renderDiagnostics([problem], () => `a\n\n\n${"x".repeat(10_000)}\n`, { color: false });
  expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThan(180);
});

it("brings a place far to the right of a long line into view, its caret below it", () => {
  const line = `${"x".repeat(300)}HERE${"y".repeat(300)}`;
  const far = { ...problem, source: { file: "a.yaml", line: 1, column: 301 } };
  const [, shown = "", caret = ""] = renderDiagnostics([far], () => line, { color: false }).split("\n");
  expect(shown.slice(caret.indexOf("^"))).toMatch(/^HERE/);
});

it("sets the caret below wide characters by their cells", () => {
  const wide = { ...problem, source: { file: "a.yaml", line: 1, column: 4 } };
  expect(renderDiagnostics([wide], () => "日本: x", { color: false }).split("\n")[2]).toBe(`      | ${" ".repeat(5)}^`);
});

it("shows the first hundred problems of thousands, and counts the rest", () => {
  const out = render(Array.from({ length: 1000 }, () => problem));
  expect(out.match(/error\[unknown-key\]/g)).toHaveLength(100);
  expect(out).toContain("… and 900 more\n\n1000 errors\n");
});
