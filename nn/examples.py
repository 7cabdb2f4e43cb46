"""Examples as training takes them: rows of numbers and their targets, checked before anything runs.

    X   (n, d), one example per row        targets   y as the loss takes it: whole numbers 0 … k-1 for a loss of
    y   (n,), or (n, k) for a loss that              classes, ±1 for hinge, else the numbers of y
        compares k numbers                 k         the number of outputs of the model

Every error names the row and the column, counted from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.checks import check_unmasked
from nn.losses import BIT, CLASS, NUMBERS, SIGN, card_of, loss_name

__all__ = ["Examples", "checked_examples", "checked_rows", "checked_targets"]

Floats = NDArray[np.float64]
Numbers = NDArray[Any]  # float64 or int64


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows, what was given as y for them, and y as the loss takes it."""

    X: Floats
    y: Numbers
    targets: Numbers


def checked_examples(X: Any, y: Any, loss: Callable[..., Any], k: int, names: tuple[str, str] = ("X", "y")) -> Examples:
    """Return examples for a model of k outputs and a loss; TypeError or ValueError for what does not fit."""
    rows = checked_rows(X, names[0])
    given = checked_targets(y, names[1])
    if len(given) != len(rows):
        raise ValueError(f"{names[0]} has {len(rows)} rows, but {names[1]} has {len(given)}: one target per row")
    return Examples(rows, given, _suited(given, loss, k, names[1]))


def checked_rows(X: Any, name: str = "X") -> Floats:
    """Return X as float64 (n, d), n and d at least 1, all finite."""
    array = _numbers(X, name)
    if array.ndim == 1 and array.size:
        raise ValueError(
            f"{name} needs rows and columns (n, d), got shape {array.shape}; one column is {name}[:, None]"
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")
    if array.ndim != 2:
        raise ValueError(f"{name} needs rows and columns (n, d), got shape {array.shape}")
    return array.astype(np.float64)


def checked_targets(y: Any, name: str = "y") -> Numbers:
    """Return y (n,) or (n, k), all finite: int64 for whole number types and booleans, else float64."""
    array = _numbers(y, name)
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} needs the shape (n,), or (n, k) for k numbers per row, got {array.shape}")
    if array.ndim == 2 and array.shape[1] == 1:
        raise ValueError(f"{name} has shape {array.shape}: for one target per row give {name}[:, 0]")
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)


# --------------------------------------------------------------------------------------------------- arrays of numbers


def _numbers(given: Any, name: str) -> NDArray[Any]:
    """Return an array of finite real numbers; the error names the first place that has none."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable) or not isinstance(given, Sized):
        raise TypeError(f"{name} is an array or a list of numbers, got {type(given).__name__}")
    check_unmasked(name, given)
    if not hasattr(given, "shape"):
        _check_even(given, name)
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        array = _converted(np.array(given, dtype=object), name)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(f"{name} needs finite numbers, got {array[place]} at {_spelled(place)}")
    return array


def _check_even(rows: Iterable[Any], name: str) -> None:
    lengths = [len(row) if isinstance(row, Sized) and not isinstance(row, (str, bytes)) else None for row in rows]
    for i, (row, length) in enumerate(zip(rows, lengths)):
        check_unmasked(f"row {i} of {name}", row)
        if length != lengths[0]:
            counts = [f"row {j} has {_columns(lengths[j])}" for j in (i, 0)]
            raise ValueError(f"{name} is ragged: {', '.join(counts)}")


def _columns(length: int | None) -> str:
    return "one number" if length is None else f"{length} column{'s' * (length != 1)}"


def _converted(cells: NDArray[Any], name: str) -> Floats:
    for place, cell in np.ndenumerate(cells):
        if isinstance(cell, bool) or not isinstance(cell, Real):
            raise TypeError(f"{name} needs numbers, got {type(cell).__name__} {cell!r:.40} at {_spelled(place)}")
    try:
        return cells.astype(np.float64)
    except (OverflowError, ValueError, TypeError):
        raise ValueError(f"{name} holds a number that does not fit into a float") from None


def _spelled(place: tuple[int, ...]) -> str:
    return ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column", "depth"), place))


# ------------------------------------------------------------------------------------------- targets as the loss wants


def _suited(y: Numbers, loss: Callable[..., Any], k: int, name: str) -> Numbers:
    """Return y as the loss takes it; a loss that is not of nn.losses takes it as it is."""
    card = card_of(loss)
    return SUITED[card.targets](y, loss_name(loss), k, name) if card else y


def _classes(y: Numbers, loss: str, k: int, name: str) -> Numbers:
    if k < 2:
        raise ValueError(f"{loss} needs one output per class, but the model has one output")
    return _among(y, set(range(k)), f"{loss} with {k} outputs needs classes 0 … {k - 1}", name)


def _bits(y: Numbers, loss: str, k: int, name: str) -> Numbers:
    _check_one_output(loss, k)
    return _among(y, {0, 1}, f"{loss} needs classes 0 and 1", name)


def _signs(y: Numbers, loss: str, k: int, name: str) -> Numbers:
    _check_one_output(loss, k)
    if y.min() < 0:
        return _among(y, {-1, 1}, f"{loss} needs classes -1 and 1, or 0 and 1", name)
    return 2 * _among(y, {0, 1}, f"{loss} needs classes -1 and 1, or 0 and 1", name) - 1


def _check_one_output(loss: str, k: int) -> None:
    if k > 1:
        raise ValueError(f"{loss} needs one output, but the model has {k}")


def _among(y: Numbers, allowed: set[int], rule: str, name: str) -> Numbers:
    if y.ndim != 1:
        raise ValueError(f"{rule}, one per row, but {name} has shape {y.shape}")
    wrong = ~np.isin(y, sorted(allowed))
    if wrong.any():
        raise ValueError(f"{rule}, got {name}[{int(wrong.argmax())}] = {y[wrong][0]}")
    return y.astype(np.int64)


def _as_many(y: Numbers, loss: str, k: int, name: str) -> Numbers:
    numbers = 1 if y.ndim == 1 else y.shape[1]
    if numbers != k:
        raise ValueError(f"{loss} needs a number per output: the model has {k}, a row of {name} has {numbers}")
    return y


SUITED = {NUMBERS: _as_many, BIT: _bits, SIGN: _signs, CLASS: _classes}
