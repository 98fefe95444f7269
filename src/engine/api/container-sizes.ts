/** What containers take on the disk: their own files, and those together with their image's. */
import type { ApiRooms } from "./rooms.js";

/** Adds `SizeRw` and `SizeRootFs`, in bytes. Walks the files of every container given. */
export async function withSizes<T extends { readonly Id: string; readonly ImageID: string }>(
  { containers, images }: Pick<ApiRooms, "containers" | "images">,
  listed: readonly T[],
  signal: AbortSignal,
): Promise<Array<T & { SizeRw: number; SizeRootFs: number }>> {
  const ids = listed.map(({ Id }) => Id);
  const written = await containers.files.writtenBytes(ids, signal);
  const sizeOf = new Map(images.list({}).map(({ Id, Size }) => [Id, Size]));
  return listed.map((container) => {
    const SizeRw = written.get(container.Id) ?? 0;
    return { ...container, SizeRw, SizeRootFs: SizeRw + (sizeOf.get(container.ImageID) ?? 0) };
  });
}
