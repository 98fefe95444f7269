/**
 * A host that can be logged in to by ssh, for tests: OpenSSH's own server with private keys and configuration, started
 * by each login (`ssh`'s ProxyCommand) and ended with it. Nothing listens.
 */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface SshHost extends AsyncDisposable {
  /** A directory whose `ssh` knows this host as `far`, for the front of PATH. */
  readonly bin: string;
  /** The logins so far, as `user@host:port`. */
  logins(): Promise<string[]>;
  /** From now on the key is not accepted. */
  forgetKey(): Promise<void>;
}

/** `env` is what commands there get. */
export async function anSshHost(env: Readonly<Record<string, string>>): Promise<SshHost> {
  const dir = await mkdtemp(`${tmpdir()}/gantry-ssh-host-`);
  await mkdir("/run/sshd", { recursive: true }); // sshd insists on it
  for (const key of ["host_key", "id"])
    await execute("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${dir}/${key}`]);
  const hostKey = await readFile(`${dir}/host_key.pub`, "utf8");
  const files = {
    authorized_keys: await readFile(`${dir}/id.pub`, "utf8"),
    known_hosts: `far,[far]:2222 ${hostKey}`,
    sshd_config: sshdConfig(dir, env),
    ssh_config: sshConfig(dir),
    logins: "",
    ssh: `#!/bin/sh\nexec /usr/bin/ssh -F ${dir}/ssh_config "$@"\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(`${dir}/${name}`, text);
  await chmod(`${dir}/ssh`, 0o755);
  return {
    bin: dir,
    logins: async () => (await readFile(`${dir}/logins`, "utf8")).split("\n").filter(Boolean),
    forgetKey: () => writeFile(`${dir}/authorized_keys`, ""),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** With a home of its own, so that no start-up file of the machine's shell runs. */
const sshdConfig = (dir: string, env: Readonly<Record<string, string>>) => `
HostKey ${dir}/host_key
AuthorizedKeysFile ${dir}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile none
SetEnv HOME=${dir} ${Object.entries(env)
  .map(([name, value]) => `${name}=${value}`)
  .join(" ")}
`;

const sshConfig = (dir: string) => `
Host far
  IdentityFile ${dir}/id
  IdentitiesOnly yes
  BatchMode yes
  UserKnownHostsFile ${dir}/known_hosts
  GlobalKnownHostsFile /dev/null
  ProxyCommand sh -c 'echo %r@%h:%p >>${dir}/logins; exec /usr/sbin/sshd -i -f ${dir}/sshd_config 2>/dev/null'
`;
