import { expect, it } from "vitest";
import { artifactFiles, projectInIndex } from "./compose-artifact.js";

const digest = `sha256:${"a".repeat(64)}`;
const layer = (mediaType: string, annotations: object = {}) => ({ mediaType, digest, size: 3, annotations });
const file = layer("application/vnd.docker.compose.file+yaml", { "com.docker.compose.file": "any.yaml" });
const env = (name: string) => layer("application/vnd.docker.compose.envfile", { "com.docker.compose.envfile": name });
const manifest = (...layers: object[]) => ({ artifactType: "application/vnd.docker.compose.project", layers });

it("has the project's files as documents of one, and others beside it", () => {
  const extended = layer(file.mediaType, {
    "com.docker.compose.file": "base.yaml",
    "com.docker.compose.extends": "true",
  });
  const files = artifactFiles(manifest(file, extended, env("a.env"), layer("text/plain")), "oci://x");
  expect(files.map(({ name }) => name)).toEqual(["compose.yaml", "base.yaml", "a.env"]);
});

it.each<[string, unknown]>([
  ["is of type x", { artifactType: "x", layers: [file] }],
  ["it has no Compose file", manifest(env("a.env"))],
  ["it has no layers", {}],
  ['a file is called "../../etc/passwd"', manifest(file, env("../../etc/passwd"))],
  ['a file is called ""', manifest(file, env(""))],
  ['a file is called ".."', manifest(file, env(".."))],
  ["larger than what is read", manifest({ ...file, size: 1e12 })],
  ["a layer has no digest", manifest({ ...file, digest: "sha256:../x" })],
])("refuses what %s", (message, value) => expect(() => artifactFiles(value, "oci://x")).toThrow(message));

it("takes the type of the configuration where there is no other, as OCI 1.0 has it", () => {
  const config = { mediaType: "application/vnd.docker.compose.config.empty.v1+json" };
  expect(artifactFiles({ config, layers: [file] }, "oci://x")).toHaveLength(1);
});

it("finds the project in an index that lists its images too", () => {
  const index = {
    manifests: [{ digest: "sha256:b" }, { artifactType: "application/vnd.docker.compose.project", digest }],
  };
  expect([projectInIndex(index), projectInIndex({ layers: [] })]).toEqual([digest, undefined]);
});
