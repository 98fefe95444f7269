/**
 * Finds out from the files of a folder what kind of project it is and which servers its dependencies ask for.
 *
 * Pure: `files` are the names in the folder; those of `manifestNames` have their text, others need none.
 */
import { type Backing, backings } from "./backings.js";

export type ProjectKind = "node" | "python" | "go" | "ruby" | "php" | "java" | "rust" | "static" | "other";

export interface DetectedProject {
  readonly kind: ProjectKind;
  /** The file that told the kind. */
  readonly evidence?: string;
  readonly hasDockerfile: boolean;
  /** Where the application listens in its container: of the Dockerfile's `EXPOSE`, else the kind's habit. */
  readonly port: number;
  /** The words that start it from its sources, when there is no Dockerfile. */
  readonly command: string;
  /** Servers whose clients are among the dependencies, in the order of `backings`; `because` is the dependency. */
  readonly needs: ReadonlyArray<{ readonly backing: Backing; readonly because: string }>;
}

/** Files that tell a kind, most telling first: a Rails project has a package.json too. */
const evidence: ReadonlyArray<readonly [string, ProjectKind]> = [
  ["go.mod", "go"],
  ["Cargo.toml", "rust"],
  ["pom.xml", "java"],
  ["build.gradle", "java"],
  ["build.gradle.kts", "java"],
  ["Gemfile", "ruby"],
  ["composer.json", "php"],
  ["manage.py", "python"],
  ["pyproject.toml", "python"],
  ["requirements.txt", "python"],
  ["Pipfile", "python"],
  ["package.json", "node"],
  ["index.php", "php"],
  ["index.html", "static"],
];

/** The files whose texts are of use. */
export const manifestNames: readonly string[] = [...evidence.map(([name]) => name), "Dockerfile"].filter(
  (name) => !name.startsWith("index."),
);

export function detectProject(files: ReadonlyMap<string, string | undefined>): DetectedProject {
  const found = evidence.find(([name]) => files.has(name));
  const kind = found?.[1] ?? "other";
  const words = new Set([...files].flatMap(([name, text]) => (name === "Dockerfile" ? [] : wordsOf(name, text ?? ""))));
  const exposed = /^\s*EXPOSE\s+(\d{1,5})/im.exec(files.get("Dockerfile") ?? "")?.[1];
  const habit = habitOf(kind, words, files);
  return {
    kind,
    ...(found ? { evidence: found[0] } : {}),
    hasDockerfile: files.has("Dockerfile"),
    port: exposed && Number(exposed) > 0 && Number(exposed) < 65_536 ? Number(exposed) : habit.port,
    command: habit.command,
    needs: backings.flatMap((backing) => {
      const because = backing.clients.find((client) => words.has(client));
      return because === undefined ? [] : [{ backing, because }];
    }),
  };
}

/** Names of dependencies: keys of a JSON manifest, every word of another one; its own comments count too. */
function wordsOf(name: string, text: string): string[] {
  if (name.endsWith(".json")) return jsonDependencies(text);
  return text.toLowerCase().match(/[a-z0-9@_./-]+/g) ?? [];
}

function jsonDependencies(text: string): string[] {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    return []; // a broken manifest names nothing; its own tools will say so
  }
  if (typeof manifest !== "object" || manifest === null) return [];
  const groups = Object.entries(manifest).filter(([key]) => /^(dependencies|devDependencies|require)$/.test(key));
  return groups.flatMap(([, group]) => (typeof group === "object" && group !== null ? Object.keys(group) : []));
}

type Habit = Pick<DetectedProject, "port" | "command">;

function habitOf(kind: ProjectKind, words: ReadonlySet<string>, files: ReadonlyMap<string, string | undefined>): Habit {
  switch (kind) {
    case "node":
      return { port: 3000, command: `npm install && npm ${nodeScript(files.get("package.json") ?? "")}` };
    case "python":
      return pythonHabit(words, files);
    case "go":
      return { port: 8080, command: "go run ." };
    case "ruby": {
      const serve = words.has("rails") ? "rails server -b 0.0.0.0" : "rackup -o 0.0.0.0 -p 3000";
      return { port: 3000, command: `bundle install && bundle exec ${serve}` };
    }
    case "java":
      return { port: 8080, command: files.has("pom.xml") ? "mvn spring-boot:run" : "gradle bootRun" };
    case "rust":
      return { port: 8080, command: "cargo run" };
    case "php":
    case "static":
      return { port: 80, command: "" };
    case "other":
      return { port: 8080, command: "" };
  }
}

function pythonHabit(words: ReadonlySet<string>, files: ReadonlyMap<string, string | undefined>): Habit {
  const install = files.has("requirements.txt") ? "pip install -r requirements.txt" : "pip install .";
  if (files.has("manage.py")) return { port: 8000, command: `${install} && python manage.py runserver 0.0.0.0:8000` };
  if (words.has("flask")) return { port: 5000, command: `${install} && flask run --host 0.0.0.0` };
  if (words.has("fastapi") || words.has("uvicorn")) {
    return { port: 8000, command: `${install} && uvicorn main:app --host 0.0.0.0` };
  }
  return { port: 8000, command: `${install} && python ${files.has("app.py") ? "app.py" : "main.py"}` };
}

function nodeScript(text: string): string {
  const has = (script: string) => new RegExp(`"${script}"\\s*:`).test(text);
  return has("dev") ? "run dev" : "start";
}
