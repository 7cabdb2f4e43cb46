"""What is given as data comes out as arrays that fit the loss, or is refused with rule, number and place."""

import functools
import math
from typing import Any

import numpy as np
import pytest

from nn.examples import checked_examples, checked_rows, checked_targets
from nn.losses import (
    LOSSES,
    NUMBERS,
    binary_cross_entropy,
    card_of,
    cross_entropy,
    hinge,
    loss_name,
    mse,
    multiclass_hinge,
    nll,
)


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        [np.array([1.0, 2.0]), [3, 4]],
        np.array([[1, 2], [3, 4]], dtype=np.float32),
        np.array([[1, 2], [3, 4]], dtype=np.uint8),
        np.array([[1, 2], [3, 4]], dtype=object),
        np.ma.masked_equal([[1, 2], [3, 4]], -9),  # nothing is masked there
    ],
    ids=str,
)
def test_rows_of_any_kind_become_one_array_of_floats(X: Any) -> None:
    rows = checked_rows(X)
    assert rows.dtype == np.float64
    assert rows.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (None, TypeError, "X is an array or a list of numbers, got NoneType"),
        (3.0, TypeError, "got float"),
        ("12", TypeError, "got str"),
        ((row for row in [[1.0]]), TypeError, "got generator"),
        ([], ValueError, "X is empty"),
        ([[], []], ValueError, r"X is empty: its shape is \(2, 0\)"),
        (np.zeros((0, 3)), ValueError, r"X is empty: its shape is \(0, 3\)"),
        ([1.0, 2.0], ValueError, r"\(n, d\), got shape \(2,\); one column is X\[:, None\]"),
        (np.zeros((2, 2, 2)), ValueError, r"got shape \(2, 2, 2\)"),
        ([[1, 2], [3]], ValueError, "ragged: row 1 has 1 column, row 0 has 2 columns"),
        ([[1, 2], 3], ValueError, "ragged: row 1 has one number, row 0 has 2 columns"),
        ([[1, 2], [3, math.nan]], ValueError, "finite numbers, got nan at row 1, column 1"),
        ([[1, -math.inf], [3, 4]], ValueError, "finite numbers, got -inf at row 0, column 1"),
        ([[1, 2], [3, "four"]], TypeError, "needs numbers, got str 'four' at row 1, column 1"),
        ([[1, 2], [None, 4]], TypeError, "got NoneType None at row 1, column 0"),
        ([[1, 2j]], TypeError, "got complex 2j at row 0, column 1"),
        ([[10**400, 1]], ValueError, "does not fit into a float"),
        (
            np.ma.masked_equal([[1, -9], [-9, 4]], -9),
            ValueError,
            r"^X is a masked array with 2 of its 4 numbers masked: fill them, array.filled\(…\), or drop their rows$",
        ),
        ([[1, 2], np.ma.masked_equal([3, -9], -9)], ValueError, "row 1 of X is a masked array with 1 of its 2 numbers"),
    ],
    ids=str,
)
def test_what_are_no_rows_is_refused_with_its_place(X: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        checked_rows(X)


@pytest.mark.parametrize(
    ("y", "dtype"),
    [([0, 1], np.int64), ([True, False], np.int64), (np.array([1, 2], np.uint8), np.int64), ([0.0, 1.0], np.float64)],
    ids=str,
)
def test_targets_keep_whether_they_are_whole_numbers(y: Any, dtype: type) -> None:
    assert checked_targets(y).dtype == dtype
    assert checked_targets(y).tolist() == [float(t) for t in y]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([], "y is empty"),
        ([[1.0], [2.0]], r"y has shape \(2, 1\): for one target per row give y\[:, 0\]"),
        (np.zeros((2, 2, 2)), r"got \(2, 2, 2\)"),
        ([0.0, math.nan], "finite numbers, got nan at row 1"),
        ([[1, 2], [3]], "y is ragged"),
        (np.ma.masked_equal([1, -9, 2], -9), "y is a masked array with 1 of its 3 numbers masked"),
    ],
)
def test_what_are_no_targets_is_refused(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_targets(y)


X3 = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("loss", "k", "y", "targets"),
    [
        (cross_entropy, 3, [0, 2, 1], [0, 2, 1]),
        (nll, 3, [0.0, 2.0, 1.0], [0, 2, 1]),
        (functools.partial(multiclass_hinge, margin=2.0), 2, [0, 1, 1], [0, 1, 1]),
        (binary_cross_entropy, 1, [False, True, True], [0, 1, 1]),
        (hinge, 1, [0, 1, 1], [-1, 1, 1]),
        (hinge, 1, [-1.0, 1.0, 1.0], [-1, 1, 1]),
        (hinge, 1, [1, 1, 1], [1, 1, 1]),
        (mse, 1, [0.5, 1.5, 2.5], [0.5, 1.5, 2.5]),
        (mse, 2, [[1, 2], [3, 4], [5, 6]], [[1, 2], [3, 4], [5, 6]]),
        (lambda p, t: p, 5, [7, 8, 9], [7, 8, 9]),
    ],
)
def test_targets_come_out_as_the_loss_takes_them(loss: Any, k: int, y: Any, targets: Any) -> None:
    examples = checked_examples(X3, y, loss, k)
    assert examples.targets.tolist() == targets
    if examples.y.ndim == 1:
        assert examples.y.tolist() == y


@pytest.mark.parametrize(
    ("loss", "k", "y", "message"),
    [
        (cross_entropy, 3, [0, 3, 1], r"cross_entropy with 3 outputs needs classes 0 … 2, got y\[1\] = 3"),
        (cross_entropy, 3, [0, 1, -1], r"got y\[2\] = -1"),
        (nll, 3, [0, 0.5, 1], r"got y\[1\] = 0.5"),
        (multiclass_hinge, 1, [0, 1, 1], "multiclass_hinge needs one output per class, but the model has one"),
        (binary_cross_entropy, 1, [0, 2, 1], r"binary_cross_entropy needs classes 0 and 1, got y\[1\] = 2"),
        (binary_cross_entropy, 1, [-1, 1, 1], r"needs classes 0 and 1, got y\[0\] = -1"),
        (binary_cross_entropy, 2, [0, 1, 1], "binary_cross_entropy needs one output, but the model has 2"),
        (hinge, 1, [0, 2, 1], r"hinge needs classes -1 and 1, or 0 and 1, got y\[1\] = 2"),
        (hinge, 1, [-1, 0, 1], r"or 0 and 1, got y\[1\] = 0"),
        (cross_entropy, 2, [[1, 0], [0, 1], [1, 0]], r"one per row, but y has shape \(3, 2\)"),
        (mse, 2, [0, 1, 1], "mse needs a number per output: the model has 2, a row of y has 1"),
        (mse, 1, [0, 1], "X has 3 rows, but y has 2: one target per row"),
    ],
)
def test_targets_that_do_not_fit_the_loss_are_refused(loss: Any, k: int, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_examples(X3, y, loss, k)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_loss_by_name_says_what_targets_it_takes(loss: Any) -> None:
    wrong = np.array([0.25, 0.5, 0.75])  # no classes: only a loss that compares numbers takes them
    card = card_of(loss)
    assert card is not None
    if card.targets == NUMBERS:
        assert checked_examples(X3, wrong, loss, 1).targets.tolist() == wrong.tolist()
    else:
        with pytest.raises(ValueError, match=loss_name(loss)):
            checked_examples(X3, wrong, loss, 1)
