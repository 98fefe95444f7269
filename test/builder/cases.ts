/** One rule of the Dockerfile reference each, with the files that it is shown with. */

/** `link` makes a link; a path that ends with a slash is a directory. */
export interface CaseFile {
  readonly content?: string;
  readonly mode?: number;
  readonly link?: string;
}

export interface BuildCase {
  readonly name: string;
  /** Every base is `busybox`. */
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, CaseFile | string>>;
  readonly args?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string;
  /** Docker's classic builder does not know this syntax: what was recorded is this engine's. */
  readonly modern?: true;
}

const tree = { "d/": {}, "d/one.txt": "one\n", "d/sub/two.sh": { content: "two\n", mode: 0o750 }, "top.txt": "top\n" };
const B = "FROM busybox\n";

export const buildCases: readonly BuildCase[] = [
  { name: "from alone keeps the base's configuration", dockerfile: `${B}LABEL a=b` },
  { name: "from scratch starts with nothing", dockerfile: "FROM scratch\nCOPY top.txt /", files: tree },
  { name: "global arg in from", dockerfile: "ARG T=latest\nFROM busybox:$T\nLABEL a=b" },
  { name: "global arg given", dockerfile: "ARG B=nothing\nFROM $B\nLABEL a=b", args: { B: "busybox" } },
  { name: "target stops at a stage", dockerfile: `FROM busybox AS one\nENV A=1\n${B}ENV B=2`, target: "one" },
  { name: "target by another case", dockerfile: `FROM busybox AS one\nENV A=1\n${B}ENV B=2`, target: "ONE" },
  { name: "a stage of a stage", dockerfile: "FROM busybox AS one\nENV A=1\nRUN echo x >/x\nFROM one\nRUN echo y >/y" },
  { name: "escape directive", dockerfile: "# escape=`\nFROM busybox\nENV A=1 `\n    B=2" },
  { name: "comments between continuations", dockerfile: `${B}ENV A=1 \\\n# not this\n    B=2` },
  { name: "instructions in lower case", dockerfile: "from busybox\nenv A=1\nlabel b=c" },
  { name: "maintainer", dockerfile: `${B}MAINTAINER Some One <one@example.com>` },

  { name: "env pairs", dockerfile: `${B}ENV A=1 B="two words" C='single $A' D=esc\\ aped` },
  { name: "env old form", dockerfile: `${B}ENV KEY a value with  spaces` },
  { name: "env replaces", dockerfile: `${B}ENV A=1 B=2\nENV A=3` },
  {
    name: "env expands what was before",
    dockerfile: `${B}ENV A=1\nENV A=2 B=$A C=\${A}x D=\${NONE:-d} E=\${A:+e} F=\\$A`,
  },
  { name: "env keeps the base's path", dockerfile: `${B}ENV PATH=/opt/bin:$PATH` },
  { name: "label pairs", dockerfile: `${B}LABEL "a b"="c d" e=f g="multi \\\nline"` },
  { name: "labels of the request", dockerfile: `${B}LABEL a=file`, labels: { a: "request", z: "9", b: "1" } },
  { name: "expose", dockerfile: `${B}EXPOSE 80 443/tcp 53/udp\nEXPOSE 8000-8002` },
  { name: "expose of a variable", dockerfile: `${B}ARG P="81 82"\nEXPOSE $P/tcp 90`, modern: true },
  { name: "volume as json and as words", dockerfile: `${B}VOLUME ["/a b", "/c"]\nVOLUME /d /e` },
  { name: "user", dockerfile: `${B}USER nobody\nUSER 1000:1000` },
  { name: "user of a variable", dockerfile: `${B}ARG U=nobody\nUSER $U` },
  { name: "stopsignal", dockerfile: `${B}STOPSIGNAL SIGUSR1` },
  { name: "stopsignal by number", dockerfile: `${B}STOPSIGNAL 9` },
  { name: "stopsignal that is none", dockerfile: `${B}STOPSIGNAL SIGNOTHING1x` },
  { name: "cmd exec", dockerfile: `${B}CMD ["a", "b c"]` },
  { name: "cmd shell", dockerfile: `${B}CMD echo "a b" $HOME` },
  { name: "cmd twice", dockerfile: `${B}CMD one\nCMD two` },
  { name: "entrypoint drops the base's cmd", dockerfile: `${B}ENTRYPOINT ["e"]` },
  { name: "entrypoint keeps its own cmd", dockerfile: `${B}CMD ["c"]\nENTRYPOINT ["e"]` },
  { name: "entrypoint shell", dockerfile: `${B}ENTRYPOINT exec top -b` },
  {
    name: "entrypoint of a stage below",
    dockerfile: 'FROM busybox AS a\nENTRYPOINT ["x"]\nCMD ["y"]\nFROM a\nCMD ["z"]',
  },
  { name: "shell", dockerfile: `${B}SHELL ["/bin/sh", "-ec"]\nCMD echo x\nRUN echo $0 >/f` },
  {
    name: "healthcheck",
    dockerfile: `${B}HEALTHCHECK --interval=5s --timeout=3s --start-period=1m --retries=2 CMD test -f /x`,
  },
  { name: "healthcheck exec", dockerfile: `${B}HEALTHCHECK CMD ["true"]` },
  { name: "healthcheck none", dockerfile: `${B}HEALTHCHECK NONE` },
  { name: "onbuild is kept", dockerfile: `${B}ONBUILD RUN echo x >/x\nONBUILD ENV A=1` },
  {
    name: "onbuild fires in the next stage",
    dockerfile: "FROM busybox AS a\nONBUILD RUN echo x >/x\nONBUILD ENV A=1\nFROM a\nENV B=2",
  },

  { name: "arg in run", dockerfile: `${B}ARG A=1\nRUN echo $A >/f` },
  { name: "arg given", dockerfile: `${B}ARG A=1\nRUN echo $A >/f`, args: { A: "2" } },
  { name: "arg without a value", dockerfile: `${B}ARG A\nRUN echo "[$A]" >/f` },
  { name: "arg of the global scope", dockerfile: `ARG V=7\n${B}ARG V\nENV W=$V` },
  { name: "arg is unknown without declaring", dockerfile: `ARG V=7\n${B}ENV W=[$V]` },
  { name: "env wins over arg", dockerfile: `${B}ARG A=1\nENV A=2\nRUN echo $A >/f`, args: { A: "3" } },
  { name: "arg of two stages", dockerfile: `FROM busybox AS a\nARG A=1\nENV X=$A\nFROM a\nENV Y=[$A]` },
  { name: "proxy args leave no trace", dockerfile: `${B}RUN echo $HTTP_PROXY >/f`, args: { HTTP_PROXY: "http://p" } },

  { name: "workdir is made", dockerfile: `${B}WORKDIR /a/b\nWORKDIR c\nRUN pwd >f` },
  { name: "workdir that is there", dockerfile: `${B}WORKDIR /etc` },
  { name: "workdir of a variable", dockerfile: `${B}ENV D=/x\nWORKDIR $D/y` },
  { name: "workdir under a user", dockerfile: `${B}USER nobody\nWORKDIR /w` },

  { name: "run shell", dockerfile: `${B}RUN echo a >/a && mkdir -p /m/n && chmod 700 /m` },
  { name: "run exec", dockerfile: `${B}RUN ["touch", "/with space"]` },
  { name: "run that changes nothing", dockerfile: `${B}RUN true` },
  { name: "run as a user", dockerfile: `${B}USER nobody\nRUN touch /tmp/f` },
  { name: "run removes", dockerfile: `${B}RUN rm /etc/group && rm -r /root` },
  {
    name: "run replaces a directory",
    dockerfile: `${B}RUN mkdir /d && touch /d/old\nRUN rm -r /d && mkdir /d && touch /d/new`,
  },
  { name: "run makes links", dockerfile: `${B}RUN echo a >/a && ln /a /b && ln -s a /c` },
  { name: "run that fails", dockerfile: `${B}RUN exit 3` },
  { name: "run of what is not there", dockerfile: `${B}RUN ["/no/such"]` },
  { name: "run changes a mode", dockerfile: `${B}RUN chmod 600 /etc/passwd && chown 5:6 /etc/group` },

  { name: "copy a file", dockerfile: `${B}COPY top.txt /x`, files: tree },
  { name: "copy into a directory", dockerfile: `${B}COPY top.txt /x/`, files: tree },
  { name: "copy into one that is there", dockerfile: `${B}COPY top.txt /etc`, files: tree },
  { name: "copy a directory's content", dockerfile: `${B}COPY d /x`, files: tree },
  { name: "copy with wildcards", dockerfile: `${B}COPY *.txt d/o?e.txt /x/`, files: tree },
  { name: "copy several", dockerfile: `${B}COPY top.txt d/one.txt /x/`, files: tree },
  { name: "copy everything", dockerfile: `${B}COPY . /x/`, files: tree },
  { name: "copy as json", dockerfile: `${B}COPY ["a b.txt", "/c d"]`, files: { "a b.txt": "x" } },
  { name: "copy below the workdir", dockerfile: `${B}WORKDIR /w\nCOPY top.txt .\nCOPY top.txt sub/y`, files: tree },
  { name: "copy of a variable", dockerfile: `${B}ENV F=top.txt\nCOPY $F /$F.copy`, files: tree },
  { name: "copy of what is not there", dockerfile: `${B}COPY nothing /x`, files: tree },
  { name: "copy from outside", dockerfile: `${B}COPY ../../etc/passwd /x`, files: tree },
  { name: "copy keeps links", dockerfile: `${B}COPY d /x`, files: { ...tree, "d/link": { link: "one.txt" } } },
  {
    name: "copy follows a link that it names",
    dockerfile: `${B}COPY link /x`,
    files: { ...tree, link: { link: "top.txt" } },
  },
  {
    name: "copy through a link of the image",
    dockerfile: `${B}RUN mkdir /real && ln -s real /l\nCOPY top.txt /l/`,
    files: tree,
  },
  {
    name: "copy replaces a link with a file",
    dockerfile: `${B}RUN mkdir /x && ln -s /etc/passwd /x/one.txt\nCOPY d /x/`,
    files: tree,
  },
  { name: "copy keeps a directory's mode", dockerfile: `${B}RUN mkdir -m 700 /x\nCOPY d /x`, files: tree },
  { name: "copy with an owner", dockerfile: `${B}COPY --chown=10:20 d /x`, files: tree },
  { name: "copy with an owner by name", dockerfile: `${B}COPY --chown=nobody:root top.txt /x`, files: tree },
  { name: "copy with a number for both", dockerfile: `${B}COPY --chown=7 top.txt /x/`, files: tree },
  { name: "copy with an owner that is not there", dockerfile: `${B}COPY --chown=nobodyelse top.txt /x`, files: tree },
  {
    name: "copy from a stage",
    dockerfile: `FROM busybox AS a\nRUN echo x >/x && chown 3:4 /x && chmod 640 /x\n${B}COPY --from=a /x /y`,
  },
  { name: "copy from a stage by number", dockerfile: `${B}RUN echo x >/x\n${B}COPY --from=0 /x /y` },
  {
    name: "copy a directory from a stage",
    dockerfile: `FROM busybox AS a\nRUN mkdir -p /d/e && echo x >/d/e/x && ln -s e /d/l\n${B}COPY --from=a /d /z`,
  },
  {
    name: "copy keeps several names of one file",
    dockerfile: `FROM busybox AS a\nRUN mkdir /m && echo x >/m/a && ln /m/a /m/b\n${B}COPY --from=a /m /m`,
  },
  { name: "copy from an image", dockerfile: "FROM scratch\nCOPY --from=busybox /etc/passwd /p" },
  {
    name: "copy over a directory with a file",
    dockerfile: `${B}RUN mkdir -p /x/one.txt\nCOPY d /x/`,
    files: tree,
    modern: true,
  },
  {
    name: "the ignore file",
    dockerfile: `${B}COPY . /x/`,
    files: { ...tree, ".dockerignore": "d/sub\n*.md\n", "r.md": "r" },
  },
  { name: "copy of an empty directory", dockerfile: `${B}COPY empty /x/`, files: { "empty/": {} } },

  { name: "add a file", dockerfile: `${B}ADD top.txt /x`, files: tree },
  { name: "add a directory", dockerfile: `${B}ADD d /x/`, files: tree },
  { name: "add unpacks an archive", dockerfile: `${B}ADD a.tar /x/`, files: { "a.tar": "TAR" } },
  { name: "add unpacks a compressed archive", dockerfile: `${B}ADD a.tar.gz /x/`, files: { "a.tar.gz": "TGZ" } },
  { name: "add leaves other files as they are", dockerfile: `${B}ADD a.gz /x/`, files: { "a.gz": "GZ" } },
  { name: "add with an owner", dockerfile: `${B}ADD --chown=8:9 top.txt /x`, files: tree },

  { name: "unknown instruction", dockerfile: `${B}RUNN true` },
  { name: "unknown flag", dockerfile: `${B}COPY --form=a b c` },
  { name: "no from", dockerfile: "RUN true" },
  { name: "a stage that is not there", dockerfile: `${B}LABEL a=b`, target: "nothing" },

  { name: "chmod of copy", dockerfile: `${B}COPY --chmod=604 top.txt d /x/`, files: tree, modern: true },
  { name: "symbolic chmod", dockerfile: `${B}COPY --chmod=u=rwX,go=rX d /x/`, files: tree, modern: true },
  { name: "exclude of copy", dockerfile: `${B}COPY --exclude=*.txt --exclude=sub . /x/`, files: tree, modern: true },
  {
    name: "parents of copy",
    dockerfile: `${B}COPY --parents d/sub/two.sh ./d/./one.txt /x/`,
    files: tree,
    modern: true,
  },
  { name: "copy of a link layer", dockerfile: `${B}COPY --link d /x/`, files: tree, modern: true },
  { name: "heredoc of run", dockerfile: `${B}RUN <<EOF\necho a >/a\necho b >/b\nEOF`, modern: true },
  {
    name: "heredoc with an interpreter",
    dockerfile: `${B}RUN <<'EOF'\n#!/bin/awk -f\nBEGIN { print "awk" > "/f" }\nEOF`,
    modern: true,
  },
  { name: "heredoc for a command", dockerfile: `${B}RUN cat <<EOF >/f\nx $HOME\nEOF`, modern: true },
  { name: "heredocs of copy", dockerfile: `${B}ENV V=1\nCOPY <<one <<"two" /x/\n$V\none\n$V\ntwo`, modern: true },
  {
    name: "bind mount of a stage",
    dockerfile: `FROM busybox AS a\nRUN echo x >/x\n${B}RUN --mount=from=a,source=/x,target=/m cat /m >/y`,
    modern: true,
  },
  {
    name: "bind mount of the context",
    dockerfile: `${B}RUN --mount=target=/ctx cat /ctx/top.txt >/y`,
    files: tree,
    modern: true,
  },
  {
    name: "writes to a bind mount are lost",
    dockerfile: `${B}RUN --mount=target=/ctx,rw echo new >/ctx/top.txt && cp /ctx/top.txt /y`,
    files: tree,
    modern: true,
  },
  {
    name: "tmpfs mount leaves nothing",
    dockerfile: `${B}RUN --mount=type=tmpfs,target=/t echo x >/t/x && ls /t >/y`,
    modern: true,
  },
  {
    name: "cache mount leaves nothing",
    dockerfile: `${B}RUN --mount=type=cache,target=/root/c echo x >/root/c/x && ls /root/c >/y`,
    modern: true,
  },
  {
    name: "a secret that nobody needs",
    dockerfile: `${B}RUN --mount=type=secret,id=s test ! -e /run/secrets/s`,
    modern: true,
  },
  { name: "a secret that is needed", dockerfile: `${B}RUN --mount=type=secret,id=s,required true`, modern: true },
  { name: "no network", dockerfile: `${B}RUN --network=none ls /sys/class/net >/f`, modern: true },
  { name: "privileges that are not granted", dockerfile: `${B}RUN --security=insecure true`, modern: true },
  {
    name: "substitutions of patterns",
    dockerfile: `${B}ENV P=a/b/c.tar.gz\nENV A=\${P##*/} B=\${P%.*} C=\${P//\\//-}`,
    modern: true,
  },
  {
    name: "substitutions of unset and set variables, and escapes",
    dockerfile: `${B}ENV S=1 P=foobar.tar.gz\nENV A=\${N:-def} B=\${S:+set} C=\${N:+set}- D=\\\${not} E=\${P%%.*} F=\${P/o/0}`,
    modern: true,
  },
  {
    name: "add keeps an archive packed",
    dockerfile: `${B}ADD --unpack=false a.tar /x/`,
    files: { "a.tar": "TAR" },
    modern: true,
  },
  {
    name: "heredoc of a shell with its own name",
    dockerfile: `${B}RUN <<EOT\n#!/bin/sh\necho "$0" >/f\nEOT`,
    modern: true,
  },
  { name: "heredoc into a command", dockerfile: `${B}RUN <<'EOT' cat >/f\nno $expansion\nEOT`, modern: true },
  { name: "heredoc without its tabs", dockerfile: `${B}COPY <<-EOT /f\n\tone\n\t\ttwo\nEOT`, modern: true },
  { name: "parents with two stars", dockerfile: `${B}COPY --parents **/*.sh /x/`, files: tree, modern: true },
  {
    name: "a volume's content made after it",
    dockerfile: `${B}VOLUME /v\nRUN mkdir -p /v && echo x >/v/f`,
    modern: true,
  },
  {
    name: "health check with all options",
    dockerfile: `${B}HEALTHCHECK --interval=5s --timeout=1m30s --start-period=1s --start-interval=250ms --retries=2 CMD true`,
    modern: true,
  },
  { name: "stop signal that is none", dockerfile: `${B}STOPSIGNAL FOO`, modern: true },
  {
    name: "a link layer owned by a name",
    dockerfile: `${B}COPY --link --chown=nobody:root top.txt /x/`,
    files: tree,
    modern: true,
  },
  {
    name: "platform args",
    dockerfile: "FROM --platform=$BUILDPLATFORM busybox\nARG TARGETOS\nENV O=$TARGETOS",
    modern: true,
  },
];
