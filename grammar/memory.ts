/**
 * What the statements of a text say, kept for the next version of it: an edit costs the statements that it changes. A tree
 * is immutable, so one that stands where it stood is taken as it is, and one that has moved is copied with its places moved.
 */

/** Of one file; `parse` takes from it what it finds and leaves in it what this version of the text says. */
export interface Memory<Content> {
  statements: ReadonlyMap<string, Remembered<Content>>;
}

export interface Remembered<Content> {
  readonly start: number;
  readonly content: Content;
}

export function recall<Content>(memory: Memory<Content> | undefined, text: string, start: number): Content | undefined {
  const known = memory?.statements.get(text);
  return known && (known.start === start ? known.content : moved(known.content, start - known.start));
}

/** The value with every span in it moved. */
function moved<T>(value: T, by: number): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => moved(item, by)) as T;
  const copy: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    copy[key] = isPlace(key, each) ? each + by : moved(each, by);
  }
  return copy as T;
}

/** Only spans have these keys. */
const isPlace = (key: string, value: unknown): value is number =>
  typeof value === "number" && (key === "start" || key === "end");
