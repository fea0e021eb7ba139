/** From the place where a statement stops making sense to one diagnostic that says what the author most likely did. */
import type { IToken } from "chevrotain";
import { closest } from "./closest.ts";
import type { Diagnostic, Span } from "./diagnostics.ts";
import {
  missingKeyword,
  reservedWord,
  syntaxError,
  unclosedBracket,
  unknownKeyword,
  unknownOperator,
  unmatchedBracket,
} from "./errors.ts";
import type { Mistake } from "./parser.ts";
import type { Reader } from "./read-expressions.ts";
import { tokenSpan } from "./read-expressions.ts";
import type { Statement } from "./statements.ts";
import type { Keyword } from "./tokens.ts";
import { closerOf, isKeyword, keywords, NameToken, NumberToken } from "./tokens.ts";

/** The place of a mistake, with what is around it. */
interface Scene {
  readonly statement: Statement;
  readonly mistake: Mistake;
  /** The token that does not fit and where it is in the statement; none when the statement ends too early. */
  readonly found: IToken | undefined;
  readonly at: number;
  readonly previous: IToken | undefined;
  readonly next: IToken | undefined;
  readonly span: (token: IToken) => Span;
}

/** Each looks for one kind of mistake; the first that recognises its own explains it. */
const explainers: readonly ((scene: Scene) => Diagnostic | undefined)[] = [
  foreignOperator,
  assignment,
  wrongVerb,
  keywordAsName,
  brackets,
  misspelling,
  noKeyword,
  numberForm,
];

export function explain(reader: Reader, statement: Statement, mistake: Mistake): Diagnostic {
  const at = statement.indexOf(mistake.found);
  const index = at < 0 ? statement.length : at;
  const scene: Scene = {
    statement,
    mistake,
    found: statement[index],
    at: index,
    previous: statement[index - 1],
    next: statement[index + 1],
    span: (token) => tokenSpan(reader, token),
  };
  for (const explainer of explainers) {
    const diagnostic = explainer(scene);
    if (diagnostic !== undefined) return diagnostic;
  }
  return unexpected(scene);
}

// ------------------------------------------------------------------------------------------ kinds of mistakes

const foreignWords: Readonly<Record<string, { readonly meant: string; readonly why: string }>> = {
  or: { meant: "||", why: "either of two conditions is `||`" },
  not: { meant: "!", why: "negation is `!`" },
};

function foreignOperator({ found, previous, mistake, span }: Scene): Diagnostic | undefined {
  if (found === undefined) return undefined;
  const word = Object.hasOwn(foreignWords, found.image) ? foreignWords[found.image] : undefined;
  if (word !== undefined) return unknownOperator(span(found), found.image, word.meant, word.why);
  if (previous === undefined) return undefined;
  if (previous.image === "not" && mistake.expected !== "an expression") {
    return unknownOperator(span(previous), "not", "!", "negation is `!`");
  }
  if (span(previous).end !== found.startOffset) return undefined;
  const both = { ...span(previous), end: span(found).end };
  const pair = previous.image + found.image;
  if (pair === "**") return unknownOperator(both, pair, "^", "powers are written with `^`");
  if (pair === "//") return unknownOperator(both, pair, "#", "division is `/`, and a comment starts with `#`");
  if (pair === ":=") return unknownOperator(both, pair, "=", "a definition is written with `=`");
  if (/^\.[-+*/^@]$/.test(pair))
    return unknownOperator(both, pair, found.image, "operators are element by element already");
  return undefined;
}

function assignment({ found, previous, mistake, span }: Scene): Diagnostic | undefined {
  if (found?.image === "=" && (mistake.leftover || mistake.expected.endsWith("`)`"))) {
    const suggestion = "Comparisons and constraints are written with `==`, named arguments with `:`.";
    return syntaxError(span(found), "`=` has no meaning inside an expression.", suggestion);
  }
  if (mistake.expected === "`=`" && mistake.rule === "solves" && previous !== undefined) {
    return syntaxError(
      endOf(span(previous)),
      "The right-hand side is missing.",
      "An equation reads `LEFT = RIGHT`, with a single `=`.",
    );
  }
  return undefined;
}

function wrongVerb({ found, mistake, span }: Scene): Diagnostic | undefined {
  if (found === undefined) return undefined;
  const { image } = found;
  if ((image === "minimize" || image === "maximize" || image === "solve") && mistake.rule === "whereClause") {
    return syntaxError(
      span(found),
      `A clause says what an unknown does: \`${image}s\`, not \`${image}\`.`,
      `Write \`${image}s\`.`,
    );
  }
  if ((image === "minimizes" || image === "maximizes") && mistake.expected.includes("declaration")) {
    const verb = image.slice(0, -1);
    return syntaxError(span(found), `The problem begins with \`${verb}\`, not \`${image}\`.`, `Write \`${verb}\`.`);
  }
  return undefined;
}

function keywordAsName({ found, previous, next, mistake, span }: Scene): Diagnostic | undefined {
  if (found === undefined || !isKeyword(found)) return undefined;
  const category: string = keywords[found.image as Keyword];
  const declared =
    mistake.expected === "a name" &&
    previous !== undefined &&
    isKeyword(previous) &&
    /^[:=[,(]$/.test(next?.image ?? "");
  const used = mistake.expected === "an expression" && category === "declaration";
  return declared || used ? reservedWord(span(found), found.image) : undefined;
}

function brackets({ statement, at, previous, span }: Scene): Diagnostic | undefined {
  const open: IToken[] = [];
  let openThere: IToken | undefined;
  for (const [i, token] of statement.entries()) {
    if (i === at) openThere = open.at(-1);
    if (Object.hasOwn(closerOf, token.image)) open.push(token);
    else if (Object.values(closerOf).includes(token.image)) {
      const opener = open.pop();
      if (opener === undefined) return unmatchedBracket(span(token), token.image);
      const expected = closerOf[opener.image] ?? "";
      if (expected !== token.image) return unmatchedBracket(span(token), token.image, { span: span(opener), expected });
    }
  }
  const opener = openThere !== undefined && open.includes(openThere) ? openThere : open.at(-1);
  if (opener === undefined || previous === undefined) return undefined;
  return unclosedBracket(endOf(span(previous)), closerOf[opener.image] ?? "", span(opener), opener.image);
}

/** Keywords that are part of an expression: after one, an operator is missing and not these. */
const values: readonly string[] = ["sum", "E", "true", "false"];

function misspelling({ found, next, mistake, span }: Scene): Diagnostic | undefined {
  if (found?.tokenType !== NameToken) return undefined;
  const expected = [...mistake.expected.matchAll(/`([a-z]+)`/g)].map((match) => match[1] ?? "");
  const anywhere = mistake.leftover || mistake.rule === "statement";
  // A word that is followed by one of these is a name, whatever it looks like.
  const isName = next === undefined || /^[:=,;.)\]}]$|^[-+*/^@<>=!&|]+$/.test(next.image);
  const meant =
    closest(found.image, expected) ??
    (anywhere && !isName
      ? closest(
          found.image,
          Object.keys(keywords).filter((word) => !mistake.leftover || !values.includes(word)),
        )
      : undefined);
  return meant === undefined ? undefined : unknownKeyword(span(found), found.image, meant);
}

function noKeyword({ found, next, at, statement, mistake, span }: Scene): Diagnostic | undefined {
  if (found === undefined || !(mistake.leftover || mistake.rule === "statement")) return undefined;
  const rest = statement.slice(at).map((token) => token.image);
  if (rest.includes("over")) return missingKeyword(span(found), "minimize", found.image);
  if (found.tokenType !== NameToken) return undefined;
  if (rest.some((word) => word === "minimizes" || word === "maximizes" || word === "solves")) {
    return missingKeyword(span(found), "where", found.image);
  }
  if (next?.image === "=") return missingKeyword(span(found), "let", found.image);
  if (next?.image !== ":") return undefined;
  const keyword = rest[2] === "{" ? "data" : rest.includes("->") ? "network" : rest.includes("=") ? "param" : "var";
  return missingKeyword(span(found), keyword, found.image);
}

function numberForm({ found, previous, next, at, statement, span }: Scene): Diagnostic | undefined {
  const number = (token: IToken | undefined) => token?.tokenType === NumberToken;
  const point = "A number has a digit on both sides of its point.";
  if (found?.image === "." && number(next)) return syntaxError(span(found), point, `Write \`0.${next?.image}\`.`);
  if (previous?.image === "." && number(statement[at - 2])) {
    return syntaxError(span(previous), point, `Write \`${statement[at - 2]?.image}.0\`.`);
  }
  if (
    found?.tokenType === NameToken &&
    previous !== undefined &&
    number(previous) &&
    span(previous).end === found.startOffset
  ) {
    const written = previous.image + found.image;
    return syntaxError(
      { ...span(previous), end: span(found).end },
      `\`${written}\` is neither a number nor a name.`,
      `A product is written \`${previous.image} * ${found.image}\`.`,
    );
  }
  return undefined;
}

/** Nothing more is known than what was expected and what stands there. */
function unexpected({ found, previous, mistake, span }: Scene): Diagnostic {
  if (mistake.leftover && found !== undefined) {
    return syntaxError(
      span(found),
      `\`${found.image}\` does not continue what stands before it.`,
      "An operator, a comma or a keyword is missing.",
    );
  }
  if (found === undefined && previous !== undefined) {
    return syntaxError(endOf(span(previous)), `Expected ${mistake.expected} after \`${previous.image}\`.`);
  }
  const place = found ?? mistake.found;
  return syntaxError(span(place), `Expected ${mistake.expected} before \`${place.image}\`.`);
}

function endOf(span: Span): Span {
  return { ...span, start: span.end };
}
