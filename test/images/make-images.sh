#!/bin/sh
# shellcheck disable=SC1091,SC2030,SC2031 # make runs in a subshell on purpose
# Makes container images from Debian's packages, for the samples and the tests: no registry is asked.
#
#   make-images.sh [--cache DIR] NAME...        NAME: busybox debian nginx redis python postgres
#
# Prints one line per image, `NAME DIR RECIPE`. DIR holds
#   layers      paths of the image's layer tarballs, lowest first (`debian` is the base of all but busybox)
#   rootfs.tar  the same as one root file system, for `gantry image import`
#   changes     what the image runs by default, one Dockerfile instruction per line
# and RECIPE names this very recipe: a directory that exists is complete and is used again.
#
# Packages are resolved by apt against an empty system and unpacked without running their maintainer scripts; what those
# would have done and the images need (users, links, directories) is in the recipes below. Names, entry points, ports and
# paths are those of the official images of the same name, so that Compose files written for them work unchanged.
# Needs root (owners of files), apt and dpkg.
set -eu

cache=${GANTRY_SAMPLE_CACHE:-/var/cache/gantry-samples}
if [ "${1:-}" = --cache ]; then
  cache=$2
  shift 2
fi
base_packages="base-files base-passwd bash coreutils dash grep hostname libc-bin sed"
# Packages that only maintainer scripts and logins need.
unneeded='/(adduser|debconf|dpkg|init-system-helpers|lsb-base|passwd|perl|perl-[^_]*|libperl[^_]*|lib[^_]*-perl|usrmerge'
unneeded="$unneeded|sysvinit-utils|tar|libpam[^_]*|libsemanage[^_]*|libsepol[^_]*|libaudit[^_]*|libgdbm[^_]*)_"
epoch=1700000000 # one time for all files made here: the same packages give the same bytes

main() {
  [ "$(id -u)" = 0 ] || fail "making images needs root (files in them belong to several users)"
  command -v apt-get >/dev/null || fail "making images needs apt-get (Debian or a relative of it)"
  arch=$(dpkg --print-architecture)
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
  recipe=$( (cat "$0" && echo "$release $arch") | sha256sum | cut -c1-12)
  mkdir -p "$cache/debs/partial"
  work=$(mktemp -d "$cache/.work-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' INT TERM HUP
  : >"$work/status"
  for name; do
    make "$name"
    echo "$name $cache/images/$name-$recipe $recipe"
  done
}

fail() {
  echo "make-images: $*" >&2
  exit 1
}

# Makes image $1 unless it is there. The finished directory appears by rename, so a half-made one is never used.
make() (
  image="$cache/images/$1-$recipe"
  [ -e "$image/changes" ] && return
  echo "Making the image $1 from Debian's packages" >&2
  out="$work/$1"
  mkdir -p "$out/root" "$cache/images"
  case $1 in
    busybox) make_busybox ;;
    debian) make_debian ;;
    nginx | redis | python | postgres) make_on_debian "$1" ;;
    *) fail "there is no recipe for $1" ;;
  esac
  rm -rf "$out/root" "$out/whole"
  mv -T "$out" "$image" 2>/dev/null || [ -e "$image/changes" ] # lost a race: the other one's is as good
)

make_busybox() {
  unpack "$(resolve busybox-static | grep /busybox-static_)" "$out/root"
  rm -rf "$out/root/usr/share"
  (
    cd "$out/root"
    mkdir -p dev etc home proc root run sys tmp usr/bin usr/sbin var
    chmod 1777 tmp
    for applet in $(chroot . /bin/busybox --list); do [ -e "bin/$applet" ] || ln bin/busybox "bin/$applet"; done
    users root:x:0:0:root:/root:/bin/sh daemon:x:1:1:daemon:/usr/sbin:/bin/false \
      www-data:x:33:33:www-data:/var/www:/bin/false nobody:x:65534:65534:nobody:/home:/bin/false
  )
  pack "$out/root" "$out/layer.tar"
  ln "$out/layer.tar" "$out/rootfs.tar"
  echo "$image/layer.tar" >"$out/layers"
  printf '%s\n' 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["sh"]' >"$out/changes"
}

make_debian() {
  resolve "$base_packages" | grep -vE "$unneeded" >"$out/packages"
  (
    cd "$out/root"
    mkdir -p usr/bin usr/sbin usr/lib usr/lib64
    for dir in bin sbin lib lib64; do ln -s usr/$dir $dir; done
    unpack "$(cat "$out/packages")" .
    mkdir -p usr/local/bin usr/local/sbin usr/local/lib
    cp usr/share/base-passwd/passwd.master etc/passwd
    cp usr/share/base-passwd/group.master etc/group
    cp usr/share/libc-bin/nsswitch.conf etc/nsswitch.conf
    ln -sf mawk usr/bin/awk
    rm -rf var/run # a directory of a package of the base
    ln -s /run var/run
  )
  pack "$out/root" "$out/layer.tar"
  ln "$out/layer.tar" "$out/rootfs.tar"
  echo "$image/layer.tar" >"$out/layers"
  printf '%s\n' 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["bash"]' >"$out/changes"
}

# A layer of image $1's own on top of debian: the packages that debian lacks, and what the recipe adds.
make_on_debian() {
  make debian
  base="$cache/images/debian-$recipe"
  skipped=$unneeded
  case $1 in
    python) wanted="python3 media-types python3-psycopg2" ;;
    redis) wanted=redis-server ;;
    # Without its compiler for queries, which is most of its size, and the scripts that keep several clusters apart.
    postgres)
      wanted=postgresql
      skipped=$(echo "$unneeded" | sed 's/|libpam\[^_\]\*//; s/|libaudit\[^_\]\*//')
      skipped="$skipped|/(libllvm|libz3|locales|libc-l10n|ssl-cert|ucf|openssl|postgresql-(common|client-common))[^/]*_"
      ;;
    *) wanted=$1 ;;
  esac
  resolve "$base_packages $wanted" | grep -vE "$skipped" >"$out/packages"
  mkdir "$out/whole"
  tar -x -C "$out/whole" -f "$base/layer.tar"
  (
    cd "$out/root"
    mkdir -p usr/bin usr/sbin usr/lib usr/lib64
    for dir in bin sbin lib lib64; do ln -s usr/$dir $dir; done
    unpack "$(grep -vxFf "$base/packages" "$out/packages")" .
    "recipe_$1"
    rm bin sbin lib lib64 # links of the base, here only to unpack into
  )
  pack "$out/root" "$out/layer.tar"
  tar -x --keep-directory-symlink -C "$out/whole" -f "$out/layer.tar"
  pack "$out/whole" "$out/rootfs.tar"
  printf '%s\n' "$base/layer.tar" "$image/layer.tar" >"$out/layers"
  echo 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' >"$out/changes"
  "changes_$1" >>"$out/changes"
}

# The recipes run inside the layer's directory; $out/whole is the base below it.

recipe_nginx() {
  users_of_base nginx:x:101:101:nginx:/nonexistent:/bin/false
  rm -rf etc/nginx/sites-* etc/nginx/modules-* etc/nginx/snippets etc/ufw etc/init.d etc/logrotate.d
  mkdir -p etc/nginx/conf.d var/log/nginx var/lib/nginx usr/lib/nginx/modules run
  ln -sf /dev/stdout var/log/nginx/access.log
  ln -sf /dev/stderr var/log/nginx/error.log
  cat >etc/nginx/nginx.conf <<'CONF'
user  nginx;
worker_processes  auto;
error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;
events { worker_connections  1024; }
http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;
    access_log    /var/log/nginx/access.log combined;
    sendfile      on;
    keepalive_timeout  65;
    include /etc/nginx/conf.d/*.conf;
}
CONF
  cat >etc/nginx/conf.d/default.conf <<'CONF'
server {
    listen       80;
    server_name  localhost;
    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }
}
CONF
}
changes_nginx() {
  printf '%s\n' 'EXPOSE 80' 'STOPSIGNAL SIGQUIT' 'CMD ["nginx", "-g", "daemon off;"]'
}

recipe_redis() {
  users_of_base redis:x:999:999::/data:/usr/sbin/nologin
  rm -rf etc/init.d etc/logrotate.d lib/systemd
  mkdir -p data usr/local/bin
  chown 999:999 data
  # As in the official image: options alone mean the server, and the server does not run as root.
  cat >usr/local/bin/docker-entrypoint.sh <<'SH'
#!/bin/sh
set -e
case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "${1:-}" = redis-server ]; then
  shift
  set -- redis-server "$@" --protected-mode no
  if [ "$(id -u)" = 0 ]; then
    chown -R redis:redis .
    exec chroot --userspec=redis:redis --skip-chdir / "$@"
  fi
fi
exec "$@"
SH
  chmod 755 usr/local/bin/docker-entrypoint.sh
}
changes_redis() {
  printf '%s\n' 'VOLUME /data' 'WORKDIR /data' 'EXPOSE 6379' 'ENTRYPOINT ["docker-entrypoint.sh"]' \
    'CMD ["redis-server"]'
}

recipe_python() {
  mkdir -p usr/local/bin
  ln -s /usr/bin/python3 usr/local/bin/python
  ln -s /usr/bin/python3 usr/local/bin/python3
}
changes_python() {
  printf '%s\n' 'ENV LANG=C.UTF-8' 'CMD ["python3"]'
}

recipe_postgres() {
  users_of_base postgres:x:999:999::/var/lib/postgresql:/bin/bash
  rm -rf etc/init.d etc/postgresql usr/lib/postgresql/*/lib/bitcode usr/lib/postgresql/*/lib/llvmjit*
  mkdir -p var/lib/postgresql/data run/postgresql docker-entrypoint-initdb.d usr/local/bin
  chown 999:999 var/lib/postgresql var/lib/postgresql/data run/postgresql
  chmod 1777 var/lib/postgresql/data
  chmod 2777 run/postgresql
  # As in the official image: the first start makes the database, the server does not run as root.
  cat >usr/local/bin/docker-entrypoint.sh <<'SH'
#!/bin/bash
set -e
case "${1:-}" in -*) set -- postgres "$@" ;; esac
if [ "${1:-}" = postgres ] && [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres:postgres "$PGDATA"
  chmod 700 "$PGDATA"
  exec chroot --userspec=postgres:postgres --skip-chdir / "$0" "$@"
fi
if [ "${1:-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "Error: Database is uninitialized and superuser password is not specified. Set POSTGRES_PASSWORD." >&2
    exit 1
  fi
  user=${POSTGRES_USER:-postgres}
  db=${POSTGRES_DB:-$user}
  initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") --auth-local=trust --no-sync \
    --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" "$PGDATA/postgresql.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start >/dev/null
  run() { psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$user" "$@"; }
  [ "$db" = postgres ] || run -d postgres -qc "CREATE DATABASE \"$db\""
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in *.sh) bash "$file" ;; *.sql) run -d "$db" -qf "$file" ;; esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec "$@"
SH
  chmod 755 usr/local/bin/docker-entrypoint.sh
}
changes_postgres() {
  version=$(ls "$out/root/usr/lib/postgresql")
  printf '%s\n' "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/$version/bin" \
    'ENV PGDATA=/var/lib/postgresql/data' 'VOLUME /var/lib/postgresql/data' 'EXPOSE 5432' 'STOPSIGNAL SIGINT' \
    'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]'
}

# Writes etc/passwd and etc/group with the given passwd lines.
users() {
  mkdir -p etc
  printf '%s\n' "$@" >etc/passwd
  awk -F: '{ print $1 ":x:" $4 ":" }' etc/passwd >etc/group
}

# The base's users and one more, as files of this layer.
users_of_base() {
  mkdir -p etc
  (cat "$out/whole/etc/passwd" && echo "$1") >etc/passwd
  (cat "$out/whole/etc/group" && echo "$1" | awk -F: '{ print $1 ":x:" $4 ":" }') >etc/group
}

# The .deb files (in the cache) of packages $1 and all they depend on, one per line, sorted. The system's own lists are
# used, but none of its installed packages.
resolve() {
  mkdir -p "$work/none/partial" # apt names only what its archive directory lacks
  if ! fetch "$1" >"$work/log" 2>&1; then
    { apt-get -qq update && fetch "$1"; } >"$work/log" 2>&1 ||
      { cat "$work/log" >&2 && fail "apt-get could not download the packages of $1"; }
  fi
  sed "s|^|$cache/debs/|" "$work/names"
}

# Leaves the packages' file names in $work/names, and the files in the cache.
fetch() {
  apt "$1" "$work/none" --print-uris >"$work/uris" || return
  sed -n "s/^'[^']*' \([^ ]*\) .*/\1/p" "$work/uris" | sort >"$work/names"
  while read -r file; do [ -s "$cache/debs/$file" ] || break; done <"$work/names"
  [ -z "$file" ] || apt "$1" "$cache/debs" --download-only
}

apt() {
  packages=$1 archives=$2
  shift 2
  # shellcheck disable=SC2086 # a list of package names
  apt-get -qq -y --no-install-recommends -o Dir::State::status="$work/status" -o Dir::Cache::archives="$archives" \
    -o Dir::Cache::pkgcache="$work/packages.bin" -o Dir::Cache::srcpkgcache="$work/sources.bin" \
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@" install $packages
}

# Unpacks the .deb files listed in $1 into directory $2, without documentation and translations.
unpack() {
  for deb in $1; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$2" --keep-directory-symlink --exclude='./usr/share/doc' \
      --exclude='./usr/share/doc/*' --exclude='./usr/share/man' --exclude='./usr/share/info' \
      --exclude='./usr/share/locale' --exclude='./usr/share/lintian' --exclude='./usr/share/vim' \
      --exclude='./etc/systemd' --exclude='./lib/systemd'
  done
}

pack() {
  tar -c -C "$1" --sort=name --numeric-owner --clamp-mtime --mtime="@$epoch" -f "$2" .
}

main "$@"
