/** Optional members of the bodies that are built here. Pure. */

/** `{ [key]: value }`, or nothing when the value is undefined: absent means "the image's" or "the engine's". */
export function when<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value }); // the key is the parameter's type
}
