/** What the names in shapes stand for: bound by what is read, each with where its value came from. */
import type { DimDeclaration } from "../../compiler/check/model.ts";
import { constantSize, evaluateSize, namesIn, type Size } from "../../compiler/ir/size.ts";
import type { Diagnostic, Note } from "../../grammar/diagnostics.ts";
import { sizeInvalid } from "./errors.ts";

/** `expected` is absent where no whole number makes the declared size what was read. */
export interface SizeConflict {
  readonly size: string;
  readonly expected?: number;
  readonly because?: Note;
}

export interface Sizes {
  readonly bound: Map<string, number>;
  /** The number, as far as what was read so far tells. */
  value(size: Size): number | undefined;
  /** Says that `size` was read as `actual`: binds the one open name in it, or compares. */
  agree(size: Size, actual: number, because: Note): "agreed" | "open" | SizeConflict;
}

/**
 * `given` are the `--set` values; `classesOf` is one more than the largest label of a column, once it is read;
 * `report` takes each dim that is no size, once.
 */
export function createSizes(
  dims: readonly DimDeclaration[],
  given: ReadonlyMap<string, number>,
  classesOf: (table: string, field: string) => number | undefined,
  report: (diagnostic: Diagnostic) => void,
): Sizes {
  const declared = new Map(dims.map((dim) => [dim.name, dim] as const));
  const bound = new Map<string, number>();
  const reasons = new Map<string, Note>();
  const failed = new Set<string>();

  function bind(name: string, value: number, because: Note): void {
    bound.set(name, value);
    reasons.set(name, because);
  }

  function isSize(dim: DimDeclaration, value: number): boolean {
    const why = !Number.isSafeInteger(value)
      ? "a size is a whole number"
      : value < 0
        ? "a size is not negative"
        : undefined;
    if (why === undefined) return true;
    failed.add(dim.name);
    report(sizeInvalid(dim.name, value, why, dim.span));
    return false;
  }

  for (const [name, value] of given) {
    const dim = declared.get(name);
    if (dim === undefined) continue;
    if (dim.kind === "defined" && constantSize(dim.value) === undefined) {
      failed.add(name);
      report(
        sizeInvalid(name, value, `it is ${dim.value.key} by its definition; set the names in it instead`, dim.span),
      );
    } else if (isSize(dim, value)) {
      bind(name, value, { message: `--set ${name}=${value}` });
    }
  }

  function resolve(name: string): void {
    const dim = declared.get(name);
    if (bound.has(name) || failed.has(name) || dim === undefined || dim.kind === "data") return;
    const value = dim.kind === "defined" ? evaluate(dim.value) : classesOf(dim.table, dim.field);
    if (value === undefined || !isSize(dim, value)) return;
    const definition = dim.kind === "defined" ? dim.value.key : `classes(${dim.table}.${dim.field})`;
    bind(name, value, { message: `dim ${name} = ${definition}`, span: dim.span });
  }

  function evaluate(size: Size): number | undefined {
    for (const name of namesIn(size)) resolve(name);
    return evaluateSize(size, bound);
  }

  function reasonOf(size: Size): Note | undefined {
    const notes = [...namesIn(size)].flatMap((name) => reasons.get(name) ?? []);
    const first = notes[0];
    return first && { ...first, message: [...new Set(notes.map((note) => note.message))].join(" and ") };
  }

  function agree(size: Size, actual: number, because: Note): "agreed" | "open" | SizeConflict {
    const expected = evaluate(size);
    if (expected !== undefined) {
      return expected === actual ? "agreed" : { size: size.key, expected, because: reasonOf(size) };
    }
    const open = [...namesIn(size)].filter((name) => !bound.has(name));
    const name = open[0];
    if (name === undefined || open.length > 1 || failed.has(name)) return "open";
    if (size.terms.some((term) => term.atoms.filter((atom) => atom === name).length > 1)) return "open";
    const atZero = evaluateSize(size, new Map(bound).set(name, 0)) ?? 0;
    const atOne = evaluateSize(size, new Map(bound).set(name, 1)) ?? 0;
    const solution = (actual - atZero) / (atOne - atZero);
    if (!Number.isSafeInteger(solution) || solution < 0) return { size: size.key };
    bind(name, solution, because);
    return "agreed";
  }

  return { bound, value: evaluate, agree };
}
