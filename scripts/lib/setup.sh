# shellcheck shell=sh disable=SC2015,SC2154
# Sets a checkout up, for the scripts beside this folder: sourced, then called as functions, each of which looks first and
# does only what is missing. Nothing is downloaded but packages of the distribution and of the npm registry.
#
# Expects `root` (the checkout) to be set. Leaves PATH such that `node` is new enough for everything that follows.

minimum_node="22 12"
bundled_node="$root/tools/node24/node_modules/.bin/node"

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "$0: $*"
  exit 1
}

# What the engine calls, as `command package`; either OCI runtime will do. `ps` is what `top` shows, `tini` the init process
# of services that ask for one.
# shellcheck disable=SC2034 # read by the scripts
engine_helpers="conmon conmon
nft nftables
ip iproute2
ps procps
tini tini"

# What only the tests use: a registry and its clients, another engine, terminals, and connection tracking. Of `a|b` the
# package is b where the distribution has it, else a.
# shellcheck disable=SC2034 # read by the scripts
test_helpers="busybox busybox-static
docker-registry docker-registry
dockerd docker.io
docker docker.io|docker-cli
skopeo skopeo
tinyproxy tinyproxy-bin
git git
umoci umoci
bzip2 bzip2
curl curl
mkfs.ext4 e2fsprogs
xz xz-utils
zstd zstd
tmux tmux
mandoc mandoc
zsh zsh
fish fish
podman podman
/usr/lib/podman/netavark netavark
/usr/lib/podman/aardvark-dns aardvark-dns
/usr/sbin/sshd openssh-server
ssh openssh-client
openssl openssl
conntrack conntrack
strace strace
dnsmasq dnsmasq-base
iptables iptables"

# A virtual machine, where one may be run.
if [ -w /dev/kvm ]; then
  test_helpers="$test_helpers
qemu-system-x86_64 qemu-system-x86
mmdebstrap mmdebstrap
mke2fs e2fsprogs"
fi

# set_up LIST [STEP]: brings the commands of LIST, Node and the npm packages. They come side by side, and so does STEP,
# a function that needs the commands only.
set_up() {
  packages=$(missing_packages "$1")
  [ -z "$packages" ] || ask_for_what_is_not_ours_to_install
  (bring_node && install_packages) &
  job=$!
  trap 'kill "$job" 2>/dev/null' EXIT
  [ -z "$packages" ] || install_helpers
  "${2:-:}"
  wait "$job" || exit 1
  trap - EXIT
  use_node
}

ask_for_what_is_not_ours_to_install() {
  if ! command -v apt-get >/dev/null 2>&1; then
    say "These programs are missing; install the packages that hold them, then run this again: $packages"
    say "(on Fedora: dnf install $packages; on Arch: pacman -S $packages; names may differ)"
    exit 1
  fi
  [ "$(id -u)" != 0 ] || return 0
  say "These packages are missing, and installing them needs root. Run this, then try again:"
  say "  sudo apt-get update && sudo apt-get install --yes --no-install-recommends $packages"
  exit 1
}

install_helpers() {
  say "Installing with apt-get: $packages"
  command="apt-get install --yes --no-install-recommends $packages"
  # The lists of a fresh machine are empty, those of an old one name files that are gone: then they are fetched.
  if ! apt_quietly "$command"; then
    apt_quietly "apt-get update" || true # one broken extra source must not stop the others
    apt_quietly "$command" || { cat "$apt_log" >&2 && fail "apt-get could not install: $packages"; }
  fi
  rm -f "$apt_log"
}

# The packages, on one line, that hold what is missing of LIST ($1) and of an OCI runtime.
missing_packages() {
  command -v runc >/dev/null 2>&1 || command -v crun >/dev/null 2>&1 || printf 'runc '
  printf '%s\n' "$1" | while read -r program package; do
    [ -x "/usr/sbin/$program" ] || [ -x "/sbin/$program" ] || command -v "$program" >/dev/null 2>&1 ||
      case $package in
        *\|*) apt-cache show "${package#*|}" >/dev/null 2>&1 && echo "${package#*|}" || echo "${package%|*}" ;;
        *) echo "$package" ;;
      esac
  done | sort -u | tr '\n' ' '
}

# Runs apt-get command $1 without questions; its output is kept for the case that it fails.
apt_quietly() {
  apt_log=${apt_log:-$(mktemp)}
  # shellcheck disable=SC2086 # a command line of ours
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 $1 </dev/null >"$apt_log" 2>&1
}

# Brings Node 24 into the checkout where the machine's own is too old.
bring_node() {
  if [ ! -x "$bundled_node" ] && ! node_is_new_enough; then
    command -v npm >/dev/null 2>&1 || fail "npm is missing; install Node.js 20 or newer with npm (apt-get install npm)"
    say "Node $(node --version 2>/dev/null || echo '(none)') is older than ${minimum_node% *}.${minimum_node#* }:" \
      "bringing Node 24 from the npm registry into tools/node24"
    npm_ci "$root/tools/node24"
    [ -x "$bundled_node" ] ||
      fail "npm could not bring Node 24 for $(uname -m) (is its registry reachable?); or install Node 24 yourself"
  fi
  use_node
}

# Puts the checkout's own Node, if it has one, first in PATH.
use_node() {
  [ ! -x "$bundled_node" ] || PATH="${bundled_node%/node}:$PATH"
  export PATH
}

node_is_new_enough() {
  version=$(node --version 2>/dev/null) || return 1
  major=${version#v} && minor=${major#*.} && major=${major%%.*} && minor=${minor%%.*}
  [ "$major" -gt "${minimum_node% *}" ] ||
    { [ "$major" -eq "${minimum_node% *}" ] && [ "$minor" -ge "${minimum_node#* }" ]; }
}

# Installs the packages that the lock file names, when the installed ones are not of this very lock file.
install_packages() {
  cmp -s "$root/package-lock.json" "$root/node_modules/.gantry-lock" && return
  say "Installing npm packages"
  npm_ci "$root"
  cp "$root/package-lock.json" "$root/node_modules/.gantry-lock"
}

npm_ci() {
  # npm warns about the engine of packages when it runs on Node 20 itself; Node 24 is what runs them.
  npm ci --prefix "$1" --no-audit --no-fund --loglevel=error </dev/null >&2 || fail "npm ci failed in $1"
}

# Bundles the program when a source is newer than the bundle.
build() {
  newer=$(find "$root/src" "$root/schemas" "$root/scripts/build.mjs" "$root/package-lock.json" -newer "$root/dist/main.js" \
    -type f -print 2>&1 | head -n 1)
  [ -n "$newer" ] || return 0
  say "Building"
  (cd "$root" && node scripts/build.mjs >/dev/null) || fail "the build failed"
}
