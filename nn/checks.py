"""What every module asks of what it is given: in range and in order, or an error that names the owner and the rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = ["check_saved", "check_unmasked", "checked", "listed", "whole"]

inf = math.inf


def checked(
    owner: str, name: str, x: Any, low: float = 0.0, high: float = inf, *, above: float = -inf, below: float = inf
) -> float:
    """Return x as a float if low <= x <= high and above < x < below; else an error that names owner and rule."""
    if isinstance(x, bool) or not isinstance(x, Real):
        raise TypeError(f"{owner} needs a number for {name}, got {type(x).__name__} {x!r}")
    number = float(x)
    if low <= number <= high and above < number < below:
        return number
    limits = {">": above, ">=": -inf if above >= low else low, "<=": high, "<": below}
    rule = " and ".join([f"{name} {sign} {limit:g}" for sign, limit in limits.items() if math.isfinite(limit)])
    raise ValueError(f"{owner} needs {rule or f'a finite {name}'}, got {name} = {number!r}")


def whole(owner: str, name: str, n: Any, low: int) -> int:
    """Return n if it is a whole number >= low; else an error that names the owner and the rule."""
    if isinstance(n, bool) or not isinstance(n, Integral):
        raise TypeError(f"{owner} needs a whole number for {name}, got {type(n).__name__} {n!r}")
    if n < low:
        raise ValueError(f"{owner} needs {name} >= {low}, got {name} = {n}")
    return int(n)


def listed(owner: str, xs: Any) -> list[Any]:
    """Return numbers as a list; TypeError for what has none, or has them in no order of its own, as a set or keys."""
    if isinstance(xs, (str, bytes, bytearray, Mapping, Set)) or not isinstance(xs, Iterable):
        raise TypeError(f"{owner} takes a list of numbers, got {type(xs).__name__}")
    return list(xs)


def check_unmasked(name: str, x: Any) -> None:
    """Raise ValueError for a masked array that lacks numbers: arrays of numbers alone would bring them back."""
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(
            f"{name} is a masked array with {int(np.ma.getmaskarray(x).sum())} of its {x.size} numbers masked: "
            "fill them, array.filled(…), or drop their rows"
        )


def check_saved(what: str, saved: Any, keys: Iterable[str]) -> None:
    """Raise TypeError for a saved state that is no dictionary, ValueError for one without some of the keys."""
    if not isinstance(saved, Mapping):
        raise TypeError(f"this is no {what}, got {type(saved).__name__}")
    missing = [key for key in keys if key not in saved]
    if missing:
        raise ValueError(f"this is no {what}: it has no {', '.join(missing)}")
