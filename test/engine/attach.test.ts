/** Attaching by a request that asks for no upgrade, as dockerode does by default. */
import { once } from "node:events";
import http from "node:http";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { startTestEngine } from "./engine-fixture.js";

it("takes the request's body as the container's input", async () => {
  await using engine = await startTestEngine();
  const created = await engine.client.containers.create("cat", {
    ...{ Image: "busybox", Cmd: ["cat"], Tty: true, OpenStdin: true, StdinOnce: true, AttachStdin: true },
  });
  const request = http.request({
    ...{ socketPath: engine.socket, method: "POST", headers: { "Transfer-Encoding": "chunked" } },
    path: `/containers/${created.Id}/attach?stream=1&stdin=1&stdout=1&stderr=1`,
  });
  request.flushHeaders();
  const [reply] = (await once(request, "response")) as [http.IncomingMessage];
  expect(reply.statusCode).toBe(200);
  await engine.client.containers.start(created.Id);
  const output = text(reply);
  request.write("typed\n");
  setTimeout(() => void engine.client.containers.stop(created.Id, { timeoutS: 0 }), 500);
  expect(await output).toContain("typed");
  request.destroy();
});
