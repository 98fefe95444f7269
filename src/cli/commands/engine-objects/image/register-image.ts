/** Registers `image …`. */
import type { Command } from "commander";
import type { CliContext } from "../../../context.js";
import { withExamples } from "../../../help.js";
import { collect, formatOption } from "../../../options.js";
import { refuseFlags } from "../../../refused-flags.js";
import { registerPrune } from "../system.register.js";
import { registerImageBuild } from "./register-image-build.js";

const platform = (what: string) => ["--platform <os/arch>", `platform ${what}, as linux/arm64`] as const;

/** Adds it to `program`. */
export function registerImageCommands(program: Command, context: CliContext): void {
  const image = program.command("image").description("fetch and manage images");
  registerListing(image, context);
  registerRegistry(image, context);
  registerImageBuild(image, context);
  registerArchives(image, context);
  registerNames(image, context);
  registerPrune(image, context, {
    name: "image",
    kind: "images",
    all: "all without a container, not only those without a name",
  });
}

function registerListing(image: Command, context: CliContext): void {
  const ls = image
    .command("ls [reference]")
    .alias("list")
    .description("list images")
    .option("-a, --all", "intermediate ones too")
    .option("-q, --quiet", "ids alone")
    .option("--digests", "with the digests that registries know them by")
    .option("--no-trunc", "do not shorten ids")
    .option("-f, --filter <filter>", "as dangling=true or label=a=b", collect)
    .addOption(formatOption("table, json, or a Go template, as '{{.Repository}}:{{.Tag}}'"))
    .action(async (reference: string | undefined, options) =>
      (await import("./image.js")).imageLs(context, options, reference === undefined ? [] : [reference]),
    );
  refuseFlags(ls, "is experimental in docker, and needs its containerd image store", "--tree");
  withExamples(ls, "gantry image ls", "gantry image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}' 'shop/*'");
  const inspect = image
    .command("inspect <image...>")
    .description("print all that is known about images, as JSON")
    .option("-f, --format <format>", "json in one line, or a Go template, as '{{.Config.Cmd}}'")
    .option(...platform("of an image that has several"))
    .action(async (names: string[], options) => (await import("./image.js")).imageInspect(context, options, names));
  withExamples(inspect, "gantry image inspect --format '{{json .Config.Env}}' nginx");
  const history = image
    .command("history <image>")
    .description("list the steps in which an image was made")
    .option("-q, --quiet", "ids alone")
    .option("-H, --human", "sizes and times for people (the default)")
    .option("--no-human", "sizes in bytes and times in full")
    .option("--no-trunc", "do not shorten ids and commands")
    .option(...platform("of an image that has several"))
    .addOption(formatOption())
    .action(async (name: string, options) =>
      (await import("./image-transfer.js")).imageHistory(context, options, [name]),
    );
  withExamples(history, "gantry image history --no-trunc nginx");
}

function registerRegistry(image: Command, context: CliContext): void {
  const pull = image
    .command("pull <image>")
    .description("fetch an image from its registry")
    .option(...platform("to fetch"))
    .option("-q, --quiet", "no progress")
    .option("-a, --all-tags", "every tag of the repository")
    .action(async (name: string, options) => (await import("./image.js")).imagePull(context, options, [name]));
  pull.addOption(pull.createOption("--disable-content-trust").hideHelp());
  withExamples(pull, "gantry image pull nginx:1.27", "gantry image pull --platform linux/arm64 redis");
  const push = image
    .command("push <image>")
    .description("send an image to its registry")
    .option("-q, --quiet", "no progress")
    .option("-a, --all-tags", "every tag of the repository")
    .option(...platform("of an image that has several"))
    .action(async (name: string, options) => (await import("./image-transfer.js")).imagePush(context, options, [name]));
  push.addOption(push.createOption("--disable-content-trust").hideHelp());
  withExamples(push, "gantry image push registry.example/shop/web:1.2");
}

function registerArchives(image: Command, context: CliContext): void {
  const transfer = () => import("./image-transfer.js");
  const imported = image
    .command("import <file> [name]")
    .description("make an image of a root file system tarball; `-` reads standard input")
    .option("-c, --change <instruction>", 'a Dockerfile instruction, as CMD ["/bin/sh"]', collect)
    .option("-m, --message <text>", "a comment")
    .option(...platform("of the files"))
    .action(async (file: string, name: string | undefined, options) =>
      (await import("./image.js")).imageImport(context, options, name === undefined ? [file] : [file, name]),
    );
  withExamples(imported, "gantry image import -c 'CMD [\"/bin/sh\"]' rootfs.tar tools:latest");
  const save = image
    .command("save <image...>")
    .description("write images as one archive")
    .option("-o, --output <file>", "write to a file, not to standard output")
    .option(...platform("of images that have several"))
    .action(async (names: string[], options) => (await transfer()).imageSave(context, options, names));
  withExamples(save, "gantry image save -o shop.tar shop/web shop/db");
  const load = image
    .command("load")
    .description("take images out of an archive, of docker's or of the OCI's layout")
    .option("-i, --input <file>", "read from a file, not from standard input")
    .option("-q, --quiet", "names alone")
    .option(...platform("of images that have several"))
    .action(async (options) => (await transfer()).imageLoad(context, options));
  withExamples(load, "gantry image load -i shop.tar");
}

function registerNames(image: Command, context: CliContext): void {
  const rm = image
    .command("rm <image...>")
    .alias("remove")
    .description("remove names, and images that have none left")
    .option("-f, --force", "even if stopped containers use it")
    .option("--no-prune", "keep parents that have no name")
    .option(...platform("of an image that has several"))
    .action(async (names: string[], options) => (await import("./image.js")).imageRm(context, options, names));
  withExamples(rm, "gantry image rm nginx:1.26");
  const tag = image
    .command("tag <image> <name>")
    .description("give an image a further name")
    .action(async (name: string, reference: string) =>
      (await import("./image.js")).imageTag(context, [name, reference]),
    );
  withExamples(tag, "gantry image tag nginx:1.27 registry.example/nginx:1.27");
}
