import { expect, it } from "vitest";
import { isGantryError } from "../../base/errors.js";
import { printListing, printValue } from "./format.js";
import { inspectShape } from "./inspect-shape.js";

/** What an engine answered the docker CLI with; the texts beside the templates are what it printed. */
const container = inspectShape(
  {
    Id: "9b7d010e57a0a2bb822967115c118d39974f34de986c6c53fa1dade0ffd78d3d",
    Created: "2026-01-02T03:04:05.6Z",
    Name: "/web",
    RestartCount: 0,
    State: {
      Status: "running",
      Running: true,
      Pid: 42,
      ExitCode: 0,
    },
    Mounts: [
      {
        Type: "volume",
        Name: "data",
        Source: "/v/data",
        Destination: "/data",
        RW: true,
      },
    ],
    Config: {
      Hostname: "9b7d010e57a0",
      Env: ["FOO=bar", "PATH=/bin"],
      Cmd: ["sleep", "100"],
      Labels: {
        "a.b": "c",
        x: "1",
      },
    },
    HostConfig: {
      RestartPolicy: {
        Name: "always",
        MaximumRetryCount: 0,
      },
      Memory: 268435456,
      PortBindings: {},
    },
    NetworkSettings: {
      Ports: {
        "80/tcp": [
          {
            HostIp: "0.0.0.0",
            HostPort: "18080",
          },
        ],
        "81/tcp": null,
      },
      Networks: {
        front: {
          Gateway: "10.1.0.1",
          IPAddress: "10.1.0.2",
        },
        back: {
          Gateway: "10.2.0.1",
          IPAddress: "10.2.0.2",
        },
      },
    },
  },
  "container",
);

it.each([
  ["{{.Name}}", "/web"],
  ["{{json .Config.Labels}}", '{"a.b":"c","x":"1"}'],
  ["{{json .State.Status}}", '"running"'],
  ['{{.State.Running}} {{.State.Pid | printf "%T"}} {{.RestartCount}}', "true int 0"],
  ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', "18080"],
  ["{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", "10.2.0.110.1.0.1"],
  ["{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a.b=c x=1 "],
  ['{{index .Config.Labels "a.b"}}|{{index .Config.Labels "nope"}}|{{.Config.Labels.nope}}', "c||<no value>"],
  ["{{.Config.Env}}", "[FOO=bar PATH=/bin]"],
  ["{{.Config.Cmd}} {{.Config.Labels}} {{len .Config.Env}}", "[sleep 100] map[a.b:c x:1] 2"],
  ["{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none"],
  ["{{with .State.Health}}x{{end}}[{{.State.Health}}]", "[<nil>]"],
  [
    '{{join .Config.Cmd " "}} {{upper .Name}} {{title "hello world"}} {{lower "ABC"}}',
    "sleep 100 /WEB Hello World abc",
  ],
  ['{{truncate .Id 12}} {{pad "x" 2 3}}| {{slice .Id 0 12}}', "9b7d010e57a0   x   | 9b7d010e57a0"],
  ['{{split "a,b,c" ","}} {{json (split "a,b,c" ",")}}', '[a b c] ["a","b","c"]'],
  ["{{println .Name .RestartCount}}", "/web 0\n"],
  [
    '{{print 1 2 "a" "b" 3}} {{printf "%-10s|%5d|%05.1f|%q|%x" "ab" 42 3.14159 "q" "hi"}}',
    '1 2ab3 ab        |   42|003.1|"q"|6869',
  ],
  ['{{eq .Name "/web"}} {{ne 1 2}} {{lt 1 2}} {{gt "b" "a"}} {{eq 1 2 1}}', "true true true true true"],
  ['{{and true 0}} {{or 0 "x"}} {{not ""}} {{and 1 2 3}} {{or "" 0}}', "0 x true 3 0"],
  ["{{$x := 5}}{{$x}}{{$x = 6}}{{$x}}{{if eq $x 6}}yes{{else if eq $x 7}}no{{end}}", "56yes"],
  ["{{- .Name -}}   x", "/webx"],
  ["{{/* c */}}a{{- /* c */ -}} b", "ab"],
  ["{{range $i, $e := .Config.Env}}{{if eq $i 1}}{{break}}{{end}}{{$i}}:{{$e}}{{end}}", "0:FOO=bar"],
  ["{{range .Config.Env}}{{continue}}{{end}}done", "done"],
  [
    '{{"quoted\\t\\"x\\""}} {{`raw\\n`}} {{\'a\'}} {{0x1f}} {{1e3}} {{1.5}} {{-3}}',
    'quoted\t"x" raw\\n 97 31 1000 1.5 -3',
  ],
  ['{{define "T"}}<{{.}}>{{end}}{{template "T" .Name}}', "</web>"],
  ["{{.NetworkSettings.Ports}}", "map[80/tcp:[{0.0.0.0 18080}] 81/tcp:[]]"],
  ['{{html "<a&b>"}} {{urlquery "a b&c"}} {{js "it\'s"}}', "&lt;a&amp;b&gt; a+b%26c it\\'s"],
  ["{{.Config.Labels.x}} {{$.Name}} {{.HostConfig.RestartPolicy.Name}}", "1 /web always"],
  ['{{len .Name}} {{len .Config.Labels}} {{index "abc" 1}}', "4 2 98"],
  ["{{.HostConfig.RestartPolicy}} {{.HostConfig.PortBindings}}", "{always 0} map[]"],
  [
    '{{printf "%v %s" .Config.Env .Name}} {{printf "%d" 3 4}} {{printf "%d"}}',
    "[FOO=bar PATH=/bin] /web 3%!(EXTRA int=4) %!d(MISSING)",
  ],
  ["{{.SizeRw}} {{.Config.Entrypoint}} {{.Config.Healthcheck}} {{.HostConfig.Memory}}", "<nil> [] <nil> 268435456"],
  ['{{.Name | printf "%s-%s" "a" | upper}}', "A-/WEB"],
  ['{{(.Config).Hostname | len}} {{(printf "%s" .Name) | len}}', "12 4"],
  ["{{range $v := .Config.Env}}{{$v}},{{end}}", "FOO=bar,PATH=/bin,"],
])("prints %s as the docker CLI does", (template, printed) => {
  expect(printValue(container, template)).toBe(`${printed}\n`);
});

/** The message and the mark below the template. */
function problemOf(template: string): { message: string; hint: string } {
  try {
    printValue(container, template);
  } catch (error) {
    if (isGantryError(error, "bad-parameter")) return { message: error.message, hint: error.hint ?? "" };
    throw error;
  }
  throw new Error(`${template} was taken`);
}

it.each([
  ["{{.Nmae}}", "1:3: there is no field Nmae; did you mean Name?"],
  ["{{.State.Stauts}}", "1:9: there is no field Stauts; did you mean Status?"],
  ["{{jsonn .}}", "1:3: there is no function jsonn; did you mean json?"],
  ["{{.Name", "1:1: an action is not closed by }}"],
  ["{{if .Name}}a", "1:1: {{if}} is not closed by {{end}}"],
  ["a{{end}}", "1:9: {{end}} closes nothing"],
  ["{{if}}a{{end}}", "1:5: a value is missing here"],
  ["{{(.Name}}", "1:3: a parenthesis is not closed"],
  ['{{"a}}', "1:3: a text is not closed by its quote"],
  ["{{/* a }}", "1:3: a comment is not closed by */}}"],
  ["x\n{{ $y }}", "2:4: there is no variable $y"],
  ["{{index .Config.Env 9}}", "1:3: index 9 is out of range: there are 2"],
  ["{{.Name.Foo}}", "1:8: string has no field Foo"],
  ["{{.State.Health.Status}}", "1:16: Status of nothing: what stands before it is nil"],
  ['{{lt 1 "a"}}', "1:3: int and string cannot be compared"],
  ["{{range .Name}}{{end}}", "1:9: range can't iterate over string"],
  ["{{break}}", "1:3: {{break}} stands outside of {{range}}"],
  ['{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', "1:15: templates include each other without end"],
  ['{{.Name "x"}}', "1:3: this is a value and takes no arguments"],
])("says of %j what is wrong, and where", (template, message) => {
  expect(problemOf(template).message).toBe(`--format: ${message}`);
});

it("shows the place in the template", () => {
  expect(problemOf("{{.Nmae}}").hint).toBe("the template is\n  {{.Nmae}}\n    ^");
});

it("reaches nothing but the data: no member that every JavaScript value has", () => {
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    expect(problemOf(`{{.${name}}}`).message).toContain(`there is no field ${name}`);
    expect(problemOf(`{{${name} .}}`).message).toContain(`there is no function ${name}`);
  }
});

const listing = { titles: { ID: "CONTAINER ID", Names: "NAMES", Labels: "LABELS" }, columns: ["ID", "Names"] };
const rows = [
  { Names: "web", ID: "1", Labels: "a.b=c", Label: (name: unknown) => (name === "a.b" ? "c" : "") },
  { Names: "longer-name", ID: "22", Labels: "", Label: () => "" },
];

it("prints a table, of its own columns or of a template's with titles", () => {
  expect(printListing(rows, listing)).toBe("CONTAINER ID   NAMES\n1              web\n22             longer-name\n");
  expect(printListing(rows, listing, 'table {{.Names}}\\t{{upper .ID}}\\t{{.Label "a.b"}}')).toBe(
    "NAMES         CONTAINER ID   b\nweb           1              c\nlonger-name   22\n",
  );
});

it("prints one object a line as JSON, its members by name and its methods left out", () => {
  expect(printListing(rows, listing, "json").split("\n")[0]).toBe('{"ID":"1","Labels":"a.b=c","Names":"web"}');
});

it("prints one line per row of a template, its written-out tabs as tabs", () => {
  expect(printListing(rows, listing, "{{.Names}}\\t{{.ID}}")).toBe("web\t1\nlonger-name\t22\n");
});

it("refuses a wrong field of a table even when there is no row", () => {
  expect(() => printListing([], listing, "table {{.Naems}}")).toThrow("did you mean Names?");
});
