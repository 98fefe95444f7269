/** Whether registries may be asked. Pure. */

/** Whether `GANTRY_OFFLINE` is set to anything but `0`, `false`, `no` and nothing. */
export function isOfflineWanted({ GANTRY_OFFLINE = "" }: Readonly<Record<string, string | undefined>>): boolean {
  return !/^(|0|false|no)$/i.test(GANTRY_OFFLINE);
}
