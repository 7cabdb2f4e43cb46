"""What a film shows, before it is a page or a GIF: the curves of all epochs, and the frames of some.

curve    one number per epoch          gap      how far a class's output is ahead of the best other one
flow     mean |gradient| of a layer    truth    the place of a sample's class among the names
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from viz.notation import MINUS

__all__ = ["CURVES", "Frame", "Plane", "Reel", "bounds", "decades", "percent", "rounded", "ticks"]

CURVES = ("loss", "validation_loss", "accuracy", "validation_accuracy")


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Samples of two features, and a grid around them at which the model is asked."""

    points: Any  # float64 (n, 2)
    labels: Any  # (n,), of classes
    classes: tuple[Any, ...]
    truth: tuple[int, ...]  # the place of each label among the classes
    names: tuple[str, ...]  # of classes
    features: tuple[str, ...]
    across: Any  # the grid's coordinates, float64 (resolution,)
    up: Any
    grid: list[Any]  # and those of all its points, two tables
    columns: list[Any]  # the points, column by column


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One epoch, counted from 1."""

    epoch: int
    gaps: Any  # float64 (classes, resolution, resolution), rows from below; None without a plane
    wrong: tuple[int, ...]  # samples the model gets wrong
    dead: Mapping[str, tuple[int, int]] | None  # layer -> dead units, all units; None where it is not known


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """All that a film shows."""

    curves: Mapping[str, Sequence[float]]  # of CURVES, those that were measured
    flow: Mapping[str, Sequence[float]]
    frames: tuple[Frame, ...]
    plane: Plane | None
    title: str
    note: str  # why there is no boundary; nothing where there is one

    @property
    def epochs(self) -> int:
        """How many epochs there were."""
        return len(self.curves["loss"])

    def at(self, name: str, frame: Frame) -> float:
        """Return a curve's number of a frame."""
        return self.curves[name][frame.epoch - 1]

    def told(self, name: str, frame: Frame) -> str:
        """Return a curve's number of a frame in words."""
        x = self.at(name, frame)
        return percent(x) if name.endswith("accuracy") else rounded(x)

    def right(self, frame: Frame) -> str:
        """Return how many samples are in the region of their class."""
        assert self.plane is not None
        n = len(self.plane.points)
        return f"{n - len(frame.wrong):,} of {n:,} samples right"

    def died(self, layer: str, frame: Frame) -> str:
        """Return how many units of a layer are dead, in words; nothing where that is not known."""
        dead, units = (frame.dead or {}).get(layer, (0, 0))
        return f"{dead:,} of {units:,} unit{'s' * (units > 1)} dead" if units else ""


def rounded(x: float) -> str:
    """Return a number in four significant digits."""
    return f"{x:.4g}".replace("-", MINUS)


def percent(share: float) -> str:
    """Return a share of 1 in percent."""
    return f"{100 * share:.4g} %"


def bounds(numbers: Sequence[float]) -> tuple[float, float]:
    """Return an interval around numbers, never empty."""
    low, high = min(numbers), max(numbers)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers between two: steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{step * i:.12g}") for i in range(first, last + 1)]


def decades(flow: Mapping[str, Sequence[float]]) -> tuple[int, int]:
    """Return the powers of ten around all numbers above 0; what is smaller than 1e-12 of the largest is left out."""
    largest = max([x for numbers in flow.values() for x in numbers if math.isfinite(x)], default=0.0)
    if largest <= 0:
        return -1, 0
    shown = [x for numbers in flow.values() for x in numbers if math.isfinite(x) and x > 1e-12 * largest]
    low, high = math.floor(math.log10(min(shown))), math.ceil(math.log10(largest))
    return low, max(high, low + 1)
