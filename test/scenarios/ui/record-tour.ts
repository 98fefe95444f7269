/**
 * Walks through the console and `up` at a terminal, and writes down what is on the screen, as `docs/tour.md`:
 *
 *   node --import ./bench/typescript.mjs test/scenarios/ui/record-tour.ts
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../harness/eventually.js";
import { aGantry } from "../harness/gantry.js";
import { aTerminal } from "../harness/terminal.js";

const target = fileURLToPath(new URL("../../../docs/tour.md", import.meta.url));
const size = { columns: 100, rows: 26 };

const composeFile = `name: shop
services:
  web:
    image: busybox
    command: sh -c 'mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 80 -h /www'
    init: true
    ports: ["18080:80"]
    environment: { LEVEL: "\${LEVEL:-info}", API_TOKEN: "\${API_TOKEN}" }
    healthcheck: { test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 1s }
    depends_on: { api: { condition: service_healthy } }
  api:
    image: busybox
    command: >-
      sh -c 'i=0; while true; do i=$$((i + 1)); echo "GET /orders/$$i 200 $$((i % 17)) ms";
      [ $$((i % 9)) = 0 ] && echo "slow query: SELECT * FROM orders WHERE id = $$i" >&2; sleep 0.2; done'
    init: true
    scale: 2
    healthcheck: { test: ["CMD", "true"], interval: 1s }
    depends_on: [cache, db]
  db: { image: busybox, command: sleep infinity, init: true, volumes: ["data:/var/lib/db"] }
  cache: { image: busybox, command: sh -c 'while true; do i=1; sleep 0.01; done', init: true }
  mail: { image: busybox, command: sh -c 'echo no relay is set; exit 3' }
volumes: { data: }
`;

await using gantry = await aGantry({ API_TOKEN: "t0k3n" });
await gantry.importImages("busybox");
const project = await gantry.projectOf("shop", composeFile);
const pages: string[] = [];
const shown = (text: string) => text.replaceAll(gantry.workDir, "~/src").replace(/[ \t]+$/gm, "");
const page = (title: string, words: string, screen: string) =>
  pages.push(`## ${title}\n\n${words}\n\n\`\`\`\n${shown(screen)}\n\`\`\`\n`);

{
  await using terminal = await aTerminal({ ...size, cwd: project.cwd, env: gantry.env });
  await terminal.run("gantry up -d --wait db web");
  const going = await terminal.shows(/\d+\/\d+ done/, "Waiting", "for ");
  page("Progress", "While `up` goes on: what is worked on, for how long, and what the rest waits for.", going);
  await terminal.shows(/web-1 +(Healthy|Started)[\s\S]*\$$/);
  page("What stays", "A line for each resource, and nothing of the view.", await terminal.screen());
}
await project.ok("up", "-d");
await using terminal = await aTerminal({ ...size, cwd: project.cwd, env: gantry.env });
await terminal.run("gantry ui");
// Some readings make a curve.
await eventually(async () => {
  const screen = await terminal.shows(/4 of 5 running/, "1 in trouble", /18080→80/);
  if (!/api [^\n]*[▁-█]{6}/.test(screen)) throw new Error("There are no curves yet");
}, 20_000);
await project.ok("restart", "db");
await terminal.shows(/db +started/);
page("Services", "Each service, its replicas, and what has just happened.", await terminal.screen());
await terminal.press("a");
page("Actions", "Each with the command that does the same.", await terminal.shows("gantry restart api"));
await terminal.press("r");
const asked = await terminal.shows("enter runs it");
page("Before something changes", "The command stands in the last line but one, and enter runs it.", asked);
await terminal.press("Escape", "L");
await terminal.shows("following", /GET \/orders/);
page("Logs", "Of all services, merged by time.", await terminal.screen());
await terminal.type("/slow query.*id = \\d+");
await terminal.press("Enter");
await terminal.shows("held", "slow query");
await terminal.press("t");
page(
  "A search",
  "The match is marked; `n` goes on to older ones. With times (`t`).",
  await terminal.shows(/\d\d:\d\d:\d\d\.\d{3} api-1/),
);
await terminal.press("Escape", "Escape", "G", "d");
const details = await terminal.shows("API_TOKEN", "shop_default");
page("Details", "Where each variable is from; what looks like a secret is not shown.", details);
await terminal.press("G");
page("Details, further down", "Networks, and what the last probes said.", await terminal.shows("passed"));
await terminal.press("4");
page("Graph", "What waits for what.", await terminal.shows("once healthy"));
await writeFile(
  `${project.cwd}/compose.yaml`,
  composeFile.replace("/www'", "/www -v'").replace("scale: 2", "scale: 3"),
);
await terminal.press("5");
page("Plan", "After an edit of the file: what would change and why.", await terminal.shows("recreate container"));
await terminal.press("a", "Enter");
page("A plan carried out", "That very plan, with its progress.", await terminal.shows("✔ done"));
await terminal.press("6");
page("Projects", "Enter switches to another one.", await terminal.shows("● shop"));
await terminal.press("?");
page("Help", "On every screen.", await terminal.shows("Everywhere"));
await terminal.press("Escape", "q");

const head = `# A tour

What \`gantry up\` and \`gantry ui\` show, as it was on a terminal of ${size.columns}×${size.rows}, without its colours. Recorded from the
program by \`test/scenarios/ui/record-tour.ts\`; [ui.md](ui.md) says what the screens do.

`;
await writeFile(target, head + pages.join("\n"));
