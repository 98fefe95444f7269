/** Reads standard input once, so that a second load and the frame beside a problem see the same text. */
const texts = new WeakMap<NodeJS.ReadStream, { readonly text: Promise<string>; known?: string }>();

/** The whole of it, as text. */
export async function readStdinOnce(stdin: NodeJS.ReadStream): Promise<string> {
  const entry = texts.get(stdin) ?? { text: readAll(stdin) };
  texts.set(stdin, entry);
  entry.known = await entry.text;
  return entry.known;
}

/** What `readStdinOnce` has read; undefined before. */
export function knownStdinText(stdin: NodeJS.ReadStream): string | undefined {
  return texts.get(stdin)?.known;
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
