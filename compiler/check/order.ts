/** In which order definitions are read: what a definition mentions comes before it, and no definition reaches itself. */
import type { Declaration, Expression } from "../../grammar/syntax.ts";

/** The fields of a declared table, so that `E[train](y)` is not taken to mention a global y. */
type FieldsOf = (table: string) => readonly string[];

/** The names an expression mentions that are not bound within it. */
export function mentioned(root: Expression, fieldsOf: FieldsOf): ReadonlySet<string> {
  const names = new Set<string>();
  const stack: { readonly e: Expression; readonly bound: ReadonlySet<string> }[] = [{ e: root, bound: new Set() }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { e, bound } = top;
    if (e.kind === "name" && !bound.has(e.name)) names.add(e.name);
    let inner = bound;
    if (e.kind === "reduce") {
      const bind = e.binders.flatMap(({ name, range }) =>
        name !== undefined ? [name.text] : range.kind === "name" ? fieldsOf(range.name) : [],
      );
      inner = new Set([...bound, ...bind]);
      for (const { range } of e.binders) stack.push({ e: range, bound });
    }
    for (const part of partsOf(e)) stack.push({ e: part, bound: inner });
  }
  return names;
}

/** What an expression is made of; of a reduction, its body. */
export function partsOf(e: Expression): readonly Expression[] {
  switch (e.kind) {
    case "number":
    case "string":
    case "boolean":
    case "name":
      return [];
    case "list":
      return e.items;
    case "unary":
    case "transpose":
      return [e.operand];
    case "binary":
      return [e.left, e.right];
    case "field":
      return [e.object];
    case "index":
      return [
        e.object,
        ...e.items.flatMap((item) =>
          item.kind === "at" ? [item.value] : [item.from, item.to].filter((end) => end !== undefined),
        ),
      ];
    case "call":
      return [
        e.callee,
        ...e.arguments.positional,
        ...e.arguments.named.map((n) => n.value),
        ...(e.weights === undefined ? [] : [e.weights]),
      ];
    case "reduce":
      return [e.body];
    default:
      return e satisfies never;
  }
}

/** What must be known before a definition is read. Sizes named in a data type are names alone, and impose no order. */
function dependencies(declaration: Declaration, fieldsOf: FieldsOf): ReadonlySet<string> {
  switch (declaration.kind) {
    case "dim":
      return mentioned(declaration.value, fieldsOf);
    case "let": {
      const names = new Set(mentioned(declaration.value, fieldsOf));
      for (const parameter of declaration.parameters ?? []) names.delete(parameter.text);
      return names;
    }
    case "data": {
      const fields = declaration.type?.kind === "table" ? declaration.type.fields : [];
      const sizes = fields.flatMap(({ type }) => (type.kind === "array" ? type.sizes : []));
      const computed = sizes.flatMap((size) =>
        size.kind === "expression" && size.value.kind !== "name" ? [size.value] : [],
      );
      return new Set([declaration.source, ...computed].flatMap((e) => [...mentioned(e, fieldsOf)]));
    }
    default:
      return new Set();
  }
}

/** Declarations in an order in which dependencies come first, and the cycles that prevent one. No recursion: chains are long. */
export function inOrder<D extends Declaration>(
  declarations: readonly D[],
  namesOf: (declaration: D) => readonly string[],
  fieldsOf: FieldsOf = () => [],
): { readonly sorted: readonly D[]; readonly cycles: readonly (readonly D[])[] } {
  const owner = new Map(declarations.flatMap((d) => namesOf(d).map((name) => [name, d] as const)));
  const state = new Map<D, "open" | "done">();
  const sorted: D[] = [];
  const cycles: D[][] = [];
  const needs = (d: D): D[] => [...dependencies(d, fieldsOf)].flatMap((name) => owner.get(name) ?? []);
  for (const root of declarations) {
    if (state.has(root)) continue;
    const path = [{ declaration: root, rest: needs(root) }];
    state.set(root, "open");
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.rest.pop();
      if (next === undefined) {
        state.set(top.declaration, "done");
        sorted.push(top.declaration);
        path.pop();
      } else if (state.get(next) === "open") {
        cycles.push(path.slice(path.findIndex((p) => p.declaration === next)).map((p) => p.declaration));
      } else if (!state.has(next)) {
        state.set(next, "open");
        path.push({ declaration: next, rest: needs(next) });
      }
    }
  }
  return { sorted, cycles };
}
