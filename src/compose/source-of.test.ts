import { expect, it } from "vitest";
import { projectOf } from "./compose.fixture.js";
import { sourceOf } from "./source-of.js";

const { project } = projectOf(`services:
  web:
    image: app
    ports: ["80-81:80-81", "90:90"]
    environment: [A=1]
    labels: { a.b: 1 }
`);
it.each<[string, string | undefined]>([
  ["services.web", "2:3"],
  ["services.web.image", "3:12"],
  ["services.web.ports[1].target", "4:13"],
  ["services.web.ports[2].target", "4:28"],
  ["services.web.environment.A", "5:19"],
  ["services.web.labels.a.b", "6:20"],
  ["services.web.user", "2:3"],
  ["networks.default", undefined],
])("%s was written at %s", (path, place) => {
  const source = sourceOf(project, path);
  expect(source && `${source.line}:${source.column}`).toBe(place);
});
