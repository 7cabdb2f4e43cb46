"""Initial weights: how a layer's weights are drawn. Biases start at 0.

    nin     inputs of each neuron        rng    a NumPy Generator
    nout    neurons of the layer         W      weights (nout, nin), one row per neuron

The sums of a layer should vary about as much as what comes in: then neither values nor gradients vanish or explode from
layer to layer. That asks for weights of variance about 1/nin, and 2/nin where a relu cuts half of the signal off.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from difflib import get_close_matches
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.activations import Activation

__all__ = ["INITS", "Init", "Rng", "drawn", "generator", "he", "normal", "uniform", "xavier", "zeros"]

Floats = NDArray[np.float64]
Init = Callable[[int, int, np.random.Generator], ArrayLike]
Rng = int | np.random.Generator | None


def uniform(nin: int, nout: int, rng: np.random.Generator) -> Floats:
    """Return weights spread evenly over -1 … 1, as micrograd draws them, however many inputs there are."""
    return rng.uniform(-1.0, 1.0, (nout, nin))


def normal(nin: int, nout: int, rng: np.random.Generator) -> Floats:
    """Return weights of mean 0 and standard deviation 1, however many inputs there are."""
    return rng.standard_normal((nout, nin))


def xavier(nin: int, nout: int, rng: np.random.Generator) -> Floats:
    """Return weights spread evenly over ±√(6/(nin + nout)), of variance 2/(nin + nout).

    (X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, eq. 16.)
    """
    bound = math.sqrt(6.0 / (nin + nout))
    return rng.uniform(-bound, bound, (nout, nin))


def he(nin: int, nout: int, rng: np.random.Generator) -> Floats:
    """Return normal weights of mean 0 and variance 2/nin, for relu and its kin.

    (K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", 2015, eq. 10.)
    """
    return math.sqrt(2.0 / nin) * rng.standard_normal((nout, nin))


def zeros(nin: int, nout: int, rng: np.random.Generator) -> Floats:
    """Return zeros: neurons that start alike stay alike, which is what the other rules are there to avoid."""
    return np.zeros((nout, nin))


INITS: dict[str, Init] = {"uniform": uniform, "normal": normal, "xavier": xavier, "he": he, "zeros": zeros}


def drawn(init: str | Init | None, activation: Activation, nin: int, nout: int, rng: np.random.Generator) -> Floats:
    """Return weights (nout, nin) by a rule's name or a function of (nin, nout, rng).

    Without a rule: he where the activation's gate is a switch, as relu's is, xavier elsewhere. Raises ValueError for an
    unknown name and for weights of another shape or that are not finite, TypeError for what is no rule.
    """
    if init is None:
        init = he if activation.switches else xavier
    weights = np.asarray(_rule(init)(nin, nout, rng), dtype=np.float64)
    if weights.shape != (nout, nin):
        raise ValueError(f"init must give weights of shape (nout, nin) = {(nout, nin)}, got {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError("init must give finite weights, got inf or nan among them")
    return weights


def _rule(init: str | Init) -> Init:
    if callable(init):
        return init
    if not isinstance(init, str):
        raise TypeError(f"init is a name or a function (nin, nout, rng), got {type(init).__name__} {init!r}")
    if init not in INITS:
        near = get_close_matches(init.lower(), INITS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"unknown init {init!r}: {hint}known are {', '.join(INITS)}; or give a function")
    return INITS[init]


def generator(rng: Any) -> np.random.Generator:
    """Return a NumPy Generator for an int seed, a Generator, or None.

    None takes its seed from Python's `random`, so that neurons made one after another differ, and `random.seed` makes
    a run repeat exactly. Raises TypeError for anything else, ValueError for a negative seed.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng(random.getrandbits(64))
    if isinstance(rng, bool) or not isinstance(rng, Integral):
        raise TypeError(f"rng is an int seed or a NumPy Generator, got {type(rng).__name__} {rng!r}")
    if rng < 0:
        raise ValueError(f"a seed is 0 or more, got {rng}")
    return np.random.default_rng(int(rng))
