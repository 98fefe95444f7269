/** Pseudo-terminals: run -it, exec -it, attach, start -ai; sizes, detach keys, exit codes. */
import type { Table } from "../harness/step.js";

/** A shell without a line editor, whose prompt ends what it printed. */
const shell = `sh -c 'while printf "> " && read -r line; do eval "$line"; done'`;
const prompt = { see: /> $/ };
/** Waits until the terminal has that size: the client tells it a moment after the program has started. */
const sized = (size: string) => `until [ "$(stty size 2>/dev/null)" = "${size}" ]; do sleep 0.1; done; echo so it is\r`;
/** From then on what is typed goes to the container alone. */
const raw = { wait: "raw" } as const;
const type = (text: string) => ({ type: text });

export const terminalTable: Table = {
  name: "terminals",
  steps: [
    {
      run: `docker run --rm -it busybox ${shell}`,
      acts: [
        prompt,
        type("tty; echo $TERM\r"),
        prompt,
        { resize: [40, 100] },
        type(sized("40 100")),
        prompt,
        type("exit 5\r"),
      ],
    },
    { run: "docker run --rm -t busybox sh -c 'echo out; echo err >&2'", acts: [] },
    { run: "docker run --rm -i busybox cat", acts: [type("typed\r\x04"), { see: /typed[\s\S]*typed/ }] },
    "docker run --rm -t busybox echo no terminal here",
    "docker run --rm -it busybox echo no terminal here",
    "docker run -d -it --name box busybox sh -c 'while read -r line; do echo \"got $line\"; done; exit 4'",
    { run: `docker exec -it box ${shell}`, acts: [prompt, type(sized("24 80")), prompt, type("exit 6\r")] },
    {
      run: `docker exec -it box ${shell}`,
      acts: [prompt, { resize: [50, 120] }, type(sized("50 120")), prompt, type("\x10\x11")],
    },
    {
      run: `docker exec -it --detach-keys ctrl-a,x box ${shell}`,
      acts: [prompt, type("echo \x01\x01y\r"), prompt, type("\x01x")],
    },
    {
      run: "docker exec -it box nothing",
      acts: [],
      differs: {
        because: "daemons since 23 end it with 127",
        ours: /executable file not found in \$PATH/,
        exitCode: 127,
      },
    },
    { run: "docker exec -t -e A=1 -w /tmp -u nobody box sh -c 'echo $A; pwd; id -un; tty'", acts: [] },
    { run: "docker attach box", acts: [raw, type("first\r"), { see: /got first/ }, type("\x10\x11")] },
    { run: "docker attach --detach-keys a,b box", acts: [raw, type("ac\r"), { see: /got ac/ }, type("ab")] },
    { run: "docker attach box", acts: [raw, type("last\r"), { see: /got last/ }, type("\x04")] },
    "docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' box",
    { run: "docker start -ai box", acts: [raw, type("again\r"), { see: /got again/ }, type("\x04")] },
    "docker logs box",
    {
      run: "docker run -it --rm --name signalled busybox sh -c 'trap \"echo caught; exit 3\" INT; echo ready; while :; do sleep 0.1; done'",
      acts: [{ see: /ready/ }, type("\x03"), { see: /caught/ }],
    },
    {
      run: "docker run --rm --sig-proxy=true --name proxied busybox sh -c 'trap \"echo caught; exit 3\" TERM; echo ready; while :; do sleep 0.1; done' & until docker logs proxied 2>/dev/null | grep -q ready; do sleep 0.1; done; kill -TERM $!; wait $!",
    },
    "docker run -d --name plain busybox sh -c 'while read -r line; do :; done; sleep 1000'",
    "docker exec plain sh -c 'echo out; echo err >&2; exit 9'",
    "echo typed | docker exec -i plain cat",
    "docker exec -d plain touch /made && until docker exec plain test -e /made; do sleep 0.1; done",
    "docker exec plain /tmp; docker exec nobody true; docker exec -u stranger plain true",
    {
      run: "docker exec plain nothing",
      differs: {
        because: "daemons since 23 end it with 127",
        ours: /executable file not found in \$PATH/,
        exitCode: 127,
      },
    },
    {
      run: "docker exec -w /nowhere plain true",
      differs: {
        because: "daemons since 23 end it with 127",
        ours: /chdir.*[Nn]o such file or directory/,
        exitCode: 127,
      },
    },
    "docker stop -t 0 plain >/dev/null; docker exec plain true",
  ],
};
