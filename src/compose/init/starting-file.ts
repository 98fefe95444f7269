/** Writes the Compose file that a project begins with: commented, complete, and without made-up secrets. Pure. */
import type { Backing } from "./backings.js";
import type { DetectedProject, ProjectKind } from "./detect-project.js";

/** How a kind runs from its sources: its image, and where they stand in it. Port 80 is published as 8080. */
const runtimes: Readonly<Record<ProjectKind, { readonly image: string; readonly folder: string }>> = {
  node: { image: "node:24-alpine", folder: "/app" },
  python: { image: "python:3.13-slim", folder: "/app" },
  go: { image: "golang:1.25-alpine", folder: "/app" },
  ruby: { image: "ruby:3.4", folder: "/app" },
  php: { image: "php:8.4-apache", folder: "/var/www/html" },
  java: { image: "maven:3-eclipse-temurin-21", folder: "/app" },
  rust: { image: "rust:1-slim", folder: "/app" },
  static: { image: "nginx:alpine", folder: "/usr/share/nginx/html" },
  other: { image: "alpine:3", folder: "/app" },
};

/** The text of `compose.yaml`. Loads without a diagnostic once the variables of its backings are set. */
export function startingFile(project: DetectedProject): string {
  const lines = [
    "# The services of this project. `gantry up` starts them, `gantry plan` shows beforehand what it will do.",
    "",
    "services:",
    ...indented(applicationLines(project)),
    ...project.needs.flatMap(({ backing, because }) => ["", ...indented(backingLines(backing, because))]),
  ];
  if (project.needs.length > 0) {
    lines.push("", "# Data that outlives its containers; only `gantry down -v` deletes it.", "volumes:");
    lines.push(...project.needs.map(({ backing }) => `  ${backing.name}-data:`));
  }
  return `${lines.join("\n")}\n`;
}

/** The secrets that the file takes from `.env`. */
export function variablesOf({ needs }: DetectedProject): string[] {
  return needs.flatMap(({ backing }) => backing.variables);
}

function applicationLines(project: DetectedProject): string[] {
  const { port, needs } = project;
  const published = port === 80 ? 8080 : port;
  return [
    "app:",
    ...indented([
      ...(project.hasDockerfile ? ["build: ."] : sourceLines(project)),
      "ports:",
      `  - "127.0.0.1:${published}:${port}" # this machine only; "${published}:${port}" lets others in`,
      ...environmentLines(project),
      ...(needs.length === 0 ? [] : ["depends_on:", ...indented(needs.flatMap(({ backing }) => waitLines(backing)))]),
      ...(project.kind === "static" && !project.hasDockerfile
        ? healthLines("wget -q --spider http://127.0.0.1/")
        : ["# healthcheck:", '#   test: ["CMD-SHELL", "…"] # a command that succeeds once the application answers']),
      "restart: unless-stopped",
    ]),
  ];
}

function sourceLines({ kind, command, evidence }: DetectedProject): string[] {
  const gradle = evidence?.startsWith("build.gradle");
  const { folder } = runtimes[kind];
  const image = gradle ? "gradle:8-jdk21" : runtimes[kind].image;
  const mount = kind === "static" ? `.:${folder}:ro` : `.:${folder}`;
  if (kind === "other") {
    return [
      `image: ${image} # the image of your application; with a Dockerfile here: build: .`,
      'command: ["sleep", "infinity"] # what it runs',
    ];
  }
  return [
    `image: ${image} # for development; with a Dockerfile here: build: .`,
    ...(command === "" ? [] : [`working_dir: ${folder}`, `command: ["sh", "-c", ${JSON.stringify(command)}]`]),
    "volumes:",
    `  - ${mount}`,
  ];
}

function environmentLines({ kind, needs, port }: DetectedProject): string[] {
  const pairs = needs.map(({ backing }) => backing.url);
  const habits: [string, string][] = kind === "node" || kind === "go" || kind === "rust" ? [["PORT", `"${port}"`]] : [];
  // Two databases would both be DATABASE_URL: the second one is called by its own name.
  const seen = new Set<string>();
  const named = needs.map(({ backing }, at) => {
    const [name, value] = pairs[at] ?? ["", ""];
    const unique = seen.has(name) ? `${backing.name.toUpperCase()}_URL` : name;
    seen.add(unique);
    return `  ${unique}: ${value}`;
  });
  const all = [...habits.map(([name, value]) => `  ${name}: ${value}`), ...named];
  return all.length === 0 ? [] : ["environment:", ...all];
}

function waitLines({ name }: Backing): string[] {
  return [`${name}:`, "  condition: service_healthy"];
}

function backingLines(backing: Backing, because: string): string[] {
  const { name, title, image, variables, environment, command, healthcheck, data } = backing;
  const pairs = Object.entries(environment);
  return [
    `# ${title}, because the project depends on ${because}.`,
    ...(variables.length === 0
      ? []
      : [
          `# ${variables.join(", ")} comes from .env, which stays out of version control;`,
          "# name it in .env.example, so that others know what to set.",
        ]),
    `${name}:`,
    ...indented([
      `image: ${image}`,
      ...(command === undefined ? [] : [`command: ${command}`]),
      ...(pairs.length === 0 ? [] : ["environment:", ...pairs.map(([key, value]) => `  ${key}: ${quoted(value)}`)]),
      "volumes:",
      `  - ${name}-data:${data}`,
      ...healthLines(healthcheck),
      "restart: unless-stopped",
    ]),
  ];
}

function healthLines(test: string): string[] {
  return [
    "healthcheck:",
    `  test: ["CMD-SHELL", ${JSON.stringify(test)}]`,
    "  interval: 10s",
    "  timeout: 5s",
    "  retries: 5",
    "  start_period: 30s",
  ];
}

/** Words that YAML reads as something else than a text. */
function quoted(value: string): string {
  return /^(yes|no|true|false|null|[\d.]+)$/i.test(value) ? `"${value}"` : value;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `  ${line}`));
}
