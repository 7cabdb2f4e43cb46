"""Who belongs together: the gates of a graph too large to draw, told apart by the paths in their labels.

    path     a label such as layer1/neuron3: two or more names with slashes between them
    unit     the gates of one path, a neuron; equal paths, the same neuron on 100 samples, are one unit
    layer    the units whose paths differ in their last name only
    rest     what no path claims: losses, penalties, sums
    band     a slice of a graph without paths, by depth
    cell     the smallest group that is told of: a unit, a piece of the rest, or a band
    part     what a picture shows as one thing: a layer with its units, a piece of the rest, a band

The rules, in this order:

1.  A gate whose own label is a path belongs to that unit.
2.  A gate without one that feeds gates of one unit only belongs to that unit, so that a neuron written in plain
    operators, whose output alone is labelled, folds whole. What feeds several units, or none, is the rest.
3.  Paths count as deep as there are at most 12 layers; what is deeper belongs to the unit above it. Where there are
    more even so, neighbouring layers share a part: layer1 … layer9.
4.  The rest is told apart by what it lies between: the last layer it depends on, and the first that depends on it. It
    is called after its output's label, or else after these two: "layer3 → f".
5.  Without any path, gates are cut by depth, the longest way from an input, into at most 12 bands of about equal size.

A leaf labelled layer1/neuron3/w0 is a parameter of that unit, or of the layer that its path names; other leaves are
inputs of whatever they feed, and constants count as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from autograd import graph
from autograd.graph import inputs_of
from autograd.value import Value

__all__ = ["SHARED", "Cell", "Grouping", "grouped", "path_of"]

Path = tuple[str, ...]

MOST_LAYERS = MOST_BANDS = 12
SHARED = " … "  # between the first and the last of the layers that share a part
REST = -1  # the home of a gate that no path claims, until the rest is told apart


@dataclass(frozen=True, slots=True)
class Cell:
    """The smallest group of gates: its path, empty for a piece of the rest and for a band, and the part it is in."""

    name: str
    path: Path
    part: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """The walk of a graph, the cell of each of its gates, and the parts that the cells make up."""

    nodes: list[Value]
    homes: dict[Value, int]  # gate -> index of its cell
    cells: list[Cell]
    parts: list[str]  # the name of each part, layers first, in the order of their depth
    layers: int  # how many of the parts are made of paths; 0 where they are bands
    after: list[int]  # the last layer that each part depends on; of a layer or a band its own index
    owners: dict[Value, tuple[int, int]]  # a leaf that is a parameter -> its unit's cell, or -1, and its part

    @property
    def root(self) -> str:
        """What the output is called."""
        return self.nodes[-1].label or "f"


def grouped(f: Value) -> Grouping:
    """Return who belongs together among the gates that f depends on; TypeError where f is no Value."""
    if not isinstance(f, Value):
        raise TypeError(f"there is a picture of a Value, not of {type(f).__name__}: pass an expression's output")
    nodes = graph.order(f)
    paths = _paths({node.label for node in nodes if node.gate is not None})
    depths = _depths(nodes)
    return _by_path(nodes, paths, depths) if paths else _by_depth(nodes, depths)


def path_of(label: str) -> Path:
    """Return the names in a label that is a path, nothing for any other label."""
    names = tuple(label.split("/"))
    return names if len(names) > 1 and all(name.strip() for name in names) else ()


def _paths(labels: Iterable[str]) -> dict[str, Path]:
    """Return the path of each label that is one, as deep as a picture can tell of."""
    paths = {label: path for label in labels if (path := path_of(label))}
    for depth in range(max(map(len, paths.values()), default=2), 1, -1):
        shown = {label: path[:depth] for label, path in paths.items()}
        if depth == 2 or len({path[:-1] for path in shown.values()}) <= MOST_LAYERS:
            return shown
    return paths


def _depths(nodes: Sequence[Value]) -> dict[Value, int]:
    """Return the depth of each gate: one more than that of its deepest input, leaves being at 0."""
    depths: dict[Value, int] = {}
    for node in nodes:
        if node.gate is not None:
            depths[node] = 1 + max([depths.get(x, 0) for x in inputs_of(node)])
    return depths


# ---------------------------------------------------------------------------------------------------------- by path


def _by_path(nodes: list[Value], paths: dict[str, Path], depths: dict[Value, int]) -> Grouping:
    units = sorted(set(paths.values()), key=natural)
    number = {path: i for i, path in enumerate(units)}
    homes = _claimed(nodes, {label: number[path] for label, path in paths.items()})
    part_of, names = _layers(units, _mean_depths(homes, depths, len(units)))
    cells = [Cell("/".join(path), path, part) for path, part in zip(units, part_of, strict=True)]
    layers, owners = len(names), _owners(nodes, units, part_of)
    between = _settle_rest(nodes, homes, part_of, layers)
    for name in _names_of_rest(nodes, homes, owners, len(units), between, names):
        cells.append(Cell(name, (), len(names)))
        names.append(name)
    return Grouping(nodes, homes, cells, names, layers, [*range(layers), *[after for after, _ in between]], owners)


def natural(path: Path) -> tuple[list[tuple[str, int, str]], Path]:
    """Return the key by which neuron2 comes before neuron10; no two paths share one, so that no order is left open."""
    pieces = [piece for name in path for piece in re.findall(r"([^0-9]*)([0-9]{0,18})", name)]
    return [(word, int(digits) if digits else -1, digits) for word, digits in pieces], path


def _claimed(nodes: Sequence[Value], unit_of: dict[str, int]) -> dict[Value, int]:
    """Return the unit of each gate, or REST: rules 1 and 2, from the output back."""
    homes: dict[Value, int] = {}
    for node in reversed(nodes):
        if node.gate is None:
            continue
        # what all gates that it feeds agree on stands there already
        here = homes[node] = unit_of.get(node.label, homes.get(node, REST))
        for x in inputs_of(node):
            if x.gate is not None:
                homes[x] = here if homes.get(x, here) == here else REST
    return homes


def _mean_depths(homes: dict[Value, int], depths: dict[Value, int], units: int) -> list[float]:
    total, gates = [0] * (units + 1), [0] * (units + 1)  # the last is the rest
    for node, home in homes.items():
        total[home] += depths[node]
        gates[home] += 1
    return [total[i] / gates[i] for i in range(units)]


def _layers(units: Sequence[Path], depths: Sequence[float]) -> tuple[list[int], list[str]]:
    """Return the part of each unit and the name of each part: rule 3."""
    members: dict[Path, list[float]] = {}
    for path, depth in zip(units, depths, strict=True):
        members.setdefault(path[:-1], []).append(depth)
    ordered = sorted(members, key=lambda layer: sum(members[layer]) / len(members[layer]))
    share = -(-len(ordered) // MOST_LAYERS)  # how many layers make a part
    runs = [ordered[i : i + share] for i in range(0, len(ordered), share)]
    names = ["/".join(run[0]) + (f"{SHARED}{'/'.join(run[-1])}" if len(run) > 1 else "") for run in runs]
    part = {layer: i for i, run in enumerate(runs) for layer in run}
    return [part[path[:-1]] for path in units], names


def _settle_rest(
    nodes: Sequence[Value], homes: dict[Value, int], part_of: Sequence[int], layers: int
) -> list[tuple[int, int]]:
    """Give each gate of the rest a home, and return what lies around each: (layer before, layer behind), rule 4.

    The layer before is -1 where the rest begins at the inputs, the one behind `layers` where it ends in the output.
    """
    after, before = _latest_before(nodes, homes, part_of), _earliest_behind(nodes, homes, part_of, layers)
    keys = {node: (after[node], before[node]) for node in after}
    if len(set(keys.values())) > MOST_LAYERS:
        keys = {node: (key[0], layers) for node, key in keys.items()}
    found = sorted(set(keys.values()))
    number = {key: len(part_of) + i for i, key in enumerate(found)}
    homes.update({node: number[key] for node, key in keys.items()})
    return found


def _latest_before(nodes: Sequence[Value], homes: dict[Value, int], part_of: Sequence[int]) -> dict[Value, int]:
    """Return the deepest layer that each gate of the rest depends on, -1 for none, following the rest alone."""
    latest: dict[Value, int] = {}
    for node in nodes:
        if homes.get(node) == REST:
            feeds = [part_of[homes[x]] if homes[x] != REST else latest[x] for x in inputs_of(node) if x in homes]
            latest[node] = max(feeds, default=-1)
    return latest


def _earliest_behind(
    nodes: Sequence[Value], homes: dict[Value, int], part_of: Sequence[int], layers: int
) -> dict[Value, int]:
    """Return the first layer that each gate of the rest feeds, `layers` for none, following the rest alone."""
    earliest = {nodes[-1]: layers} if homes[nodes[-1]] == REST else {}
    for node in reversed(nodes):
        if node.gate is not None:
            here = part_of[homes[node]] if homes[node] != REST else earliest[node]
            for x in inputs_of(node):
                if homes.get(x) == REST:
                    earliest[x] = min(earliest.get(x, layers), here)
    return earliest


def _names_of_rest(
    nodes: Sequence[Value],
    homes: dict[Value, int],
    owners: dict[Value, tuple[int, int]],
    units: int,
    between: Sequence[tuple[int, int]],
    layers: Sequence[str],
) -> list[str]:
    """Return the name of each piece of the rest: what its outputs are labelled, else what it lies between."""
    outputs: list[set[str]] = [set() for _ in between]
    inputs = [False] * len(between)  # whether it reads any leaf that is no parameter
    for x, here in _wires(nodes, homes):
        there = homes.get(x, -1)
        if there >= units and there != here:
            outputs[there - units].add(x.label)
        elif there == -1 and here >= units:
            inputs[here - units] |= not x.is_constant and x not in owners
    ends, names = [*layers, nodes[-1].label or "f"], list(layers)
    for (after, before), labels, reads in zip(between, outputs, inputs, strict=True):
        start = ends[after] if after >= 0 else "inputs" if reads else "parameters"
        label = labels.pop() if len(labels) == 1 else ""
        names.append(label if label and label not in names else f"{start} → {ends[before]}")
    return names[len(layers) :]


def _wires(nodes: Sequence[Value], homes: dict[Value, int]) -> Iterator[tuple[Value, int]]:
    """Yield each wire as what comes in and the cell of the gate that it enters; the output goes to cell -1."""
    for node in nodes:
        here = homes.get(node, -1)
        for x in inputs_of(node):
            yield x, here
    yield nodes[-1], -1


def _owners(nodes: Sequence[Value], units: Sequence[Path], part_of: Sequence[int]) -> dict[Value, tuple[int, int]]:
    """Return the unit and the part of each leaf that is a parameter: the longest path that its label begins with."""
    owner_of: dict[Path, tuple[int, int]] = {}
    for i, path in enumerate(units):
        owner_of[path] = (i, part_of[i])
        owner_of.setdefault(path[:-1], (-1, part_of[i]))
    owners = {}
    for node in nodes:
        if node.gate is None and (path := path_of(node.label)):
            starts = [path[:length] for length in range(len(path), 0, -1)]
            owner = next((owner_of[start] for start in starts if start in owner_of), None)
            if owner:
                owners[node] = owner
    return owners


# --------------------------------------------------------------------------------------------------------- by depth


def _by_depth(nodes: list[Value], depths: dict[Value, int]) -> Grouping:
    """Return bands of depth: rule 5."""
    deepest = max(depths.values(), default=0)
    gates = [0] * (deepest + 1)
    for depth in depths.values():
        gates[depth] += 1
    band_of = _bands(gates)
    names = [_span(list(span)) for _, span in groupby(range(1, deepest + 1), band_of.__getitem__)]
    homes = {node: band_of[depth] for node, depth in depths.items()}
    cells = [Cell(name, (), i) for i, name in enumerate(names)]
    return Grouping(nodes, homes, cells, names, 0, list(range(len(names))), {})


def _bands(gates: Sequence[int]) -> list[int]:
    """Return the band of each depth, so that bands hold about equally many gates; gates[0] is 0."""
    band_of, band, held, left = [0], 0, 0, sum(gates)
    for count in gates[1:]:
        if held and band < MOST_BANDS - 1 and held + count / 2 > left / (MOST_BANDS - band):
            band, left, held = band + 1, left - held, 0
        held += count
        band_of.append(band)
    return band_of


def _span(depths: Sequence[int]) -> str:
    first, last = depths[0], depths[-1]
    return f"depth {first:,}" if first == last else f"depth {first:,} to {last:,}"
