import { expect, it } from "vitest";
import { applyChanges } from "./import-changes.js";

it.each([
  ['CMD ["nginx", "-g", "daemon off;"]', { Cmd: ["nginx", "-g", "daemon off;"] }],
  ["CMD nginx -g 'daemon off;'", { Cmd: ["/bin/sh", "-c", "nginx -g 'daemon off;'"] }],
  ['ENTRYPOINT ["/entry"]', { Entrypoint: ["/entry"] }],
  ["entrypoint run me", { Entrypoint: ["/bin/sh", "-c", "run me"] }],
  ['ENV A=1 B=\'two words\' C="x\\"y" D=a\\ b', { Env: ["A=1", "B=two words", 'C=x"y', "D=a b"] }],
  ["ENV KEY all of this", { Env: ["KEY=all of this"] }],
  ["ENV A=1\nENV A=2", { Env: ["A=2"] }],
  [
    "EXPOSE 80 53/udp 8000-8002",
    {
      ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {} },
    },
  ],
  ['LABEL a=b "c d"="e f"', { Labels: { a: "b", "c d": "e f" } }],
  ["USER www:www", { User: "www:www" }],
  ['VOLUME ["/data", "/a b"]', { Volumes: { "/data": {}, "/a b": {} } }],
  ["VOLUME /data /logs", { Volumes: { "/data": {}, "/logs": {} } }],
  ["WORKDIR /srv\nWORKDIR app", { WorkingDir: "/srv/app" }],
  ["STOPSIGNAL SIGQUIT", { StopSignal: "SIGQUIT" }],
  ["HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
  [
    "HEALTHCHECK --interval=1m30s --retries=2 CMD curl -f localhost",
    {
      Healthcheck: { Interval: 90e9, Retries: 2, Test: ["CMD-SHELL", "curl -f localhost"] },
    },
  ],
  [
    'HEALTHCHECK --timeout=500ms CMD ["redis-cli", "ping"]',
    {
      Healthcheck: { Timeout: 5e8, Test: ["CMD", "redis-cli", "ping"] },
    },
  ],
  ["# nothing\n", {}],
])("%s", (change, config) => {
  expect(applyChanges([change])).toEqual(config);
});

it.each([
  "RUN rm -rf /",
  "CMD",
  "EXPOSE http",
  "EXPOSE 70000",
  "LABEL a",
  "ENV A",
  "HEALTHCHECK maybe",
  "constructor x",
])("refuses %j as a change", (change) => {
  expect(() => applyChanges([change])).toThrow(expect.objectContaining({ code: "bad-parameter" }));
});
