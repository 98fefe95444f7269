/** Modes of files as Go's `os.FileMode` has them, which Docker's clients read. Pure. */

const typeMask = 0o170000;
/** `st_mode`'s type bits and Go's; a character device is a device as well. */
const types = [
  { type: 0o040000, bits: 2 ** 31 },
  { type: 0o120000, bits: 2 ** 27 },
  { type: 0o060000, bits: 2 ** 26 },
  { type: 0o020000, bits: 2 ** 26 + 2 ** 21 },
  { type: 0o010000, bits: 2 ** 25 },
  { type: 0o140000, bits: 2 ** 24 },
];

/** From `st_mode`, type bits and all. */
export function goFileMode(mode: number): number {
  const special = (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (types.find(({ type }) => type === (mode & typeMask))?.bits ?? 0) + special + (mode & 0o777);
}
