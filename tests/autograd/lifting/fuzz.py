"""Random programs: what `compile` makes of them against the eager engine.

    python tests/autograd/lifting/fuzz.py 5000 [first seed]

A recipe is a random list of gates, each with operands among what came before: over every gate of the table, families
with random parameters, user-made gates, n-ary gates of any width, constants, shared and repeated operands, takes. It
is played on Values for every row (the engine) and compiled, as a function of one example and as one built graph.

The bound, for the loss and for each gradient alike: |difference| <= 1e-12 × max(1, S). S is, to first order, the sum
over all gates of |value × how strongly the result depends on it|: for the loss |value × adjoint| itself; for a
gradient ten times the largest response, over some draws, to a random relative noise in every number the engine forms.
"""

from __future__ import annotations

import math
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import Value, compile, graph
from autograd.functions import dot, take
from autograd.gates import DOT, GATES, SUM, Gate, elu, leaky_relu, pow_to
from autograd.value import apply

NOISE, DRAWS, TOLERANCE = 1e-9, 4, 1e-12
LARGEST = 50.0  # numbers beyond this are left out, so that bounds stay meaningful
KINK = 1e-5  # and a row that comes nearer to a kink than this: either branch would be right there


def plain(x: float) -> float:
    """A rule written for numbers alone: neither terms nor columns pass."""
    return math.atan(x) + 0.5 * x if x > 0.1 else 0.75 * x


def swish(x: Any) -> Any:
    """A rule in the library of columns, or of terms and Values: whichever the operand has."""
    return x / (1.0 + ((-x).exp() if hasattr(x, "exp") else np.exp(-x)))


USER_GATES = (
    Gate("swish", "sw", "scaler", swish, lambda z, x: (0.5 + 0.0 * x,)),  # any slope will do: both sides read it
    Gate("numbers only", "no", "scaler", plain, lambda z, x: (1.0 / (1.0 + x * x) + 0.5 if x > 0.1 else 0.75,)),
    # a rule that depends on how many inputs there are, under a name that would like to be code
    Gate("'); import os #", "μ", "scaler", lambda *xs: sum(xs) / len(xs), lambda z, *xs: (1.0 / len(xs),) * len(xs), 0),
    Gate("lever", "lv", "scaler", lambda x, y: x * x * y, lambda z, x, y: (2.0 * x * y, x * x), arity=2),
)


@dataclass
class Recipe:
    """A program: leaves (parameters, then entries, then constants), then gates on numbers of what came before."""

    parameters: list[float]
    entries: list[float]
    constants: list[float]
    steps: list[tuple[Gate | str, tuple[int, ...]]] = field(default_factory=list)
    loss: list[int] = field(default_factory=list)
    penalty: list[int] = field(default_factory=list)  # parameters in the regularizer

    def play(self, parameters: Sequence[Any], entries: Sequence[Any]) -> Any:
        """Return the loss of one example."""
        nodes = [*parameters, *entries, *self.constants]
        for gate, operands in self.steps:
            xs = [nodes[i] for i in operands]
            nodes.append(take(xs[:-1], xs[-1]) if gate == "take" else apply(gate, *xs))  # type: ignore[arg-type]
        return dot([0.5 + 0.25 * i for i in range(len(self.loss))], [nodes[i] for i in self.loss])

    def penalize(self, parameters: Sequence[Value]) -> Value:
        """Return the regularizer."""
        return sum([parameters[i] * parameters[i] for i in self.penalty], Value(0.25)) * 0.1


def gates(rng: random.Random) -> Gate:
    """Return a gate: of the table, of a family with a random parameter, or a user's."""
    return rng.choice(
        [
            *GATES.values(),
            pow_to(rng.choice([2.0, 3.0, 1.0, -2.0, 0.5, 1.5])),
            leaky_relu(round(rng.random(), 2)),
            elu(round(rng.random() + 0.1, 2)),
            *(DOT, SUM, GATES["mul"], GATES["add"]) * 3,
            *USER_GATES,
        ]
    )


def recipe_of(seed: int) -> tuple[Recipe, np.ndarray, np.ndarray]:
    """Return a random recipe and rows for it: real entries, and whole ones for takes."""
    rng = random.Random(seed)
    number = lambda: rng.choice([rng.uniform(-2, 2), rng.uniform(0.2, 1.5), float(rng.randint(-2, 2))])  # noqa: E731
    recipe = Recipe(*[[number() for _ in range(rng.randint(low, 7))] for low in (1, 1, 1)])
    layers(recipe, rng)
    for _ in range(rng.randint(1, 30)):
        add_step(recipe, rng)
    total = leaves(recipe) + len(recipe.steps)
    recipe.loss = sorted({total - 1, *[rng.randrange(total) for _ in range(rng.randint(1, 6))]})
    recipe.penalty = [rng.randrange(len(recipe.parameters)) for _ in range(rng.randint(0, 4))]
    data = rows(recipe, rng)
    add_index(recipe)
    return recipe, *data


def add_index(recipe: Recipe) -> None:
    """Give the recipe a last entry, the index of takes, which until now is written as -1."""
    place = len(recipe.parameters) + len(recipe.entries)
    recipe.entries.append(0.0)

    def moved(i: int) -> int:
        return place if i == -1 else i + (i >= place)

    recipe.steps = [(gate, tuple(map(moved, operands))) for gate, operands in recipe.steps]
    recipe.loss = list(map(moved, recipe.loss))


def leaves(recipe: Recipe) -> int:
    return len(recipe.parameters) + len(recipe.entries) + len(recipe.constants)


def layers(recipe: Recipe, rng: random.Random) -> None:
    """Add a layer or two, as a network would have them: every row of weights meets the same inputs."""
    if rng.random() < 0.4:
        return
    width = len(recipe.entries)
    xs = list(range(len(recipe.parameters), len(recipe.parameters) + width))
    for _ in range(rng.randint(1, 2)):
        count, activation = rng.randint(1, 4), rng.choice(["tanh", "relu", "sigmoid"])
        start, shift = len(recipe.parameters), count * (len(xs) + 1)
        recipe.parameters += [rng.uniform(-1, 1) for _ in range(shift)]
        recipe.steps = [(g, tuple(i + shift * (i >= start) for i in xs_)) for g, xs_ in recipe.steps]
        xs = [i + shift * (i >= start) for i in xs]
        made = []
        for neuron in range(count):
            ws = [start + neuron * (len(xs) + 1) + i for i in range(len(xs))]
            recipe.steps.append((DOT, (*ws, *xs, ws[-1] + 1)))
            recipe.steps.append((GATES[activation], (leaves(recipe) + len(recipe.steps) - 1,)))
            made.append(leaves(recipe) + len(recipe.steps) - 1)
        xs = made


def add_step(recipe: Recipe, rng: random.Random) -> None:
    total = leaves(recipe) + len(recipe.steps)
    if rng.random() < 0.08:
        table = tuple(rng.randrange(total) for _ in range(rng.randint(3, 6)))
        recipe.steps.append(("take", (*table, -1)))
        return
    gate = gates(rng)
    count = gate.arity or rng.randint(1, 6)
    if gate is DOT and rng.random() < 0.5:
        count = 2 * rng.randint(1, 5) + rng.randint(0, 1)
    recent = range(max(0, total - 8), total)
    operands = tuple(rng.choice(recent) if rng.random() < 0.5 else rng.randrange(total) for _ in range(count))
    recipe.steps.append((gate, operands[:1] * count if rng.random() < 0.1 else operands))  # one in every place


def rows(recipe: Recipe, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Return rows near the recipe's entries; steps that have no value or leave the bounds there become copies."""
    n = rng.choice([1, 2, 3, 5])
    X = np.array([[x + (rng.uniform(-0.1, 0.1) if i else 0.0) for x in recipe.entries] for i in range(n)])
    y = np.array([rng.randrange(3) for _ in range(n)])
    columns: list[list[float]] = [[p] * n for p in recipe.parameters]
    columns += X.T.tolist() + [[c] * n for c in recipe.constants]
    for i, (gate, operands) in enumerate(recipe.steps):
        if gate == "take":
            numbers = [columns[operands[int(k)]][row] for row, k in enumerate(y)]
        else:
            numbers = tried(gate, [[columns[j][row] for j in operands] for row in range(n)])  # type: ignore[arg-type]
        if not numbers:
            recipe.steps[i], numbers = (GATES["copy"], operands[:1]), columns[operands[0]]
        columns.append(numbers)
    return X, y


def tried(gate: Gate, operands: list[list[float]]) -> list[float]:
    """Return a gate's outputs for every row; nothing where it has none, or is too large, or too near to a kink."""
    numbers = []
    for xs in operands:
        if gate.domain.lacks_value(*xs) or gate.domain.lacks_slope(*xs):
            return []
        z = float(gate.forward(*xs))
        near = gate.flow in ("switch", "gradient router")
        gaps = [abs(a - b) for i, a in enumerate([*xs, 0.0]) for b in [*xs, 0.0][i + 1 :]]
        slopes = [float(s) for s in gate.partials(z, *xs)]
        if not abs(z) < LARGEST or not all(abs(s) < LARGEST for s in slopes) or (near and 0 < min(gaps) < KINK):
            return []
        numbers.append(z)
    return numbers


# ----------------------------------------------------------------------------------------------------------- the judges


def operations(program: Any) -> tuple[int, ...]:
    """Return how many array operations a program says it has, forward and backward, and how many matrix products."""
    found = re.search(r"→ (\d+) \+ (\d+) array operations, (\d+|none) of them", str(program))
    assert found is not None
    return tuple([int(number.replace("none", "0")) for number in found.groups()])


def noisy(nodes: list[Value], rng: random.Random, size: float) -> tuple[float, dict[Value, float], float]:
    """Return loss, gradients and Σ |value × adjoint|, every number on the way shaken by a relative noise."""

    def shaken(x: float) -> float:
        return x * (1.0 + size * rng.uniform(-1, 1))

    values: dict[Value, float] = {}
    for node in nodes:
        xs = [values[x] for x in node.inputs]
        values[node] = node._data if node.gate is None else shaken(float(node.gate.forward(*xs)))
    gradients = dict.fromkeys(nodes, 0.0)
    gradients[nodes[-1]] = 1.0
    for node in reversed(nodes):
        if node.gate is not None:
            slopes = node.gate.partials(values[node], *[values[x] for x in node.inputs])
            for x, slope in zip(node.inputs, slopes, strict=True):
                gradients[x] = shaken(gradients[x] + shaken(gradients[node] * float(slope)))
    scale = sum([abs(values[node] * gradients[node]) for node in nodes])
    return values[nodes[-1]], gradients, scale


def bounds(loss: Value, parameters: Sequence[Value], seed: int) -> tuple[float, np.ndarray]:
    """Return how far loss and gradients may be off."""
    nodes, rng = graph.order(loss), random.Random(seed)
    _, exact, scale = noisy(nodes, rng, 0.0)
    response = np.zeros(len(parameters))
    for _ in range(DRAWS):
        _, shaken, _ = noisy(nodes, rng, NOISE)
        response = np.maximum(response, [abs(shaken.get(p, 0.0) - exact.get(p, 0.0)) / NOISE for p in parameters])
    return TOLERANCE * max(1.0, scale), TOLERANCE * np.maximum(1.0, 10 * response)


def eager(recipe: Recipe, parameters: list[Value], X: np.ndarray, y: np.ndarray, mean: bool) -> Value:
    """Return the loss of all rows, built by the engine."""
    losses = [recipe.play(parameters, entries) for entries in entries_of(recipe, X, y)]
    total = sum(losses[1:], losses[0])
    if mean:
        total = total / len(losses)
    return total + recipe.penalize(parameters)


def entries_of(recipe: Recipe, X: np.ndarray, y: np.ndarray) -> Iterator[list[Any]]:
    """Yield the Values of every row, the index last: it is played as the last of the entries."""
    for row, k in zip(X.tolist(), y.tolist()):
        yield [*[Value(x) for x in row], Value(k)]


def judge(name: str, program: Any, arrays: tuple[Any, ...], loss: Value, parameters: list[Value], seed: int) -> None:
    """Raise AssertionError where a program and the engine disagree."""
    for p in parameters:
        p.grad = 0.0
    loss.backward()
    gradient = np.array([p.grad for p in parameters])
    allowed, allowed_slopes = bounds(loss, parameters, seed)
    for attempt in ("first", "second"):  # nothing accumulates
        value = program(*arrays)
        assert abs(value - loss._data) <= allowed, (
            f"seed {seed}, {name}, {attempt} run: {value!r}, engine {loss._data!r}"
        )
        off = np.abs(program.gradient - gradient)
        worst = int(np.argmax(off - allowed_slopes))
        assert off[worst] <= allowed_slopes[worst], (
            f"seed {seed}, {name}, {attempt} run: gradient {worst} is {program.gradient[worst]}, not {gradient[worst]}"
        )


def program_of(recipe: Recipe, parameters: list[Value], mean: bool) -> Any:
    """Return the compiled program of a recipe, a function of one example."""
    return compile(
        lambda xs, k: recipe.play(parameters, [*xs, k]),
        parameters,
        regularizer=lambda: recipe.penalize(parameters),
        reduce="mean" if mean else "sum",
    )


def check(seed: int, show: Callable[[str], object] = lambda text: None) -> bool:
    """Compile one random program in two ways; raise AssertionError where one disagrees with the engine."""
    recipe, X, y = recipe_of(seed)
    parameters, mean = [Value(x, 'label\'\n"""') for x in recipe.parameters], seed % 2 == 0
    show(f"seed {seed}: {len(recipe.steps)} gates, {len(X)} rows")
    loss = eager(recipe, parameters, X, y, mean)
    judge("function", program_of(recipe, parameters, mean), (X, y), loss, parameters, seed)
    judge("graph", compile(loss, parameters), (), loss, parameters, seed)
    return True


def main(count: int, first: int = 0) -> int:
    """Check some random programs; stop at the first that disagrees."""
    for seed in range(first, first + count):
        try:
            check(seed)
        except Exception as error:
            print(f"seed {seed} failed: {type(error).__name__}: {error}")
            raise
        if seed % 100 == 99:
            print(f"{seed + 1 - first} programs agree")
    return 0


if __name__ == "__main__":
    sys.exit(main(*[int(argument) for argument in sys.argv[1:]] or [150]))
