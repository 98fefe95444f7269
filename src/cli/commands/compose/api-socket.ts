/** What `use_api_socket` hands to a container: the engine's socket, and the credentials of the docker configuration. */
import type { ApiSocket } from "../../../apply/steps/api-socket.js";
import type { CliContext } from "../../context.js";
import type { Credentials } from "../../registry-auth/docker-config.js";

/** Where every engine that is not on this host has its socket. */
const usualSocket = "/var/run/docker.sock";

export async function apiSocketOf(context: CliContext): Promise<ApiSocket> {
  const [choice, { CredentialStore }] = await Promise.all([
    context.chooseEngine(),
    import("../../registry-auth/credential-store.js"),
  ]);
  const all = await new CredentialStore(context.env).all();
  const registryConfig = JSON.stringify({
    auths: Object.fromEntries([...all].map(([key, credentials]) => [key, authEntry(credentials)])),
  });
  if (choice.kind === "embedded") {
    const { enginePaths } = await import("../../../client/endpoint.js");
    return { path: enginePaths(context.env).socket, registryConfig };
  }
  const { endpoint } = choice;
  return { path: endpoint.kind === "unix" ? endpoint.path : usualSocket, registryConfig };
}

/** As a configuration without helpers has it. */
function authEntry({ username, password = "", identityToken, registryToken }: Credentials): object {
  const auth =
    username === undefined ? {} : { auth: Buffer.from(`${username}:${password}`, "utf8").toString("base64") };
  return {
    ...auth,
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
    ...(registryToken === undefined ? {} : { registrytoken: registryToken }),
  };
}
