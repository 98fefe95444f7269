/** `gantry wait`: until the services' containers have ended. */
import { GantryError } from "../../../../base/errors.js";
import type { CliContext } from "../../../context.js";
import { nameOf } from "../../../views/ps-view.js";
import { findReplicas } from "../replicas.js";

/** The exit code is that of the last to end; with `--down-project` the project is then taken down. */
export async function wait(
  context: CliContext,
  { downProject = false }: { downProject?: boolean },
  services: readonly string[],
): Promise<void> {
  const containers = await findReplicas(context, { services });
  if (!containers) return;
  if (containers.length === 0) {
    throw new GantryError("container-not-running", `no containers to wait for: ${services.join(", ")} does not run`);
  }
  const client = await context.connect();
  let exitCode = 0;
  await Promise.all(
    containers.map(async (one) => {
      const { exited } = client.containers.wait(one.Id, "not-running", { signal: context.signal });
      const { StatusCode } = await exited;
      context.stdout.write(`container ${nameOf(one)} exited with status code ${StatusCode}\n`);
      exitCode = StatusCode;
    }),
  );
  if (downProject) {
    const { down } = await import("../lifecycle.js");
    await down(context, { waitLock: true, removeOrphans: true }, []);
  }
  if (exitCode !== 0) context.finish(exitCode);
}
