import { expect, it } from "vitest";
import { lines, projectOf } from "../compose.fixture.js";
import { Report } from "../report.js";
import { placeInstance } from "./place-instance.js";

// The project of the fixture is `demo`, so its own names are the copy's.
const instance = { name: "demo", base: "x", address: "127.7.7.7" };
const told = (text: string) => {
  const report = new Report();
  const { project } = projectOf(text);
  placeInstance(project, instance, report);
  return lines(report.sorted());
};

it("tells with its place what every copy would have to itself", () => {
  expect(
    told(`services:
  db:
    image: db
    container_name: my-db
    ports: ["127.0.0.1:5432:5432", "80"]
    volumes: ["data:/data", "old:/old"]
    networks: [corp, fixed]
  host: { image: h, network_mode: host }
volumes:
  data: { name: shared-data }
  old: { external: true }
networks:
  corp: { external: true }
  fixed: { ipam: { config: [{ subnet: 10.1.0.0/24 }] } }
`),
  ).toEqual([
    '4:21 shared-by-instances Container name "my-db" is the same in every copy: only one can have it',
    "5:13 shared-by-instances Port 5432 of 127.0.0.1 is the same in every copy: only one can have it",
    '8:35 shared-by-instances Service "host" has the host\'s network: its ports are those of every copy',
    '10:17 shared-by-instances Volume "data" is named "shared-data" in every copy',
    '11:20 shared-by-instances Volume "old" is external: every copy uses the same one',
    '13:21 shared-by-instances Network "corp" is external: every copy uses the same one',
    '14:18 shared-by-instances Network "fixed" has a fixed range of addresses: only one copy can have it',
  ]);
});

it("says nothing of names that have the copy's in them", () => {
  const text = `services:
  db: { image: db, container_name: db-demo, ports: ["127.7.7.7:1:1", "2:2"], volumes: ["data:/data"] }
volumes: { data: { name: data-demo } }
`;
  expect(told(text)).toEqual([]);
});
