"""How cells in memory are told as axes, without which there are no views and no matrix products."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, compile
from autograd.functions import dot, logsumexp, sigmoid, tanh
from autograd.functions import sum as sum_of
from autograd.lifting.layout import affine, common_axes, factor
from tests.autograd.lifting.fuzz import operations

SHAPES = st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple)


@given(SHAPES, st.data())
def test_cells_on_a_grid_are_affine_and_any_other_are_not(shape: tuple[int, ...], data: st.DataObject) -> None:
    strides = data.draw(st.tuples(*[st.integers(-20, 20)] * len(shape)))
    index = data.draw(st.integers(0, 9)) + sum(stride * np.indices(shape)[axis] for axis, stride in enumerate(strides))
    assert affine(index) == strides
    flat = index.copy()
    flat.flat[-1] += 1  # the last cell, which decides no stride unless there are two cells on an axis alone
    assert affine(flat) is None or (len(shape) == 1 and shape[0] == 2)


@pytest.mark.parametrize(
    ("columns", "axes"),
    [
        ([[0, 1, 2, 10, 11, 12], [5, 5, 5, 6, 6, 6]], (2, 3)),
        ([[0, 1, 2, 3, 4, 5], [5, 5, 5, 6, 6, 6]], (2, 3)),  # the first alone would be one axis
        ([[5, 5, 5, 6, 6, 6], [0, 1, 2, 3, 4, 5]], (2, 3)),
        ([[0, 1, 2, 3], [9, 7, 5, 3]], (4,)),
        ([[0, 1, 4, 5, 10, 11, 14, 15]], (2, 2, 2)),
        ([[7]], (1,)),
        ([[0, 1, 3, 7]], None),  # 0 1 and 3 7 advance by different steps
        ([[0, 1, 2, 4, 5, 7]], None),
        ([[0, 1, 2, 3, 4], [0, 0, 0, 1, 1]], None),  # a last block that is shorter
    ],
)
def test_axes_are_those_along_which_all_columns_advance_evenly(
    columns: list[list[int]], axes: tuple[int, ...] | None
) -> None:
    assert factor(np.array(columns).T) == axes


def test_a_column_that_shares_no_axes_with_the_first_is_left_out() -> None:
    grid, wild = np.array([0, 1, 2, 10, 11, 12]), np.array([3, 1, 4, 1, 5, 9])
    assert common_axes([grid, wild, np.array([5, 5, 5, 6, 6, 6])]) == (2, 3)


# ------------------------------------------------------------------------------------------- groups of unequal lengths

X = np.random.default_rng(6).normal(size=(5, 4))


def weights(count: int) -> list[Value]:
    return [Value(x) for x in np.random.default_rng(7).normal(size=count).tolist()]


def hidden(x: list[Value], w: list[Value], count: int) -> list[Value]:
    return [tanh(w[i % len(w)] * x[i % len(x)] + 0.1 * i) for i in range(count)]


@pytest.mark.parametrize("gate", [sum_of, logsumexp])
def test_gates_of_many_inputs_are_one_operation_however_many_inputs(gate: Callable[..., Any]) -> None:
    counts = []
    for lengths in ((12, 12, 12), (40, 40, 40), (12, 40, 20)):
        w = weights(4)
        program = compile(lambda x, w=w, lengths=lengths: sum_of([tanh(gate(hidden(x, w, n))) for n in lengths]), w)
        assert program.check(X)
        counts.append(operations(program)[0])
    assert counts[0] == counts[1]
    assert counts[2] <= 2 * counts[0]  # a short one may go apart from a long one


def test_gates_of_similar_lengths_are_padded_to_one_operation() -> None:
    counts = []
    for lengths in ((9, 9, 9, 9), (9, 8, 9, 8)):
        w = weights(4)
        program = compile(
            lambda x, w=w, lengths=lengths: sum_of([tanh(logsumexp(hidden(x, w, n))) for n in lengths]), w
        )
        assert program.check(X)
        counts.append(operations(program)[0])
    assert counts[0] <= counts[1] <= counts[0] + 2  # what is gathered because of the padding


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("rows", [1, 5])
def test_rows_that_begin_one_another_are_one_product(rows: int, turned: bool) -> None:
    w, scales = weights(4), weights(4)

    def example(x: list[Value]) -> Value:
        made = [hidden(x, [scale], 4) for scale in scales]
        pairs = [(w[: i + 1], made[i][: i + 1]) for i in range(4)]  # the same weights, and each time one more of them
        return sum_of([sigmoid(dot(b, a) if turned else dot(a, b)) for a, b in pairs])

    program = compile(example, w + scales)
    assert program.check(X[:rows])


def test_rows_that_begin_a_longer_one_make_no_more_products_than_rows_of_one_length() -> None:
    counts = []
    for lengths in ((4,), (2, 3, 4)):  # as a token attends to all, or to those before it too
        w = weights(4)

        def example(x: list[Value], w: list[Value] = w, lengths: tuple[int, ...] = lengths) -> Value:
            values = [tanh(a * v) for a, v in zip(w, x, strict=True)]
            queries = [[tanh(a * v + 0.1 * n) for a, v in zip(w, x, strict=True)] for n in range(3)]
            return sum_of([sigmoid(dot(query[:n], values[:n])) for query in queries for n in lengths])

        program = compile(example, w)
        assert program.check(X)
        counts.append(operations(program)[2])
    assert counts[1] == counts[0]
