"""The worked examples that the demo tells and the playground offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["EXAMPLES", "Example"]


@dataclass(frozen=True, slots=True)
class Example:
    """An expression and the numbers that it is computed at."""

    title: str
    expression: str
    values: Mapping[str, float]


NEURON = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
EXAMPLES = (
    Example("A first circuit", "(x+y)*z", {"x": -2.0, "y": 5.0, "z": -4.0}),
    Example("A sigmoid neuron of elementary gates", "1/(1+exp(-(w0*x0+w1*x1+w2)))", NEURON),
    Example("The same neuron with a sigmoid gate", "sigmoid(w0*x0+w1*x1+w2)", NEURON),
)
