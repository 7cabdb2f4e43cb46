"""Cutting: the part of a graph around the gate where a number went wrong, as a circuit with a mark on it.

    culprit    the gate, or input, that a diagnosis names      before, after    steps from it against the flow, with it
    inside     the gates that are drawn                        drawn            these and what they read: all the wires

Gradients are those of the whole graph's output, as far as they exist; where the backward pass cannot be made, because
a gate has no value or no slope, the picture is of the forward pass alone, and ? stands for what nobody knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest

from autograd import graph
from autograd.diagnosis import Diagnosis, diagnose
from autograd.errors import DomainError
from autograd.graph import Step, inputs_of
from autograd.value import Value
from viz import layout
from viz.circuit import Circuit, Note, assembled, circuit_of, too_many
from viz.drawing import Diagram
from viz.notation import clipped, full
from viz.words import WRONG, counted

__all__ = ["culprit"]

BEFORE, AFTER = 3, 2  # steps from the culprit that are drawn …
MOST_INPUTS = 12  # … through gates of at most so many inputs …
MOST_DRAWN = 40  # … and of these gates at most so many, the nearest first …
FEWER = (MOST_DRAWN, 20, 10, 5, 2, 0)  # … or as many as a page has room for
WIDEST, HIGHEST = 2000.0, 1200.0  # of the picture, in pixels, if fewer gates can make it so


def culprit(f: Value | DomainError | Diagnosis) -> Diagram:
    """Return the picture of the gate where a nan or inf came from, with a few steps before and after it.

    f is a Value; or the DomainError of a gate that was given Values, of which the picture shows the graph up to that
    gate; or a diagnosis. Under the picture stands what `diagnose` tells. No `.grad` is touched. Raises ValueError where
    there is nothing to find, or the gate has more inputs than a picture can show, TypeError for anything else.

        >>> x = Value(1000.0, "x")
        >>> print(culprit(x.exp() - x.exp()).caption[0])
        exp makes inf of finite numbers: x = 1000.0. From there it becomes nan at sub of inf, inf.
    """
    found = f if isinstance(f, Diagnosis) else diagnose(f)
    if found is None:
        raise ValueError("there is no culprit: every value and every gradient of this graph is finite")
    nodes = graph.order(found.root)
    graph.forward(nodes[:-1] if _lacks_value(found) else nodes)
    known = _circuit_so_far if _lacks_value(found) else _circuit
    circuits = (known(nodes, inside) if inside else circuit_of(found.root) for inside in _choices(found, nodes))
    circuit = _marked(_fitting(circuits), found)
    return Diagram((circuit,), caption=[str(found), *_cut_told(circuit, nodes)])


def _cut_told(circuit: Circuit, nodes: Sequence[Value]) -> list[str]:
    """Return what is to be said of a picture that leaves gates out."""
    gates = len([node for node in nodes if node.gate is not None])
    if len(circuit.boxes) == gates:
        return []
    cut = f"Drawn: {len(circuit.boxes)} of {counted(gates, 'gate')}, those nearest to the culprit"
    return [
        f"{cut}; gradients are those of {clipped(circuit.output)}." if circuit.root.node is not nodes[-1] else f"{cut}."
    ]


def _lacks_value(found: Diagnosis) -> bool:
    return bool(found.refusal) and found.forward


# ------------------------------------------------------------------------------------------------------ what is drawn


def _fitting(circuits: Iterable[Circuit]) -> Circuit:
    """Return the first circuit that a page has room for, else the last."""
    for circuit in circuits:
        placement = layout.place(circuit)
        if placement.width <= WIDEST and placement.height <= HIGHEST:
            break
    return circuit


def _choices(found: Diagnosis, nodes: Sequence[Value]) -> Iterator[list[Value]]:
    """Yield gates to draw, in the order of the walk: all of a few, then the culprit and ever fewer of the nearest."""
    gates = [node for node in nodes if node.gate is not None]
    if len(gates) <= MOST_DRAWN and not too_many(gates)[0]:
        yield gates
    if not gates:
        return
    readers: dict[Value, list[Value]] = {}
    for node in nodes:
        for x in dict.fromkeys(inputs_of(node)):
            readers.setdefault(x, []).append(node)
    inside = dict.fromkeys([found.node] if found.gate else readers.get(found.node, [])[:1])
    excess, limit = too_many(inside)
    if excess:
        raise ValueError(f"{excess} are too many for one picture (at most {limit}), but this is known: {found}")
    after = _steps(found.node, lambda node: readers.get(node, ()), AFTER, inside)
    ways = [_steps(found.node, inputs_of, BEFORE, inside), after]
    nearest = [node for steps in zip_longest(*ways, fillvalue=()) for step in steps for node in step]
    for most in FEWER:
        drawn = {*inside, *nearest[:most]}
        yield [node for node in nodes if node in drawn]


def _steps(
    start: Value, neighbours: Callable[[Value], Sequence[Value]], most: int, inside: Collection[Value]
) -> list[list[Value]]:
    """Return the gates that are one step away in one direction, those that are two, and so on.

    Large ones are left out, but for one that is drawn anyway.
    """
    steps, seen = [[start]], {start}
    while len(steps) <= most:
        reached = dict.fromkeys([x for node in steps[-1] for x in neighbours(node) if x.gate is not None])
        steps.append([x for x in reached if x not in seen and (len(inputs_of(x)) <= MOST_INPUTS or x in inside)])
        seen.update(steps[-1])
    return steps[1:]


def _circuit(nodes: Sequence[Value], inside: Sequence[Value]) -> Circuit:
    """Return the circuit of some gates of a walk, with gradients of its last node where they exist."""
    drawn, called = _drawn(nodes, inside)
    try:
        steps, outside = _backward(nodes, set(inside), set(drawn))
    except DomainError:
        return _circuit_so_far(nodes, inside)
    return replace(assembled(drawn, steps, called, outside), target=called[nodes[-1]])


def _circuit_so_far(nodes: Sequence[Value], inside: Sequence[Value]) -> Circuit:
    """Return the circuit of some gates of a walk whose backward pass cannot be made: its gradients are not known."""
    drawn, called = _drawn(nodes, inside)
    circuit = assembled(drawn, [_forward_step(node) for node in reversed(inside)], called, {})
    wires = [replace(wire, gradient=math.nan) for wire in circuit.wires]
    return replace(circuit, wires=tuple(wires), notation=circuit.notation.with_unknowns(), target=called[nodes[-1]])


def _drawn(nodes: Sequence[Value], inside: Sequence[Value]) -> tuple[list[Value], dict[Value, str]]:
    """Return some gates and their inputs, in the order of the walk, and what to call them and the walk's last node."""
    kept = {x for node in inside for x in (node, *inputs_of(node))}
    drawn = [node for node in nodes if node in kept]
    return drawn, graph.names(drawn if drawn[-1] is nodes[-1] else [*drawn, nodes[-1]])


def _forward_step(node: Value) -> Step:
    """Return the record of a gate that no gradient is known to reach, with its slopes where it has them."""
    inputs = inputs_of(node)
    assert node.gate is not None
    numbers = tuple([x.data for x in inputs])
    slopes = unknown = (math.nan,) * len(inputs)
    if not node.gate.domain.lacks_value(*numbers):
        with suppress(DomainError):
            slopes = graph.local_gradients(node, graph.data_of)
    return Step(node, node.gate, inputs, numbers, node.data, math.nan, slopes, unknown, unknown, unknown)


def _backward(
    nodes: Sequence[Value], inside: Collection[Value], drawn: Collection[Value]
) -> tuple[list[Step], dict[Value, float]]:
    """Return the backward steps of the gates inside, and the gradients that come to what is drawn from outside."""
    slopes_of: dict[Value, tuple[float, ...]] = {}
    outside = {nodes[-1]: 1.0} if nodes[-1] in drawn else {}
    for node, slopes, gradients in graph.pull(nodes):
        if node in inside:
            slopes_of[node] = slopes
            continue
        for x, slope in zip(inputs_of(node), slopes, strict=True):
            if x in drawn:
                share = graph.times(gradients[node], slope)
                outside[x] = outside[x] + share if x in outside else share
    gradients, steps = dict(outside), list[Step]()
    for node, slopes in slopes_of.items():  # in the order of the backward pass
        steps.append(graph.backward_step(node, slopes, gradients))
        gradients.update(zip(steps[-1].inputs, steps[-1].after, strict=True))
    return steps, outside


# ----------------------------------------------------------------------------------------------------------- the mark


def _marked(circuit: Circuit, found: Diagnosis) -> Circuit:
    """Return the circuit with a note on the wire where a number first is not finite, or does not exist."""
    at = found.node
    if not found.forward and found.becomes is not None and found.place is not None:
        at = found.becomes.inputs[found.place]
    # a constant has no wire of its own, as it is folded into the first gate that is drawn
    wire = circuit.wire_of(at) or circuit.wires[circuit.boxes[0].wire]
    note = Note(f"{WRONG} {_what(found)}", True, str(found), about="culprit")
    return replace(circuit, wires=tuple([replace(each, note=note) if each is wire else each for each in circuit.wires]))


def _what(found: Diagnosis) -> str:
    if found.refusal and math.isfinite(found.value):
        return "no slope"
    if found.refusal and found.node is found.root:
        return "no value"
    return f"first {full(found.number)}"
