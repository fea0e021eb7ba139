/** Losses: per row, unreduced, with no hidden factor. Each is expanded into primitives here, and its formula is its doc. */
import { sizeOf } from "../ir/size.ts";
import { number, pair } from "./arguments.ts";
import type { Call, Signature } from "./calls.ts";
import { fail, written } from "./context.ts";
import { badLabels, shapeMismatch, typeMismatch } from "./errors.ts";
import { binaryEncoding, demandLabels } from "./labels.ts";
import type { Term } from "./model.ts";
import { array, broadcastShapes, disagreement, numeric } from "./operators.ts";
import { broadcastsTo } from "./shapes.ts";
import { agreeing } from "./sizes.ts";
import { type ArrayTerm, buildAt, shapeOf } from "./terms.ts";
import { showType } from "./types.ts";

/** A score and its two-class label, of one shape. */
function scored(call: Call, score: string, label: string): { s: Term; y: Term; encoding: "binary" | "signed" } {
  const s = array(call.scope, number(call, score), call.expression(score), call.name);
  const y = call.value(label);
  const encoding = binaryEncoding(call.scope, y, call.expression(label), sizeOf(2));
  broadcastShapes(call.scope, s, y, call.expression(score), call.expression(label), call.whole);
  return { s, y, encoding };
}

/** Logits with the classes along the last axis, and one label for each vector of logits. */
function classified(call: Call, logits: string, label: string): { z: ArrayTerm; y: Term } {
  const z = array(call.scope, number(call, logits), call.expression(logits), call.name);
  const y = call.value(label);
  const classes = z.type.shape.at(-1);
  if (classes === undefined) {
    return fail(
      call.scope,
      shapeMismatch(
        call.expression(logits).span,
        `${call.name} takes one score per class, and ${written(call.expression(logits))} is a scalar`,
        [],
        `for two classes use logistic_loss(score, label)`,
      ),
    );
  }
  if (y.type.kind !== "array" || (y.type.element !== "class" && y.type.element !== "int")) {
    return fail(
      call.scope,
      badLabels(
        call.expression(label).span,
        `${call.name} takes labels 0..k-1, and ${written(call.expression(label))} is ${showType(y.type)}`,
        "declare the field as class[...]",
      ),
    );
  }
  const because = `${call.name} takes one label per vector of scores`;
  if (
    !broadcastsTo(
      y.type.shape,
      z.type.shape.slice(0, -1),
      agreeing(call.scope, call.span, () => because),
    )
  ) {
    const { message, notes } = disagreement(call.scope, z, y, call.expression(logits), call.expression(label));
    fail(
      call.scope,
      shapeMismatch(
        call.span,
        `${because}: ${message}`,
        notes,
        z.type.shape.length === 2
          ? `scores have the classes along the last axis; is ${written(call.expression(logits))} transposed?`
          : undefined,
      ),
    );
  }
  demandLabels(call.scope, y, classes, call.expression(label).span);
  return { z, y };
}

/** A scalar argument with a default. */
function parameter(call: Call, name: string, fallback: number): Term {
  if (!call.has(name)) return buildAt(call.span).number(fallback);
  const term = numeric(call.scope, call.value(name), call.expression(name));
  if (shapeOf(term).length > 0)
    fail(
      call.scope,
      typeMismatch(
        call.expression(name).span,
        `${name} of ${call.name} is one number, and this is ${showType(term.type)}`,
      ),
    );
  return term;
}

export const lossSignatures: Readonly<Record<string, Signature>> = {
  squared_loss: {
    text: "squared_loss(a, b)",
    doc: "(a - b)²",
    build: (call) => {
      const { square, subtract } = buildAt(call.span);
      return square(subtract(...pair(call, "a", "b")));
    },
  },
  absolute_loss: {
    text: "absolute_loss(a, b)",
    doc: "|a - b|",
    build: (call) => {
      const { unary, subtract } = buildAt(call.span);
      return unary("abs", subtract(...pair(call, "a", "b")));
    },
  },
  pinball: {
    text: "pinball(a, b, tau: 0.5)",
    doc: "max(tau u, (tau - 1) u) with u = b - a: its mean is smallest where a is the tau-quantile of b",
    build: (call) => {
      const { subtract, multiply, maximum, number: constant } = buildAt(call.span);
      const [a, b] = pair(call, "a", "b");
      const tau = parameter(call, "tau", 0.5);
      const u = subtract(b, a);
      return maximum(multiply(tau, u), multiply(subtract(tau, constant(1)), u));
    },
  },
  huber: {
    text: "huber(x, delta: 1)",
    doc: "x²/2 where |x| <= delta, else delta (|x| - delta/2)",
    build: (call) => {
      const { binary, multiply, square, unary } = buildAt(call.span);
      const x = number(call, "x");
      const delta = parameter(call, "delta", 1);
      return multiply(square(delta), unary("huber", binary("divide", x, delta)));
    },
  },
  logistic_loss: {
    text: "logistic_loss(score, label)",
    doc: "log(1 + e^(-y s)) for a label y of -1 or +1; log(1 + e^s) - y s for a label of 0 or 1 (class or bool)",
    build: (call) => {
      const { multiply, negate, subtract, unary } = buildAt(call.span);
      const { s, y, encoding } = scored(call, "score", "label");
      if (encoding === "signed") return unary("softplus", negate(multiply(y, s)));
      return subtract(unary("softplus", s), multiply(y, s));
    },
  },
  hinge_loss: {
    text: "hinge_loss(score, label)",
    doc: "max(0, 1 - y s) for a label y of -1 or +1; a label of 0 or 1 (class or bool) counts as 2 y - 1",
    build: (call) => {
      const { maximum, multiply, number: constant, subtract } = buildAt(call.span);
      const { s, y, encoding } = scored(call, "score", "label");
      const sign = encoding === "signed" ? y : subtract(multiply(constant(2), y), constant(1));
      return maximum(constant(0), subtract(constant(1), multiply(sign, s)));
    },
  },
  cross_entropy: {
    text: "cross_entropy(logits, label)",
    doc: "logsumexp(z) - z[y], the classes along the last axis of the logits",
    build: (call) => {
      const { multiply, oneHot, reduction, subtract } = buildAt(call.span);
      const { z, y } = classified(call, "logits", "label");
      const last = z.type.shape.length - 1;
      const classes = z.type.shape[last] ?? sizeOf(1);
      return subtract(reduction("logsumexp", z, last), reduction("sum", multiply(oneHot(y, classes), z), last));
    },
  },
  accuracy: {
    text: "accuracy(scores, labels)",
    doc: "the fraction of rows whose largest score is at the label; for one score a row, whose sign agrees with it",
    build: (call) => {
      const { binary, multiply, number: constant, reduction } = buildAt(call.span);
      if (shapeOf(call.value("scores")).length <= shapeOf(call.value("labels")).length) {
        const { s, y, encoding } = scored(call, "scores", "labels");
        if (encoding === "signed") return reduction("mean", binary("greater", multiply(s, y), constant(0)));
        return reduction("mean", binary("equal", binary("greater", s, constant(0)), y));
      }
      const { z, y } = classified(call, "scores", "labels");
      return reduction("mean", binary("equal", reduction("argmax", z, z.type.shape.length - 1), y));
    },
  },
};
