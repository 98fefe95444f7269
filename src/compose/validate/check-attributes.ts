/** Checks attributes of one service against each other and against what the project defines. Pure. */
import { readText, readTexts } from "../normalize/read.js";
import type { DraftService } from "../normalize/service/service.js";
import type { Report } from "../report.js";
import { child, descend, itemsOf, membersOf, type Tree } from "../tree.js";

/** Names that a service may refer to. */
export interface KnownNames {
  readonly services: ReadonlyMap<string, DraftService>;
  readonly secrets: readonly string[];
  readonly models: readonly string[];
}

/** Reports what `build`, `deploy`, `develop` and `models` of a service cannot say together. */
export function checkAttributes({ place }: DraftService, known: KnownNames, report: Report): void {
  const build = child(place, "build");
  if (build) checkBuild(build, place, known, report);
  for (const device of itemsOf(descend(place, "deploy", "resources", "reservations", "devices"))) {
    if (!child(device, "capabilities")) {
      report.error(device, "missing-key", `${device.path} has no "capabilities"`, { expected: "capabilities: [gpu]" });
    }
    checkExclusive(device, "count", "device_ids", report);
  }
  for (const request of itemsOf(child(place, "gpus"))) checkExclusive(request, "count", "device_ids", report);
  for (const rule of itemsOf(descend(place, "develop", "watch"))) checkWatch(rule, report);
  const models = child(place, "models");
  const used = models?.kind === "list" ? readTexts(models) : membersOf(models).map(([name]) => name);
  for (const name of used) {
    if (models && !known.models.includes(name)) report.undefinedName(models, "model", name, known.models);
  }
}

function checkBuild(build: Tree, service: Tree, known: KnownNames, report: Report): void {
  checkExclusive(build, "dockerfile", "dockerfile_inline", report);
  for (const item of itemsOf(child(build, "secrets"))) {
    const name = readText(item.kind === "map" ? child(item, "source") : item) ?? "";
    if (!known.secrets.includes(name)) report.undefinedName(item, "secret", name, known.secrets);
  }
  const platform = readText(child(service, "platform"));
  const platforms = readTexts(child(build, "platforms"));
  const place = child(build, "platforms");
  if (place && platform && platforms.length > 0 && !platforms.includes(platform)) {
    const hint = `Add ${platform} to it, or change platform`;
    report.error(place, "conflicting-keys", `${place.path} does not have the service's platform ${platform}`, { hint });
  }
  const contexts = child(build, "additional_contexts");
  const texts = [...itemsOf(contexts), ...membersOf(contexts).map(([, value]) => value)];
  for (const node of texts) {
    const name = /(?:^|=)service:(.+)$/.exec(readText(node) ?? "")?.[1];
    if (name && !known.services.has(name)) report.undefinedName(node, "service", name, known.services.keys());
  }
}

function checkWatch(rule: Tree, report: Report): void {
  const action = readText(child(rule, "action")) ?? "";
  if (action === "" || action === "rebuild" || action === "restart" || child(rule, "target")) return;
  report.error(rule, "missing-key", `${rule.path} has no "target"`, {
    expected: `a path in the container, because the action is ${action}`,
  });
}

function checkExclusive(node: Tree, one: string, other: string, report: Report): void {
  const second = child(node, other);
  if (!child(node, one) || !second) return;
  report.error(second, "conflicting-keys", `${node.path} has both ${one} and ${other}`, { hint: "Remove one of them" });
}
