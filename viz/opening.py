"""Opening: one part of a folded graph as an ordinary circuit, with its numbers from the pass over the whole graph.

    part      a unit (layer1/neuron3), a layer (layer1), a piece of the rest or a band, by the name on its card
    sample    which of the stacked copies is opened: the first, or layer1/neuron3[7] for the one with seven before it
    inside    the gates that are drawn: of a sample, those that feed nothing but its ends
    outer     what gates inside read from outside: inputs of the circuit, their gradients the share of this part
    outside   what comes back to a gate inside from readers that are not: the gradient that the part starts from

The gradients are those of the whole graph's output, not of the part's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, reduce
from itertools import chain, count, zip_longest
from operator import add

from autograd import graph
from autograd.graph import Step, inputs_of
from autograd.value import Value
from viz.circuit import MOST_GATES, Circuit, assembled, too_many
from viz.fold import ends_of
from viz.grouping import Grouping, grouped
from viz.notation import clipped

__all__ = ["Opening", "opened", "openings"]

MOST_OPENED = 80  # parts that a page may carry …
MOST_GATES_OPENED = 6_000  # … and the gates of all of them


@dataclass(frozen=True, slots=True)
class Opening:
    """A part as a page has it: its circuit or, where it has none, why."""

    name: str
    circuit: Circuit | None
    sample: int = 0
    samples: int = 0  # how many are stacked; 0 where the part is no stack
    refusal: str = ""


def opened(f: Value, name: str) -> Circuit:
    """Return the circuit of one part of what f depends on; ValueError where there is none, or one too large to draw."""
    whole = _Whole(grouped(f))
    return whole.circuit(*_asked_for(whole.grouping, name), name)


def openings(grouping: Grouping) -> list[Opening]:
    """Return what can be opened of a folded graph, parts first, then units by turns from each layer.

    Of stacks one sample is taken, for all of them the same: the first of those to which most of the gradient comes.
    """
    whole = _Whole(grouping)
    names = [name for name in _by_turns(grouping) if whole.could_open(name)]
    sample = whole.sample_with_gradients() if names else 0
    found: list[Opening] = []
    gates = 0
    for name in dict.fromkeys([*grouping.parts, *names]):
        if len(found) >= MOST_OPENED or gates > MOST_GATES_OPENED:
            break
        found.append(whole.opening(name, sample))
        gates += len(found[-1].circuit.boxes) if found[-1].circuit else 0
    return found


def _by_turns(grouping: Grouping) -> list[str]:
    """Return the names of all parts, then those of the units: of each layer the first, the second and so on."""
    layers: list[list[str]] = [[] for _ in grouping.parts]
    for cell in grouping.cells:
        if cell.path:
            layers[cell.part].append(cell.name)
    return [*grouping.parts, *[name for turn in zip_longest(*layers) for name in turn if name is not None]]


# ----------------------------------------------------------------------------------------------- which part is meant


def _known(grouping: Grouping) -> dict[str, set[int]]:
    """Return the cells of each part and each unit by its name."""
    known: dict[str, set[int]] = {}
    for i, cell in enumerate(grouping.cells):
        known.setdefault(grouping.parts[cell.part], set()).add(i)
    for i, cell in enumerate(grouping.cells):
        known.setdefault(cell.name, {i})
    return known


def _asked_for(grouping: Grouping, name: str) -> tuple[set[int], int]:
    """Return the cells of the part of that name, and the number of the sample."""
    known = _known(grouping)
    if name in known:
        return known[name], 0
    match = re.fullmatch(r"(.+)\[([0-9]{1,9})\]", name, re.DOTALL)
    if match and match[1] in known:
        return known[match[1]], int(match[2])
    near = get_close_matches(name, known, cutoff=0.5) or list(known)
    raise ValueError(f"there is no part {clipped(name)!r} in this graph; there is {_listed(near)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join([repr(clipped(name)) for name in names[:3]]) + (", …" if len(names) > 3 else "")


# ------------------------------------------------------------------------------------------------ what is drawn of it


class _Whole:
    """A graph after both passes: what is needed to open any part of it."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.known = _known(grouping)
        self.members: list[list[Value]] = [[] for _ in grouping.cells]
        self.stacks: list[list[Value]] = [[] for _ in grouping.cells]  # the ends of each cell
        for node, home in grouping.homes.items():
            self.members[home].append(node)
        for end in ends_of(grouping):
            self.stacks[grouping.homes[end]].append(end)

    @cached_property
    def readers(self) -> dict[Value, list[Value]]:
        """What reads each gate, in the order of the walk, with repeats."""
        readers: dict[Value, list[Value]] = {node: [] for node in self.grouping.homes}
        for node in self.grouping.nodes:
            for x in inputs_of(node):
                if x.gate is not None:
                    readers[x].append(node)
        return readers

    @cached_property
    def gradients(self) -> dict[Value, float]:
        """The gradient of the output with respect to each node, its values computed anew."""
        graph.forward(self.grouping.nodes)
        whole: dict[Value, float] = {}
        for _, _, gradients in graph.pull(self.grouping.nodes):
            whole = gradients  # one dictionary that grows; it is whole when the pass has ended
        return whole

    @cached_property
    def place(self) -> dict[Value, int]:
        """The place of each node in the walk."""
        return {node: i for i, node in enumerate(self.grouping.nodes)}

    def samples(self, part: Iterable[int]) -> int:
        """Return how many samples a part can be told apart by; 0 where it is no stack, or its units differ in them."""
        samples = {len(self.stacks[i]) for i in part}
        count = samples.pop() if len(samples) == 1 else 0
        return count if count > 1 else 0

    def could_open(self, name: str) -> bool:
        """Tell whether a part, or one sample of it, may be small enough, without a closer look."""
        part = self.known[name]
        return sum([len(self.members[i]) for i in part]) <= MOST_GATES * max(self.samples(part), 1)

    def sample_with_gradients(self) -> int:
        """Return the first sample whose ends are reached by as many gradients as those of any other."""
        stacks = [ends for ends in self.stacks if len(ends) > 1]
        if len({len(ends) for ends in stacks}) != 1:
            return 0
        reached = [sum([self.gradients[end] != 0 for end in ends]) for ends in zip(*stacks, strict=True)]
        return reached.index(max(reached))

    def opening(self, name: str, sample: int) -> Opening:
        """Return one part for a page, of a stack the sample."""
        part = self.known[name]
        samples = self.samples(part)
        sample = sample if samples else 0
        try:
            return Opening(name, self.circuit(part, sample, f"{name}[{sample}]" if sample else name), sample, samples)
        except ValueError as error:
            return Opening(name, None, refusal=str(error))

    def circuit(self, part: Collection[int], sample: int, name: str) -> Circuit:
        """Return the circuit of some cells; ValueError where it would be too large, or there is no such sample."""
        samples = self.samples(part)
        if sample >= max(samples, 1):
            known = f"samples are counted from 0, and it has {samples or 1}"
            raise ValueError(f"there is no part {clipped(name)!r}: {known}")
        ends = [self.stacks[i][sample] for i in sorted(part)] if samples else []
        inside = self.inside(part, ends)
        excess, limit = too_many(inside)
        if excess:
            raise ValueError(f"{name!r} has {excess}, too many for one picture (at most {limit}){self.smaller(part)}")
        backward, outside = self.steps(inside)
        outer = {x for node in inside for x in inputs_of(node)}
        drawn = sorted(inside | outer, key=self.place.__getitem__)
        called = _names(self.grouping, drawn, name, ends, sample)
        return replace(assembled(drawn, backward, called, outside), target=self.grouping.root)

    def smaller(self, part: Collection[int]) -> str:
        """Return which parts of a part that is too large could be opened instead."""
        cells = [self.grouping.cells[i] for i in sorted(part)]
        units = [cell.name for cell in cells if cell.path and len(part) > 1]
        return f": open one of {_listed(units)}" if units else ""

    def inside(self, part: Collection[int], ends: Sequence[Value]) -> set[Value]:
        """Return the gates of a part, or those of one sample: its ends, and what feeds nothing but gates inside."""
        if not ends:
            return {node for i in part for node in self.members[i]}
        inside, left = set(ends), list(ends)
        read: dict[Value, int] = {}  # how often gates inside read each gate
        while left:
            for x in inputs_of(left.pop()):
                if x.gate is not None and x not in inside and self.grouping.homes[x] in part:
                    read[x] = read.get(x, 0) + 1
                    if read[x] == len(self.readers[x]):
                        inside.add(x)
                        left.append(x)
        return inside

    def steps(self, inside: set[Value]) -> tuple[list[Step], dict[Value, float]]:
        """Return the backward steps of the gates inside, and the gradients that come to them from outside."""
        whole = self.gradients  # asked for first, since that makes fresh the values that everything below reads
        ordered = sorted(inside, key=self.place.__getitem__, reverse=True)
        shares = {node: [*self.shares(node, inside, whole)] for node in ordered}
        outside = {node: reduce(add, terms) for node, terms in shares.items() if terms}
        gradients, steps = dict(outside), list[Step]()
        for node in ordered:
            steps.append(graph.backward_step(node, graph.local_gradients(node, graph.data_of), gradients))
            gradients.update(zip(steps[-1].inputs, steps[-1].after, strict=True))
        return steps, outside

    def shares(self, node: Value, inside: Collection[Value], gradients: Mapping[Value, float]) -> Iterator[float]:
        """Yield what each reader outside hands back to a gate, in the order of the backward pass."""
        if node is self.grouping.nodes[-1]:
            yield 1.0
        for reader in dict.fromkeys(reversed(self.readers[node])):
            if reader not in inside:
                slopes = graph.local_gradients(reader, graph.data_of)
                for x, slope in zip(inputs_of(reader), slopes, strict=True):
                    if x is node:
                        yield graph.times(gradients[reader], slope)


def _names(
    grouping: Grouping, drawn: Sequence[Value], name: str, ends: Sequence[Value], sample: int
) -> dict[Value, str]:
    """Return what the wires are called: paths without the part's own, ends with their sample."""
    root = grouping.nodes[-1]
    named = graph.names(drawn if drawn[-1] is root else [*drawn, root])
    prefix = re.sub(r"\[[0-9]+\]\Z", "", name) + "/"
    called = {node: label.removeprefix(prefix) for node, label in named.items()}
    labels = {called[node] for node in drawn if node.label}
    clashing = [node for node in drawn if not node.label and not node.is_constant and called[node] in labels]
    taken = set(called.values())
    free = (letter for letter in chain(graph.LETTERS, map("u{}".format, count(1))) if letter not in taken)
    called.update(zip(clashing, free, strict=False))
    return called | {end: f"{called[end]}[{sample}]" for end in ends}
