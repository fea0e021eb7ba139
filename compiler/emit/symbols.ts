/** Which letters stand for what: inputs by their names, sizes by theirs, indices by the size they run over. */
import { declaredName, type Input, type Node, tensorName } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import {
  call,
  type Formula,
  identity,
  indexSymbol,
  type MathSymbol,
  number,
  power,
  product,
  type SignedTerm,
  sum,
  symbol,
} from "./math.ts";

const greek: Readonly<Record<string, string>> = {
  alpha: "α",
  beta: "β",
  gamma: "γ",
  delta: "δ",
  epsilon: "ε",
  zeta: "ζ",
  eta: "η",
  theta: "θ",
  iota: "ι",
  kappa: "κ",
  lambda: "λ",
  mu: "μ",
  nu: "ν",
  xi: "ξ",
  pi: "π",
  rho: "ρ",
  sigma: "σ",
  tau: "τ",
  upsilon: "υ",
  phi: "φ",
  chi: "χ",
  psi: "ψ",
  omega: "ω",
  Gamma: "Γ",
  Delta: "Δ",
  Theta: "Θ",
  Lambda: "Λ",
  Xi: "Ξ",
  Pi: "Π",
  Sigma: "Σ",
  Phi: "Φ",
  Psi: "Ψ",
  Omega: "Ω",
};

/** `theta0` → θ₀, `train.X` → X_train, `w_max` → w_max, `weight` as it is. */
export function prettyName(name: string): MathSymbol {
  const dot = name.lastIndexOf(".");
  if (dot > 0) {
    const field = prettyName(name.slice(dot + 1));
    const table = name.slice(0, dot);
    return symbol(field.base, field.subscript === undefined ? table : `${field.subscript}, ${table}`);
  }
  const [, stem = name, digits] = /^(\p{L}+?)(\d+)$/u.exec(name) ?? [];
  if (digits !== undefined) return symbol(greek[stem] ?? stem, digits);
  const bar = name.indexOf("_");
  if (bar > 0 && bar < name.length - 1)
    return symbol(greek[name.slice(0, bar)] ?? name.slice(0, bar), name.slice(bar + 1));
  return symbol(greek[name] ?? name);
}

export interface Symbols {
  readonly of: (input: Input) => Formula;
  /** A letter for something new: the first candidate that nothing else uses; it is used from then on. */
  readonly fresh: (...candidates: readonly string[]) => string;
  /** Letters that an index must not take. */
  readonly taken: ReadonlySet<string>;
  /** The tables that subscripts name. */
  readonly tables: ReadonlySet<string>;
}

/** Values of a function by the function's name, `h.obs` → h_obs; weights with their map in the subscript, `h.W1` → W_h1. */
function inputName({ name, role }: Input): MathSymbol {
  const [owner, part] = name.split(".");
  if (part === undefined || role === "data") return prettyName(name);
  if (role === "value") return symbol(prettyName(owner as string).base, part);
  const { base, subscript = "" } = prettyName(part);
  return symbol(base, `${owner}${subscript}`);
}

/** What no program names. */
const invented: ReadonlySet<Input["role"]> = new Set(["adjoint", "tangent", "multiplier", "epigraph", "step"]);

/** What no program names goes by one letter a family, the first that is free; the pattern captures what tells members apart. */
const families: readonly { readonly pattern: RegExp; readonly letters: readonly string[] }[] = [
  { pattern: /^multiplier of (\S+) for /, letters: ["μ", "ν", "κ"] },
  { pattern: /^multiplier of the (?:simplex|ball) of (.*)$/, letters: ["τ", "κ", "ρ"] },
  { pattern: /^multiplier of upper constraint (\d+)$/, letters: ["μ", "ν", "κ"] },
  { pattern: /^multiplier of equality (\d+) of /, letters: ["ν", "κ", "ξ"] },
  { pattern: /^multiplier of inequality (\d+) of /, letters: ["μ", "ρ", "ζ"] },
  { pattern: /^(?:support|boundary) of (.*)$/, letters: ["m", "c", "e", "o"] },
  { pattern: /^active inequality (\d+) of /, letters: ["m", "c", "e", "o"] },
  { pattern: /^epigraph (\d+) of /, letters: ["t", "z", "b"] },
  { pattern: /^eigenvectors of (.*)$/, letters: ["q", "e", "o"] },
  { pattern: /^quotients of (.*)$/, letters: ["b", "d", "k"] },
  { pattern: /^lower bound of (.*)$/, letters: ["l", "b", "o"] },
  { pattern: /^upper bound of (.*)$/, letters: ["h", "u", "q"] },
  { pattern: /^kernel matrix ?(.*)$/, letters: ["k", "q", "w"] },
  { pattern: /^basis ?(.*)$/, letters: ["b", "e", "q"] },
  { pattern: /^adjoint function [^.]*\.(.*)$/, letters: ["a", "p", "u"] },
  { pattern: /^adjoint of (.*)$/, letters: ["v", "u", "p", "a"] },
  { pattern: /^direction in (.*)$/, letters: ["t", "s", "h", "e"] },
];

/** Two names that would look alike are shown as they are written. */
export function createSymbols(inputs: readonly Input[], sizes: ReadonlySet<string>): Symbols {
  const named = inputs.filter(({ role }) => !invented.has(role) && role !== "generated");
  const looks = new Map<string, number>();
  const look = (s: MathSymbol): string => `${s.base}_${s.subscript ?? ""}`;
  for (const input of named) looks.set(look(inputName(input)), (looks.get(look(inputName(input))) ?? 0) + 1);
  const table = new Map<Input, Formula>(
    named.map((input) => {
      const pretty = inputName(input);
      return [input, looks.get(look(pretty)) === 1 ? pretty : symbol(input.name)];
    }),
  );
  const taken = new Set<string>([
    ...sizes,
    ...named.filter((input) => tensorName(input) !== undefined && input.role !== "data").map(declaredName),
    ...[...table.values()].flatMap((s) => (s.kind === "symbol" ? [s.base] : [])),
  ]);
  const fresh = (...candidates: readonly string[]): string => {
    const free = candidates.find((candidate) => !taken.has(candidate)) ?? `${candidates[0]}′`;
    taken.add(free);
    return free;
  };
  nameFamilies(inputs, fresh, table);
  const tables = new Set(
    named.flatMap((input) => (input.name.includes(".") ? [input.name.slice(0, input.name.lastIndexOf("."))] : [])),
  );
  const generated = inputs.filter((input) => input.role === "generated");
  generated.forEach((input, k) => {
    const base = input.name.split("(")[0] as string;
    table.set(input, base === "eye" ? identity : symbol(base, generated.length === 1 ? undefined : String(k + 1)));
  });
  return { of: (input) => table.get(input) ?? symbol(input.name), fresh, taken, tables };
}

/** A capital where all members are matrices; a subscript where there are several. */
function nameFamilies(inputs: readonly Input[], fresh: Symbols["fresh"], table: Map<Input, Formula>): void {
  const byName = new Map(inputs.map((input) => [input.name, input]));
  /** `theta` → θ, and the letter of a multiplier for its name. */
  const subscriptFor = (name: string): string => {
    const input = byName.get(name);
    const known = input && table.get(input);
    const { base, subscript = "" } = known?.kind === "symbol" ? known : prettyName(name);
    return base + subscript;
  };
  const isInvented = inputs.filter(({ role }) => invented.has(role));
  for (const { pattern, letters } of families) {
    const members = isInvented.flatMap((input) => {
      const [, apart] = pattern.exec(input.name) ?? [];
      return apart === undefined ? [] : [{ input, subscript: subscriptFor(apart) }];
    });
    if (members.length === 0) continue;
    const matrices = members.every(({ input }) => input.shape.length > 1);
    const letter = fresh(...letters.map((candidate) => (matrices ? candidate.toUpperCase() : candidate)));
    const distinct = new Set(members.map(({ subscript }) => subscript)).size === members.length;
    members.forEach(({ input, subscript }, k) => {
      const apart = distinct ? subscript : String(k + 1);
      table.set(input, symbol(letter, members.length === 1 || apart === "" ? undefined : apart));
    });
  }
}

/** `n`, or what counts something in the data: `rows(train)`. */
function sizeName(atom: string): Formula {
  const [, count, of] = /^(\w+)\((.*)\)$/.exec(atom) ?? [];
  return count === undefined || of === undefined ? prettyName(atom) : call(count, symbol(of));
}

/** A polynomial over named sizes. */
export function sizeFormula(size: Size): Formula {
  const terms = size.terms.map(({ coefficient, atoms }): SignedTerm => {
    const names = [...new Set(atoms)].map((atom) => power(sizeName(atom), atoms.filter((own) => own === atom).length));
    const magnitude = Math.abs(coefficient);
    return {
      sign: coefficient < 0 ? -1 : 1,
      term: product(...(magnitude === 1 && names.length > 0 ? [] : [number(magnitude)]), ...names),
    };
  });
  return terms.length === 0 ? number(0) : sum(terms);
}

/** Rows are i, columns j, classes l, times t; all of these exist as Unicode subscripts. */
const preferred: Readonly<Record<string, string>> = {
  n: "i",
  m: "i",
  q: "i",
  N: "i",
  M: "i",
  s: "i",
  d: "j",
  p: "j",
  D: "j",
  P: "j",
  k: "l",
  K: "l",
  c: "l",
  C: "l",
  T: "t",
  r: "r",
};
const indexLetters = ["i", "j", "k", "l", "a", "e", "h", "o", "r", "s", "u", "x"];

/** A letter for an index over the size that none of `used` is. */
export function indexFor(size: Size, used: ReadonlySet<string>): MathSymbol {
  const candidates = [preferred[size.key], ...indexLetters].filter((letter) => letter !== undefined);
  const free = candidates.find((letter) => !used.has(letter));
  if (free !== undefined) return indexSymbol(free, size);
  let k = 1;
  while (used.has(`i${k}`)) k += 1;
  return indexSymbol(`i${k}`, size);
}

/** How late a node comes in a product: constants, data, upper unknowns, then lower unknowns, adjoints and directions last. */
const roleOrder: { readonly [R in Input["role"]]: number } = {
  param: 0,
  generated: 0,
  data: 0,
  step: 0,
  upper: 1,
  lower: 2,
  value: 2,
  multiplier: 3,
  epigraph: 2,
  adjoint: 3,
  tangent: 3,
};

export function lateness(nodes: readonly Node[]): number {
  return nodes.reduce((latest, node) => (node.kind === "input" ? Math.max(latest, roleOrder[node.role]) : latest), 0);
}
