/** Services reach each other, the host reaches them, and files reach services. */
import { expect, it } from "vitest";
import { eventually } from "../../scenarios/harness/eventually.js";
import { file, type Stage, service } from "./stage.js";

/** Defines these scenarios for the engine on the stage. */
export function describeConnections(stage: Stage): void {
  it("services reach each other by name and alias on a network they share, and on no other", async () => {
    const services = file(
      service("web", "    networks: { front: { aliases: [site] }, back: {} }\n"),
      service("near", "    networks: [front]\n"),
      service("far", "    networks: [other]\n"),
    );
    const text = `${services}networks: { front: {}, back: {}, other: {} }\n`;
    const project = await stage.project("names", text);
    await project.ok("up", "-d");
    await project.exec("web", "sh", "-c", "mkdir /www && echo page >/www/index.html && httpd -p 80 -h /www");
    const fetched = (from: string, host: string) => project.exec(from, "wget", "-q", "-O", "-", `http://${host}/`);
    await eventually(async () => expect(await fetched("near", "web")).toBe("page"));
    expect(await fetched("near", "site")).toBe("page");
    // An engine may take long to give up on the host's name server, which there is none.
    const far = await project.run("exec", "-T", "far", "timeout", "2", "wget", "-q", "-O", "-", "http://web/");
    expect([far.code === 0, far.stdout]).toEqual([false, ""]);
  });

  it("a service on the default bridge has the address that it asks for", async () => {
    const address = "02:42:ac:11:ee:07";
    const text = file(service("a", `    network_mode: bridge\n    mac_address: ${address}\n`));
    const project = await stage.project("bridged", text);
    await project.ok("up", "-d");
    expect(await project.exec("a", "cat", "/sys/class/net/eth0/address")).toBe(address);
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
  });

  it("a published port answers on the host, and port says where", async () => {
    const command = `sh -c 'mkdir /www && echo page >/www/index.html && exec httpd -f -p 80 -h /www'`;
    const web = `{ image: busybox, command: ${command}, ports: ['8080:80'], stop_grace_period: 0s }`;
    const text = `services:\n  web: ${web}\n`;
    const project = await stage.project("ports", text);
    await project.ok("up", "-d");
    await eventually(async () => expect(await stage.backend.fetch("http://127.0.0.1:8080/")).toBe("page"));
    expect(await project.ok("port", "web", "80")).toMatch(/:8080$/);
  });

  it("configs and secrets whose content is in the files or the environment are there, with their mode", async () => {
    const uses = "    configs: [{ source: c, target: /etc/c.conf, mode: 0440 }]\n    secrets: [s]\n";
    const tail = "configs: { c: { content: 'from the file' } }\nsecrets: { s: { environment: SECRET_OF_TEST } }\n";
    const { cwd } = await stage.project("files", file(service("a", uses)) + tail);
    const project = stage.gantry.project(cwd, { SECRET_OF_TEST: "hidden" });
    await project.ok("up", "-d");
    expect(await project.exec("a", "cat", "/etc/c.conf", "/run/secrets/s")).toBe("from the filehidden");
    expect(await project.exec("a", "stat", "-c", "%a", "/etc/c.conf")).toBe("440");
    expect((await project.run("up", "-d")).output).toContain("nothing to do");
  });
}
