import { expect, it } from "vitest";
import {
  attribute,
  attributesIn,
  endOfRequest,
  messagesIn,
  nestedAttribute,
  netlinkMessage,
  numberAttribute,
  textAttribute,
  textOf,
} from "./netlink-message.js";

it("pads attributes to four bytes, and counts only the value", () => {
  expect(textAttribute(3, "eth0").toString("hex")).toBe("09000300657468300000".padEnd(24, "0"));
  expect(attribute(1, Uint8Array.of(2, 0x42)).toString("hex")).toBe("0600010002420000");
});

it("reads back what it wrote, nested attributes too", () => {
  const inner = nestedAttribute(18, [textAttribute(1, "bridge"), numberAttribute(2, 7)]);
  const [message] = messagesIn(netlinkMessage({ type: 16, flags: 5, sequence: 9 }, [Buffer.alloc(16), inner]));
  expect(message).toMatchObject({ type: 16, flags: 5, sequence: 9 });
  const outer = attributesIn(message?.payload ?? Buffer.alloc(0), 16);
  const nested = attributesIn(outer.get(18) ?? Buffer.alloc(0));
  expect([textOf(nested.get(1)), nested.get(2)?.readUInt32LE()]).toEqual(["bridge", 7]);
});

it("tells an acknowledgement from a failure and gives the kernel's words", () => {
  const answer = (errno: number, flags: number, texts: Buffer[]) => {
    const code = Buffer.alloc(4);
    code.writeInt32LE(-errno);
    const bytes = netlinkMessage({ type: 2, flags, sequence: 1 }, [code, Buffer.alloc(16), ...texts]);
    const [message] = messagesIn(bytes);
    return message && endOfRequest(message);
  };
  expect(answer(0, 0, [])).toEqual({ errno: 0, reason: "" });
  expect(answer(17, 0x300, [textAttribute(1, "Already there")])).toEqual({ errno: 17, reason: "Already there" });
});

it("stops at lengths that do not fit, whatever the bytes", () => {
  expect(messagesIn(Buffer.alloc(40))).toEqual([]);
  expect(messagesIn(Buffer.alloc(40, 0xff))).toEqual([]);
  expect(attributesIn(Buffer.alloc(10, 0xff)).size).toBe(0);
});
