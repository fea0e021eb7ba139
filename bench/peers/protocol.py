"""The lines that every contestant speaks: see contest.ts. A session maker gets the folder and the settings and gives a function to
repeat, which returns (value, result, residual or None)."""
import glob
import json
import os
import resource
import sys
import time

import numpy as np


class Settings(dict):
    __getattr__ = dict.__getitem__


def load(folder, name):
    """The arrays of a table."""
    files = glob.glob(os.path.join(folder, name + ".*.npy"))
    return {file.split(".")[-2]: np.load(file) for file in files}


def peak():
    """Of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def say(line):
    print(json.dumps(line), flush=True)


def serve(sessions, versions):
    """`python PEER.py TASK WAY FOLDER`"""
    task, way, folder = sys.argv[1:4]
    before = peak()
    with open(os.path.join(folder, "settings.json")) as file:
        settings = Settings({k: int(v) if float(v).is_integer() else v for k, v in json.load(file).items()})
    run = sessions[task, way](folder, settings)
    say({"ready": True})
    value = result = residual = None
    for line in sys.stdin:
        if line.strip() == "end":
            break
        began = time.perf_counter()
        value, result, residual = run()
        say({"milliseconds": (time.perf_counter() - began) * 1e3})
    ending = {"value": float(value), "result": np.asarray(result, dtype=float).ravel().tolist()}
    if residual is not None:
        ending["residual"] = float(residual)
    say({**ending, "before": before, "peak": peak(), "versions": versions})
