import { expect, it } from "vitest";
import { projectOf } from "../compose.fixture.js";
import { printYaml } from "../load/print-yaml.js";
import { asYamlModel, projectToConfig } from "./project-to-config.js";

const config = (text: string) => printYaml(projectToConfig(projectOf(text, { environment: { KEY: "k" } }).project));

it("prints the canonical model as compose config does", () => {
  expect(
    config(`
services:
  web:
    image: nginx
    ports: ["127.0.0.1:8080:80"]
    environment: [B=$$x, A]
    volumes: ["data:/data:ro", ./html:/html]
    depends_on: [api]
    healthcheck: { test: curl localhost, interval: 90s }
    profiles: []
    mem_limit: 64m
    ulimits: { nofile: 5 }
    secrets: [key]
    x-note: hi
  api:
    build: .
    command: [a]
    deploy: { resources: { limits: { memory: 1g } } }
    networks: { back: { aliases: [x] } }
volumes: { data: }
networks: { back: { internal: true } }
secrets: { key: { environment: KEY } }
x-top: 1
`),
  ).toBe(`name: demo
services:
  api:
    build:
      context: /demo
      dockerfile: Dockerfile
    command:
      - a
    deploy:
      placement: {}
      resources:
        limits:
          memory: "1073741824"
    entrypoint: null
    networks:
      back:
        aliases:
          - x
  web:
    command: null
    depends_on:
      api:
        condition: service_started
        required: true
    entrypoint: null
    environment:
      A: null
      B: $$x
    healthcheck:
      test:
        - CMD-SHELL
        - curl localhost
      interval: 1m30s
    image: nginx
    mem_limit: "67108864"
    networks:
      default: null
    ports:
      - mode: ingress
        host_ip: 127.0.0.1
        target: 80
        published: "8080"
        protocol: tcp
    secrets:
      - source: key
        target: /run/secrets/key
    ulimits:
      nofile: 5
    volumes:
      - type: volume
        source: data
        target: /data
        read_only: true
        volume: {}
      - type: bind
        source: /demo/html
        target: /html
        bind: {}
    x-note: hi
networks:
  back:
    name: demo_back
    ipam: {}
    internal: true
  default:
    name: demo_default
    ipam: {}
volumes:
  data:
    name: demo_data
secrets:
  key:
    name: demo_key
    environment: KEY
x-top: 1
`);
});

it("can be read again and gives the same", () => {
  const once = config(
    "services: { a: { image: i, command: 'x $$y', ports: ['1-3:1-3'], restart: on-failure:2, scale: 2 } }",
  );
  expect(config(once.replace("name: demo\n", ""))).toBe(once);
});

it("leaves commands that nobody set and empty ipam to JSON", () => {
  const { project } = projectOf("services: { web: { image: nginx, environment: { A: null } } }\n");
  const model = projectToConfig(project);
  expect(model).toMatchObject({ services: { web: { command: null } }, networks: { default: { ipam: {} } } });
  expect(asYamlModel(model)).toMatchObject({ services: { web: { environment: { A: null } } } });
  expect(JSON.stringify(asYamlModel(model))).not.toMatch(/command|entrypoint|ipam/);
});
