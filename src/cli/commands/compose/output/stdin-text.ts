/** Reads standard input once, so that a second load and the frame beside a problem see the same bytes. */
const inputs = new WeakMap<NodeJS.ReadStream, { readonly bytes: Promise<Uint8Array>; known?: Uint8Array }>();

/** The whole of it. */
export async function readStdinOnce(stdin: NodeJS.ReadStream): Promise<Uint8Array> {
  const entry = inputs.get(stdin) ?? { bytes: readAll(stdin) };
  inputs.set(stdin, entry);
  entry.known = await entry.bytes;
  return entry.known;
}

/** What `readStdinOnce` has read, as text to show; undefined before. */
export function knownStdinText(stdin: NodeJS.ReadStream): string | undefined {
  const known = inputs.get(stdin)?.known;
  return known && Buffer.from(known).toString("utf8");
}

async function readAll(stdin: NodeJS.ReadStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
