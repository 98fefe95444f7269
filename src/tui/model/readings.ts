/** A container's use as the curves show it. Pure. */
import type { ContainerStats } from "../../wire/stats.js";
import type { Reading } from "./state/console-state.js";

/** Undefined for a container that does not run, and for the first of a stream, which has nothing to compare with. */
export function readingOf({ cpu_stats, precpu_stats, memory_stats }: ContainerStats): Reading | undefined {
  const { usage, stats = {} } = memory_stats;
  if (usage === undefined) return undefined;
  const used = cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage;
  const passed = (cpu_stats.system_cpu_usage ?? 0) - (precpu_stats.system_cpu_usage ?? 0);
  if (!precpu_stats.system_cpu_usage || passed <= 0) return undefined;
  const cpus = cpu_stats.online_cpus || cpu_stats.cpu_usage.percpu_usage?.length || 1;
  // Cached file pages can be taken back at once, so that they are not counted.
  const cached = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return { cpu: Math.max(0, (used / passed) * cpus * 100), memory: Math.max(0, usage - cached) };
}
