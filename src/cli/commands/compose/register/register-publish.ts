/** Registers what shows a project to others: `publish` and `viz`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";

/** Adds them to `program`. */
export function registerPublish(program: Command, context: CliContext): void {
  const publish = program
    .command("publish <repository>")
    .description("send the project's files to a registry, to be run with -f oci://…")
    .option("--resolve-image-digests", "pin images to their registries' digests")
    .option("--oci-version <version>", "1.0 or 1.1; by default what the registry takes")
    .option("--with-env", "send env files too")
    .option("--app", "send the services' images too")
    .option("-y, --yes", "answer yes to every question")
    .action(async (repository: string, flags) => (await import("../publish.js")).publish(context, flags, repository));
  withExamples(publish, "gantry publish registry.example/shop:1", "gantry publish --resolve-image-digests shop:2");
  const viz = program
    .command("viz")
    .description("print the services and what they depend on as a graph for Graphviz")
    .option("--image", "with the services' images")
    .option("--networks", "with their networks")
    .option("--ports", "with their ports")
    .option("--spaces", "indent by spaces; by default by tabs")
    .option("--indentation-size <n>", "tabs or spaces a level", "1")
    .action(async (flags) => (await import("../viz.js")).viz(context, flags));
  withExamples(viz, "gantry viz --ports --image", "gantry viz --spaces --indentation-size 2");
}
