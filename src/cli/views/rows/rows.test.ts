import { expect, it } from "vitest";
import type { DiskUsage } from "../../../client/upkeep-calls.js";
import type { ImageSummary } from "../../../wire/image.js";
import { usageRows } from "./disk-usage.js";
import { eventLine, eventTime } from "./event-line.js";
import { goTime } from "./go-time.js";
import { imageRows } from "./image-row.js";
import { portsText } from "./ports-text.js";

const tcp = (PrivatePort: number, PublicPort?: number, IP?: string) => ({
  ...{ PrivatePort, Type: "tcp" as const },
  ...(PublicPort === undefined ? {} : { PublicPort }),
  ...(IP === undefined ? {} : { IP }),
});

it("shows ports that follow each other as ranges, published ones first", () => {
  expect(portsText([tcp(9002), tcp(9000), tcp(9001), tcp(80, 8080, "0.0.0.0")])).toBe(
    "0.0.0.0:8080->80/tcp, 9000-9002/tcp",
  );
  expect(portsText([tcp(81, 8001, "::"), tcp(80, 8000, "::"), tcp(82, 9000, "::")])).toBe(
    "[::]:8000-8001->80-81/tcp, [::]:9000->82/tcp",
  );
  expect(portsText([])).toBe("");
});

const image: ImageSummary = {
  ...{ Id: `sha256:${"a".repeat(64)}`, ParentId: "", Created: 0, Size: 4_429_000, SharedSize: -1, Containers: -1 },
  ...{ RepoTags: ["r.example:5000/a:1", "b:2"], RepoDigests: ["b@sha256:d"], Labels: null },
};

it("has a row for each name of an image, and what an engine did not count as N/A", () => {
  const rows = imageRows(image, { trunc: true, now: 60_000, digests: true });
  expect(rows.map(({ Repository, Tag, Digest }) => [Repository, Tag, Digest])).toEqual([
    ["r.example:5000/a", "1", "<none>"],
    ["b", "2", "sha256:d"],
  ]);
  expect(rows[0]).toMatchObject({ ID: "a".repeat(12), Size: "4.43MB", SharedSize: "N/A", Containers: "N/A" });
});

it("calls an image without a name by its repository's digest, or not at all", () => {
  const facts = { trunc: true, now: 0, digests: false };
  expect(imageRows({ ...image, RepoTags: [] }, facts)[0]).toMatchObject({ Repository: "b", Tag: "<none>" });
  expect(imageRows({ ...image, RepoTags: [], RepoDigests: [] }, facts)[0]).toMatchObject({ Repository: "<none>" });
  const older = { ...image, RepoTags: null, RepoDigests: null } as unknown as ImageSummary;
  expect(imageRows(older, facts)[0]).toMatchObject({ Repository: "<none>", Tag: "<none>" });
});

it("adds up what is used and what could be taken back", () => {
  const usage = {
    ...{ LayersSize: 2000, Images: [{ ...image, Size: 1500, SharedSize: 500, Containers: 0 }], BuildCache: null },
    ...{ Containers: [{ State: "exited", SizeRw: 10 }], Volumes: [{ UsageData: { Size: 7, RefCount: 0 } }] },
  } as unknown as DiskUsage;
  expect(usageRows(usage).map(({ Type, Reclaimable }) => `${Type}: ${Reclaimable}`)).toEqual([
    "Images: 1kB (50%)",
    "Containers: 10B (100%)",
    "Local Volumes: 7B (100%)",
    "Build Cache: 0B",
  ]);
});

it("tells the time of an event as exactly as its number can, and its attributes by name", () => {
  const event = {
    ...{ Type: "container" as const, Action: "start", scope: "local" as const },
    ...{ time: 1_800_000_000, timeNano: 1_800_000_000 * 1e9 + 123_456_768 },
    Actor: { ID: "abc", Attributes: { name: "web", image: "i" } },
  };
  expect(eventTime(event)).toBe("2027-01-15T08:00:00.123457000Z");
  expect(eventLine(event)).toContain("container start abc (image=i, name=web)");
});

it("prints moments as Go does, with the zone of this machine", () => {
  expect(goTime(new Date(0))).toMatch(/^(19\d\d-\d\d-\d\d) \d\d:\d\d:00 [+-]\d{4} (UTC|[+-]\d{4})$/);
});
