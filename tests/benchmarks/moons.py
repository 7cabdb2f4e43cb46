"""Work A: one training step on two moons, with whatever class of scalar it is given.

An MLP 2-16-16-1 with relu, 100 samples, max-margin loss and an L2 penalty of 1e-4 on every parameter, then one step of
gradient descent: micrograd's demo, written so that the very same program runs on any class with micrograd's interface.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

Scalar = Any  # autograd's Value, micrograd's, or another of their kind
Weighing = Callable[[Sequence[Scalar], Sequence[Scalar], Scalar], Scalar]  # (ws, xs, b) -> w·x + b

SIZES = (2, 16, 16, 1)
SAMPLES, PENALTY, RATE = 100, 1e-4, 0.1


def moons(n: int, noise: float = 0.1, seed: int = 1337) -> tuple[list[list[float]], list[int]]:
    """Return n points on two interleaved half circles, and which one each is on: -1 or 1."""
    rng = random.Random(seed)
    xs, ys = [], []
    for i in range(n):
        angle, side = math.pi * (i // 2) / (n / 2 - 1), 1 - 2 * (i % 2)
        centre = (0.0, 0.0) if side == 1 else (1.0, 0.5)
        arc = (math.cos(angle), math.sin(angle))
        xs.append([c + side * a + rng.gauss(0.0, noise) for c, a in zip(centre, arc)])
        ys.append(side)
    return xs, ys


def plainly(ws: Sequence[Scalar], xs: Sequence[Scalar], b: Scalar) -> Scalar:
    """Return w·x + b in plain operators: two gates per input."""
    return sum((w * x for w, x in zip(ws, xs)), b)


class Network:
    """An MLP of single numbers; `weigh` says how a neuron makes w·x + b of its inputs."""

    def __init__(self, scalar: Callable[[float], Scalar], weigh: Weighing = plainly, seed: int = 7) -> None:
        rng = random.Random(seed)
        self.scalar, self.weigh = scalar, weigh
        self.layers = [
            [([scalar(rng.uniform(-1, 1)) for _ in range(nin)], scalar(0.0)) for _ in range(nout)]
            for nin, nout in pairwise(SIZES)
        ]
        self.parameters = [p for layer in self.layers for ws, b in layer for p in (*ws, b)]

    def __call__(self, xs: Sequence[Scalar]) -> Scalar:
        """Return the score of one sample."""
        *hidden, output = self.layers
        for layer in hidden:
            xs = [self.weigh(ws, xs, b).relu() for ws, b in layer]
        ((ws, b),) = output
        return self.weigh(ws, xs, b)

    def loss(self, data: tuple[list[list[float]], list[int]]) -> Scalar:
        """Return the mean max-margin loss over all samples, plus the penalty."""
        samples = [list(map(self.scalar, row)) for row in data[0]]
        margins = [(1 + -y * self(xs)).relu() for xs, y in zip(samples, data[1])]
        return sum(margins) * (1.0 / len(margins)) + PENALTY * sum(p * p for p in self.parameters)

    def train_step(self, data: tuple[list[list[float]], list[int]]) -> float:
        """Do forward, backward and one step of gradient descent; return the loss."""
        loss = self.loss(data)
        for p in self.parameters:
            p.grad = 0
        loss.backward()
        for p in self.parameters:
            p.data -= RATE * p.grad
        return loss.data
