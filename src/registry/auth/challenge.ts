/** The `WWW-Authenticate` header of a registry. Does not touch the world. */

export type Challenge =
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly realm: string; readonly service?: string; readonly scope?: string };

/** The first challenge that this client can answer, or undefined. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (!header) return undefined;
  const [, scheme = "", rest = ""] = /^\s*(\w+)\s*(.*)$/s.exec(header) ?? [];
  if (scheme.toLowerCase() === "basic") return { kind: "basic" };
  if (scheme.toLowerCase() !== "bearer") return undefined;
  const fields = new Map<string, string>();
  for (const [, key = "", quoted, bare] of rest.matchAll(/([a-zA-Z_]+)=(?:"([^"]*)"|([^\s,"]+))/g)) {
    fields.set(key.toLowerCase(), quoted ?? bare ?? "");
  }
  const realm = fields.get("realm");
  if (!realm || !URL.canParse(realm) || !/^https?:$/.test(new URL(realm).protocol)) return undefined;
  const service = fields.get("service");
  const scope = fields.get("scope");
  return { kind: "bearer", realm, ...(service ? { service } : {}), ...(scope ? { scope } : {}) };
}
