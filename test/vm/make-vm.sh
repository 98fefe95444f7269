#!/bin/sh
# Makes a virtual machine from Debian's packages, for the tests that need a system of their own: pure cgroup v2, crun,
# systemd, AppArmor, reboots. Nothing is downloaded but packages.
#
#   make-vm.sh [--cache DIR] kernel|disk      prints the directory with `vmlinuz`, or with `vmlinuz`, `initrd`, `disk.img`
#
# `kernel` is quick and enough to ask whether the machine can run a guest at all. The disk is an ext4 file system with
# Debian on it, and an agent that runs what comes over the virtio port `gantry.agent` (see agent.sh). A directory that exists
# is complete and is used again. Needs root (owners of files), apt, dpkg, mmdebstrap and mke2fs.
set -eu

here=$(dirname "$(readlink -f "$0")")
cache=${GANTRY_VM_CACHE:-/var/cache/gantry-vm}
if [ "${1:-}" = --cache ]; then
  cache=$2
  shift 2
fi
kernel=linux-image-cloud-$(dpkg --print-architecture)
packages="systemd-sysv,udev,dbus,$kernel,crun,conmon,nftables,iproute2,iptables,apparmor,procps,tini,ca-certificates,busybox-static"
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
recipe=$( (cat "$0" "$here/agent.sh" && echo "$release") | sha256sum | cut -c1-12)
out=$cache/$1-$recipe
if [ -e "$out" ]; then
  echo "$out"
  exit
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/.work-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir "$work/out"

make_kernel() {
  # The package named so only depends on the one that holds the kernel.
  package=$(apt-cache depends "$kernel" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
  (cd "$work" && apt-get download -q "$package" >&2)
  dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work" --wildcards './boot/vmlinuz*'
  mv "$work"/boot/vmlinuz* "$work/out/vmlinuz"
}

make_disk() {
  mmdebstrap --quiet --variant=minbase --include="$packages" --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$release" "$work/root" >&2
  install -D -m 755 "$here/agent.sh" "$work/root/usr/local/sbin/vm-agent"
  cat >"$work/root/etc/systemd/system/vm-agent.service" <<'UNIT'
[Unit]
Description=Runs what the tests ask for
[Service]
ExecStart=/usr/local/sbin/vm-agent
KillMode=process
[Install]
WantedBy=multi-user.target
UNIT
  ln -s /etc/systemd/system/vm-agent.service "$work/root/etc/systemd/system/multi-user.target.wants/"
  mkdir "$work/root/opt/gantry"
  echo "/dev/vdb /opt/gantry ext4 ro,x-systemd.device-timeout=300 0 0" >>"$work/root/etc/fstab"
  mv "$work"/root/boot/vmlinuz* "$work/out/vmlinuz"
  mv "$work"/root/boot/initrd* "$work/out/initrd"
  mke2fs -q -t ext4 -d "$work/root" -E nodiscard "$work/out/disk.img" 3G
}

echo "Making a virtual machine's $1 from Debian's packages" >&2
"make_$1"
mv "$work/out" "$out"
echo "$out"
