/**
 * Makes a container: from a request to a record, a writable layer and its volumes.
 *
 * Durable steps, in order: the state directory with the injected files (without a record it is swept by the next
 * engine) → the record (from here on the container exists) → writable layer and volumes (made by every start too, so a
 * crash in between loses nothing). A failure after the record takes everything back.
 */
import { randomBytes, randomInt } from "node:crypto";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, isGantryError } from "../../../base/errors.js";
import type {
  ContainerConfig,
  ContainerCreateBody,
  ContainerCreateReply,
  InjectedFile,
} from "../../../wire/container.js";
import type { StoredImage } from "../../images/images.js";
import { donorOf } from "../lifecycle/donors.js";
import { parseMounts } from "../mounts/parse-mounts.js";
import { createVolume } from "../mounts/prepare-mounts.js";
import type { ResolvedMount } from "../mounts/resolved-mount.js";
import { checkNetworking } from "../networking/check-networking.js";
import { checkLinks } from "../networking/links.js";
import { requestedEndpoints } from "../networking/network-request.js";
import { type ContainerRecord, neverStarted, type StoredFile } from "../record/container-record.js";
import type { Rooms } from "../rooms.js";
import { checkContainerSpec } from "../spec/container-spec.js";
import { prepareDevices } from "../spec/devices.js";
import { checkConfig } from "./check-config.js";
import { completeHostConfig, hostWarnings } from "./host-config.js";
import { mergeConfig } from "./merge-config.js";
import { checkName, generateName } from "./names.js";

const hostnameLength = 12;
const longestHostname = 64;
const defaultFileMode = 0o444;
/** Docker's own limit on a secret or config. */
const fileBytes = 500 * 1024;

export async function createContainer(
  rooms: Rooms,
  name: string | undefined,
  { body, image }: { body: ContainerCreateBody; image?: StoredImage | undefined },
): Promise<ContainerCreateReply> {
  const id = randomBytes(32).toString("hex");
  const taken = (candidate: string) => rooms.index.isNameTaken(candidate);
  const chosen = name ? checkName(name) : generateName(taken, randomInt);
  rooms.index.reserve(chosen, id);
  try {
    const record = await composeRecord(rooms, { id, name: chosen, image }, body);
    await makeContainer(rooms, record, body.HostConfig?.GantryFiles ?? []);
  } catch (error) {
    rooms.index.release(chosen, id);
    throw error;
  }
  return { Id: id, Warnings: hostWarnings(body.HostConfig ?? {}, rooms.host) };
}

/** Everything that can be refused is refused here, before anything is made. */
async function composeRecord(
  rooms: Rooms,
  { id, name, image: given }: { id: string; name: string; image: StoredImage | undefined },
  body: ContainerCreateBody,
): Promise<ContainerRecord> {
  const { HostConfig: askedHost = {}, NetworkingConfig, ...asked } = body;
  if (!asked.Image) {
    throw new GantryError("bad-parameter", "Config cannot be empty in order to create a container");
  }
  const image = given ?? rooms.images.resolve(asked.Image);
  const hostConfig = completeHostConfig(askedHost, rooms.host);
  const merged = mergeConfig(asked, image.config);
  const config: ContainerConfig = { ...merged, Hostname: hostnameOf(merged, { id, mode: hostConfig.UTSMode }) };
  checkConfig(config);
  checkNetworking(asked, hostConfig);
  badRequestIfMissing(() => checkLinks(rooms, hostConfig));
  for (const mode of [hostConfig.PidMode, hostConfig.IpcMode]) badRequestIfMissing(() => donorOf(rooms, mode));
  const mounts = badRequestIfMissing(() =>
    parseMounts({
      hostConfig: askedHost,
      config: merged,
      donors: (askedHost.VolumesFrom ?? []).map((donor) => donorMounts(rooms, donor)),
      newName: () => randomBytes(32).toString("hex"),
      resolveImage: (source) => rooms.images.resolve(source),
    }),
  );
  await Promise.all(mounts.map(checkBindSource));
  const record: ContainerRecord = {
    id,
    name,
    createdAt: rooms.clock.now().toISOString(),
    imageId: image.id,
    chainIds: image.chainIds,
    platform: image.os,
    config,
    hostConfig,
    endpoints: requestedEndpoints(hostConfig, NetworkingConfig?.EndpointsConfig, config.MacAddress),
    mounts,
    files: (askedHost.GantryFiles ?? []).map(storedFile),
    state: askedHost.GantryStandby ? { ...neverStarted, standby: true } : neverStarted,
  };
  checkContainerSpec(rooms, record, await prepareDevices(rooms, hostConfig));
  return record;
}

/**
 * By "not found" Docker's clients know that the container's image is missing, and pull it: another thing that is
 * missing is a bad request.
 */
function badRequestIfMissing<T>(look: () => T): T {
  try {
    return look();
  } catch (cause) {
    if (!isGantryError(cause) || cause.status !== 404) throw cause;
    throw new GantryError("bad-parameter", cause.message, { cause });
  }
}

async function makeContainer(rooms: Rooms, record: ContainerRecord, files: readonly InjectedFile[]): Promise<void> {
  const { paths, index, layers, volumes } = rooms;
  try {
    // Others may pass: bind mounts of the files below are looked up by their path only once, by root.
    // Not `recursive`, with which Node says that nothing is there when the file system is read-only.
    await mkdir(paths.state(record.id), { mode: 0o711 });
    await storeFiles(paths.storedFiles(record.id), files);
    const container = await index.add(record);
    try {
      await layers.createRootfs(record.id, record.chainIds);
      for (const mount of record.mounts) {
        if (mount.kind === "volume") await createVolume(volumes, mount);
        else if (mount.kind === "image") await layers.createRootfs(mount.layerId, mount.chainIds);
      }
    } catch (error) {
      await index.drop(container);
      await layers.removeRootfs(record.id);
      for (const mount of record.mounts) if (mount.kind === "image") await layers.removeRootfs(mount.layerId);
      throw error;
    }
  } catch (error) {
    await rm(paths.state(record.id), { recursive: true, force: true });
    throw error;
  }
}

async function storeFiles(directory: string, files: readonly InjectedFile[]): Promise<void> {
  if (files.length === 0) return;
  await mkdir(directory, { mode: 0o700 });
  await Promise.all(
    files.map(({ Data, Env, Target }, at) => {
      const content = Buffer.from(Data, "base64");
      if (content.byteLength > fileBytes) {
        throw new GantryError("bad-parameter", `The content of ${Env ?? Target} is larger than ${fileBytes / 1024} kB`);
      }
      return writeFile(join(directory, String(at)), content, { mode: 0o600, flag: "wx" });
    }),
  );
}

function storedFile(
  { Target = "", Env, Data, Uid = 0, Gid = 0, Mode = defaultFileMode }: InjectedFile,
  at: number,
): StoredFile {
  if (Env !== undefined) {
    if (!/^[^=\0]+$/.test(Env) || typeof Data !== "string") {
      throw new GantryError("bad-parameter", `An injected variable needs a name and a value: ${Env}`);
    }
    return { file: String(at), env: Env, target: "", uid: 0, gid: 0, mode: 0 };
  }
  if (!Target.startsWith("/") || Target.split("/").includes("..")) {
    throw new GantryError("bad-parameter", `The target of an injected file must be an absolute path: ${Target}`);
  }
  if (typeof Data !== "string") throw new GantryError("bad-parameter", `The content of ${Target} is missing`);
  if (Uid < 0 || Gid < 0) throw new GantryError("bad-parameter", `The owner of ${Target} must be a positive number`);
  return { file: String(at), target: Target, uid: Uid, gid: Gid, mode: Mode & 0o7777 };
}

function hostnameOf({ Hostname }: ContainerConfig, { id, mode }: { id: string; mode: string | undefined }): string {
  if (mode === "host" && Hostname) {
    throw new GantryError("bad-parameter", "conflicting options: hostname and the UTS mode");
  }
  const hostname = Hostname || id.slice(0, hostnameLength);
  if (hostname.length <= longestHostname) return hostname;
  throw new GantryError(
    "bad-parameter",
    `invalid hostname: '${hostname}' is longer than ${longestHostname} characters`,
  );
}

/** `name[:ro|rw]`. */
function donorMounts({ index }: Rooms, donor: string): ResolvedMount[] {
  const [name = "", mode = "rw"] = donor.split(":");
  if (!/^(ro|rw|z|Z)(,(ro|rw|z|Z))*$/.test(mode)) {
    throw new GantryError("bad-parameter", `VolumesFrom: invalid mode: ${mode}`);
  }
  const mounts = index.find(name).record.mounts;
  return mounts.map((mount) => ({ ...mount, readOnly: mount.readOnly || mode.split(",").includes("ro") }));
}

async function checkBindSource(mount: ResolvedMount): Promise<void> {
  if (mount.kind !== "bind" || mount.createSource) return;
  await stat(mount.source).catch(() => {
    throw new GantryError(
      "bad-parameter",
      `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
    );
  });
}
