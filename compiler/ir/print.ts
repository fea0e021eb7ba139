/** Nodes as index notation, for people and for tests: `Σ_j X[i,j] w[j]`. Matrix notation is made elsewhere. */
import type { Einsum, MapFunction, MapNode, Node } from "./node.ts";

/** How tightly the outermost operation binds: sums, products, then what needs no parentheses. */
const SUM = 0;
const PRODUCT = 1;
const ATOM = 2;

interface Text {
  readonly text: string;
  readonly binding: number;
}

const names = "ijklmnpqrstuvabcdefgh";
const indexName = (k: number): string =>
  (names[k % names.length] as string) + (k < names.length ? "" : String(Math.floor(k / names.length)));

const indexed = (name: string, indices: readonly string[]): string =>
  indices.length === 0 ? name : `${name}[${indices.join(",")}]`;

const infix: Partial<Record<MapFunction, string>> = { equal: "=", less: "<", less_equal: "≤", and: "∧", or: "∨" };

/** The node's entry at its own axes, named i, j, k, … in order. */
export function print(node: Node): string {
  return entry(
    node,
    node.shape.map((_, axis) => indexName(axis)),
    node.shape.length,
  ).text;
}

const atom = (text: string): Text => ({ text, binding: ATOM });
const wrapped = (text: Text, binding: number): string => (text.binding < binding ? `(${text.text})` : text.text);

/** The entry at given indices; index names from `used` on are free for summation. */
function entry(node: Node, at: readonly string[], used: number): Text {
  const own = (operand: Node): Text => entry(operand, at, used);
  switch (node.kind) {
    case "input":
      return atom(indexed(node.name, at));
    case "constant":
      return { text: showNumber(node.value), binding: node.value < 0 ? SUM : ATOM };
    case "literal":
      return atom(indexed(`{${[...node.values].map(showNumber).join(" ")}}`, at));
    case "size":
      return { text: node.size.key, binding: /^\w+$/.test(node.size.key) ? ATOM : SUM };
    case "iota":
      return atom(at[0] as string);
    case "delta":
      return atom(indexed("δ", at));
    case "einsum":
      return product(node, at, used);
    case "add": {
      // What is added first, what is subtracted after it.
      const order = [...node.operands.keys()].sort(
        (a, b) => Number((node.coefficients[a] as number) < 0) - Number((node.coefficients[b] as number) < 0),
      );
      const terms = order.map((own, k) => {
        const [operand, coefficient] = [node.operands[own] as Node, node.coefficients[own] as number];
        const sign = coefficient < 0 ? (k === 0 ? "−" : " − ") : k === 0 ? "" : " + ";
        const size = Math.abs(coefficient);
        const text = wrapped(entry(operand, at, used), PRODUCT);
        if (operand.kind === "constant" && operand.value === 1) return sign + showNumber(size);
        return size === 1 ? sign + text : `${sign}${showNumber(size)} ${text}`;
      });
      const lone = node.operands.length === 1 && (node.coefficients[0] as number) > 0;
      return { text: terms.join(""), binding: lone ? PRODUCT : SUM };
    }
    case "map":
      return elementwise(node, own);
    case "reduce": {
      const name = indexName(used);
      const inner = entry(node.operand, at.toSpliced(node.axis, 0, name), used + 1);
      return { text: `${node.fn}_${name} ${wrapped(inner, ATOM)}`, binding: PRODUCT };
    }
    case "gather":
      return entry(node.operand, at.with(node.axis, entry(node.index, [at[node.axis] as string], used).text), used);
    case "scatter": {
      const name = indexName(used);
      const position = entry(node.index, [name], used + 1).text;
      const inner = entry(node.operand, at.with(node.axis, name), used + 1);
      return { text: `Σ_${name} [${position} = ${at[node.axis]}] ${wrapped(inner, PRODUCT)}`, binding: PRODUCT };
    }
    case "reshape":
      return atom(indexed(`reshape(${whole(node.operand)})`, at));
    case "solve":
      return atom(indexed(`solve(${whole(node.matrix)}, ${whole(node.rhs)})`, at));
    case "logdet":
      return atom(indexed(`logdet(${whole(node.matrix)})`, at));
    case "cholesky":
      return atom(indexed(`cholesky(${whole(node.matrix)})`, at));
    default:
      return node satisfies never;
  }
}

function product(node: Einsum, at: readonly string[], used: number): Text {
  const label = new Map(node.output.map((own, axis) => [own, at[axis] as string]));
  const summed: string[] = [];
  for (const own of node.labels.flat()) {
    if (label.has(own)) continue;
    const name = indexName(used + summed.length);
    label.set(own, name);
    summed.push(name);
  }
  const inner = used + summed.length;
  const factors = node.operands.map((operand, k) => {
    const text = entry(
      operand,
      (node.labels[k] ?? []).map((own) => label.get(own) as string),
      inner,
    );
    const inProduct = node.operands.length > 1 && (operand.kind === "einsum" || operand.kind === "reduce");
    return wrapped(text, inProduct ? ATOM : PRODUCT);
  });
  const sum = summed.length === 0 ? "" : `Σ_${summed.join("")} `;
  return {
    text: sum + factors.join(" "),
    binding: node.operands.length === 1 && sum === "" ? bindingOfView(node) : PRODUCT,
  };
}

/** A product of one factor without a sum reads as that factor; products and sums were already put in parentheses. */
function bindingOfView(node: Einsum): number {
  const kind = (node.operands[0] as Node).kind;
  return kind === "input" || kind === "delta" || kind === "literal" || kind === "map" ? ATOM : PRODUCT;
}

function elementwise(node: MapNode, own: (operand: Node) => Text): Text {
  const operands = node.operands.map(own);
  const sign = infix[node.fn];
  if (sign !== undefined) return atom(`[${operands.map((text) => text.text).join(` ${sign} `)}]`);
  if (node.fn === "power") {
    const [base, exponent] = operands as [Text, Text];
    return atom(
      `${wrapped(base, ATOM)}^${node.operands[1]?.kind === "constant" ? exponent.text : wrapped(exponent, ATOM)}`,
    );
  }
  return atom(`${node.fn}(${operands.map((text) => text.text).join(", ")})`);
}

/** A whole tensor within an operator: its name, or its entries as a function of their indices. */
function whole(node: Node): string {
  return node.kind === "input"
    ? node.name
    : node.kind === "delta"
      ? "δ"
      : `${node.shape.map((_, axis) => indexName(axis)).join(",")} ↦ ${print(node)}`;
}

const showNumber = (value: number): string => String(value).replace("-", "−");
