import { describe, expect, it } from "vitest";
import { renderText } from "../../compiler/emit/text.ts";
import { equationsOf, explanationOf, programs } from "./explained.ts";

describe("explanations", () => {
  it("tells the whole story of a ridge regression", () => {
    const sizes = new Map([
      ["n", 353],
      ["m", 89],
      ["d", 10],
    ]);
    expect(`\n${renderText(explanationOf(programs.ridgePerFeature, sizes), { width: 110 })}`).toMatchInlineSnapshot(`
      "
      Problem        minimize f(θ) over λ where θ minimizes g(λ, θ)
                     f = (1/m) ‖X_valid θ − y_valid‖²
                     g = (1/n) ‖X_train θ − y_train‖² + Σⱼ exp(λⱼ) θⱼ²
      Found          g is quadratic in θ; strongly convex, modulus min 2 exp(λ)
                     curvature dense, of order d = 10
                     so there is exactly one solution, and H is positive definite there: nothing is assumed
      Stationarity   ∂g/∂θ = (2/n) X_trainᵀ (X_train θ − y_train) + 2 exp(λ) ⊙ θ = 0
      Curvature      H = ∂²g/∂θ² = (2/n) X_trainᵀ X_train + 2 diag(exp(λ))
      Adjoint        H v = ∂f/∂θ = (2/m) X_validᵀ (X_valid θ − y_valid)
      Hypergradient  df/dλ = −2 exp(λ) ⊙ θ ⊙ v
      Plan           implicit differentiation at the lower solution
                     solve for θ by cholesky: quadratic, and a curvature of order d is factorised exactly
                     adjoint by cholesky: the factorisation that solves the lower level serves the adjoint
                     outer steps by lbfgs, at most 1000: the hypergradient is exact to the tolerance, so curvature
                       can be learned from its changes
      Dimensions     λ        upper level  real[d]     10
                     θ        lower level  real[d]     10
                     y_valid  data         real[m]     89
                     X_valid  data         real[m, d]  89 × 10
                     y_train  data         real[n]     353
                     X_train  data         real[n, d]  353 × 10
      Notation       Vectors are columns; a gradient has the shape of its variable; ⊙, powers and functions of
                       arrays are entry by entry, and a number is added to every entry.
                     A curvature has a row for each entry of the condition and a column for each entry of the
                       unknown.
                     ‖x‖² is the sum of the squares of all entries.
      "
    `);
  });

  it("derives one penalty", () => {
    expect(equationsOf(programs.ridge)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(θ) over λ where θ minimizes g(λ, θ)
                     f = (1/m) ‖X_valid θ − y_valid‖²
                     g = (1/n) ‖X_train θ − y_train‖² + exp(λ) ‖θ‖²
      Found          g is quadratic in θ; strongly convex, modulus 2 exp(λ)
                     curvature dense, of order d
                     so there is exactly one solution, and H is positive definite there: nothing is assumed
      Stationarity   ∂g/∂θ = (2/n) X_trainᵀ (X_train θ − y_train) + 2 exp(λ) θ = 0
      Curvature      H = ∂²g/∂θ² = (2/n) X_trainᵀ X_train + 2 exp(λ) I
      Adjoint        H v = ∂f/∂θ = (2/m) X_validᵀ (X_valid θ − y_valid)
      Hypergradient  df/dλ = −2 exp(λ) θᵀ v
      "
    `);
  });

  it("derives logistic regression", () => {
    expect(equationsOf(programs.logistic)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(θ) over λ where θ minimizes g(λ, θ)
                     f = (1/m) Σᵢ (softplus(η_valid[i]) − y_valid[i] η_valid[i])
                     g = (1/n) Σᵢ (softplus(η_train[i]) − y_train[i] η_train[i]) + ½ exp(λ) ‖θ‖²
                     where η_train = X_train θ
                     where η_valid = X_valid θ
      Found          g is a generalised linear model in η_train; strongly convex, modulus exp(λ)
                     curvature dense, of order d
                     so there is exactly one solution, and H is positive definite there: nothing is assumed
      Stationarity   ∂g/∂θ = (1/n) X_trainᵀ (σ(η_train) − y_train) + exp(λ) θ = 0
      Curvature      H = ∂²g/∂θ² = (1/n) X_trainᵀ diag(σ(η_train) ⊙ (1 − σ(η_train))) X_train + exp(λ) I
      Adjoint        H v = ∂f/∂θ = (1/m) X_validᵀ (σ(η_valid) − y_valid)
      Hypergradient  df/dλ = −exp(λ) θᵀ v
      "
    `);
  });

  it("derives multinomial data cleaning", () => {
    expect(equationsOf(programs.cleaning)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(W) over weight where W minimizes g(weight, W)
                     f = (1/m) Σᵢ (logsumexp(Z_valid)ᵢ − Z_valid[i, label_valid[i]])
                     g = (1/n) Σᵢ σ(weightᵢ) (logsumexp(Z_train)ᵢ − Z_train[i, label_train[i]]) + 5·10⁻⁵ ‖W‖²
                     where Z_train = x_train W
                     where Z_valid = x_valid W
      Found          g is a generalised linear model in Z_train; strongly convex, modulus 10⁻⁴
                     curvature dense, of order k p
                     so there is exactly one solution, and H is positive definite there: nothing is assumed
      Stationarity   ∂g/∂W = (1/n) x_trainᵀ diag(s) (softmax(Z_train) − onehot(label_train)) + 10⁻⁴ W = 0
                     where s = σ(weight)
      Curvature      H(T) = (1/n) x_trainᵀ diag(s) (softmax(Z_train) ⊙ (Y − (softmax(Z_train) ⊙ Y) 𝟏 𝟏ᵀ)) + 10⁻⁴ T
                     where Y = x_train T
      Adjoint        H(V) = ∂f/∂W = (1/m) x_validᵀ (softmax(Z_valid) − onehot(label_valid))
      Hypergradient  df/dweight = (1/n) s ⊙ (1 − s) ⊙ (((onehot(label_train) − softmax(Z_train)) ⊙ (x_train V)) 𝟏)
      "
    `);
  });

  it("derives the lower half of a matrix factorisation", () => {
    expect(equationsOf(programs.factorisation)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(V, U) over V where U minimizes g(V, U)
                     f = ‖T_held − U Vᵀ‖²
                     g = ‖T_seen − U Vᵀ‖² + 0.1 ‖U‖²
      Found          g is quadratic in U; strongly convex, modulus 0.2
                     curvature block-diagonal: n times the same block of order r
                     so there is exactly one solution, and H is positive definite there: nothing is assumed
      Stationarity   ∂g/∂U = 2 (U Vᵀ − T_seen) V + 0.2 U = 0
      Curvature      H(S) = 2 S Vᵀ V + 0.2 S
                     each block of H is 2 Vᵀ V + 0.2 I
      Adjoint        H(P) = ∂f/∂U = 2 (U Vᵀ − T_held) V
      Hypergradient  df/dV = 2 (((U − P) Vᵀ − T_held)ᵀ U − (U Vᵀ − T_seen)ᵀ P)
      "
    `);
  });

  it("derives clauses side by side", () => {
    expect(equationsOf(programs.sideBySide)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(u, z) over u where y minimizes g₁(u, y) and z minimizes g₂(u, y, z)
                     f = ‖z − 1‖² + ‖u‖²
                     g₁ = Σₗ yₗ⁴ + ‖y − u‖²
                     g₂ = ‖z − u ⊙ y‖² + ‖z‖²
      Found          g₁ is a smooth function of y; strongly convex, modulus 2
                     curvature diagonal: no two of the k entries are coupled
                     so there is exactly one solution, and H₁ is positive definite there: nothing is assumed
                     g₂ is quadratic in z; strongly convex, modulus 4
                     curvature diagonal: no two of the k entries are coupled
                     so there is exactly one solution, and H₂ is positive definite there: nothing is assumed
      Stationarity   ∂g₁/∂y = 4 y³ + 2 y − 2 u = 0
                     ∂g₂/∂z = 4 z − 2 u ⊙ y = 0
      Curvature      H₁ = ∂²g₁/∂y² = diag(12 y² + 2)
                     H₂ = ∂²g₂/∂z² = 4 I
      Adjoint        H₁ v_y = 2 u ⊙ v_z
                     H₂ v_z = ∂f/∂z = 2 (z − 1)
      Hypergradient  df/du = 2 (y ⊙ v_z + v_y + u)
      "
    `);
  });

  it("derives clauses that answer each other", () => {
    expect(equationsOf(programs.equilibrium)).toMatchInlineSnapshot(`
      "
      Problem        maximize f(tax, a, b) over tax where a minimizes g₁(tax, a, b) and b minimizes g₂(tax, a, b)
                     f = tax (Σₗ aₗ + Σₗ bₗ)
                     g₁ = tax Σₗ aₗ + ‖a − 1‖² + 0.1 aᵀ b
                     g₂ = tax Σₗ bₗ + ‖b − 2‖² + 0.2 aᵀ b
      Found          an equilibrium: a, b answer each other, through linear equations
                     curvature block-diagonal: k times the same block of order 2
                     assumed, and verified at the solution found: H is invertible
                     assumed, and verified at the solution found: a minimum at each level, with all that answers it following (up to
                       order 600)
      Stationarity   ∂g₁/∂a = 2 a + 0.1 b + tax − 2 = 0
                     ∂g₂/∂b = 0.2 a + 2 b + tax − 4 = 0
      Curvature      H = [2 I, 0.1 I; 0.2 I, 2 I]
      Adjoint        Hᵀ [v_a; v_b] = [∂f/∂a; ∂f/∂b] = [tax; tax]
      Hypergradient  df/dtax = Σₗ aₗ + Σₗ bₗ − Σₗ (v_a[l] + v_b[l])
      "
    `);
  });

  it("derives a system of equations", () => {
    expect(equationsOf(programs.solves)).toMatchInlineSnapshot(`
      "
      Problem        maximize f(t, x) over t where x solves R(t, x) = 0
                     f = b_sᵀ x − t²
                     R = A_s x − b_s + t x³
      Found          a nonlinear system of equations in x
                     curvature dense, of order n
                     assumed, and verified at the solution found: H is invertible
      Stationarity   R = A_s x − b_s + t x³ = 0
      Curvature      H = ∂R/∂x = A_s + 3 t diag(x²)
      Adjoint        Hᵀ v = ∂f/∂x = b_s
      Hypergradient  df/dt = −Σᵢ xᵢ³ vᵢ − 2 t
      "
    `);
  });

  it("derives a lower level that the upper one agrees with", () => {
    expect(equationsOf(programs.danskin)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(t, x) over t where x maximizes g(t, x)
                     f = ‖t − c_s‖² + tᵀ x − ½ ‖x‖²
                     g = tᵀ x − ½ ‖x‖²
      Found          g is quadratic in x; strongly concave, modulus 1
                     curvature diagonal: no two of the n entries are coupled
                     f equals g up to terms free of x: no adjoint is needed (Danskin)
                     so there is exactly one solution, and H is positive definite there: nothing is assumed
      Stationarity   −∂g/∂x = x − t = 0
      Curvature      H = −∂²g/∂x² = I
      Adjoint        the adjoint of x is zero: f and g have the same derivative, zero at the solution
      Hypergradient  df/dt = x + 2 t − 2 c_s
      "
    `);
  });

  it("derives a fixed point of matrices", () => {
    expect(equationsOf(programs.deepEquilibrium)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(W, b, Z) over W, b where Z solves R(W, b, Z) = 0
                     f = (1/n) ‖Z b − y_train‖² + 0.001 ‖W‖²
                     R = Z − tanh(X_train + Z W + 𝟏 bᵀ)
      Found          a fixed point of a nonlinear map: Z is its own image
                     curvature block-diagonal: n blocks of order k
                     assumed, and verified at the solution found: H is invertible
                     estimated at the solution found, with a warning from 1 on: the contraction factor, the spectral radius of I − H
      Stationarity   R = Z − tanh(X_train + Z W + 𝟏 bᵀ) = 0
      Curvature      H(T) = T − Q ⊙ (T W)
                     where Q = 1 − tanh(X_train + Z W + 𝟏 bᵀ)²
      Adjoint        Hᵀ(V) = ∂f/∂Z = (2/n) (Z b − y_train) bᵀ
                     Hᵀ(T) = T − (Q ⊙ T) Wᵀ
      Hypergradient  df/dW = Zᵀ (Q ⊙ V) + 0.002 W
                     df/db = (Q ⊙ V)ᵀ 𝟏 + (2/n) Zᵀ (Z b − y_train)
      "
    `);
  });
});
