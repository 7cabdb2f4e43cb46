"""How cells in memory are told as axes, without which there are no views and no matrix products."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.lifting.layout import affine, common_axes, factor

SHAPES = st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple)


@given(SHAPES, st.data())
def test_cells_on_a_grid_are_affine_and_any_other_are_not(shape: tuple[int, ...], data: st.DataObject) -> None:
    strides = data.draw(st.tuples(*[st.integers(-20, 20)] * len(shape)))
    index = data.draw(st.integers(0, 9)) + sum(stride * np.indices(shape)[axis] for axis, stride in enumerate(strides))
    assert affine(index) == strides
    flat = index.copy()
    flat.flat[-1] += 1  # the last cell, which decides no stride unless there are two cells on an axis alone
    assert affine(flat) is None or (len(shape) == 1 and shape[0] == 2)


@pytest.mark.parametrize(
    ("columns", "axes"),
    [
        ([[0, 1, 2, 10, 11, 12], [5, 5, 5, 6, 6, 6]], (2, 3)),
        ([[0, 1, 2, 3, 4, 5], [5, 5, 5, 6, 6, 6]], (2, 3)),  # the first alone would be one axis
        ([[5, 5, 5, 6, 6, 6], [0, 1, 2, 3, 4, 5]], (2, 3)),
        ([[0, 1, 2, 3], [9, 7, 5, 3]], (4,)),
        ([[0, 1, 4, 5, 10, 11, 14, 15]], (2, 2, 2)),
        ([[7]], (1,)),
        ([[0, 1, 3, 7]], None),  # 0 1 and 3 7 advance by different steps
        ([[0, 1, 2, 4, 5, 7]], None),
        ([[0, 1, 2, 3, 4], [0, 0, 0, 1, 1]], None),  # a last block that is shorter
    ],
)
def test_axes_are_those_along_which_all_columns_advance_evenly(
    columns: list[list[int]], axes: tuple[int, ...] | None
) -> None:
    assert factor(np.array(columns).T) == axes


def test_a_column_that_shares_no_axes_with_the_first_is_left_out() -> None:
    grid, wild = np.array([0, 1, 2, 10, 11, 12]), np.array([3, 1, 4, 1, 5, 9])
    assert common_axes([grid, wild, np.array([5, 5, 5, 6, 6, 6])]) == (2, 3)
