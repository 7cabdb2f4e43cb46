from itertools import combinations, pairwise

import pytest

from viz.rows import LONG, MOST_LANES, ROW, Strip, Way, in_rows

MARGIN = 20.0


def strips(count: int, width: float, wires: int = 1, height: float = 100.0) -> list[Strip]:
    """Return columns of one width, one after the other, with so many wires from each to the next."""
    heights = tuple([(wire, float(5 + 9 * wire)) for wire in range(wires)])
    return [Strip(MARGIN + i * width, MARGIN + (i + 1) * width, 0.0, height, heights) for i in range(count)]


def segments(way: Way) -> list[tuple[float, float, float, float]]:
    """Return the straight pieces of a route as (left, top, right, bottom)."""
    return [(min(x, u), min(y, v), max(x, u), max(y, v)) for (x, y), (u, v) in pairwise(way[1])]


def meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


@pytest.mark.parametrize(("count", "width", "height"), [(1, 5000.0, 10.0), (10, 150.0, 100.0), (40, 100.0, 1500.0)])
def test_what_cannot_or_need_not_be_cut_stays_where_it_is(count: int, width: float, height: float) -> None:
    rows = in_rows(strips(count, width, height=height), MARGIN)
    assert set(rows.moves) == {(0.0, MARGIN)}
    assert rows.routes == ()
    assert (rows.width, rows.height) == (count * width + 2 * MARGIN, height + 2 * MARGIN)


@pytest.mark.parametrize("wires", [1, 2, 5, MOST_LANES])
def test_a_long_strip_becomes_rows_that_fit_and_do_not_overlap(wires: int) -> None:
    row = in_rows(long := strips(60, 130.0, wires), MARGIN)
    assert row.width < 1.3 * ROW + 2 * (MARGIN + 12 + 9 * wires)
    tops = [dy for _, dy in row.moves]
    assert tops == sorted(tops)
    assert len(set(tops)) >= 5
    boxes = [
        (s.left + dx, s.top + dy, s.right + dx, s.bottom + dy) for s, (dx, dy) in zip(long, row.moves, strict=True)
    ]
    inner = [(left + 1, top, right - 1, bottom) for left, top, right, bottom in boxes]
    assert not [1 for one, other in combinations(inner, 2) if meet(one, other)]
    assert all(left >= MARGIN and right <= row.width - MARGIN for left, _, right, _ in boxes)


@pytest.mark.parametrize("wires", [1, 2, 5, MOST_LANES])
def test_routes_join_the_rows_and_meet_neither_each_other_nor_the_columns(wires: int) -> None:
    rows = in_rows(long := strips(60, 130.0, wires), MARGIN)
    starts = [i for i in range(1, 60) if rows.moves[i][1] != rows.moves[i - 1][1]]
    assert len(rows.routes) == wires * len(starts)
    ends = {(way[0], way[1][0], way[1][-1]) for way in rows.routes}
    for i in starts:
        (before_x, before_y), (after_x, after_y) = rows.moves[i - 1 : i + 1]
        for wire, y in long[i].entering:
            leave = (long[i - 1].right + before_x, round(y + before_y, 1))
            arrive = (long[i].left + after_x, round(y + after_y, 1))
            assert (wire, leave, arrive) in ends
    for one, other in combinations(rows.routes, 2):
        assert not [1 for a in segments(one) for b in segments(other) if meet(a, b)]
    boxes = [(s.left + dx, dy, s.right + dx, 100.0 + dy) for s, (dx, dy) in zip(long, rows.moves, strict=True)]
    hidden = [(a, box) for way in rows.routes for a in segments(way) for box in boxes if meet(a, box)]
    # a route touches the end of the row it leaves and the beginning of the row it enters, and nothing else
    assert all(a[0] == box[2] or a[2] == box[0] for a, box in hidden)


def test_rows_are_cut_where_few_wires_are_cut() -> None:
    long = strips(24, 100.0, wires=4)
    one = ((0, 50.0),)
    long[14] = Strip(long[14].left, long[14].right, 0.0, 100.0, one)
    assert [i for i in range(1, 24) if (m := in_rows(long, MARGIN).moves)[i][1] != m[i - 1][1]] == [14]


def test_what_would_need_too_many_lanes_is_not_cut() -> None:
    rows = in_rows(strips(60, 130.0, MOST_LANES + 1), MARGIN)
    assert rows.routes == ()
    assert rows.width == 60 * 130.0 + 2 * MARGIN > LONG
