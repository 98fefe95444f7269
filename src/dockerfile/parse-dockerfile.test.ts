import { expect, it } from "vitest";
import type { Instruction } from "./dockerfile.js";
import { parseDockerfile, parseTrigger } from "./parse-dockerfile.js";

function steps(text: string): readonly Instruction[] {
  const { stages, problems } = parseDockerfile(`FROM scratch\n${text}`, "Dockerfile");
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return stages[0]?.steps ?? [];
}

function problems(text: string): string[] {
  return parseDockerfile(text, "Dockerfile").problems.map(
    ({ source, message, hint }) => `${source?.line}:${source?.column} ${message}${hint ? ` (${hint})` : ""}`,
  );
}

it("joins continued lines, and leaves out the comments between them", () => {
  const [run] = steps("RUN one && \\\n  # not this\n\n  two \\\n# nor this\n && three");
  expect(run).toMatchObject({ kind: "run", command: { form: "shell", text: "one &&   two  && three" } });
  expect(run?.place).toEqual({ line: 2, column: 1, endLine: 7 });
});

it("does not continue after a doubled escape", () => {
  expect(steps("RUN echo a\\\\\nUSER x").map(({ kind }) => kind)).toEqual(["run", "user"]);
});

it("takes the backtick for the escapeToken when a directive says so, on Windows line ends too", () => {
  const { stages, escapeToken } = parseDockerfile("# escape=`\r\nFROM scratch\r\nRUN a `\r\n b\\\r\nUSER c\r\n", "D");
  expect(escapeToken).toBe("`");
  expect(stages[0]?.steps.map(({ text }) => text)).toEqual(["RUN a  b\\", "USER c"]);
});

it("reads directives at the top only, and tells a second one and a bad escape", () => {
  const parsed = parseDockerfile(
    "# syntax=docker/dockerfile:1\n# unknown=1\n# check=skip=all\n#\n# escape=x\nFROM a",
    "D",
  );
  expect([parsed.syntax, parsed.escapeToken, parsed.problems]).toEqual(["docker/dockerfile:1", "\\", []]);
  expect(problems("# escape=x\nFROM a")).toEqual(["1:1 invalid escape token 'x' does not match ` or \\"]);
  expect(problems("# syntax=a\n# syntax=b\nFROM a")).toEqual(["2:1 only one syntax parser directive can be used"]);
});

it("reads here-documents of RUN, COPY and ADD, with and without expansion", () => {
  const [run, copy, after] = steps("RUN <<-EOF\n\techo $x\n\tEOF\nCOPY <<one <<'two' /dir/\n1\none\n# $2\ntwo\nUSER x");
  expect(run).toMatchObject({ heredocs: [{ name: "EOF", content: "echo $x\n", expand: true }] });
  expect(copy).toMatchObject({
    sources: [],
    to: "/dir/",
    heredocs: [
      { name: "one", content: "1\n", expand: true },
      { name: "two", content: "# $2\n", expand: false },
    ],
  });
  expect(after?.kind).toBe("user");
});

it("tells a here-document without end", () => {
  expect(problems("FROM a\nRUN <<EOF\nx\n")).toEqual(['2:1 unterminated heredoc "EOF"']);
});

it("takes white space before a here-document's name, and a shift for a shift", () => {
  const [run, copy, next] = steps(
    "RUN cat << EOF >/f\na\nEOF\nCOPY <<- 'X' /x\n\tb\nX\nRUN echo $((a << b)) $((1 << 2))",
  );
  expect(run).toMatchObject({ kind: "run", heredocs: [{ name: "EOF", content: "a\n" }] });
  expect(copy).toMatchObject({ to: "/x", sources: [], heredocs: [{ name: "X", content: "b\n", expand: false }] });
  expect(next).toMatchObject({ kind: "run", heredocs: [] });
});

it("knows no here-document where a shift or a quoted text stands", () => {
  expect(steps('RUN echo $((1<<2))\nRUN echo "<<EOF"\nUSER x').map(({ kind }) => kind)).toEqual(["run", "run", "user"]);
});

it("tells JSON lists from lines for the shell", () => {
  const [exec, shell, broken] = steps('CMD ["a", "b c"]\nENTRYPOINT a "b"\nRUN [ "x" ] && y');
  expect(exec).toMatchObject({ command: { form: "exec", words: ["a", "b c"] } });
  expect(shell).toMatchObject({ command: { form: "shell", text: 'a "b"' } });
  expect(broken).toMatchObject({ command: { form: "shell", text: '[ "x" ] && y' } });
  expect(problems("FROM a\nCMD [1]")).toEqual([
    "2:5 when using JSON array syntax, arrays must be comprised of strings only",
  ]);
});

it("reads pairs in both forms", () => {
  const [modern, old, label] = steps('ENV a=1 b="x y" c=d\\ e\nENV key some value \nLABEL "a b"="c"');
  expect(modern).toMatchObject({
    pairs: [
      { key: "a", value: "1" },
      { key: "b", value: '"x y"' },
      { key: "c", value: "d\\ e" },
    ],
  });
  expect(old).toMatchObject({ pairs: [{ key: "key", value: "some value" }] });
  expect(label).toMatchObject({ pairs: [{ key: '"a b"', value: '"c"' }] });
});

it("reads every flag of COPY, ADD, RUN and HEALTHCHECK", () => {
  const [copy, add, run, health] = steps(
    [
      "COPY --from=x --chown=1:2 --chmod=755 --link --parents --exclude=*.md --exclude=a b c/",
      "ADD --checksum=sha256:abc --keep-git-dir=true https://example.com/x /x",
      "RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t --network=none --security=sandbox true",
      "HEALTHCHECK --interval=1m30s --timeout=2s --start-period=0 --start-interval=500ms --retries=3 CMD curl x",
    ].join("\n"),
  );
  expect(copy).toMatchObject({
    ...{ kind: "copy", from: "x", chown: "1:2", chmod: "755", link: true, parents: true },
    ...{ exclude: ["*.md", "a"], sources: ["b"], to: "c/" },
  });
  expect(add).toMatchObject({ kind: "add", checksum: "sha256:abc", keepGitDir: true });
  expect(run).toMatchObject({ mounts: ["type=cache,target=/c", "type=tmpfs,target=/t"], network: "none" });
  expect(health).toMatchObject({
    test: { kind: "check", intervalNanos: 90e9, timeoutNanos: 2e9, startIntervalNanos: 5e8, retries: 3 },
  });
});

it("names stages and what they are made from", () => {
  const { stages, globalArgs } = parseDockerfile(
    "ARG V=1\nFROM --platform=$BUILDPLATFORM debian:$V AS Build\nFROM build",
    "D",
  );
  expect(globalArgs[0]?.args).toEqual([{ key: "V", value: "1" }]);
  expect(stages.map(({ name, from }) => [name, from.image, from.platform])).toEqual([
    ["build", "debian:$V", "$BUILDPLATFORM"],
    [undefined, "build", undefined],
  ]);
});

it("tells every problem at once, each at its place, with what was probably meant", () => {
  expect(
    problems(
      [
        ...["USER early", "FROM a b", "FROM scratch AS 1x", "  RUNN x", "COPY --form=x a b", "COPY onlyone"],
        ...["ENV", "RUN --network=weird true", "SHELL bash", "HEALTHCHECK PING", "ONBUILD FROM x", "ENV a=1 \\", "  b"],
      ].join("\n"),
    ),
  ).toEqual([
    "1:1 no build stage in current context: USER before FROM",
    "2:6 FROM requires either one argument, or three: FROM <source> [AS <name>]",
    '3:6 invalid name for build stage: "1x", name can\'t start with a number or contain symbols',
    '4:3 unknown instruction: RUNN (Did you mean "RUN"?)',
    '5:6 unknown flag: --form of COPY (Did you mean "from"?)',
    "6:6 COPY requires at least two arguments, but only one was provided. Destination could not be determined.",
    "7:1 ENV requires at least one argument",
    '8:21 invalid network mode "weird": default, none or host',
    "9:7 SHELL requires the arguments to be in JSON form",
    '10:13 Unknown type "PING" in HEALTHCHECK (try CMD)',
    "11:9 FROM isn't allowed as an ONBUILD trigger",
    '12:5 Syntax error - can\'t find = in "b". Must be of the form: name=value',
  ]);
});

it("tells an empty file and one without FROM", () => {
  expect(problems("# nothing\n")).toEqual(["1:1 the Dockerfile cannot be empty"]);
  expect(problems("ARG A=1")).toEqual(["1:1 no build stage: the Dockerfile has no FROM"]);
});

it("warns of what Docker ignores without a word", () => {
  expect(problems('FROM a AS x\nCMD ["a"]\nCMD ["b"]\nMAINTAINER me\nFROM a AS x')).toEqual([
    expect.stringContaining("2:1 MultipleInstructionsDisallowed: Multiple CMD instructions should not be used"),
    expect.stringMatching(/^4:1 MaintainerDeprecated: Maintainer instruction is deprecated .*image.authors/),
    '5:1 DuplicateStageName: Duplicate stage name "x", stage names should be unique',
  ]);
});

it("leaves checks out, and makes errors of their findings, where a directive says so", () => {
  const text = "FROM a\nMAINTAINER me\nCMD []\nCMD []";
  const severities = (check: string) =>
    parseDockerfile(`# check=${check}\n${text}`, "D").problems.map(({ severity, message }) => [severity, message[0]]);
  expect(severities("skip=MaintainerDeprecated")).toEqual([["warning", "M"]]);
  expect(severities("skip=all")).toEqual([]);
  expect(severities("skip=multipleinstructionsdisallowed;error=true")).toEqual([["error", "M"]]);
  const asked = parseDockerfile(`# check=skip=all\n${text}`, "D", "skip=MaintainerDeprecated").problems;
  expect(asked.map(({ code }) => code)).toEqual(["MultipleInstructionsDisallowed"]);
});

it("keeps the text of a trigger and parses it when it fires", () => {
  const [onbuild] = steps("ONBUILD COPY . /src");
  expect(onbuild).toMatchObject({ kind: "onbuild", trigger: "COPY . /src" });
  expect(parseTrigger("COPY . /src", { line: 9, column: 1, endLine: 9 })[0]).toMatchObject({
    kind: "copy",
    to: "/src",
  });
});

it("wants a directory for several sources", () => {
  expect(problems("FROM a\nCOPY a b c")[0]).toContain("must be a directory and end with a /");
  expect(steps("COPY a b ./\nCOPY a b .\nCOPY a b $dir")).toHaveLength(3);
});

it("ends for whatever it is given, with problems rather than a failure", () => {
  const pieces = [
    "FROM a",
    "RUN",
    "<<EOF",
    "\n",
    "\\\n",
    "#",
    "--x=",
    '["',
    "]",
    "${",
    "}",
    "'",
    '"',
    "ONBUILD ",
    "EOF\n",
  ];
  let seed = 7;
  const next = (limit: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % limit;
  };
  for (let round = 0; round < 2000; round += 1) {
    const text = Array.from({ length: next(12) }, () => `${pieces[next(pieces.length)]}${next(2) ? " " : ""}`).join("");
    expect(Array.isArray(parseDockerfile(text, "D").problems)).toBe(true);
  }
});
