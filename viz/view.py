"""One circuit as the page shows it: markup with every name and number escaped, and the records that a script reads.

    view      a circuit with its places: a function as it was written, with its gates opened, or one part of a graph
    fragment  markup that the page clones: names and formulas, so that the page itself never makes markup
    way       the pieces of a wire that lead to one pin, so that a page can light them up
    twin      where the work of a gate is done in the other view

Every number comes from the recorded steps, every rule from the cards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from autograd.graph import Step
from autograd.value import Value
from viz import mathml, theme
from viz.circuit import Box, Circuit, Wire
from viz.formula import Form, Name, Number, explained, rule, slopes, spelled_out
from viz.layout import LINE_ABOVE, LINE_BELOW, Placement, Spot, Stub, place
from viz.narration import at_kink, effect, kinked, overflows
from viz.notation import clipped, constant, full, portable
from viz.rows import Point
from viz.shapes import Frame, Picture, Shape, Text, shapes_of, subscripted
from viz.svg import escaped, svg
from viz.words import constants_told, counted

__all__ = ["View", "named"]

ROOM, CAPTION = 12.0, 22.0  # between a frame and the gates in it; for its caption
MOST_INPUTS = 12  # that the head of the page lists


class View:
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
        self.twins = [(box.index, box.index) for box in circuit.boxes]

    @cached_property
    def groups(self) -> dict[int, list[int]]:
        """The gates that work for each gate of the closed view."""
        groups: dict[int, list[int]] = {}
        for box, owner in self.owners.items():
            groups.setdefault(owner, []).append(box)
        return groups

    @cached_property
    def ways(self) -> dict[int, list[int]]:
        """Per pin, the numbers of the pieces that lead to it, from the pin back to the stub of its wire."""
        return _ways(self.circuit, self.placement)

    def formula(self) -> str:
        """Return the function as a formula; the names of its outputs where there are several."""
        ends = [wire.name for wire in self.circuit.wires if not wire.pins]
        if len(ends) == 1:
            return self.part("div", "formula", mathml.expression(self.circuit))
        more = [f"<span>… {len(ends) - MOST_INPUTS} more</span>"] if len(ends) > MOST_INPUTS else []
        return self.part("div", "formula ends", " ".join([*map(named, ends[:MOST_INPUTS]), *more]))

    def stage(self) -> str:
        """Return the picture, its natural width told to the style sheet."""
        under, over, room = _marks(self)
        shapes = (*under, *shapes_of(self.circuit, self.placement), *over)
        title = f"Computational graph of {clipped(self.circuit.root.name)}"
        height = self.placement.height + 2 * room
        picture = Picture(self.placement.width, height, title, "", ((0.0, room, shapes),))
        size = f' style="--width:{self.placement.width:.0f}px;--ratio:{self.placement.width / height:.4f}"'
        return self.part("div", "stage", svg(picture), size)

    def table(self) -> str:
        """Return the numbers of every wire."""
        heads = "".join([f'<th scope="col">{head}</th>' for head in ("wire", "from", "value", "gradient")])
        rows = "".join([_row(self.circuit, wire) for wire in self.circuit.wires])
        return self.part("table", "", f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>")

    def fragments(self) -> str:
        """Return what the page clones: names of the wires and of the output; how gates work; slopes at length."""
        names = "".join([named(name) for name in (*[wire.name for wire in self.circuit.wires], self.circuit.output)])
        made = "".join([_formulas(self.circuit, box) for box in self.circuit.boxes])
        local = "".join([_explained(self.circuit, box) for box in self.circuit.boxes])
        parts = f"<div>{names}</div><div>{made}</div><div>{local}</div>"
        return f'<template data-fragments="{self.index}">{parts}</template>'

    def inputs(self) -> str:
        """Return the inputs and their values, as many as the head of a page has room for."""
        return _inputs(self.circuit)

    def recorded(self) -> dict[str, Any]:
        """Return what a script is to know."""
        circuit, in_doubt = self.circuit, kinked(self.circuit)
        inputs = [wire.index for wire in circuit.wires if wire.source is None and not wire.node.is_constant]
        return {
            "whole": circuit.notation.whole,
            "root": circuit.root.index,
            "output": clipped(circuit.output),
            "isPart": bool(circuit.target),
            "inputs": inputs,
            "counted": {"gates": counted(len(circuit.boxes), "gate"), "inputs": counted(len(inputs), "input")},
            "wires": [
                {
                    "name": clipped(wire.name),
                    "value": portable(wire.value),
                    "outside": None if wire.outside is None else portable(wire.outside),
                    "gate": wire.source,
                    "pins": wire.pins,
                    "effect": effect(wire.gradient, wire.node in in_doubt),
                }
                for wire in circuit.wires
            ],
            "gates": [_gate_data(self, box) for box in circuit.boxes],
        }

    def part(self, tag: str, kind: str, inner: str, attributes: str = "") -> str:
        """Return an element that is there in one view only."""
        hidden = " hidden" if self.index else ""
        kinds = f' class="{kind}"' if kind else ""
        return f'<{tag}{kinds}{attributes} data-view="{self.index}"{hidden}>{inner}</{tag}>'


def named(label: str) -> str:
    """Return a wire's name as HTML, the whole label as its title where it is cut."""
    base, digits = subscripted(label)
    title = f' title="{escaped(label)}"' if clipped(label) != label else ""
    return f"<var{title}><bdi>{escaped(base)}</bdi>{f'<sub>{digits}</sub>' if digits else ''}</var>"


def _inputs(circuit: Circuit) -> str:
    inputs = [wire for wire in circuit.wires if wire.source is None]
    shown = [
        f'<span title="{full(wire.value)}">{named(wire.name)} = {constant(wire.value)}</span>'
        for wire in inputs[:MOST_INPUTS]
    ]
    more = f"<span>… {len(inputs) - MOST_INPUTS} more</span>" if len(inputs) > MOST_INPUTS else ""
    return "".join(shown) + more


def _row(circuit: Circuit, wire: Wire) -> str:
    source = "input" if wire.source is None else circuit.boxes[wire.source].gate.name
    numbers = [
        f'<td class="{kind}" title="{full(x)}">{circuit.notation.short(x)}</td>'
        for kind, x in (("value", wire.value), ("gradient", wire.gradient))
    ]
    return f'<tr><th scope="row">{named(wire.name)}</th><td>{escaped(source)}</td>{"".join(numbers)}</tr>'


def _formulas(circuit: Circuit, box: Box) -> str:
    step = box.step
    names = {wire.node: Name(wire.name) for wire in circuit.wires}
    holes = {circuit.wires[pin.wire].node: mathml.Hole(pin.wire) for pin in box.pins}
    output = circuit.wires[box.wire]
    symbols = [names[x] if x in names else Number(constant(x.data)) for x in step.inputs]
    numbers = [holes[x] if x in holes else Number(circuit.notation.operand(x.data)) for x in step.inputs]
    equals = mathml.operator("=")
    made = [
        mathml.math(mathml.name(output.name), equals, mathml.markup(rule(box.gate, symbols))),
        mathml.math(equals, mathml.markup(rule(box.gate, numbers))),
        mathml.math(equals, f'<mn class="result" data-wire="{box.wire}"></mn>'),
    ]
    forms = slopes(box.gate, names[output.node], symbols)
    local = [forms[pin.place] for pin in box.pins]
    shown = ["" if form is None else mathml.math(mathml.markup(form)) for form in local]
    return f"<div><div>{''.join(made)}</div>{''.join([f'<span>{slope}</span>' for slope in shown])}</div>"


def _explained(circuit: Circuit, box: Box) -> str:
    """Return the slope of each pin at length; a piece in which the gate's own output is written out is marked."""
    step, write = box.step, circuit.notation
    names = {wire.node: Name(wire.name) for wire in circuit.wires}
    symbols = [names[x] if x in names else Number(constant(x.data)) for x in step.inputs]
    numbers = [
        Number(write.longer(value) if x in names else write.operand(x.data))
        for x, value in zip(step.inputs, step.values, strict=True)
    ]
    chains = explained(box.gate, (names[step.node], symbols), (Number(write.longer(step.value)), numbers))
    own = spelled_out(box.gate, names[step.node], symbols)
    return f"<div>{''.join([_chain(chains[pin.place], own[pin.place]) for pin in box.pins])}</div>"


def _chain(forms: Sequence[Form], own: Form | None) -> str:
    marks = [" data-own" if own is not None and str(form) == str(own) else "" for form in forms]
    pieces = [f"<span{mark}>{mathml.math(mathml.markup(form))}</span>" for mark, form in zip(marks, forms, strict=True)]
    return f"<span>{''.join(pieces)}</span>"


def _gate_data(view: View, box: Box) -> dict[str, Any]:
    step = box.step
    pins = [
        {
            "index": pin.index,
            "wire": pin.wire,
            "local": portable(pin.local),
            "downstream": portable(pin.downstream),
            "before": portable(step.before[pin.place]),
            "after": portable(step.after[pin.place]),
            "kink": at_kink(step, pin.place),
            "way": view.ways[pin.index],
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
        "upstream": portable(step.upstream),
        "pins": pins,
        "twin": view.twins[box.index],
    }


def _remark(step: Step, wired: set[Value]) -> str:
    """Return what is to be said of the constants of a gate."""
    told = constants_told([constant(x.data) for x in step.inputs if x not in wired])
    return f"{told}." if told else ""


# ------------------------------------------------------------------------------------------------------- the pictures


def _ways(circuit: Circuit, placement: Placement) -> dict[int, list[int]]:
    """Return, per pin, the numbers of the pieces that lead to it, from the pin back to the stub of its wire."""
    ending = {(wire, *_point(points[-1])): (i, points[0]) for i, (wire, points) in enumerate(_pieces(placement))}
    ways: dict[int, list[int]] = {}
    for box, spot in zip(circuit.boxes, placement.spots, strict=True):
        for pin, y in zip(box.pins, spot.pins, strict=True):
            ways[pin.index] = way = []
            at = (spot.pins_from, y)
            while (found := ending.get((pin.wire, *_point(at)))) is not None:
                way.append(found[0])
                at = found[1]
    return ways


Piece = tuple[int, tuple[Point, ...]]  # a wire, and the points on the way of one of its pieces


def _pieces(placement: Placement) -> list[Piece]:
    """Return the pieces of wires between stubs and pins, in the order in which they are drawn."""
    bends = [(wire, ((x, y), (to_x, to_y))) for wire, x, y, to_x, to_y in placement.bends]
    passages = [(wire, ((x, y), (to_x, y))) for wire, x, to_x, y in placement.passages]
    return [*bends, *passages, *placement.routes]


def _point(at: Point) -> tuple[int, int]:
    return round(at[0] * 10), round(at[1] * 10)


Area = tuple[float, float, float, float]  # left, top, right, bottom


def _marks(view: View) -> tuple[list[Shape], list[Shape], float]:
    """Return what shows the gates of each expansion: a frame under them or, in a crowd, a dashed line inside each.

    The last number is the room that frames need above and below the picture.
    """
    under: list[Shape] = []
    over: list[Shape] = []
    room = 0.0
    for owner, caption in view.captions.items():
        area = _area(view, view.groups[owner])
        if _is_clear(view, view.groups[owner], area):
            under.extend(_frame(area, caption, owner))
            room = max(room, ROOM - area[1], area[3] + ROOM - view.placement.height)
        else:
            over.extend([_inner(view.placement.spots[box], box) for box in view.groups[owner]])
    return under, over, room


def _area(view: View, boxes: Sequence[int]) -> Area:
    """Return the area of some gates, their pins and the wires between them, with a line below for a caption."""
    spots = [view.placement.spots[box] for box in boxes]
    stubs = [view.placement.stubs[view.circuit.boxes[box].wire] for box in boxes[:-1]]
    tops = [spot.y - spot.above for spot in spots] + [stub.y - LINE_ABOVE for stub in stubs]
    bottoms = [spot.y + spot.below for spot in spots] + [stub.y + LINE_BELOW for stub in stubs]
    left, right = min([spot.pins_from for spot in spots]), max([spot.x + spot.half_width for spot in spots])
    right = max([right, *[stub.end for stub in stubs]])
    return left - 5, min(tops) - 3, right + 3, max(bottoms) + CAPTION


def _is_clear(view: View, boxes: Sequence[int], area: Area) -> bool:
    """Tell whether an area holds nothing but these gates and the wires between them and to them."""
    circuit, placement, inside = view.circuit, view.placement, set(boxes)
    within = {circuit.boxes[box].wire for box in boxes[:-1]}
    leading = {piece for box in boxes for pin in circuit.boxes[box].pins for piece in view.ways[pin.index]}
    gates = [_gate_area(spot) for i, spot in enumerate(placement.spots) if i not in inside]
    texts = [_text_area(stub) for i, stub in enumerate(placement.stubs) if i not in within]
    pieces = [points for i, (_, points) in enumerate(_pieces(placement)) if i not in leading]
    wires = [_box_around(points) for points in pieces]
    return not any(_meet(area, other) for other in (*gates, *texts, *wires))


def _box_around(points: Sequence[Point]) -> Area:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _gate_area(spot: Spot) -> Area:
    return spot.pins_from, spot.y - spot.above, spot.x + spot.half_width, spot.y + spot.below


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
