/** The values of `RUN --device`. Pure. */
import { GantryError } from "../base/errors.js";

/** `name` as the Container Device Interface has it: `vendor.com/class=device`; `*` at its end is every device. */
export interface RunDevice {
  readonly name: string;
  readonly required: boolean;
}

/** `vendor.com/class=device[,required]`; a class alone means all its devices. Throws "bad-parameter". */
export function parseRunDevice(text: string): RunDevice {
  const [first = "", ...fields] = text.split(",").map((field) => field.trim());
  const name = first.replace(/^name=/, "");
  if (!/^[a-z0-9][a-z0-9.-]*\/[a-zA-Z][\w.-]*(?:=[\w.:*-]+)?$/.test(name)) {
    throw new GantryError("bad-parameter", `invalid device ${JSON.stringify(text)}: vendor.com/class=name is expected`);
  }
  const unknown = fields.find((field) => !/^required(?:=(?:true|false|0|1))?$/.test(field));
  if (unknown !== undefined) throw new GantryError("bad-parameter", `unexpected key '${unknown}' in --device`);
  const isRequired = fields.some((field) => !/=(?:false|0)$/.test(field));
  return { name: name.includes("=") ? name : `${name}=all`, required: isRequired };
}
