import { describe, expect, it } from "vitest";
import { checked, messages } from "./helpers.ts";

/** Two tables, an upper unknown and a lower one. */
const data = `data train: { X: real[n, d], y: real[n], label: class[n] } = csv("train.csv", y: "y", label: "label")
data valid: { X: real[m, d], y: real[m], label: class[m] } = csv("valid.csv", y: "y", label: "label")
var lambda: real
var theta: real[d]
`;

/** A term of the objective, and everything that is said of it: `line:column code: message / suggestion`. */
const terms: readonly (readonly [term: string, says: string])[] = [
  [`exp(lamda)`, "5:14 unknown-name: lamda is not declared / did you mean lambda?"],
  [`sum(θ)`, "5:14 unknown-name: θ is not declared / did you mean theta?"],
  [`logg(lambda)`, "5:10 unknown-name: logg is not declared / did you mean log?"],
  [
    `sum(X @ theta)`,
    "5:14 unknown-name: X is not declared / it is a field of train: write train.X, or use it inside E[train](...)",
  ],
  [`mean(train.Y)`, "5:21 unknown-field: train has no field Y / did you mean y?"],
  [`squared_los(lambda, 1)`, "5:10 unknown-name: squared_los is not declared / did you mean squared_loss?"],
  [`f(lambda)`, "5:10 unknown-name: f is not declared"],
  [
    `theta(2)`,
    "5:10 not-a-value: theta cannot be called / write * to multiply; only functions, networks and definitions with arguments are called",
  ],
  [`lambda.x`, "5:10 not-a-value: lambda has no fields / only tables and their rows have fields"],
  [
    `sum(train)`,
    "5:14 not-a-value: train is a table / name a field, such as train.X, or average over its rows: E[train](...)",
  ],
  [
    `train`,
    "5:10 not-a-value: train is a table / name a field, such as train.X, or average over its rows: E[train](...)",
  ],
  [`train.X.y`, "5:10 not-a-value: train.X has no fields / only tables and their rows have fields"],
  [
    `sum(train.X @ train.y)`,
    "5:14 shape-mismatch: train.X @ train.y: the inner sizes disagree, train.X is real[n, d] and train.y is real[n] / did you mean train.X' @ train.y?",
  ],
  [
    `sum(train.y - valid.y)`,
    "5:14 shape-mismatch: train.y - valid.y: the shapes disagree, train.y is real[n] and valid.y is real[m]",
  ],
  [
    `sum(train.X * train.y)`,
    "5:14 shape-mismatch: train.X * train.y: the shapes disagree, train.X is real[n, d] and train.y is real[n] / they agree with train.X transposed; shapes are aligned at their last axes",
  ],
  [
    `sum([1, 2] + [1, 2, 3])`,
    "5:14 shape-mismatch: [1, 2] + [1, 2, 3]: the shapes disagree, [1, 2] is int[2] and [1, 2, 3] is int[3]",
  ],
  [`sum([[1, 2], [3]])`, "5:23 shape-mismatch: the items of a list have one shape, and this is int[1] after int[2]"],
  [
    `lambda @ theta`,
    "5:10 shape-mismatch: lambda @ theta: @ is the product of vectors and matrices, lambda is real and theta is real[d] / did you mean lambda * theta?",
  ],
  [
    `sum(theta')`,
    "5:14 vector-transpose: theta' swaps the last two axes, and theta is real[d] / use outer(a, b) for a matrix of products, or a @ b for the dot product",
  ],
  [
    `train.y`,
    "5:10 objective-not-scalar: the objective train.y + lambda^2 + sumsq(theta) is real[n], and must be one real number / reduce it: mean(...), sum(...), or E[D](...) over the rows of a table",
  ],
  [
    `sum(train.X @ theta @ theta)`,
    "5:14 shape-mismatch: train.X @ theta @ theta: the inner sizes disagree, train.X @ theta is real[n] and theta is real[d]",
  ],
  [
    `sum(2 * theta * train.X @ theta)`,
    "5:14 ambiguous-product: 2 * theta * train.X @ theta multiplies by 2 * theta last, and 2 * theta is real[d], not a scalar / write 2 * theta * (train.X @ theta) or (2 * theta * train.X) @ theta",
  ],
  [
    `sum(theta * train.X' @ train.y)`,
    "5:14 ambiguous-product: theta * train.X' @ train.y multiplies by theta last, and theta is real[d], not a scalar / write theta * (train.X' @ train.y) or (theta * train.X') @ train.y",
  ],
  [`trace(train.X)`, "5:16 shape-mismatch: trace takes a square matrix, and train.X is real[n, d]"],
  [`sum(concat(train.X, valid.y))`, "5:14 shape-mismatch: concat: the shapes disagree, real[n, d] and real[m]"],
  [`sum(stack(theta, train.y))`, "5:14 shape-mismatch: stack: the shapes disagree, real[d] and real[n]"],
  [
    `sum(reshape([1, 2, 3, 4], 3))`,
    "5:14 shape-mismatch: reshape keeps the number of entries: [1, 2, 3, 4] is int[4] and the result would be int[3]",
  ],
  [`sum(solve(train.X, theta))`, "5:20 shape-mismatch: solve takes a square matrix, and train.X is real[n, d]"],
  [
    `sum(train.label)`,
    "5:14 type-mismatch: train.label is class[n]: a label, not a quantity / use one_hot(label, k), cross_entropy(logits, label), or declare the field as int or real",
  ],
  [
    `mean(train.label == train.y)`,
    "5:15 type-mismatch: train.label == train.y compares different things: train.label is class[n] and train.y is real[n]",
  ],
  [
    `select(lambda, 1, 2)`,
    "5:17 type-mismatch: lambda is real, and select takes a condition / a condition is a comparison such as x > 0",
  ],
  [
    `(lambda > 0) * 2`,
    "5:10 type-mismatch: lambda > 0 is bool, and arithmetic takes numbers / choose with select(condition, a, b), or average it with mean(...)",
  ],
  [
    `sum(theta && theta)`,
    "5:14 type-mismatch: theta is real[d], and && takes a condition / a condition is a comparison such as x > 0",
  ],
  [
    `!lambda`,
    "5:11 type-mismatch: lambda is real, and ! takes a condition / a condition is a comparison such as x > 0",
  ],
  [
    `max(theta, train.y)`,
    "5:10 shape-mismatch: max(theta, train.y): the shapes disagree, theta is real[d] and train.y is real[n]",
  ],
  [
    `sum(one_hot(train.y, 3))`,
    "5:22 type-mismatch: one_hot takes labels, and train.y is real[n] / declare the field as class[...]",
  ],
  [
    `mean(cross_entropy(train.X @ theta, train.label))`,
    "5:15 shape-mismatch: cross_entropy takes one label per vector of scores: train.X @ theta is real[n] and train.label is class[n]",
  ],
  [
    `mean(cross_entropy(train.X, train.y))`,
    "5:38 bad-labels: cross_entropy takes labels 0..k-1, and train.y is real[n] / declare the field as class[...]",
  ],
  [
    `mean(logistic_loss([1, 2], [0, 1]))`,
    "5:37 bad-labels: the labels [0, 1] are 0 and 1, and real labels are -1 and +1 / write 2 * [0, 1] - 1, or compare: [0, 1] == 1",
  ],
  [
    `mean(logistic_loss([1, 2], [1, 2]))`,
    "5:37 bad-labels: the labels [1, 2] are neither all -1 or +1 nor classes / labels are class, bool, or reals that are -1 or +1",
  ],
  [
    `mean(cross_entropy(train.X', train.label))`,
    "5:15 shape-mismatch: cross_entropy takes one label per vector of scores: train.X' is real[d, n] and train.label is class[n] / scores have the classes along the last axis; is train.X' transposed?",
  ],
  [
    `sum(sum(train.X, axis: 2))`,
    "5:33 bad-axis: train.X is real[n, d] and has no axis 2 / axes count from 0; -1 is the last one",
  ],
  [`theta[0.5]`, "5:16 bad-index: 0.5 is real, and an index is a whole number, a label or a row"],
  [
    `theta[-1]`,
    "5:16 index-out-of-range: the index -1 is outside of 0..d (indices start at 0, ends are excluded) / the last entry is theta[d - 1]",
  ],
  [`theta[0, 1]`, "5:10 bad-index: theta is real[d] and takes one index"],
  [
    `sum(train.X[3:1, :])`,
    "5:22 index-out-of-range: the index 3:1 is outside of 0..n (indices start at 0, ends are excluded) / the start comes after the end",
  ],
  [
    `E[r in train](theta[r])`,
    "5:30 bad-index: r is one of n rows, and theta has d entries along this axis / index a variable that is declared with the size n",
  ],
  [`E[2](lambda)`, "5:12 not-a-value: 2 is a size, and its index has no name / name the index: E[i in 2](...)"],
  [
    `E[lambda](lambda)`,
    "5:12 type-mismatch: lambda is neither a table nor a size / E[...] and sum[...] run over the rows of a table or over 0..k-1",
  ],
  [
    `E[train, valid](y)`,
    "5:26 ambiguous-name: y is a field of train and of valid / name the rows: E[r in train, q in valid](...)",
  ],
  [`E[r in train](r.z)`, "5:26 unknown-field: r has no field z / its fields are X, y, label"],
  [
    `E[train](train.y)`,
    "5:10 objective-not-scalar: the objective E[train](train.y) + lambda^2 + sumsq(theta) is real[n], and must be one real number / reduce it: mean(...), sum(...), or E[D](...) over the rows of a table",
  ],
  [`mean()`, "5:10 wrong-arguments: mean lacks its argument x / it is used as mean(x, axis: all)"],
  [`mean(theta, axes: 0)`, "5:22 wrong-arguments: mean has no argument axes / did you mean axis?"],
  [`exp(1, 2)`, "5:17 wrong-arguments: exp takes one argument, and this is one more / it is used as exp(x)"],
  [`pinball(1, 2, tau: theta)`, "5:29 type-mismatch: tau of pinball is one number, and this is real[d]"],
  [`normsq(theta)`, "5:17 not-a-value: theta is not a function in an RKHS / for weights and arrays write sumsq(theta)"],
  [`rows(theta)`, "5:15 not-a-value: theta is not a table / rows(D) counts the rows of a table"],
  [
    `sum(zeros())`,
    "5:14 wrong-arguments: zeros needs a shape here / write zeros(n, d); only a declaration gives it one",
  ],
  [
    `classes(train.y)`,
    "5:18 type-mismatch: train.y is not a field of labels / write classes(D.label) with a field declared as class[...]",
  ],
  [
    `divergence(train.y, 2 * train.y)`,
    "5:30 bad-divergence: 2 * train.y is not a field of a table, and divergence differentiates with respect to data / write divergence(fitted, D.y) with a real field of a table",
  ],
];

const programs: readonly (readonly [program: string, says: string])[] = [
  [`${data}minimize sum(theta) over lambda, thta`, "5:34 unknown-name: thta is not declared / did you mean theta?"],
  [`${data}var u: real[k]\nminimize u over u`, "5:13 unknown-name: k is not declared / declare the size: dim k = 10"],
  [
    "dim k = k + 1\nvar u: real[k]\nminimize sum(u) over u",
    "1:5 name-cycle: k is defined by itself: k -> k / a definition may not reach itself; for a fixed point write `where v solves v = F(v)`",
  ],
  [
    "dim k = 2.5\nvar u: real[k]\nminimize sum(u) over u",
    "1:9 not-a-size: 2.5 is not a size: only sizes can be named here / a size is a whole number, a `dim`, rows(D), or a sum or product of these",
  ],
  [
    "dim k = -3\nvar u: real[k]\nminimize sum(u) over u",
    "1:9 not-a-size: -3 is not a size: it is -3 / a size is a whole number, a `dim`, rows(D), or a sum or product of these",
  ],
  [
    "var u: weights(v)\nvar v: real\nminimize v over v, u",
    "1:16 bad-type: v has no weights / weights(f) are those of a network, or of a function represented by one",
  ],
  [
    "var u: real in box(0)\nminimize u over u",
    "1:16 wrong-arguments: box lacks its argument high / it is used as box(low, high)",
  ],
  [
    "var u: real in simplex\nminimize u over u",
    "1:16 bad-set: simplex constrains a vector, and u is real / for one number use box(0, 1)",
  ],
  [
    "var u: real in box(0, [1, 2])\nminimize u over u",
    "1:23 bad-set: [1, 2] is int[2], and u is real / a scalar bounds every entry",
  ],
  [
    "var u: real[3] init normal(2, seed: 0)\nminimize sum(u) over u",
    "1:21 bad-start: u is real[3], and normal(2, seed: 0) is real[2] / a scalar fills any shape",
  ],
  ["param p: int = 0.5\nvar u: real\nminimize p * u over u", "1:16 bad-start: p is int, and 0.5 is not whole"],
  [
    "var u: real\nlet u = 2\nminimize u over u",
    "2:5 duplicate-name: u is declared twice / give one of them another name; sizes and values share one namespace",
  ],
  ["let f(a, a) = a\nvar u: real\nminimize f(u, u) over u", "1:10 wrong-arguments: f has two arguments a"],
  ["let f(a) = a + c\nvar u: real\nminimize f(u) over u", "1:16 unknown-name: c is not declared"],
  [
    "let f(a) = a\nvar u: real\nminimize f(u, 2) over u",
    "3:15 wrong-arguments: f takes one argument, and this is one more / it is used as f(a)",
  ],
  [
    "let f(a) = a\nvar u: real\nminimize f over u",
    "3:10 not-a-value: f is a definition with arguments / call it: f(a)",
  ],
  [
    "network f: real[2] -> real = mpl(hidden: [3])\nminimize sumsq(f) over f",
    "1:30 bad-family: there is no family mpl / did you mean mlp?",
  ],
  [
    "network f: real[2] -> real = mlp(hidden: 3)\nminimize sumsq(f) over f",
    "1:42 bad-family: mlp's hidden cannot be 3 / it takes a list of widths such as [50, 50]",
  ],
  [
    "network f: real[2] -> real = mlp(activation: rleu)\nminimize sumsq(f) over f",
    "1:46 bad-family: mlp's activation cannot be rleu / did you mean relu?",
  ],
  [
    "network f: real[2] -> real = mlp(head: closed_form)\nminimize sumsq(f) over f",
    "1:30 bad-family: head: closed_form solves for the last layer of a function in L2, and this is a network / leave it out",
  ],
  [
    "network f: real[9] -> real = conv()\nminimize sumsq(f) over f",
    "1:30 bad-family: conv needs the size of its images / write image: [28, 28], or [28, 28, 3] with three channels",
  ],
  [
    "network f: real[8] -> real = conv(image: [3, 3])\nminimize sumsq(f) over f",
    "1:30 bad-family: an image of 3 × 3 is 9 numbers, and the map takes something else / declare it as real[9] -> ...",
  ],
  [
    "network f: real[9] -> real = conv(image: [3, 3])\nminimize sumsq(f) over f",
    "1:30 bad-family: the image is smaller than the windows after 1 of 2 convolutions / take fewer channels, a smaller kernel or stride, padding: same, or no pool",
  ],
  [
    "network f: real[2] -> real = mlp(ridge: -1)\nminimize sumsq(f) over f",
    "1:41 bad-family: mlp's ridge cannot be -1 / it takes a number above 0",
  ],
  [
    "network f: real[2] -> real = linear()\nminimize f([1, 2, 3]) over f",
    "2:12 shape-mismatch: f takes real[2], and [1, 2, 3] is int[3]",
  ],
  [
    "network f: real[1] -> real = linear()\nminimize f(2) over f",
    "2:12 shape-mismatch: f takes real[1], and 2 is int / write f([2])",
  ],
  [
    "network f: real[1] -> real = linear()\nnetwork g: real[1] -> real = linear()\nminimize sumsq(f - g) over f, g",
    "3:20 type-mismatch: f is weights(f) and g is weights(g) / weights combine entry by entry with weights of the same map, or with a scalar",
  ],
  [
    "network f: real[1] -> real = linear()\nvar w: real\nminimize f([w]; w) over f, w",
    "3:17 type-mismatch: w is real, and f is evaluated at weights(f) / declare it as: var w: weights(f)",
  ],
  [
    'data a: { x: real[n] } = cvs("a.csv")\nvar u: real\nminimize u over u',
    '1:26 bad-source: cvs("a.csv") is not a source of data / did you mean csv?',
  ],
  [
    "data a: { x: real[n] } = csv(path)\nvar u: real\nminimize u over u",
    '1:30 bad-source: path is not a file path / write the path in quotes: csv("train.csv")',
  ],
  [
    'data a: { x: real[n, 2] } = csv("a.csv", x: "x")\nvar u: real\nminimize u over u',
    "1:45 bad-source: x has 2 columns, and 1 name is given",
  ],
  [
    'data a: { x: real[n] } = csv("a.csv")\ndata b, c = split(a, 0.5)\nvar u: real\nminimize u over u',
    "2:13 bad-source: split gives 1 table, and 2 names are declared / write one fraction for each of b, c",
  ],
  [
    'data a: { x: real[n] } = csv("a.csv")\ndata b, c = split(a, 0.9, 0.2)\nvar u: real\nminimize u over u',
    "2:13 bad-source: the fractions add up to 1.1, more than 1",
  ],
  [
    'data a: { x: real[n] } = csv("a.csv")\ndata b = folds(a)\nvar u: real\nminimize u over u',
    "2:10 bad-source: folds needs its number of folds / write folds(D, k: 5)",
  ],
  [
    'data a = csv("a.csv")\nvar u: real\nminimize u over u',
    '1:10 bad-source: a needs the types of its fields / write data a: { X: real[n, d], y: real[n] } = csv("a.csv")',
  ],
  [
    "data a: { x: real[*] } = normal(seed: 0)\nvar u: real\nminimize sum[a](x * u) over u",
    "3:14 type-mismatch: a is endless, and its sum has no value / average it: E[a](...)",
  ],
  [
    "var u: real\nvar x: real\nminimize x over u\nwhere x minimizes (x - u)^2 selected from u, u by gradient_flow",
    "4:46 bad-selection: the clause has 1 unknown and 2 starts / give one start for each of x",
  ],
  [
    "var u: real\nvar x: real\nminimize x over u\nwhere x minimizes (x - u)^2 selected from [1, 2] by gradient_flow",
    "4:43 bad-start: x is real, and [1, 2] is int[2] / a scalar fills any shape",
  ],
  [
    "var u: real\nvar x: real init x\nminimize x over u\nwhere x minimizes (x - u)^2",
    "2:5 bad-start: x starts at x, which is not an outer unknown of it / a start may copy an unknown of a shallower level",
  ],
  [
    "var u: real\nvar x: real\nminimize x over u\nwhere x minimizes u^2",
    "4:7 unread-unknown: its own objective does not depend on x / any value of x does equally well; is a term missing?",
  ],
  [
    "var u: real[3]\nminimize sum[i in 3](u[i + 1]) over u",
    "2:24 index-out-of-range: the index i + 1 (3) is outside of 0..3 (indices start at 0, ends are excluded)",
  ],
  [
    "var u: real\nminimize u over u\nminimize 2 * u over u",
    "3:1 repeated-section: a program has one problem, and this is the second",
  ],
  [
    "var u: real\nminimize u over u\nsolve { metod: auto  inner: newtn  outer: gd(rate: -1)  steps: 1.5  seed: auto  adjoint: cg(terms: 3)  }",
    "3:9 bad-option: there is no option metod / did you mean method?\n3:29 bad-option: there is no inner newtn / did you mean newton?\n3:52 bad-option: rate of gd cannot be -1 / it is a number above 0\n3:64 bad-option: steps cannot be 1.5 / it is a whole number of at least 0\n3:75 bad-option: seed cannot be auto / it is a whole number of at least 0\n3:100 bad-option: cg has no argument terms / its arguments are tol, max, damping",
  ],
];

describe("one mistake, one message", () => {
  it.each(terms)("%s", (term, says) => {
    expect(messages(`${data}minimize ${term} + lambda^2 + sumsq(theta) over lambda, theta`)).toBe(says);
  });
  it.each(programs)("%s", (program, says) => {
    expect(messages(program)).toBe(says);
  });
});

describe("several mistakes", () => {
  it("are all reported, in the order of the text", () => {
    const source = `${data}minimize exp(lamda) + mean(train.Y) + sum(theta') over lambda, thta`;
    const codes = messages(source)
      .split("\n")
      .map((line) => line.split(/[ :]/)[2] ?? "");
    expect(codes).toEqual(["unknown-name", "unknown-field", "vector-transpose", "unknown-name"]);
    expect(messages(source)).toContain("did you mean theta?");
  });

  it("a mistake in a definition is reported where it is, once, whoever uses it", () => {
    expect(messages("let c = d + 1\nlet e = c + c\nvar u: real\nminimize c + e * u over u")).toBe(
      "1:9 unknown-name: d is not declared",
    );
  });

  it("a definition with arguments is checked at each use, and the message names the use", () => {
    const source = `${data}let loss(S) = mean((S.X @ theta - S.z)^2)\nminimize loss(train) over lambda, theta`;
    const { diagnostics } = checked(source);
    expect(diagnostics.map((d) => d.code)).toEqual(["unknown-field"]);
    expect(diagnostics[0]?.notes?.map((n) => source.slice(n.span?.start, n.span?.end))).toEqual(["loss(train)"]);
  });

  it("stops after a hundred", () => {
    const source = `${Array.from({ length: 500 }, (_, i) => `let a${i} = b${i}`).join("\n")}\nvar u: real\nminimize u over u`;
    expect(messages(source).split("\n")).toHaveLength(100);
  });
});
