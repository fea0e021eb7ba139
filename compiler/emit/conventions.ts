/** How arrays and derivatives are laid out, and what the signs that an explanation uses mean. */
import type { Item, Section } from "./explanation.ts";
import { call, type Formula, number, ones, partsOf, power, relation, sum, symbol } from "./math.ts";
import type { Inline } from "./story.ts";

/** Every formula that the item shows. */
export function formulasOf(item: Item): readonly Formula[] {
  switch (item.kind) {
    case "sentence":
      return item.parts.filter((part) => typeof part !== "string");
    case "equation":
      return item.sides;
    case "where":
      return [item.value];
    case "table":
      return item.rows.flat().filter((cell) => typeof cell !== "string");
    default:
      return item satisfies never;
  }
}

const squaredNorm: Formula = power({ kind: "norm", operand: symbol("x") }, 2);
const size: Formula = { kind: "abs", operand: symbol("x") };
const [half, squared] = [number(1), power(symbol("x"), 2)].map(
  (numerator): Formula => ({ kind: "fraction", numerator, denominator: number(2) }),
) as [Formula, Formula];
const huber: readonly Inline[] = [
  call("huber", symbol("x")),
  " is ",
  squared,
  " where ",
  relation(size, "≤", number(1)),
  ", and ",
  sum([
    { sign: 1, term: size },
    { sign: -1, term: half },
  ]),
  " elsewhere.",
];
const condition: Formula = { kind: "indicator", condition: relation(symbol("a"), "=", symbol("b")) };

/** Sentences for what occurs in the sections. */
export function conventions(sections: readonly Section[]): readonly Item[] {
  const kinds = new Set<string>();
  const visit = (formula: Formula): void => {
    kinds.add(formula.kind === "call" ? formula.fn : formula.kind);
    partsOf(formula).forEach(visit);
  };
  for (const section of sections) section.items.flatMap(formulasOf).forEach(visit);
  const uses = (...wanted: readonly string[]): boolean => wanted.some((kind) => kinds.has(kind));
  const lines: readonly (readonly Inline[])[] = [
    [
      "Vectors are columns; a gradient has the shape of its variable; ⊙, powers and functions of arrays are entry by entry, and a number is added to every entry.",
    ],
    ["A curvature has a row for each entry of the condition and a column for each entry of the unknown."],
    ...(uses("ones") ? [[ones, " is the vector of ones."]] : []),
    ...(uses("norm") ? [[squaredNorm, " is the sum of the squares of all entries."]] : []),
    ...(uses("softmax", "logsumexp") ? [["softmax and logsumexp of a matrix are taken along each row."]] : []),
    ...(uses("huber") ? [huber] : []),
    ...(uses("onehot") ? [["onehot(y) has a row for each label, 1 at its class and 0 elsewhere."]] : []),
    ...(uses("indicator") ? [[condition, " is 1 where the condition holds, else 0."]] : []),
    ...(uses("vec", "reshape") ? [["vec and reshape keep the row-major order of the entries."]] : []),
  ];
  return lines.map((parts) => ({ kind: "sentence", parts }));
}
