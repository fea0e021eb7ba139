/** Declared shapes against what was read: each axis is a claim about a size. */
import { showType, type TableType } from "../../compiler/check/types.ts";
import type { Size } from "../../compiler/ir/size.ts";
import type { Diagnostic, Span } from "../../grammar/diagnostics.ts";
import { sizeMismatch } from "./errors.ts";
import type { Sizes } from "./sizes.ts";
import { isColumn, type Table } from "./table.ts";

/** That an axis declared `size` turned out to be `actual`. */
export interface ShapeClaim {
  readonly what: string;
  readonly declared: string;
  readonly size: Size;
  readonly actual: number;
  /** `train.csv gives real[442, 10]`. */
  readonly read: string;
  readonly because: string;
  readonly file?: string;
  readonly span: Span;
}

/** Folds of unequal rows leave the name of their rows open: it stands for another number in each. */
export function* shapeClaims(
  name: string,
  type: TableType,
  table: Table,
  from: string,
  span: Span,
  claimRows = true,
): Generator<ShapeClaim> {
  for (const [field, fieldType] of type.fields) {
    const value = table.fields.get(field);
    if (value === undefined) continue;
    if (isColumn(value)) {
      if (fieldType.kind === "table") continue;
      const what = `${name}.${field}`;
      const read = `${from} gives ${fieldType.element}[${value.shape.join(", ")}]`;
      const claim = {
        what,
        declared: showType(fieldType),
        read,
        because: `${what} (${from})`,
        file: table.origin?.file,
        span,
      };
      for (const [axis, size] of fieldType.shape.entries()) {
        if (axis > 0 || claimRows) yield { ...claim, size, actual: value.shape[axis] ?? 0 };
      }
    } else if (fieldType.kind === "table") {
      const equal = value.every((inner) => inner.rows === value[0]?.rows);
      for (const inner of value) yield* shapeClaims(`${name}.${field}`, fieldType.table, inner, from, span, equal);
    }
  }
}

/** Drops the claims that agree or are reported; open ones stay for when more is known. One report a field. */
export function settleShapes(claims: ShapeClaim[], sizes: Sizes, problems: Diagnostic[]): void {
  const reported = new Set<string>();
  for (let before = Infinity; claims.length < before; ) {
    before = claims.length;
    const open = claims.filter((claim) => {
      const outcome = sizes.agree(claim.size, claim.actual, { message: claim.because, span: claim.span });
      if (outcome === "open" || outcome === "agreed") return outcome === "open";
      if (!reported.has(claim.what)) {
        reported.add(claim.what);
        const place = claim.file === undefined ? undefined : { file: claim.file };
        problems.push(sizeMismatch({ ...claim, place }, outcome));
      }
      return false;
    });
    claims.splice(0, claims.length, ...open);
  }
}
