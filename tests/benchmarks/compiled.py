"""How fast compiled programs are: ratios, measured side by side in one run, as a Markdown table.

    python tests/benchmarks/compiled.py

Work A is one training step of the moons network (see moons.py): forward, backward and gradient descent. The yardstick
is the same step in NumPy, written by hand: one flat vector of parameters with views into it, batched matrix products,
nothing computed twice. micrograd, torch and jax are optional; rows that need one are left out where it is missing.
Before anything is timed, all sides must agree on loss and gradient. Exit status: 1 where a requirement is missed.
"""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from inspect import getsource
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

for library in ("OMP", "OPENBLAS", "MKL"):  # one thread for every side: these matrices are small
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # measure this tree, not an installed one

import numpy as np  # noqa: E402
from eager import Row, cpu  # noqa: E402
from moons import PENALTY, RATE, SAMPLES, SIZES, Network, moons  # noqa: E402

import autograd  # noqa: E402
from autograd import Value  # noqa: E402
from autograd.functions import dot  # noqa: E402

ROUNDS, STEPS, RUNS = 3, 15, 20  # the median over rounds of a median over steps; a step is timed over some runs
COLD_STEPS = 100
WIDE_SIZES, WIDE_SAMPLES = (2, 64, 64, 1), 1000
Step = Callable[[], float]


# -------------------------------------------------------------------------------------------------------- NumPy by hand


class ByHand:
    """The moons network in NumPy: max-margin loss and L2 penalty, forward and backward written out."""

    def __init__(self, vector: np.ndarray, sizes: Sequence[int]) -> None:
        self.parameters, self.gradient = vector, np.empty_like(vector)
        self.weights, self.biases = split(vector, sizes)
        self.weight_slopes, self.bias_slopes = split(self.gradient, sizes)

    def __call__(self, X: np.ndarray, y: np.ndarray) -> float:
        """Return the loss, and leave its gradient in `gradient`."""
        (W1, W2, W3), (b1, b2, b3) = self.weights, self.biases
        h1 = np.maximum(X @ W1.T + b1, 0.0)
        h2 = np.maximum(h1 @ W2.T + b2, 0.0)
        margins = np.maximum(1.0 - y * (h2 @ W3[0] + b3), 0.0)
        loss = margins.mean() + PENALTY * (self.parameters @ self.parameters)

        np.multiply(self.parameters, 2 * PENALTY, out=self.gradient)
        (dW1, dW2, dW3), (db1, db2, db3) = self.weight_slopes, self.bias_slopes
        d3 = (margins > 0) * y / -len(y)
        dW3 += d3 @ h2
        db3 += d3.sum()
        d2 = np.outer(d3, W3[0]) * (h2 > 0)
        dW2 += d2.T @ h1
        db2 += d2.sum(axis=0)
        d1 = (d2 @ W2) * (h1 > 0)
        dW1 += d1.T @ X
        db1 += d1.sum(axis=0)
        return float(loss)

    def step(self, X: np.ndarray, y: np.ndarray) -> float:
        """Do one step of gradient descent; return the loss before it."""
        loss = self(X, y)
        self.parameters -= RATE * self.gradient
        return loss


def split(vector: np.ndarray, sizes: Sequence[int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return views of a vector of parameters, neuron by neuron: the weights of each layer, and its biases."""
    weights, biases, start = [], [], 0
    for nin, nout in pairwise(sizes):
        layer = vector[start : start + nout * (nin + 1)].reshape(nout, nin + 1)
        weights.append(layer[:, :-1])
        biases.append(layer[:, -1])
        start += layer.size
    return weights, biases


# ------------------------------------------------------------------------------------------------------ the other sides


class Compiled:
    """The scalar network of moons.py, compiled from one example."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.program = autograd.compile(self.example_loss, network.parameters, regularizer=self.penalty)

    def example_loss(self, x: list[Value], y: Value) -> Value:
        return (1 + -y * self.network(x)).relu()

    def penalty(self) -> Value:
        return PENALTY * sum(p * p for p in self.network.parameters)

    def step(self, X: np.ndarray, y: np.ndarray) -> float:
        """Do one step of gradient descent; return the loss before it."""
        loss = self.program(X, y)
        self.program.parameters -= RATE * self.program.gradient
        return loss


def torch_side(vector: np.ndarray, sizes: Sequence[int], X: np.ndarray, y: np.ndarray) -> tuple[Step, np.ndarray]:
    """Return a step in torch, batched and eager, and the gradient it starts with."""
    import torch

    torch.set_num_threads(1)
    weights, biases = split(vector, sizes)
    tensors = [torch.tensor(np.ascontiguousarray(a), requires_grad=True) for pair in zip(weights, biases) for a in pair]
    X_, y_ = torch.tensor(X), torch.tensor(y, dtype=torch.float64)

    def forward() -> Any:
        h = X_
        for W, b in zip(tensors[0:-2:2], tensors[1:-2:2]):
            h = torch.relu(torch.nn.functional.linear(h, W, b))
        scores = torch.nn.functional.linear(h, tensors[-2], tensors[-1])[:, 0]
        return torch.relu(1 - y_ * scores).mean() + PENALTY * sum((p * p).sum() for p in tensors)

    def step() -> float:
        for p in tensors:
            p.grad = None
        loss = forward()
        loss.backward()
        with torch.no_grad():
            for p in tensors:
                p -= RATE * p.grad
        return float(loss.detach())

    forward().backward()
    found = np.empty_like(vector)
    for (W, b), pair in zip(zip(*split(found, sizes)), zip(tensors[::2], tensors[1::2])):
        W[:], b[:] = (p.grad.numpy() for p in pair)
    return step, found


def jax_side(vector: np.ndarray, sizes: Sequence[int], X: np.ndarray, y: np.ndarray) -> tuple[Step, np.ndarray]:
    """Return a step in jax, compiled by its jit, and the gradient it starts with."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def loss(p: Any, X: Any, y: Any) -> Any:
        weights, biases = split(p, sizes)
        h = X
        for W, b in zip(weights[:-1], biases[:-1]):
            h = jnp.maximum(h @ W.T + b, 0.0)
        margins = jnp.maximum(1.0 - y * (h @ weights[-1][0] + biases[-1]), 0.0)
        return margins.mean() + PENALTY * (p @ p)

    both = jax.value_and_grad(loss)

    @jax.jit
    def update(p: Any, X: Any, y: Any) -> Any:
        value, gradient = both(p, X, y)
        return p - RATE * gradient, value

    state = [jnp.array(vector), jnp.array(X), jnp.array(y, dtype=float)]

    def step() -> float:
        state[0], value = update(*state)
        return float(value)

    found = np.array(both(*state)[1])
    step()
    return step, found


def micrograd_step(data: Any) -> Step:
    """Return work A in micrograd, as its demo writes it."""
    from micrograd.engine import Value as Micrograd

    network = Network(Micrograd)
    return lambda: network.train_step(data)


# ------------------------------------------------------------------------------------------------------------ measuring


def data(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the moons as arrays."""
    X, y = moons(samples)
    return np.array(X), np.array(y, dtype=float)


def network_of(sizes: Sequence[int]) -> Network:
    """Return a network of scalars with dot gates, its weights the same in every run."""
    if tuple(sizes) == SIZES:
        return Network(Value, dot)
    rng = random.Random(7)
    network = Network(Value, dot)
    network.layers = [
        [([Value(rng.uniform(-1, 1)) for _ in range(nin)], Value(0.0)) for _ in range(nout)]
        for nin, nout in pairwise(sizes)
    ]
    network.parameters = [p for layer in network.layers for ws, b in layer for p in (*ws, b)]
    return network


def sides(sizes: Sequence[int], samples: int) -> dict[str, Step]:
    """Return a step of each side that is installed, after checking that all agree."""
    X, y = data(samples)
    compiled = Compiled(network_of(sizes))
    vector = compiled.program.parameters.copy()
    by_hand = ByHand(vector.copy(), sizes)
    agree("compiled", compiled.program(X, y), by_hand(X, y), compiled.program.gradient, by_hand.gradient)
    steps: dict[str, Step] = {
        "NumPy by hand": lambda: by_hand.step(X, y),
        "compiled": lambda: compiled.step(X, y),
    }
    for name, side in (("torch", torch_side), ("jax", jax_side)):
        if find_spec(name) is not None:
            steps[name], found = side(vector.copy(), sizes, X, y)
            agree(name, 0.0, 0.0, found, by_hand.gradient)
    return steps


def agree(name: str, loss: float, other: float, gradient: np.ndarray, by_hand: np.ndarray) -> None:
    """Stop unless a side has the loss and the gradient of NumPy by hand."""
    worst = max(abs(loss - other), float(np.abs(gradient - by_hand).max()))
    if not worst <= 1e-9:
        raise SystemExit(f"{name} and NumPy by hand disagree by {worst}: nothing was timed")


def times(steps: Mapping[str, Step], runs: int = RUNS) -> dict[str, float]:
    """Return the median time of a step of each side in seconds, the sides taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(STEPS):
        for name, step in steps.items():
            start = cpu()
            for _ in range(runs):
                step()
            seconds[name].append((cpu() - start) / runs)
    return {name: median(found) for name, found in seconds.items()}


def ratio(rounds: list[dict[str, float]], name: str, other: str) -> float:
    """Return the median over rounds of how long one side takes, in units of another."""
    return median(found[name] / found[other] for found in rounds)


def against(
    sizes: Sequence[int], samples: int, what: str, goals: Mapping[str, tuple[float, float]], runs: int
) -> list[Row]:
    """Return a row for each other side: the time of the compiled program in units of its."""
    steps = sides(sizes, samples)
    for step in steps.values():
        step()
    rounds = [times(steps, runs) for _ in range(ROUNDS)]
    rows = []
    for name in steps:
        if name != "compiled":
            now = (
                f"{1e6 * median(r['compiled'] for r in rounds):.0f} µs : {1e6 * median(r[name] for r in rounds):.0f} µs"
            )
            required, aimed = goals.get(name, (None, None))
            found = ratio(rounds, "compiled", name)
            rows.append(Row(f"{what}, against {name} ({now})", found, required, aimed, "{:.2f}×", more_is_better=False))
    return rows


def against_micrograd() -> list[Row]:
    """Return how many times faster than micrograd the compiled work A is."""
    if find_spec("micrograd") is None:
        return []
    X, y = data(SAMPLES)
    compiled, slow = Compiled(network_of(SIZES)), micrograd_step(moons(SAMPLES))
    compiled.step(X, y)
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        start = cpu()
        slow()
        found.append((cpu() - start) / times({"compiled": lambda: compiled.step(X, y)})["compiled"])
    return [Row("work A compiled, against micrograd", median(found), None, None, "{:,.0f}×")]


FIRST_CALL = """
import sys
sys.path[:0] = {paths!r}
import compiled
X, y = compiled.data(compiled.SAMPLES)
network = compiled.network_of(compiled.SIZES)
import autograd.lifting.program
start = compiled.cpu()
compiled.Compiled(network).program(X, y)
print(compiled.cpu() - start)
"""


def first_call() -> list[Row]:
    """Return the processor time from a function to its first loss and gradient, in a fresh process."""
    code = FIRST_CALL.format(paths=[str(Path(__file__).parent), str(ROOT)])
    command = [sys.executable, "-c", code]
    seconds = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(7)]
    return [Row("first call, work A", 1000 * median(seconds), 15, 8, "{:.1f} ms", more_is_better=False)]


COLD = """
from __future__ import annotations
import sys
from itertools import pairwise
from time import process_time
sys.path[:0] = {paths!r}
import numpy as np
from moons import PENALTY, RATE, SAMPLES, SIZES, Network, moons
{side}
X, y = moons(SAMPLES)
X, y = np.array(X), np.array(y, dtype=float)
for _ in range({steps}):
    loss = side.step(X, y)
print(process_time(), loss)
"""


def cold() -> list[Row]:
    """Return what a compiled program takes longer than NumPy by hand from process start to trained moons.

    Each side is a process that imports what it needs and nothing else; the time is all that its processor worked.
    """
    by_hand = f"{getsource(split)}\n{getsource(ByHand)}\nside = ByHand(np.array(Network(float).parameters), SIZES)"
    imports = "import autograd\nfrom autograd import Value\nfrom autograd.functions import dot"
    ours = f"{imports}\n{getsource(Compiled)}\nside = Compiled(Network(Value, dot))"
    found: list[list[float]] = []
    for _ in range(7):
        for side in (ours, by_hand):
            code = COLD.format(paths=[str(Path(__file__).parent), str(ROOT)], side=side, steps=COLD_STEPS)
            output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
            found.append([float(word) for word in output.split()])
    (seconds, losses), (hand_seconds, hand_losses) = zip(*found[::2]), zip(*found[1::2])
    if not abs(losses[0] - hand_losses[0]) <= 1e-9:
        raise SystemExit(f"after {COLD_STEPS} steps the losses are {losses[0]} and, by hand, {hand_losses[0]}")
    longer = median(a - b for a, b in zip(seconds, hand_seconds))
    now = f"{1000 * median(seconds):.0f} ms : {1000 * median(hand_seconds):.0f} ms"
    what = f"process start to moons trained for {COLD_STEPS} steps, beyond NumPy by hand ({now})"
    return [Row(what, 1000 * longer, 100, 50, "{:.0f} ms", more_is_better=False)]


def main() -> int:
    """Print the table; return 0 where every requirement is met."""
    sys.stdout.reconfigure(encoding="utf-8")  # a Windows console may not know ≤
    small = {"NumPy by hand": (1.2, 1.0), "torch": (0.25, 0.2), "jax": (1.2, 1.0)}
    rows = [
        *against(SIZES, SAMPLES, "work A compiled", small, RUNS),
        *against(WIDE_SIZES, WIDE_SAMPLES, "1,000 samples, 2-64-64-1", {"NumPy by hand": (1.4, 1.1)}, 3),
        *against_micrograd(),
        *first_call(),
        *cold(),
    ]
    print("| compiled programs | measured | required | aimed at | met |\n|---|---|---|---|---|")
    print(*rows, sep="\n")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
