"""The same choice by grid search with scikit-learn: python grid-search.py [TABLE]"""
import sys
import time

import numpy as np
import sklearn
from sklearn.kernel_ridge import KernelRidge

table = np.loadtxt(sys.argv[1] if len(sys.argv) > 1 else "../ridge-diabetes/diabetes.csv", delimiter=",", skiprows=1)
count = len(table)
first, second = round(count * 0.5), round(count * 0.75)
mean, deviation = table[:first].mean(0), table[:first].std(0)
table = (table - mean) / deviation
parts = [(rows[:, :-1], rows[:, -1]) for rows in np.split(table, [first, second])]
(train, valid, test) = parts


def error(model, part):
    return np.mean((model.predict(part[0]) - part[1]) ** 2)


def fitted(bandwidth, penalty):
    model = KernelRidge(kernel="rbf", gamma=1 / (2 * bandwidth**2), alpha=penalty * len(train[1]))
    return model.fit(*train)


for steps in (5, 10, 30):
    began = time.perf_counter()
    grid = [(s, r) for s in np.geomspace(0.3, 100, steps) for r in np.geomspace(1e-6, 10, steps)]
    models = [fitted(*point) for point in grid]
    best = int(np.argmin([error(model, valid) for model in models]))
    seconds = time.perf_counter() - began
    print(
        f"scikit-learn {sklearn.__version__}, {steps} x {steps}: bandwidth {grid[best][0]:.4g}, penalty {grid[best][1]:.4g}, "
        f"validation {error(models[best], valid):.6f}, test {error(models[best], test):.6f}, seconds {seconds:.2f}"
    )

if len(sys.argv) == 1:
    model = fitted(5.39461, np.exp(-5.79757))
    print(f"at the answer by gradient: validation {error(model, valid):.6f}, test {error(model, test):.6f}")
