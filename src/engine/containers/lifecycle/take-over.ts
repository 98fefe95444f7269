/**
 * How a container takes another one's place: its published ports, its names in the DNS, and its own name.
 *
 * In the kernel it is one nftables transaction, on the disk one record: that of the container that takes over, which
 * is written right after and says whose place it took. A crash before that write leaves all as it was, one after it
 * leaves the take-over done (`record/settled-take-overs.ts`). The other one runs on, on standby, and keeps the
 * connections it has.
 */
import { GantryError } from "../../../base/errors.js";
import type { TakenOver } from "../../networks/networks.js";
import { wantedPorts } from "../networking/network-request.js";
import { withState } from "../record/container-record.js";
import { hasProcess } from "../record/state-machine.js";
import type { Rooms } from "../rooms.js";
import type { Container } from "./container.js";
import { announce } from "./notices.js";

/**
 * False when it is so already. Without `from` it merely ends its standby. Throws "container-not-running" for one that
 * could not serve, "port-in-use", "network-failed"; then nothing has changed.
 */
export function takeOver(rooms: Rooms, to: Container, from: Container | undefined): Promise<boolean> {
  if (!from) return to.lock.run(() => endStandby(rooms, to));
  if (from === to) throw new GantryError("bad-parameter", "A container cannot take its own place");
  // In one order, whoever asks.
  const [first, second] = from.id < to.id ? [from, to] : [to, from];
  return first.lock.run(() => second.lock.run(() => takePlace(rooms, to, from)));
}

async function endStandby(rooms: Rooms, to: Container): Promise<boolean> {
  if (!to.record.state.standby) return false;
  const taken = inNetworks(rooms, to, undefined);
  const ended = { standby: false, ...(taken ? { sandbox: taken.to } : {}) };
  await rooms.index.save(to, withState(to.record, ended));
  return true;
}

async function takePlace(rooms: Rooms, to: Container, from: Container): Promise<boolean> {
  const { index } = rooms;
  if (!to.record.state.standby) {
    if (from.record.state.standby && to.record.state.tookOverFrom === from.id) return false;
    throw new GantryError("container-conflict", `Container ${to.record.name} does not stand by`);
  }
  if (to.status !== "running") {
    throw new GantryError("container-not-running", `Container ${to.id} is not running and cannot take over`);
  }
  // Of two that point at each other nobody could tell which came last.
  if (from.record.state.tookOverFrom === to.id) {
    await index.save(from, withState(from.record, { tookOverFrom: undefined }));
  }
  const taken = inNetworks(rooms, to, from);
  const names = { to: to.record.name, from: from.record.name };
  const serving = withState(
    { ...to.record, name: names.from },
    { standby: false, tookOverFrom: from.id, ...(taken ? { sandbox: taken.to } : {}) },
  );
  await index.save(to, serving).catch((error: unknown) => {
    inNetworks(rooms, from, to);
    throw error;
  });
  const waiting = withState(
    { ...from.record, name: names.to },
    { standby: true, ...(taken?.from ? { sandbox: taken.from } : {}) },
  );
  await index.save(from, waiting).catch((error: unknown) => {
    // It is replaced, whether the disk takes that or not; an engine that reads the old record sees it by the other's.
    rooms.report(`The record of container ${names.from}, which is replaced,`, error);
    from.record = waiting;
  });
  index.swapNames(to, from);
  for (const { record, status } of [to, from]) if (hasProcess(status)) rooms.networks.rename(record.id, record.name);
  announce(rooms, from.record, "rename", { oldName: `/${names.from}` });
  announce(rooms, to.record, "rename", { oldName: `/${names.to}` });
  return true;
}

/** Undefined when it does not run: then its next start publishes. */
function inNetworks({ networks }: Rooms, to: Container, from: Container | undefined): TakenOver | undefined {
  if (!hasProcess(to.status)) return undefined;
  const { config, hostConfig } = to.record;
  return networks.takeOver(to.id, { ports: wantedPorts(config, hostConfig), ...(from ? { from: from.id } : {}) });
}
