"""The graphs that the tests of pictures draw: the golden ones, harder ones made by hand, and random ones.

python tests/viz/helpers.py    draws the golden pictures anew, after a change of how pictures look: do look at them
"""

import operator
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial, reduce
from pathlib import Path
from random import Random

from autograd import Value
from autograd.functions import arctan, dot, exp, logsumexp, max, min, relu, sigmoid, sin, softmax, softplus, sum, tanh
from viz.drawing import draw

PICTURES = Path(__file__).resolve().parent / "golden"
REWRITE = "tests/viz/helpers.py"


def values(prefix: str, numbers: Sequence[float]) -> list[Value]:
    """Return leaves named prefix0, prefix1, …"""
    return [Value(number, f"{prefix}{i}") for i, number in enumerate(numbers)]


# ----------------------------------------------------------------------------------------------- worked examples 1 to 4


def xyz() -> Value:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    q = x + y
    q.label = "q"
    return q * z


def pre_activation() -> Value:
    (w0, w1, w2), (x0, x1) = values("w", [2, -3, -3]), values("x", [-1, -2])
    return w0 * x0 + w1 * x1 + w2


def sigmoid_neuron() -> Value:
    return 1 / (1 + exp(-pre_activation()))


def sigmoid_gate() -> Value:
    return sigmoid(pre_activation())


def gate_patterns() -> Value:
    x, y, z, w = Value(3, "x"), Value(-4, "y"), Value(2, "z"), Value(-1, "w")
    return 2 * (x * y + max(z, w))


def hidden_layer() -> Value:
    x = values("x", [0.4, 0.2, 0.2])
    weights = [values(f"w{unit}", numbers) for unit, numbers in (("a", [1.0, 0.2, 1.2]), ("b", [0.5, 1.2, 0.1]))]
    biases, (va, vb, bias) = values("b", [0.1, 0.2]), values("v", [0.3, 0.9, 0.3])
    a, b = (sigmoid(w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b) for w, b in zip(weights, biases, strict=True))
    return sigmoid(va * a + vb * b + bias)


GOLDEN: dict[str, Callable[[], Value]] = {
    "xyz": xyz,
    "sigmoid_neuron": sigmoid_neuron,
    "sigmoid_gate": sigmoid_gate,
    "gate_patterns": gate_patterns,
    "hidden_layer": hidden_layer,
}


# ------------------------------------------------------------------------------------------------- harder ones, by hand


def wide_dot() -> Value:
    ws, xs = values("w", [0.1 * i - 0.5 for i in range(12)]), values("x", [1.5 - 0.3 * i for i in range(12)])
    return tanh(dot(ws, xs, Value(0.25, "b")))


def chain() -> Value:
    v = Value(0.3, "x")
    for i in range(40):
        v = (v + 0.1, v * 1.01, sin(v), 0.5 - v)[i % 4] if i else tanh(v)
    return v


def wide_sum() -> Value:
    xs = values("x", [float(i) for i in range(30)])
    return sum(xs)


def cube() -> Value:
    x = Value(3, "x")
    return x * x * x


def diamonds() -> Value:
    v = Value(0.5, "x")
    for _ in range(6):
        v = sin(v) * exp(-v) + v
    return v


def mlp(sizes: Sequence[int], dots: bool, seed: int = 0) -> Value:
    rng = Random(seed)
    layer = values("x", [round(rng.uniform(-1, 1), 2) for _ in range(sizes[0])])
    for depth, size in enumerate(sizes[1:], 1):
        layer = [neuron(layer, f"w{depth}{'abcdefgh'[unit]}", rng, dots) for unit in range(size)]
    return layer[0] if len(layer) == 1 else sum([v * v for v in layer])


def neuron(xs: Sequence[Value], name: str, rng: Random, dots: bool) -> Value:
    ws = values(name, [round(rng.uniform(-1, 1), 2) for _ in xs])
    bias = Value(round(rng.uniform(-1, 1), 2), f"b{name[1:]}")
    if dots:
        return tanh(dot(ws, xs, bias))
    total = ws[0] * xs[0]
    for w, x in zip(ws[1:], xs[1:], strict=True):
        total = total + w * x
    return tanh(total + bias)


def long_skips() -> Value:
    x, y = Value(0.7, "x"), Value(-0.2, "y")
    v = x
    for i in range(9):
        v = tanh(v) if i % 3 else v * 1.5
    return (v * x + y) / (x * x + 1) + y


def hostile() -> Value:
    labels = HOSTILE_LABELS
    v = Value(1.0, labels[0])
    for i, label in enumerate(labels[1:]):
        v = v * Value(1.0 + i, label)
        v.label = label[::-1]
    return v


HOSTILE_LABELS = (
    "<img src=x onerror=alert(1)>",
    "</text></svg><script>alert(1)</script>",
    "\"quoted\" and 'quoted'",
    "&amp; &#60;b&#62; ]]> <![CDATA[",
    "long " * 60,
    "W" * 300,
    "👩‍👩‍👧‍👦 🏳️‍🌈 ﷽ 你好",
    "two\nlines\r\nand\ta tab",
    "\x00\x01\x1b[31m\x7f\x9f",
    "lone \ud800 surrogate \udfff",
    "right \u202eto left\u202c \u2066isolate",
    "\ufffe\uffff\ufeff",
    "https://example.org/?a=1&b=url(x)",
    "Z̸̢̛̰a̴͉͝l̷̤̐g̵̬͝o̶̱̍",
)


def softmax_loss() -> Value:
    shares = softmax(values("z", [1.0, -0.5, 2.5, 0.0]))
    return -(shares[2].log())


HARDER: dict[str, Callable[[], Value]] = {
    "wide_dot": wide_dot,
    "chain": chain,
    "wide_sum": wide_sum,
    "cube": cube,
    "diamonds": diamonds,
    "mlp_operators": lambda: mlp((3, 4, 2), dots=False),
    "mlp_dots": lambda: mlp((3, 4, 2), dots=True),
    "mlp_small": lambda: mlp((2, 3, 1), dots=False),
    "long_skips": long_skips,
    "softmax_loss": softmax_loss,
    "hostile_labels": hostile,
    "leaf": lambda: Value(0.5, "x"),
    "constants": lambda: (Value(1.0) * 0 + 2) * 3,
    "random_250": lambda: random_graph(Random(250), 250),
}


# ---------------------------------------------------------------------------------------------------------- random ones

ONE_INPUT: tuple[Callable[[Value], Value], ...] = (
    *(tanh, sigmoid, arctan, softplus, relu, abs),
    lambda v: -v,
    lambda v: v * v,
    lambda v: v**3,
    lambda v: v + 1,
    lambda v: 1 - v,
    lambda v: 2.5 * v,
    lambda v: v / 3,
)
TWO_INPUTS: tuple[Callable[[Value, Value], Value], ...] = (operator.add, operator.sub, operator.mul, max, min)
MANY_INPUTS: tuple[Callable[[Sequence[Value]], Value], ...] = (
    *(sum, logsumexp),
    lambda vs: max(*vs),
    lambda vs: dot(vs, vs[::-1]),
    lambda vs: dot(vs[1:], vs[:-1], vs[0]),
)


def random_graph(rng: Random, gates: int) -> Value:
    """Return a graph of that many gates, or one more: forks, long wires, constants, labels of every length."""
    made = values("x", [round(rng.uniform(-3, 3), rng.randrange(4)) for _ in range(rng.randint(1, 2 + gates // 4))])
    open_ends = list(made)
    for _ in range(gates):
        taken = [_picked(rng, made, open_ends) for _ in range(rng.choice((1, 1, 2, 2, 2, 2, 2, rng.randint(3, 7))))]
        made.append(_gate(rng, taken))
        made[-1].label = rng.choice(("", "", "", "", f"v{len(made)}", "a rather long label " * 3))
        open_ends = [v for v in open_ends if v not in taken] + [made[-1]]
    return open_ends[0] if len(open_ends) == 1 else sum(open_ends)


def random_tree(rng: Random, leaves: int) -> Value:
    """Return an expression in which every input occurs once: a graph that can be drawn without crossings."""
    ends = values("x", [round(rng.uniform(-3, 3), 2) for _ in range(leaves)])
    while len(ends) > 1:
        start, count = rng.randrange(len(ends)), rng.choice((1, 2, 2, 2, 3, 5))
        taken = ends[start : start + count]
        ends[start : start + count] = [
            tanh(taken[0]) if len(taken) == 1 else rng.choice((sum, logsumexp, product))(taken)
        ]
    return ends[0]


def product(vs: Sequence[Value]) -> Value:
    return reduce(operator.mul, vs)


def _picked(rng: Random, made: Sequence[Value], open_ends: Sequence[Value]) -> Value:
    """Return an operand: an end that is still open, a recent one, or any."""
    return rng.choice(rng.choice((open_ends, open_ends, made[-6:], made)))


def _gate(rng: Random, taken: Sequence[Value]) -> Value:
    if len(taken) == 1:
        return rng.choice(ONE_INPUT)(taken[0])
    return rng.choice(TWO_INPUTS)(*taken) if len(taken) == 2 else rng.choice(MANY_INPUTS)(taken)


def seeded(seed: int) -> Value:
    """Return the random graph of a seed: the larger the seed, the more gates."""
    return random_graph(Random(seed), 1 + seed)


RANDOM: dict[str, Callable[[], Value]] = {f"random_{seed}": partial(seeded, seed) for seed in range(60)}

DRAWN = GOLDEN | HARDER | RANDOM


# ------------------------------------------------------------------------------------------------------ golden pictures

STORED = ("xyz", "sigmoid_neuron", "gate_patterns")  # what pictures look like is kept byte by byte


def digest_elsewhere(module: str, seed: str) -> str:
    """Return what a test module's `digest()` is in a process of its own, with another seed for the hashes of texts."""
    run = subprocess.run(
        [sys.executable, "-c", f"from {module} import digest; print(digest())"],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


if __name__ == "__main__":
    for name in STORED:
        print(draw(GOLDEN[name]()).save(PICTURES / f"{name}.svg"))
