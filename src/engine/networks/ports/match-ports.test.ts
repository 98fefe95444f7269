import { describe, expect, it } from "vitest";
import { type KnownPort, matchPorts } from "./match-ports.js";
import type { PortRequest } from "./published-ports.js";

/** `32768:80` as a held port. */
function held(text: string): KnownPort {
  const [hostPort = 0, containerPort = 0] = text.split(":").map(Number);
  return { protocol: "tcp", containerPort, hostAddress: "0.0.0.0", hostPort };
}

/** `8080:80`, `8000-8010:80`, or `80` for a free choice. */
function wanted(text: string): PortRequest {
  const [host = "", container] = text.includes(":") ? text.split(":") : ["0", text];
  const [from = 0, to = from] = host.split("-").map(Number);
  const containerPort = Number(container);
  return { key: `${containerPort}/tcp`, protocol: "tcp", containerPort, hostAddress: "", hostPorts: { from, to } };
}

function matched(requests: readonly string[], ports: readonly string[]): string[] {
  return matchPorts(requests.map(wanted), ports.map(held))
    .map(({ request, ports: own }) => `${own.map(({ hostPort }) => hostPort).join()} leads to ${request.containerPort}`)
    .sort();
}

describe("ports of a container that takes another one's place", () => {
  it("leaves a fixed port to the request that names it, whatever is asked for before", () => {
    expect(matched(["80", "8080:81"], ["8080:81", "32768:80"])).toEqual(["32768 leads to 80", "8080 leads to 81"]);
  });

  it("keeps each free port with the container's port it led to, in any order and number", () => {
    expect(matched(["443", "80"], ["32768:80", "32769:443"])).toEqual(["32768 leads to 80", "32769 leads to 443"]);
    expect(matched(["443"], ["32768:80", "32769:443"])).toEqual(["32769 leads to 443"]);
  });

  it("gives a fixed number to another port of the container when the file says so", () => {
    expect(matched(["8080:90"], ["8080:80"])).toEqual(["8080 leads to 90"]);
  });

  it("lets a range keep the number it has before another request may take it", () => {
    expect(matched(["90", "8000-8010:80"], ["8003:80"])).toEqual(["8003 leads to 80"]);
  });

  it("takes the sockets of both address families together", () => {
    const ports = [held("8080:80"), { ...held("8080:80"), hostAddress: "::" }];
    expect(matchPorts([wanted("8080:80")], ports)).toEqual([{ request: wanted("8080:80"), ports }]);
  });

  it("leaves out what nothing fits", () => {
    expect(matched(["9090:80"], ["8080:80"])).toEqual([]);
  });
});
