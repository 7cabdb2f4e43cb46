"""The stepper: one self-contained page that shows the two passes through a graph, one gate at a time.

    view      one way of drawing the function: as it was written, or with its gates opened into elementary ones
    fragment  markup the page clones: names and formulas, escaped here, so that the page itself never makes markup
    recorded  numbers as floats and words as sentences with {holes}; the page joins them, and could compute anew
    way       the pieces of a wire that lead to one pin, so that a page can light them up
    twin      where the work of a gate is done in the other view

Every number comes from the recorded steps, every rule from the cards.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from autograd import graph
from autograd.errors import DomainError
from autograd.gates import FLOWS
from autograd.graph import Step
from autograd.value import Value
from viz import mathml, theme
from viz.circuit import Box, Circuit, Wire, circuit_of, too_many
from viz.drawing import Diagram, write_aside
from viz.expand import Expansion, expanded
from viz.layout import LINE_ABOVE, LINE_BELOW, Placement, Spot, Stub, place
from viz.narration import SENTENCES, at_kink, effect, kinked, operand, overflows
from viz.notation import clipped, constant, full
from viz.notebook import framed
from viz.shapes import LEGEND, Frame, Picture, Shape, Text, shapes_of, subscripted
from viz.svg import escaped, svg

__all__ = ["Stepper", "step"]

ROOM, CAPTION = 12.0, 18.0  # between a frame and the gates in it; for its caption
MOST_INPUTS = 12  # that the head of the page lists

WORDS: dict[str, Any] = {
    **SENTENCES,
    "play": "Play",
    "pause": "Pause",
    "count": "step {step} of {last}",
    "not_yet": "not yet",
    "tag_start": "Start",
    "tag_forward": "Forward",
    "tag_seed": "Turn",
    "tag_backward": "Backward",
    "start_title": "Two passes",
    "start": "The forward pass computes {root} from {inputs} through {gates}, one after the other; the backward pass "
    "goes through them in reverse, and finds out how {root} answers to a small push on each wire.",
    "gate_title": "{gate} gate",
    "gate_button": "{gate} gate, makes {wire}: go to its step",
    "forward": "The {gate} gate sees only its own inputs, yet it can already tell two things: its output and its local "
    "gradients.",
    "slopes": "Kept for the way back:",
    "seed_title": "The seed",
    "seed": f"The backward pass starts at {{root}}: {SENTENCES['grows']}.",
    "seed_next": "From here on each gate takes the gradient that arrives at its output, multiplies it by its local "
    "gradients, and hands the products to its inputs.",
    "backward": "The {gate} gate {pattern}.",
    "to_input": "to input",
    "upstream": "upstream",
    "local": "local",
    "downstream": "downstream",
    "branches_all": "all branches are in: ",
    "closing_title": "Both passes are done",
    "share": "{wire} gets {downstream}",
    "say_start": "Step 0 of {last}, start: {root} is made from {inputs} by {gates}.",
    "say_forward": "Step {step} of {last}, forward, {gate} gate: {wire} = {value}.",
    "say_seed": f"Step {{step}} of {{last}}, the backward pass starts: {SENTENCES['grows']}.",
    "say_backward": "Step {step} of {last}, backward, {gate} gate: {shares}.",
    "say_backward_many": "Step {step} of {last}, backward, {gate} gate: gradients go to {inputs} inputs.",
}


@dataclass(frozen=True, slots=True)
class Stepper:
    """A page that steps through the passes of one graph; it is of the numbers at the moment it was made."""

    html: str
    diagram: Diagram  # the picture where no page can run

    def __repr__(self) -> str:
        return repr(self.diagram)

    def _repr_html_(self) -> str:
        picture = self.diagram.picture
        return framed(self.html, self.diagram._repr_html_(), f"Stepper: {picture.title}")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page (.html) and return the path.

        ValueError for another suffix, OSError where it cannot be written; an old file is replaced only by a whole one.
        """
        target = Path(path)
        if target.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a stepper is saved as .html, not as {target.suffix or 'a bare name'!r}")
        write_aside(target, self.html.encode())
        return target


def step(f: Value) -> Stepper:
    """Return a page that steps forward and backward through the graph of f, gate by gate.

    Gates that have an expansion can be opened on the page. Gradients are computed for it and no `.grad` is touched.
    Raises TypeError for what is no Value, ValueError above 300 gates, DomainError where a value or a slope does not
    exist.
    """
    circuit = circuit_of(f)
    views = [_View(0, circuit)]
    with suppress(DomainError):  # by a rounding error, which is no reason to refuse the page
        expansion = expanded(f)
        if expansion.owners and not any(too_many(graph.order(expansion.root))):
            views.append(_opened(circuit, expansion))
    return Stepper(_page(views), Diagram((circuit,)))


def _opened(circuit: Circuit, expansion: Expansion) -> _View:
    opened = circuit_of(expansion.root, called=_names(circuit, expansion))
    return _View(1, opened, _owners(circuit, opened, expansion), _captions(circuit, expansion))


def _names(circuit: Circuit, expansion: Expansion) -> dict[Value, str]:
    """Return the names of the opened graph: a wire that both views have keeps its name, the new ones get free ones."""
    nodes = graph.order(expansion.root)
    kept = {expansion.twins[wire.node]: wire.name for wire in circuit.wires}
    taken = {*kept.values(), *[node.label for node in nodes]}
    free = [letter for letter in graph.LETTERS if letter not in taken]
    new = [node for node in nodes if node not in kept and not node.is_constant]
    if len(new) > len(free):
        free = [name for i in range(1, len(new) + len(taken) + 1) if (name := f"u{i}") not in taken]
    constants = {node: constant(node.data) for node in nodes if node.is_constant}
    return {**constants, **kept, **dict(zip(new, free, strict=False))}


def _owners(circuit: Circuit, opened: Circuit, expansion: Expansion) -> dict[int, int]:
    """Return which gate of the closed view each gate of the opened view works for."""
    boxes = {circuit.wires[box.wire].node: box.index for box in circuit.boxes}
    whole = {expansion.twins[node]: index for node, index in boxes.items()}
    owners = {}
    for box in opened.boxes:
        node = opened.wires[box.wire].node
        owners[box.index] = boxes[expansion.owners[node]] if node in expansion.owners else whole[node]
    return owners


def _captions(circuit: Circuit, expansion: Expansion) -> dict[int, str]:
    """Return what each gate that was opened is called: `tanh(z)`, or its bare name where it has several inputs."""
    opened = set(expansion.owners.values())
    boxes = [box for box in circuit.boxes if circuit.wires[box.wire].node in opened]
    names = {box.index: [clipped(circuit.wires[pin.wire].name) for pin in box.pins] for box in boxes}
    return {box.index: box.gate.name + f"({names[box.index][0]})" * (len(box.pins) == 1) for box in boxes}


class _View:
    """A circuit with its places; which gate of the closed view each of its gates works for, and what that is called."""

    def __init__(
        self,
        index: int,
        circuit: Circuit,
        owners: Mapping[int, int] | None = None,
        captions: Mapping[int, str] | None = None,
    ) -> None:
        self.index, self.circuit, self.placement = index, circuit, place(circuit)
        self.owners, self.captions = owners or {}, captions or {}

    @cached_property
    def groups(self) -> dict[int, list[int]]:
        """The gates that work for each gate of the closed view."""
        groups: dict[int, list[int]] = {}
        for box, owner in self.owners.items():
            groups.setdefault(owner, []).append(box)
        return groups


# ---------------------------------------------------------------------------------------------------------- the page


def _page(views: Sequence[_View]) -> str:
    closed = views[0].circuit
    parts = {
        "title": escaped(f"{clipped(closed.root.name)} = {closed.notation.short(closed.root.value)}, gate by gate"),
        "style": _colours() + _resource("stepper.css"),
        "inputs": _inputs(closed),
        "formulas": "".join([_part("div", "formula", view, mathml.expression(view.circuit)) for view in views]),
        "toggle": _toggle(views[0], views[1].captions) if len(views) > 1 else "",
        "circuits": "".join([_stage(view) for view in views]),
        "legend": "".join([_explained(*entry) for entry in LEGEND]),
        "dashed": '<span data-view="1" hidden><i class="dashed"></i> gates that are one gate when closed</span>',
        "tables": "".join([_part("table", "", view, _table(view.circuit)) for view in views]),
        "fragments": "".join([_fragments(view) for view in views]),
        "recorded": _json({"views": _recorded(views), "words": WORDS | {"flows": _flows(views)}}),
        "script": _resource("stepper.js"),
    }
    return re.sub(r"<!-- (\w+) -->", lambda match: parts[match[1]], _resource("stepper.html"))


def _explained(kind: str, sample: str, words: str) -> str:
    """Return a line of the legend."""
    return f'<span><b class="{kind}">{escaped(sample)}</b>{escaped(words)}</span>'


def _resource(name: str) -> str:
    return (files("viz") / name).read_text(encoding="utf-8")


def _colours() -> str:
    """Return the colours of the pictures as custom properties, so that page and picture agree."""

    def properties(colours: Mapping[str, str]) -> str:
        return f":root{{{''.join([f'--{name}:{colour};' for name, colour in colours.items()])}}}"

    light, dark = properties(theme.LIGHT), properties(theme.DARK)
    fonts = f":root{{--sans:{theme.SANS};--serif:{theme.SERIF}}}"
    return f"{fonts}{light}@media screen and (prefers-color-scheme:dark){{{dark}}}\n"


def _part(tag: str, kind: str, view: _View, inner: str) -> str:
    """Return an element that is there in one view only."""
    hidden = " hidden" if view.index else ""
    kinds = f' class="{kind}"' if kind else ""
    return f'<{tag}{kinds} data-view="{view.index}"{hidden}>{inner}</{tag}>'


def _name(label: str) -> str:
    """Return a wire's name as HTML, the whole label as its title where it is cut."""
    base, digits = subscripted(label)
    title = f' title="{escaped(label)}"' if clipped(label) != label else ""
    return f"<var{title}><bdi>{escaped(base)}</bdi>{f'<sub>{digits}</sub>' if digits else ''}</var>"


def _inputs(circuit: Circuit) -> str:
    inputs = [wire for wire in circuit.wires if wire.source is None]
    listed = [
        f'<span title="{full(wire.value)}">{_name(wire.name)} = {constant(wire.value)}</span>'
        for wire in inputs[:MOST_INPUTS]
    ]
    more = f"<span>… {len(inputs) - MOST_INPUTS} more</span>" if len(inputs) > MOST_INPUTS else ""
    return "".join(listed) + more


def _toggle(closed: _View, opened: Iterable[int]) -> str:
    names = dict.fromkeys([closed.circuit.boxes[box].gate.name for box in opened])
    kinds = [f"<b>{escaped(name)}</b>" for name in names]
    shown = kinds if len(kinds) <= 3 else [*kinds[:2], f"{len(kinds) - 2} more"]
    listed = " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
    words = f"<span>Show {listed} as elementary gates</span>"
    return f'<label class="toggle"><input type="checkbox" id="elementary">{words}</label>'


def _table(circuit: Circuit) -> str:
    heads = "".join([f'<th scope="col">{head}</th>' for head in ("wire", "from", "value", "gradient")])
    rows = "".join([_row(circuit, wire) for wire in circuit.wires])
    return f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"


def _row(circuit: Circuit, wire: Wire) -> str:
    source = "input" if wire.source is None else circuit.boxes[wire.source].gate.name
    numbers = [
        f'<td class="{kind}" title="{full(x)}">{circuit.notation.short(x)}</td>'
        for kind, x in (("value", wire.value), ("gradient", wire.gradient))
    ]
    return f'<tr><th scope="row">{_name(wire.name)}</th><td>{escaped(source)}</td>{"".join(numbers)}</tr>'


def _fragments(view: _View) -> str:
    """Return what the page clones: the name of every wire; how every gate makes its output, and its slopes."""
    circuit = view.circuit
    names = "".join([_name(wire.name) for wire in circuit.wires])
    made = "".join([_formulas(circuit, box, step) for box, step in zip(circuit.boxes, circuit.forward, strict=True)])
    return f'<template data-fragments="{view.index}"><div>{names}</div><div>{made}</div></template>'


def _formulas(circuit: Circuit, box: Box, step: Step) -> str:
    names, holes = {wire.node: mathml.named(wire.name) for wire in circuit.wires}, {}
    holes = {circuit.wires[pin.wire].node: mathml.Hole(pin.wire) for pin in box.pins}
    output = circuit.wires[box.wire]
    symbols = [names[x] if x in names else mathml.MATHML.number(x.data) for x in step.inputs]
    constants = [mathml.MATHML.written(operand(x.data, circuit.notation)) for x in step.inputs]
    numbers = [holes.get(x, constant) for x, constant in zip(step.inputs, constants, strict=True)]
    equals = mathml.operator("=")
    made = [
        mathml.math(mathml.name(output.name), equals, mathml.rule(box.gate, symbols).text),
        mathml.math(equals, mathml.rule(box.gate, numbers).text),
        mathml.math(equals, f'<mn class="result" data-wire="{box.wire}"></mn>'),
    ]
    slopes = mathml.slopes(box.gate, mathml.named(output.name), symbols)
    shown = [mathml.math(slopes[pin.place]) if slopes[pin.place] else "" for pin in box.pins]
    return f"<div><div>{''.join(made)}</div>{''.join([f'<span>{slope}</span>' for slope in shown])}</div>"


# ------------------------------------------------------------------------------------------------ what the page is told


def _recorded(views: Sequence[_View]) -> list[dict[str, Any]]:
    twins = _twins(views)
    return [_view_data(view, twins[view.index]) for view in views]


def _twins(views: Sequence[_View]) -> list[list[tuple[int, int]]]:
    """Return, per view and gate, the gates of the other view that finish its work forward, and backward."""
    if len(views) == 1:
        return [[(box.index, box.index) for box in views[0].circuit.boxes]]
    groups = views[1].groups
    closed = [(max(groups[i]), min(groups[i])) for i in range(len(views[0].circuit.boxes))]
    return [closed, [(views[1].owners[box.index],) * 2 for box in views[1].circuit.boxes]]


def _view_data(view: _View, twins: Sequence[tuple[int, int]]) -> dict[str, Any]:
    circuit, ways = view.circuit, _ways(view.circuit, view.placement)
    index = {circuit.wires[box.wire].node: box.index for box in circuit.boxes}
    flow = {index[step.node]: step for step in circuit.backward}
    inputs = [wire.index for wire in circuit.wires if wire.source is None and not wire.node.is_constant]
    in_doubt = kinked(circuit)
    return {
        "whole": circuit.notation.whole,
        "root": circuit.root.index,
        "inputs": inputs,
        "counted": {"gates": _counted(len(circuit.boxes), "gate"), "inputs": _counted(len(inputs), "input")},
        "back": [index[step.node] for step in circuit.backward],
        "wires": [
            {
                "name": clipped(wire.name),
                "value": _float(wire.value),
                "gate": wire.source,
                "pins": wire.pins,
                "effect": effect(wire.gradient, wire.node in in_doubt),
            }
            for wire in circuit.wires
        ],
        "gates": [_gate_data(view, box, flow[box.index], ways, twins[box.index]) for box in circuit.boxes],
    }


def _gate_data(
    view: _View, box: Box, step: Step, ways: Mapping[int, list[int]], twin: tuple[int, int]
) -> dict[str, Any]:
    pins = [
        {
            "index": pin.index,
            "wire": pin.wire,
            "local": _float(pin.local),
            "downstream": _float(pin.downstream),
            "before": _float(step.before[pin.place]),
            "after": _float(step.after[pin.place]),
            "kink": at_kink(step, pin.place),
            "way": ways.get(pin.index, []),
        }
        for pin in box.pins
    ]
    assert step.upstream is not None
    owner = view.owners.get(box.index, -1)
    return {
        "name": box.gate.name,
        "flow": box.gate.flow,
        "part": f"part of {view.captions[owner]}" if owner in view.captions else "",
        "remark": _remark(step, {view.circuit.wires[pin.wire].node for pin in box.pins}),
        "overflow": overflows(step),
        "wire": box.wire,
        "upstream": _float(step.upstream),
        "pins": pins,
        "twin": twin,
    }


def _remark(step: Step, wired: set[Value]) -> str:
    """Return what is to be said of the constants of a gate."""
    constants = list(dict.fromkeys([constant(x.data) for x in step.inputs if x not in wired]))
    if not constants:
        return ""
    verb = "is a constant" if len(constants) == 1 else "are constants"
    return f"{' and '.join(constants)} {verb}: no gradient is sent there."


def _flows(views: Iterable[_View]) -> dict[str, str]:
    used = dict.fromkeys([box.gate.flow for view in views for box in view.circuit.boxes])
    return {flow: FLOWS[flow].words for flow in used if flow in FLOWS}


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _float(x: float) -> float | str:
    """Return a number as JSON can hold it: infinities and nan as the strings that JavaScript reads back."""
    return x if math.isfinite(x) else "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def _json(data: object) -> str:
    """Return JSON that may stand inside a script element."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(UNSAFE)


# ------------------------------------------------------------------------------------------------------- the pictures


def _stage(view: _View) -> str:
    """Return the picture of a view, its natural width told to the style sheet."""
    placement, ways = view.placement, _ways(view.circuit, view.placement)
    under, over, room = _marks(view, ways)
    shapes = (*under, *shapes_of(view.circuit, placement), *over)
    title = f"Computational graph of {clipped(view.circuit.root.name)}"
    height = placement.height + 2 * room
    picture = Picture(placement.width, height, title, "", ((0.0, room, shapes),))
    hidden = " hidden" if view.index else ""
    size = f"--width:{placement.width:.0f}px;--ratio:{placement.width / height:.4f}"
    return f'<div class="stage" style="{size}" data-view="{view.index}"{hidden}>{svg(picture)}</div>'


def _ways(circuit: Circuit, placement: Placement) -> dict[int, list[int]]:
    """Return, per pin, the numbers of the pieces that lead to it, from the pin back to the stub of its wire."""
    pieces = enumerate(_pieces(placement))
    ending = {(wire, *_point((to_x, to_y))): (i, (x, y)) for i, (wire, x, y, to_x, to_y) in pieces}
    ways: dict[int, list[int]] = {}
    for box, spot in zip(circuit.boxes, placement.spots, strict=True):
        for pin, y in zip(box.pins, spot.pins, strict=True):
            ways[pin.index] = way = []
            at = (spot.pins_from, y)
            while (found := ending.get((pin.wire, *_point(at)))) is not None:
                way.append(found[0])
                at = found[1]
    return ways


def _pieces(placement: Placement) -> list[tuple[int, float, float, float, float]]:
    """Return the bends and passages, in the order in which they are drawn: (wire, from x, from y, to x, to y)."""
    return [*placement.bends, *[(wire, x, y, to_x, y) for wire, x, to_x, y in placement.passages]]


def _point(at: tuple[float, float]) -> tuple[int, int]:
    return round(at[0] * 10), round(at[1] * 10)


Area = tuple[float, float, float, float]  # left, top, right, bottom


def _marks(view: _View, ways: Mapping[int, list[int]]) -> tuple[list[Shape], list[Shape], float]:
    """Return what shows the gates of each expansion: a frame under them or, in a crowd, a dashed line inside each.

    The last number is the room that frames need above and below the picture.
    """
    under: list[Shape] = []
    over: list[Shape] = []
    room = 0.0
    for owner, caption in view.captions.items():
        area = _area(view, view.groups[owner])
        if _is_clear(view, view.groups[owner], area, ways):
            under.extend(_frame(area, caption, owner))
            room = max(room, ROOM - area[1], area[3] + ROOM - view.placement.height)
        else:
            over.extend([_inner(view.placement.spots[box], box) for box in view.groups[owner]])
    return under, over, room


def _area(view: _View, boxes: Sequence[int]) -> Area:
    """Return the area of some gates, their pins and the wires between them, with a line below for a caption."""
    spots = [view.placement.spots[box] for box in boxes]
    stubs = [view.placement.stubs[view.circuit.boxes[box].wire] for box in boxes[:-1]]
    heights = [y for spot in spots for y in (spot.y - spot.half_height, spot.y + spot.half_height, *spot.pins)]
    heights += [stub.y for stub in stubs]
    left, right = min([spot.pins_from for spot in spots]), max([spot.x + spot.half_width for spot in spots])
    right = max([right, *[stub.end for stub in stubs]])
    return left - 5, min(heights) - LINE_ABOVE - 3, right + 3, max(heights) + LINE_BELOW + CAPTION


def _is_clear(view: _View, boxes: Sequence[int], area: Area, ways: Mapping[int, list[int]]) -> bool:
    """Tell whether an area holds nothing but these gates and the wires between them and to them."""
    circuit, placement, inside = view.circuit, view.placement, set(boxes)
    within = {circuit.boxes[box].wire for box in boxes[:-1]}
    leading = {piece for box in boxes for pin in circuit.boxes[box].pins for piece in ways[pin.index]}
    gates = [_gate_area(spot) for i, spot in enumerate(placement.spots) if i not in inside]
    texts = [_text_area(stub) for i, stub in enumerate(placement.stubs) if i not in within]
    pieces = [piece for i, piece in enumerate(_pieces(placement)) if i not in leading]
    wires = [(x, min(y, to_y), to_x, max(y, to_y)) for _, x, y, to_x, to_y in pieces]
    return not any(_meet(area, other) for other in (*gates, *texts, *wires))


def _gate_area(spot: Spot) -> Area:
    top = min(spot.y - spot.half_height, *[y - LINE_ABOVE for y in spot.pins])
    bottom = max(spot.y + spot.half_height, *[y + LINE_BELOW for y in spot.pins])
    return spot.pins_from, top, spot.x + spot.half_width, bottom


def _text_area(stub: Stub) -> Area:
    return stub.x + 4, stub.y - LINE_ABOVE, stub.end, stub.y + LINE_BELOW


def _meet(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _frame(area: Area, caption: str, owner: int) -> list[Shape]:
    left, top, right, bottom = area
    size = min(theme.NAME_SIZE, (right - left - 16) / theme.text_width(caption, 1))
    text = Text((left + right) / 2, bottom - 8, caption, max(size, 6), "caption", ("opened", owner), "middle")
    return [Frame(left, top, right - left, bottom - top, 12, ("opened", owner), caption, "frame"), text]


def _inner(spot: Spot, box: int) -> Frame:
    width, height = spot.half_width - 3.5, spot.half_height - 3.5
    return Frame(
        spot.x - width, spot.y - height, 2 * width, 2 * height, min(width, height), ("inner", box), kind="inner"
    )
