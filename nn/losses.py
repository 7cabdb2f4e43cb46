"""Losses on one example, and penalties on weights.

    z, zs    logits or scores, before any activation      d    prediction - target
    t        the target                                   k    how many classes

A loss of Values is a Value, of floats a float, of NumPy columns (one entry per row) a column. Predictions and targets
of mse, squared_error, quadratic and huber are single numbers or lists of equal length. Classes are counted from 0.

No rule branches on a prediction, so a recorded loss holds for every input. Targets that are plain numbers or columns
are checked. A Value is not; but one that stands for every row of a program passes a gate that hands it on as it is and
has a domain, which every run checks row by row. What is given is subtracted and multiplied by gates' functions, never
by operators: those of a column of a few bits would wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from autograd import functions
from autograd.elementary import Number
from autograd.gates import COPY, Domain, Gate
from autograd.value import Value, apply, is_traced
from nn.checks import check_unmasked, checked, listed
from nn.module import Module

__all__ = [
    "BIT",
    "CARDS",
    "CLASS",
    "LOGITS",
    "LOSSES",
    "NUMBERS",
    "SIGN",
    "Card",
    "binary_cross_entropy",
    "card_of",
    "cross_entropy",
    "hinge",
    "huber",
    "l1",
    "l2",
    "loss_name",
    "mse",
    "multiclass_hinge",
    "nll",
    "quadratic",
    "squared_error",
    "unchecked",
]

Numbers = Any  # one number, or a list of them


# ----------------------------------------------------------------------------------------------- distances to targets


def squared_error(prediction: Numbers, target: Numbers) -> Number:
    """Return Σ d², the squared Euclidean distance ("L2 loss"); ValueError unless there are as many targets as outputs.

    >>> squared_error([Value(1.0), Value(2.0)], [3.0, 2.5])
    Value(4.25, grad=0.0)
    """
    return _total(_squares("squared_error", prediction, target))


def quadratic(prediction: Numbers, target: Numbers) -> Number:
    """Return ½ Σ d², whose slope is d; ValueError unless there are as many targets as outputs.

    >>> z = Value(3.0)
    >>> loss = quadratic(z, 1.0)
    >>> loss.backward()
    >>> loss.data, z.grad
    (2.0, 2.0)
    """
    return 0.5 * _total(_squares("quadratic", prediction, target))


def mse(prediction: Numbers, target: Numbers) -> Number:
    """Return the mean of d² over the outputs, as torch's MSELoss does; ValueError unless there are as many targets.

    >>> mse([Value(1.0), Value(2.0)], [3.0, 2.5]).data
    2.125
    """
    return _mean(_squares("mse", prediction, target))


def huber(prediction: Numbers, target: Numbers, delta: float = 1.0) -> Number:
    """Return the mean over the outputs of ½d² where |d| <= delta, and of delta·(|d| - ½delta) beyond.

    Written as m·(|d| - ½m) with m = min(|d|, delta), which branches nowhere. The numbers are those of torch's
    HuberLoss (P. J. Huber, "Robust estimation of a location parameter", 1964). Raises ValueError unless delta > 0.

        >>> [huber(Value(z), 0.0).data for z in (0.5, 1.0, 3.0)]
        [0.125, 0.5, 2.5]
    """
    delta = checked("huber", "delta", delta, above=0.0)
    return _mean([_huber(functions.abs(d), delta) for d in _differences("huber", prediction, target)])


def _huber(distance: Number, delta: float) -> Number:
    m = functions.min(distance, delta)
    return m * (distance - 0.5 * m)


def _squares(loss: str, prediction: Numbers, target: Numbers) -> list[Number]:
    return [d**2 for d in _differences(loss, prediction, target)]


def _differences(loss: str, prediction: Numbers, target: Numbers) -> list[Number]:
    """Return prediction - target, output by output; ValueError where there are not as many of both."""
    theirs, ours = _shape(prediction), _shape(target)
    if isinstance(prediction, (list, tuple)):
        if len(ours) != 1 or ours != theirs:
            raise ValueError(f"{loss}: the prediction is {_many(prediction)}, the target is {_many(target)}")
        if not prediction:
            raise ValueError(f"{loss} needs at least one output, got none")
        return [functions.sub(p, t) for p, t in zip(prediction, target)]
    if ours not in ((), theirs) or isinstance(target, (list, tuple)):
        raise ValueError(f"{loss}: the prediction is {_many(prediction)}, the target is {_many(target)}")
    return [functions.sub(prediction, target)]


def _shape(x: Any) -> tuple[int, ...]:
    """Return the shape of an array, the length of a list, and nothing for a number."""
    return (len(x),) if isinstance(x, (list, tuple)) else tuple(getattr(x, "shape", ()))


def _many(x: Any) -> str:
    shape = _shape(x)
    if isinstance(x, (list, tuple)):
        return f"a list of {len(x)}"
    return f"an array of shape {shape}" if shape else "one number"


def _total(terms: list[Number]) -> Number:
    return terms[0] if len(terms) == 1 else functions.sum(terms)


def _mean(terms: list[Number]) -> Number:
    return terms[0] if len(terms) == 1 else functions.sum(terms) / len(terms)


# ---------------------------------------------------------------------------------------------------------- classes

# what a target must be, as a gate: its words and its predicate serve plain targets and programs alike
SHARE = replace(
    COPY,
    name="binary_cross_entropy",
    domain=Domain("a target from 0 to 1 (labels of ±1 belong to hinge)", lambda t: abs(t - 0.5) > 0.5),
)
EITHER_SIGN = replace(
    COPY,
    name="hinge",
    domain=Domain("a target of 1 or -1 (from classes 0 and 1: 2*y - 1)", lambda t: (abs(t) < 1) | (abs(t) > 1)),
)


def binary_cross_entropy(logit: Number, target: Number) -> Number:
    """Return -(t·log y + (1 - t)·log(1 - y)) with y = sigmoid(logit), as softplus(z) - t·z, which cannot overflow.

    target: 0 or 1, or a probability between; ValueError for a plain number that is none, DomainError when a compiled
    program meets one.

        >>> z = Value(0.0, "logit")
        >>> loss = binary_cross_entropy(z, 1)
        >>> loss.backward()
        >>> round(loss.data, 4), z.grad  # log 2: it knows nothing yet
        (0.6931, -0.5)
    """
    return _binary_cross_entropy(logit, _allowed(SHARE, target))


def _binary_cross_entropy(logit: Number, target: Number) -> Number:
    _one("binary_cross_entropy", logit)
    return functions.softplus(logit) - functions.mul(target, logit)


def cross_entropy(logits: Sequence[Number], class_index: Number) -> Number:
    """Return -log softmax(logits)[class_index], as logsumexp(logits) - logits[class_index], which cannot overflow.

    Raises IndexError for a class there is none of, TypeError for one that is no whole number.

        >>> zs = [Value(0.0), Value(0.0)]
        >>> loss = cross_entropy(zs, 1)
        >>> loss.backward()
        >>> round(loss.data, 4), [round(z.grad, 4) for z in zs]
        (0.6931, [0.5, -0.5])
    """
    zs = _scores("cross_entropy", logits)
    return functions.logsumexp(zs) - _pick("cross_entropy", zs, class_index)


def nll(log_probabilities: Sequence[Number], class_index: Number) -> Number:
    """Return -log_probabilities[class_index], the negative log likelihood.

    Raises IndexError for a class there is none of, TypeError for one that is no whole number.

        >>> nll([Value(-0.25), Value(-1.5)], 0).data
        0.25
    """
    return functions.neg(_pick("nll", _scores("nll", log_probabilities), class_index))


def hinge(score: Number, target: Number) -> Number:
    """Return max(0, 1 - t·score), the max-margin loss; ValueError for a target other than 1 and -1.

    A compiled program raises DomainError, which is a ValueError too.

    >>> [hinge(Value(score), 1).data for score in (2.0, 0.25, -1.0)]
    [0.0, 0.75, 2.0]
    """
    return _hinge(score, _allowed(EITHER_SIGN, target))


def _hinge(score: Number, target: Number) -> Number:
    _one("hinge", score)
    return functions.relu(1.0 - functions.mul(target, score))


def multiclass_hinge(scores: Sequence[Number], class_index: Number, margin: float = 1.0) -> Number:
    """Return Σ max(0, margin + z - z[class_index]) / k over the other classes, as torch's MultiMarginLoss does.

    The right class itself would add just the margin, which is taken off again. Raises ValueError unless margin >= 0,
    IndexError for a class there is none of, TypeError for one that is no whole number.

        >>> multiclass_hinge([Value(2.0), Value(1.5), Value(0.0)], 0).data  # 0.5 / 3, for the second comes too near
        0.16666666666666666
    """
    margin = checked("multiclass_hinge", "margin", margin)
    zs = _scores("multiclass_hinge", scores)
    right = _pick("multiclass_hinge", zs, class_index)
    return (functions.sum([functions.relu(functions.sub(z, right) + margin) for z in zs]) - margin) / len(zs)


def _one(loss: str, score: Any) -> None:
    if isinstance(score, (list, tuple)):
        raise ValueError(f"{loss} takes one number, got a list of {len(score)}: the model needs one output")


def _scores(loss: str, xs: Any) -> list[Number]:
    if isinstance(xs, (Value, Real)):
        raise ValueError(f"{loss} takes a list of one score per class, got one number: the model needs k outputs")
    scores = listed(loss, xs)
    if not scores:
        raise ValueError(f"{loss} needs at least one score, got none")
    return scores


def _allowed(guard: Gate, target: Any) -> Any:
    """Return a target that a guard lets pass; one that is traced, as the guard's output: every run looks at it anew.

    ValueError for a plain target outside of the guard's domain, or nan, which gates let pass; a column's error names
    the row, from 0.
    """
    if isinstance(target, Value):
        return apply(guard, target) if is_traced(target) else target
    targets = np.asarray(target)
    wrong = np.asarray(guard.domain.lacks_value(targets) | (targets != targets))
    if wrong.any():
        row = f" (row {int(wrong.argmax())})" if wrong.ndim else ""
        raise ValueError(f"{guard.needs}, got {targets[wrong].flat[0]}{row}")
    return target


def _pick(loss: str, zs: list[Number], index: Any) -> Number:
    """Return the score of a class; of columns, the score of each row's own class."""
    if isinstance(index, Value):
        return functions.take(zs, index)
    check_unmasked(f"the class for {loss}", index)
    classes = np.asarray(index)
    if classes.dtype.kind not in "iu":
        if classes.dtype.kind not in "fb" or (classes % 1 != 0).any():
            raise TypeError(f"{loss} needs a whole number as class, got {index!r}")
        classes = classes.astype(np.int64)
    wrong = (classes < 0) | (classes >= len(zs))
    if wrong.any():
        row = f" (row {int(wrong.argmax())})" if wrong.ndim else ""
        raise IndexError(f"{loss}: the {len(zs)} classes are 0 … {len(zs) - 1}, got {classes[wrong].flat[0]}{row}")
    if classes.ndim:
        for i, z in enumerate(zs):
            check_unmasked(f"column {i} for {loss}", z)
        rows = np.broadcast_shapes(*map(_shape, zs))
        if rows != classes.shape:
            scores = f"columns of shape {rows}" if rows else "numbers, of one row"
            raise ValueError(f"{loss} takes a class per row: scores are {scores}, classes of shape {classes.shape}")
        return np.take_along_axis(np.stack(np.broadcast_arrays(*zs)), classes[None], axis=0)[0]
    return functions.take(zs, int(classes))


# ---------------------------------------------------------------------------------------------------------- penalties


def l1(model: Module | Iterable[Number]) -> Number:
    """Return Σ|w| over a model's weights, its biases left out; a list of Values is taken whole. 0.0 of nothing.

    >>> l1([Value(-2.0), Value(0.5)]).data
    2.5
    """
    return functions.sum([functions.abs(w) for w in _weights(model)])


def l2(model: Module | Iterable[Number]) -> Number:
    """Return Σw² over a model's weights, its biases left out, without ½; a list of Values is taken whole.

    One gate, the dot product of the weights with themselves; 0.0 of nothing.

        >>> l2([Value(-2.0), Value(0.5)]).data
        4.25
    """
    ws = _weights(model)
    return functions.dot(ws, ws) if ws else 0.0


def _weights(model: Module | Iterable[Number]) -> list[Number]:
    return model.weights() if isinstance(model, Module) else list(model)


# ---------------------------------------------------------------------------------------------------------- the table

NUMBERS = "a number per output"  # what targets are to a loss
BIT = "0 or 1, for one output"
SIGN = "1 or -1, for one output"
CLASS = "one of the classes 0 … k-1, for an output per class"

LOGITS = "logits, as they are before any activation"  # what outputs are to a loss
LOG_PROBABILITIES = "log-probabilities"
SCORES = "scores"


@dataclass(frozen=True, slots=True)
class Card:
    """A loss and what it asks of targets and outputs."""

    function: Callable[..., Number]
    targets: str  # NUMBERS, BIT, SIGN or CLASS
    outputs: str = SCORES  # or LOGITS, LOG_PROBABILITIES
    refuses: str | None = None  # the activation that outputs must not come from
    rule: Callable[..., Number] | None = None  # the function without a look at its target, where it takes one

    @property
    def name(self) -> str:
        """What the loss is called."""
        return self.function.__name__


CARDS = {
    card.name: card
    for card in (
        Card(mse, NUMBERS),
        Card(squared_error, NUMBERS),
        Card(quadratic, NUMBERS),
        Card(huber, NUMBERS),
        Card(binary_cross_entropy, BIT, LOGITS, refuses="sigmoid", rule=_binary_cross_entropy),
        Card(cross_entropy, CLASS, LOGITS, refuses="softmax"),
        Card(nll, CLASS, LOG_PROBABILITIES, refuses="softmax"),
        Card(hinge, SIGN, rule=_hinge),
        Card(multiclass_hinge, CLASS),
    )
}
LOSSES = {name: card.function for name, card in CARDS.items()}


def unchecked(loss: Callable[..., Any]) -> Callable[..., Any]:
    """Return the loss without a look at its targets: training checks all of them once, before the first step."""
    return next((card.rule for card in CARDS.values() if card.function is loss and card.rule), loss)


def card_of(loss: Callable[..., Any]) -> Card | None:
    """Return the card of a loss, also of a functools.partial that binds a margin, say; None for one's own loss."""
    original = getattr(loss, "func", loss)
    return next((card for card in CARDS.values() if card.function is original), None)


def loss_name(loss: Callable[..., Any]) -> str:
    """Return what a loss is called."""
    return str(getattr(getattr(loss, "func", loss), "__name__", type(loss).__name__))
