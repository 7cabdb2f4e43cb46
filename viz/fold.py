"""Folding: a graph too large to draw as a few parts, each with what is to be known of its gates.

    part      a layer with its units, a piece of the rest, or a band: see `viz.grouping`, which says who belongs where
    unit      the gates of one path, a neuron; its outputs are stacked, one per sample
    end       a unit's labelled gate that feeds no labelled gate of the same unit: one per sample
    output    a gate that feeds gates of another unit or part; in a band every gate counts as one
    link      the wires from one part, or one unit, to another
    switch    a gate of flow "switch" (relu and its kin); it is shut where its value and its slope are 0
    dead      a unit all of whose switches are shut for every sample, so that nothing flows back through it

Means are of absolute numbers: of values and gradients over the outputs, of what flows back over the wires of a link.
One walk, one pass forward and one back, in loops; no `.grad` is touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import nan

from autograd import graph
from autograd.gates import Gate
from autograd.graph import inputs_of
from autograd.value import Value
from viz.grouping import Cell, Grouping, Path, grouped, path_of

__all__ = ["Folded", "Link", "Part", "folded"]

MOST_UNITS = 40  # as many are drawn one by one …
MOST_IN_LAYER = 24  # … of which so many in one layer
INPUTS = -1  # the source of a link that brings inputs
SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Part:
    """What a picture tells of some gates that it does not draw one by one."""

    name: str
    kinds: tuple[tuple[str, int], ...]  # how many gates of each symbol, the most frequent first
    outputs: int
    value: float  # mean |value| of the outputs, nan without any
    gradient: float
    switches: int
    shut: int
    parameters: int  # leaves that belong to it
    inputs: int  # other leaves that it reads, those of its units included
    borrowed: int  # parameters of other parts that it reads
    stack: tuple[int, int] = (0, 0)  # how many samples its units have, the fewest and the most
    units: tuple[Part, ...] = ()

    @property
    def gates(self) -> int:
        """How many gates are folded here."""
        return sum([count for _, count in self.kinds])

    @property
    def is_dead(self) -> bool:
        """Tell whether its switches are shut, all of them and for every sample."""
        return 0 < self.switches == self.shut

    @property
    def dead(self) -> int:
        """How many of its units are dead."""
        return sum([unit.is_dead for unit in self.units])


@dataclass(frozen=True, slots=True)
class Link:
    """The wires from one part to another, as indices, and the mean |gradient| that flows back through them."""

    source: int  # INPUTS for wires from leaves
    target: int
    wires: int
    gradient: float


@dataclass(frozen=True)
class Folded:
    """A folded graph: its parts in the order of depth, and the links between them and between their units."""

    root: str
    value: float
    gates: int
    parts: tuple[Part, ...]
    layers: int  # so many of the parts, the first ones, are made of paths; 0 where the parts are bands
    links: tuple[Link, ...]
    unit_links: tuple[Link, ...]  # indices into `units`; none where too many units would have to be drawn
    columns: tuple[int, ...]  # where each part stands from left to right, links pointing right

    @cached_property
    def units(self) -> tuple[Part, ...]:
        """All units, layer by layer."""
        return tuple([unit for part in self.parts for unit in part.units])

    @property
    def unfolds(self) -> bool:
        """Tell whether the units are few enough to be drawn one by one."""
        return bool(self.units) and _few(self.parts)


def folded(f: Value) -> Folded:
    """Return the parts of everything that f depends on; TypeError where f is no Value."""
    if not isinstance(f, Value):
        raise TypeError(f"there is a picture of a Value, not of {type(f).__name__}: pass an expression's output")
    grouping = grouped(f)
    graph.forward(grouping.nodes)
    tallies, wires = _counted(grouping)
    parts = _parts(grouping, tallies)
    links = _links(wires, [cell.part for cell in grouping.cells])
    units = len([cell for cell in grouping.cells if cell.path])
    apart = _links({ends: w for ends, w in wires.items() if 0 <= min(ends) and max(ends) < units}, range(units))
    columns = _columns(len(parts), links)
    return Folded(
        root=grouping.root,
        value=f.data,
        gates=len(grouping.homes),
        parts=parts,
        layers=grouping.layers,
        links=links,
        unit_links=apart if _few(parts) else (),
        columns=columns,
    )


def _few(parts: Sequence[Part]) -> bool:
    counts = [len(part.units) for part in parts]
    return sum(counts) <= MOST_UNITS and max(counts) <= MOST_IN_LAYER


# ------------------------------------------------------------------------------------------------------ one pass back


@dataclass(slots=True)
class Tally:
    """What is counted of a cell on the way back."""

    kinds: dict[Gate, int] = field(default_factory=dict)
    outputs: int = 0
    value: float = 0.0
    gradient: float = 0.0
    switches: int = 0
    shut: int = 0
    ends: int = 0
    leaves: set[Value] = field(default_factory=set)


Wires = dict[tuple[int, int], list[float]]  # (source cell, target cell) -> [how many, sum of |gradient|]


def _counted(grouping: Grouping) -> tuple[list[Tally], Wires]:
    """Pull the gradient through the graph once, and count as it passes."""
    tallies = [Tally() for _ in grouping.cells]
    wires: Wires = {}
    homes, bands = grouping.homes, not grouping.layers
    leaving = {grouping.nodes[-1]}  # outputs of cells; all that a gate feeds has been visited when it is
    continued: set[Value] = set()  # labelled gates that are no ends
    for node, slopes, gradients in graph.pull(grouping.nodes):
        here, upstream = homes[node], gradients[node]
        tally = tallies[here]
        _count_gate(tally, node, slopes)
        if bands or node in leaving:
            tally.outputs += 1
            tally.value += abs(node.data)
            tally.gradient += abs(upstream)
        labelled = bool(grouping.cells[here].path and node.label and path_of(node.label))
        tally.ends += labelled and node not in continued
        for x, slope in zip(inputs_of(node), slopes, strict=True):
            there = homes.get(x, INPUTS)
            if there == here:
                if labelled and path_of(x.label):
                    continued.add(x)
                continue
            if there >= 0:
                leaving.add(x)
            elif x.is_constant:
                continue
            else:
                tally.leaves.add(x)
                if path_of(x.label):
                    continue
            wire = wires.setdefault((there, here), [0, 0.0])
            wire[0] += 1
            wire[1] += abs(upstream * slope)
    return tallies, wires
