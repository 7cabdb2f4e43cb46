"""The circuit: what there is to draw of a graph, read off its recorded steps, before any picture is chosen.

    wire    one number on its way: an input, or what a gate made; it has a name, a value and a gradient
    gate    a circle with its symbol; constants are folded into it: +1, ×−1
    pin     where a wire enters a gate: there stand the local gradient and what flows back through this branch
    fork    a wire with several pins; the gradients of its branches add up

Every number comes from `backward_steps`, whose records hold both passes; nothing here knows a gate by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count
from math import isclose

from autograd import graph
from autograd.gates import Gate
from autograd.graph import Step, inputs_of
from autograd.value import Value
from viz.notation import MINUS, Notation, bracketed, constant

__all__ = ["MOST_GATES", "Box", "Circuit", "Note", "Pin", "Wire", "assembled", "circuit_of", "too_many"]

MOST_GATES = 300  # a picture of more is no picture …
INPUTS_PER_GATE = 3  # … nor is one of gates that have more inputs than this, taken together


@dataclass(frozen=True, slots=True)
class Note:
    """What a picture says beyond the numbers of the pass, in a box where it is an alarm."""

    text: str
    alarm: bool = False
    title: str = ""
    about: str = "bug"  # what the legend has to explain


@dataclass(frozen=True, slots=True)
class Pin:
    """One entry of a gate that takes a wire."""

    index: int  # among all pins of the circuit
    wire: int  # index of the wire that enters
    place: int  # which input of the gate it is, counted from 0
    local: float
    downstream: float
    note: Note | None = None  # in place of the local gradient


@dataclass(frozen=True, slots=True)
class Box:
    """A gate as it is drawn, and the record of what it did in both passes."""

    index: int
    step: Step
    symbol: str  # constants folded in
    pins: tuple[Pin, ...]
    wire: int  # index of the wire that leaves

    @property
    def gate(self) -> Gate:
        """The gate's card."""
        return self.step.gate


@dataclass(frozen=True, slots=True)
class Wire:
    """A number on its way, with all that is known of it."""

    index: int
    node: Value
    name: str
    value: float
    gradient: float
    source: int | None  # index of the box that made it; None for an input
    pins: tuple[tuple[int, int], ...]  # (box, pin) wherever it goes, in the order of the boxes
    outside: float | None = None  # the gradient that comes in from outside: 1 at the root of a graph; None for none
    note: Note | None = None  # before the gradient

    @property
    def forks(self) -> bool:
        """Tell whether the wire's gradient is a sum: it goes to more than one pin, or out of the circuit too."""
        return len(self.pins) + (self.outside is not None) > 1


@dataclass(frozen=True, slots=True)
class Circuit:
    """The wires and gates of one graph in the order of the walk, and the way of numbers."""

    wires: tuple[Wire, ...]
    boxes: tuple[Box, ...]
    notation: Notation
    target: str = ""  # whose gradients these are, where it is not the last wire but what that wire leads to

    @property
    def forward(self) -> tuple[Step, ...]:
        """The records of the gates in the order of the forward pass."""
        return tuple([box.step for box in self.boxes])

    @property
    def backward(self) -> tuple[Step, ...]:
        """The records of the gates in the order of the backward pass."""
        return self.forward[::-1]

    @property
    def output(self) -> str:
        """The name of the output whose gradients these are."""
        return self.target or self.root.name

    @property
    def root(self) -> Wire:
        """The wire whose gradients are shown."""
        return self.wires[-1]

    def wire_of(self, node: Value) -> Wire | None:
        """Return the wire of a node; None for a constant that is folded into its gate."""
        return next((wire for wire in self.wires if wire.node is node), None)


def too_many(nodes: Iterable[Value], most: int = MOST_GATES) -> tuple[str, str]:
    """Return what nodes have more of than a picture can show, and how many that may be; nothing where they have not.

    Inputs of gates count as well as gates: a sum of a million inputs is one gate.
    """
    inputs = [len(inputs_of(node)) for node in nodes if node.gate is not None]
    if len(inputs) > most:
        return f"{len(inputs):,} gates", f"{most:,}"
    if sum(inputs) > most * INPUTS_PER_GATE:
        return f"{sum(inputs):,} inputs of gates", f"{most * INPUTS_PER_GATE:,}"
    return "", ""


def circuit_of(f: Value, most: int = MOST_GATES, called: Mapping[Value, str] | None = None) -> Circuit:
    """Return the circuit of everything f depends on; TypeError where f is no Value, ValueError where it is too large.

    `called` names the nodes where the names must be others than those of the walk. Gradients are computed here and no
    `.grad` is touched; leaves whose data changed are taken as they are now.
    """
    if not isinstance(f, Value):
        raise TypeError(f"there is a picture of a Value, not of {type(f).__name__}: pass an expression's output")
    nodes = graph.order(f)
    excess, limit = too_many(nodes, most)
    if excess:
        raise ValueError(f"{excess} are too many for one picture (at most {limit}): draw a part of it")
    backward = list(graph.backward_steps(f))
    return assembled(nodes, backward, called or graph.names(nodes), {f: 1.0})


def assembled(
    nodes: Sequence[Value], backward: Sequence[Step], called: Mapping[Value, str], outside: Mapping[Value, float]
) -> Circuit:
    """Return the circuit of a walk and its backward steps; nodes without a step are inputs, whatever made them.

    `outside` gives the gradients that come in from outside: at the root of a graph, at the ends of a part of it.
    """
    steps = backward[::-1]
    # a constant is folded into its gates, unless one of them has nothing else to show, or it is all there is
    bare = {x for step in steps for x in step.inputs if all(y.is_constant for y in step.inputs)}
    folded = {x for step in steps for x in step.inputs if x.is_constant} - bare
    drawn = [node for node in nodes if node not in folded]
    index = {node: i for i, node in enumerate(drawn)}
    gradients = _gradients(backward, outside)
    numbers = [x for step in steps for x in (*step.values, step.value, *step.locals, *step.downstream)]
    pin_numbers = count()
    boxes = tuple([_box(i, step, index, pin_numbers) for i, step in enumerate(steps)])
    pins: list[list[tuple[int, int]]] = [[] for _ in drawn]
    for box in boxes:
        for i, pin in enumerate(box.pins):
            pins[pin.wire].append((box.index, i))
    sources = {box.wire: box.index for box in boxes}
    wires = [
        Wire(i, x, called[x], x.data, gradients.get(x, 0.0), sources.get(i), tuple(pins[i]), outside.get(x))
        for i, x in enumerate(drawn)
    ]
    return Circuit(tuple(wires), boxes, Notation([nodes[-1].data, *numbers]))


def _gradients(backward: Sequence[Step], outside: Mapping[Value, float]) -> dict[Value, float]:
    gradients = dict(outside)
    for step in backward:
        gradients.update(zip(step.inputs, step.after, strict=True))
    return gradients


def _box(index: int, step: Step, wires: dict[Value, int], numbers: Iterator[int]) -> Box:
    pins = tuple(
        [
            Pin(next(numbers), wires[x], place, step.locals[place], step.downstream[place])
            for place, x in enumerate(step.inputs)
            if x in wires
        ]
    )
    return Box(index, step, _symbol(step, wires), pins, wires[step.node])


def _symbol(step: Step, wires: dict[Value, int]) -> str:
    """Return what the circle says: the gate's symbol, with a constant before or after it where one is folded in."""
    constants = [(place, x) for place, x in enumerate(step.inputs) if x not in wires]
    if not constants or len(step.inputs) != 2:
        return step.gate.symbol + "".join([f" {constant(x.data)}" for _, x in constants])
    place, number = constants[0][0], constant(constants[0][1].data)
    if place == 1 and step.gate.symbol == MINUS:
        number = bracketed(number)  # two minus signs in a row read as one long one
    space = " " if step.gate.symbol[-1:].isalnum() else ""  # max 0, but +1
    parts = (step.gate.symbol, number) if place == 1 or _commutes(step.gate) else (number, step.gate.symbol)
    return space.join(parts)


def _commutes(gate: Gate) -> bool:
    """Tell whether a gate of two inputs gives the same whichever comes first, at a few numbers it is meant for."""
    low, high = gate.probe
    numbers = [low + (high - low) * share for share in (0.1, 0.4, 0.9)]
    try:
        return all(isclose(gate.forward(x, y), gate.forward(y, x)) for x, y in combinations(numbers, 2))
    except Exception:  # a user's rule may raise anything where it has no value, and then nothing is known
        return False
