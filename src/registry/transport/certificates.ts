/**
 * Whose certificates are believed, and what this host shows of itself: the system's authorities, and those of single
 * registries in `certs.d/HOST[:PORT]/` as Docker and containerd have them.
 *
 * Touches the world: files are read when a connection is made, so that a certificate that is put there counts at once.
 *
 * In such a directory `*.crt` are authorities, and `X.cert` with `X.key` is what the registry is shown.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { GantryError, systemCodeOf } from "../../base/errors.js";

export interface CertificateSettings {
  /** Directories whose folders are named by registries; all of them count. */
  readonly directories: readonly string[];
  /** `SSL_CERT_FILE`: in place of the system's authorities. */
  readonly file?: string | undefined;
  /** `SSL_CERT_DIR`: beside them. Several are separated by colons. */
  readonly directory?: string | undefined;
  /** `NODE_EXTRA_CA_CERTS`: beside them. */
  readonly extra?: string | undefined;
}

/** For TLS; `ca` undefined means those that came with Node. */
export interface Trust {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

/** Where distributions keep the authorities of the system, in one file. */
const systemFiles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
const maxFileBytes = 8 * 1024 * 1024;

/** Reads the settings of the environment. */
export function certificateSettingsOf(
  env: Readonly<Record<string, string | undefined>>,
  directories: readonly string[],
): CertificateSettings {
  const [file, directory, extra] = [env.SSL_CERT_FILE, env.SSL_CERT_DIR, env.NODE_EXTRA_CA_CERTS];
  return { directories, file, directory, extra };
}

/** Throws "bad-parameter" for a file that is named and cannot be read, and for a certificate without its key. */
export function readTrust(host: string, settings: CertificateSettings): Trust {
  const own = settings.directories.flatMap((directory) => foldersOf(host).map((name) => join(directory, name)));
  const found = own.map(readFolder);
  const ca = [...systemAuthorities(settings), ...found.flatMap((one) => one.authorities)];
  const client = found.find(({ cert }) => cert !== undefined);
  return {
    ...(ca.length > 0 ? { ca } : {}),
    ...(client?.cert && client.key ? { cert: client.cert, key: client.key } : {}),
  };
}

/** A folder may name the port that everybody knows. */
function foldersOf(host: string): string[] {
  return /:\d+$/.test(host) ? [host] : [host, `${host}:443`];
}

function systemAuthorities({ file, directory, extra }: CertificateSettings): string[] {
  const system = file
    ? [readNamed(file, "SSL_CERT_FILE")]
    : systemFiles.flatMap((path) => readIfThere(path)).slice(0, 1);
  const folders = (directory ?? "").split(":").filter((path) => path !== "");
  const more = folders.flatMap((path) =>
    listed(path)
      .filter((name) => /\.(crt|pem)$/.test(name))
      .flatMap((name) => readIfThere(join(path, name))),
  );
  return [...system, ...more, ...(extra ? readIfThere(extra) : [])];
}

function readFolder(path: string): { authorities: string[]; cert?: string; key?: string } {
  const names = listed(path);
  const authorities = names.filter((name) => name.endsWith(".crt")).flatMap((name) => readIfThere(join(path, name)));
  const [own] = names.filter((name) => name.endsWith(".cert"));
  if (own === undefined) return { authorities };
  const keyName = own.replace(/cert$/, "key");
  if (!names.includes(keyName)) {
    throw new GantryError("bad-parameter", `missing key ${keyName} for client certificate ${own} in ${path}`, {
      hint: "Certificates of authorities have the ending .crt",
    });
  }
  return { authorities, cert: readNamed(join(path, own), own), key: readNamed(join(path, keyName), keyName) };
}

/** What tells one state of these files from another, without reading them. */
export function fingerprintOf(host: string, settings: CertificateSettings): string {
  const folders = settings.directories.flatMap((directory) => foldersOf(host).map((name) => join(directory, name)));
  const files = [settings.file, settings.extra, ...systemFiles].filter((path) => path !== undefined && path !== "");
  return [...files, ...folders.flatMap((path) => listed(path).map((name) => join(path, name)))]
    .map((path) => {
      const stats = path ? statSync(path, { throwIfNoEntry: false }) : undefined;
      return stats ? `${path} ${stats.mtimeMs} ${stats.size}` : "";
    })
    .join("\n");
}

function listed(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return []; // most registries have no folder
  }
}

function readIfThere(path: string): string[] {
  try {
    if (statSync(path).size > maxFileBytes) return [];
    return [readFileSync(path, "utf8")];
  } catch {
    return [];
  }
}

function readNamed(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new GantryError("bad-parameter", `${what} names ${path}, which cannot be read (${systemCodeOf(cause)})`, {
      cause,
    });
  }
}
