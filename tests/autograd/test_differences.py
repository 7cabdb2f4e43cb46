"""Numeric slopes against slopes that are known: the error bound holds, and is small enough to be of use."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.differences import EPSILON, SMALLEST, slopes_at

Function = Callable[[float], float]

SMOOTH: dict[str, tuple[Function, Function]] = {
    "sin": (math.sin, math.cos),
    "exp": (math.exp, math.exp),
    "arctan": (math.atan, lambda x: 1 / (1 + x * x)),
    "cube": (lambda x: x**3, lambda x: 3 * x * x),
    "wave": (lambda x: math.sin(50 * x) / 50, lambda x: math.cos(50 * x)),
    "line": (lambda x: 3 * x - 1, lambda x: 3.0),
    "bell": (lambda x: math.exp(-1000 * x * x), lambda x: -2000 * x * math.exp(-1000 * x * x)),
}


def noise_of(f: Function, slope: Function, x: float) -> float:
    return EPSILON * (abs(f(x)) + abs(x * slope(x))) + SMALLEST


@pytest.mark.parametrize("name", SMOOTH)
@given(x=st.floats(-3, 3))
def test_the_bound_holds_and_is_of_use(name: str, x: float) -> None:
    f, slope = SMOOTH[name]
    found = slopes_at(f, x, noise_of(f, slope, x), 1e-6)
    assert found.smooth(1e-6)
    assert abs(found.central.slope - slope(x)) <= found.central.error + 1e-12 * abs(slope(x))
    assert found.central.error <= 1e-6 * abs(slope(x)) + 1e-9


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e-12, 1e-6, 1e-3, 1.0, 1e6, 1e100])
def test_steps_fit_the_domain_however_near_its_edge_is(scale: float) -> None:
    def log(x: float) -> float:
        return math.log(x) if x > 0 else math.nan

    found = slopes_at(log, scale, EPSILON * (abs(math.log(scale)) + 1), 1e-6)
    assert found.smooth(1e-6)
    assert found.central.slope == pytest.approx(1 / scale, rel=1e-8)


@pytest.mark.parametrize("distance", [1e-1, 1e-4, 1e-7, 1e-10])
def test_a_kink_nearby_is_told_from_a_kink_here(distance: float) -> None:
    def bent(x: float) -> float:
        return max(0.0, x)

    here = slopes_at(bent, 0.0, 0.0, 1e-6)
    assert (here.left.slope, here.right.slope) == (0.0, 1.0)
    assert not here.smooth(1e-6)
    for x, slope in ((distance, 1.0), (-distance, 0.0)):
        near = slopes_at(bent, x, EPSILON * abs(x), 1e-6)
        assert near.smooth(1e-6)
        assert near.central.slope == pytest.approx(slope, abs=1e-9)


def test_a_bump_narrower_than_the_first_steps_is_seen() -> None:
    def bump(x: float) -> float:
        return x + math.exp(-1e8 * x * x)

    x, slope = 1e-5, 1 - 2e8 * 1e-5 * math.exp(-0.01)
    assert slopes_at(bump, x, EPSILON, 1e-6).central.slope == pytest.approx(slope, rel=1e-6)


def test_rounding_does_not_smooth_a_kink() -> None:
    def bent(x: float) -> float:
        return 4.0 + (0.2501 * x if x > 0 else 0.25 * x)

    found = slopes_at(bent, 0.0, EPSILON * 4.0, 1e-6)  # to small steps, within rounding, both slopes are one
    assert not found.smooth(1e-6)
    assert (found.left.slope, found.right.slope) == pytest.approx((0.25, 0.2501), rel=1e-9)


@pytest.mark.parametrize("distance", [1e-4, 1e-8, 1e-11])
@pytest.mark.parametrize("x", [0.0, 1.0, 1e3])
def test_a_plateau_beside_a_kink_is_flat(x: float, distance: float) -> None:
    edge = x + distance * max(x, 1.0)
    found = slopes_at(lambda y: max(y, edge) + 1.0, x, EPSILON * (x + 1.0), 1e-6)
    assert found.smooth(1e-6)
    assert found.central.slope == 0.0


def test_what_is_steep_only_near_x_is_told_by_small_steps() -> None:
    def stepped(x: float) -> float:
        return 1.0 + x + 1e-9 * math.tanh(1e9 * x)

    assert slopes_at(stepped, 0.0, EPSILON, 1e-6).central.slope == pytest.approx(2.0, abs=1e-3)


def test_a_wave_of_the_steps_own_period_is_seen() -> None:
    def wave(x: float) -> float:
        return x + 0.01 * math.sin(2 * math.pi * x / 0.015)

    slope = 1 + 0.01 * (2 * math.pi / 0.015) * math.cos(2 * math.pi * 0.5 / 0.015)
    assert slopes_at(wave, 0.5, EPSILON * 3, 1e-6).central.slope == pytest.approx(slope, rel=1e-6)


def test_a_jump_has_no_slope_on_the_side_where_it_jumps() -> None:
    found = slopes_at(lambda x: 1.0 if x > 0 else 0.0, 0.0, 0.0, 1e-6)
    assert found.left.slope == 0.0
    assert found.left.error <= 1e-12
    assert math.isinf(found.right.error)
    assert not found.smooth(1e-6)


def test_an_edge_of_the_domain_has_one_side() -> None:
    found = slopes_at(lambda x: x**1.5 if x >= 0 else math.nan, 0.0, 0.0, 1e-6)
    assert math.isinf(found.left.error)
    assert math.isinf(found.central.error)
    assert abs(found.right.slope) <= found.right.error <= 1e-12


@pytest.mark.parametrize("f", [lambda x: math.nan, lambda x: math.inf], ids=["nan", "inf"])
@pytest.mark.parametrize("x", [0.0, 1.0, math.inf, math.nan])
def test_no_value_no_slope(f: Function, x: float) -> None:
    found = slopes_at(f, x, 0.0, 1e-6)
    assert [math.isinf(estimate.error) for estimate in found] == [True] * 3


def test_rounding_is_part_of_the_bound() -> None:
    found = slopes_at(lambda x: x + 1e20, 1.0, EPSILON * 1e20, 1e-6)
    assert found.central.slope == 0.0  # the 1 is lost, and so is its slope …
    assert found.central.error > 1.0  # … and the bound admits it
