"""`python examples_peer.py EXAMPLE WAY FOLDER`: a whole run of an example, ended as soon as the validation loss meets the goal. Each way
gives the loss and its hypergradient at a point; SciPy's L-BFGS-B minimises."""
import json
import os
import sys

import numpy as np
from scipy.optimize import minimize

from protocol import load, say

example, way, folder = sys.argv[1:4]
with open(os.path.join(folder, "settings.json")) as file:
    goal = json.load(file)["goal"]
train, valid = load(folder, "train"), load(folder, "valid")


bound = 12


class Reached(Exception):
    pass


def run(start, loss_and_gradient):
    calls = 0

    def observed(w):
        nonlocal calls
        calls += 1
        value, gradient = loss_and_gradient(w)
        if value <= goal:
            raise Reached(value)
        return float(value), np.asarray(gradient, dtype=float)

    try:
        # Beyond these bounds exp(w) says no more, and only makes the lower level worse conditioned.
        bounds = [(-bound, bound)] * len(start)
        options = {"maxiter": 2000, "maxcor": 20, "ftol": 0, "gtol": 0}
        reached = minimize(observed, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).fun
        sys.exit(f"it ends at {reached}, above the goal {goal}, after {calls} evaluations")
    except Reached as end:
        say({"value": float(end.args[0])})


def conjugate_gradients(apply, b, dot, tolerance=1e-8):
    x, r, d = 0 * b, b, b
    rho = dot(b, b)
    enough = rho * tolerance**2
    for _ in range(10_000):
        if rho <= enough:
            break
        q = apply(d)
        alpha = rho / dot(d, q)
        x, r = x + alpha * d, r - alpha * q
        rho, before = dot(r, r), rho
        d = r + (rho / before) * d
    return x


def torch_tensors(table):
    import torch

    torch.set_default_dtype(torch.float64)
    return {field: torch.from_numpy(values) for field, values in table.items()}


def torch_lbfgs(loss, unknown):
    import torch

    solver = torch.optim.LBFGS(
        [unknown], max_iter=500, tolerance_grad=1e-8, tolerance_change=0.0, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure():
        solver.zero_grad()
        value = loss(unknown)
        value.backward()
        return value

    solver.step(closure)


def implicit_in_torch(inner, outer, unknown):
    """unknown is warm-started; products with the Hessian by autograd."""
    import torch

    def loss_and_gradient(w):
        w = torch.tensor(w, requires_grad=True)
        torch_lbfgs(lambda y: inner(y, w.detach()), unknown)
        (gradient,) = torch.autograd.grad(inner(unknown, w), unknown, create_graph=True)
        value = outer(unknown)
        (rhs,) = torch.autograd.grad(value, unknown)
        v = conjugate_gradients(
            lambda t: torch.autograd.grad(gradient, unknown, t, retain_graph=True)[0], rhs, lambda a, b: torch.sum(a * b)
        )
        return value.item(), torch.autograd.grad(gradient, w, -v)[0].numpy()

    return loss_and_gradient


def jax_with_x64():
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    return jax


def implicit_in_jaxopt(inner, outer, start):
    """jaxopt's L-BFGS, differentiated implicitly, warm-started; one compiled function."""
    jax = jax_with_x64()
    import jaxopt

    solver = jaxopt.LBFGS(inner, tol=1e-8, maxiter=500, history_size=20, implicit_diff=True)

    def value_of(w, y):
        y = solver.run(y, w).params
        return outer(y), y

    compiled = jax.jit(jax.value_and_grad(value_of, has_aux=True))
    last = start

    def loss_and_gradient(w):
        nonlocal last
        (value, last), gradient = compiled(w, last)
        return value, gradient

    return loss_and_gradient


def ridge():
    X, y, Xv, yv = train["X"], train["y"], valid["X"], valid["y"]
    n, d = X.shape
    m = len(yv)
    start = np.full(d, -4.0)
    if way == "numpy":
        from scipy.linalg import cho_factor, cho_solve

        gram, moment = X.T @ X * (2 / n), X.T @ y * (2 / n)

        def loss_and_gradient(w):
            penalty = np.exp(w)
            factor = cho_factor(gram + np.diag(2 * penalty))
            theta = cho_solve(factor, moment)
            r = Xv @ theta - yv
            v = cho_solve(factor, Xv.T @ r * (2 / m))
            return r @ r / m, -2 * penalty * theta * v

    elif way == "torch":
        import torch

        tensors, tensors_v = torch_tensors(train), torch_tensors(valid)
        gram = tensors["X"].T @ tensors["X"] * (2 / n)
        moment = tensors["X"].T @ tensors["y"] * (2 / n)

        def loss_and_gradient(w):
            w = torch.tensor(w, requires_grad=True)
            theta = torch.linalg.solve(gram + torch.diag(2 * torch.exp(w)), moment)
            value = torch.mean((tensors_v["X"] @ theta - tensors_v["y"]) ** 2)
            return value.item(), torch.autograd.grad(value, w)[0].numpy()

    else:
        jax = jax_with_x64()
        import jax.numpy as jnp

        gram, moment = X.T @ X * (2 / n), X.T @ y * (2 / n)

        @jax.jit
        @jax.value_and_grad
        def loss_and_gradient(w):
            theta = jnp.linalg.solve(gram + jnp.diag(2 * jnp.exp(w)), moment)
            return jnp.mean((Xv @ theta - yv) ** 2)

    run(start, loss_and_gradient)


def logistic():
    """The last entry of the unknown is the intercept, with its own small penalty."""
    one = {name: np.hstack([table["X"], np.ones((len(table["X"]), 1))]) for name, table in (("train", train), ("valid", valid))}
    X, Xv = one["train"], one["valid"]
    sign, sign_v = 2 * train["benign"] - 1, 2 * valid["benign"] - 1
    n, d = X.shape
    start = np.full(d - 1, -3.0)
    if way == "numpy":
        from scipy.linalg import cho_factor, cho_solve
        from scipy.special import expit

        theta = np.zeros(d)

        def objective(theta, penalty):
            return np.mean(np.logaddexp(0, -sign * (X @ theta))) + 0.5 * penalty @ theta**2

        def loss_and_gradient(w):
            nonlocal theta
            penalty = np.append(np.exp(w), 2e-4)
            value = objective(theta, penalty)
            for _ in range(50):
                p = expit(-sign * (X @ theta))
                gradient = X.T @ (-sign * p) / n + penalty * theta
                factor = cho_factor((X.T * (p * (1 - p) / n)) @ X + np.diag(penalty))
                step = cho_solve(factor, gradient)
                if gradient @ step <= 1e-20:
                    break
                rate = 1.0
                while (after := objective(theta - rate * step, penalty)) > value and rate > 1e-6:
                    rate /= 2
                theta, value = theta - rate * step, after
            margin = -sign_v * (Xv @ theta)
            v = cho_solve(factor, Xv.T @ (-sign_v * expit(margin)) / len(sign_v))
            return np.mean(np.logaddexp(0, margin)), -(penalty * theta * v)[:-1]

    elif way == "torch":
        import torch
        from torch.nn.functional import softplus

        X, Xv, sign, sign_v = torch_tensors(dict(a=X, b=Xv, c=sign, d=sign_v)).values()

        def inner(theta, w):
            penalty = 0.5 * torch.sum(torch.exp(w) * theta[:-1] ** 2) + 1e-4 * theta[-1] ** 2
            return torch.mean(softplus(-sign * (X @ theta))) + penalty

        theta = torch.zeros(d)

        def loss_and_gradient(w):
            nonlocal theta
            w = torch.tensor(w, requires_grad=True)
            for _ in range(50):
                gradient = torch.func.grad(inner)(theta, w.detach())
                curvature = torch.func.hessian(inner)(theta, w.detach())
                step = torch.linalg.solve(curvature, gradient)
                if gradient @ step <= 1e-20:
                    break
                rate, value = 1.0, inner(theta, w.detach())
                while inner(theta - rate * step, w.detach()) > value and rate > 1e-6:
                    rate /= 2
                theta = theta - rate * step
            point = theta.clone().requires_grad_()
            value = torch.mean(softplus(-sign_v * (Xv @ point)))
            v = torch.linalg.solve(curvature, torch.autograd.grad(value, point)[0])
            (slope,) = torch.autograd.grad(inner(point, w), point, create_graph=True)
            return value.item(), torch.autograd.grad(slope, w, -v)[0].numpy()

    else:
        jax = jax_with_x64()
        import jax.numpy as jnp
        from jaxopt import implicit_diff, linear_solve

        def inner(theta, w):
            penalty = 0.5 * jnp.sum(jnp.exp(w) * theta[:-1] ** 2) + 1e-4 * theta[-1] ** 2
            return jnp.mean(jax.nn.softplus(-sign * (X @ theta))) + penalty

        @implicit_diff.custom_root(jax.grad(inner), solve=linear_solve.solve_lu)
        def newton(start, w):
            def move(state):
                theta, _, k = state
                gradient = jax.grad(inner)(theta, w)
                step = jnp.linalg.solve(jax.hessian(inner)(theta, w), gradient)
                rate = jax.lax.while_loop(
                    lambda r: (inner(theta - r * step, w) > inner(theta, w)) & (r > 1e-6), lambda r: r / 2, 1.0
                )
                return theta - rate * step, gradient @ step, k + 1

            return jax.lax.while_loop(lambda state: (state[1] > 1e-20) & (state[2] < 50), move, (start, jnp.inf, 0))[0]

        def value_of(w, start):
            theta = newton(start, w)
            return jnp.mean(jax.nn.softplus(-sign_v * (Xv @ theta))), theta

        compiled, theta = jax.jit(jax.value_and_grad(value_of, has_aux=True)), jnp.zeros(d)

        def loss_and_gradient(w):
            nonlocal theta
            (value, theta), gradient = compiled(w, theta)
            return value, gradient

    run(start, loss_and_gradient)


def lasso():
    X, y, Xv, yv = train["X"], train["y"], valid["X"], valid["y"]
    n, d = X.shape
    m = len(yv)
    if way == "scikit-learn":
        from sklearn.linear_model import Lasso

        solver = Lasso(fit_intercept=False, warm_start=True, tol=1e-12, max_iter=100_000)

        def loss_and_gradient(w):
            solver.alpha = float(np.exp(w[0]))
            b = solver.fit(X, y).coef_
            r = Xv @ b - yv
            support = b != 0
            Xs = X[:, support]
            db = -solver.alpha * n * np.linalg.solve(Xs.T @ Xs, np.sign(b[support]))
            return r @ r / m, [2 / m * (r @ Xv[:, support]) @ db]

    else:
        jax = jax_with_x64()
        import jax.numpy as jnp
        import jaxopt

        def smooth(b):
            return 0.5 * jnp.mean((X @ b - y) ** 2)

        solver = jaxopt.ProximalGradient(smooth, prox=jaxopt.prox.prox_lasso, tol=1e-9, maxiter=10_000, implicit_diff=True)

        @jax.jit
        @jax.value_and_grad
        def loss_and_gradient(w):
            b = solver.run(jnp.zeros(d), hyperparams_prox=jnp.exp(w[0])).params
            return jnp.mean((Xv @ b - yv) ** 2)

    run(np.array([-4.0]), loss_and_gradient)


def cleaning():
    x, xv = train["x"] / 16, valid["x"] / 16
    label, label_v = train["label"].astype(int), valid["label"].astype(int)
    (n, d), k = x.shape, 10
    start = np.zeros(n)
    if way == "numpy":
        from scipy.special import expit, softmax

        Y, Yv = np.eye(k)[label], np.eye(k)[label_v]
        W = np.zeros((d, k))

        def loss_and_gradient(w):
            nonlocal W
            s = expit(w)
            weight = (s / n)[:, None]

            def inner(flat):
                V = flat.reshape(d, k)
                logits = x @ V
                top = logits.max(1, keepdims=True)
                e = np.exp(logits - top)
                total = e.sum(1, keepdims=True)
                losses = np.log(total) + top - np.sum(logits * Y, 1, keepdims=True)
                value = np.sum(weight * losses) + 1e-3 * np.sum(V * V)
                return value, (x.T @ (weight * (e / total - Y)) + 2e-3 * V).ravel()

            found = minimize(inner, W.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 1000, "maxcor": 20, "ftol": 0, "gtol": 1e-8})
            W = found.x.reshape(d, k)
            P, Pv = softmax(x @ W, 1), softmax(xv @ W, 1)

            def curvature(T):
                U = P * (x @ T)
                U -= P * U.sum(1, keepdims=True)
                return x.T @ (weight * U) + 2e-3 * T

            v = conjugate_gradients(curvature, xv.T @ ((Pv - Yv) / len(label_v)), np.vdot)
            return -np.mean(np.log(np.sum(Pv * Yv, 1))), -s * (1 - s) / n * np.sum((P - Y) * (x @ v), 1)

    elif way == "torch":
        import torch
        from torch.nn.functional import cross_entropy

        x, xv = torch_tensors(dict(a=x, b=xv)).values()
        label, label_v = torch.from_numpy(label), torch.from_numpy(label_v)

        def inner(W, w):
            return torch.mean(torch.sigmoid(w) * cross_entropy(x @ W, label, reduction="none")) + 1e-3 * torch.sum(W**2)

        unknown = torch.zeros(d, k, requires_grad=True)
        loss_and_gradient = implicit_in_torch(inner, lambda W: cross_entropy(xv @ W, label_v), unknown)
    else:
        jax = jax_with_x64()
        import jax.numpy as jnp

        def losses(W, x, label):
            return -jnp.take_along_axis(jax.nn.log_softmax(x @ W), label[:, None], 1)[:, 0]

        def inner(W, w):
            return jnp.mean(jax.nn.sigmoid(w) * losses(W, x, label)) + 1e-3 * jnp.sum(W**2)

        loss_and_gradient = implicit_in_jaxopt(inner, lambda W: jnp.mean(losses(W, xv, label_v)), jnp.zeros((d, k)))
    run(start, loss_and_gradient)


{"ridge": ridge, "logistic": logistic, "lasso": lasso, "cleaning": cleaning}[example]()
