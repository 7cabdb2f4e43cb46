"""However a sum of products is written, it becomes the same array program."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile
from autograd.functions import dot, sigmoid, tanh
from autograd.functions import sum as sum_of
from tests.autograd.lifting.fuzz import operations

X = np.random.default_rng(2).normal(size=(6, 4))
Neuron = Callable[[list[Value], list[Value], Value], Value]


def products(w: list[Value], x: list[Value]) -> list[Value]:
    return [a * b for a, b in zip(w, x, strict=True)]


NEURONS: dict[str, Neuron] = {
    "dot": lambda w, x, b: dot(w, x, b),
    "from the left": lambda w, x, b: w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3] + b,
    "from the right": lambda w, x, b: b + (w[0] * x[0] + (w[1] * x[1] + (w[2] * x[2] + w[3] * x[3]))),
    "as a tree": lambda w, x, b: ((w[0] * x[0] + w[1] * x[1]) + (w[2] * x[2] + w[3] * x[3])) + b,
    "factors turned": lambda w, x, b: sum(products(x, w), b),
    "Python's sum": lambda w, x, b: sum(products(w, x)) + b,
    "the sum gate": lambda w, x, b: sum_of([*products(w, x), b]),
    "sums of sums": lambda w, x, b: sum_of([sum_of(products(w, x)[:2]), b, sum_of(products(w, x)[2:])]),
}


def layer(neuron: Neuron) -> tuple[Any, list[Value]]:
    number = iter(np.random.default_rng(1).normal(size=100).tolist())
    weights = [[Value(next(number)) for _ in range(5)] for _ in range(3)]
    program = compile(
        lambda x: sum_of([sigmoid(neuron(row[:-1], x, row[-1])) for row in weights]),
        [w for row in weights for w in row],
    )
    return program, [w for row in weights for w in row]


@pytest.mark.parametrize("written", NEURONS)
def test_a_layer_is_the_program_of_dots_however_its_neurons_are_written(written: str) -> None:
    (program, _), (dots, _) = layer(NEURONS[written]), layer(NEURONS["dot"])
    assert program(X) == pytest.approx(dots(X), rel=1e-14)
    np.testing.assert_allclose(program.gradient, dots.gradient, rtol=1e-12)
    assert operations(program) == operations(dots)
    assert program.source.split("def backward()")[0].count("np.matmul(") == 1
    assert program.check(X)


def test_a_chain_of_additions_is_one_sum() -> None:
    w = [Value(0.1 * i - 0.2) for i in range(6)]
    terms = lambda x: [tanh(a * x[0]) for a in w]  # noqa: E731
    chained = compile(lambda x: tanh(reduce(lambda a, b: a + b, terms(x))), w)
    summed = compile(lambda x: tanh(sum_of(terms(x))), w)
    assert chained(X) == summed(X)
    assert operations(chained) == operations(summed)
    assert chained.check(X)


def test_what_somebody_else_looks_at_stays_what_it_is() -> None:
    w = [Value(0.5), Value(-0.25), Value(2.0)]

    def example(x: list[Value]) -> Value:
        pair = w[0] * x[0] + w[1] * x[1]
        return (pair + w[2] * x[2]) * pair  # pair has two readers: it is no part of the longer sum

    program = compile(example, w)
    program(X)
    assert program.check(X)


def test_frozen_weights_cost_nothing_in_the_backward_pass() -> None:
    w = Value(0.5)
    frozen, bias = [Value(0.1), Value(0.2), Value(0.3), Value(0.4)], Value(1.0)
    program = compile(lambda x: tanh(dot(frozen, x, bias)) * w, [w])
    alone = compile(lambda x: tanh(x[0]) * w, [w])
    assert program.check(X)
    program(X)
    alone(X)
    assert operations(program)[1] == operations(alone)[1]
