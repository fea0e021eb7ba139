/**
 * Text that chooses its line breaks. A group is written on one line when it fits and with all its own breaks otherwise
 * (Wadler, "A prettier printer", 2003, in Lindig's strict form). Comments that trail a line wait for its end.
 */

export type Layout =
  | string
  | { readonly kind: "concat"; readonly parts: readonly Layout[]; readonly forced: boolean }
  | { readonly kind: "group"; readonly body: Layout; readonly forced: boolean }
  | { readonly kind: "indent"; readonly by: number; readonly body: Layout; readonly forced: boolean }
  /** A possible break, written as `flat` where the group stays on one line. */
  | { readonly kind: "line"; readonly flat: string; readonly forced: boolean }
  /** Written only where the group is broken. */
  | { readonly kind: "if-broken"; readonly text: string; readonly forced: false }
  /** A comment for the end of the line; whatever contains it has to break. */
  | { readonly kind: "trailing"; readonly text: string; readonly forced: true };

/** A space or a break. */
export const line: Layout = { kind: "line", flat: " ", forced: false };
/** Nothing or a break. */
export const softLine: Layout = { kind: "line", flat: "", forced: false };
/** A break in any case. */
export const hardLine: Layout = { kind: "line", flat: "", forced: true };

function isForced(layout: Layout): boolean {
  return typeof layout !== "string" && layout.forced;
}

export function concat(...parts: readonly Layout[]): Layout {
  return sequence(parts);
}

/** As {@link concat}, of a list that may be long. */
export function sequence(parts: readonly Layout[]): Layout {
  return { kind: "concat", parts, forced: parts.some(isForced) };
}

export function group(...parts: readonly Layout[]): Layout {
  const body = concat(...parts);
  return { kind: "group", body, forced: isForced(body) };
}

export function indent(by: number, ...parts: readonly Layout[]): Layout {
  const body = concat(...parts);
  return { kind: "indent", by, body, forced: isForced(body) };
}

export function ifBroken(text: string): Layout {
  return { kind: "if-broken", text, forced: false };
}

export function trailing(text: string): Layout {
  return { kind: "trailing", text, forced: true };
}

export function separated(parts: readonly Layout[], separator: Layout): Layout {
  return sequence(parts.flatMap((part, i) => (i === 0 ? [part] : [separator, part])));
}

// -------------------------------------------------------------------------------------------------- rendering

interface Pending {
  readonly layout: Layout;
  readonly indentation: number;
  readonly broken: boolean;
}

interface Line {
  readonly text: string;
  readonly comment?: string;
}

/** Writes a layout in lines of at most `width` characters where it can; trailing comments of adjacent lines are aligned. */
export function render(layout: Layout, width: number): string {
  const lines: Line[] = [];
  const stack: Pending[] = [{ layout, indentation: 0, broken: true }];
  let text = "";
  let comments: string[] = [];

  const endLine = (indentation: number) => {
    const [comment, ...more] = comments;
    lines.push({ text: text.trimEnd(), comment });
    // Two comments cannot share a line; the others follow on their own.
    for (const each of more) lines.push({ text: " ".repeat(indentation) + each });
    comments = [];
    text = " ".repeat(indentation);
  };

  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { layout: part, indentation, broken } = next;
    if (typeof part === "string") text += part;
    else if (part.kind === "concat") {
      for (const each of part.parts.toReversed()) stack.push({ layout: each, indentation, broken });
    } else if (part.kind === "indent") stack.push({ layout: part.body, indentation: indentation + part.by, broken });
    else if (part.kind === "group") {
      const breaks = part.forced || !fits(part.body, stack, width - text.length);
      stack.push({ layout: part.body, indentation, broken: breaks });
    } else if (part.kind === "trailing") comments.push(part.text);
    else if (part.kind === "if-broken") text += broken ? part.text : "";
    else if (broken || part.forced) endLine(indentation);
    else text += part.flat;
  }
  endLine(0);
  return alignComments(lines).join("\n");
}

/** Whether `body` on one line, and what follows up to the next possible break, takes at most `room` characters. */
function fits(body: Layout, rest: readonly Pending[], room: number): boolean {
  const stack: { readonly layout: Layout; readonly broken: boolean }[] = [{ layout: body, broken: false }];
  let left = room;
  for (let following = rest.length - 1; left >= 0; ) {
    const next = stack.pop() ?? rest[following--];
    if (next === undefined) return true;
    const { layout: part, broken } = next;
    if (typeof part === "string") left -= part.length;
    else if (part.kind === "concat") for (const each of part.parts.toReversed()) stack.push({ layout: each, broken });
    else if (part.kind === "indent" || part.kind === "group") stack.push({ layout: part.body, broken });
    else if (part.kind === "if-broken") left -= broken ? part.text.length : 0;
    else if (part.kind === "line") {
      if (broken || part.forced) return true;
      left -= part.flat.length;
    }
  }
  return false;
}

function alignComments(lines: readonly Line[]): readonly string[] {
  const written: string[] = [];
  for (let i = 0; i < lines.length; ) {
    let end = i;
    while (lines[end]?.comment !== undefined) end += 1;
    const run = lines.slice(i, Math.max(end, i + 1));
    const column = run.reduce((widest, { text }) => Math.max(widest, text.length), 0) + 2;
    for (const { text, comment } of run) written.push(comment === undefined ? text : text.padEnd(column) + comment);
    i += run.length;
  }
  return written;
}
