"""Contours: the outline of where a function is positive, from its heights on a grid.

    heights    rows of numbers: heights[j][i] belongs to the point (i, j)
    edge       the line between two neighbouring points of the grid: (i, j, 0) to the right, (i, j, 1) down
    crossing   the point of an edge where the height, taken as linear there, is 0
    loop       the crossings round one piece of the outline

Each square of the grid joins its own crossings, by W. Lorensen and H. Cline's marching cubes (1987), in the plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

__all__ = ["Loop", "outline"]

Point = tuple[float, float]
Loop = list[Point]
Edge = tuple[int, int, int]
Heights = Sequence[Sequence[float]]

SIDES = ((0, 0, 0), (1, 0, 1), (0, 1, 0), (0, 0, 1))  # the edges of a square from corner to corner, clockwise


def outline(heights: Heights) -> list[Loop]:
    """Return the closed loops round all that is positive, to be filled by the rule "evenodd".

    What is positive at the border of the grid is closed half a square outside of it.
    """
    padded = _padded(heights)
    follows = _joined(padded)
    loops = []
    while follows:
        edge = start = next(iter(follows))
        edges: list[Edge] = []
        while not edges or edge != start:
            edges.append(edge)
            edge = follows.pop(edge)
        loops.append(_straightened([_crossing(padded, each) for each in edges]))
    return loops


def _padded(heights: Heights) -> list[list[float]]:
    """Return the heights within a ring of negative ones, as far below 0 as their neighbours are from it."""
    rows = [[-abs(row[0]), *row, -abs(row[-1])] for row in heights]
    first, last = ([-abs(height) for height in row] for row in (rows[0], rows[-1]))
    return [first, *rows, last]


def _joined(rows: Heights) -> dict[Edge, Edge]:
    """Return for each edge that the outline crosses the one it crosses next, with what is positive on one side."""
    follows = {}
    positive = [[height > 0 for height in row] for row in rows]
    for j, (above, below) in enumerate(pairwise(positive)):
        for i in range(len(above) - 1):
            inside = (above[i], above[i + 1], below[i + 1], below[i])
            if any(inside) and not all(inside):
                for side in range(4):
                    if inside[side] and not inside[(side + 1) % 4]:
                        back = side
                        while inside[back]:  # round the corner, or corners, that this piece cuts off
                            back = (back - 1) % 4
                        follows[_edge(i, j, side)] = _edge(i, j, back)
    return follows


def _edge(i: int, j: int, side: int) -> Edge:
    right, down, along = SIDES[side]
    return i + right, j + down, along


def _crossing(rows: Heights, edge: Edge) -> Point:
    i, j, down = edge
    here, there = rows[j][i], rows[j + down][i + 1 - down]
    share = here / (here - there)
    x, y = i - 1, j - 1  # without the ring
    return (x, y + share) if down else (x + share, y)


def _straightened(loop: Loop) -> Loop:
    """Return a loop without points that stand in one place, or on a straight line between their neighbours."""
    loop = [point for i, point in enumerate(loop) if point != loop[i - 1]] or loop[:1]
    kept = []
    for i, (x, y) in enumerate(loop):
        (x0, y0), (x1, y1) = loop[i - 1], loop[(i + 1) % len(loop)]
        if abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) > 1e-9:
            kept.append((x, y))
    return kept or loop
