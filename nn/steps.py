"""One step of training: the loss of a batch and its gradient; and where a number that is not finite came from.

    parameters   float64 (P,), what the optimizer moves       example   (row, target) -> Value, the loss of one example
    gradient     float64 (P,), left there by `step`           root      the Value of a batch's loss
    factors      what a dropout multiplies its inputs with, one number per input
    recipe       all that a program is recorded from: which dropouts act, and the gates and numbers of one example

The loss of a batch is the mean of its examples' losses, plus the regularizer once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import DomainError, TracingError, Value, compile, diagnose, functions
from autograd.graph import described, order
from autograd.value import always_recording
from nn.layers import Dropout
from nn.module import Module

__all__ = ["Compiled", "Culprit", "Draw", "Eager", "Recipe", "Vector", "culprit", "draws", "recipe"]

Array = NDArray[Any]
Vector = NDArray[np.float64]
Example = Callable[..., Value]
Regularizer = Callable[[], Any]


class Eager:
    """Steps gate by gate: every step records the batch's graph anew."""

    compiled = False

    def __init__(self, example: Example, values: Sequence[Value], regularizer: Regularizer | None) -> None:
        self.example, self.values, self.regularizer = example, list(values), regularizer
        self.parameters: Vector = np.array([p.data for p in self.values])
        self.gradient: Vector = np.zeros_like(self.parameters)
        self.root: Value | None = None  # the graph of the last batch

    def step(self, *arrays: Array) -> float:
        """Return the loss of a batch, rows X (n, d) with n targets, and leave its gradient in `gradient`."""
        self.root = None  # two graphs need not live at once
        self.store()
        root = self.root = self._loss(arrays)
        for p in self.values:
            p.grad = 0.0
        root.backward()
        self.gradient[:] = [p.grad for p in self.values]
        return root.data

    def _loss(self, arrays: Sequence[Array]) -> Value:
        losses = [self.example(*entries) for entries in zip(*[array.tolist() for array in arrays])]
        root: Value = functions.sum(losses) * (1.0 / len(losses))
        if self.regularizer:
            root = root + self.regularizer()
        root.label = "loss"
        return root

    def graph(self) -> Value | None:
        """Return the graph of the last batch with its gradients, None where it could not be built."""
        return self.root

    def store(self) -> None:
        """Write the vector of parameters into their Values."""
        _set(self.values, self.parameters.tolist())

    def load(self) -> None:
        """Read the vector of parameters from their Values."""
        self.parameters[:] = [p.data for p in self.values]


class Compiled:
    """Steps by an array program, traced on one example at the first step; to rounding the numbers are `Eager`'s.

    What dropout multiplies with enters the program as further arrays, drawn as `Eager` draws them: row after row.
    """

    compiled = True

    def __init__(
        self, example: Example, values: Sequence[Value], regularizer: Regularizer | None, draws: Sequence[Draw]
    ) -> None:
        self.example, self.values, self.regularizer, self.draws = example, list(values), regularizer, draws
        self.program = compile(self._traced, parameters=self.values, regularizer=regularizer)
        self.parameters: Vector = self.program.parameters
        self.gradient: Vector = self.program.gradient
        self.arrays: tuple[Array, ...] = ()  # the last batch

    def _traced(self, row: Any, target: Any, *factors: Any) -> Value:
        with ExitStack() as stack:
            for (dropout, _), given in zip(self.draws, factors):
                stack.enter_context(dropout.given(given))
            loss: Value = self.example(row, target)
        return loss

    def step(self, X: Array, targets: Array) -> float:
        """Return the loss of a batch, rows X (n, d) with n targets, and leave its gradient in `gradient`."""
        self.arrays = (X, targets, *drawn(self.draws, len(X)))
        return float(self.program(*self.arrays))

    def graph(self) -> Value | None:
        """Return the graph of the last batch with its gradients, None where it cannot be built."""
        eager = Eager(self._traced, self.values, self.regularizer)
        eager.parameters[:] = self.parameters
        with suppress(DomainError):
            eager.step(*self.arrays)
        return eager.root

    def store(self) -> None:
        """Write the vectors of parameters and of their gradients into their Values."""
        self.program.store()

    def load(self) -> None:
        """Read the vector of parameters from their Values."""
        self.program.load()


Draw = tuple[Dropout, int]  # a dropout that acts on every example, and on how many numbers
Recipe = tuple[list[Draw], list[Any], bytes]  # then each node's gate, or its place among the parameters; all numbers


def draws(model: Module, row: list[float]) -> list[Draw]:
    """Return the dropouts that act on one example in training, in the order they are called; nothing is drawn.

    Raises TracingError where one is called twice: an array of factors would then be one for both.
    """
    with _watching([part for _, part in model.named_modules()]) as found:
        model(row)
    if len({dropout for dropout, _ in found}) < len(found):
        raise TracingError("a Dropout is called twice for one example, which a program cannot tell apart")
    return found


@contextmanager
def _watching(parts: Sequence[Module]) -> Iterator[list[Draw]]:
    """Note in a list which dropouts among parts act in this block; nothing is drawn."""
    found: list[Draw] = []
    with ExitStack() as stack:
        for part in parts:
            if isinstance(part, Dropout):
                stack.enter_context(part.watched(found))
        yield found


def recipe(
    terms: Sequence[Callable[[], Any]], parts: Sequence[Module], values: Sequence[Value], numbers: Vector
) -> Recipe:
    """Return what the terms of a model's loss are made of where its values have these numbers; they keep their own.

    Two recipes are equal, bit by bit, unless something else than the values has changed in between.
    """
    now = [p.data for p in values]
    _set(values, numbers.tolist())
    try:
        with always_recording(), _watching(parts) as found, np.errstate(all="ignore"), suppress(DomainError):
            roots = [term() for term in terms]
            nodes = [node for root in roots if isinstance(root, Value) for node in order(root)]
            places = {p: i for i, p in enumerate(values)}
            kinds = [node.gate or places.get(node) for node in nodes] + [x for x in roots if not isinstance(x, Value)]
            return found, kinds, np.array([node.data for node in nodes]).tobytes()
        return found, [], b""  # no numbers: training will tell more about the domain
    finally:
        _set(values, now)


def _set(values: Sequence[Value], numbers: Sequence[float]) -> None:
    for p, number in zip(values, numbers):
        p.data = number


def drawn(draws: Sequence[Draw], rows: int) -> list[Vector]:
    """Return the factors (rows, width) of each dropout, the numbers that row after row would draw."""
    if len({dropout.generator for dropout, _ in draws}) == len(draws):  # nobody draws from another's stream
        return [dropout.factors(rows, width) for dropout, width in draws]
    one_by_one = [[dropout.factors(1, width)[0] for dropout, width in draws] for _ in range(rows)]
    return [np.array(factors) for factors in zip(*one_by_one)]


# ----------------------------------------------------------------------------------------------- what is not finite


@dataclass(frozen=True, slots=True)
class Culprit:
    """The gate where a number first is not finite, and the parameter to look at."""

    gate: str | None  # its name; None where an input was not finite when it was given
    node: str  # the gate and its output's label, or how that was made
    number: float  # what is not finite there
    parameter: Value | None


def culprit(root: Value, values: Sequence[Value]) -> Culprit | None:
    """Return where a number that is not finite came from; None where all are finite."""
    found = diagnose(root)
    if found is None:
        return None
    spelled = f"{found.gate.name} {found.node.label!r}" if found.gate and found.node.label else described(found.node)
    parameter = _largest(found.node, values) if found.forward else _spoilt(values)
    return Culprit(found.gate.name if found.gate else None, spelled, found.number, parameter)


def _spoilt(values: Sequence[Value]) -> Value | None:
    return next((p for p in values if not math.isfinite(p.grad)), None)


def _largest(node: Value, values: Sequence[Value]) -> Value | None:
    """Return the largest parameter among the inputs of a gate, or else among all that it depends on."""
    known = set(values)
    for nodes in (node.inputs, order(node)):
        found = [x for x in nodes if x in known]
        if found:
            return max(found, key=lambda p: abs(p.data))
    return None
