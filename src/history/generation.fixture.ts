/** Changes of a project named `shop`, for tests. */
import type { GenerationDraft } from "../wire/history.js";

/** An `up` of the service `web`, unless `more` says otherwise. */
export function aDraft(more: Partial<GenerationDraft> = {}): GenerationDraft {
  return {
    project: "shop",
    command: "up",
    author: { user: "ann", host: "here", commandLine: "gantry up -d", pid: 1, pidStart: 0 },
    services: [],
    operations: 2,
    model: { name: "shop", services: { web: { image: "nginx" } } },
    facts: { workingDir: "/shop", configFiles: [], envFiles: [], disabledServices: [], compatibility: false },
    configs: {},
    secrets: {},
    removed: [],
    removedVolumes: [],
    ...more,
  };
}
