"""The numeric gradient that the engine's tests ask: it knows a function's values and nothing of its rules."""

from collections.abc import Callable, Sequence

import pytest

Differences = Callable[[Callable[..., float], Sequence[float]], list[float]]


def central_differences(f: Callable[..., float], xs: Sequence[float], h: float = 2e-4) -> list[float]:
    """Return ∂f/∂x for every x from four values of f each; what the fourth-order formula leaves is about h⁴."""

    def moved(i: int, by: float) -> float:
        return f(*xs[:i], xs[i] + by, *xs[i + 1 :])

    return [
        (8 * (moved(i, h) - moved(i, -h)) - (moved(i, 2 * h) - moved(i, -2 * h))) / (12 * h) for i in range(len(xs))
    ]


@pytest.fixture(scope="session")
def differences() -> Differences:
    """The function that estimates a gradient from values alone."""
    return central_differences
