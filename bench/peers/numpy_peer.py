"""By hand, in NumPy and SciPy: derivatives written out, matrix products by their BLAS."""
import numpy as np
import scipy
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from protocol import load, serve


def conjugate_gradients(apply, b, iterations):
    x, r = np.zeros_like(b), b.copy()
    d, rho = r.copy(), np.vdot(b, b)
    for _ in range(iterations):
        q = apply(d)
        alpha = rho / np.vdot(d, q)
        x += alpha * d
        r -= alpha * q
        rho, before = np.vdot(r, r), rho
        d *= rho / before
        d += r
    return x


def logistic(folder, s):
    train, valid = load(folder, "train"), load(folder, "valid")
    X, y, Xv, yv = train["X"], train["y"], valid["X"], valid["y"]
    penalty = np.exp(np.full(s.d, -3.0))

    def gradient(theta):
        return X.T @ (-y / s.n * expit(-y * (X @ theta))) + penalty * theta

    def run():
        theta = np.zeros(s.d)
        for _ in range(s.steps):
            theta -= s.rate * gradient(theta)
        p = expit(X @ theta)
        weights = p * (1 - p) / s.n
        margin = -yv * (Xv @ theta)
        rhs = Xv.T @ (-yv / s.m * expit(margin))
        v = conjugate_gradients(lambda t: X.T @ (weights * (X @ t)) + penalty * t, rhs, s.cg)
        residual = np.linalg.norm(gradient(theta)) / np.linalg.norm(gradient(np.zeros(s.d)))
        return np.mean(np.logaddexp(0, margin)), -penalty * theta * v, residual

    return run


def ridge_from(folder, s, hoisted):
    train, valid = load(folder, "train"), load(folder, "valid")
    X, y, Xv, yv = train["X"], train["y"], valid["X"], valid["y"]
    penalty = np.exp(np.full(s.d, -3.0))
    known = (X.T @ X) * (2 / s.n) if hoisted else None

    def run():
        H = (X.T @ X) * (2 / s.n) if known is None else known.copy()
        H[np.diag_indices(s.d)] += 2 * penalty
        factor = cho_factor(H, overwrite_a=True, check_finite=False)
        theta = cho_solve(factor, X.T @ y * (2 / s.n), check_finite=False)
        rv = Xv @ theta - yv
        v = cho_solve(factor, Xv.T @ rv * (2 / s.m), check_finite=False)
        return rv @ rv / s.m, -2 * penalty * theta * v, None

    return run


def mlp(folder, s):
    batch = load(folder, "batch")
    X, y = batch["X"], batch["y"]
    start = [load(folder, name)["W"] for name in ("first", "second", "third")]

    def run():
        W1, W2, w3 = (W.copy() for W in start)
        b1, b2, b3 = np.zeros(s.h), np.zeros(s.h), 0.0
        for _ in range(s.steps):
            h1 = np.tanh(X @ W1 + b1)
            h2 = np.tanh(h1 @ W2 + b2)
            r = (2 / s.n) * (h2 @ w3 + b3 - y)
            d2 = np.outer(r, w3) * (1 - h2 * h2)
            d1 = (d2 @ W2.T) * (1 - h1 * h1)
            w3 -= s.rate * (h2.T @ r)
            b3 -= s.rate * r.sum()
            W2 -= s.rate * (h1.T @ d2)
            b2 -= s.rate * d2.sum(0)
            W1 -= s.rate * (X.T @ d1)
            b1 -= s.rate * d1.sum(0)
        r = np.tanh(np.tanh(X @ W1 + b1) @ W2 + b2) @ w3 + b3 - y
        return np.mean(r**2), np.concatenate([np.ravel(p) for p in (W1, b1, W2, b2, w3, b3)]), None

    return run


def product(folder, s):
    pair = load(folder, "pair")

    def run():
        C = pair["A"] @ pair["B"]
        return C[0, 0], C[0], None

    return run


def softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def cleaning(folder, s):
    train, valid = load(folder, "train"), load(folder, "valid")
    x, xv = train["x"], valid["x"]
    Y, Yv = (np.eye(s.k)[table["label"].astype(int)] for table in (train, valid))
    weight = np.full((s.n, 1), 0.5 / s.n)

    def gradient(W):
        return x.T @ (weight * (softmax(x @ W) - Y)) + 2e-3 * W

    def run():
        W = np.zeros((s.d, s.k))
        for _ in range(s.steps):
            W -= s.rate * gradient(W)
        P = softmax(x @ W)

        def curvature(T):
            U = P * (x @ T)
            U -= P * U.sum(1, keepdims=True)
            U *= weight
            return x.T @ U + 2e-3 * T

        Pv = softmax(xv @ W)
        v = conjugate_gradients(curvature, xv.T @ ((Pv - Yv) / s.m), s.cg)
        # The derivative of σ(0) is ¼.
        result = -0.25 / s.n * np.sum((P - Y) * (x @ v), 1)
        residual = np.linalg.norm(gradient(W)) / np.linalg.norm(gradient(np.zeros_like(W)))
        return -np.mean(np.log(np.sum(Pv * Yv, 1))), result, residual

    return run


serve(
    {
        ("logistic", "by hand"): logistic,
        ("ridge", "first point"): lambda folder, s: ridge_from(folder, s, False),
        ("ridge", "next point"): lambda folder, s: ridge_from(folder, s, True),
        ("mlp", "by hand"): mlp,
        ("product", "matmul"): product,
        ("cleaning", "by hand"): cleaning,
    },
    {"numpy": np.__version__, "scipy": scipy.__version__},
)
