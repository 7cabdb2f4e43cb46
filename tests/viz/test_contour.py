"""Outlines: what they enclose is what is positive, whatever the heights."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.contour import Loop, outline

HEIGHTS = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 3.0]), min_size=width, max_size=width),
        min_size=1,
        max_size=6,
    )
)


def encloses(loops: list[Loop], x: float, y: float) -> bool:
    """Tell whether a ray from a point crosses the loops an odd number of times."""
    crossed = 0
    for loop in loops:
        for (x0, y0), (x1, y1) in zip(loop, [*loop[1:], loop[0]], strict=True):
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
                crossed += 1
    return crossed % 2 == 1


@given(HEIGHTS)
def test_a_point_of_the_grid_is_enclosed_if_and_only_if_its_height_is_positive(heights: list[list[float]]) -> None:
    loops = outline(heights)
    for j, row in enumerate(heights):
        for i, height in enumerate(row):
            if height:  # at 0 it lies on the outline itself
                assert encloses(loops, i, j + 1e-7) == (height > 0)


def test_a_circle_has_the_area_of_a_circle() -> None:
    heights = [[64.0 - (i - 10) ** 2 - (j - 10) ** 2 for i in range(21)] for j in range(21)]
    (loop,) = outline(heights)
    area = 0.5 * abs(
        math.fsum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(loop, [*loop[1:], loop[0]], strict=True))
    )
    assert area == pytest.approx(math.pi * 64, rel=0.01)
    assert all(abs(math.hypot(x - 10, y - 10) - 8) < 0.05 for x, y in loop)


def test_a_straight_border_has_no_more_points_than_corners_and_nothing_has_no_outline() -> None:
    assert outline([[-1.0, -1.0], [-1.0, 0.0]]) == []
    assert len(outline([[1.0] * 50 for _ in range(50)])[0]) <= 8
