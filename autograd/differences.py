"""Slopes told from values alone, with a bound of their error: finite differences that choose their own step.

    f, x      a function of one number, nan where it has no value; the point where its slope is asked for
    h         how far x is moved; a scale is a sequence of shrinking steps, a row the slopes that one step gives
    left, right, central     (f(x) − f(x−h)) / h,  (f(x+h) − f(x)) / h,  (f(x+h) − f(x−h)) / 2h
    noise     how far rounding moves a value of f; a slope is blurred by noise / h
    kink      where left and right tend to different slopes, or one of them to none

Steps shrink, and the slopes are extrapolated to h = 0 (L. F. Richardson, 1911). Large steps blur a curve, small ones
drown in rounding: try them all, and keep what has the smallest error (C. J. F. Ridders, "Accurate computation of F'(x)
and F'(x)F''(x)", Advances in Engineering Software 4, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["EPSILON", "SMALLEST", "Estimate", "Slopes", "slopes_at"]

inf, nan = math.inf, math.nan
Scalar = Callable[[float], float]

EPSILON = 2.0**-52  # how far apart floats are, relative to their size …
SMALLEST = 5e-324  # … and near 0
SHRINK = 1.6  # from one step to the next; a whole number would be blind to a function of that period
ROWS = 6
SCALES = tuple([0.06 * 0.01**k for k in range(7)])  # the first step of each scale, relative to x


class Estimate(NamedTuple):
    """A numeric slope, and a bound of its error."""

    slope: float
    error: float


NONE = Estimate(nan, inf)


class Slopes(NamedTuple):
    """The slopes of a function at one point: from the left, central, and from the right; NONE where there is none."""

    left: Estimate
    central: Estimate
    right: Estimate

    @property
    def flat(self) -> bool:
        """Tell whether the function does not move at all, and so will not for smaller steps."""
        return self.left.slope == self.central.slope == self.right.slope == 0

    def smooth(self, tolerance: float) -> bool:
        """Tell whether left, central and right are one slope, as far as can be told."""
        slopes = [estimate.slope for estimate in self]
        slack = tolerance * max(map(abs, slopes)) + sum([estimate.error for estimate in self])
        return max(slopes) - min(slopes) <= slack < inf

    def sharp(self, tolerance: float, seen: Slopes) -> bool:
        """Tell whether the slopes are one, and too sharp to be but a blur of a kink that was seen by larger steps."""
        size = max(abs(self.left.slope), abs(self.right.slope))
        if not seen.smooth(tolerance) and seen.between(self.central):
            size = min(size, abs(seen.right.slope - seen.left.slope))
        return self.smooth(tolerance) and self.left.error + self.right.error <= 0.1 * size

    def between(self, estimate: Estimate) -> bool:
        """Tell whether a slope may lie between those from left and right."""
        low, high = sorted((self.left, self.right))
        return low.slope - low.error - estimate.error <= estimate.slope <= high.slope + high.error + estimate.error

    def contradicts(self, other: Slopes) -> bool:
        """Tell whether the central slopes cannot both be true; of such two, the one from smaller steps knows better."""
        error = self.central.error + other.central.error
        return error < inf and abs(self.central.slope - other.central.slope) > error

    def merged(self, other: Slopes) -> Slopes:
        """Return the better estimate of each kind."""
        return Slopes(*[min(pair, key=_error) for pair in zip(self, other)])

    def blurred(self, error: float) -> Slopes:
        """Return the estimates with larger bounds."""
        return Slopes(*[Estimate(estimate.slope, estimate.error + error) for estimate in self])


def _error(estimate: Estimate) -> float:
    return estimate.error


def slopes_at(f: Scalar, x: float, noise: float, tolerance: float) -> Slopes:
    """Return the numeric slopes of f at x, from large steps to small ones: near a pole or a kink only those see x.

    The answer is the sharpest scale on which all slopes are one, else the best estimate of each.
    """
    best, chosen, steepest, centre = Slopes(NONE, NONE, NONE), None, 0.0, f(x)
    for h in _first_steps(x):
        rows = [_quotients(f, x, centre, h / SHRINK**k, noise) for k in range(ROWS)]
        steepest = steepest or max([abs(slope) for slope, _ in rows[0] if abs(slope) < inf], default=0.0)
        found = Slopes(*[_extrapolated(side, order, steepest) for side, order in zip(zip(*rows), (1, 2, 1))])
        sharp = found.sharp(tolerance, seen=best)
        if (found.flat and found.contradicts(best)) or (sharp and _betters(found, chosen)):
            chosen = found
        if found.flat or (sharp and found.central.error <= 0.01 * tolerance * abs(found.central.slope)):
            break
        best = best.merged(found)
    return chosen or best.merged(found).blurred(32.0 * EPSILON * steepest)


def _betters(found: Slopes, chosen: Slopes | None) -> bool:
    return chosen is None or found.central.error < chosen.central.error or found.contradicts(chosen)


def _first_steps(x: float) -> list[float]:
    """Return the first step of every scale: relative to 1 or a larger x, and then to an x near 0."""
    near = [abs(x) or 1e-250] if abs(x) < 1e-3 else []
    return [size * scale for size in [max(1.0, abs(x)), *near] for scale in SCALES]


def _quotients(f: Scalar, x: float, centre: float, h: float, noise: float) -> list[Estimate]:
    """Return the slopes from the left, central and from the right for one step, and what rounding does to them."""
    low, high = x - h, x + h
    below, above = f(low), f(high)

    def quotient(rise: float, run: float, size: float) -> Estimate:
        if not run > 0:
            return NONE
        return Estimate(rise / run, 4.0 * (noise + EPSILON * size) / run)

    return [
        quotient(centre - below, x - low, abs(below)),
        quotient(above - below, high - low, max(abs(below), abs(above))),
        quotient(above - centre, high - x, abs(above)),
    ]


def _extrapolated(rows: Sequence[Estimate], order: int, steepest: float) -> Estimate:
    """Return the best estimate at h = 0 from slopes at shrinking h whose error is a series in h^order.

    Where the spread is neither small nor the work of rounding, there is no slope: at a jump it grows as h shrinks.
    """
    best, above = NONE, list[float]()
    for slope, rounding in rows:
        row = [slope]
        for j, coarser in enumerate(above, start=1):
            row.append(row[-1] + (row[-1] - coarser) / (SHRINK ** (order * j) - 1.0))
            spread = max(abs(row[-1] - row[-2]), abs(row[-1] - coarser))
            if spread <= 1e-5 * (abs(row[-1]) + steepest) + 4.0 * rounding:
                best = min(best, Estimate(row[-1], 2.0 * spread + rounding), key=_error)
        above = row
    return best
