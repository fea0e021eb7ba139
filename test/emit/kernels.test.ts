/** Functions in an RKHS are explained by their kernel matrices, and what the kernel reads by the derivatives with respect to these. */
import { describe, expect, it } from "vitest";
import { equationsOf } from "./explained.ts";

const tables = `
  data train: { x: real[n, p], y: real[n] } = csv("a.csv", y: "y")
  data valid: { x: real[m, p], y: real[m] } = csv("b.csv", y: "y")`;

describe("functions in an RKHS", () => {
  it("with a kernel that is learned", () => {
    const program = `${tables}
      var s: real
      var rho: real
      function h: real[p] -> real in RKHS(gaussian(bandwidth: exp(s)))
      minimize E[valid]((h(x) - y)^2) over s, rho
      where h minimizes E[train](logcosh(h(x) - y)) + 0.5 * exp(rho) * normsq(h)`;
    expect(equationsOf(program)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(h) over s, ρ where h minimizes g(ρ, h)
                     f = (1/m) ‖K_valid h − y_valid‖²
                     g = (1/n) Σᵢ logcosh((K h)ᵢ − y_train[i]) + ½ exp(ρ) hᵀ K h
      Found          h is in the RKHS of gaussian(bandwidth: exp(s)); by the representer theorem it is a sum over the points where its
                       clause evaluates it, of the kernel times coefficients, which h stands for
                     K is the kernel between these points; K_valid between those where the rest evaluates it and these
                     convex in the values, with a positive penalty on each norm: there is exactly one minimiser, and nothing is assumed
                     the condition in h is the gradient in the RKHS read off at the points: the derivative by the coefficients without
                       its factor k, so that no system is as badly conditioned as k
                     differentiated through the coefficients; not in the RKHS itself: the kernel reads upper variables, so the space
                       moves with them
                     a nonlinear system of equations in h
                     curvature dense, of order n
      Stationarity   (1/n) tanh(K h − y_train) + exp(ρ) h = 0
      Curvature      H = (1/n) diag(1 − tanh(K h − y_train)²) K + exp(ρ) I
      Adjoint        Hᵀ v = ∂f/∂h = (2/m) K_validᵀ (K_valid h − y_valid)
      Hypergradient  df/ds = ⟨df/dK, ∂K/∂s⟩ + ⟨df/dK_valid, ∂K_valid/∂s⟩
                     df/dρ = −exp(ρ) hᵀ v
                     df/dK = −(1/n) ((1 − tanh(K h − y_train)²) ⊙ v) hᵀ
                     df/dK_valid = (2/m) (K_valid h − y_valid) hᵀ
      "
    `);
  });

  it("two of them, with kernels that stay", () => {
    const program = `${tables}
      var rho: real
      function h: real[p] -> real in RKHS(laplace(bandwidth: 2))
      function q: real[p] -> real in RKHS(linear())
      minimize E[valid]((h(x) + q(x) - y)^2) over rho
      where h, q minimizes E[train]((h(x) + q(x) - y)^2) + exp(rho) * normsq(h) + 0.1 * normsq(q)`;
    expect(equationsOf(program)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(h, q) over ρ where h, q minimizes g(ρ, h, q)
                     f = (1/m) ‖r_valid‖²
                     g = (1/n) ‖K_h h + K_q q − y_train‖² + exp(ρ) hᵀ K_h h + 0.1 qᵀ K_q q
                     where r_valid = K_h:valid h + K_q:valid q − y_valid
      Found          h is in the RKHS of laplace(bandwidth: 2); by the representer theorem it is a sum over the points where its clause
                       evaluates it, of the kernel times coefficients, which h stands for
                     K_h is the kernel between these points; K_h:valid between those where the rest evaluates it and these
                     q is in the RKHS of linear(); by the representer theorem it is a sum over the points where its clause evaluates it,
                       of the kernel times coefficients, which q stands for
                     K_q is the kernel between these points; K_q:valid between those where the rest evaluates it and these
                     convex in the values, with a positive penalty on each norm: there is exactly one minimiser, and nothing is assumed
                     the condition in h, q is the gradient in the RKHS read off at the points: the derivative by the coefficients
                       without its factor k, so that no system is as badly conditioned as k
                     differentiated through the coefficients or in the RKHS: gradcheck shows both
                     a linear system of equations in h, q
                     curvature dense, of order 2 n
      Stationarity   (2/n) (K_h h + K_q q − y_train) + 2 exp(ρ) h = 0
                     (2/n) (K_h h + K_q q − y_train) + 0.2 q = 0
      Curvature      H = [2 exp(ρ) I + (2/n) K_h, (2/n) K_q; (2/n) K_h, 0.2 I + (2/n) K_q]
      Adjoint        Hᵀ [v_h; v_q] = [∂f/∂h; ∂f/∂q] = [(2/m) K_h:validᵀ r_valid; (2/m) K_q:validᵀ r_valid]
      Hypergradient  df/dρ = −2 exp(ρ) hᵀ v_h
      "
    `);
  });

  it("in the span of the kernel at some of the points", () => {
    const program = `${tables}
      var s: real
      function h: real[p] -> real in RKHS(gaussian(bandwidth: exp(s))) by nystrom(centres: 50, seed: 3)
      minimize E[valid]((h(x) - y)^2) over s
      where h minimizes E[train]((h(x) - y)^2) + 0.1 * normsq(h)`;
    expect(equationsOf(program)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(h) over s where h minimizes g(h)
                     f = (1/m) ‖B_valid h − y_valid‖²
                     g = (1/n) ‖B h − y_train‖² + 0.1 ‖h‖²
      Found          h is in the RKHS of gaussian(bandwidth: exp(s)); an approximation: in the span of the kernel at 50 of the points
                       where its clause evaluates it, chosen by seed 3 (Nyström), with coordinates in an orthonormal basis of it, which
                       h stands for
                     B is that basis at all these points; B_valid where the rest evaluates it
                     g is quadratic in h; strongly convex, modulus 0.2
                     curvature dense, of order 50
                     so there is exactly one solution, and H is positive definite there: nothing is assumed
      Stationarity   ∂g/∂h = (2/n) Bᵀ (B h − y_train) + 0.2 h = 0
      Curvature      H = ∂²g/∂h² = (2/n) Bᵀ B + 0.2 I
      Adjoint        H v = ∂f/∂h = (2/m) B_validᵀ (B_valid h − y_valid)
      Hypergradient  df/ds = ⟨df/dB, ∂B/∂s⟩ + ⟨df/dB_valid, ∂B_valid/∂s⟩
                     df/dB = −(2/n) ((B h − y_train) vᵀ + B v hᵀ)
                     df/dB_valid = (2/m) (B_valid h − y_valid) hᵀ
      "
    `);
  });
});
