/** cp both ways, diff, export and import, commit. */
import type { Table } from "../harness/step.js";

/** What a tree of files is, line by line. */
const list = (dir: string) => `(cd ${dir} && find . | sort | while read -r f; do stat -c '%n %F %a' "$f"; done)`;

export const filesTable: Table = {
  name: "files of containers",
  steps: [
    "mkdir -p tree/deep out && echo content >tree/deep/file && echo top >tree/top && ln -s deep/file tree/link && ln -s /etc/passwd tree/absolute && chmod 640 tree/top && chmod 4755 tree/deep/file",
    "docker run -d --name box -v data:/data busybox sleep 1000 && docker create --name still busybox true",
    ...["box", "still"].flatMap((name) => [
      `docker cp tree ${name}:/`,
      `docker cp tree/. ${name}:/contents`,
      `docker cp tree/. ${name}:/tmp`,
      `docker cp tree ${name}:/renamed`,
      `docker cp tree/top ${name}:/tmp/`,
      `docker cp tree/top ${name}:/tmp/top2`,
      `docker cp tree/top ${name}:/tmp/nowhere/`,
      `docker cp tree/top ${name}:/tmp/no/where`,
      `docker cp tree ${name}:/etc/passwd`,
      `docker cp tree/link ${name}:/tmp/`,
      `docker cp -L tree/link ${name}:/tmp/followed`,
      `docker cp -a tree/top ${name}:/tmp/archived`,
      `docker cp nothing ${name}:/tmp/`,
      `docker cp ${name}:/nothing out/`,
      `docker cp ${name}:/tree/top out/nowhere/`,
      `docker cp ${name}:/tree out/${name}-tree && docker cp ${name}:/tree/. out/${name}-tree2 && docker cp ${name}:/tree out && ${list("out")}`,
      `docker cp ${name}:/tree/link out/link-${name}; docker cp -L ${name}:/tree/link out/file-${name}; ls -l out | grep ${name} | cut -c1-10`,
      `docker cp ${name}:/tree/top - | tar -tv --numeric-owner | cut -c1-25`,
      `docker cp ${name}:/tree - | tar -t | sort`,
      `docker cp ${name}:/tree/. - | tar -t | sort`,
      `tar -c -C tree . | docker cp - ${name}:/tmp && docker cp ${name}:/tmp/deep/file -  | tar -xO`,
      `tar -c -C tree . | docker cp - ${name}:/nowhere`,
      `tar -c -C tree . | docker cp - ${name}:/etc/passwd`,
      {
        run: `echo no archive | docker cp - ${name}:/tmp`,
        differs: { because: "ours says what is wrong with the archive", ours: /the archive was refused/ },
      },
      {
        run: `docker cp ${name}:/tree/absolute/x out/`,
        differs: {
          because: "daemons since 23 take it for a file that is missing",
          ours: /could not find the file \/tree\/absolute\/x|No such container:path/i,
        },
      },
      `docker cp tree/top ${name}:/tree/absolute && docker cp ${name}:/etc/passwd - | tar -xO`,
    ]),
    'docker exec box sh -c \'cd /; find tree contents renamed tmp | sort | while read -r f; do stat -c "%n %F %a %u" "$f"; done\'',
    "docker cp box:/tmp still:/tmp",
    "docker cp tree/top nobody:/tmp; docker cp nobody:/tmp out",
    "docker cp tree/top box:/data/ && docker exec box cat /data/top; docker cp box:/data/top - | tar -xO",
    "docker cp box:/proc/self/status - >/dev/null",
    "docker cp box:/etc/hostname - | tar -t; docker cp box:/etc/resolv.conf - | tar -t",
    "docker create --name ro --read-only -v data:/data busybox true >/dev/null; docker cp tree/top ro:/tmp/; docker cp tree/top ro:/data/fine",
    "docker run --name changed busybox sh -c 'echo a >/new; rm /etc/group; echo b >>/etc/passwd; mkdir -p /a/b; ln -s x /link; rm -r /home; mv /bin/ar /bin/moved'",
    { run: "docker diff changed", unordered: true },
    {
      run: "docker run --name touched -v data:/data --tmpfs /scratch busybox sh -c 'echo 1 >/scratch/f; echo 1 >/data/f; chmod 700 /tmp'; docker diff touched",
      unordered: true,
    },
    "docker diff nobody",
    "docker export changed | tar -t | grep -E '^(new|etc/passwd|etc/group|a/|link|bin/moved|proc|sys)' | sort",
    "docker export -o changed.tar changed && test -s changed.tar; docker export nobody",
    "docker export -o nowhere/changed.tar changed",
    "docker import -c 'CMD [\"cat\", \"/new\"]' -c 'ENV A=b' -m 'from a tar' changed.tar imported:1 | cut -c1-7 && docker run --rm imported:1",
    "docker image inspect -f '{{json .RepoTags}} {{json .Config.Cmd}} {{json .Config.Env}} {{.Comment}} {{.Os}} {{.Architecture}} {{len .RootFS.Layers}}' imported:1",
    "cat changed.tar | docker import - imported:2 | cut -c1-7; docker import -c 'RUN true' changed.tar x; docker import nowhere.tar; docker import changed.tar UPPER",
    "docker run -d --name source -e A=1 -l from=source -p 8080 --health-cmd true -u nobody -w /tmp busybox sleep 1000 >/dev/null",
    "docker commit -a 'me <me@example.org>' -m 'a message' source mine:1 | cut -c1-7",
    "docker commit -c 'ENV B=2' -c 'CMD [\"echo\", \"hi\"]' -c 'LABEL l=1 m=2' -c 'EXPOSE 90/udp' -c 'USER root' -c 'WORKDIR /w' -c 'VOLUME /v' -c 'ENTRYPOINT [\"sh\"]' -c 'ONBUILD RUN x' -c 'HEALTHCHECK NONE' source mine:2 | cut -c1-7",
    ...[1, 2].map(
      (n) =>
        `docker image inspect -f '{{.Author}} {{.Comment}} {{json .Config.Env}} {{json .Config.Cmd}} {{json .Config.Entrypoint}} {{json .Config.Labels}} {{json .Config.ExposedPorts}} {{.Config.User}} {{.Config.WorkingDir}} {{json .Config.Volumes}} {{json .Config.Healthcheck}} {{json .Config.OnBuild}} {{.Config.StopSignal}} {{len .RootFS.Layers}}' mine:${n}`,
    ),
    "docker history --format '{{.CreatedBy}}|{{.Size}}|{{.Comment}}' mine:1",
    "docker run --rm mine:1 sh -c 'echo $A; pwd; id -un'",
    "docker commit -p=false source | cut -c1-7; docker commit nobody; docker commit source 'Bad Name'; docker commit -c 'NONSENSE x' source; docker commit -c 'RUN x' source",
  ],
};
