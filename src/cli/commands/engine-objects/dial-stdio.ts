/**
 * `gantry system dial-stdio`: what a client at the other end of an ssh session speaks with the engine through.
 *
 * Docker's client runs `docker [--host unix://PATH] system dial-stdio` on the other host; with a link named `docker` to
 * `gantry` there, that host needs nothing of Docker.
 */
import type { CliContext } from "../../context.js";

/**
 * Ends when the engine has closed its side. The end of the input is passed on as such: the engine may still answer.
 */
export async function dialStdio(context: CliContext): Promise<void> {
  const { stdin, stdout } = context;
  const engine = await context.engine.dial(await context.chooseEngine());
  await new Promise<void>((resolve, reject) => {
    engine.once("error", reject);
    engine.once("close", resolve);
    // The reader at the other end has gone: nothing that the engine says reaches anybody.
    stdout.once("error", () => engine.destroy());
    stdin.on("error", () => engine.end());
    stdin.pipe(engine);
    engine.pipe(stdout, { end: false });
    engine.once("end", () => {
      stdin.unpipe(engine);
      engine.end();
    });
    context.signal.addEventListener("abort", () => engine.destroy(), { once: true });
  });
}
