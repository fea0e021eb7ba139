/** Networks and functions at a point: `h(x)`, `f(x; w)`, `h[task](x)`, also over extra leading axes. */
import type { Expression } from "../../grammar/syntax.ts";
import { fail, type MapDenotation, type Scope, written } from "./context.ts";
import { notAValue, shapeMismatch, typeMismatch, wrongArguments } from "./errors.ts";
import type { Term } from "./model.ts";
import { array, numeric, origin } from "./operators.ts";
import { broadcast, type Shape, sameShape } from "./shapes.ts";
import { agreeing } from "./sizes.ts";
import { arrayType, showType } from "./types.ts";

type CallExpression = Extract<Expression, { kind: "call" }>;

export function applyMap(
  scope: Scope,
  map: MapDenotation,
  points: readonly Term[],
  weights: Term | undefined,
  e: CallExpression,
): Term {
  const { name, type } = map;
  if (map.range !== undefined && map.index === undefined) {
    return fail(scope, notAValue(e.callee.span, `${name} is one function per index`, `index it: ${name}[i](...)`));
  }
  if (points.length !== type.from.length) {
    const takes = type.from.map(showType).join(", ");
    fail(
      scope,
      wrongArguments(
        e.span,
        `${name} takes ${type.from.length === 1 ? "one argument" : `${type.from.length} arguments`} (${takes}), and is given ${points.length}`,
      ),
    );
  }
  const leading = leadingAxes(scope, map, points, e);
  if (weights !== undefined) checkWeights(scope, map, weights, e.weights as Expression);
  return {
    kind: "apply",
    map: name,
    arguments: points,
    frozen: map.frozen,
    leading: leading.length,
    type: arrayType("real", [...leading, ...type.to.shape]),
    span: e.span,
    ...(map.index !== undefined && { index: map.index }),
    ...(weights !== undefined && { weights }),
  };
}

/** The axes in front of the declared argument shapes; the arguments' are broadcast together. */
function leadingAxes(scope: Scope, map: MapDenotation, points: readonly Term[], e: CallExpression): Shape {
  const agree = agreeing(scope, e.span, () => `${written(e)} takes ${map.type.from.map(showType).join(", ")}`);
  let leading: Shape = [];
  points.forEach((point, i) => {
    const expression = e.arguments.positional[i] as Expression;
    const declared = map.type.from[i] ?? map.type.to;
    const { shape } = array(scope, numeric(scope, point, expression), expression, map.name).type;
    const extra = shape.length - declared.shape.length;
    const text = written(expression);
    if (extra < 0 || !sameShape(shape.slice(extra), declared.shape, agree)) {
      const listed =
        extra === -1 && declared.shape.length === 1 && declared.shape[0]?.key === "1"
          ? `write ${map.name}([${text}])`
          : undefined;
      const span = scope.context.symbols.get(map.name)?.span;
      const note = span === undefined ? [] : [{ message: `${map.name} is declared here`, span }];
      fail(
        scope,
        shapeMismatch(
          expression.span,
          `${map.name} takes ${showType(declared)}, and ${text} is ${showType(point.type)}`,
          [...note, ...origin(scope.context, point)],
          listed,
        ),
      );
    }
    const together = broadcast(leading, shape.slice(0, extra), agree);
    if (together === undefined)
      fail(
        scope,
        shapeMismatch(e.span, `the arguments of ${map.name} have different leading axes`, origin(scope.context, point)),
      );
    leading = together;
  });
  return leading;
}

function checkWeights(scope: Scope, map: MapDenotation, weights: Term, e: Expression): void {
  if (map.sort === "RKHS") fail(scope, notAValue(e.span, `${map.name} lives in an RKHS and has no weights`));
  if (weights.type.kind === "weights" && weights.type.map === map.name) return;
  fail(
    scope,
    typeMismatch(
      e.span,
      `${written(e)} is ${showType(weights.type)}, and ${map.name} is evaluated at weights(${map.name})`,
      `declare it as: var w: weights(${map.name})`,
    ),
  );
}
