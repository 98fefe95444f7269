/** `gantry publish`: sends the project's files to a registry, from where `-f oci://…` runs them. */
import { readFileSync } from "node:fs";
import { GantryError } from "../../../base/errors.js";
import type { Project } from "../../../compose/project.js";
import { canonicalReference, parseReference, withDefaultTag } from "../../../oci/reference.js";
import { artifactAnnotations, artifactTypes } from "../../../remote/compose-artifact.js";
import { publishQuestions } from "../../../remote/publish/publish-checks.js";
import { type PublishedFile, publishedFiles } from "../../../remote/publish/published-files.js";
import { type OciVersion, pushArtifact } from "../../../remote/publish/push-artifact.js";
import type { CliContext } from "../../context.js";
import { loadAsAsked } from "./load.js";
import { confirm } from "./output/confirm.js";
import { registryAccess } from "./remotes.js";

export interface PublishFlags {
  readonly resolveImageDigests?: boolean;
  readonly ociVersion?: string;
  readonly withEnv?: boolean;
  readonly yes?: boolean;
  readonly app?: boolean;
}

/** Nothing is sent before every question has a yes. Exit code 1 when one has not. */
export async function publish(context: CliContext, flags: PublishFlags, repository: string): Promise<void> {
  const ociVersion = versionOf(flags.ociVersion);
  if (flags.app) {
    throw new GantryError(
      "not-supported",
      "--app is not supported: images are not copied into the project's repository",
      {
        hint: "Push them by their own names, then publish with --resolve-image-digests.",
      },
    );
  }
  const reference = withDefaultTag(parseReference(repository.replace(/^oci:\/\//, "")));
  const project = await loadAsAsked(context, { profiles: ["*"], forReading: true });
  if (!project) return;
  refuseUnpublishable(project);
  const withEnv = flags.withEnv === true;
  const files = publishedFiles({ files: project.configFiles, withEnv, version: context.version, read });
  if (flags.resolveImageDigests) files.push(await digestsFile(context, project));
  if (!flags.yes) {
    for (const { about, lines } of publishQuestions(project, files, { withEnv })) {
      context.stderr.write(`${about}\n${lines.map((line) => `  ${line}\n`).join("")}`);
      await confirm(context, "Publish them?", {
        otherwise: false,
        hint: "Look at the files with: gantry config; go on with --yes.",
      });
    }
  }
  if (context.globals.dryRun) return;
  const { registry, credentials } = await registryAccess(context, reference.domain);
  const call = { signal: context.signal, ...(credentials ? { credentials } : {}) };
  const createdAt = context.clock.now().toISOString();
  const digest = await pushArtifact(registry.pusher, { reference, files, ociVersion, createdAt, call });
  context.stderr.write(`${repository} published\n`);
  context.stdout.write(`oci://${canonicalReference({ ...reference, digest })}\n`);
}

function versionOf(text: string | undefined): OciVersion | undefined {
  if (text === undefined || text === "1.0" || text === "1.1") return text;
  throw new GantryError("bad-usage", `--oci-version: ${text} is not known; use 1.0 or 1.1`);
}

/** Whoever pulls the project has none of its build contexts. */
function refuseUnpublishable(project: Project): void {
  const built = [...project.services.values()].filter(({ build, image }) => build && image === undefined);
  if (built.length > 0) {
    const names = built.map(({ name }) => name).join(", ");
    throw new GantryError(
      "bad-parameter",
      `your Compose stack cannot be published as it only contains a build section for service(s): ${names}`,
      {
        hint: "Give each an image, and push it.",
      },
    );
  }
  if (project.configFiles.includes("-")) {
    throw new GantryError("bad-parameter", "standard input cannot be published: it has no name");
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** A further document of the project's file, which pins what the others name. */
async function digestsFile(context: CliContext, project: Project): Promise<PublishedFile> {
  const [{ withDigests }, { projectToConfig }, { printYaml }] = await Promise.all([
    import("./config/config-digests.js"),
    import("../../../compose/canonical/project-to-config.js"),
    import("../../../compose/load/print-yaml.js"),
  ]);
  const text = printYaml(await withDigests(context, projectToConfig(project), { lock: true }));
  const annotations = {
    [artifactAnnotations.version]: context.version,
    [artifactAnnotations.file]: "image-digests.yaml",
  };
  return { mediaType: artifactTypes.composeFile, annotations, text };
}
