"""Activations: what a neuron makes of its weighted sum, looked up by name among the one-input gates.

A name is that of a function of `autograd.functions` which takes one number ("relu", "tanh", "sigmoid", …), or "linear",
which adds no gate. "softmax" acts on all outputs of a layer at once, so a layer knows it and a neuron does not.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from autograd import functions
from autograd.elementary import Number
from autograd.gates import GATES, SWITCH

__all__ = ["ACTIVATIONS", "SOFTMAX", "Activation", "AnyActivation", "activation_of"]

Function = Callable[[Number], Number]
SOFTMAX = "softmax"


def linear(x: Number) -> Number:
    """Return x itself, through no gate."""
    return x


def _takes_one_number(name: str) -> bool:
    """Tell whether a function can be called with one number: pow, whose gate has one input, needs an exponent too."""
    parameters = inspect.signature(getattr(functions, name)).parameters.values()
    return len([p for p in parameters if p.default is p.empty]) == 1


_one_input = {gate.family or gate.name: gate for gate in GATES.values() if gate.arity == 1}

ACTIVATIONS: dict[str, Function] = {"linear": linear} | {
    name: getattr(functions, name) for name in functions.__all__ if name in _one_input and _takes_one_number(name)
}


@dataclass(frozen=True, slots=True)
class Activation:
    """A function of one number (float, column or Value) and what it is called."""

    name: str
    function: Function

    @property
    def is_softmax(self) -> bool:
        """Whether it acts on all outputs of a layer: neurons then add nothing, whatever a function may be called."""
        return self.name == SOFTMAX and self.function is linear

    @property
    def is_named(self) -> bool:
        """Whether the name alone says what it does, so that a file can hold it."""
        return self.is_softmax or ACTIVATIONS.get(self.name) is self.function

    @property
    def switches(self) -> bool:
        """Whether its gate is a switch, as relu's is: about half of the signal is lost there."""
        return self.is_named and self.name in _one_input and _one_input[self.name].flow == SWITCH


AnyActivation = str | bool | Function | Activation  # what may stand where an activation is asked for


def activation_of(given: AnyActivation, softmax: bool = False) -> Activation:
    """Return the activation that a name or a function stands for; True is "relu" and False "linear", as in micrograd.

    `softmax` says whether that name is allowed. Raises ValueError for an unknown name, TypeError for anything else.
    """
    if isinstance(given, bool):
        given = "relu" if given else "linear"
    if isinstance(given, Activation) and not given.is_softmax:
        return given
    if isinstance(given, Activation) or given is functions.softmax:
        given = SOFTMAX
    if callable(given):
        names = [name for name, known in ACTIVATIONS.items() if known is given]
        return Activation(names[0] if names else str(getattr(given, "__name__", type(given).__name__)), given)
    if not isinstance(given, str):
        raise TypeError(f"an activation is a name or a function, got {type(given).__name__} {given!r}")
    if given == SOFTMAX:
        if softmax:
            return Activation(SOFTMAX, linear)
        raise ValueError("softmax acts on all outputs of a layer: give it to the last layer, output='softmax'")
    if given not in ACTIVATIONS:
        raise ValueError(f"unknown activation {given!r}: {_advice(given)}")
    return Activation(given, ACTIVATIONS[given])


def _advice(name: str) -> str:
    near = get_close_matches(name.lower(), ACTIVATIONS, n=1)
    known = f"known are {', '.join(ACTIVATIONS)}; or give a function"
    return f"did you mean {near[0]!r}? {known[0].upper()}{known[1:]}" if near else known
