/** Makes Compose models by a seed, for tests of properties: valid, short and long forms of most attributes. */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Make = () => Json;

/** The same model for the same seed: a few services with attributes drawn at random, and what they refer to. */
export function aModel(seed: number): Json {
  const draw = new Draw(seed);
  const names = ["web", "api", "db.main", "job_1"].slice(0, draw.whole(1, 4));
  const services = Object.fromEntries(names.map((name, at) => [name, aService(draw, name, names.slice(0, at))]));
  return {
    name: "demo",
    ...(draw.chance(0.3) ? { "x-note": { any: [1, "two", null, { deep: "$$ {x}" }] } } : {}),
    services,
    networks: {
      front: draw.of(null, { driver: "bridge", labels: { a: "b" } }, { internal: true, attachable: true }),
      back: draw.of(null, { ipam: { config: [{ subnet: "10.9.0.0/16", gateway: "10.9.0.1" }] }, enable_ipv6: false }),
    },
    volumes: { data: draw.of(null, { driver: "local", driver_opts: { type: "nfs", o: "ro" } }, { name: "shared" }) },
    configs: { site: draw.of({ content: "a: 1\nb $$x\n" }, { file: "/etc/site.conf" }) },
    secrets: { token: draw.of({ file: "/etc/token" }, { environment: "HOME" }) },
  };
}

function aService(draw: Draw, name: string, earlier: readonly string[]): Json {
  const texts: Make = () =>
    draw.of("a", "", "1.10", "yes", "0440", "~", "# x", "a: b", "é 日本 💥", "two\nlines\n", "$$HOME", "{}");
  const pairs: Make = () =>
    draw.of({ A: texts(), B: texts() }, ["A=1", "B=x=y", "C="], { A: 5, B: true, "with.dot": "x" });
  const attributes: Record<string, Make> = {
    annotations: pairs,
    attach: () => draw.chance(0.5),
    build: () => draw.of("/src", { context: "/src", args: { A: "1" }, target: "x", labels: ["a=b"] }),
    cap_add: () => ["NET_ADMIN"],
    cap_drop: () => ["ALL"],
    command: () => draw.of("sh -c 'echo \"hi there\"'", ["a", "b c", ""], [], "x $$y"),
    configs: () => draw.of(["site"], [{ source: "site", target: "/x", mode: "0440", uid: "5" }]),
    cpus: () => draw.of(0.5, "1.5", 2),
    cpu_shares: () => 512,
    depends_on: () => draw.of([...earlier], Object.fromEntries(earlier.map((one) => [one, aDependency(draw)]))),
    deploy: () => draw.of({ replicas: 2, resources: { limits: { pids: 50 } } }, { labels: { a: "b" } }),
    develop: () => ({ watch: [{ path: "/src", action: "sync", target: "/app", ignore: ["x/"] }] }),
    devices: () => draw.of(["/dev/fuse"], ["/dev/a:/dev/b:rw"], [{ source: "/dev/a", target: "/dev/b" }]),
    dns: () => draw.of("1.1.1.1", ["1.1.1.1", "9.9.9.9"]),
    entrypoint: () => draw.of("/run me", ["/run"], []),
    environment: pairs,
    expose: () => draw.of(["3000"], [3000, "4000-4002/udp"]),
    extra_hosts: () => draw.of(["a=1.2.3.4", "b:5.6.7.8"], { a: "1.2.3.4", b: ["::1", "1.1.1.1"] }),
    healthcheck: () =>
      draw.of(
        { test: "true", interval: "1m30s" },
        { test: ["CMD", "a"], retries: 3, start_period: "0s" },
        { disable: true },
      ),
    hostname: () => "host",
    init: () => draw.chance(0.5),
    labels: pairs,
    logging: () => draw.of({ driver: "none" }, { driver: "json-file", options: { "max-size": "10m", "max-file": 3 } }),
    mem_limit: () => draw.of("512m", 1048576, "1gb"),
    networks: () =>
      draw.of(["front"], { front: null, back: { aliases: ["x"], ipv4_address: "10.9.0.7", priority: 5 } }),
    ports: () =>
      draw.of(
        ["80"],
        ["8080:80", "127.0.0.1:9090-9092:90-92/udp"],
        [{ target: 80, published: "81", mode: "host" }],
        [53],
      ),
    privileged: () => draw.chance(0.5),
    profiles: () => [],
    restart: () => draw.of("no", "always", "on-failure:3"),
    secrets: () => draw.of(["token"], [{ source: "token", target: "t", mode: "0400" }]),
    security_opt: () => ["no-new-privileges:true"],
    shm_size: () => "64m",
    stop_grace_period: () => draw.of("1h2m3s", "500ms", "0s"),
    sysctls: () => draw.of({ "net.core.somaxconn": 1024 }, ["net.core.somaxconn=1024"]),
    tmpfs: () => draw.of("/run", ["/run", "/tmp:size=64m"]),
    tty: () => draw.chance(0.5),
    ulimits: () => draw.of({ nofile: 5 }, { nofile: { soft: 1, hard: 2 }, nproc: 7 }),
    user: () => draw.of("1000:1000", "me"),
    volumes: () =>
      draw.of(
        ["data:/data", "/a:/b:ro", "/anonymous"],
        [{ type: "bind", source: "/a", target: "/b", bind: { create_host_path: false } }],
        [{ type: "tmpfs", target: "/t", tmpfs: { size: "1g", mode: "1777" } }],
        [{ type: "volume", source: "data", target: "/d", volume: { nocopy: true } }],
      ),
    working_dir: () => "/app",
    "x-own": () => ({ a: [1, null, { b: "c" }], d: 1.5 }),
  };
  const chosen = Object.entries(attributes).filter(() => draw.chance(0.25));
  return { image: `app/${name}:1`, ...Object.fromEntries(chosen.map(([key, make]) => [key, make()])) };
}

function aDependency(draw: Draw): Json {
  const condition = draw.of("service_started", "service_healthy", "service_completed_successfully");
  return { condition, ...(draw.chance(0.5) ? { required: draw.chance(0.5) } : {}), restart: draw.chance(0.5) };
}

/** Decisions by a seed (Mulberry32), the same on every machine. */
class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Both ends inclusive. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  of(...choices: readonly Json[]): Json {
    return choices[this.whole(0, choices.length - 1)] ?? null;
  }
}
