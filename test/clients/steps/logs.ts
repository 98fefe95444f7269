/** logs with all its options. */
import type { Table } from "../harness/step.js";

export const logsTable: Table = {
  name: "logs",
  steps: [
    "docker run --name box --label l=1 -e E=2 --log-opt labels=l --log-opt env=E busybox sh -c 'for i in 1 2 3 4 5; do echo line $i; done; sleep 0.1; echo problem >&2'",
    "docker run --name cut busybox printf 'one\\ntwo\\nunfinished'; echo; docker logs --tail 2 cut; echo; docker logs --tail 1 -t cut",
    "docker logs box",
    "docker logs box 2>/dev/null",
    "docker logs --tail 2 box",
    "docker logs -n 0 box",
    "docker logs --tail all box | wc -l; docker logs --tail -1 box | wc -l; docker logs --tail nonsense box | wc -l",
    "docker logs -t --tail 2 box",
    "docker logs -t --tail 2 box 2>&1 | grep -cE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{9}Z '",
    "docker logs --details --tail 1 box",
    "docker logs --details -t --tail 1 box",
    "docker logs --since 1h box | wc -l; docker logs --until 1h box | wc -l; docker logs --since 2100-01-01T00:00:00Z box; docker logs --since 1 --until 2 box",
    "docker logs --since nonsense box",
    "docker logs --since 1h --until nonsense box",
    "docker logs -f box",
    "docker logs nobody",
    "docker run -d --name live busybox sh -c 'i=0; while read -r line || sleep 0.1; do i=$((i+1)); echo $i; [ $i = 20 ] && exit 3; done'",
    "docker logs -f live",
    "docker logs -f --tail 3 live",
    "docker start live >/dev/null; docker logs -f --since 0s live | tail -1",
    "docker logs live | wc -l",
    "docker run -d --name marked busybox sh -c 'echo early; sleep 1.1; echo late' >/dev/null; docker wait marked; at=$(docker logs -t marked | tail -1 | cut -d' ' -f1); docker logs --since $at marked; echo --; docker logs --until $at marked",
    "docker run --name long busybox sh -c 'head -c 40000 /dev/zero | tr \"\\\\0\" x; echo; echo end' | wc -c; docker logs long | wc; docker logs -t long | wc -l",
    "docker run -t --name tty busybox sh -c 'echo out; echo err >&2'; docker logs tty | od -c",
    "docker run --name none --log-driver none busybox echo x; docker logs none",
    "docker run --name local --log-driver local busybox echo x; docker logs local",
    "docker run --name rotated --log-opt max-size=1k --log-opt max-file=2 busybox sh -c 'for i in $(seq 200); do echo line $i; done' >/dev/null; docker logs rotated | tail -1",
    {
      run: "docker run --rm --log-opt max-size=big busybox true",
      differs: {
        because: "ours refuses it when the container is made, not when it starts",
        ours: /invalid size of max-size: 'big'/,
      },
    },
    {
      run: "docker run --rm --log-opt max-file=0 busybox true",
      differs: {
        because: "ours refuses it when the container is made, not when it starts",
        ours: /max-file cannot be '0'/,
      },
    },
    "docker create --name fresh busybox true >/dev/null; docker logs fresh; docker logs -f fresh & docker start fresh; wait",
  ],
};
