/** Certificates for TLS between a client and an engine, made by openssl: an authority, a server's and a client's. */
import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Below `dir`: `server` and `client`, each with ca.pem, cert.pem and key.pem. The server is 127.0.0.1. */
export async function makeCertificates(dir: string): Promise<void> {
  const openssl = (...args: string[]) => execute("openssl", args, { cwd: dir });
  await mkdir(dir, { recursive: true });
  await openssl(
    ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority".split(" "),
    ...pair("ca-key.pem", "ca.pem"),
  );
  for (const who of ["server", "client"]) {
    await mkdir(`${dir}/${who}`);
    await writeFile(
      `${dir}/${who}.ext`,
      who === "server" ? "subjectAltName=IP:127.0.0.1\n" : "extendedKeyUsage=clientAuth\n",
    );
    await openssl(
      ..."req -newkey rsa:2048 -nodes".split(" "),
      "-subj",
      `/CN=${who}`,
      ...pair(`${who}/key.pem`, `${who}.csr`),
    );
    const signed = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-days", "2", "-extfile", `${who}.ext`];
    await openssl("x509", "-req", "-in", `${who}.csr`, ...signed, "-out", `${who}/cert.pem`);
    await cp(`${dir}/ca.pem`, `${dir}/${who}/ca.pem`);
  }
}

const pair = (key: string, out: string) => ["-keyout", key, "-out", out];
