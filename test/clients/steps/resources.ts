/** Networks and volumes, pruning, disk usage, info and version. */
import type { Table } from "../harness/step.js";

export const resourcesTable: Table = {
  name: "networks, volumes, system",
  steps: [
    { run: "docker network ls", unordered: true },
    "docker network create front | wc -c; docker network create front; docker network create bridge; docker network create host",
    "docker network create --subnet 10.200.1.0/24 --gateway 10.200.1.254 --ip-range 10.200.1.128/25 --aux-address a=10.200.1.200 --internal --attachable --label l=1 -o com.docker.network.bridge.enable_icc=true back | wc -c; docker network create --subnet 10.200.1.0/24 twice; docker network create --subnet 10.200.2.0/24 --gateway 10.99.0.1 outside",
    {
      run: "docker network create --subnet nonsense x",
      differs: {
        because: "daemons since 25 say it in these words",
        ours: /invalid subnet nonsense: invalid CIDR block notation/,
      },
    },
    "docker network inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{.Internal}} {{.Attachable}} {{.Ingress}} {{.EnableIPv6}} {{json .Labels}} {{json .Options}} {{json .IPAM}}' back; docker network inspect -f '{{.Name}} {{json .Labels}} {{json .Options}} {{.IPAM.Driver}}' front host none",
    "docker network inspect nothing; docker network inspect front nothing -f '{{.Name}}'; docker network ls -q nothing",
    ...[
      "name=ron",
      "driver=bridge",
      "driver=null",
      "type=custom",
      "type=builtin",
      "scope=local",
      "scope=nonsense",
      "label=l",
      "label=l=2",
      "dangling=true",
      "id=nothing",
      "nonsense=1",
      "driver=nonsense",
      "type=nonsense",
    ].map((filter) => ({ run: `docker network ls --format '{{.Name}}' --filter ${filter}`, unordered: true })),
    "docker run -d --name box --network back --ip 10.200.1.130 --network-alias db --hostname h busybox sleep 1000 >/dev/null",
    {
      run: "docker run --rm --network back --ip 10.99.0.9 busybox true",
      differs: {
        because: "daemons since 24 say it in these words",
        ours: /no configured subnet contains IP address 10\.99\.0\.9/,
      },
    },
    "docker exec box ip -o -4 addr show eth0 | sed 's/^[0-9]*//'",
    "docker network connect front box; docker network connect front box; docker network connect nothing box; docker network connect front nobody; docker network connect --ip 10.200.1.131 back box; true",
    {
      run: "docker network connect host box",
      differs: {
        because: "daemons since 28 say it in these words",
        ours: /connected to host network/,
      },
    },
    "docker exec box ls /sys/class/net | sort; docker inspect -f '{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{$v.IPAMConfig}};{{end}} {{index .NetworkSettings.Networks.back.Aliases 0}}' box",
    "docker network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' back",
    "docker network rm front; docker network disconnect front box; docker network disconnect front box; docker network disconnect nothing box; docker network rm front nothing bridge",
    "docker network prune -f; docker network rm -f nothing; docker rm -f box; docker network prune -f --filter label=nothing; docker network prune -f",
    "docker volume create; docker volume create | wc -c; docker volume create named; docker volume create named; docker volume create --label a=1 labelled; docker volume create 'b d'; docker volume create x; docker volume create /abs; docker volume create -o type=tmpfs -o device=tmpfs -o o=size=1m tmp",
    // CLIs before 23 send empty maps, which Docker keeps.
    {
      run: "docker volume inspect named labelled nothing -f '{{.Name}} {{.Driver}} {{.Scope}} {{json .Labels}} {{json .Options}} {{.Mountpoint}}'; docker volume inspect -f '{{json .Options}}' tmp",
      mask: [[/\{\}/g, "null"]],
    },
    ...[
      "name=nam",
      "dangling=true",
      "dangling=false",
      "driver=local",
      "driver=x",
      "label=a",
      "label=a=2",
      "nonsense=1",
      "dangling=nonsense",
    ].map((filter) => ({
      run: `docker volume ls --format '{{.Name}} {{.Driver}}' --filter ${filter}`,
      unordered: true,
    })),
    "docker run --rm -v tmp:/x busybox sh -c 'mount | grep \" /x \" | sed s/,inode64//'; docker run -d --name user -v named:/n -v /anonymous busybox sleep 1000 >/dev/null; docker volume rm named; docker volume rm nothing; docker volume rm -f nothing; docker volume ls | head -1; docker volume ls -q | grep -cE '^[0-9a-f]{64}$'",
    "docker run --rm --mount type=volume,source=named,target=/x,readonly busybox touch /x/y; docker run --rm -v named:/bin busybox true; docker run --rm -v fresh:/etc busybox ls /etc | head -3; docker run --rm -v copied:/etc:nocopy busybox ls /etc | grep -c passwd",
    { run: "docker system df", mask: [[/ \d+B \(\d+%\)/g, " n"]] },
    { run: "docker system df -v", unordered: true, mask: [[/(fresh +\d+ +)\d+B/, "$1n"]] },
    "docker system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'",
    "docker rm -f -v user; export DOCKER_API_VERSION=1.41; docker volume prune -f --filter label=nothing | tail -1; docker volume prune -f | sort | grep -v '^[0-9a-f]\\{64\\}$' | tail -2",
    "docker run --name done busybox sh -c 'echo 123 >/file'; docker create --name made busybox; docker container prune -f --filter until=1h; docker container prune -f --filter nonsense=1; docker container prune -f | tail -1",
    "docker run --name done busybox true; docker network create idle >/dev/null; docker volume create named >/dev/null; docker system prune -f --filter label=nothing | tail -1; docker system prune -f | grep -vE '^[0-9a-f]{64}$'; docker system prune -af --filter until=nonsense",
    "docker info --format '{{.ContainersRunning}} {{.Images}} {{.OSType}} {{.Architecture}} {{.NCPU}} {{.MemTotal}} {{.Swarm.LocalNodeState}} {{.KernelVersion}} {{.OperatingSystem}} {{.CgroupVersion}} {{.LoggingDriver}} {{.IndexServerAddress}} {{json .Plugins.Volume}} {{.Name}}'",
    "docker version --format '{{.Server.Os}} {{.Server.Arch}} {{.Server.KernelVersion}} {{.Server.Experimental}}'; docker version >/dev/null; docker info >/dev/null 2>&1",
    "docker swarm leave; docker node ls; docker service ls; docker secret ls; docker config ls; docker plugin ls; docker plugin inspect nothing; docker swarm ca",
    "docker builder prune -f | tail -1; docker buildx version >/dev/null 2>&1; docker checkpoint ls nothing 2>&1 | head -1",
  ],
};
