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

from autograd.lifting.record import Pair, Row

__all__ = ["Component", "components", "extended"]


Component = tuple[list[Row], list[Row], list[list[int]]]


def components(pairs: Sequence[Pair], complete: bool) -> tuple[list[Component], list[int]]:
    """Return the matrix products (left rows, right rows, grid) among dots, and the dots that are in none.

    Rows that meet in a dot belong together (the components of a bipartite graph); they are a product if each left one
    meets each right one exactly once. With `complete` half of the pairs suffice, where there is no bias.
    """
    found, rest = list[Component](), list[int]()
    met = [(left, right) for left, right, _ in pairs]
    for dots in _together(met):
        at = {met[dot]: dot for dot in dots}
        left = list(dict.fromkeys([row for row, _ in at]))
        right = list(dict.fromkeys([row for _, row in at]))
        size, may_lack = len(left) * len(right), complete and not pairs[dots[0]][2]
        if len(at) == len(dots) and (len(dots) == size or (may_lack and 2 * len(dots) > size)):
            found.append((left, right, [[at.get((a, b), -1) for a in left] for b in right]))
        else:
            rest += dots
    return found, rest


def _together(met: Sequence[tuple[Row, Row]]) -> list[list[int]]:
    """Return the dots of each component, by union and find over their rows."""
    lefts, rights = {left for left, _ in met}, {right for _, right in met}
    if len(met) == len(lefts) * len(rights) == len(set(met)):
        return [list(range(len(met)))]  # every row meets every other: what a layer over all samples does
    leader: dict[Any, Any] = {}  # a row may be left and right: (side, row)

    def find(x: Any) -> Any:
        while leader[x] is not x:
            leader[x] = leader[leader[x]]
            x = leader[x]
        return x

    sides: tuple[dict[Row, Any], dict[Row, Any]] = ({}, {})
    for pair in met:
        for side in (0, 1):
            if pair[side] not in sides[side]:
                end = sides[side][pair[side]] = (side, pair[side])
                leader[end] = end
        leader[find(sides[0][pair[0]])] = find(sides[1][pair[1]])
    groups: dict[Any, list[int]] = defaultdict(list)
    for dot, (left, _) in enumerate(met):
        groups[find(sides[0][left])].append(dot)
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
