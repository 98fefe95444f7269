/** events: what each verb tells, filters, replay of a stretch of time. */
import type { Table } from "../harness/step.js";

/** All events since the table's beginning; without ids and without probes. */
const told = (...filters: string[]) =>
  `docker events --since $(cat begin) --until $(($(date +%s)+1)) --format '{{.Type}} {{.Action}} {{range $k, $v := .Actor.Attributes}}{{$k}}={{$v}} {{end}}' ${filters.map((filter) => `--filter ${filter}`).join(" ")}`;

export const eventsTable: Table = {
  name: "events",
  steps: [
    "date +%s.%N >begin",
    "docker run --rm --name once -l a=1 busybox true; docker run -d --name box -l a=2 -v data:/data busybox sleep 1000",
    "docker exec box true; docker exec -t box true; docker pause box; docker unpause box; docker rename box crate; docker kill -s USR1 crate; docker update -m 64m --memory-swap 64m crate; docker top crate >/dev/null; docker cp crate:/etc/passwd p; docker cp p crate:/tmp/; docker export crate >/dev/null; docker commit crate mine:1",
    "docker restart -t 0 crate; docker stop -t 0 crate; docker start crate; docker kill crate; docker wait crate; docker rm crate",
    "docker network create front; docker create --name joined busybox sleep 1000; docker network connect front joined; docker network disconnect front joined; docker rm joined; docker network rm front",
    "docker volume create named; docker volume rm named data; docker tag busybox again:1; docker rmi again:1; docker save busybox -o i.tar; docker load -q -i i.tar; docker container prune -f; docker network prune -f; docker volume prune -f; docker image prune -f",
    { run: told("type=container", "container=once"), unordered: true },
    { run: told("type=container", "container=crate", "event=start"), unordered: true },
    { run: told("type=container", "label=a=2"), unordered: true },
    { run: told("type=container", "event=die"), unordered: true },
    { run: told("type=network"), unordered: true },
    // Docker mounts anew for each copy; ours are mounted already.
    { run: `${told("type=volume")} | sort -u` },
    { run: told("type=image"), unordered: true },
    { run: told("image=busybox", "event=create"), unordered: true },
    { run: told("event=prune"), unordered: true },
    { run: told("type=container", "container=joined"), unordered: true },
    { run: told("scope=swarm"), unordered: true },
    "docker events --since $(cat begin) --until 0s --filter container=once --filter event=start | sed 's/<.*//'",
    "docker events --since $(cat begin) --until 0s --filter container=once --filter event=start --format '{{json .}}' | tr ',' '\\n' | cut -d: -f1",
    "docker events --since nonsense --until 1",
    "docker events --filter event=create --filter type=container --format '{{.Actor.Attributes.name}}' >seen & watcher=$!; until [ -s seen ]; do docker create --name probe busybox >/dev/null; docker rm probe >/dev/null; done; kill $watcher; head -1 seen",
  ],
};
