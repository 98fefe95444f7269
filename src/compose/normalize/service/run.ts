/** Normalises what a service runs and how it is watched: command, health check, restart, stop, logging. Pure. */
import { didYouMean } from "../../did-you-mean.js";
import type { HealthcheckSpec, RestartSpec, Service } from "../../project.js";
import { child, descend, itemsOf, type Tree } from "../../tree.js";
import type { Context } from "../context.js";
import {
  compact,
  readDuration,
  readFlag,
  readInteger,
  readMembers,
  readText,
  readTextMap,
  readTexts,
} from "../read.js";
import { shellWords } from "../units.js";

/** A string is split by the shell's quoting rules, no shell is run. Undefined: the image's own. */
export function normalizeCommand(node: Tree | undefined, { report }: Context): string[] | undefined {
  if (!node) return undefined;
  if (node.kind === "list") return readTexts(node);
  const text = readText(node);
  if (text === undefined) return undefined;
  const words = shellWords(text);
  if (!words) {
    report.error(node, "bad-command", `A quote in ${node.path} is not closed`, { hint: "Or write it as a list" });
  }
  return words;
}

/** A string is run by the container's shell. */
export function normalizeHealthcheck(node: Tree | undefined, context: Context): HealthcheckSpec | undefined {
  if (!node) return undefined;
  const disabled = readFlag(child(node, "disable"), context) === true;
  return compact({
    disable: disabled ? (true as const) : undefined,
    test: healthTest(child(node, "test"), context),
    interval: readDuration(child(node, "interval"), context),
    timeout: readDuration(child(node, "timeout"), context),
    start_period: readDuration(child(node, "start_period"), context),
    start_interval: readDuration(child(node, "start_interval"), context),
    retries: readInteger(child(node, "retries"), context, { min: 0 }),
  });
}

const testForms = ["CMD", "CMD-SHELL", "NONE"];

function healthTest(node: Tree | undefined, { report }: Context): string[] | undefined {
  if (node?.kind === "scalar") {
    const text = readText(node);
    return text === undefined ? undefined : ["CMD-SHELL", text];
  }
  const words = readTexts(node);
  const [form] = words;
  if (!node || form === undefined) return undefined;
  if (testForms.includes(form)) return words;
  report.error(itemsOf(node)[0] ?? node, "bad-value", `A health check cannot begin with "${form}"`, {
    expected: "CMD, CMD-SHELL or NONE as the first word, or one string",
    hint: didYouMean(form, testForms) ?? `Write ["CMD", "${form}", …]`,
  });
  return undefined;
}

const restarts = ["no", "always", "unless-stopped", "on-failure"] as const;

/** `deploy.restart_policy` with a condition wins over `restart`. */
export function normalizeRestart(service: Tree, context: Context): RestartSpec | undefined {
  const policy = descend(service, "deploy", "restart_policy");
  const condition = readText(child(policy, "condition"));
  const attempts = readInteger(child(policy, "max_attempts"), context, { min: 0 });
  if (condition === "none") return { name: "no" };
  if (condition === "any") return { name: "always" };
  if (condition === "on-failure") return { name: "on-failure", ...compact({ max_attempts: attempts }) };
  return shortRestart(child(service, "restart"), context);
}

function shortRestart(node: Tree | undefined, { report }: Context): RestartSpec | undefined {
  const text = readText(node);
  if (!node || !text) return undefined;
  const [, policy = text, count] = /^([a-z-]+)(?::(\d+))?$/.exec(text) ?? [];
  const name = restarts.find((known) => known === policy);
  if (name && (count === undefined || name === "on-failure")) {
    return { name, ...compact({ max_attempts: count === undefined ? undefined : Number(count) }) };
  }
  const expected = "no, always, unless-stopped, on-failure or on-failure:TIMES";
  report.error(node, "bad-value", `"${text}" is not a restart policy`, {
    expected,
    hint: didYouMean(policy, restarts),
  });
  return undefined;
}

const pullPolicies = ["always", "never", "missing", "build", "daily", "weekly", "refresh"];

/** `if_not_present` is the old word for `missing`. */
export function normalizePullPolicy(node: Tree | undefined, { report }: Context): string | undefined {
  const text = readText(node);
  if (!node || !text) return undefined;
  if (text === "if_not_present") return "missing";
  if (pullPolicies.includes(text) || /^every_(\d+[wdhms])+$/.test(text)) return text;
  const expected = `${pullPolicies.join(", ")} or every_DURATION`;
  report.error(node, "bad-value", `"${text}" is not a pull policy`, { expected, hint: didYouMean(text, pullPolicies) });
  return undefined;
}

export function normalizeLogging(node: Tree | undefined): Service["logging"] {
  if (!node) return undefined;
  return { ...readMembers(node, ["driver"]), options: readTextMap(child(node, "options")) };
}
