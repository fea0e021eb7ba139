/** A program in a link: compressed, in the part of the address that no server sees. */

export interface Shared {
  /** The example that it began as: its data paths are relative to that. */
  readonly file: string;
  readonly text: string;
}

/** The fragment, without its `#`. */
export async function fragmentOf(shared: Shared): Promise<string> {
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(JSON.stringify(shared)));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** `undefined` where the fragment holds no program. */
export async function sharedIn(fragment: string): Promise<Shared | undefined> {
  try {
    const binary = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const text = new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), bytes));
    const shared: unknown = JSON.parse(text);
    return isShared(shared) ? shared : undefined;
  } catch {
    return undefined;
  }
}

async function through(
  transform: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(transform)).arrayBuffer());
}

function isShared(value: unknown): value is Shared {
  if (typeof value !== "object" || value === null || !("file" in value) || !("text" in value)) return false;
  return typeof value.file === "string" && typeof value.text === "string";
}
