"""The same function in more elementary gates: a graph rebuilt with the expansions that stand on the cards.

    gate    a gate of the graph as it was written; its card may have an expansion
    part    a gate that stands in the place of another one: its owner
    twin    the node of the new graph that has a gate's, or a leaf's, number

The user's graph is read and never written. A gate stays whole where its expansion would not be the same function here:
where exp overflows on the way, a domain is left, or rounding shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from autograd import graph
from autograd.gates import Gate
from autograd.value import Value, always_recording, apply

__all__ = ["Expansion", "expanded"]

TOLERANCE = 1e-9  # how far, relatively, the value or the slopes of an expansion may be off


@dataclass(frozen=True, slots=True)
class Expansion:
    """A graph in elementary gates, and how it answers to the one it was made from."""

    root: Value
    twins: dict[Value, Value]  # old node -> new node, leaves themselves
    owners: dict[Value, Value]  # new node of an expansion -> the old node whose gate was opened

    @property
    def opened(self) -> list[Gate]:
        """The gates that were opened, each kind once, in the order of the walk."""
        return list(dict.fromkeys([owner.gate for owner in self.owners.values() if owner.gate is not None]))


def expanded(f: Value) -> Expansion:
    """Return the graph of f with every gate opened that has an expansion: same leaves, same numbers, new gates.

    Raises DomainError where, by the rounding of an expansion, a later gate is just outside its domain.
    """
    twins: dict[Value, Value] = {}
    owners: dict[Value, Value] = {}
    for node in graph.order(f):
        inputs = [twins[x] for x in graph.inputs_of(node)]
        parts = _parts(node, inputs)
        twins[node] = parts[-1] if parts else _copied(node, inputs)
        owners.update(dict.fromkeys(parts, node))
    return Expansion(twins[f], twins, owners)


def _copied(node: Value, inputs: Sequence[Value]) -> Value:
    """Return a node of the same gate on other inputs; a leaf is itself."""
    if node.gate is None:
        return node
    with always_recording():
        twin = apply(node.gate, *inputs)
    twin.label = node.label
    return twin


def _parts(node: Value, inputs: Sequence[Value]) -> list[Value]:
    """Return the gates that a node's expansion consists of, inputs before outputs; none where it stays whole."""
    if node.gate is None or node.gate.expansion is None:
        return []
    try:
        with always_recording():
            made = node.gate.expansion(*inputs)
        if not isinstance(made, Value) or made in inputs or made.gate is None:
            return []
        parts = graph.order(made, given=inputs)
        if not _agrees(node, inputs, parts):
            return []
    except (ArithmeticError, ValueError):  # a domain left: DomainError is a ValueError
        return []
    made.label = node.label
    return [part for part in parts if part.gate is not None]


def _agrees(node: Value, inputs: Sequence[Value], parts: Sequence[Value]) -> bool:
    """Tell whether an expansion has finite numbers all along, and the value and the slopes of the gate it replaces."""
    if not all(isfinite(part.data) for part in parts) or not _near(parts[-1].data, node.data):
        return False
    wanted: dict[Value, float] = {}
    for x, slope in zip(inputs, graph.local_gradients(node, graph.data_of), strict=True):
        wanted[x] = wanted.get(x, 0.0) + slope
    got: dict[Value, float] = {}
    for _, _, gradients in graph.pull(parts):
        got = gradients  # one dictionary that grows; it is whole when the pass has ended
    return all(_near(got.get(x, 0.0), slope) for x, slope in wanted.items())


def _near(x: float, y: float) -> bool:
    return abs(x - y) <= TOLERANCE * abs(y)
