/**
 * Where comments go when a program is printed. Printing follows the order of the source and hands out each comment once:
 * before the next thing that starts a line, or at the end of the line of what stands before it.
 */
import type { Span } from "./diagnostics.ts";
import type { Layout } from "./layout.ts";
import { concat, hardLine, sequence, trailing } from "./layout.ts";
import type { Comment } from "./syntax.ts";

export interface Comments {
  /** Takes all comments that start before an offset. */
  before(offset: number): readonly Comment[];
  /** Takes the comments that trail code on their line and start before an offset. */
  trailingBefore(offset: number): readonly Comment[];
  /** Hands comments to the slot that is being printed, to be written above it. */
  hoist(comments: readonly Comment[]): void;
  /** Runs `print` and returns what it hoisted. */
  hoistedBy(print: () => void): readonly Comment[];
}

export function commentsOf(comments: readonly Comment[]): Comments {
  let next = 0;
  let hoisted: readonly Comment[] = [];
  const takeWhile = (condition: (comment: Comment) => boolean) => {
    const start = next;
    for (let comment = comments[next]; comment !== undefined && condition(comment); comment = comments[next]) next += 1;
    return comments.slice(start, next);
  };
  return {
    before: (offset) => takeWhile(({ span }) => span.start < offset),
    trailingBefore: (offset) => takeWhile(({ span, ownLine }) => !ownLine && span.start < offset),
    hoist(more) {
      hoisted = [...hoisted, ...more];
    },
    hoistedBy(print) {
      const outer = hoisted;
      hoisted = [];
      print();
      const inner = hoisted;
      hoisted = outer;
      return inner;
    },
  };
}

export function commentText({ doc, text }: Pick<Comment, "doc" | "text">): string {
  return `${doc ? "##" : "#"} ${text}`.trimEnd();
}

export function ownLines(comments: readonly Comment[]): Layout {
  return sequence(comments.flatMap((comment) => [commentText(comment), hardLine]));
}

/** Something that starts a line when its surroundings break, so that comments can stand above it and after it. */
export interface Slot {
  readonly leading: readonly Comment[];
  readonly body: Layout;
  /** What comes at the end of the slot's line. */
  readonly after: Layout;
}

/**
 * Prints a slot and gives it its comments: those before `span`, and, with a `limit`, those inside it that found no place
 * there and those that trail it before that offset. Without a limit the slot ends where a larger one does, which takes them.
 */
export function slot(comments: Comments, span: Span, print: () => Layout, limit?: number): Slot {
  const above = comments.before(span.start);
  let body: Layout = "";
  const hoisted = comments.hoistedBy(() => {
    body = print();
  });
  const behind = limit === undefined ? [] : [...comments.before(span.end), ...comments.trailingBefore(limit)];
  const last = behind.at(-1);
  return {
    leading: [...above, ...hoisted, ...behind.slice(0, -1)],
    body,
    after: last ? trailing(commentText(last)) : "",
  };
}

export function slotLayout({ leading, body, after }: Slot): Layout {
  return concat(ownLines(leading), body, after);
}
