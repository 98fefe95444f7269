/** An engine choice in words, for people. Pure. */
import { printEndpoint } from "../endpoint.js";
import type { EngineChoice } from "./choose-engine.js";

/** `embedded (the default)` or `ssh://me@far (DOCKER_HOST)`. */
export function printChoice(choice: EngineChoice): string {
  const engine = choice.kind === "embedded" ? "embedded" : printEndpoint(choice.endpoint);
  return `${engine} (${choice.because})`;
}
