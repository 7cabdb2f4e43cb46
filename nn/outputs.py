"""Outputs: what a model makes of rows, and how right that is.

X   (n, d), one example per row        outputs   (n,), or (n, k) of k outputs
y   (n,), the class of each row        part      a module that the model is made of
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import DomainError, Value, no_grad
from nn.examples import Examples, checked_rows, checked_targets
from nn.losses import NUMBERS, card_of, loss_name
from nn.module import Module

__all__ = [
    "Form",
    "Loss",
    "accuracy",
    "computed",
    "form_of",
    "has_classes",
    "loss_of",
    "mean_loss",
    "mode",
    "parts_of",
    "predict",
    "set_threshold",
    "share_right",
]

Floats = NDArray[np.float64]
Loss = Callable[[Any, Any], Value]


def predict(model: Module, X: Any) -> Floats:
    """Return the outputs of a model for rows X (n, d), all at once and without dropout: (n,), or (n, k) of k outputs.

    They are what the model computes: logits, scores or probabilities. ValueError or TypeError for what is no such
    table.

        >>> from nn import MLP, xor
        >>> X, _ = xor()
        >>> predict(MLP(2, [3, 2]), X).shape
        (4, 2)
    """
    rows = checked_rows(X)
    form_of(model, rows)
    return computed(model, parts_of(model), rows)


def accuracy(model: Module, X: Any, y: Any) -> float:
    """Return the share of rows X (n, d) that a model puts into their classes y (n,).

    Of several outputs the largest is the class, 0 … k-1. One output means class 1 where it is above model.threshold;
    the other class is 0 or -1. ValueError for labels that are no such classes.

        >>> from nn import MLP, fit, xor
        >>> X, y = xor()
        >>> model = MLP(2, [8, 1], "tanh")
        >>> history = fit(model, X, y, loss="binary_cross_entropy", optimizer="adam", epochs=1000, progress=False)
        >>> accuracy(model, X, y)
        1.0
    """
    rows, labels = checked_rows(X), checked_targets(y)
    k = form_of(model, rows).k
    if len(labels) != len(rows):
        raise ValueError(f"X has {len(rows)} rows, but y has {len(labels)}: one class per row")
    if not _are_classes(labels, k):
        classes = f"0 … {k - 1}" if k > 1 else "0 and 1, or -1 and 1"
        raise ValueError(f"accuracy of a model of {k} output{'s' * (k > 1)} needs classes {classes}, one per row")
    return share_right(model, computed(model, parts_of(model), rows), labels)


def share_right(model: Module, outputs: Floats, y: NDArray[Any]) -> float:
    """Return the share of a model's outputs (n,) or (n, k) whose class is that in y (n,)."""
    right = outputs.argmax(axis=1) == y if outputs.ndim == 2 else (outputs > model.threshold) == (y > 0)
    return float(right.mean())


def has_classes(examples: Examples, k: int) -> bool:
    """Tell whether the targets of training are classes, of which a model of k outputs can be right or wrong."""
    return examples.targets.dtype.kind == "i" and _are_classes(examples.y, k)


def set_threshold(model: Module, loss: Loss, y: NDArray[Any], k: int) -> None:
    """Set where the single output that a loss trains tells two classes apart; with a loss of one's own, leave it.

    A loss that compares numbers makes outputs approach 0 and 1 themselves, not the two sides of 0. What somebody set
    as the model's threshold goes before it.
    """
    card = card_of(loss)
    if k == 1 and card:
        approaches = card.targets == NUMBERS and _are_classes(y, k) and y.min() >= 0
        model.fitted_threshold = 0.5 if approaches else None


def _are_classes(y: NDArray[Any], k: int) -> bool:
    if y.ndim != 1:
        return False
    return any(bool(np.isin(y, classes).all()) for classes in ([range(k)] if k > 1 else [(0, 1), (-1, 1)]))


def computed(model: Module, parts: Sequence[Module], rows: Floats) -> Floats:
    """Return a model's outputs (n,) or (n, k) for checked rows, without dropout."""
    with mode(parts, training=False), no_grad(), np.errstate(all="ignore"):
        try:
            outputs = model(list(rows.T.copy()))
        except DomainError:
            raise
        except (TypeError, AttributeError, ValueError):  # a model of one's own need not take columns
            return np.array([_numbers(model(row)) for row in rows.tolist()])
    columns = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    table = np.stack([np.broadcast_to(np.asarray(column, dtype=np.float64), len(rows)) for column in columns], axis=1)
    return table[:, 0] if len(columns) == 1 else table


def _numbers(outputs: Any) -> float | list[float]:
    if not isinstance(outputs, (list, tuple)):
        return float(outputs)
    return float(outputs[0]) if len(outputs) == 1 else [float(z) for z in outputs]


def mean_loss(loss: Loss, outputs: Floats, targets: NDArray[Any], form: Form) -> float:
    """Return the mean loss of outputs that are computed already; the loss gets them in the form the model gives."""
    table = outputs[:, None] if form.is_list and outputs.ndim == 1 else outputs
    pairs = zip(table.tolist(), targets.tolist())
    with no_grad():
        losses = [loss_of(loss, _values(output), target).data for output, target in pairs]
    return math.fsum(losses) / len(losses)


def loss_of(loss: Loss, prediction: Any, target: Any) -> Value:
    """Return the loss of one example; TypeError where it is no Value, but a plain number for some targets, say."""
    found = loss(prediction, target)
    if not isinstance(found, Value):
        raise TypeError(
            f"a loss is one Value per example, {loss_name(loss)} gave {type(found).__name__} {found!r:.40} for the "
            f"target {target!r:.40}: compute it with gates, or return Value(…)"
        )
    return found


def _values(output: float | list[float]) -> Value | list[Value]:
    return [Value(z) for z in output] if isinstance(output, list) else Value(output)


# -------------------------------------------------------------------------------------------------- models, and modes


class Form(NamedTuple):
    """What a model returns for a row: how many outputs, and whether in a list; one output may be in one or bare."""

    k: int
    is_list: bool


def form_of(model: Any, rows: Floats) -> Form:
    """Return what a model returns for rows; ValueError where it does not take that many columns."""
    if not isinstance(model, Module):
        raise TypeError(f"a model is an nn.Module, got {type(model).__name__}")
    with mode(parts_of(model), training=False), no_grad():
        try:
            outputs = model(rows[0].tolist())
        except DomainError:
            raise
        except ValueError as error:
            raise ValueError(f"the model does not take X, which has {rows.shape[1]} columns: {error}") from error
    return Form(len(outputs), True) if isinstance(outputs, (list, tuple)) else Form(1, False)


@contextmanager
def mode(parts: Sequence[Module], training: bool) -> Iterator[None]:
    """Put parts of a model into training or out of it in this block, and back into the modes they are in now."""
    modes = [part.training for part in parts]
    try:
        for part in parts:
            part.training = training
        yield
    finally:
        for part, before in zip(parts, modes):
            part.training = before


def parts_of(model: Module) -> list[Module]:
    """Return a model and all its parts."""
    return [part for _, part in model.named_modules()]
