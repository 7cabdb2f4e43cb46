"""Recording: a graph of Values becomes a tape of plain lists, one entry per node, inputs before outputs.

Before, a = Value(2.0), x = Value(3.0), f = a * x + a; after, with a as the parameter and x as an entry of a row:

    number     0      1      2      3
    gate       None   None   mul    add
    inputs     ()     ()     (0,1)  (2,0)
    kind       P      T      T      T          P: a parameter, T: one number per row, S: one for all rows, C: a constant

A function of one example is called once, on Values that stand for the entries of a row; the tape of that call serves
any number of rows, because each cell of kind T simply is as many numbers wide.

    row     of a dot: one of its two lists of factors. A layer's dots share them, 7,168 in a step of a small GPT and
            747 different ones; so equal rows become one object here, and all that follows is found out once per row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd import graph
from autograd.gates import DOT, Gate
from autograd.value import Value

__all__ = ["Kind", "Pair", "Row", "Tape", "leaves", "record", "scalar_gates"]

Kind = str  # "P", "S", "T" or "C"


class Row:
    """A row of factors: equal rows are the same object, so that they are compared once only."""

    __slots__ = ("cells",)

    def __init__(self, cells: tuple[int, ...]) -> None:
        self.cells = cells


Pair = tuple[Row, Row, tuple[int, ...]]  # the two rows of a dot and its bias: a tuple of one, or none


@dataclass(slots=True)
class Tape:
    """A recorded program: parallel lists over its nodes, and what is asked for."""

    gates: list[Gate | None] = field(default_factory=list)
    inputs: list[tuple[int, ...]] = field(default_factory=list)  # of a dot that has factors, its bias alone
    pairs: dict[int, Pair] = field(default_factory=dict)  # of every dot that has factors
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

    def operands(self, number: int) -> tuple[int, ...]:
        """Return all that a node reads, in the order of its card."""
        if number not in self.pairs:
            return self.inputs[number]
        left, right, bias = self.pairs[number]
        return left.cells + right.cells + bias

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
    tape = Tape(tiled=tiled)
    recorder = _Recorder(tape, {**dict.fromkeys(entries, "T" if tiled else "S"), **dict.fromkeys(parameters, "P")})
    numbers = recorder.numbers
    for root in (example, once):
        tape.once_from = len(tape.gates)
        if root is not None:
            recorder.append(graph.order(root, given=numbers))
    tape.parameters = [numbers.get(p, -1) for p in parameters]
    tape.entries = [numbers.get(x, -1) for x in entries]
    tape.example = None if example is None else numbers[example]
    tape.once = None if once is None else numbers[once]
    return tape


class _Recorder:
    """Appends nodes to a tape; of a row of a dot it finds out once what each of its dots needs to know."""

    def __init__(self, tape: Tape, roles: dict[Value, Kind]) -> None:
        self.tape, self.roles = tape, roles
        self.numbers: dict[Value, int] = {}
        self.rows: dict[tuple[Value, ...], tuple[Row, bool, bool]] = {}

    def append(self, nodes: Sequence[Value]) -> None:
        """Append the nodes of a walk, inputs first."""
        tape, roles, numbers, inputs = self.tape, self.roles, self.numbers, self.tape.inputs
        fresh = range(len(tape.gates), len(tape.gates) + len(nodes))
        numbers.update(zip(nodes, fresh))
        # a parameter or an entry may be computed itself: it is cut off from what made it
        tape.gates += [None if node in roles else node.gate for node in nodes]
        tape.kinds += [roles.get(node, "C" if node.gate is None else "S") for node in nodes]
        tape.data += [node._data for node in nodes]
        tape.labels += [node._label for node in nodes]
        inputs += [()] * len(nodes)
        tape.needed += [tape.kinds[number] == "P" for number in fresh]
        kinds, needed = tape.kinds, tape.needed
        for number, node in zip(fresh, nodes):
            a, b = node._a, node._b
            if tape.gates[number] is None:
                continue
            if a is None:
                inputs[number], tiled, needed[number] = self.many(number, b)
            elif b is None:
                x = numbers[a]
                inputs[number], tiled, needed[number] = (x,), kinds[x] == "T", needed[x]
            else:
                x, y = inputs[number] = numbers[a], numbers[b]
                tiled, needed[number] = kinds[x] == "T" or kinds[y] == "T", needed[x] or needed[y]
            kinds[number] = "T" if tiled else "S"

    def many(self, number: int, values: tuple[Value, ...]) -> tuple[tuple[int, ...], bool, bool]:
        """Return inputs, whether they are one number per row, and whether needed, of a gate of any number of inputs."""
        if self.tape.gates[number] is not DOT or len(values) == 1:
            return self.read(values)
        n = len(values) // 2
        left, left_tiled, left_needed = self.row(values[:n])
        right, right_tiled, right_needed = self.row(values[n : 2 * n])
        tiled, needed = left_tiled or right_tiled, left_needed or right_needed
        bias: tuple[int, ...] = ()
        if len(values) % 2:
            bias, bias_tiled, bias_needed = self.read(values[-1:])
            tiled, needed = tiled or bias_tiled, needed or bias_needed
        self.tape.pairs[number] = left, right, bias
        return bias, tiled, needed

    def row(self, values: tuple[Value, ...]) -> tuple[Row, bool, bool]:
        """Return a row of factors, the same object for the same row."""
        found = self.rows.get(values)
        if found is None:
            cells, tiled, needed = self.read(values)
            found = self.rows[values] = Row(cells), tiled, needed
        return found

    def read(self, values: tuple[Value, ...]) -> tuple[tuple[int, ...], bool, bool]:
        cells = tuple(map(self.numbers.__getitem__, values))
        tiled = "T" in map(self.tape.kinds.__getitem__, cells)
        return cells, tiled, any(map(self.tape.needed.__getitem__, cells))


def scalar_gates(tape: Tape, rows: int, count: Callable[[Gate, int], int]) -> int:
    """Return how many gates of one or two inputs an engine makes that records every row, adds them up and divides."""
    counts = [0 if gate is None else count(gate, len(tape.operands(i))) for i, gate in enumerate(tape.gates)]
    per_row, once = sum(counts[: tape.once_from]), sum(counts[tape.once_from :])
    return per_row * rows + once + (rows + (tape.once is not None) if tape.tiled else 0)


def leaves(root: Value, without: Sequence[Value]) -> list[Any]:
    """Return the leaves of a graph that are neither constants nor given, in the order of the walk."""
    given = set(without)
    return [x for x in graph.order(root) if x.gate is None and not x.is_constant and x not in given]
