"""PyTorch on the CPU: by hand on tensors without autograd, and by autograd; implicit differentiation by TorchOpt."""
import torch
from torch.nn.functional import cross_entropy, softplus

from protocol import load, serve

torch.set_default_dtype(torch.float64)


def tensors(folder, name):
    return {field: torch.from_numpy(values) for field, values in load(folder, name).items()}


def conjugate_gradients(apply, b, iterations):
    x, r = torch.zeros_like(b), b.clone()
    d, rho = r.clone(), torch.sum(b * b)
    for _ in range(iterations):
        q = apply(d)
        alpha = rho / torch.sum(d * q)
        x += alpha * d
        r -= alpha * q
        rho, before = torch.sum(r * r), rho
        d.mul_(rho / before).add_(r)
    return x


def implicit(inner, outer, start, w, s):
    """Descent from `start`, then dF/dw by conjugate gradients on products with the Hessian, all derivatives by autograd."""

    def run():
        y = start.clone().requires_grad_()
        slope = torch.linalg.vector_norm(torch.autograd.grad(inner(y, w), y)[0])
        for _ in range(s.steps):
            (gradient,) = torch.autograd.grad(inner(y, w.detach()), y)
            with torch.no_grad():
                y -= s.rate * gradient
        (gradient,) = torch.autograd.grad(inner(y, w), y, create_graph=True)
        value = outer(y)
        (rhs,) = torch.autograd.grad(value, y)
        v = conjugate_gradients(lambda t: torch.autograd.grad(gradient, y, t, retain_graph=True)[0], rhs, s.cg)
        (result,) = torch.autograd.grad(gradient, w, -v)
        return value.detach(), result, torch.linalg.vector_norm(gradient.detach()) / slope

    return run


def logistic_problem(folder, s):
    train, valid = tensors(folder, "train"), tensors(folder, "valid")
    X, y, Xv, yv = train["X"], train["y"], valid["X"], valid["y"]

    def inner(theta, w):
        return softplus(-y * (X @ theta)).mean() + 0.5 * torch.sum(torch.exp(w) * theta**2)

    def outer(theta):
        return softplus(-yv * (Xv @ theta)).mean()

    return inner, outer, torch.zeros(s.d), torch.full((s.d,), -3.0, requires_grad=True)


def logistic_autograd(folder, s):
    return implicit(*logistic_problem(folder, s), s)


def logistic_by_hand(folder, s):
    train, valid = tensors(folder, "train"), tensors(folder, "valid")
    X, y, Xv, yv = train["X"], train["y"], valid["X"], valid["y"]
    penalty = torch.exp(torch.full((s.d,), -3.0))
    Xt, scaled = X.T, -y / s.n

    def gradient(theta):
        return Xt @ (scaled * torch.sigmoid(-y * (X @ theta))) + penalty * theta

    def step(theta):
        return theta - s.rate * gradient(theta)

    def product(weights, t):
        return Xt @ (weights * (X @ t)) + penalty * t

    @torch.no_grad()
    def run():
        theta = torch.zeros(s.d)
        for _ in range(s.steps):
            theta = step(theta)
        p = torch.sigmoid(X @ theta)
        weights = p * (1 - p) / s.n
        margin = -yv * (Xv @ theta)
        rhs = Xv.T @ (-yv / s.m * torch.sigmoid(margin))
        v = conjugate_gradients(lambda t: product(weights, t), rhs, s.cg)
        residual = torch.linalg.vector_norm(gradient(theta)) / torch.linalg.vector_norm(gradient(torch.zeros(s.d)))
        return softplus(margin).mean(), -penalty * theta * v, residual

    return run


def logistic_torchopt(folder, s):
    import torchopt

    inner, outer, start, w = logistic_problem(folder, s)

    class Lower(torchopt.nn.ImplicitMetaGradientModule, linear_solve=torchopt.linear_solve.solve_cg(maxiter=s.cg, rtol=0.0, atol=0.0)):
        def __init__(self, w):
            super().__init__()
            self.w = w
            self.y = torch.nn.Parameter(start.clone())

        def objective(self):
            return inner(self.y, self.w)

        def solve(self):
            for _ in range(s.steps):
                with torch.enable_grad():
                    (gradient,) = torch.autograd.grad(self.objective(), self.y)
                with torch.no_grad():
                    self.y -= s.rate * gradient
            return self

    def run():
        w.grad = None
        lower = Lower(w)
        lower.solve()
        value = outer(lower.y)
        value.backward()
        return value.detach(), w.grad, None

    return run


def ridge_from(folder, s, hoisted):
    train, valid = tensors(folder, "train"), tensors(folder, "valid")
    X, y, Xv, yv = train["X"], train["y"], valid["X"], valid["y"]
    penalty = torch.exp(torch.full((s.d,), -3.0))
    known = (X.T @ X) * (2 / s.n) if hoisted else None

    @torch.no_grad()
    def run():
        H = (X.T @ X) * (2 / s.n) if known is None else known.clone()
        H.diagonal().add_(2 * penalty)
        L = torch.linalg.cholesky(H)
        theta = torch.cholesky_solve((X.T @ y * (2 / s.n)).unsqueeze(1), L).squeeze(1)
        rv = Xv @ theta - yv
        v = torch.cholesky_solve((Xv.T @ rv * (2 / s.m)).unsqueeze(1), L).squeeze(1)
        return rv @ rv / s.m, -2 * penalty * theta * v, None

    return run


def ridge_autograd(folder, s):
    train, valid = tensors(folder, "train"), tensors(folder, "valid")
    X, y, Xv, yv = train["X"], train["y"], valid["X"], valid["y"]

    def run():
        w = torch.full((s.d,), -3.0, requires_grad=True)
        H = (X.T @ X) * (2 / s.n) + torch.diag(2 * torch.exp(w))
        theta = torch.cholesky_solve((X.T @ y * (2 / s.n)).unsqueeze(1), torch.linalg.cholesky(H)).squeeze(1)
        value = torch.mean((Xv @ theta - yv) ** 2)
        value.backward()
        return value.detach(), w.grad, None

    return run


def mlp(folder, s):
    batch = tensors(folder, "batch")
    X, y = batch["X"], batch["y"]
    start = [tensors(folder, name)["W"] for name in ("first", "second", "third")]

    def loss(W1, b1, W2, b2, w3, b3):
        return torch.mean((torch.tanh(torch.tanh(X @ W1 + b1) @ W2 + b2) @ w3 + b3 - y) ** 2)

    def run():
        W1, W2, w3 = (W.clone() for W in start)
        parameters = [W1, torch.zeros(s.h), W2, torch.zeros(s.h), w3, torch.zeros(())]
        for parameter in parameters:
            parameter.requires_grad_()
        for _ in range(s.steps):
            gradients = torch.autograd.grad(loss(*parameters), parameters)
            with torch.no_grad():
                torch._foreach_add_(parameters, gradients, alpha=-s.rate)
        with torch.no_grad():
            return loss(*parameters), torch.cat([p.ravel() for p in parameters]), None

    return run


def mlp_by_hand(folder, s):
    batch = tensors(folder, "batch")
    X, y = batch["X"], batch["y"]
    start = [tensors(folder, name)["W"] for name in ("first", "second", "third")]

    @torch.no_grad()
    def run():
        W1, W2, w3 = (W.clone() for W in start)
        b1, b2, b3 = torch.zeros(s.h), torch.zeros(s.h), torch.zeros(())
        for _ in range(s.steps):
            h1 = torch.addmm(b1, X, W1).tanh_()
            h2 = torch.addmm(b2, h1, W2).tanh_()
            r = (2 / s.n) * (h2 @ w3 + b3 - y)
            d2 = torch.outer(r, w3) * (1 - h2 * h2)
            d1 = (d2 @ W2.T) * (1 - h1 * h1)
            w3.addmv_(h2.T, r, alpha=-s.rate)
            b3 -= s.rate * r.sum()
            W2.addmm_(h1.T, d2, alpha=-s.rate)
            b2 -= s.rate * d2.sum(0)
            W1.addmm_(X.T, d1, alpha=-s.rate)
            b1 -= s.rate * d1.sum(0)
        r = torch.tanh(torch.tanh(X @ W1 + b1) @ W2 + b2) @ w3 + b3 - y
        return torch.mean(r**2), torch.cat([p.ravel() for p in (W1, b1, W2, b2, w3, b3)]), None

    return run


def product(folder, s):
    pair = tensors(folder, "pair")

    @torch.no_grad()
    def run():
        C = pair["A"] @ pair["B"]
        return C[0, 0], C[0], None

    return run


def cleaning_autograd(folder, s):
    train, valid = tensors(folder, "train"), tensors(folder, "valid")
    x, xv = train["x"], valid["x"]
    label, label_v = train["label"].long(), valid["label"].long()

    def inner(W, w):
        return torch.mean(torch.sigmoid(w) * cross_entropy(x @ W, label, reduction="none")) + 1e-3 * torch.sum(W**2)

    def outer(W):
        return cross_entropy(xv @ W, label_v)

    return implicit(inner, outer, torch.zeros(s.d, s.k), torch.zeros(s.n, requires_grad=True), s)


def cleaning_by_hand(folder, s):
    train, valid = tensors(folder, "train"), tensors(folder, "valid")
    x, xv = train["x"], valid["x"]
    Y, Yv = (torch.eye(s.k)[table["label"].long()] for table in (train, valid))
    weight = 0.5 / s.n

    @torch.no_grad()
    def run():
        def gradient(W):
            return torch.addmm(W, x.T, torch.softmax(x @ W, 1).sub_(Y), beta=2e-3, alpha=weight)

        W = torch.zeros(s.d, s.k)
        for _ in range(s.steps):
            W -= s.rate * gradient(W)
        P = torch.softmax(x @ W, 1)

        def curvature(T):
            U = P * (x @ T)
            U -= P * U.sum(1, keepdim=True)
            return torch.addmm(T, x.T, U, beta=2e-3, alpha=weight)

        logits = xv @ W
        rhs = xv.T @ ((torch.softmax(logits, 1) - Yv) / s.m)
        v = conjugate_gradients(curvature, rhs, s.cg)
        # The derivative of σ(0) is ¼.
        result = -0.25 / s.n * torch.sum((P - Y) * (x @ v), 1)
        residual = torch.linalg.vector_norm(gradient(W)) / torch.linalg.vector_norm(gradient(torch.zeros_like(W)))
        return cross_entropy(logits, Yv), result, residual

    return run


serve(
    {
        ("logistic", "by hand"): logistic_by_hand,
        ("logistic", "autograd"): logistic_autograd,
        ("logistic", "TorchOpt"): logistic_torchopt,
        ("ridge", "first point"): lambda folder, s: ridge_from(folder, s, False),
        ("ridge", "next point"): lambda folder, s: ridge_from(folder, s, True),
        ("ridge", "autograd"): ridge_autograd,
        ("mlp", "by hand"): mlp_by_hand,
        ("mlp", "autograd"): mlp,
        ("product", "matmul"): product,
        ("cleaning", "by hand"): cleaning_by_hand,
        ("cleaning", "autograd"): cleaning_autograd,
    },
    {"torch": torch.__version__},
)
