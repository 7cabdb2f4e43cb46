"""Recording: a graph of Values becomes a tape of plain lists, one entry per node, inputs before outputs.

Before, a = Value(2.0), x = Value(3.0), f = a * x + a; after, with a as the parameter and x as an entry of a row:

    number     0      1      2      3
    gate       None   None   mul    add
    inputs     ()     ()     (0,1)  (2,0)
    kind       P      T      T      T          P: a parameter, T: one number per row, S: one for all rows, C: a constant

A function of one example is called once, on Values that stand for the entries of a row; the tape of that call serves
any number of rows, because each cell of kind T simply is as many numbers wide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd import graph
from autograd.gates import Gate
from autograd.value import Value

__all__ = ["Tape", "record"]

Kind = str  # "P", "S", "T" or "C"


@dataclass(slots=True)
class Tape:
    """A recorded program: parallel lists over its nodes, and what is asked for."""

    gates: list[Gate | None] = field(default_factory=list)
    inputs: list[tuple[int, ...]] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    data: list[float] = field(default_factory=list)  # of leaves: what a constant is
    labels: list[str] = field(default_factory=list)  # a label, or else how the node was made
    needed: list[bool] = field(default_factory=list)  # whether a parameter is among what it depends on
    parameters: list[int] = field(default_factory=list)  # in order; -1 where the program does not use one
    entries: list[int] = field(default_factory=list)  # the leaves that are re-bound, in order; -1 where not used
    tiled: bool = False  # whether entries, and what depends on them, are one number per row
    once_from: int = 0  # the nodes from here on belong to what is added once alone
    example: int | None = None  # the node to be summed over the rows …
    once: int | None = None  # … and the node that is added once

    def add(self, gate: Gate | None, inputs: tuple[int, ...], kind: Kind, data: float = 0.0, label: str = "") -> int:
        """Append a node and return its number."""
        self.gates.append(gate)
        self.inputs.append(inputs)
        self.kinds.append(kind)
        self.data.append(data)
        self.labels.append(label)
        self.needed.append(kind == "P" or any(self.needed[i] for i in inputs))
        return len(self.gates) - 1


def record(
    example: Value | None, once: Value | None, parameters: Sequence[Value], entries: Sequence[Value], tiled: bool
) -> Tape:
    """Return the tape of an example's root and of a root that is added once; entries are per row if `tiled`."""
    tape, numbers = Tape(tiled=tiled), dict[Value, int]()
    roles = {**dict.fromkeys(entries, "T" if tiled else "S"), **dict.fromkeys(parameters, "P")}
    for root in (example, once):
        tape.once_from = len(tape.gates)
        if root is not None:
            _append(tape, numbers, graph.order(root, given=numbers), roles)
    tape.parameters = [numbers.get(p, -1) for p in parameters]
    tape.entries = [numbers.get(x, -1) for x in entries]
    tape.example = None if example is None else numbers[example]
    tape.once = None if once is None else numbers[once]
    return tape


def _append(tape: Tape, numbers: dict[Value, int], nodes: Iterable[Value], roles: dict[Value, Kind]) -> None:
    number_of, kinds, data, labels = numbers.__getitem__, tape.kinds, tape.data, tape.labels
    tiled = {i for i, kind in enumerate(kinds) if kind == "T"}
    needed = {i for i, is_needed in enumerate(tape.needed) if is_needed}
    for number, node in enumerate(nodes, len(kinds)):
        gate = node.gate
        inputs: tuple[int, ...] = ()
        if node in roles:  # a parameter or an entry may be computed itself: it is cut off from what made it
            gate, kind = None, roles[node]
            if kind == "P":
                needed.add(number)
        elif gate is None:
            kind = "C"
        else:
            a, b = node._a, node._b
            if b is None:
                inputs = (numbers[a],)
            elif a is None:
                inputs = tuple(map(number_of, b))
            else:
                inputs = (numbers[a], numbers[b])
            # the last input first: of the factors of a dot, the data are on the right
            kind = "T" if inputs[-1] in tiled or not tiled.isdisjoint(inputs) else "S"
            if not needed.isdisjoint(inputs):
                needed.add(number)
        if kind == "T":
            tiled.add(number)
        numbers[node] = number
        tape.gates.append(gate)
        tape.inputs.append(inputs)
        kinds.append(kind)
        data.append(node._data)
        labels.append(node._label)
    tape.needed += [number in needed for number in range(len(tape.needed), len(kinds))]


def scalar_gates(tape: Tape, rows: int, count: Callable[[Gate, int], int]) -> int:
    """Return how many gates of one or two inputs an engine makes that records every row, adds them up and divides."""
    counts = [0 if gate is None else count(gate, len(inputs)) for gate, inputs in zip(tape.gates, tape.inputs)]
    per_row, once = sum(counts[: tape.once_from]), sum(counts[tape.once_from :])
    return per_row * rows + once + (rows + (tape.once is not None) if tape.tiled else 0)


def leaves(root: Value, without: Sequence[Value]) -> list[Any]:
    """Return the leaves of a graph that are neither constants nor given, in the order of the walk."""
    given = set(without)
    return [x for x in graph.order(root) if x.gate is None and not x.is_constant and x not in given]
