/** What a plan says of changes, and what each of them costs. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { file, ids, type Stage, service, type Traits } from "./stage.js";

/** An attribute of nearly every kind that both engines take. */
const attributes = `services:
  a:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    container_name: whole
    hostname: h
    domainname: d.test
    user: "0:0"
    working_dir: /tmp
    environment: { A: "1", PATH: /bin, EMPTY: "", UNSET: }
    labels: { l: "1" }
    init: true
    stop_signal: SIGINT
    restart: on-failure:3
    cap_add: [NET_ADMIN, CAP_SYS_TIME]
    cap_drop: [MKNOD]
    security_opt: ["no-new-privileges:true"]
    group_add: ["10"]
    devices: ["/dev/null:/dev/other"]
    ulimits: { nofile: { soft: 100, hard: 200 }, nproc: 300 }
    sysctls: { net.ipv4.ip_unprivileged_port_start: "0" }
    tmpfs: ["/t:size=1m", /u]
    shm_size: 1m
    cpus: 0.5
    mem_limit: 64m
    pids_limit: 50
    oom_score_adj: 5
    extra_hosts: ["other:10.9.8.7", "gw:host-gateway"]
    dns: [1.1.1.1]
    dns_search: [x.test]
    dns_opt: ["ndots:1"]
    logging: { driver: json-file, options: { max-size: 1m } }
    ports: ["8099:80", "127.0.0.1::81/udp"]
    expose: ["90"]
    healthcheck: { test: "true", interval: 30s, retries: 2 }
    volumes: ["data:/data", /anon, "./here:/here:ro", { type: tmpfs, target: /v, tmpfs: { size: 4096 } }]
    configs: [inline, { source: bound, target: /etc/bound.conf }]
    networks:
      front: { aliases: [www], ipv4_address: 10.80.0.9 }
      back:
  b:
    image: busybox
    command: sleep 1000
    stop_grace_period: 0s
    network_mode: service:a
    pid: host
    ipc: host
    read_only: true
networks:
  front: { ipam: { config: [{ subnet: 10.80.0.0/24 }] } }
  back: { internal: true, labels: { of: me } }
volumes:
  data: { labels: { of: me } }
configs:
  inline: { content: hello }
  bound: { file: ./bound.conf }
`;

/** Defines these scenarios for the engine on the stage. */
export function describePlans(stage: Stage, { changesLimits }: Traits): void {
  it.runIf(changesLimits)("a container of nearly every attribute is as its file says, and stays so", async () => {
    const project = await stage.project("whole", attributes);
    await writeFile(`${project.cwd}/bound.conf`, "one\n");
    await project.ok("up", "-d");
    expect((await project.run("plan", "--exit-code")).output).toBe("whole: nothing to do\n");
    await stage.project("whole", attributes.replace("mem_limit: 64m", "mem_limit: 80m").replace("www", "web"));
    const before = await ids(project);
    await project.ok("up", "-d");
    expect((await project.run("plan", "--exit-code")).output).toBe("whole: nothing to do\n");
    expect(await ids(project)).toEqual(before);
  });

  it.runIf(changesLimits)(
    "a file that is bound by itself is seen when it changed, and its container restarts with it",
    async () => {
      const lines = [
        ...[
          "    volumes: ['./own.conf:/own.conf:ro']",
          "    configs: [app]",
          "    environment: { DB_PASSWORD: geheim }",
        ],
        ...["configs:", "  app: { file: ./app.conf }", ""],
      ];
      const text = file(service("a", lines.join("\n")));
      const project = await stage.project("content", text);
      for (const name of ["own", "app"]) await writeFile(`${project.cwd}/${name}.conf`, "one\n");
      await project.ok("up", "-d");
      expect((await project.run("plan", "--exit-code")).code).toBe(0);
      const before = await ids(project);
      for (const name of ["own", "app"]) await replaceFile(`${project.cwd}/${name}.conf`, "two\n");
      const plan = await project.run("plan", "--exit-code");
      expect(plan.code).toBe(2);
      expect(plan.stdout).toContain("content changed");
      expect(plan.stdout).toContain("services.a.configs.app.content");
      expect(plan.stdout).toContain("services.a.volumes./own.conf.content");
      await project.ok("up", "-d");
      expect(await project.exec("a", "cat", "/own.conf", "/app")).toBe("two\ntwo");
      expect(await ids(project)).toEqual(before);
      expect((await project.run("plan", "--exit-code")).code).toBe(0);
    },
  );

  it("an image is built again when what its build reads has changed, and its containers are made anew", async () => {
    const text = file(service("a")).replace("image: busybox", "build: .");
    const project = await stage.project("rebuilt", text);
    await writeFile(`${project.cwd}/Dockerfile`, "FROM busybox\nCOPY told /told\n");
    await writeFile(`${project.cwd}/told`, "one\n");
    await project.ok("up", "-d");
    expect((await project.run("plan", "--exit-code")).output).toBe("rebuilt: nothing to do\n");
    const before = await ids(project);
    await writeFile(`${project.cwd}/told`, "two\n");
    const warned = await project.run("up", "-d", "--no-build");
    expect(warned.output).toContain("was built from something else: context: told changed.");
    expect(await ids(project)).toEqual(before);
    const plan = await project.ok("plan", "-o", "plan.json");
    expect(plan).toMatch(/~ rebuild image rebuilt-a +context: told changed/);
    expect(plan).toContain("if the image is another: recreate container rebuilt-a-1");
    await writeFile(`${project.cwd}/told`, "three\n");
    expect((await project.run("apply", "plan.json")).output).toContain("build a: context: told changed");
    await writeFile(`${project.cwd}/told`, "two\n");
    await project.ok("apply", "plan.json");
    expect(await project.exec("a", "cat", "/told")).toBe("two");
    expect(await ids(project)).not.toEqual(before);
    expect((await project.run("plan", "--exit-code")).output).toBe("rebuilt: nothing to do\n");
  });

  it("a tag that was moved makes its containers anew", async () => {
    const text = file(service("a")).replace("image: busybox", "image: moving");
    const { gantry } = stage;
    await gantry.ok(["image", "tag", "busybox", "moving"]);
    const project = await stage.project("moved", text);
    await project.ok("up", "-d");
    await gantry.ok(["container", "commit", "moved-a-1", "moving"]);
    expect((await project.run("diff")).stdout).toMatch(/container moved-a-1 +image changed/);
    await project.ok("up", "-d");
    expect((await project.run("diff", "--exit-code")).output).toBe("moved: as its files say\n");
  });

  it("a bound plan is carried out as it was drawn, and only while nothing has moved", async () => {
    const lines = [
      ...[
        "    mem_limit: ${MEM:-32m}",
        "    environment: { WORD: geheim }",
        "    secrets: [s]",
        "    volumes: ['d:/d']",
      ],
      ...["secrets:", "  s: { environment: SECRET }", "volumes:", "  d:", ""],
    ];
    const text = file(service("a", lines.join("\n")));
    const { cwd } = await stage.project("bound", text);
    const project = stage.gantry.project(cwd, { SECRET: "topsecret" });
    const refused = async (...words: string[]) => {
      const { code, output } = await project.run("apply", "plan.json");
      expect(code, output).toBe(4);
      for (const word of words) expect(output).toContain(word);
    };
    await project.ok("plan", "-o", "plan.json");
    const saved = await readFile(`${cwd}/plan.json`, "utf8");
    for (const word of ["topsecret", "geheim", Buffer.from("topsecret").toString("base64")]) {
      expect(saved).not.toContain(word);
    }
    await project.ok("apply", "plan.json");
    expect((await project.run("plan", "--exit-code")).output).toBe("bound: nothing to do\n");
    await refused("container bound-a-1: it is new", "volume bound_d: it is new");
    await project.ok("plan", "-o", "plan.json");
    await stage.gantry.ok(["container", "stop", "-t", "0", "bound-a-1"]);
    await refused("container bound-a-1: state: running → exited");
    await project.ok("plan", "-o", "plan.json");
    await writeFile(`${cwd}/compose.yaml`, text.replace("hello", "hallo"));
    await refused(`file ${cwd}/compose.yaml: its content changed`);
    await writeFile(`${cwd}/compose.yaml`, text);
    const other = stage.gantry.project(cwd, { SECRET: "another", MEM: "48m" });
    expect((await other.run("apply", "plan.json")).output).toContain("variable MEM: its value changed");
    await project.ok("apply", "plan.json");
    expect((await project.run("plan", "--exit-code")).code).toBe(0);
    const damaged = saved.replace('"project": "bound"', '"project": "other"');
    await writeFile(`${cwd}/plan.json`, damaged);
    expect((await project.run("apply", "plan.json")).output).toContain("it was changed after it was written");
  });
}

/** As editors do: another file under the name. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
