"""JAX on the CPU, one compiled function a repetition: by hand, by automatic differentiation, and by jaxopt's implicit differentiation."""
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from protocol import load, serve

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def arrays(folder, name):
    return {field: jnp.asarray(values) for field, values in load(folder, name).items()}


def conjugate_gradients(apply, b, iterations):
    def step(_, state):
        x, r, d, rho = state
        q = apply(d)
        alpha = rho / jnp.vdot(d, q)
        x, r = x + alpha * d, r - alpha * q
        after = jnp.vdot(r, r)
        return x, r, r + (after / rho) * d, after

    return jax.lax.fori_loop(0, iterations, step, (jnp.zeros_like(b), b, b, jnp.vdot(b, b)))[0]


def repeated(compute, *given):
    """Data are arguments: as constants they would be folded at compile time."""
    compiled = jax.jit(compute)

    def run():
        return jax.block_until_ready(compiled(*given))

    return run


def implicit(inner, outer, start, w, s, data):
    """inner(y, w, data), outer(y, data); descent from `start`, then dF/dw by conjugate gradients."""

    def compute(w, data):
        slope = jax.grad(inner)
        y = jax.lax.fori_loop(0, s.steps, lambda _, y: y - s.rate * slope(y, w, data), start)
        value, rhs = jax.value_and_grad(outer)(y, data)
        v = conjugate_gradients(lambda t: jax.jvp(lambda z: slope(z, w, data), (y,), (t,))[1], rhs, s.cg)
        (result,) = jax.vjp(lambda w: slope(y, w, data), w)[1](-v)
        return value, result, jnp.linalg.norm(slope(y, w, data)) / jnp.linalg.norm(slope(start, w, data))

    return repeated(compute, w, data)


def by_jaxopt(inner, outer, start, w, s, data):
    import jaxopt

    solve = partial(jaxopt.linear_solve.solve_cg, maxiter=s.cg, tol=0.0)

    def value_of(w, data):
        solver = jaxopt.GradientDescent(
            inner, stepsize=s.rate, maxiter=s.steps, tol=0.0, acceleration=False, implicit_diff=True, implicit_diff_solve=solve
        )
        y = solver.run(start, w, data).params
        return outer(y, data), y

    def compute(w, data):
        (value, y), result = jax.value_and_grad(value_of, has_aux=True)(w, data)
        slope = jax.grad(inner)
        return value, result, jnp.linalg.norm(slope(y, w, data)) / jnp.linalg.norm(slope(start, w, data))

    return repeated(compute, w, data)


def logistic(folder, s, way):
    data = arrays(folder, "train"), arrays(folder, "valid")

    def inner(theta, w, data):
        X, y = data[0]["X"], data[0]["y"]
        return jnp.mean(jax.nn.softplus(-y * (X @ theta))) + 0.5 * jnp.sum(jnp.exp(w) * theta**2)

    def outer(theta, data):
        return jnp.mean(jax.nn.softplus(-data[1]["y"] * (data[1]["X"] @ theta)))

    return way(inner, outer, jnp.zeros(s.d), jnp.full(s.d, -3.0), s, data)


def logistic_by_hand(folder, s):
    data = arrays(folder, "train"), arrays(folder, "valid")

    def compute(data):
        (X, y), (Xv, yv) = ((table["X"], table["y"]) for table in data)
        penalty = jnp.exp(jnp.full(s.d, -3.0))

        def gradient(theta):
            return X.T @ (-y / s.n * jax.nn.sigmoid(-y * (X @ theta))) + penalty * theta

        start = jnp.zeros(s.d)
        theta = jax.lax.fori_loop(0, s.steps, lambda _, theta: theta - s.rate * gradient(theta), start)
        p = jax.nn.sigmoid(X @ theta)
        weights = p * (1 - p) / s.n
        margin = -yv * (Xv @ theta)
        rhs = Xv.T @ (-yv / s.m * jax.nn.sigmoid(margin))
        v = conjugate_gradients(lambda t: X.T @ (weights * (X @ t)) + penalty * t, rhs, s.cg)
        residual = jnp.linalg.norm(gradient(theta)) / jnp.linalg.norm(gradient(start))
        return jnp.mean(jax.nn.softplus(margin)), -penalty * theta * v, residual

    return repeated(compute, data)


def ridge_from(folder, s, hoisted):
    train, valid = arrays(folder, "train"), arrays(folder, "valid")
    penalty = jnp.exp(jnp.full(s.d, -3.0))

    def compute(X, y, Xv, yv, known):
        H = ((X.T @ X) * (2 / s.n) if known is None else known) + jnp.diag(2 * penalty)
        factor = jax.scipy.linalg.cho_factor(H)
        theta = jax.scipy.linalg.cho_solve(factor, X.T @ y * (2 / s.n))
        rv = Xv @ theta - yv
        v = jax.scipy.linalg.cho_solve(factor, Xv.T @ rv * (2 / s.m))
        return rv @ rv / s.m, -2 * penalty * theta * v, None

    X = train["X"]
    return repeated(compute, X, train["y"], valid["X"], valid["y"], (X.T @ X) * (2 / s.n) if hoisted else None)


def mlp(folder, s):
    batch = arrays(folder, "batch")
    W1, W2, w3 = (arrays(folder, name)["W"] for name in ("first", "second", "third"))
    start = [W1, jnp.zeros(s.h), W2, jnp.zeros(s.h), w3, jnp.zeros(())]

    def loss(parameters, X, y):
        W1, b1, W2, b2, w3, b3 = parameters
        return jnp.mean((jnp.tanh(jnp.tanh(X @ W1 + b1) @ W2 + b2) @ w3 + b3 - y) ** 2)

    def compute(parameters, X, y):
        def step(_, parameters):
            return [p - s.rate * g for p, g in zip(parameters, jax.grad(loss)(parameters, X, y))]

        parameters = jax.lax.fori_loop(0, s.steps, step, parameters)
        return loss(parameters, X, y), jnp.concatenate([p.ravel() for p in parameters]), None

    return repeated(compute, start, batch["X"], batch["y"])


def product(folder, s):
    pair = arrays(folder, "pair")

    def compute(A, B):
        return A @ B

    multiply = repeated(compute, pair["A"], pair["B"])

    def run():
        C = multiply()
        return C[0, 0], C[0], None

    return run


def cleaning(folder, s, way):
    data = [
        {"x": table["x"], "label": table["label"].astype(int)} for table in (arrays(folder, "train"), arrays(folder, "valid"))
    ]

    def losses(W, table):
        return -jnp.take_along_axis(jax.nn.log_softmax(table["x"] @ W), table["label"][:, None], 1)[:, 0]

    def inner(W, w, data):
        return jnp.mean(jax.nn.sigmoid(w) * losses(W, data[0])) + 1e-3 * jnp.sum(W**2)

    def outer(W, data):
        return jnp.mean(losses(W, data[1]))

    return way(inner, outer, jnp.zeros((s.d, s.k)), jnp.zeros(s.n), s, data)


def penalised(X, y, theta, w):
    return jnp.mean(jax.nn.softplus(-y * (X @ theta))) + 0.5 * jnp.sum(jnp.exp(w) * theta**2)


def validated(X, y, theta):
    return jnp.mean(jax.nn.softplus(-y * (X @ theta)))


def soba(folder, s, compiled_loop):
    """A step a call, as a training loop in Python has it, or all steps within one compiled loop."""
    data = arrays(folder, "train"), arrays(folder, "valid")

    def step(t, state, data):
        key, w, theta, v = state
        key, below, above = jax.random.split(key, 3)
        train, valid = data
        rows = jax.random.randint(below, (64,), 0, s.n)
        X, y = train["X"][rows], train["y"][rows]
        rows = jax.random.randint(above, (64,), 0, s.m)
        slope, pullback = jax.vjp(lambda theta, w: jax.grad(lambda z: penalised(X, y, z, w))(theta), theta, w)
        product, cross = pullback(v)
        pull = jax.grad(lambda z: validated(valid["X"][rows], valid["y"][rows], z))(theta)
        rate = 1 / jnp.sqrt(t + 1.0)
        return (
            key,
            w + s.outer * rate * cross,
            theta - s.inner * rate * slope,
            v - s.inner * rate * (product - pull),
        )

    start = jax.random.key(0), jnp.full(s.d, -3.0), jnp.zeros(s.d), jnp.zeros(s.d)
    loop = jax.jit(lambda state, data: jax.lax.fori_loop(0, s.steps, lambda t, state: step(t, state, data), state))
    once = jax.jit(step)

    def run():
        state = start
        if compiled_loop:
            state = loop(state, data)
        else:
            for t in range(s.steps):
                state = once(t, state, data)
        _, w, theta, _ = jax.block_until_ready(state)
        return validated(data[1]["X"], data[1]["y"], theta), w, None

    return run


def to_target(folder, s, inner_solver):
    """SciPy's L-BFGS with jaxopt's gradient, each lower level from where the last one ended, until the target is met."""
    import jaxopt
    from scipy.optimize import minimize

    data = arrays(folder, "train"), arrays(folder, "valid")
    solver = inner_solver(jaxopt, lambda theta, w, data: penalised(data["X"], data["y"], theta, w), s)

    @jax.jit
    def evaluate(w, theta, data):
        def value(w):
            solution = solver.run(theta, w, data[0]).params
            return validated(data[1]["X"], data[1]["y"], solution), solution

        return jax.value_and_grad(value, has_aux=True)(w)

    class Reached(Exception):
        pass

    def run():
        theta = jnp.zeros(s.d)

        def fun(w):
            nonlocal theta
            (value, theta), slope = evaluate(w, theta, data)
            if value <= s.target:
                raise Reached(value, w)
            return float(value), np.asarray(slope)

        try:
            value = minimize(fun, np.full(s.d, -3.0), jac=True, method="L-BFGS-B").fun
        except Reached as reached:
            return *reached.args, None
        raise RuntimeError(f"it ended at {value}, above {s.target}")

    return run



def implicitly(jaxopt, inner, s):
    return jaxopt.LBFGS(inner, maxiter=100, tol=1e-4, implicit_diff=True)


def unrolled(jaxopt, inner, s):
    return jaxopt.GradientDescent(inner, stepsize=s.inner, maxiter=100, tol=0.0, implicit_diff=False, unroll=True)


serve(
    {
        ("logistic", "by hand"): logistic_by_hand,
        ("logistic", "autodiff"): lambda folder, s: logistic(folder, s, implicit),
        ("logistic", "jaxopt"): lambda folder, s: logistic(folder, s, by_jaxopt),
        ("ridge", "first point"): lambda folder, s: ridge_from(folder, s, False),
        ("ridge", "next point"): lambda folder, s: ridge_from(folder, s, True),
        ("mlp", "autodiff"): mlp,
        ("product", "matmul"): product,
        ("cleaning", "autodiff"): lambda folder, s: cleaning(folder, s, implicit),
        ("cleaning", "jaxopt"): lambda folder, s: cleaning(folder, s, by_jaxopt),
        ("stochastic", "soba, a call a step"): lambda folder, s: soba(folder, s, False),
        ("stochastic", "soba, a compiled loop"): lambda folder, s: soba(folder, s, True),
        ("stochastic", "jaxopt, implicit"): lambda folder, s: to_target(folder, s, implicitly),
        ("stochastic", "jaxopt, unrolled"): lambda folder, s: to_target(folder, s, unrolled),
    },
    {"jax": jax.__version__},
)
