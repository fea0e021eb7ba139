import { describe, expect, test } from "vitest";
import { gradient, hessianVectorProduct, jacobian } from "../../compiler/derive/differentiate.ts";
import * as G from "../../compiler/ir/graph.ts";
import { type Node, reachable } from "../../compiler/ir/node.ts";
import { print } from "../../compiler/ir/print.ts";
import { namedSize, oneSize, type Size } from "../../compiler/ir/size.ts";
import { simplify } from "../../compiler/simplify/simplify.ts";

const g = G.createGraph();
const [n, d, m, k] = ["n", "d", "m", "k"].map(namedSize) as [Size, Size, Size, Size];
const X = G.input(g, "X", "data", [n, d]);
const y = G.input(g, "y", "data", [n]);
const theta = G.input(g, "θ", "lower", [d]);
const lambda = G.input(g, "λ", "upper", [d]);
const v = G.input(g, "v", "tangent", [d]);
const scores = G.einsum(g, [X, theta], [[0, 1], [1]], [0]);

const simple = (node: Node): Node => simplify(g, [node])[0] as Node;
const slope = (f: Node, x: Node): Node => simple(gradient(g, f, [x])[0] as Node);

describe("ridge regression, one penalty a feature", () => {
  const residual = G.add(g, [1, -1], [scores, y]);
  const fit = G.einsum(
    g,
    [residual, residual, G.map(g, "power", G.sizeNode(g, n), G.constant(g, -1))],
    [[0], [0], []],
    [],
  );
  const f = G.add(g, [1, 1], [fit, G.einsum(g, [G.map(g, "exp", lambda), theta, theta], [[0], [0], [0]], [])]);
  const df = slope(f, theta);

  test("gradient", () => expect(print(df)).toBe("2 θ[i] exp(λ[i]) + 2 Σ_j X[j,i] n^−1 (Σ_k X[j,k] θ[k] − y[j])"));
  test("Hessian", () => expect(print(jacobian(g, df, theta))).toBe("2 exp(λ[i]) δ[i,j] + 2 Σ_k X[k,i] X[k,j] n^−1"));
  test("cross derivative", () => expect(print(jacobian(g, df, lambda))).toBe("2 θ[i] exp(λ[i]) δ[i,j]"));
  test("the Hessian-vector product forms no Hessian", () => {
    const product = simple(hessianVectorProduct(g, f, [theta], [v])[0] as Node);
    expect(print(product)).toBe("2 v[i] exp(λ[i]) + 2 Σ_jk X[j,i] X[j,k] v[k] n^−1");
  });
});

describe("logistic regression, its loss written naively", () => {
  const one = G.constant(g, 1, [n]);
  const f = G.sumAll(g, G.map(g, "log", G.add(g, [1, 1], [one, G.map(g, "exp", scores)])));
  const df = slope(f, theta);

  test("loss", () => expect(print(simple(f))).toBe("Σ_i softplus(Σ_j X[i,j] θ[j])"));
  test("gradient", () => expect(print(df)).toBe("Σ_j X[j,i] sigmoid(Σ_k X[j,k] θ[k])"));
  test("Hessian", () => {
    expect(print(jacobian(g, df, theta))).toBe(
      "Σ_k X[k,i] X[k,j] sigmoid(Σ_l X[k,l] θ[l]) (1 − sigmoid(Σ_l X[k,l] θ[l]))",
    );
  });
});

describe("matrix factorisation", () => {
  const T = G.input(g, "T", "data", [n, m]);
  const U = G.input(g, "U", "lower", [n, k]);
  const V = G.input(g, "V", "lower", [m, k]);
  const residual = G.add(
    g,
    [1, -1],
    [
      T,
      G.einsum(
        g,
        [U, V],
        [
          [0, 2],
          [1, 2],
        ],
        [0, 1],
      ),
    ],
  );
  const f = G.sumAll(g, G.multiply(g, residual, residual));
  const df = slope(f, U);

  test("the Hessian is a small matrix times an identity", () => {
    expect(print(jacobian(g, df, U))).toBe("2 Σ_m V[m,j] V[m,l] δ[i,k]");
  });
  test("with a penalty too: the identity is pulled out of the sum", () => {
    const penalised = G.add(g, [1, 3], [f, G.sumAll(g, G.multiply(g, U, U))]);
    expect(print(jacobian(g, slope(penalised, U), U))).toBe("δ[i,k] (6 δ[j,l] + 2 Σ_m V[m,j] V[m,l])");
  });
});

describe("algebra", () => {
  const A = G.input(g, "A", "data", [n, n]);
  const u = G.input(g, "u", "data", [n]);

  test("zero annihilates, one and the identity vanish", () => {
    expect(simple(G.multiply(g, u, G.constant(g, 0, [n])))).toBe(G.constant(g, 0, [n]));
    expect(simple(G.multiply(g, u, G.constant(g, 1, [n])))).toBe(u);
    expect(simple(G.einsum(g, [G.delta(g, n), u], [[0, 1], [1]], [0]))).toBe(u);
    expect(simple(G.solve(g, G.delta(g, n), A))).toBe(A);
  });
  test("like terms are found whatever the order of their axes", () => {
    const gram = G.einsum(
      g,
      [X, X],
      [
        [0, 1],
        [0, 2],
      ],
      [1, 2],
    );
    const other = G.permute(
      g,
      G.einsum(
        g,
        [X, X],
        [
          [0, 1],
          [0, 2],
        ],
        [1, 2],
      ),
      [1, 0],
    );
    expect(print(simple(G.add(g, [1, 2], [gram, other])))).toBe("3 Σ_k X[k,i] X[k,j]");
    expect(simple(G.add(g, [1, -1], [gram, other]))).toBe(G.constant(g, 0, [d, d]));
  });
  test("a symmetric sum is its own transpose", () => {
    const sum = G.add(g, [1, 1], [A, G.permute(g, A, [1, 0])]);
    expect(simple(G.permute(g, sum, [1, 0]))).toBe(simple(sum));
  });
  test("summing out an axis that nothing has multiplies by its size", () => {
    const repeated = G.broadcastLeading(g, G.input(g, "c", "data", []), [n]);
    expect(print(simple(G.sumAll(g, repeated)))).toBe("n c");
    const mean = G.einsum(g, [repeated, G.map(g, "power", G.sizeNode(g, n), G.constant(g, -1))], [[0], []], []);
    expect(print(simple(mean))).toBe("c");
  });
  test("the trace of the identity is its size", () =>
    expect(print(simple(G.einsum(g, [G.delta(g, n)], [[0, 0]], [])))).toBe("n"));
  test("equal deltas merge, a chain of deltas is one", () => {
    const unit = G.delta(g, n);
    expect(simple(G.multiply(g, unit, unit))).toBe(unit);
    expect(
      simple(
        G.einsum(
          g,
          [unit, unit, unit],
          [
            [0, 1],
            [1, 2],
            [2, 3],
          ],
          [0, 3],
        ),
      ),
    ).toBe(unit);
    const diagonals = G.add(
      g,
      [1, 1],
      [u, G.multiply(g, u, u)].map((own) => G.einsum(g, [unit, own], [[0, 1], [0]], [0, 1])),
    );
    expect(print(simple(diagonals))).toBe("δ[i,j] (u[i] + u[i] u[i])");
  });
  test("a delta in a sum under a sum acts, or comes out", () => {
    const shifted = G.add(g, [1, 2], [A, G.delta(g, n)]);
    expect(print(simple(G.einsum(g, [shifted, u], [[0, 1], [1]], [0])))).toBe("2 u[i] + Σ_j A[i,j] u[j]");
    const tensor = G.add(
      g,
      [1, -1],
      [
        G.einsum(
          g,
          [A, G.delta(g, n)],
          [
            [0, 1],
            [1, 2],
          ],
          [0, 1, 2],
        ),
        G.einsum(
          g,
          [A, A],
          [
            [0, 1],
            [0, 2],
          ],
          [0, 1, 2],
        ),
      ],
    );
    expect(print(simple(G.einsum(g, [u, tensor], [[0], [0, 1, 2]], [1, 2])))).toBe(
      "Σ_k A[k,i] u[k] δ[i,j] − Σ_k A[k,i] A[k,j] u[k]",
    );
  });
  test("functions are computed before they are repeated or transposed", () => {
    const repeated = G.map(g, "tanh", G.broadcastLeading(g, u, [m]));
    expect((simple(repeated) as { operands: readonly Node[] }).operands).toEqual([G.map(g, "tanh", u)]);
    expect(simple(G.permute(g, G.map(g, "tanh", G.permute(g, A, [1, 0])), [1, 0]))).toBe(G.map(g, "tanh", A));
  });
  test("powers of one thing are collected, products of equals stay", () => {
    const c = G.input(g, "c", "data", []);
    const power = (p: number) => G.map(g, "power", c, G.constant(g, p));
    expect(print(simple(G.multiply(g, c, c)))).toBe("c c");
    expect(simple(G.multiply(g, c, power(-1)))).toBe(G.constant(g, 1));
    expect(print(simple(G.multiply(g, power(-2), c)))).toBe("c^−1");
    expect(print(simple(G.map(g, "power", power(-1), G.constant(g, 3))))).toBe("c^−3");
    expect(print(simple(G.map(g, "power", G.multiply(g, c, c), G.constant(g, 0.5))))).toBe("abs(c)");
  });
  test("an axis of size one is put in and taken out without a reshape", () => {
    const column = G.reshape(g, u, [n, oneSize]);
    expect(simple(G.reshape(g, column, [n]))).toBe(u);
    expect(simple(column).kind).toBe("einsum");
  });
  test("long chains of shared products stay linear in size", () => {
    let state: Node = u;
    for (let step = 0; step < 200; step++) state = G.multiply(g, state, state);
    expect(reachable([simple(state)]).length).toBeLessThan(100);
  });
  test("long recurrences stay linear in size", () => {
    let state: Node = u;
    for (let step = 0; step < 200; step++) state = G.add(g, [1, -0.1], [state, G.map(g, "sin", state)]);
    const operands = (simple(state) as { operands: readonly Node[] }).operands;
    expect(operands.length).toBeLessThanOrEqual(16);
  });
});
