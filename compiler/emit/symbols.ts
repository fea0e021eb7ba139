/** Which letters stand for what: inputs by their names, sizes by theirs, indices by the size they run over. */
import type { Input, Node } from "../ir/node.ts";
import type { Size } from "../ir/size.ts";
import {
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

/** What no program names: these go by one letter a family. */
const invented: ReadonlySet<Input["role"]> = new Set(["adjoint", "tangent", "multiplier"]);

/** Two names that would look alike are shown as they are written. */
export function createSymbols(inputs: readonly Input[], sizes: ReadonlySet<string>): Symbols {
  const named = inputs.filter(({ role }) => !invented.has(role) && role !== "generated");
  const looks = new Map<string, number>();
  const look = (s: MathSymbol): string => `${s.base}_${s.subscript ?? ""}`;
  for (const input of named)
    looks.set(look(prettyName(input.name)), (looks.get(look(prettyName(input.name))) ?? 0) + 1);
  const table = new Map<Input, Formula>(
    named.map((input) => {
      const pretty = prettyName(input.name);
      return [input, looks.get(look(pretty)) === 1 ? pretty : symbol(input.name)];
    }),
  );
  const taken = new Set<string>([
    ...sizes,
    ...[...table.values()].flatMap((s) => (s.kind === "symbol" ? [s.base] : [])),
  ]);
  const fresh = (...candidates: readonly string[]): string => {
    const free = candidates.find((candidate) => !taken.has(candidate)) ?? `${candidates[0]}′`;
    taken.add(free);
    return free;
  };
  nameFamily(inputs, "adjoint", fresh, table, ["v", "u", "p", "a"]);
  nameFamily(inputs, "multiplier", fresh, table, ["μ", "ν", "κ"]);
  nameFamily(inputs, "tangent", fresh, table, ["t", "s", "h", "e"]);
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

/** One letter for all adjoints (or directions), a capital where they are matrices, with the unknown as subscript where there are several. */
function nameFamily(
  inputs: readonly Input[],
  role: "adjoint" | "tangent" | "multiplier",
  fresh: Symbols["fresh"],
  table: Map<Input, Formula>,
  candidates: readonly string[],
): void {
  const own = inputs.filter((input) => input.role === role);
  if (own.length === 0) return;
  const matrices = own.every((input) => input.shape.length > 1);
  const letter = fresh(...candidates.map((candidate) => (matrices ? candidate.toUpperCase() : candidate)));
  const subscripts = own.map((input) => subscriptFor(input.name));
  const distinct = new Set(subscripts).size === own.length;
  own.forEach((input, k) => {
    table.set(input, symbol(letter, own.length === 1 ? undefined : distinct ? subscripts[k] : String(k + 1)));
  });
}

/** `adjoint of theta` → θ, `multiplier of z for y` → z, `adjoint of multiplier of z for y` → μz. */
function subscriptFor(name: string): string {
  const [, of = name] = /^(?:adjoint of|direction in|multiplier of) (.*)$/.exec(name) ?? [];
  const [, answered] = /^multiplier of (\S+)/.exec(of) ?? [];
  if (answered !== undefined) return `μ${subscriptFor(answered)}`;
  const { base, subscript = "" } = prettyName(of.replace(/ for .*$/, ""));
  return base + subscript;
}

/** A polynomial over named sizes. */
export function sizeFormula(size: Size): Formula {
  const terms = size.terms.map(({ coefficient, atoms }): SignedTerm => {
    const names = [...new Set(atoms)].map((atom) =>
      power(prettyName(atom), atoms.filter((own) => own === atom).length),
    );
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
  multiplier: 3,
  adjoint: 3,
  tangent: 3,
};

export function lateness(nodes: readonly Node[]): number {
  return nodes.reduce((latest, node) => (node.kind === "input" ? Math.max(latest, roleOrder[node.role]) : latest), 0);
}
