/** What a generation keeps of a project, and that it makes the same containers again. */
import { describe, expect, it, vi } from "vitest";
import { aModel } from "../../compose/canonical/any-model.fixture.js";
import { lines, projectOf } from "../../compose/compose.fixture.js";
import { printYaml } from "../../compose/load/print-yaml.js";
import type { Project } from "../../compose/project.js";
import { hashDefinition, hashService } from "../service/service-hash.js";
import { type KeptState, keptState, overlaid, serviceModel, withKeptConfigs } from "./kept-model.js";
import { maskedModel } from "./masked-model.js";

vi.setConfig({ testTimeout: 60_000 });
const nothingRead = { configs: {}, secrets: new Map<string, string>() };
const noDigests = { fileDigests: new Map(), secretDigests: new Map() };

function kept(text: string, contents: Parameters<typeof keptState>[1] = nothingRead): KeptState {
  return keptState(projectOf(text).project, contents, new Map());
}

function services(...names: string[]): string {
  return `services:\n${names.map((name) => `  ${name}: { image: ${name}:1 }\n`).join("")}`;
}

describe("a kept model", () => {
  it("read again makes the same containers, networks and volumes, whatever was in the files", () => {
    for (let seed = 1; seed <= 150; seed++) {
      const { project } = projectOf(printYaml(aModel(seed)), { profiles: ["*"] });
      const text = JSON.stringify(keptState(project, nothingRead, new Map()).model);
      const { project: again, diagnostics } = projectOf(text, { profiles: ["*"] });
      const wrong = diagnostics.filter(({ severity }) => severity === "error");
      expect(lines(wrong), `seed ${seed}: ${text}`).toEqual([]);
      expect(hashesOf({ ...again, sources: new Map() }), `seed ${seed}: ${text}`).toEqual(hashesOf(project));
    }
  });

  it("has the replicas that were asked for, and how it is to be read again", () => {
    const { project } = projectOf("services:\n  web: { image: a, scale: 2 }\n  off: { image: b, profiles: [x] }\n");
    const state = keptState(project, nothingRead, new Map([["web", 5]]));
    expect(state.model).toMatchObject({ name: "demo", services: { web: { image: "a", scale: 5 } } });
    expect(state.facts).toMatchObject({
      ...{ workingDir: "/demo", configFiles: ["/demo/a.yaml"], disabledServices: ["off"], compatibility: false },
    });
  });

  it("has them too where the files say nothing, or say it under deploy", () => {
    const text = "services:\n  web: { image: a }\n  api: { image: b, deploy: { replicas: 2, resources: {} } }\n";
    const { project } = projectOf(text);
    const scale = new Map([
      ["web", 3],
      ["api", 4],
    ]);
    const { model } = keptState(project, nothingRead, scale);
    const { project: again, diagnostics } = projectOf(JSON.stringify(model));
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect([...again.services.values()].map(({ name, scale }) => [name, scale])).toEqual([
      ["api", 4],
      ["web", 3],
    ]);
    const asFiles = keptState(project, nothingRead, new Map([["web", 1]]));
    expect(asFiles.model).toEqual(keptState(project, nothingRead, new Map()).model);
  });

  it("holds no secret, only its digest", () => {
    const text = `services:\n  web: { image: a, secrets: [token] }\nsecrets: { token: { environment: TOKEN } }\n`;
    const { project } = projectOf(text, { environment: { TOKEN: "hunter2" } });
    const state = keptState(project, { configs: {}, secrets: new Map([["token", "digest"]]) }, new Map());
    expect(JSON.stringify(state)).not.toContain("hunter2");
    expect(state.secrets).toEqual({ token: "digest" });
  });
});

describe("a change of some services", () => {
  it("leaves the others as they were", () => {
    const before = kept(services("web", "db", "gone"));
    const now = kept(services("web", "db").replaceAll(":1", ":2"));
    expect(overlaid(before, now, ["web"]).model.services).toMatchObject({
      ...{ db: { image: "db:1" }, gone: { image: "gone:1" }, web: { image: "web:2" } },
    });
    expect(overlaid(before, now, [])).toBe(now);
    expect(Object.keys(overlaid(undefined, now, ["web"]).model.services as object)).toEqual(["web"]);
  });

  it("brings along what they use, and leaves what the others use as it was", () => {
    const text = (content: string) =>
      `services:\n  web: { image: a, configs: [site] }\n  db: { image: b, configs: [tune] }\n` +
      `configs: { site: { file: ./site }, tune: { content: ${content} } }\nvolumes: { ${content}: {} }\n`;
    const contents = (digest: string) => ({
      configs: { site: { digest, content: digest }, tune: { digest } },
      secrets: new Map<string, string>(),
    });
    const merged = overlaid(kept(text("old"), contents("old")), kept(text("new"), contents("new")), ["web"]);
    expect(merged.configs).toEqual({ site: { digest: "new", content: "new" }, tune: { digest: "old" } });
    expect(merged.model.configs).toMatchObject({ tune: { content: "old" } });
    expect(serviceModel(merged, "web")).toMatchObject([{ image: "a" }, { site: { digest: "new" } }, {}]);
  });
});

describe("a config whose file has changed since", () => {
  const text = "services:\n  web: { image: a, configs: [site] }\nconfigs: { site: { file: /etc/site } }\n";
  const state = kept(text, { configs: { site: { digest: "1", content: "a $x\n" } }, secrets: new Map() });

  it("has the content of then", () => {
    const model = withKeptConfigs(state, { site: { digest: "2" } });
    expect(model.configs).toEqual({ site: { name: "demo_site", content: "a $$x\n" } });
    const spec = projectOf(JSON.stringify(model)).project.configs.get("site");
    expect([spec?.content, spec?.file]).toEqual(["a $x\n", undefined]);
    expect(withKeptConfigs(state, {}).configs).toEqual({ site: { name: "demo_site", content: "a $$x\n" } });
  });

  it("stays a file when it holds the same again", () => {
    expect(withKeptConfigs(state, { site: { digest: "1" } }).configs).toMatchObject({ site: { file: "/etc/site" } });
  });
});

it("a model is shown without secrets in commands, labels, checks, hooks and extensions, and else as it is", () => {
  const { model } = kept(`services:
  web:
    image: a
    environment: { DB_PASSWORD: correct-horse, COLOUR: vermilion-red, SHORT_TOKEN: abc }
    command: [serve, --password, hunter2, --colour, vermilion-red, --dsn=postgres://me:hunter2@db/x, correct-horse, abc]
    entrypoint: [sh, -c, "login correct-horse && exec app"]
    labels: { auth.token: hunter2, colour: vermilion-red, url: "https://me:hunter2@x/" }
    healthcheck: { test: [CMD, curl, -H, "X-Api-Key: hunter2", "http://localhost/?token=hunter2"] }
    post_start: [{ command: [notify, --token, hunter2] }]
    x-gantry: { probe: { http: "http://:80/ready" } }
    x-deploy: { api_key: hunter2, password_file: /run/x, ttl: 5 }
    secrets: [db_password]
secrets: { db_password: { file: /etc/db_password } }
`);
  const shown = maskedModel(model);
  expect(JSON.stringify(shown)).not.toMatch(/hunter2|correct-horse/);
  expect(shown).toMatchObject({
    services: {
      web: {
        environment: { DB_PASSWORD: "***", COLOUR: "***" },
        command: ["serve", "--password", "***", "--colour", "vermilion-red", expect.any(String), "***", "abc"],
        entrypoint: ["sh", "-c", "login *** && exec app"],
        labels: { "auth.token": "***", colour: "vermilion-red", url: "https://me:***@x/" },
        "x-deploy": { api_key: "***", password_file: "/run/x", ttl: 5 },
        secrets: [expect.objectContaining({ source: "db_password" })],
      },
    },
    secrets: { db_password: { file: "/etc/db_password" } },
  });
});

it("a model is shown without the values that may be secret", () => {
  const { model } = kept(`services:
  web:
    image: a
    environment: { PASSWORD: hunter2, EMPTY: }
    build: { context: /src, args: { TOKEN: hunter2 } }
    configs: [site]
configs: { site: { content: hunter2 } }
volumes: { data: { driver_opts: { type: cifs, o: "password=hunter2", device: //x } } }
`);
  expect(JSON.stringify(model)).toContain("hunter2");
  const shown = maskedModel(model);
  expect(JSON.stringify(shown)).not.toContain("hunter2");
  expect(shown).toMatchObject({ services: { web: { image: "a", environment: { PASSWORD: "***", EMPTY: null } } } });
});

function hashesOf(project: Project): Record<string, string> {
  return Object.fromEntries([
    ...[...project.services.values()].map((one) => [`service ${one.name}`, hashService(one, project, noDigests)]),
    ...[...project.networks.values()].map((spec) => [`network ${spec.name}`, hashDefinition(spec)]),
    ...[...project.volumes.values()].map((spec) => [`volume ${spec.name}`, hashDefinition(spec)]),
  ]);
}
