/** Which loopback address a copy of a project gets. Pure. */
import { instanceAddress } from "../../compose/instance/instance.js";
import { isLive, type ObservedInstance } from "./observed-instances.js";

/** More than this many in a row are never taken by chance. */
const maxAttempts = 64;

/** What may be in the way. */
export interface Neighbourhood {
  /** Every copy that the engine has, this one too if it is there. */
  readonly instances: readonly ObservedInstance[];
  /** Addresses of this host at which something listens. */
  readonly listening: ReadonlySet<string>;
}

/**
 * The address that the copy has, else the first that its name stands for which no other copy has and at which nothing
 * listens.
 */
export function settleAddress(project: string, { instances, listening }: Neighbourhood): string {
  const own = instances.find((one) => one.project === project);
  if (own && own.address !== "" && isLive(own)) return own.address;
  const others = new Set(instances.filter((one) => one !== own).map(({ address }) => address));
  const isFree = (address: string) => !others.has(address) && !listening.has(address);
  if (own && own.address !== "" && isFree(own.address)) return own.address;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const address = instanceAddress(project, attempt);
    if (isFree(address)) return address;
  }
  return instanceAddress(project); // the check of its ports will tell who is there
}
