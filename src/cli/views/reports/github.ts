/** A run's failures and warnings as annotations of GitHub Actions, beside the lines of the Compose file. Pure. */
import { relative } from "node:path";
import type { FailureCard } from "../../../apply/apply-events.js";
import { workflowCommand } from "../../../base/workflow-command.js";
import { failureText } from "../failure-text.js";
import { styleFor } from "../style.js";
import type { RunReport } from "./run-report.js";

/** One command a line; files are relative to `root`, as the runner wants them, where they are below it. */
export function reportToGithub({ failures, warnings }: RunReport, { root }: { readonly root: string }): string {
  const errors = failures.map((failure) =>
    workflowCommand({
      level: "error",
      title: titleOf(failure),
      message: failureText(failure, styleFor(false)).trimEnd(),
      place: failure.source && { ...failure.source, file: fromRoot(failure.source.file, root) },
    }),
  );
  const others = warnings.map((message) => workflowCommand({ level: "warning", title: "gantry", message }));
  return [...errors, ...others].join("");
}

function titleOf({ service, phase, code }: FailureCard): string {
  return service === undefined ? `${phase} failed (${code})` : `${service}: ${phase} failed (${code})`;
}

function fromRoot(file: string, root: string): string {
  const path = relative(root, file);
  return path === "" || path.startsWith("..") ? file : path;
}
