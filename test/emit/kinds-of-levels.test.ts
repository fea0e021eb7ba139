/** Lower levels with kinks, sets, constraints, paths, levels below and one problem an index: what is told of each must be true. */
import { describe, expect, it } from "vitest";
import { renderText } from "../../compiler/emit/text.ts";
import { equationsOf, explanationOf, programs } from "./explained.ts";

describe("faces", () => {
  it("a kink in each entry", () => {
    expect(equationsOf(programs.lasso)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(b) over λ where b minimizes g(λ, b)
                     f = ‖b‖²
                     g = (1/(2 n)) ‖X_train b − y_train‖² + exp(λ) (Σⱼ |bⱼ|)
      Found          g = s + exp(λ) (Σⱼ |bⱼ|)
                     s is quadratic in b; convex
                     a kink in each entry of b, at 0
                     curvature dense, of order d
                     differentiated on the support, the entries of b that are not at their kink
                     assumed, and verified at the solution found: H is invertible
                     assumed, and checked at the solution found, with a warning: a force on each entry at its kink or bound (strict
                       complementarity)
      Stationarity   m ⊙ ((1/n) X_trainᵀ (X_train b − y_train) + exp(λ) sign(b)) + (1 − m) ⊙ b = 0
                     m is 1 on the support, the entries of b that are not at their kink, and 0 off it
      Curvature      H = (1/n) diag(m) X_trainᵀ X_train + diag(1 − m)
                     H is the system of the face: ∂²s/∂b² in the rows of the support, the identity elsewhere
      Adjoint        Hᵀ v = ∂f/∂b = 2 b
                     on the face, v solves the system of the face alone: what is at a kink or bound takes no part in it
      Hypergradient  df/dλ = −exp(λ) (Σⱼ mⱼ sign(bⱼ) vⱼ)
      "
    `);
  });

  it("a maximised objective with kinks away from 0", () => {
    expect(equationsOf(programs.elasticNet)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(b) over λ where b maximizes g(λ, b)
                     f = ‖b‖²
                     g = −(1/n) ‖X_train b − y_train‖² − Σⱼ |bⱼ − λ| − ‖b‖²
      Found          −g = s + Σⱼ |bⱼ − λ|
                     s is quadratic in b; strongly convex, modulus 2
                     a kink in each entry of b, at λ
                     curvature dense, of order d
                     differentiated on the support, the entries of b that are not at their kink
                     so there is exactly one solution, and H is invertible there
                     assumed, and checked at the solution found, with a warning: a force on each entry at its kink or bound (strict
                       complementarity)
      Stationarity   m ⊙ ((2/n) X_trainᵀ (X_train b − y_train) + sign(b − λ) + 2 b) + (1 − m) ⊙ (b − λ) = 0
                     m is 1 on the support, the entries of b that are not at their kink, and 0 off it
      Curvature      H = (2/n) diag(m) X_trainᵀ X_train + diag(m + 1)
                     H is the system of the face: ∂²s/∂b² in the rows of the support, the identity elsewhere
      Adjoint        Hᵀ v = ∂f/∂b = 2 b
                     on the face, v solves the system of the face alone: what is at a kink or bound takes no part in it
      Hypergradient  df/dλ = (1 − m)ᵀ v
      "
    `);
  });

  it("a simplex in each row, with its multiplier", () => {
    expect(equationsOf(programs.simplex)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(u, W) over u where W minimizes g(u, W)
                     f = ‖W‖² + Σₗ uₗ
                     g = ‖W − 𝟏 uᵀ‖²
      Found          g is quadratic in W; strongly convex, modulus 2
                     W stays in the simplex: no entry below 0, and sum 1 in each row
                     curvature dense, of order 2 k + 2
                     differentiated on the support, the entries of W above 0
                     so there is exactly one solution, and H is invertible there
                     assumed, and checked at the solution found, with a warning: a force on each entry at its kink or bound (strict
                       complementarity)
      Stationarity   M ⊙ (2 W − τ 𝟏ᵀ − 2 𝟏 uᵀ) + (1 − M) ⊙ W = 0
                     W 𝟏 − 1 = 0
                     M is 1 on the support, the entries of W above 0, and 0 off it; τ is the multiplier of the simplex, for its sum
      Curvature      H(t_W, t_τ)₁ = M ⊙ (2 t_W − t_τ 𝟏ᵀ) + (1 − M) ⊙ t_W
                     H(t_W, t_τ)₂ = t_W 𝟏
                     H is the system of the face: ∂²g/∂W² in the rows of the support, the identity elsewhere, bordered by the sum
      Adjoint        Hᵀ(v_W, v_τ)₁ = ∂f/∂W = 2 W
                     Hᵀ(v_W, v_τ)₂ = ∂f/∂τ = 0
                     Hᵀ(t_W, t_τ)₁ = t_τ 𝟏ᵀ + (1 − M) ⊙ t_W + 2 M ⊙ t_W
                     Hᵀ(t_W, t_τ)₂ = −(M ⊙ t_W) 𝟏
      Hypergradient  df/du = 2 (M ⊙ v_W)ᵀ 𝟏 + 1
      "
    `);
  });

  it("bounds, one end and both", () => {
    expect(equationsOf(programs.bounds)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(w, z) over u where w minimizes g₁(u, w) and z minimizes g₂(w, z)
                     f = Σᵢ zᵢ + ‖w‖²
                     g₁ = Σᵢ exp(wᵢ) + ‖w − u‖²
                     g₂ = ‖z − w‖²
      Found          g₁ is a smooth function of w; strongly convex, modulus 2
                     w stays at least 0 and at most 1
                     curvature diagonal: no two of the k entries are coupled
                     differentiated on the free entries of w, those not at a bound
                     so there is exactly one solution, and H₁ is invertible there
                     assumed, and checked at the solution found, with a warning: a force on each entry at its kink or bound (strict
                       complementarity)
                     g₂ is quadratic in z; strongly convex, modulus 2
                     z stays at least 0
                     curvature diagonal: no two of the k entries are coupled
                     differentiated on the free entries of z, those not at a bound
                     so there is exactly one solution, and H₂ is invertible there
                     assumed, and checked at the solution found, with a warning: a force on each entry at its kink or bound (strict
                       complementarity)
      Stationarity   (1 − h_w − l_w) ⊙ (exp(w) + 2 w − 2 u) + h_w ⊙ (w − 1) + l_w ⊙ w = 0
                     l_w is 1 in the entries of w at the lower bound, h_w in those at the upper bound, and 0 elsewhere
                     2 (1 − l_z) ⊙ (z − w) + l_z ⊙ z = 0
                     l_z is 1 in the entries of z at the lower bound, and 0 elsewhere
      Curvature      H₁ = diag((1 − h_w − l_w) ⊙ exp(w) − h_w − l_w + 2)
                     H₁ is the system of the face: ∂²g₁/∂w² in the rows of free entries, the identity elsewhere
                     H₂ = diag(2 − l_z)
                     H₂ is the system of the face: ∂²g₂/∂z² in the rows of free entries, the identity elsewhere
      Adjoint        H₁ᵀ v_w = 2 ((1 − l_z) ⊙ v_z + w)
                     on the face, v_w solves the system of the face alone: what is at a kink or bound takes no part in it
                     H₂ᵀ v_z = ∂f/∂z = 1
                     on the face, v_z solves the system of the face alone: what is at a kink or bound takes no part in it
      Hypergradient  df/du = 2 (1 − h_w − l_w) ⊙ v_w
      "
    `);
  });

  it("a ball, with its multiplier", () => {
    expect(equationsOf(programs.ball)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(w) over u where w minimizes g(u, w)
                     f = ‖w − 1‖²
                     g = Σₗ sin(wₗ) + uᵀ w
      Found          g is a smooth function of w; not proved convex
                     w stays in the ball of radius 2
                     curvature dense, of order k + 1
                     differentiated on the ball's boundary where w is on it, its inside elsewhere
                     assumed, and verified at the solution found: H is invertible
                     assumed, and checked at the solution found, with a warning: a force on each entry at its kink or bound (strict
                       complementarity)
                     assumed, and verified at the solution found: a minimum on the face (up to order 600)
      Stationarity   2 τ w + cos(w) + u = 0
                     τ (1 − m) + m (‖w‖² − 4) = 0
                     m is 1 where w is on the ball's boundary, and 0 inside; τ is the multiplier of the ball
      Curvature      H = [diag(2 τ − sin(w)), 2 w; 2 m w, 1 − m]
                     H is the system of the face: ∂²g/∂w² plus twice τ on the diagonal, bordered by the ball
      Adjoint        Hᵀ [v_w; v_τ] = [∂f/∂w; ∂f/∂τ] = [2 (w − 1); 0]
      Hypergradient  df/du = −v_w
      "
    `);
  });

  it("constraints, with their multipliers", () => {
    expect(equationsOf(programs.constrained)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(x) over b where x minimizes g(x) subject to Σₗ xₗ − 1 = 0, A_s x − b ≤ 0
                     f = ‖x‖²
                     g = ‖x − 1‖²
      Found          g is quadratic in x; strongly convex, modulus 2
                     subject to Σₗ xₗ − 1 = 0, A_s x − b ≤ 0
                     curvature dense, of order n + k + 1
                     differentiated on the active constraints, held as equations
                     assumed, and verified at the solution found: H is invertible
                     assumed, and checked at the solution found, with a warning: a force on each active constraint (strict
                       complementarity)
      Stationarity   A_sᵀ μ + ν + 2 x − 2 = 0
                     Σₗ xₗ − 1 = 0
                     m ⊙ (A_s x − b) − (1 − m) ⊙ μ = 0
                     m is 1 where the inequality is active, and 0 where it is slack
                     ν multiplies what is equal to 0
                     μ multiplies what is at most 0
      Curvature      H = [2 I, 1, A_sᵀ; 1, 0, 0; diag(m) A_s, 0, −diag(1 − m)]
                     H is the system of the face: the derivative of the optimality conditions, bordered by that of the active
                       constraints
      Adjoint        Hᵀ [v_x; v_ν; v_μ] = [∂f/∂x; ∂f/∂ν; ∂f/∂μ] = [2 x; 0; 0]
      Hypergradient  df/db = m ⊙ v_μ
      "
    `);
  });
});

describe("paths", () => {
  it("steps of descent with momentum, whose start stands for the point before it, too", () => {
    const program = `
      var w: real
      var m: real
      var y: real[2]
      minimize sum(y) over w, m
      where y minimizes sumsq(y - 1) selected from [w, 0] by descent(steps: 3, rate: 0.1, momentum: m)`;
    expect(equationsOf(program)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(y) over w, m where y minimizes g(y), by 3 steps of descent from w [1; 0] at rate 0.1 and momentum m
                     f = Σᵢ yᵢ
                     g = ‖y − 1‖²
      Found          g is quadratic in y; strongly convex, modulus 2
                     curvature diagonal: no two of the 2 entries are coupled
                     the point meant is the end of 3 steps of descent from w [1; 0] at rate 0.1 and momentum m
                     nothing is assumed of the curvature; how far the end is from a minimiser is reported, not judged
      Path           y(0) = w [1; 0]
                     y(−1) = y(0)
                     y(k + 1) = y(k) − 0.1 ∂g/∂y(y(k)) + m (y(k) − y(k − 1))
                     y = y(3)
                     ∂g/∂y = 2 (y − 1)
      Curvature      H = ∂²g/∂y² = 2 I
      Adjoint        v(3) = ∂f/∂y = 1
                     v(4) = 0
                     v(k) = v(k + 1) − 0.1 H v(k + 1) + m (v(k + 1) − v(k + 2))
      Hypergradient  df/dw = [1; 0]ᵀ (v(0) − m v(1))
                     df/dm = Σₖ (y(k) − y(k − 1))ᵀ v(k + 1)
      "
    `);
  });

  it("steps of descent: the recursion, its adjoint, and what the steps hand on", () => {
    expect(equationsOf(programs.descent)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(θ) over rate where y minimizes g₁(rate, y) and θ minimizes g₂(y, θ), by 10 steps of descent from y at
                       rate rate
                     f = ‖θ‖²
                     g₁ = ‖y − rate‖²
                     g₂ = (1/n) Σᵢ softplus((X_train θ)ᵢ) + yᵀ θ
      Found          g₁ is quadratic in y; strongly convex, modulus 2
                     curvature diagonal: no two of the d entries are coupled
                     so there is exactly one solution, and H₁ is positive definite there: nothing is assumed
                     g₂ is a generalised linear model in X_train θ; convex
                     curvature dense, of order d
                     the point meant is the end of 10 steps of descent from y at rate rate
                     nothing is assumed of the curvature; how far the end is from a minimiser is reported, not judged
      Path           θ(0) = y
                     θ(k + 1) = θ(k) − rate ∂g₂/∂θ(θ(k))
                     θ = θ(10)
                     ∂g₂/∂θ = (1/n) X_trainᵀ s + y
                     where s = σ(X_train θ)
      Stationarity   ∂g₁/∂y = 2 (y − rate) = 0
      Curvature      H₁ = ∂²g₁/∂y² = 2 I
                     H₂ = ∂²g₂/∂θ² = (1/n) X_trainᵀ diag(s ⊙ (1 − s)) X_train
      Adjoint        H₁ v_y = −Σₖ rate v_θ(k + 1) + v_θ(0)
                     v_θ(10) = ∂f/∂θ = 2 θ
                     v_θ(k) = v_θ(k + 1) − rate H₂(θ(k)) v_θ(k + 1)
      Hypergradient  df/drate = 2 Σⱼ v_y[j] − Σₖ ((1/n) X_trainᵀ σ(X_train θ(k)) + y)ᵀ v_θ(k + 1)
      "
    `);
  });

  it("the flow of a quadratic", () => {
    expect(equationsOf(programs.flow)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(θ) over θ₀, w where θ minimizes g(w, θ), by gradient flow from θ₀
                     f = ‖θ − 1‖²
                     g = (1/n) ‖X_train θ − w y_train‖²
      Found          g is quadratic in θ; convex
                     curvature dense, of order d
                     of its minimisers, the one meant is the limit of gradient flow from θ₀
                     H may be singular: what it leaves flat, the path decides
                     assumed, and verified at the end of the path: H has no negative eigenvalue, and its rank is decided there: what is
                       below 10⁻⁹ of the largest counts as flat
      Path           θ(0) = θ₀
                     dθ(τ)/dτ = −∂g/∂θ(θ(τ))
                     θ is the limit of θ(τ) as τ grows
      Stationarity   ∂g/∂θ = (2/n) X_trainᵀ (X_train θ − w y_train) = 0
      Curvature      H = ∂²g/∂θ² = (2/n) X_trainᵀ X_train
      Adjoint        v = H⁺ ∂f/∂θ = H⁺ 2 (θ − 1)
                     p(τ) = (I − H H⁺) ∂f/∂θ
                     the part along the flat directions, which the flow of a quadratic leaves as it is
      Hypergradient  df/dθ₀ = p(0)
                     df/dw = (2/n) y_trainᵀ X_train v + ∫ (2/n) y_trainᵀ X_train p(τ) dτ
      "
    `);
  });

  it("a flow that is followed, from a constant", () => {
    expect(equationsOf(programs.curvedFlow)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(z) over w where z minimizes g(w, z), by gradient flow from where the last outer step ended
                     f = ‖z − 1‖²
                     g = (‖z‖² − exp(w))²
      Found          g is a smooth function of z; not proved convex
                     curvature dense, of order k
                     of its minimisers, the one meant is the limit of gradient flow from where the last outer step ended
                     that start is a constant: nothing is differentiated through it
                     H may be singular: what it leaves flat, the path decides
                     assumed, and verified at the end of the path: H has no negative eigenvalue, and its rank is decided there: what is
                       below 10⁻⁹ of the largest counts as flat
      Path           z(0) is where the last outer step ended
                     dz(τ)/dτ = −∂g/∂z(z(τ))
                     z is the limit of z(τ) as τ grows
      Stationarity   ∂g/∂z = 4 (‖z‖² − exp(w)) z = 0
      Curvature      H = ∂²g/∂z² = 8 z zᵀ + 4 (‖z‖² − exp(w)) I
      Adjoint        v = H⁺ ∂f/∂z = H⁺ 2 (z − 1)
                     dp(τ)/dτ = H(z(τ)) p(τ)
                     p(τ) tends to (I − H H⁺) ∂f/∂z, the part along the flat directions, as τ grows
      Hypergradient  df/dw = 4 exp(w) zᵀ v + ∫ 4 exp(w) z(τ)ᵀ p(τ) dτ
      "
    `);
  });
});

describe("other levels", () => {
  it("a level below a level, through the deeper one's adjoint", () => {
    expect(equationsOf(programs.nested)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(u, y, z) over u where y minimizes g₁(u, y, z) where z minimizes g₂(y, z)
                     f = ‖y + z‖² + ‖u‖²
                     g₁ = ‖y − u‖² + yᵀ z
                     g₂ = Σₗ exp(zₗ) + ‖z − y‖²
      Found          levels that answer each other: nonlinear equations in y, z and μ
                     μ is the adjoint of the deeper level, by which its answer enters the conditions above it
                     curvature dense, of order 3 k
                     assumed, and verified at the solution found: H is invertible
                     assumed, and verified at the solution found: a minimum at each level, with all that answers it following (up to
                       order 600)
      Stationarity   2 μ + 2 y + z − 2 u = 0
                     y − exp(z) ⊙ μ − 2 μ = 0
                     exp(z) − 2 y + 2 z = 0
      Curvature      H = [2 I, 2 I, I; I, −S, −diag(exp(z) ⊙ μ); −2 I, 0, S]
                     where S = diag(exp(z) + 2)
      Adjoint        Hᵀ [v_y; v_μ; v_z] = [∂f/∂y; ∂f/∂μ; ∂f/∂z] = [2 (y + z); 0; 2 (y + z)]
      Hypergradient  df/du = 2 (v_y + u)
      "
    `);
  });

  it("one problem for each task", () => {
    expect(equationsOf(programs.tasks)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(v) over w where v minimizes g(w, v)
                     f = (1/T) ‖v‖²
                     g = Σₜ (((Q ⊙ Q) 𝟏)ₜ + exp(w) ((v ⊙ v) 𝟏)ₜ)
                     where Q = v − y_tasks
      Found          one problem for each task, T of them: solved together, as one batch
                     g is quadratic in v; convex
                     curvature diagonal: no two of the T s entries are coupled
                     assumed, and verified at the solution found: H is positive definite
      Stationarity   ∂g/∂v = 2 (v + exp(w) v − y_tasks) = 0
      Curvature      H(S) = 2 (S + exp(w) S)
      Adjoint        H(V) = ∂f/∂v = (2/T) v
      Hypergradient  df/dw = −2 exp(w) ⟨v, V⟩
      "
    `);
  });

  it("a stopped copy of the unknown", () => {
    expect(equationsOf(programs.stoppedCopy)).toMatchInlineSnapshot(`
      "
      Problem        minimize f(y) over w where y minimizes g(w, y)
                     f = y
                     g = (y − ½ stop(y) − w)²
      Found          the point where y and its stopped copy agree: a linear system of equations
                     curvature diagonal: no two of the 1 entries are coupled
                     assumed, and verified at the solution found: H is invertible
                     assumed, and verified at the solution found: a minimum at each level, with all that answers it following (up to
                       order 600)
      Stationarity   ∂g/∂y = 2 y − stop(y) − 2 w = 0
      Curvature      H = 2
      Adjoint        Hᵀ v = ∂f/∂y = 1
      Hypergradient  df/dw = 2 v
      "
    `);
  });
});

describe("the upper problem", () => {
  it("under constraints, each with a multiplier", () => {
    const told = equationsOf(`
      var w: real[2]
      var y: real[2]
      minimize sumsq(y - 2) over w subject to sum(w) == 1, y <= 0.4
      where y minimizes sumsq(y - w)`);
    expect(told).toContain("over w subject to Σᵢ wᵢ − 1 = 0, y − 0.4 ≤ 0 where");
    expect(told).toContain("plus each upper constraint times its multiplier μ₁, μ₂, a constant");
    expect(told).toContain("df/dw = 2 v + μ₁");
  });
});

describe("a search", () => {
  const planOf = (program: string): string =>
    renderText(explanationOf(`${program}\n    solve { method: grid(points: 5) }`), { width: 200 });

  it("solves its points as a batch where they make a problem of the same kind", () => {
    expect(planOf(programs.ridge)).toContain("points that are tried at once are solved as one batch");
  });

  it("solves them one by one where faces are followed from each", () => {
    const lasso = planOf(`
      var w: real
      var y: real[2]
      minimize sumsq(y - 2) over w where y minimizes sumsq(y - w) + sum(abs(y))`);
    expect(lasso).toContain("points are solved one by one");
  });
});
