import { describe, expect, it } from "vitest";
import { printUnit } from "./unit-file.js";

const request = { program: "/usr/bin/gantry", stateRoot: "/var/lib/gantry", runDir: "/run/gantry", flags: {} };

describe("the unit of the engine's service", () => {
  it("lets containers outlive the engine, and waits until clients can connect", () => {
    const unit = printUnit(request);
    expect(unit).toContain("\nType=notify\n");
    expect(unit).toContain("\nKillMode=process\n");
    expect(unit).toContain("\nExecStart=/usr/bin/gantry engine run --idle-ms 0\n");
    expect(unit).toContain("\nRestart=on-failure\nRestartPreventExitStatus=75\n");
  });

  it("takes nothing from the containers by locking the engine in", () => {
    const locks = /^(PrivateTmp|ProtectSystem|ProtectHome|NoNewPrivileges|SystemCallFilter|CapabilityBoundingSet)=/m;
    expect(printUnit(request)).not.toMatch(locks);
  });

  it("hands on where to listen, each word as it is", () => {
    const flags = { listen: "tcp://0.0.0.0:2376", tlsCa: "/etc/my certs/100%.pem", socketGroup: "docker" };
    expect(printUnit({ ...request, flags })).toContain(
      'run --idle-ms 0 --listen tcp://0.0.0.0:2376 --tls-ca "/etc/my certs/100%%.pem" --socket-group docker\n',
    );
  });
});
