import { expect, it } from "vitest";
import { applyMetadata, type Draft, type Metadata, workingDirectory } from "./apply-metadata.js";
import { expandInstruction } from "./expand-instruction.js";
import { parseDockerfile } from "./parse-dockerfile.js";

function apply(text: string, config: Draft["config"] = {}) {
  const { stages, problems } = parseDockerfile(`FROM scratch\n${text}`, "D");
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const comments: string[] = [];
  let draft: Draft = { config, commandIsOwn: false };
  for (const step of stages[0]?.steps ?? []) {
    const done = applyMetadata(
      draft,
      expandInstruction(step, { escapeToken: "\\", variables: new Map([["p", "81 82"]]) }) as Metadata,
    );
    draft = done.draft;
    comments.push(done.comment);
  }
  return { ...draft, comments };
}

it("sets what it says, and tells it in the words of the classic builder", () => {
  const { config, comments } = apply(
    [
      ...['ENV a=1 b="2 3"', "LABEL x=y", "EXPOSE 80 53/udp $p", "VOLUME /a /b", "USER u", "STOPSIGNAL SIGINT"],
      ...['SHELL ["/bin/bash","-c"]', "CMD run it", 'ENTRYPOINT ["e"]'],
    ].join("\n"),
  );
  expect(config).toEqual({
    Env: ["a=1", "b=2 3"],
    Labels: { x: "y" },
    ExposedPorts: { "80/tcp": {}, "53/udp": {}, "81/tcp": {}, "82/tcp": {} },
    Volumes: { "/a": {}, "/b": {} },
    User: "u",
    StopSignal: "SIGINT",
    Shell: ["/bin/bash", "-c"],
    Cmd: ["/bin/bash", "-c", "run it"],
    Entrypoint: ["e"],
  });
  expect(comments.slice(-2)).toEqual(['CMD ["/bin/bash" "-c" "run it"]', 'ENTRYPOINT ["e"]']);
});

it("drops the base's CMD with a new ENTRYPOINT, and keeps the build's own", () => {
  expect(apply("ENTRYPOINT e", { Cmd: ["base"] }).config.Cmd).toBeNull();
  expect(apply("CMD own\nENTRYPOINT e", { Cmd: ["base"] }).config.Cmd).toEqual(["/bin/sh", "-c", "own"]);
});

it("puts a later value in an earlier one's place", () => {
  expect(apply("ENV a=2 c=3", { Env: ["a=1", "b=x=y"] }).config.Env).toEqual(["a=2", "b=x=y", "c=3"]);
});

it("reads health checks", () => {
  expect(apply("HEALTHCHECK NONE").config.Healthcheck).toEqual({ Test: ["NONE"] });
  expect(apply("HEALTHCHECK --retries=2 --interval=5s CMD a b").config.Healthcheck).toEqual({
    ...{ Test: ["CMD-SHELL", "a b"], Interval: 5e9, Retries: 2 },
  });
});

it("goes on from the working directory before", () => {
  expect(workingDirectory(undefined, "a")).toBe("/a");
  expect(workingDirectory("/a", "b/../c/")).toBe("/a/c");
  expect(workingDirectory("/a", "/")).toBe("/");
});

it("refuses ports and signals that are none", () => {
  expect(() => apply("EXPOSE 99999")).toThrow("Invalid containerPort: 99999");
  for (const signal of ["99", "0", "FOO", "SIGRTMIN+16", "RTMIN+0"]) {
    expect(() => apply(`STOPSIGNAL ${signal}`)).toThrow(`Invalid signal: ${signal}`);
  }
  for (const signal of ["9", "winch", "SIGUSR1", "RTMIN+3", "SIGRTMAX-1"]) apply(`STOPSIGNAL ${signal}`);
});
