/** What a plan says of changes, and what each of them costs. */
import { writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { ids, type Stage, type Traits } from "./stage.js";

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
}
