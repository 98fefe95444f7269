import { describe, expect, it } from "vitest";
import { acceptKey, ClientFrames, encodeServerFrame } from "./websocket.js";

/** As a client sends it: masked. */
function clientFrame(opcode: number, payload: string, mask = [1, 2, 3, 4]): Buffer {
  const bytes = Buffer.from(payload).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.from([0x80 | opcode, 0x80 | (length[0] ?? 0), ...length.slice(1), ...mask, ...bytes]);
}

function read(...chunks: Buffer[]): string[] {
  const frames = new ClientFrames();
  return chunks.flatMap((chunk) => [...frames.push(chunk)].map(({ kind, bytes }) => `${kind} ${bytes}`));
}

describe("a WebSocket", () => {
  it("answers the key of RFC 6455's example, and none that is no key", () => {
    expect(acceptKey("dGhlIHNhbXBsZSBub25jZQ==")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    expect(acceptKey("short")).toBeUndefined();
    expect(acceptKey(undefined)).toBeUndefined();
  });

  it("reads frames wherever the chunks are cut, and hands on a part before the whole is there", () => {
    const bytes = Buffer.concat([clientFrame(2, "hello"), clientFrame(9, "p"), clientFrame(1, "x".repeat(200))]);
    expect(read(bytes)).toEqual(["data hello", "ping p", `data ${"x".repeat(200)}`]);
    const single = read(...[...bytes].map((byte) => Buffer.from([byte])));
    expect(single.filter((part) => part.startsWith("ping"))).toEqual(["ping p"]);
    expect(
      single
        .filter((part) => part.startsWith("data"))
        .map((part) => part.slice(5))
        .join(""),
    ).toBe(`hello${"x".repeat(200)}`);
    expect(read(clientFrame(8, ""))).toEqual(["close "]);
  });

  it("refuses what no client may send", () => {
    expect(() => read(Buffer.from([0x82, 0x01, 0x61]))).toThrow("malformed"); // not masked
    expect(() => read(Buffer.from([0xc2, 0x80, 1, 2, 3, 4]))).toThrow("malformed"); // an extension
    expect(() => read(Buffer.from([0x09, 0x80, 1, 2, 3, 4]))).toThrow("control frame"); // a ping in parts
    expect(() => read(Buffer.from([0x83, 0x80, 1, 2, 3, 4]))).toThrow("control frame"); // an unknown kind
    expect(() => read(Buffer.from([0x82, 0xff, ...Array(8).fill(0xff), 1, 2, 3, 4]))).toThrow("too long");
  });

  it("writes each length in its shortest form", () => {
    expect([...encodeServerFrame(2, Buffer.from("a"))]).toEqual([0x82, 1, 0x61]);
    expect([...encodeServerFrame(2, Buffer.alloc(300)).subarray(0, 4)]).toEqual([0x82, 126, 1, 44]);
    expect(encodeServerFrame(2, Buffer.alloc(70_000)).readBigUInt64BE(2)).toBe(70_000n);
  });
});
