import { expect, it } from "vitest";
import { projectOf } from "../../compose/compose.fixture.js";
import { dependencyGraph } from "./dependency-graph.js";

const { project } = projectOf(`services:
  web: { image: "nginx:1", ports: ["127.0.0.1:8080:80"], depends_on: [db, cache] }
  db: { image: postgres, networks: [back] }
  cache: { build: . }
networks: { back: }
`);
const plain = { networks: false, ports: false, image: false, indentation: "\t" };

it("draws each service, and an edge to each that it depends on", () => {
  expect(dependencyGraph(project, plain)).toBe(`digraph "demo" {
\tlayout=dot;
\t"cache" [style="filled" label=<<font point-size="15">cache</font>>];
\t"db" [style="filled" label=<<font point-size="15">db</font>>];
\t"web" [style="filled" label=<<font point-size="15">web</font>>];

\t"web" -> "cache";
\t"web" -> "db";
}
`);
});

it("tells networks, ports and images where asked", () => {
  const text = dependencyGraph(project, { networks: true, ports: true, image: true, indentation: "  " });
  expect(text).toContain("<b>Networks:</b><br/>back");
  expect(text).toContain("<b>Ports:</b><br/>127.0.0.1:8080:80 (tcp, ingress)");
  expect(text).toContain("<b>Image:</b><br/>demo-cache");
});
