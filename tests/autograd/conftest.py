"""What the engine's tests share: a numeric gradient, which knows values and no rules, and a count of living Values."""

import gc
from collections.abc import Callable, Iterator, Sequence

import pytest

from autograd.value import Value

Differences = Callable[..., list[float]]  # of a function, where to take it, and perhaps the step


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


@pytest.fixture(scope="session")
def living() -> Callable[[], int]:
    """The function that counts the Values there are."""
    # not isinstance, which asks each of all the objects there are, and some answer with a warning
    return lambda: sum(issubclass(type(thing), Value) for thing in gc.get_objects())


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Without the garbage collector, only what nobody refers to is freed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
