"""How fast the scalar GPT of notebooks/microgpt.py is when compiled: ratios, side by side in one run, as Markdown.

    python tests/benchmarks/microgpt.py            the table
    python tests/benchmarks/microgpt.py --source   the array program of work C

Work C is forward and backward of one name of 16 tokens, about 130,000 scalar gates. The yardstick is the same model in
NumPy, written by hand: parameters and gradients are views of flat vectors, queries, keys and values one product, all
heads at once. Before anything is timed, both sides must agree on loss and gradient. Then 1,000 steps of training,
compiled, recording and all, against 20 of the same steps gate by gate. Exit status: 1 where a requirement is missed.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

for library in ("OMP", "OPENBLAS", "MKL"):  # one thread for every side: these matrices are small
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT, Path(__file__).parent):  # measure this tree, not an installed one
    sys.path.insert(0, str(folder))

import numpy as np  # noqa: E402
from compiled import ROUNDS, agree, ratio, times  # noqa: E402
from eager import Row, cpu  # noqa: E402, F401 - cpu is for the process of FIRST_CALL

import autograd  # noqa: E402

FIRST_STEPS, STEPS = 20, 1000
Array = np.ndarray


def lesson() -> Any:
    """Return notebooks/microgpt.py as a module; it has the name of this one, and so is loaded by its place."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("lesson", ROOT / "notebooks" / "microgpt.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["lesson"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gpt = lesson()
C, H, D = gpt.WIDTH, gpt.HEADS, gpt.HEAD
V = len(gpt.TOKENS)

# ------------------------------------------------------------------------------------------------------ NumPy by hand

SHAPES = {
    "letters": (C, V),
    "places": (gpt.CONTEXT, C),
    "qkv": (3 * C, C),
    "mix": (C, C),
    "expand": (gpt.HIDDEN, C),
    "shrink": (C, gpt.HIDDEN),
    "scores": (V, C),
}  # in the order of the model's parameters


def split(vector: Array) -> dict[str, Array]:
    """Return the matrices of the model as views of a vector."""
    views, start = {}, 0
    for name, (rows, columns) in SHAPES.items():
        views[name] = vector[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
    assert start == len(vector)
    return views


def normalize(x: Array) -> tuple[Array, Array]:
    """Return the rows of x with a mean square of 1, and what they were multiplied by."""
    scale = 1 / np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / C + 1e-5)
    return x * scale, scale


def normalize_back(g: Array, h: Array, scale: Array) -> Array:
    """Return the gradient of x, from that of its normalized rows h."""
    return (g - h * (np.einsum("ij,ij->i", g, h)[:, None] / C)) * scale


class ByHand:
    """The GPT in NumPy: one name, forward and backward written out."""

    def __init__(self, vector: Array, tokens: int) -> None:
        self.parameters, self.gradient = vector, np.zeros_like(vector)
        self.weights, self.slopes = split(vector), split(self.gradient)
        self.mask = np.triu(np.full((tokens, tokens), -np.inf), 1)
        self.every = np.arange(tokens)
        self.vocabulary = np.arange(V)[:, None]

    def __call__(self, name: Array) -> float:
        """Return the loss, and leave its gradient in `gradient`."""
        W, d, every = self.weights, self.slopes, self.every
        tokens, following, n = name[:-1], name[1:], len(every)

        x0 = W["letters"].T[tokens] + W["places"][:n]
        h0, scale0 = normalize(x0)
        q, k, v = (h0 @ W["qkv"].T).reshape(n, 3, H, D).transpose(1, 2, 0, 3)  # (H, n, D) each
        s = q @ k.swapaxes(1, 2)
        s *= 1 / np.sqrt(D)
        s += self.mask
        s -= s.max(axis=2, keepdims=True)
        a = np.exp(s, out=s)
        a /= a.sum(axis=2, keepdims=True)
        found = (a @ v).swapaxes(0, 1).reshape(n, C)
        x1 = x0 + found @ W["mix"].T
        h1, scale1 = normalize(x1)
        hidden = np.maximum(h1 @ W["expand"].T, 0.0)
        x2 = x1 + hidden @ W["shrink"].T
        h2, scale2 = normalize(x2)
        z = h2 @ W["scores"].T
        z -= z.max(axis=1, keepdims=True)
        picked = z[every, following]
        p = np.exp(z, out=z)
        totals = p.sum(axis=1, keepdims=True)
        loss = (np.log(totals[:, 0]) - picked).mean()

        p /= totals
        p[every, following] -= 1.0
        p *= 1 / n
        np.matmul(p.T, h2, out=d["scores"])
        dx2 = normalize_back(p @ W["scores"], h2, scale2)
        np.matmul(dx2.T, hidden, out=d["shrink"])
        dhidden = dx2 @ W["shrink"]
        dhidden *= hidden > 0
        np.matmul(dhidden.T, h1, out=d["expand"])
        dx1 = dx2 + normalize_back(dhidden @ W["expand"], h1, scale1)
        np.matmul(dx1.T, found, out=d["mix"])
        dfound = (dx1 @ W["mix"]).reshape(n, H, D).swapaxes(0, 1)
        da = dfound @ v.swapaxes(1, 2)
        da -= np.einsum("hij,hij->hi", da, a)[:, :, None]
        da *= a
        da *= 1 / np.sqrt(D)
        dqkv = np.empty((n, 3, H, D))
        dq, dk, dv = dqkv.transpose(1, 2, 0, 3)
        np.matmul(da, k, out=dq)
        np.matmul(da.swapaxes(1, 2), q, out=dk)
        np.matmul(a.swapaxes(1, 2), dfound, out=dv)
        flat = dqkv.reshape(n, 3 * C)
        np.matmul(flat.T, h0, out=d["qkv"])
        dx0 = dx1 + normalize_back(flat @ W["qkv"], h0, scale0)
        d["places"][:n] = dx0
        np.matmul(dx0.T, (tokens == self.vocabulary).T.astype(float), out=d["letters"])
        return float(loss)


# ------------------------------------------------------------------------------------------------------------ measuring


def work() -> Array:
    """Return the tokens of work C: 15 letters between two edges, of which 16 are read and 16 are asked for."""
    return np.array(gpt.tokens_of("maximilianarosa"))


def against_by_hand() -> list[Row]:
    """Return what the compiled work C takes, in units of NumPy by hand."""
    model, name = gpt.MicroGPT(), work()
    program = autograd.compile(model.loss, model.parameters)
    by_hand = ByHand(program.parameters.copy(), len(name) - 1)
    row = name[None]
    agree("compiled", program(row), by_hand(name), program.gradient, by_hand.gradient)
    steps = {"NumPy by hand": lambda: by_hand(name), "compiled": lambda: program(row)}
    rounds = [times(steps) for _ in range(ROUNDS)]
    ours, theirs = (1e6 * median(found[side] for found in rounds) for side in ("compiled", "NumPy by hand"))
    print(f"work C: {program}\n")
    found = ratio(rounds, "compiled", "NumPy by hand")
    what = f"work C compiled, against NumPy by hand ({ours:.0f} µs : {theirs:.0f} µs)"
    return [Row(what, found, 1.5, 1.2, "{:.2f}×", more_is_better=False)]


# processor time, as in compiled.py: a process that waits for others on the same cores is not slower for it
FIRST_CALL = """
import sys
sys.path[:0] = {paths!r}
import microgpt
model, row = microgpt.gpt.MicroGPT(), microgpt.work()[None]
import autograd.lifting.program
start = microgpt.cpu()
autograd.compile(model.loss, model.parameters)(row)
print(microgpt.cpu() - start)
"""


def first_call() -> list[Row]:
    """Return the processor time from the function to its first loss and gradient, in a fresh process."""
    code = FIRST_CALL.format(paths=[str(Path(__file__).parent), str(ROOT)])
    command = [sys.executable, "-c", code]
    seconds = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(7)]
    return [Row("first call, work C", 1000 * median(seconds), 60, 35, "{:.1f} ms", more_is_better=False)]


def training() -> list[Row]:
    """Return what 1,000 compiled steps take, in units of 20 eager ones; the first 20 losses must be the same."""
    names, seconds, losses = gpt.read_names(), {}, {}
    for compiled, steps in ((False, FIRST_STEPS), (True, STEPS)):
        model = gpt.MicroGPT()
        gc.collect()
        start = perf_counter()
        losses[compiled] = list(islice(gpt.train(model, names, STEPS, compiled), steps))
        seconds[compiled] = perf_counter() - start
    apart = max(abs(x - y) for x, y in zip(losses[True], losses[False]))
    if not apart <= 1e-9:
        raise SystemExit(f"the losses of compiled and eager steps differ by {apart}")
    now = f"{seconds[True]:.2f} s : {seconds[False]:.2f} s; losses {apart:.0e} apart"
    what = f"{STEPS:,} compiled steps, against {FIRST_STEPS} eager ones ({now})"
    found = seconds[True] / seconds[False]
    return [Row(what, found, 1.0, None, "{:.2f}×", more_is_better=False)]


def main() -> int:
    """Print the table; return 0 where every requirement is met."""
    sys.stdout.reconfigure(encoding="utf-8")  # a Windows console may not know ≤
    if "--source" in sys.argv[1:]:
        model = gpt.MicroGPT()
        program = autograd.compile(model.loss, model.parameters)
        program(work()[None])
        print(program.source)
        return 0
    rows = [*against_by_hand(), *first_call(), *training()]
    print("| the scalar GPT | measured | required | aimed at | met |\n|---|---|---|---|---|")
    print(*rows, sep="\n")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
