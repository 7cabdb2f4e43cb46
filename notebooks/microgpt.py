"""A GPT made of single numbers: it reads a list of names, and then makes up names of its own.

    python notebooks/microgpt.py                  1,000 steps as array programs: some seconds
    python notebooks/microgpt.py --eager          the same steps gate by gate: see what one step takes
    python notebooks/microgpt.py --source         the array program that was written for names of four letters

Every number of the model is a Value, every operation a gate; there is no matrix and no layer class below. Read it from
top to bottom: the names, the model, how it learns, how it speaks. The names of names.txt were made up by us.

    token       a letter as a whole number, 1 to 26; 0 is the edge, before the first letter and after the last
    x           what the model knows at one position: WIDTH numbers
    q, k, v     query, key and value of a position: what it looks for, how it is found, what it tells
    head        a slice of q, k and v that looks on its own
    logits      one score per token: the higher, the likelier it comes next
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from autograd import Value, compile, no_grad
from autograd.functions import dot, logsumexp, softmax, sum, take
from nn import Adam

EDGE = "."
TOKENS = EDGE + "abcdefghijklmnopqrstuvwxyz"
CONTEXT = 16  # how many positions the model can tell apart
WIDTH, HEADS, HIDDEN = 16, 4, 64
HEAD = WIDTH // HEADS
NAMES = Path(__file__).with_name("names.txt")
BATCH = 8  # how many names a step learns from, all of one length
RATE = 0.02  # the learning rate at the first step; it falls evenly to 0

Number = Any  # a Value, or under no_grad what comes of it
Vector = list[Number]
Tokens = Sequence[Any]  # whole numbers, or Values that stand for them while a program is traced


# ------------------------------------------------------------------------------------------------------------ the names


def read_names(path: Path = NAMES) -> list[str]:
    """Return the names of a file, one a line; a line that starts with # is none."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def tokens_of(name: str) -> list[int]:
    """Return a name as tokens between two edges: the model reads all but the last, and is asked for all but the first.

    >>> tokens_of("abe")
    [0, 1, 2, 5, 0]
    """
    if not 0 < len(name) < CONTEXT or not set(name) <= set(TOKENS[1:]):
        raise ValueError(f"a name has 1 to {CONTEXT - 1} letters, each from a to z, got {name!r}")
    return [TOKENS.index(letter) for letter in EDGE + name + EDGE]


def batches(names: Sequence[str], steps: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield an array of tokens per step, a row per name, (BATCH, letters + 2); each name is equally likely.

    One program serves one length, so all names of a step are as long as the first that is drawn.
    """
    rng = random.Random(seed)
    same_length: dict[int, list[str]] = {}
    for name in names:
        same_length.setdefault(len(name), []).append(name)
    for _ in range(steps):
        alike = same_length[len(rng.choice(names))]
        yield np.array([tokens_of(rng.choice(alike)) for _ in range(BATCH)])


# ------------------------------------------------------------------------------------------------------------ the model


def linear(matrix: Sequence[Vector], x: Vector) -> Vector:
    """Return the product of a matrix with x: one dot gate per row."""
    return [dot(row, x) for row in matrix]


def normalized(x: Vector) -> Vector:
    """Return x scaled so that the mean of its squares is 1 (rmsnorm); 1e-5 is for an x of zeros."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [number * scale for number in x]


def added(x: Vector, y: Vector) -> Vector:
    return [a + b for a, b in zip(x, y)]


class MicroGPT:
    """One transformer layer, WIDTH wide, with HEADS heads; `parameters` lists its numbers."""

    def __init__(self, seed: int = 0) -> None:
        rng = random.Random(seed)
        self.parameters: list[Value] = []

        def matrix(rows: int, columns: int, scale: float, label: str) -> list[Vector]:
            made = [[Value(rng.gauss(0.0, scale), f"{label}{i},{j}") for j in range(columns)] for i in range(rows)]
            self.parameters += [number for row in made for number in row]
            return made

        self.letters = matrix(WIDTH, len(TOKENS), 0.5, "letter")  # a column per token
        self.places = matrix(CONTEXT, WIDTH, 0.1, "place")  # a row per position
        narrow, wide = 1 / math.sqrt(WIDTH), 1 / math.sqrt(HIDDEN)
        self.queries, self.keys, self.values, self.mix = (matrix(WIDTH, WIDTH, narrow, label) for label in "qkvo")
        self.expand = matrix(HIDDEN, WIDTH, narrow, "expand")
        self.shrink = matrix(WIDTH, HIDDEN, wide, "shrink")
        self.scores = matrix(len(TOKENS), WIDTH, 0.02, "score")  # small: at first all tokens are about equally likely

    def __call__(self, token: Any, past: list[tuple[Vector, Vector]]) -> Vector:
        """Return the logits of what follows a token; `past` has a key and a value per position and gets this one's.

        No position sees what comes after it: that is all there is to a causal mask, when one reads from left to right.
        """
        x = added([take(row, token) for row in self.letters], self.places[len(past)])
        x = added(x, self.attention(normalized(x), past))
        x = added(x, self.perceptron(normalized(x)))
        return linear(self.scores, normalized(x))

    def attention(self, x: Vector, past: list[tuple[Vector, Vector]]) -> Vector:
        """Return what the heads find: each a mean of the values, a value the weightier the better its key fits."""
        q = linear(self.queries, x)
        past.append((linear(self.keys, x), linear(self.values, x)))
        found = []
        for start in range(0, WIDTH, HEAD):
            head = slice(start, start + HEAD)
            weights = softmax([dot(q[head], k[head]) / math.sqrt(HEAD) for k, _ in past])
            found += [dot(weights, [v[i] for _, v in past]) for i in range(start, start + HEAD)]
        return linear(self.mix, found)

    def perceptron(self, x: Vector) -> Vector:
        """Return what one hidden layer of relu gates makes of a position, whatever stands elsewhere."""
        return linear(self.shrink, [number.relu() for number in linear(self.expand, x)])

    def loss(self, name: Tokens) -> Value:
        """Return the mean surprise, -log(probability), at what follows each token of a name."""
        past: list[tuple[Vector, Vector]] = []
        surprises = []
        for token, following in pairwise(name):
            logits = self(token, past)
            surprises.append(logsumexp(logits) - take(logits, following))
        return sum(surprises) / len(surprises)


# -------------------------------------------------------------------------------------------------------- how it learns


class Eager:
    """A step gate by gate: build the graph of all names, walk it back, move each parameter."""

    def __init__(self, model: MicroGPT, optimizer: Adam) -> None:
        self.model, self.optimizer = model, optimizer

    def step(self, batch: np.ndarray) -> float:
        loss = sum([self.model.loss(name) for name in batch.tolist()]) / len(batch)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.data

    def store(self) -> None:
        """Do nothing: the parameters are where they should be."""


class Compiled:
    """A step as an array program: the loss of one name is recorded once per length, and run on all names of a batch.

    A program owns its vector of parameters, and there is one per length; so the weights live here, and each program is
    handed them before it runs: a copy of 34 kB, which takes a few thousandths of the step.
    """

    def __init__(self, model: MicroGPT, optimizer: Adam) -> None:
        self.model, self.optimizer = model, optimizer
        self.weights = np.array([p.data for p in model.parameters])
        self.programs: dict[int, Any] = {}  # by the number of tokens

    def step(self, batch: np.ndarray) -> float:
        length = batch.shape[1]
        if length not in self.programs:
            self.programs[length] = compile(self.model.loss, self.model.parameters)
        program = self.programs[length]
        program.parameters[:] = self.weights
        loss: float = program(batch)
        self.optimizer.update(self.weights, program.gradient)
        return loss

    def store(self) -> None:
        """Write the weights back into the model."""
        for p, number in zip(self.model.parameters, self.weights.tolist()):
            p.data = number


def train(model: MicroGPT, names: Sequence[str], steps: int = 1000, compiled: bool = True) -> Iterator[float]:
    """Yield the loss before each step; the model gets its new numbers at the end, or when nobody asks for more."""
    optimizer = Adam(model.parameters, lr=RATE, betas=(0.9, 0.99))
    learner = Compiled(model, optimizer) if compiled else Eager(model, optimizer)
    try:
        for step, batch in enumerate(batches(names, steps)):
            optimizer.lr = RATE * (1 - step / steps)
            yield learner.step(batch)
    finally:
        learner.store()


# -------------------------------------------------------------------------------------------------------- how it speaks


def sample(model: MicroGPT, rng: random.Random, temperature: float = 0.7) -> str:
    """Return a name, drawn token by token; below 1, a temperature prefers what is likely anyway."""
    past: list[tuple[Vector, Vector]] = []
    name, token = "", 0
    with no_grad():
        while len(past) < CONTEXT:
            chances = softmax([logit / temperature for logit in model(token, past)])
            (token,) = rng.choices(range(len(TOKENS)), [chance.data for chance in chances])
            if token == 0:
                break
            name += TOKENS[token]
    return name


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a GPT of single numbers on names, then let it make up some.")
    parser.add_argument("--steps", type=int, default=1000, help="how many steps to take (1000)")
    parser.add_argument("--eager", action="store_true", help="gate by gate rather than as array programs")
    parser.add_argument("--source", action="store_true", help="print the program for names of four letters")
    chosen = parser.parse_args()
    if chosen.steps < 1:
        parser.error(f"--steps needs a whole number from 1, got {chosen.steps}")
    return chosen


def main() -> None:
    chosen, model, names = arguments(), MicroGPT(), read_names()
    if chosen.source:
        program = compile(model.loss, model.parameters)
        program(np.array([tokens_of("anna")]))
        print(program.source)
        return
    print(f"{len(names)} names, {len(model.parameters):,} parameters; knowing nothing is a loss of {math.log(27):.2f}")
    start, losses, every = perf_counter(), [], max(1, chosen.steps // 10)
    for loss in train(model, names, chosen.steps, compiled=not chosen.eager):
        losses.append(loss)
        if len(losses) % every == 0:
            seconds, recent = perf_counter() - start, losses[-every:]
            print(f"step {len(losses):5}   loss {math.fsum(recent) / len(recent):.3f}   {seconds:6.2f} s", flush=True)
    rng = random.Random(0)
    print("names it makes up:", ", ".join(sample(model, rng) for _ in range(10)))


if __name__ == "__main__":
    main()
