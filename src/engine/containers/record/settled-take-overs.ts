/**
 * What a crash in the middle of a take-over leaves, put right.
 *
 * Pure. The record of the container that takes over is written first, and that write decides: it publishes, bears the
 * name, and says whose place it took. If the other one's record was not written any more, it is corrected here, so that
 * of the two exactly one publishes at any time.
 */
import type { Sandbox } from "../../networks/networks.js";
import { type ContainerRecord, withState } from "./container-record.js";

const shortIdLength = 12;

/** The records in their order, those whose place was taken on standby. */
export function settledTakeOvers(records: readonly ContainerRecord[]): ContainerRecord[] {
  const takers = new Map(
    records.flatMap((record) => {
      const { tookOverFrom, standby } = record.state;
      return tookOverFrom !== undefined && !standby ? [[tookOverFrom, record] as const] : [];
    }),
  );
  return records.map((record) => {
    const taker = takers.get(record.id);
    return taker && !record.state.standby ? replaced(record, taker) : record;
  });
}

function replaced(record: ContainerRecord, taker: ContainerRecord): ContainerRecord {
  const { sandbox } = record.state;
  const name = record.name === taker.name ? nameOnStandby(record.id, record.name) : record.name;
  return withState({ ...record, name }, { standby: true, ...(sandbox ? { sandbox: onStandby(sandbox) } : {}) });
}

/** As tools name what they create beside the container that it shall replace. */
export function nameOnStandby(id: string, name: string): string {
  return `${id.slice(0, shortIdLength)}_${name}`;
}

function onStandby(sandbox: Sandbox): Sandbox {
  const ports = Object.fromEntries(Object.keys(sandbox.ports).map((key) => [key, null]));
  return { ...sandbox, ports, standby: true };
}
