/** How a distribution installs packages. Pure. */

/** The exact command for these packages. */
export type InstallCommand = (packages: readonly string[]) => string;

const managers: ReadonlyArray<{ readonly ids: readonly string[]; readonly command: string }> = [
  { ids: ["debian", "ubuntu"], command: "apt-get install -y" },
  { ids: ["fedora", "rhel", "centos"], command: "dnf install -y" },
  { ids: ["alpine"], command: "apk add" },
  { ids: ["arch"], command: "pacman -S --noconfirm" },
  { ids: ["suse", "opensuse"], command: "zypper install -y" },
];

/** By the text of /etc/os-release: its `ID`, then those it is like. */
export function installCommand(osRelease: string): InstallCommand {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1] ?? "";
  const ids = [field("ID"), ...field("ID_LIKE").split(" ")];
  const manager = ids.map((id) => managers.find((each) => each.ids.includes(id))).find((each) => each !== undefined);
  return (packages) =>
    manager ? `${manager.command} ${packages.join(" ")}` : `Install ${packages.join(", ")} with your package manager`;
}
