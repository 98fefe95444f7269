/** Images, and the steps in which one was made, as docker lists them. Pure. */
import { shortId } from "../../../oci/short-id.js";
import { humanDuration } from "../../../wire/human-duration.js";
import type { ImageHistoryItem, ImageSummary } from "../../../wire/image.js";
import { printSize } from "../table.js";
import { cut } from "./cut.js";
import { goTime } from "./go-time.js";

/** The titles of an image's fields and the columns of the table. */
export const imageListing = {
  titles: {
    ...{ ID: "IMAGE ID", Repository: "REPOSITORY", Tag: "TAG", Digest: "DIGEST", CreatedSince: "CREATED" },
    ...{ CreatedAt: "CREATED AT", Size: "SIZE", SharedSize: "SHARED SIZE", UniqueSize: "UNIQUE SIZE" },
    ...{ VirtualSize: "SIZE", Containers: "CONTAINERS" },
  },
  columns: ["Repository", "Tag", "ID", "CreatedSince", "Size"],
} as const;

interface Facts {
  readonly trunc: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** One row for each name; with `digests` one for each pair of name and digest. */
export function imageRows(image: ImageSummary, { trunc, now, digests }: Facts & { digests: boolean }) {
  // Older engines send null for an empty list.
  const [tags, all] = [image.RepoTags ?? [], image.RepoDigests ?? []];
  const names = tags.length > 0 ? tags : [`${all[0]?.split("@", 1)[0] ?? "<none>"}:<none>`];
  const known = (count: number, text: string) => (count < 0 ? "N/A" : text);
  return names.flatMap((name) => {
    const repository = name.slice(0, name.lastIndexOf(":"));
    return digestsOf(all, repository, digests).map((Digest) => ({
      ID: trunc ? shortId(image.Id) : image.Id,
      Repository: repository,
      Tag: name.slice(name.lastIndexOf(":") + 1),
      Digest,
      CreatedSince: `${humanDuration(now - image.Created * 1000)} ago`,
      CreatedAt: goTime(new Date(image.Created * 1000)),
      Size: printSize(image.Size),
      VirtualSize: printSize(image.Size, 4),
      SharedSize: known(image.SharedSize, printSize(image.SharedSize, 4)),
      UniqueSize: known(image.SharedSize, printSize(image.Size - image.SharedSize, 4)),
      Containers: known(image.Containers, String(image.Containers)),
    }));
  });
}

function digestsOf(all: readonly string[], repository: string, wanted: boolean): string[] {
  const own = all.filter((name) => name.startsWith(`${repository}@`)).map((name) => name.split("@")[1] ?? "");
  return wanted && own.length > 0 ? own : ["<none>"];
}

/** The titles of a step's fields and the columns of the table. */
export const historyListing = {
  titles: {
    ...{ ID: "IMAGE", CreatedSince: "CREATED", CreatedAt: "CREATED AT", CreatedBy: "CREATED BY" },
    ...{ Size: "SIZE", Comment: "COMMENT" },
  },
  columns: ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"],
} as const;

const shownCommand = 45;

/** Without `human`, sizes are bytes and times RFC 3339. */
export function historyRow(step: ImageHistoryItem, { trunc, now, human }: Facts & { human: boolean }) {
  const { Id, Created, CreatedBy, Size, Comment } = step;
  const at = new Date(Created * 1000);
  const since = Created > 0 ? `${humanDuration(now - Created * 1000)} ago` : "N/A";
  const command = CreatedBy.replace(/\t/g, " ");
  return {
    ID: trunc && Id.startsWith("sha256:") ? shortId(Id) : Id,
    CreatedSince: human ? since : rfc3339(at),
    CreatedAt: rfc3339(at),
    CreatedBy: trunc ? cut(command, shownCommand) : command,
    Size: human ? printSize(Size) : String(Size),
    Comment,
  };
}

function rfc3339(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}
