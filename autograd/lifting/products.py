"""Matrix products: which dots of a group are the entries of one, found by which rows of factors meet.

Before, six dots of two left rows (weights w0, w1) and three right rows (samples x0, x1, x2); after, one product:

    w0·x0  w1·x0  w0·x1  w1·x1  w0·x2  w1·x2      left [w0, w1], right [x0, x1, x2], grid [[0, 1], [2, 3], [4, 5]]

    row     one of the two lists of factors of a dot         pair    (left row, right row, bias) of a dot
    grid    grid[r][l] is the dot in which right row r meets left row l, -1 where they do not meet

No batch has to be known for this: a layer over all samples, or the queries of all tokens and heads, become products by
themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Component", "Pair", "Row", "components", "extended"]


class Row:
    """A row of factors: equal rows of a layout are the same object, so that they are compared once only."""

    __slots__ = ("cells", "level")

    def __init__(self, cells: tuple[int, ...], level: int = 0) -> None:
        self.cells, self.level = cells, level


Pair = tuple[Row, Row, tuple[int, ...]]
Component = tuple[list[Row], list[Row], list[list[int]]]


def components(pairs: Sequence[Pair], complete: bool) -> tuple[list[Component], list[int]]:
    """Return the matrix products (left rows, right rows, grid) among dots, and the dots that are in none.

    Rows that meet in a dot belong together (the components of a bipartite graph); they are a product if each left one
    meets each right one exactly once. With `complete` half of the pairs suffice, where there is no bias.
    """
    found, rest = list[Component](), list[int]()
    for dots in _together(pairs):
        left = list(dict.fromkeys([pairs[dot][0] for dot in dots]))
        right = list(dict.fromkeys([pairs[dot][1] for dot in dots]))
        at = {pairs[dot][:2]: dot for dot in dots}
        size, may_lack = len(left) * len(right), complete and not pairs[dots[0]][2]
        if len(at) == len(dots) and (len(dots) == size or (may_lack and 2 * len(dots) > size)):
            found.append((left, right, [[at.get((a, b), -1) for a in left] for b in right]))
        else:
            rest += dots
    return found, rest


def _together(pairs: Sequence[Pair]) -> list[list[int]]:
    """Return the dots of each component, by union and find over their rows."""
    lefts, rights = ({pair[:2][side] for pair in pairs} for side in (0, 1))
    if len(pairs) == len(lefts) * len(rights) == len({pair[:2] for pair in pairs}):
        return [list(range(len(pairs)))]  # every row meets every other: what a layer over all samples does
    leader: dict[Any, Any] = {}  # a row may be left and right: (side, row)

    def find(x: Any) -> Any:
        while leader[x] is not x:
            leader[x] = leader[leader[x]]
            x = leader[x]
        return x

    sides: tuple[dict[Row, Any], dict[Row, Any]] = ({}, {})
    for pair in pairs:
        ends = []
        for side in (0, 1):
            row = pair[:2][side]
            end = sides[side].get(row)
            if end is None:
                end = sides[side][row] = (side, row)
                leader[end] = end
            ends.append(find(end))
        leader[ends[0]] = ends[1]
    groups: dict[Any, list[int]] = defaultdict(list)
    for dot, pair in enumerate(pairs):
        groups[find(sides[0][pair[0]])].append(dot)
    return list(groups.values())


def extended(pairs: Sequence[Pair], pad: Callable[[Row], int | None]) -> list[Pair]:
    """Return pairs in which a row that begins a longer one is that longer one, its partner padded with zeros.

    Attention makes such rows: what a token attends to begins what the next one attends to. `pad` gives the cell that
    holds a row's 0, None where there is none.
    """
    best, most = list(pairs), 0
    if len({len(left.cells) for left, _, _ in pairs}) == 1:
        return best
    for side in (1, 0):
        longest = _longest([pair[:2][side] for pair in pairs])
        made, count = list[Pair](), 0
        padded: dict[tuple[Row, int], Row] = {}
        for pair in pairs:
            whole, partner = longest[pair[:2][side]], pair[:2][1 - side]
            missing = len(whole.cells) - len(partner.cells)
            zero = pad(partner) if missing else None
            if zero is not None:
                key = partner, missing
                padded[key] = padded.get(key) or Row(partner.cells + (zero,) * missing)
                pair = (padded[key], whole, pair[2]) if side else (whole, padded[key], pair[2])
                count += 1
            made.append(pair)
        if count > most:
            best, most = made, count
    return best


def _longest(rows: Sequence[Row]) -> dict[Row, Row]:
    """Return for each row the longest one that it begins: itself where there is none."""
    longest: dict[Row, Row] = {}
    later: Row | None = None
    for row in sorted(
        dict.fromkeys(rows), key=lambda row: row.cells, reverse=True
    ):  # a row stands right before what it begins
        if later is None or later.cells[: len(row.cells)] != row.cells:
            later = row
        longest[row] = later
    return longest
