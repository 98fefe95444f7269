import { expect, it } from "vitest";
import { projectOf } from "../compose/compose.fixture.js";
import { busyPorts } from "./check-ports.js";

const { project } = projectOf(`services:
  web: { image: w, ports: ["8080:80", "127.0.0.1:9090:90", "7", "53:53/udp"] }
`);
const busy = (address: string, port: number, own: readonly number[] = []) =>
  busyPorts(project, [{ address, port }], new Set(own)).map((one) => `${one.service} ${one.address}:${one.port}`);

it.each([
  ["any listener is in the way of a port on every address", busy("127.0.0.1", 8080), ["web 0.0.0.0:8080"]],
  ["one of another address is not in the way of a port of one", busy("127.5.5.5", 9090), []],
  ["one of every address is", busy("0.0.0.0", 9090), ["web 127.0.0.1:9090"]],
  ["the project's own are not", busy("0.0.0.0", 8080, [8080]), []],
  ["a port of the other protocol is another one", busy("0.0.0.0", 53), []],
])("%s", (_, found, expected) => expect(found).toEqual(expected));
