"""Opening: one part of a folded graph as an ordinary circuit, with its numbers from the pass over the whole graph.

    part      a unit (layer1/neuron3), a layer (layer1), a piece of the rest or a band, by the name on its card
    sample    which of the stacked copies is opened: the first, or layer1/neuron3[7] for the one with seven before it
    inside    the gates that are drawn: of a sample, those that feed nothing but its ends
    outer     what gates inside read from outside: inputs of the circuit, their gradients the share of this part

The gradients are those of the whole graph's output, not of the part's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from difflib import get_close_matches

from autograd import graph
from autograd.graph import Step, inputs_of
from autograd.value import Value
from viz.circuit import Circuit, assembled, too_many
from viz.fold import ends_of
from viz.grouping import Grouping, grouped
from viz.notation import clipped

__all__ = ["opened"]


def opened(f: Value, name: str) -> Circuit:
    """Return the circuit of one part of what f depends on; ValueError where there is none, or one too large to draw."""
    grouping = grouped(f)
    part, sample = _asked_for(grouping, name)
    ends = _ends(grouping, part, sample, name)
    inside = _inside(grouping, part, ends)
    excess, limit = too_many(inside)
    if excess:
        shown = [cell.name for i, cell in enumerate(grouping.cells) if i in part and cell.path and len(part) > 1]
        smaller = f": open one of {_listed(shown)}" if shown else ""
        raise ValueError(f"{name!r} has {excess}, too many for one picture (at most {limit}){smaller}")
    called = _names(grouping, inside, name, ends, sample)
    graph.forward(grouping.nodes)
    backward = _steps(grouping.nodes, inside)
    forward = tuple([Step(s.node, s.gate, s.inputs, s.values, s.value) for s in reversed(backward)])
    outer = {x for step in backward for x in step.inputs}
    drawn = [node for node in grouping.nodes if node in inside or node in outer]
    return replace(assembled(drawn, forward, backward, called), target=grouping.root)


# ----------------------------------------------------------------------------------------------- which part is meant


def _asked_for(grouping: Grouping, name: str) -> tuple[set[int], int]:
    """Return the cells of the part of that name, and the number of the sample."""
    known: dict[str, set[int]] = {}
    for i, cell in enumerate(grouping.cells):
        known.setdefault(grouping.parts[cell.part], set()).add(i)
    for i, cell in enumerate(grouping.cells):
        known.setdefault(cell.name, {i})
    if name in known:
        return known[name], 0
    match = re.fullmatch(r"(.+)\[([0-9]{1,9})\]", name, re.DOTALL)
    if match and match[1] in known:
        return known[match[1]], int(match[2])
    near = get_close_matches(name, known, cutoff=0.5) or list(known)
    raise ValueError(f"there is no part {clipped(name)!r} in this graph; there is {_listed(near)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join([repr(clipped(name)) for name in names[:3]]) + (", …" if len(names) > 3 else "")


def _ends(grouping: Grouping, part: Collection[int], sample: int, name: str) -> list[Value]:
    """Return the ends of one sample; none where the part is no stack, or its units differ in their samples."""
    stacks: dict[int, list[Value]] = {i: [] for i in part}
    for end in ends_of(grouping):
        if grouping.homes[end] in stacks:
            stacks[grouping.homes[end]].append(end)
    samples = {len(ends) for ends in stacks.values()}
    count = samples.pop() if len(samples) == 1 else 1
    if sample >= max(count, 1):
        raise ValueError(f"there is no part {clipped(name)!r}: samples are counted from 0, and it has {max(count, 1)}")
    return [ends[sample] for ends in stacks.values()] if count > 1 else []


def _inside(grouping: Grouping, part: Collection[int], ends: Sequence[Value]) -> set[Value]:
    """Return the gates of a part, or those of one sample: its ends, and what feeds nothing but gates inside."""
    if not ends:
        return {node for node, home in grouping.homes.items() if home in part}
    inside: set[Value] = set()
    fed: set[Value] = set(ends)  # what gates inside read …
    shared: set[Value] = set()  # … and what others do; whatever reads a gate is visited before it
    for node in reversed(grouping.nodes):
        within = node in fed and (node not in shared or node in ends)
        if within:
            inside.add(node)
        for x in inputs_of(node):
            (fed if within and grouping.homes.get(x) in part else shared).add(x)
    return inside


# ------------------------------------------------------------------------------------------------- what is drawn of it


def _names(
    grouping: Grouping, inside: Collection[Value], name: str, ends: Sequence[Value], sample: int
) -> dict[Value, str]:
    """Return what the wires are called: paths without the part's own, ends with their sample."""
    outer = {x for node in inside for x in inputs_of(node)}
    root = grouping.nodes[-1]
    named = graph.names([node for node in grouping.nodes if node in inside or node in outer or node is root])
    prefix = re.sub(r"\[[0-9]+\]\Z", "", name) + "/"
    called = {node: label.removeprefix(prefix) for node, label in named.items()}
    return called | {end: f"{called[end]}[{sample}]" for end in ends}


def _steps(nodes: Sequence[Value], inside: Collection[Value]) -> tuple[Step, ...]:
    """Return the backward steps of the gates inside, their upstream gradients from the pass over all nodes."""
    steps, gradients = [], {}
    for node, slopes, upstream in graph.pull(nodes):
        if node in inside:
            gradients[node] = upstream[node]
            steps.append(graph.backward_step(node, slopes, gradients))
            gradients.update(zip(steps[-1].inputs, steps[-1].after, strict=True))
    return tuple(steps)
