/** The commands and flags of the tools that Gantry takes the place of, as their own help tells them. */

/** Flags by command, each with its short form first where it has one. */
export type Surface = ReadonlyMap<string, ReadonlyArray<readonly string[]>>;

/** docker compose 5.5, with the flags that its help hides; `gantry` is the program itself. */
export const composeSurface = readSurface(`
gantry: --all-resources --ansi --compatibility --dry-run --env-file -f,--file --parallel --profile --progress
  --project-directory -p,--project-name --insecure-registry --workdir --no-ansi --verbose
bridge:
attach: --detach-keys --index --no-stdin --sig-proxy
build: --build-arg --builder --check -m,--memory --no-cache --print --provenance --pull --push -q,--quiet --sbom
  --ssh --with-dependencies --parallel --compress --force-rm --no-rm --progress
commit: -a,--author -c,--change --index -m,--message -p,--pause
config: --environment --format --hash --images --lock-image-digests --models --networks --no-consistency
  --no-env-resolution --no-interpolate --no-normalize --no-path-resolution -o,--output --profiles -q,--quiet
  --resolve-image-digests --services --variables --volumes
cp: --all -a,--archive -L,--follow-link --index
create: --build --force-recreate --no-build --no-recreate --pull --quiet-pull --remove-orphans --scale -y,--yes --y
down: --remove-orphans --rmi -t,--timeout -v,--volumes --volume
events: --json --since --until
exec: -d,--detach -e,--env --index -T,--no-tty --privileged -u,--user -w,--workdir -i,--interactive -t,--tty
  --no-TTY
export: --index -o,--output
images: --format -q,--quiet
kill: --remove-orphans -s,--signal
logs: -f,--follow --index --no-color --no-log-prefix --since -n,--tail -t,--timestamps --until
ls: -a,--all --filter --format -q,--quiet
pause:
port: --index --protocol
ps: -a,--all --filter --format --no-trunc --orphans -q,--quiet --services --status
publish: --app --oci-version --resolve-image-digests --with-env -y,--yes
pull: --ignore-buildable --ignore-pull-failures --include-deps --policy -q,--quiet --parallel --no-parallel
push: --ignore-push-failures --include-deps -q,--quiet
restart: --no-deps -t,--timeout
rm: -f,--force -s,--stop -v,--volumes -a,--all
run: --build --cap-add --cap-drop -d,--detach --entrypoint -e,--env --env-from-file -i,--interactive -l,--label
  --name --no-deps -T,--no-tty -p,--publish --pull -q,--quiet --quiet-build --quiet-pull --remove-orphans --rm
  -P,--service-ports --use-aliases -u,--user -v,--volume -w,--workdir -t,--tty --volumes --no-TTY
scale: --no-deps
start: --wait --wait-timeout
stats: -a,--all --format --no-stream --no-trunc
stop: -t,--timeout
top:
unpause:
up: --abort-on-container-exit --abort-on-container-failure --always-recreate-deps --attach --attach-dependencies
  --build -d,--detach --exit-code-from --force-recreate --menu --no-attach --no-build --no-color --no-deps
  --no-log-prefix --no-recreate --no-start --pull --quiet-build --quiet-pull --remove-orphans
  -V,--renew-anon-volumes --scale -t,--timeout --timestamps --wait --wait-timeout -w,--watch -y,--yes --y
version: -f,--format --short
volumes: --format -q,--quiet
wait: --down-project
watch: --no-up --prune --quiet
`);

/** The docker CLI 28.2: what stands under container, image, network, volume and system, and the logins. */
export const dockerSurface = readSurface(`
container attach: --detach-keys --no-stdin --sig-proxy
container commit: -a,--author -c,--change -m,--message -p,--pause
container cp: -a,--archive -L,--follow-link -q,--quiet
container create: --add-host --annotation -a,--attach --blkio-weight --blkio-weight-device --cap-add --cap-drop
  --cgroup-parent --cgroupns --cidfile --cpu-count --cpu-percent --cpu-period --cpu-quota --cpu-rt-period
  --cpu-rt-runtime -c,--cpu-shares --cpus --cpuset-cpus --cpuset-mems --device --device-cgroup-rule
  --device-read-bps --device-read-iops --device-write-bps --device-write-iops --disable-content-trust --dns
  --dns-option --dns-search --domainname --entrypoint -e,--env --env-file --expose --gpus --group-add --health-cmd
  --health-interval --health-retries --health-start-interval --health-start-period --health-timeout -h,--hostname
  --init -i,--interactive --io-maxbandwidth --io-maxiops --ip --ip6 --ipc --isolation --kernel-memory -l,--label
  --label-file --link --link-local-ip --log-driver --log-opt --mac-address -m,--memory --memory-reservation
  --memory-swap --memory-swappiness --mount --name --network --network-alias --no-healthcheck --oom-kill-disable
  --oom-score-adj --pid --pids-limit --platform --privileged -p,--publish -P,--publish-all --pull -q,--quiet
  --read-only --restart --rm --runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl
  --tmpfs -t,--tty --ulimit --use-api-socket -u,--user --userns --uts -v,--volume --volume-driver --volumes-from
  -w,--workdir
container diff:
container exec: -d,--detach --detach-keys -e,--env --env-file -i,--interactive --privileged -t,--tty -u,--user
  -w,--workdir
container export: -o,--output
container inspect: -f,--format -s,--size
container kill: -s,--signal
container logs: --details -f,--follow --since -n,--tail -t,--timestamps --until
container ls: -a,--all -f,--filter --format -n,--last -l,--latest --no-trunc -q,--quiet -s,--size
container pause:
container port:
container prune: --filter -f,--force
container rename:
container restart: -s,--signal -t,--timeout
container rm: -f,--force -l,--link -v,--volumes
container run: --add-host --annotation -a,--attach --blkio-weight --blkio-weight-device --cap-add --cap-drop
  --cgroup-parent --cgroupns --cidfile --cpu-count --cpu-percent --cpu-period --cpu-quota --cpu-rt-period
  --cpu-rt-runtime -c,--cpu-shares --cpus --cpuset-cpus --cpuset-mems -d,--detach --detach-keys --device
  --device-cgroup-rule --device-read-bps --device-read-iops --device-write-bps --device-write-iops
  --disable-content-trust --dns --dns-option --dns-search --domainname --entrypoint -e,--env --env-file --expose
  --gpus --group-add --health-cmd --health-interval --health-retries --health-start-interval --health-start-period
  --health-timeout -h,--hostname --init -i,--interactive --io-maxbandwidth --io-maxiops --ip --ip6 --ipc --isolation
  --kernel-memory -l,--label --label-file --link --link-local-ip --log-driver --log-opt --mac-address -m,--memory
  --memory-reservation --memory-swap --memory-swappiness --mount --name --network --network-alias --no-healthcheck
  --oom-kill-disable --oom-score-adj --pid --pids-limit --platform --privileged -p,--publish -P,--publish-all --pull
  -q,--quiet --read-only --restart --rm --runtime --security-opt --shm-size --sig-proxy --stop-signal --stop-timeout
  --storage-opt --sysctl --tmpfs -t,--tty --ulimit --use-api-socket -u,--user --userns --uts -v,--volume
  --volume-driver --volumes-from -w,--workdir
container start: -a,--attach --checkpoint --checkpoint-dir --detach-keys -i,--interactive
container stats: -a,--all --format --no-stream --no-trunc
container stop: -s,--signal -t,--timeout
container top:
container unpause:
container update: --blkio-weight --cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime -c,--cpu-shares --cpus
  --cpuset-cpus --cpuset-mems -m,--memory --memory-reservation --memory-swap --pids-limit --restart
container wait:
image build: --add-host --build-arg --cache-from --cgroup-parent --compress --cpu-period --cpu-quota -c,--cpu-shares
  --cpuset-cpus --cpuset-mems --disable-content-trust -f,--file --force-rm --iidfile --isolation --label -m,--memory
  --memory-swap --network --no-cache --platform --pull -q,--quiet --rm --security-opt --shm-size --squash -t,--tag
  --target --ulimit
image history: --format -H,--human --no-trunc --platform -q,--quiet
image import: -c,--change -m,--message --platform
image inspect: -f,--format --platform
image load: -i,--input --platform -q,--quiet
image ls: -a,--all --digests -f,--filter --format --no-trunc -q,--quiet --tree
image prune: -a,--all --filter -f,--force
image pull: -a,--all-tags --disable-content-trust --platform -q,--quiet
image push: -a,--all-tags --disable-content-trust --platform -q,--quiet
image rm: -f,--force --no-prune --platform
image save: -o,--output --platform
image tag:
network connect: --alias --driver-opt --gw-priority --ip --ip6 --link --link-local-ip
network create: --attachable --aux-address --config-from --config-only -d,--driver --gateway --ingress --internal
  --ip-range --ipam-driver --ipam-opt --ipv4 --ipv6 --label -o,--opt --scope --subnet
network disconnect: -f,--force
network inspect: -f,--format -v,--verbose
network ls: -f,--filter --format --no-trunc -q,--quiet
network prune: --filter -f,--force
network rm: -f,--force
volume create: --availability -d,--driver --group --label --limit-bytes -o,--opt --required-bytes --scope --secret
  --sharing --topology-preferred --topology-required --type
volume inspect: -f,--format
volume ls: --cluster -f,--filter --format -q,--quiet
volume prune: -a,--all --filter -f,--force
volume rm: -f,--force
volume update: --availability
system df: --format -v,--verbose
system events: -f,--filter --format --since --until
system info: -f,--format
system prune: -a,--all --filter -f,--force --volumes
login: -p,--password --password-stdin -u,--username
logout:
inspect: -f,--format -s,--size --type
`);

/** `COMMAND: FLAGS` lines; those that begin with a space go on with the line before. */
function readSurface(text: string): Surface {
  const lines = text.trim().replace(/\n +/g, " ").split("\n");
  return new Map(
    lines.map((line) => {
      const [command = "", flags = ""] = line.split(":");
      return [
        command,
        flags
          .split(" ")
          .filter(Boolean)
          .map((flag) => flag.split(",")),
      ] as const;
    }),
  );
}
