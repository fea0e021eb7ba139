/** Names for what is written several times: the linear predictor η = X θ, the residual r = X θ − y. */
import { type Formula, freeIndices, keyOf, type MathSymbol, mapParts, partsOf, symbol } from "./math.ts";
import type { Notation } from "./notation.ts";
import { lineOf } from "./text.ts";

export interface Definition {
  readonly symbol: MathSymbol;
  readonly value: Formula;
}

export interface Abbreviations {
  /** In an order in which each uses only earlier ones. */
  readonly definitions: readonly Definition[];
  readonly apply: (formula: Formula) => Formula;
}

/** More names than this are harder to read than repetition. */
const mostNames = 6;

interface Candidate {
  readonly formula: Formula;
  readonly width: number;
  total: number;
  /** The most often within one formula. */
  most: number;
}

/** Worth a name: long and twice in one formula, or very long and everywhere. */
const isWorthIt = ({ width, total, most }: Candidate): boolean =>
  (most >= 2 && width >= 6) || (total >= 3 && width >= 30);

/** Names for what the formulas repeat; single letters and what mentions an index get none. */
export function abbreviate(n: Notation, formulas: readonly Formula[]): Abbreviations {
  let current = [...formulas];
  const found: Definition[] = [];
  const letters = new Map<string, string>();
  while (found.length < mostNames) {
    const best = widest([...current, ...found.map((definition) => definition.value)], n);
    if (best === undefined) break;
    const definition: Definition = { symbol: nameFor(n, best, letters, found), value: best };
    const replace = replacing(new Map([[keyOf(best), definition.symbol]]));
    current = current.map(replace);
    found.forEach((own, k) => {
      found[k] = { ...own, value: replace(own.value) };
    });
    found.push(definition);
  }
  // A later name was found inside the values of earlier ones.
  const definitions = found.toReversed();
  const apply = (formula: Formula): Formula =>
    found.reduce((done, { symbol: name, value }) => replacing(new Map([[keyOf(value), name]]))(done), formula);
  return { definitions, apply };
}

function widest(formulas: readonly Formula[], n: Notation): Formula | undefined {
  const candidates = new Map<string, Candidate>();
  for (const formula of formulas) {
    const counts = new Map<string, number>();
    const visit = (part: Formula): void => {
      const key = keyOf(part);
      if (isCandidate(part, n)) {
        counts.set(key, (counts.get(key) ?? 0) + 1);
        if (!candidates.has(key)) candidates.set(key, { formula: part, width: lineOf(part).length, total: 0, most: 0 });
      }
      partsOf(part).forEach(visit);
    };
    visit(formula);
    for (const [key, count] of counts) {
      const candidate = candidates.get(key) as Candidate;
      candidate.total += count;
      candidate.most = Math.max(candidate.most, count);
    }
  }
  const worth = [...candidates.values()].filter(isWorthIt);
  return worth.toSorted((a, b) => b.width - a.width)[0]?.formula;
}

const namedKinds: ReadonlySet<Formula["kind"]> = new Set(["sum", "product", "hadamard", "call", "inverse"]);

function isCandidate(formula: Formula, n: Notation): boolean {
  return namedKinds.has(formula.kind) && (n.ranks.get(keyOf(formula)) ?? 0) > 0 && freeIndices(formula).size === 0;
}

const vectorLetters = { product: ["η", "ζ", "ξ"], sum: ["r", "q", "e"], other: ["s", "q", "p"] } as const;
const matrixLetters = { product: ["Z", "Y", "P"], sum: ["R", "Q", "E"], other: ["S", "Q", "P"] } as const;

/**
 * η for a product, r for a sum, s for others; capitals for matrices. What is made of one table's data carries the table's name, so
 * that the predictors of two tables are η_train and η_valid, where there is more than one.
 */
function nameFor(
  n: Notation,
  formula: Formula,
  letters: Map<string, string>,
  found: readonly Definition[],
): MathSymbol {
  const kind = formula.kind === "product" || formula.kind === "sum" ? formula.kind : "other";
  const candidates = n.ranks.get(keyOf(formula)) === 2 ? matrixLetters[kind] : vectorLetters[kind];
  const letter = letters.get(candidates[0]) ?? n.symbols.fresh(...candidates);
  letters.set(candidates[0], letter);
  const tables = new Set(subscriptsIn(n, formula));
  const plain = symbol(letter, tables.size === 1 && n.symbols.tables.size > 1 ? [...tables][0] : undefined);
  const isFree = (own: MathSymbol): boolean => !found.some((definition) => keyOf(definition.symbol) === keyOf(own));
  return isFree(plain) ? plain : symbol(n.symbols.fresh(...candidates, "h", "c", "l", "o"));
}

/** The tables whose data the formula shows. */
function subscriptsIn(n: Notation, formula: Formula): readonly string[] {
  if (formula.kind === "symbol")
    return formula.subscript !== undefined && n.symbols.tables.has(formula.subscript) ? [formula.subscript] : [];
  return partsOf(formula).flatMap((part) => subscriptsIn(n, part));
}

function replacing(names: ReadonlyMap<string, Formula>): (formula: Formula) => Formula {
  const replace = (formula: Formula): Formula => names.get(keyOf(formula)) ?? mapParts(formula, replace);
  return replace;
}
