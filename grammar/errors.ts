/** The diagnostics of the grammar, one constructor each. */
import type { Diagnostic, Fix, Note, Span } from "./diagnostics.ts";

export const syntaxCodes = [
  "syntax-error",
  "unclosed-bracket",
  "unmatched-bracket",
  "unterminated-string",
  "single-quoted-string",
  "unknown-escape",
  "invalid-character",
  "unknown-keyword",
  "missing-keyword",
  "reserved-word",
  "unknown-operator",
  "chained-comparison",
  "not-callable",
  "not-indexable",
  "argument-order",
  "unknown-type",
  "unknown-selection",
  "not-a-constraint",
  "misplaced-clause",
  "too-deep",
] as const;

type SyntaxCode = (typeof syntaxCodes)[number];

interface Extras {
  readonly notes?: readonly Note[];
  readonly suggestion?: string;
  readonly fixes?: readonly Fix[];
}

function error(code: SyntaxCode, span: Span, message: string, extras: Extras = {}): Diagnostic {
  return { code, severity: "error", message, span, ...extras };
}

function replacement(span: Span, text: string): Pick<Extras, "suggestion" | "fixes"> {
  return { suggestion: `Write \`${text}\`.`, fixes: [{ title: `Replace with \`${text}\``, span, text }] };
}

/** The fallback: what was expected and what stands there. */
export function syntaxError(span: Span, message: string, suggestion?: string): Diagnostic {
  return error("syntax-error", span, message, { suggestion });
}

export function unclosedBracket(span: Span, closer: string, opener: Span, openerText: string): Diagnostic {
  return error("unclosed-bracket", span, `A \`${closer}\` is missing here or further on.`, {
    notes: [{ message: `This \`${openerText}\` is never closed.`, span: opener }],
    fixes: [{ title: `Insert \`${closer}\``, span: { ...span, start: span.end }, text: closer }],
  });
}

/** A closing bracket that answers no opening one, or (with `opener`) one of another form. */
export function unmatchedBracket(span: Span, closer: string, opener?: { span: Span; expected: string }): Diagnostic {
  if (opener !== undefined) {
    return error("unmatched-bracket", span, `\`${closer}\` stands where \`${opener.expected}\` is expected.`, {
      notes: [{ message: "The bracket that it should close.", span: opener.span }],
      ...replacement(span, opener.expected),
    });
  }
  return error("unmatched-bracket", span, `This \`${closer}\` closes nothing.`, {
    suggestion: "Remove it, or add the opening bracket that it belongs to.",
  });
}

export function unterminatedString(span: Span): Diagnostic {
  return error("unterminated-string", span, 'This string has no closing `"` on its line.', {
    suggestion: 'End it with `"`; a line break inside a string is written `\\n`.',
  });
}

export function singleQuotedString(span: Span, text: string): Diagnostic {
  return error(
    "single-quoted-string",
    span,
    "Strings are written with double quotes; `'` is the transpose.",
    replacement(span, text),
  );
}

export function unknownEscape(span: Span, written: string): Diagnostic {
  return error("unknown-escape", span, `\`${written}\` is not an escape.`, {
    suggestion:
      'The escapes are `\\" \\\\ \\/ \\b \\f \\n \\r \\t` and `\\u` with four hexadecimal digits; a backslash itself is `\\\\`.',
  });
}

export function invalidCharacter(span: Span, character: string, meant?: string): Diagnostic {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  const shown = /[\p{C}\p{Z}]/u.test(character) ? `The character U+${code}` : `\`${character}\``;
  return error(
    "invalid-character",
    span,
    `${shown} has no meaning here.`,
    meant === undefined ? {} : replacement(span, meant),
  );
}

export function unknownKeyword(span: Span, word: string, meant: string): Diagnostic {
  return error("unknown-keyword", span, `\`${word}\` is not a keyword.`, {
    suggestion: `Did you mean \`${meant}\`?`,
    fixes: [{ title: `Replace with \`${meant}\``, span, text: meant }],
  });
}

export function missingKeyword(span: Span, keyword: string, before: string): Diagnostic {
  return error("missing-keyword", span, `A keyword such as \`${keyword}\` is missing before \`${before}\`.`, {
    fixes: [{ title: `Insert \`${keyword}\``, span: { ...span, end: span.start }, text: `${keyword} ` }],
  });
}

export function reservedWord(span: Span, word: string): Diagnostic {
  return error("reserved-word", span, `\`${word}\` is a reserved word and cannot be a name.`, {
    suggestion: `Use another name, such as \`${word}_\`; reserved words may only be fields, named arguments and solve keys.`,
  });
}

/** An operator of another language, with what this one writes for it. */
export function unknownOperator(span: Span, operator: string, meant: string, why: string): Diagnostic {
  return error("unknown-operator", span, `\`${operator}\` is not an operator; ${why}.`, replacement(span, meant));
}

export function chainedComparison(span: Span, first: Span): Diagnostic {
  return error("chained-comparison", span, "Comparisons do not chain.", {
    notes: [{ message: "The first comparison.", span: first }],
    suggestion: "Join two comparisons with `&&`, or separate two constraints with `,`.",
  });
}

export function notCallable(span: Span, what: string): Diagnostic {
  return error("not-callable", span, `${what} cannot be called.`, {
    suggestion:
      "Only a name, an indexed name or a frozen copy is called, as in `f(x)`, `h[task](x)` or `stop(h)(x)`; a product needs `*`.",
  });
}

export function notIndexable(span: Span, what: string, access: "entries" | "fields"): Diagnostic {
  return error("not-indexable", span, `${what} has no ${access} to pick.`, {
    suggestion: "Name the value with `let` first.",
  });
}

export function argumentOrder(span: Span, named: Span): Diagnostic {
  return error("argument-order", span, "A positional argument comes after a named one.", {
    notes: [{ message: "The first named argument.", span: named }],
    suggestion: "Put the named arguments last.",
  });
}

export function unknownType(span: Span, written: string, meant: string | undefined): Diagnostic {
  const list = "`real`, `int`, `bool`, `class` (each with sizes, as in `real[n, d]`) and `weights(f)`";
  return error("unknown-type", span, `\`${written}\` is not a type.`, {
    suggestion: meant === undefined ? `The types are ${list}.` : `Did you mean \`${meant}\`? The types are ${list}.`,
  });
}

export function unknownSelection(span: Span, word: string): Diagnostic {
  return error("unknown-selection", span, `\`by ${word}\` selects no solution.`, {
    suggestion: "Write `by gradient_flow`, or `by descent(steps: 10, rate: 0.1)`.",
  });
}

export function notAConstraint(span: Span): Diagnostic {
  return error(
    "not-a-constraint",
    span,
    "Each constraint after `subject to` compares two sides with `<=`, `>=` or `==`.",
  );
}

export function misplacedClause(span: Span): Diagnostic {
  return error("misplaced-clause", span, "`and` joins a clause to a `where` clause above it, and there is none.", {
    suggestion: "Start the level with `where`; to join two conditions in an expression write `&&`.",
  });
}

export function tooDeep(
  span: Span,
  what: string,
  limit: number,
  suggestion = "Give parts of it names with `let`.",
): Diagnostic {
  return error("too-deep", span, `${what} here: the limit is ${limit}.`, { suggestion });
}
