import { expect, it } from "vitest";
import { readExample } from "./read-example.js";

const wishes = (text: string) =>
  readExample(text).map(({ name, wish }) => {
    if (wish.kind === "generate") return `${name} generate ${wish.length}`;
    if (wish.kind === "keep") return `${name} keep ${wish.value}`;
    return `${name} ask${wish.suggestion === undefined ? "" : ` ${wish.suggestion}`}`;
  });

it.each([
  ["a value is kept", "PORT=8080\nNAME='a b'", ["PORT keep 8080", "NAME keep a b"]],
  [
    "a password of one's own is generated when it is empty or a placeholder",
    "DB_PASSWORD=\nROOT_PASSWD=change-me\nSESSION_SECRET=<secret>\nAPP_KEY=\nPEPPER_SALT=xxx",
    [
      "DB_PASSWORD generate 32",
      "ROOT_PASSWD generate 32",
      "SESSION_SECRET generate 32",
      "APP_KEY generate 32",
      "PEPPER_SALT generate 32",
    ],
  ],
  ["but one that stands there is kept", "DB_PASSWORD=postgres", ["DB_PASSWORD keep postgres"]],
  [
    "what only somebody else can give is asked for",
    "API_KEY=\nSTRIPE_TOKEN=change-me\nAWS_SECRET_ACCESS_KEY=\nOAUTH_CLIENT_SECRET=\nEMAIL=your-email@here",
    ["API_KEY ask", "STRIPE_TOKEN ask", "AWS_SECRET_ACCESS_KEY ask", "OAUTH_CLIENT_SECRET ask", "EMAIL ask"],
  ],
  [
    "a mark above or on the line decides",
    "# gantry: secret 48\nA=\nB= # gantry: secret 3\n# gantry: ask\nC=de\nD= # gantry: optional\n# gantry: ask\nE=\n",
    ["A generate 48", "B generate 8", "C ask de", "D keep ", "E ask"],
  ],
  ["a commented variable is none", "#A=1\n# B=2\n", []],
])("%s", (_, text, expected) => expect(wishes(text)).toEqual(expected));

it("tells who is asked what the file says of a variable", () => {
  const text = "# Unrelated.\n\n# Your key, from\n#   https://example.com\n# gantry: ask\nKEY=\n";
  expect(readExample(text).map(({ about, line }) => [about, line])).toEqual([
    ["Your key, from https://example.com", 5],
  ]);
});
