import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loadProject } from "../../compose/load/load-project.js";
import { observedAfterUp } from "../plan.fixture.js";
import { planUp } from "../plan-up.js";
import { printPlan } from "../print-plan.js";
import { defaultUpOptions } from "../up-options.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gantry-plan-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function projectOf(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  const request = { cwd: root, files: [], projectName: "shop", envFiles: [], profiles: [], env: {} };
  const { project, diagnostics } = await loadProject(request);
  if (!project) throw new Error(JSON.stringify(diagnostics));
  return project;
}

/** The changes that an edit of files brings, one line each. */
async function changesBy(files: Record<string, string>, edited: Record<string, string>): Promise<string[]> {
  const observed = observedAfterUp(await projectOf(files));
  const plan = planUp(await projectOf(edited), observed, defaultUpOptions);
  const lines = printPlan(plan, { baseDir: root }).split("\n");
  return [...new Set(lines.flatMap((line) => /services\.web\.\S+: .*$/.exec(line) ?? []))];
}

const files = {
  "compose.yaml": `services:
  web:
    image: busybox
    user: "1"
    env_file: web.env
    environment: { A: a, B: b, C: c }
    deploy: { resources: { limits: { memory: 1g } } }
`,
  "compose.override.yaml": "services:\n  web:\n    user: '2'\n    environment:\n      - B=over\n",
  "web.env": "# the service's own\nFILED=1\nB=file\nDB_PASSWORD=old\nURL=http://me:old@db\n",
};

it("a change stands where the layer that won wrote it: an override file, an env file, deploy", async () => {
  const changes = await changesBy(files, {
    "compose.yaml": (files["compose.yaml"] ?? "").replace("1g", "2g").replace("C: c", "C: d"),
    "compose.override.yaml": "services:\n  web:\n    user: '3'\n    environment:\n      - B=again\n",
    "web.env": "# the service's own\nFILED=2\nB=file2\nDB_PASSWORD=new\nURL=http://me:new@db\n",
  });
  expect(changes).toEqual([
    "services.web.environment.B: over → again (compose.override.yaml:5)",
    "services.web.environment.C: c → d (compose.yaml:6)",
    "services.web.environment.DB_PASSWORD: (hidden) → (hidden) (web.env:4)",
    "services.web.environment.FILED: 1 → 2 (web.env:2)",
    "services.web.environment.URL: http://me:***@db → http://me:***@db (web.env:5)",
    "services.web.mem_limit: 1073741824 → 2147483648 (compose.yaml:7)",
    "services.web.user: 2 → 3 (compose.override.yaml:3)",
  ]);
});
