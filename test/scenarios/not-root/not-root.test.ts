/** Without root there must be one clear error with the fix, and nothing created. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aGantry, type Gantry } from "../harness/gantry.js";

const nobody = 65534;
let gantry: Gantry;
let home: string;

beforeAll(async () => {
  gantry = await aGantry();
  home = `${gantry.workDir}/home`;
  await mkdir(home, { mode: 0o777 });
  await chmod(home, 0o777);
  await chmod(gantry.workDir, 0o755);
});
afterAll(() => gantry?.[Symbol.asyncDispose]());

describe.skipIf(!checkoutIsReadableBy(nobody))("without root", () => {
  it.each(["container run --rm busybox true", "up -d", "ps"])(
    "`gantry %s` names the fix and creates nothing",
    async (line) => {
      const { cwd } = await gantry.projectOf("plain", "services: { web: { image: busybox } }\n");
      const env = { HOME: home, XDG_CACHE_HOME: `${home}/cache` };
      const { code, stderr, stdout } = await gantry.run(line.split(" "), { uid: nobody, cwd, env });
      expect(code).toBe(line.startsWith("container run") ? 125 : 1);
      expect(stdout).toBe("");
      expect(stderr).toMatch(/root/);
      expect(stderr).toMatch(/sudo/);
      expect(stderr).not.toMatch(/^\s+at /m); // no stack trace
      expect(existsSync(gantry.stateRoot)).toBe(false);
    },
  );
});

function checkoutIsReadableBy(uid: number): boolean {
  try {
    execFileSync("test", ["-r", new URL("../../../bin/gantry", import.meta.url).pathname], { uid, gid: uid });
    return true;
  } catch {
    return false;
  }
}
