/** Explanations as a LaTeX document that needs nothing but amsmath, and formulas as LaTeX for the other targets. */
import type { Explanation, Inline, Item } from "./explanation.ts";
import { binding, bindingOf, type Formula, type MathSymbol, type RelationSign } from "./math.ts";

const letters: Readonly<Record<string, string>> = {
  α: "\\alpha",
  β: "\\beta",
  γ: "\\gamma",
  δ: "\\delta",
  ε: "\\varepsilon",
  ζ: "\\zeta",
  η: "\\eta",
  θ: "\\theta",
  ι: "\\iota",
  κ: "\\kappa",
  λ: "\\lambda",
  μ: "\\mu",
  ν: "\\nu",
  ξ: "\\xi",
  π: "\\pi",
  ρ: "\\rho",
  σ: "\\sigma",
  τ: "\\tau",
  υ: "\\upsilon",
  φ: "\\varphi",
  χ: "\\chi",
  ψ: "\\psi",
  ω: "\\omega",
  Γ: "\\Gamma",
  Δ: "\\Delta",
  Θ: "\\Theta",
  Λ: "\\Lambda",
  Ξ: "\\Xi",
  Π: "\\Pi",
  Σ: "\\Sigma",
  Φ: "\\Phi",
  Ψ: "\\Psi",
  Ω: "\\Omega",
  "′": "'",
};

/** Functions with a sign of their own; all others are set upright. */
const functions: Readonly<Record<string, string>> = {
  sigmoid: "\\sigma",
  exp: "\\exp",
  log: "\\log",
  sin: "\\sin",
  cos: "\\cos",
  tan: "\\tan",
  acos: "\\arccos",
  tanh: "\\tanh",
  max: "\\max",
  min: "\\min",
  maximum: "\\max",
  minimum: "\\min",
  logdet: "\\log\\det",
};

const relations: { readonly [S in RelationSign]: string } = {
  "=": "=",
  "<": "<",
  "≤": "\\le",
  "∧": "\\land",
  "∨": "\\lor",
  "≠": "\\ne",
};

const special: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "{": "\\{",
  "}": "\\}",
  $: "\\$",
  "&": "\\&",
  "#": "\\#",
  _: "\\_",
  "%": "\\%",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "×": "$\\times$",
  "−": "$-$",
  "⊙": "$\\odot$",
  "∂": "$\\partial$",
};

/** Words outside of formulas. */
export function escapeLatex(text: string): string {
  return [...text].map((c) => special[c] ?? (letters[c] === undefined ? c : `$${letters[c]}$`)).join("");
}

function letterLatex(name: string, style: "mathit" | "mathrm"): string {
  const translated = letters[name];
  if (translated !== undefined) return translated;
  if ([...name].length === 1 || /^\d+$/.test(name)) return special[name] ?? name;
  return `\\${style}{${[...name].map((c) => letters[c] ?? special[c] ?? c).join("")}}`;
}

function symbolLatex({ base, subscript }: MathSymbol): string {
  return letterLatex(base, "mathit") + (subscript === undefined ? "" : `_{${letterLatex(subscript, "mathrm")}}`);
}

function numberLatex(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-3;
  const [mantissa = "", exponent] = (small ? value.toExponential() : String(value)).split("e");
  if (exponent === undefined) return mantissa.replace("Infinity", "\\infty");
  const power = `10^{${exponent.replace("+", "")}}`;
  return mantissa === "1" ? power : `${mantissa} \\cdot ${power}`;
}

/** Parentheses grow only around what is tall. */
const bracketed = (body: string): string =>
  /\\(frac|sum|left|begin|sqrt)/.test(body) ? `\\left(${body}\\right)` : `(${body})`;

/** A formula in math mode. */
export function latexOf(formula: Formula): string {
  const inner = (part: Formula, least: number): string =>
    bindingOf(part) < least ? bracketed(latexOf(part)) : latexOf(part);
  const list = (parts: readonly Formula[]): string => parts.map(latexOf).join(", ");
  switch (formula.kind) {
    case "symbol":
      return symbolLatex(formula);
    case "number":
      return numberLatex(formula.value);
    case "sum":
      return formula.terms
        .map(({ sign, term }, k) => `${sign < 0 ? "-" : k === 0 ? "" : "+"} ${inner(term, binding.hadamard)}`.trim())
        .join(" ");
    case "product":
      return formula.factors.map((factor) => inner(factor, binding.product)).join(" \\, ");
    case "hadamard":
      return formula.factors.map((factor) => inner(factor, binding.power)).join(" \\odot ");
    case "scaled":
      return `${inner(formula.factor, binding.product)} \\, ${inner(formula.body, binding.hadamard)}`;
    case "fraction":
      return `\\frac{${latexOf(formula.numerator)}}{${latexOf(formula.denominator)}}`;
    case "power":
      return `{${inner(formula.base, binding.atom)}}^{${latexOf(formula.exponent)}}`;
    case "transpose":
      return `{${inner(formula.operand, binding.atom)}}^{\\top}`;
    case "inverse":
      return `{${inner(formula.operand, binding.atom)}}^{-1}`;
    case "root":
      return `\\sqrt{${latexOf(formula.operand)}}`;
    case "norm":
      return `\\left\\lVert ${latexOf(formula.operand)} \\right\\rVert`;
    case "abs":
      return `\\left\\lvert ${latexOf(formula.operand)} \\right\\rvert`;
    case "inner":
      return `\\left\\langle ${latexOf(formula.left)}, ${latexOf(formula.right)} \\right\\rangle`;
    case "call": {
      const over = formula.over === undefined ? "" : `_{${latexOf(formula.over)}}`;
      return `${functions[formula.fn] ?? `\\operatorname{${formula.fn.replaceAll("_", "\\_")}}`}${over}${bracketed(list(formula.arguments))}`;
    }
    case "application":
      return `${inner(formula.map, binding.power)}${bracketed(list(formula.arguments))}`;
    case "identity":
      return "I";
    case "ones":
      return "\\mathbf{1}";
    case "indexSum":
      return `\\sum_{${list(formula.indices)}} ${inner(formula.body, binding.hadamard)}`;
    case "integral":
      return `\\int ${inner(formula.body, binding.hadamard)} \\, \\mathrm{d} ${latexOf(formula.by)}`;
    case "subscripted":
      return subscriptedLatex(formula.base, list(formula.indices));
    case "entries":
      return `\\left[${latexOf(formula.body)}\\right]_{${list(formula.indices)}}`;
    case "indicator":
      return `\\left[${latexOf(formula.condition)}\\right]`;
    case "relation":
      return `${inner(formula.left, binding.sum)} ${relations[formula.sign]} ${inner(formula.right, binding.sum)}`;
    case "derivative":
      return derivativeLatex(formula.of, formula.by, formula.total ? "\\mathrm{d}" : "\\partial");
    case "matrix":
      return `\\begin{pmatrix} ${formula.rows.map((row) => row.map(latexOf).join(" & ")).join(" \\\\ ")} \\end{pmatrix}`;
    default:
      return formula satisfies never;
  }
}

/** A name that has a subscript already is put in brackets: [X_train]_{ij}. */
function subscriptedLatex(base: Formula, indices: string): string {
  const bare = latexOf(base);
  if (base.kind === "symbol")
    return base.subscript === undefined ? `${bare}_{${indices}}` : `\\left[${bare}\\right]_{${indices}}`;
  return bindingOf(base) < binding.atom ? `${bracketed(bare)}_{${indices}}` : `{${bare}}_{${indices}}`;
}

function derivativeLatex(of: Formula, by: readonly Formula[], d: string): string {
  const names = by.map(latexOf);
  const order = by.length === 1 ? "" : `^{${by.length}}`;
  const same = by.length > 1 && names.every((name) => name === names[0]);
  const below = same ? `${d} {${names[0]}}${order}` : names.map((name) => `${d} ${name}`).join(" \\, ");
  return `\\frac{${d}${order} ${latexOf(of)}}{${below}}`;
}

// ------------------------------------------------------------------------------------------------------ documents

export const inlineLatex = (parts: readonly Inline[]): string =>
  parts.map((part) => (typeof part === "string" ? escapeLatex(part) : `$${latexOf(part)}$`)).join("");

/** The sides of an equation, aligned at their equality signs; a lone number stays on its line. */
export function equationLatex(sides: readonly Formula[]): string {
  const lines = sides.map((side, k) =>
    k === 0
      ? latexOf(side)
      : k > 1 && side.kind !== "number"
        ? `\\\\ &= ${latexOf(side)}`
        : `${k === 1 ? "&" : ""}= ${latexOf(side)}`,
  );
  return `\\begin{aligned} ${lines.join(" ")} \\end{aligned}`;
}

function itemLatex(item: Item): string {
  switch (item.kind) {
    case "sentence":
      return `${inlineLatex(item.parts)}\n\n`;
    case "equation":
      return `\\[\n${equationLatex(item.sides)}\n\\]\n`;
    case "where":
      return `where\n\\[\n${latexOf(item.name)} = ${latexOf(item.value)}\n\\]\n`;
    case "table": {
      const row = (cells: readonly Inline[]): string => `${cells.map((cell) => inlineLatex([cell])).join(" & ")} \\\\`;
      return `\\begin{tabular}{${"l".repeat(item.head.length)}}\n${[row(item.head), "\\hline", ...item.rows.map(row)].join("\n")}\n\\end{tabular}\n\n`;
    }
    default:
      return item satisfies never;
  }
}

/** A complete document. */
export function renderLatex(explanation: Explanation): string {
  const sections = explanation.sections.map(
    ({ title, items }) => `\\section*{${title}}\n${items.map(itemLatex).join("")}`,
  );
  return `\\documentclass{article}
\\usepackage{amsmath}
\\setlength{\\parindent}{0pt}
\\title{${escapeLatex(explanation.file)}}
\\date{}
\\begin{document}
\\maketitle
${sections.join("\n")}\\end{document}
`;
}
