/** What a project runs beside its containers must run, in its turn, or be refused before anything changes. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../harness/eventually.js";
import { aGantry, type Gantry, type Project } from "../harness/gantry.js";

let gantry: Gantry;
let project: Project;

beforeAll(async () => {
  gantry = await aGantry();
  await gantry.importImages("busybox");
});
afterEach(() => project?.clear());
afterAll(() => gantry?.[Symbol.asyncDispose]());

const sleeper = "image: busybox, command: sleep 1000, stop_grace_period: 0s";

describe("hooks", () => {
  it("run after the start, before dependents are let through, as the user and with the environment they ask for", async () => {
    project = await gantry.projectOf(
      "after",
      `services:
  db:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    volumes: ["data:/data"]
    post_start:
      - command: sh -c 'id -u > /data/who; echo $$WORD >> /data/who; pwd >> /data/who'
        user: "0"
        working_dir: /data
        environment: { WORD: hello }
      - command: touch /data/ready
  web:
    image: busybox
    command: sh -c 'ls /data; exec sleep 1000'
    stop_grace_period: 0s
    volumes: ["data:/data"]
    depends_on: [db]
volumes: { data: }
`,
    );
    const { output } = await project.run("up", "-d");
    expect(output).toContain("Ran post_start[1]");
    expect(await project.exec("db", "cat", "/data/who")).toBe("0\nhello\n/data");
    await eventually(async () => {
      expect((await project.run("logs", "--no-log-prefix", "web")).stdout).toContain("ready");
    });
  });

  it("that fail say so on a card with their output, exit code and place, and hold dependents back", async () => {
    project = await gantry.projectOf(
      "fails",
      `services:
  db:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    post_start:
      - command: sh -c 'echo no such table >&2; exit 3'
  web: { ${sleeper}, depends_on: [db] }
`,
    );
    const { code, stderr } = await project.run("up", "-d");
    expect(code).toBe(1);
    expect(stderr).toContain("post_start[0] of fails-db-1 exited with code 3");
    expect(stderr).toContain("no such table");
    expect(stderr).toMatch(/compose\.yaml:7/);
    expect((await project.ok("ps", "-q", "--status", "running")).split("\n")).toHaveLength(1);
  });

  it("run before every stop, and keep a container that they will not let go", async () => {
    project = await gantry.projectOf(
      "before",
      `services:
  web: { ${sleeper}, volumes: ["./out:/out"], pre_stop: [{ command: sh -c 'echo stop >> /out/log; test ! -e /out/hold' }] }
`,
    );
    const log = () => readFile(`${project.cwd}/out/log`, "utf8");
    await project.ok("up", "-d");
    await project.ok("restart");
    expect(await log()).toBe("stop\n");
    await writeFile(`${project.cwd}/out/hold`, "");
    expect((await project.run("down")).code).toBe(1);
    expect(await project.ok("ps", "-q", "--status", "running")).not.toBe("");
    const { rm } = await import("node:fs/promises");
    await rm(`${project.cwd}/out/hold`);
    await project.ok("down");
    expect(await log()).toBe("stop\nstop\nstop\n");
  });

  it("before the start run once in a container of their own, which is kept when they fail and gone after", async () => {
    const text = (script: string) => `services:
  web:
    image: busybox
    command: sh -c 'cat /data/made; exec sleep 1000'
    stop_grace_period: 0s
    scale: 2
    volumes: ["data:/data"]
    pre_start: [{ command: ["sh", "-c", "${script}"] }]
volumes: { data: }
`;
    project = await gantry.projectOf("first", text("echo broken; exit 4"));
    const failed = await project.run("up", "-d");
    expect([failed.code, failed.stderr.includes("exited with code 4"), failed.stderr.includes("broken")]).toEqual([
      1,
      true,
      true,
    ]);
    expect(await project.ok("ps", "-q", "--status", "running")).toBe("");
    const names = async () => (await gantry.ok(["container", "ls", "-a", "--format", "{{.Names}}"])).split("\n").sort();
    expect(await names()).toContain("first-web-pre_start-0");
    project = await gantry.projectOf("first", text("echo made >> /data/made"));
    await project.ok("up", "-d");
    expect(await names()).toEqual(["first-web-1", "first-web-2"]);
    expect(await project.exec("web", "cat", "/data/made")).toBe("made");
  });
});

/** A program in a folder of its own that stands first in the PATH. */
async function aProgram(name: string, script: string): Promise<Record<string, string>> {
  const folder = `${gantry.workDir}/programs`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${name}`, `#!/bin/sh\n${script}\n`);
  await chmod(`${folder}/${name}`, 0o755);
  return { PATH: `${folder}:${process.env.PATH}`, DOCKER_CONFIG: folder };
}

describe("providers and models", () => {
  const text = `services:
  db: { provider: { type: cloudbase, options: { size: small } } }
  web: { ${sleeper}, depends_on: [db] }
`;

  it("tell containers their variables, and another answer makes the container anew", async () => {
    const env = await aProgram(
      "cloudbase",
      `[ "$2" = metadata ] && exit 1
echo "$@" >> "$(dirname "$0")/calls"
[ "$3" = up ] && printf '%s\\n' '{"type":"info","message":"making it"}' '{"type":"setenv","message":"URL='"$(cat "$(dirname "$0")/url")"'"}'
exit 0`,
    );
    const folder = `${gantry.workDir}/programs`;
    await writeFile(`${folder}/url`, "one");
    await gantry.projectOf("provided", text);
    project = gantry.project(`${gantry.workDir}/provided`, env);
    await project.ok("up", "-d");
    expect(await project.exec("web", "sh", "-c", "echo $DB_URL")).toBe("one");
    const before = await project.container("web");
    await project.ok("up", "-d");
    expect(await project.container("web")).toBe(before);
    await writeFile(`${folder}/url`, "two");
    await project.ok("up", "-d");
    expect(await project.exec("web", "sh", "-c", "echo $DB_URL")).toBe("two");
    await project.ok("down");
    const calls = (await readFile(`${folder}/calls`, "utf8")).trim().split("\n");
    expect([calls[0], calls.at(-1)]).toEqual([
      "compose --project-name=provided up --size=small db",
      "compose --project-name=provided down --size=small db",
    ]);
  });

  it("that are not there are refused by name before anything is made", async () => {
    project = await gantry.projectOf("absent", text.replace("cloudbase", "nowhere-to-be-found"));
    const { code, stderr } = await project.run("up", "-d");
    expect([code, stderr.includes('There is no provider "nowhere-to-be-found"')]).toEqual([1, true]);
    expect(await gantry.ok(["network", "ls", "--format", "{{.Name}}"])).not.toContain("absent");
    project = await gantry.projectOf(
      "absent",
      `services: { web: { ${sleeper}, models: [llm] } }\nmodels: { llm: { model: ai/x } }\n`,
    );
    expect((await project.run("up", "-d")).stderr).toContain("models need the program docker-model");
    expect(await gantry.ok(["network", "ls", "--format", "{{.Name}}"])).not.toContain("absent");
  });

  it("of models tell the address and the name", async () => {
    const env = await aProgram(
      "docker-model",
      `case $1 in ls) echo '[]' ;; status) echo '{"endpoint":"http://models:1"}' ;; esac`,
    );
    await gantry.projectOf(
      "models",
      `services: { web: { ${sleeper}, models: { llm: { model_var: M } } } }\nmodels: { llm: { model: ai/x } }\n`,
    );
    project = gantry.project(`${gantry.workDir}/models`, env);
    await project.ok("up", "-d");
    expect(await project.exec("web", "sh", "-c", "echo $M $LLM_URL")).toBe("ai/x http://models:1");
  });
});

it("use_api_socket gives the engine's socket and the credentials of registries, and shows them to nobody", async () => {
  const config = `${gantry.workDir}/docker`;
  await mkdir(config, { recursive: true });
  const auth = Buffer.from("user:hunter2").toString("base64");
  await writeFile(`${config}/config.json`, JSON.stringify({ auths: { "registry.example": { auth } } }));
  await gantry.projectOf("socket", `services: { web: { ${sleeper}, use_api_socket: true } }\n`);
  project = gantry.project(`${gantry.workDir}/socket`, { DOCKER_CONFIG: config });
  await project.ok("up", "-d");
  const seen = await project.exec("web", "sh", "-c", "test -S /var/run/docker.sock && cat $DOCKER_CONFIG/config.json");
  expect(JSON.parse(seen)).toEqual({ auths: { "registry.example": { auth } } });
  const shown = JSON.stringify(await gantry.inspect(await project.container("web")));
  expect(shown).not.toContain(auth);
  expect(await project.ok("plan", "--force-recreate", "--format", "json")).not.toContain(auth);
});

it("volumes of another service are mounted, and its containers are known by the names of links", async () => {
  project = await gantry.projectOf(
    "others",
    `services:
  data: { ${sleeper}, volumes: ["/shared"] }
  web: { ${sleeper}, volumes_from: ["data:ro"], links: ["data:store"] }
`,
  );
  await project.ok("up", "-d");
  await project.exec("data", "touch", "/shared/file");
  expect(await project.exec("web", "ls", "/shared")).toBe("file");
  expect((await project.run("exec", "-T", "web", "touch", "/shared/mine")).code).not.toBe(0);
  expect(JSON.stringify(await gantry.inspect(await project.container("web")))).toContain("others-data-1:store");
});
