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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import nan

from autograd import graph
from autograd.gates import SWITCH, Gate
from autograd.graph import inputs_of
from autograd.value import Value
from viz.circuit import too_many
from viz.grouping import Grouping, grouped, path_of

__all__ = ["INPUTS", "Folded", "Link", "Part", "ends_of", "folded", "folded_of", "is_large"]

MOST_UNITS = 40  # as many are drawn one by one …
MOST_IN_LAYER = 24  # … of which so many in one layer
INPUTS = -1  # the source of a link that brings inputs


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

    root: str  # what the output is called
    value: float
    gates: int
    output: int  # the part that makes the output
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
        return _few(self.parts)


def is_large(f: Value) -> bool:
    """Tell whether f depends on more gates, or these on more inputs, than can be drawn one by one."""
    return isinstance(f, Value) and any(too_many(graph.order(f)))


def folded(f: Value) -> Folded:
    """Return the parts of everything that f depends on; TypeError where f is no Value."""
    return folded_of(grouped(f))


def folded_of(grouping: Grouping) -> Folded:
    """Return the parts of a graph, once it is known who belongs together."""
    graph.forward(grouping.nodes)
    tallies, wires = _counted(grouping)
    parts = _parts(grouping, tallies)
    links = _links(wires, [cell.part for cell in grouping.cells])
    f = grouping.nodes[-1]
    return Folded(
        root=grouping.root,
        value=f.data,
        gates=len(grouping.homes),
        output=grouping.cells[grouping.homes[f]].part if f.gate else -1,
        parts=parts,
        layers=grouping.layers,
        links=links,
        unit_links=_unit_links(grouping, wires) if _few(parts) else (),
        columns=_columns(grouping, links),
    )


def _few(parts: Sequence[Part]) -> bool:
    counts = [len(part.units) for part in parts]
    return 0 < sum(counts) <= MOST_UNITS and max(counts) <= MOST_IN_LAYER


# ------------------------------------------------------------------------------------------------------ one pass back


@dataclass(slots=True)
class Tally:
    """What is counted of a cell on the way back."""

    kinds: dict[Gate, int] = field(default_factory=dict)
    outputs: int = 0
    value: float = 0.0  # sums of absolute numbers
    gradient: float = 0.0
    switches: int = 0
    shut: int = 0
    ends: int = 0
    leaves: set[Value] = field(default_factory=set)

    def count_gate(self, node: Value, slopes: Sequence[float]) -> None:
        """Count a gate by its kind, and whether it is a switch that is shut."""
        gate = node.gate
        assert gate is not None
        self.kinds[gate] = self.kinds.get(gate, 0) + 1
        if gate.flow == SWITCH:
            self.switches += 1
            self.shut += node.data == 0 and not any(slopes)

    def count_output(self, node: Value, gradient: float) -> None:
        """Count a gate whose value leaves the cell."""
        self.outputs += 1
        self.value += abs(node.data)
        self.gradient += abs(gradient)


Wires = dict[tuple[int, int], list[float]]  # (source, target) -> [how many, sum of |gradient|]


def _counted(grouping: Grouping) -> tuple[list[Tally], Wires]:
    """Pull the gradient through the graph once, and count per cell what passes."""
    tallies = [Tally() for _ in grouping.cells]
    wires: Wires = {}
    homes, owners, bands = grouping.homes, grouping.owners, not grouping.layers
    leaving = {grouping.nodes[-1]}  # all that a gate feeds has been visited before it
    for node, slopes, gradients in graph.pull(grouping.nodes):
        here, upstream = homes[node], gradients[node]
        tally = tallies[here]
        tally.count_gate(node, slopes)
        if bands or node in leaving:
            tally.count_output(node, upstream)
        for x, slope in zip(inputs_of(node), slopes, strict=True):
            there = homes.get(x, INPUTS)
            if there == here or x.is_constant:
                continue
            if there == INPUTS:
                tally.leaves.add(x)
                if x in owners:
                    continue  # parameters are told by their number, not as wires
            else:
                leaving.add(x)
            _add_wires(wires, (there, here), 1, abs(upstream * slope))
    _count_ends(grouping, tallies)
    return tallies, wires


def _add_wires(wires: Wires, ends: tuple[int, int], count: float, gradient: float) -> None:
    wire = wires.get(ends)
    if wire is None:
        wires[ends] = [count, gradient]
    else:
        wire[0] += count
        wire[1] += gradient


def _count_ends(grouping: Grouping, tallies: Sequence[Tally]) -> None:
    for end in ends_of(grouping):
        tallies[grouping.homes[end]].ends += 1


def ends_of(grouping: Grouping) -> list[Value]:
    """Return the ends of all units, in the order of the walk: of a stack, one per sample."""
    if not grouping.layers:
        return []
    homes = grouping.homes
    labelled = [node for node in grouping.nodes if node in homes and path_of(node.label)]
    continued = {x for node in labelled for x in inputs_of(node) if homes.get(x) == homes[node] and path_of(x.label)}
    return [node for node in labelled if node not in continued]


# -------------------------------------------------------------------------------------------------- from cells to parts


def _parts(grouping: Grouping, tallies: Sequence[Tally]) -> tuple[Part, ...]:
    """Return the parts, each with its units in the order of their names."""
    members: list[list[int]] = [[] for _ in grouping.parts]
    for i, cell in enumerate(grouping.cells):
        members[cell.part].append(i)
    parameters = Counter(grouping.owners.values())
    whole = Counter([part for _, part in grouping.owners.values()])
    parts = []
    for index, name in enumerate(grouping.parts):
        units = [
            _part(grouping, grouping.cells[i].name, [tallies[i]], (i, index), parameters[i, index])
            for i in members[index]
            if grouping.cells[i].path
        ]
        inside = [tallies[i] for i in members[index]]
        parts.append(_part(grouping, name, inside, (-1, index), whole[index], units))
    return tuple(parts)


def _part(
    grouping: Grouping,
    name: str,
    inside: Sequence[Tally],
    owner: tuple[int, int],
    parameters: int,
    units: Sequence[Part] = (),
) -> Part:
    outputs = sum([tally.outputs for tally in inside])
    leaves = set().union(*[tally.leaves for tally in inside])
    foreign = [grouping.owners[x] for x in leaves if x in grouping.owners and not _owns(owner, grouping.owners[x])]
    ends = [tally.ends for tally in inside]
    return Part(
        name=name,
        kinds=_kinds(inside),
        outputs=outputs,
        value=_mean([tally.value for tally in inside], outputs),
        gradient=_mean([tally.gradient for tally in inside], outputs),
        switches=sum([tally.switches for tally in inside]),
        shut=sum([tally.shut for tally in inside]),
        parameters=parameters,
        inputs=sum([x not in grouping.owners for x in leaves]),
        borrowed=len(foreign),
        stack=(min(ends), max(ends)),
        units=tuple(units),
    )


def _owns(reader: tuple[int, int], owner: tuple[int, int]) -> bool:
    """Tell whether a unit or a part, (-1, part), reads a parameter of its own, or of the layer it is in."""
    return reader[1] == owner[1] and (reader[0] == owner[0] or -1 in (reader[0], owner[0]))


def _kinds(tallies: Iterable[Tally]) -> tuple[tuple[str, int], ...]:
    kinds: Counter[str] = Counter()
    for tally in tallies:
        for gate, count in tally.kinds.items():
            kinds[gate.symbol] += count
    return tuple(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0])))


def _mean(sums: Sequence[float], count: int) -> float:
    return sum(sums) / count if count else nan


# ---------------------------------------------------------------------------------------------------- links and columns


def _links(wires: Wires, place_of: Sequence[int] | dict[int, int]) -> tuple[Link, ...]:
    """Return the wires between cells as links between what the cells are in; what stays inside is no link."""
    between: Wires = {}
    for (source, target), (count, gradient) in sorted(wires.items()):
        ends = (place_of[source] if source >= 0 else INPUTS, place_of[target])
        if ends[0] != ends[1]:
            _add_wires(between, ends, count, gradient)
    return tuple([Link(*ends, int(count), total / count) for ends, (count, total) in sorted(between.items())])


def _unit_links(grouping: Grouping, wires: Wires) -> tuple[Link, ...]:
    units = [i for i, cell in enumerate(grouping.cells) if cell.path]
    units.sort(key=lambda i: grouping.cells[i].part)  # a stable sort: layer by layer, as `Folded.units`
    place = dict(zip(units, range(len(units)), strict=True))
    return _links({ends: wire for ends, wire in wires.items() if set(ends) <= place.keys()}, place)


def _columns(grouping: Grouping, links: Sequence[Link]) -> tuple[int, ...]:
    """Return the column of each part: one more than the last that feeds it, wires that lead back set aside."""
    layers = grouping.layers or len(grouping.parts)
    flow = sorted(range(len(grouping.parts)), key=lambda i: (grouping.after[i], i >= layers))
    place = {part: i for i, part in enumerate(flow)}
    onward = [link for link in links if link.source >= 0 and place[link.source] < place[link.target]]
    columns = [0] * len(flow)
    for part in flow:
        columns[part] = 1 + max([columns[link.source] for link in onward if link.target == part], default=-1)
    for part in reversed(flow):  # what depends on inputs alone stands right before what it feeds
        feeds = [columns[link.target] for link in onward if link.source == part]
        if part >= layers and columns[part] == 0 and feeds:
            columns[part] = max(0, min(feeds) - 1)
    columns[grouping.cells[grouping.homes[grouping.nodes[-1]]].part] = max(columns)
    return tuple(columns)
