/** `gantry viz`: the services and what they depend on, as a graph for Graphviz. */
import type { CliContext } from "../../context.js";
import { dependencyGraph } from "../../views/dependency-graph.js";
import { loadAsAsked, wholeNumber } from "./load.js";

export interface VizFlags {
  readonly image?: boolean;
  readonly networks?: boolean;
  readonly ports?: boolean;
  readonly spaces?: boolean;
  readonly indentationSize: string;
}

/** Prints the graph; reads no engine. */
export async function viz(context: CliContext, flags: VizFlags): Promise<void> {
  const size = wholeNumber(flags.indentationSize, "--indentation-size");
  const project = await loadAsAsked(context, { forReading: true });
  if (!project) return;
  const text = dependencyGraph(project, {
    networks: flags.networks === true,
    ports: flags.ports === true,
    image: flags.image === true,
    indentation: (flags.spaces ? " " : "\t").repeat(size),
  });
  context.stdout.write(text);
}
