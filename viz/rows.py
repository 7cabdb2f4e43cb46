"""Rows: a circuit that is much wider than high is cut into rows, like a line of text, so that it fits a page.

    strip    a column and the channel before it: the x from where to where, the y it takes up, the wires that enter
    row      strips side by side; each keeps its heights, and the row is moved as a whole
    corridor the room between two rows, where the wires go back to the left, each in a lane of its own
    route    the way of one wire from the end of a row to the beginning of the next

The lowest wire turns first, into the highest lane of the corridor and down the leftmost lane at the left: so no two
routes cross, and they enter the next row in the order in which they left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf

__all__ = ["Point", "Rows", "Strip", "Way", "in_rows"]

ROW = 1400.0  # what a page or a slide can hold of text that is still to be read
LONG, MUCH = 1700.0, 4.0  # what is wider than this, and so many times as wide as high, is cut
MOST_LANES = 8  # wires that go from row to row; a cut through more would hide more than it shows
TURN, LANE, CORRIDOR = 12.0, 9.0, 16.0

Point = tuple[float, float]
Way = tuple[int, tuple[Point, ...]]  # (wire, its corners from the first to the last point)


@dataclass(frozen=True, slots=True)
class Strip:
    """A column and the channel before it, where it would be in one row."""

    left: float
    right: float
    top: float
    bottom: float
    entering: tuple[tuple[int, float], ...]  # (wire, y) from top to bottom


@dataclass(frozen=True, slots=True)
class Rows:
    """How far each strip moves, right and down, which begin a row, and the routes between the rows."""

    moves: tuple[Point, ...]
    routes: tuple[Way, ...]
    width: float
    height: float


def in_rows(strips: Sequence[Strip], margin: float) -> Rows:
    """Return the rows of a picture, one where it is no wider than a page or not much wider than high."""
    starts = _starts(strips)
    moves: list[Point] = []
    floors: list[float] = []  # where each row ends
    for start, end in pairwise([*starts, len(strips)]):
        row, entering = strips[start:end], strips[start].entering if start else ()
        top = min([strip.top for strip in row] + [y - LANE for _, y in entering])
        bottom = max([strip.bottom for strip in row] + [y + LANE for _, y in entering])
        lanes = LANE * (len(entering) - 1)
        down = floors[-1] + 2 * CORRIDOR + lanes if start else margin
        left = margin + 2 * TURN + lanes if start else margin
        moves.extend([(left - strips[start].left, round(down - top, 1))] * len(row))
        floors.append(down + bottom - top)
    right = max([strip.right + dx for strip, (dx, _) in zip(strips, moves, strict=True)])
    ways: list[Way] = []
    for start, floor in zip(starts[1:], floors, strict=False):
        ends = slice(start - 1, start + 1)  # the last strip of one row, the first of the next
        ways.extend(_ways(strips[ends], moves[ends], right + TURN, floor + CORRIDOR))
    furthest = max([x for _, corners in ways for x, _ in corners], default=right)
    return Rows(tuple(moves), tuple(ways), furthest + margin, floors[-1] + margin)


def _ways(strips: Sequence[Strip], moves: Sequence[Point], right: float, level: float) -> Iterator[Way]:
    """Return the routes from the last strip of one row to the first of the next; the first lanes are given."""
    (last, first), ((last_dx, last_dy), (dx, dy)) = strips, moves
    leave, arrive = last.right + last_dx, first.left + dx
    for lane, (wire, y) in enumerate(reversed(first.entering)):
        out, across = right + LANE * lane, level + LANE * lane
        back = arrive - TURN - LANE * (len(first.entering) - 1 - lane)
        before, after = round(y + last_dy, 1), round(y + dy, 1)
        corners = ((leave, before), (out, before), (out, across), (back, across), (back, after), (arrive, after))
        yield wire, corners


# ------------------------------------------------------------------------------------------------------ where to cut


def _starts(strips: Sequence[Strip]) -> list[int]:
    """Return the strips that begin rows: rows of about equal widths, cut where few wires are cut."""
    width = strips[-1].right - strips[0].left
    height = max([strip.bottom for strip in strips]) - min([strip.top for strip in strips])
    if width <= LONG or width < MUCH * height:
        return [0]
    share = width / ceil(width / ROW)
    best: list[tuple[float, int]] = [(0.0, 0)]  # for the strips before each: the least cost, the start of the last row
    for end in range(1, len(strips) + 1):
        costs = []
        for start in reversed(range(end)):
            taken, cut = strips[end - 1].right - strips[start].left, len(strips[start].entering) if start else 0
            if taken > 1.25 * ROW and start < end - 1:
                break
            dear = inf if cut > MOST_LANES else (taken / share - 1) ** 2 + 0.02 * cut**2
            costs.append((best[start][0] + dear, start))
        best.append(min(costs))
    starts = [best[-1][1]]
    while starts[0]:
        starts.insert(0, best[starts[0]][1])
    return starts if best[-1][0] < inf else [0]
