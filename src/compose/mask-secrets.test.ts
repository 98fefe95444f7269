import { expect, it } from "vitest";
import { maskSecrets, maskWords } from "./mask-secrets.js";

it.each([
  ["      DB_PASSWORD: hunter2", "      DB_PASSWORD: ***"],
  ["    - API_KEY=abc def", "    - API_KEY=***"],
  ["environment: { TOKEN: abc, A: 1 }", "environment: { TOKEN: ***, A: 1 }"],
  ["URL: postgres://me:hunter2@db/x", "URL: postgres://me:***@db/x"],
  ["SECRET_KEY='x y'", "SECRET_KEY=***"],
  ["    PASSWORD: ${PASSWORD:?}", "    PASSWORD: ${PASSWORD:?}"],
  ["    PASSWORD_FILE: /run/secrets/x", "    PASSWORD_FILE: /run/secrets/x"],
  ["    secrets: [db]", "    secrets: [db]"],
  ["    secrets:", "    secrets:"],
  ['SecretsUsedInArgOrEnv: (ARG "KEY")', 'SecretsUsedInArgOrEnv: (ARG "KEY")'],
  ["    image: nginx:1", "    image: nginx:1"],
])("%s is shown as %s", (line, shown) => expect(maskSecrets(line)).toBe(shown));

it("hides the word after an option that is told a secret, and no other", () => {
  const words = ["mysql", "--password", "hunter2", "--api-key=abc", "--token", "--verbose", "--secret", "$KEY", "x"];
  expect(maskWords(words).join(" ")).toBe("mysql --password *** --api-key=*** --token --verbose --secret $KEY x");
});
