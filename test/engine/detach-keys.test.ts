/** Detach keys that only the engine sees: a raw connection, as browsers and editors open one. */
import { once } from "node:events";
import net from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { startTestEngine } from "./engine-fixture.js";

const keys = "\x10\x11";

it("leaves a terminal at the keys, however they arrive, and the process runs on", async () => {
  await using engine = await startTestEngine();
  const { containers, execs } = engine.client;
  const terminal = { Image: "busybox", Cmd: ["cat"], Tty: true, OpenStdin: true, StdinOnce: true };
  const { Id } = await containers.create("box", terminal);
  const open = async (path: string, body = "") => {
    const socket = net.connect({ path: engine.socket });
    const type = `Content-Type: application/json\r\nContent-Length: ${body.length}`;
    socket.write(`POST ${path} HTTP/1.1\r\nHost: \r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${type}\r\n\r\n${body}`);
    const [head] = await once(socket, "data");
    return { socket, head: String(head) };
  };
  const attach = (query = "") => open(`/containers/box/attach?stream=1&stdin=1&stdout=1&stderr=1${query}`);
  const actions = async () => {
    const seen: string[] = [];
    for await (const { Action } of engine.client.system.events({ since: 1, until: Date.now() / 1000 }))
      seen.push(Action);
    return seen;
  };

  expect((await attach("&detachKeys=ctrl-")).head).toMatch(/ 400 .*Invalid detach keys \(ctrl-\) provided/s);
  const first = await attach();
  await containers.start(Id);
  first.socket.write("typed\r\x10");
  await once(first.socket, "data"); // the terminal's echo: what came before the keys has passed
  first.socket.write("\x11");
  await text(first.socket);
  const second = await attach("&detachKeys=a,b");
  second.socket.write(`${keys}\rab`);
  await text(second.socket);
  await expect.poll(async () => (await actions()).filter((action) => action === "detach")).toHaveLength(2);

  const body = { AttachStdin: true, AttachStdout: true, Tty: true, Cmd: ["cat"] };
  await expect(execs.create(Id, { ...body, DetachKeys: "no" })).rejects.toMatchObject({ code: "bad-parameter" });
  const execId = await execs.create(Id, { ...body, DetachKeys: "x" });
  const exec = await open(`/exec/${execId}/start`, '{"Detach":false}');
  exec.socket.write("x");
  await text(exec.socket);
  await expect.poll(actions).toContain("exec_detach");
  expect((await execs.inspect(execId)).Running).toBe(true);
  expect((await containers.inspect(Id)).State.Running).toBe(true);
  await containers.remove(Id, { force: true });
}, 60_000);
