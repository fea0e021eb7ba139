/** Did-you-mean for names: the grammar's nearest word, with Greek letters and their spelled names taken for one another. */
import { closest } from "../../grammar/closest.ts";

const greek: Readonly<Record<string, string>> = {
  α: "alpha",
  β: "beta",
  γ: "gamma",
  δ: "delta",
  ε: "epsilon",
  ζ: "zeta",
  η: "eta",
  θ: "theta",
  ι: "iota",
  κ: "kappa",
  λ: "lambda",
  μ: "mu",
  ν: "nu",
  ξ: "xi",
  π: "pi",
  ρ: "rho",
  σ: "sigma",
  τ: "tau",
  υ: "upsilon",
  φ: "phi",
  χ: "chi",
  ψ: "psi",
  ω: "omega",
};

/** One spelling for names that differ in case, in underscores, or in Greek against spelled-out letters. */
function folded(name: string): string {
  return [...name.toLowerCase()].map((c) => greek[c] ?? (c === "_" ? "" : c)).join("");
}

/** Of a program with more names than anyone writes, the others are not compared. */
const mostCandidates = 1000;

/** The candidate that `name` most likely stands for. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const spelled = new Map<string, string>();
  for (const candidate of candidates) {
    const key = folded(candidate);
    if (!spelled.has(key)) spelled.set(key, candidate);
    if (spelled.size === mostCandidates) break;
  }
  const wanted = folded(name);
  const found = spelled.has(wanted) ? wanted : closest(wanted, spelled.keys());
  return found === undefined ? undefined : spelled.get(found);
}
