import { expect, it } from "vitest";
import { aProject, onlyImages } from "../plan.fixture.js";
import { planUp } from "../plan-up.js";
import { planToJson } from "../print-plan.js";
import { defaultUpOptions } from "../up-options.js";
import { withoutValues } from "./concealed.js";

it("leaves contents out of a plan's JSON, and hides what looks like a credential wherever it stands", () => {
  const secret = { key: "pw", name: "shop_pw", content: "tiger", external: false };
  const project = aProject(
    {
      web: {
        environment: { API_TOKEN: "geheim1", DSN: "pg://me:geheim2@db/x", COLOUR: "green" },
        labels: { "my.secret": "geheim3" },
        annotations: { "my.token": "geheim9" },
        logging: { driver: "splunk", options: { "splunk-token": "geheim10" } },
        command: ["serve", "--password=geheim4", "--token", "geheim8"],
        healthcheck: { test: ["CMD", "check", "--token=geheim5"] },
        secrets: [{ source: "pw", target: "/run/secrets/pw" }],
        build: { context: "/src/shop/web", args: { NPM_TOKEN: "geheim6", COLOUR: "blue" } },
        image: "own",
      },
      db: { provider: { type: "cloud", options: { password: ["geheim7"], size: ["big"] } } },
    },
    { secrets: new Map([["pw", secret]]) },
  );
  const text = JSON.stringify(planToJson(planUp(project, onlyImages, defaultUpOptions)));
  for (const word of ["geheim", "tiger", Buffer.from("tiger").toString("base64")]) expect(text).not.toContain(word);
  for (const word of ["COLOUR=green", '"COLOUR":"blue"', "API_TOKEN=(hidden)", "/run/secrets/pw", "big"]) {
    expect(text).toContain(word);
  }
});

it("tells of a change in a file that is handed on only values that are numbers, names or addresses", () => {
  const values = { old: "a", new: "b" };
  expect(withoutValues({ path: "services.web.mem_limit", ...values })).toMatchObject(values);
  expect(withoutValues({ path: "services.web.networks.back", ...values })).toMatchObject(values);
  for (const field of ["environment.WORD", "command", "labels.l", "healthcheck", "x-gantry.probe"]) {
    expect(withoutValues({ path: `services.web.${field}`, ...values })).toEqual({ path: `services.web.${field}` });
  }
});
