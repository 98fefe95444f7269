/** The Compose schema as editors use it: everything has an explanation, and the validator carries none of them. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, it } from "vitest";

interface Schema {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly $ref?: string;
}
const text = readFileSync(new URL("../schemas/compose.json", import.meta.url), "utf8");
const schema = JSON.parse(text) as Schema;
const properties = propertiesOf(schema, "");

it("describes every attribute in a sentence", () => {
  expect(properties.length).toBeGreaterThan(250);
  expect(
    properties.filter(([, one]) => !/^[A-Za-z].{10,}\.$/.test(one.description ?? "")).map(([path]) => path),
  ).toEqual([]);
});

it("gives examples and defaults that it accepts itself", () => {
  const ajv = new Ajv({ allowUnionTypes: true, strict: false });
  ajv.addSchema(JSON.parse(text), "compose");
  const wrong = properties.flatMap(([path, one]) => {
    const { description: _text, ...bare } = one;
    const samples = [...(one.examples ?? []), ...("default" in one ? [one.default] : [])];
    if (samples.length === 0) return [];
    const validate = ajv.compile(resolved(bare));
    return samples.filter((sample) => !validate(sample)).map((sample) => `${path}: ${JSON.stringify(sample)}`);
  });
  expect(wrong).toEqual([]);
});

it("leaves its explanations out of the validator that is compiled from it", () => {
  const path = new URL("../src/compose/generated/compose-validator.js", import.meta.url);
  expect(readFileSync(path, "utf8")).not.toMatch(/"(description|examples)":/);
});

/** In draft 7 nothing counts beside a reference. References lead to the whole schema, which is compiled once. */
function resolved(one: Schema): Schema {
  const counted = one.$ref === undefined ? one : { $ref: one.$ref };
  return JSON.parse(JSON.stringify(counted).replaceAll('"#/definitions/', '"compose#/definitions/')) as Schema;
}

function propertiesOf(one: Schema, path: string): Array<readonly [string, Schema]> {
  const own = Object.entries(one.properties ?? {}).flatMap(([name, value]) => [
    [`${path}/${name}`, value] as const,
    ...propertiesOf(value, `${path}/${name}`),
  ]);
  const below = [one.items, one.additionalProperties].flatMap((part) =>
    typeof part === "object" ? propertiesOf(part, `${path}/*`) : [],
  );
  const named = Object.entries(one.definitions ?? {}).flatMap(([name, value]) => propertiesOf(value, name));
  return [...own, ...below, ...named];
}
