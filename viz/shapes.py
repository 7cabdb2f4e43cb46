"""What a picture consists of: lines, boxes and texts with their places, for whichever format is to be written.

    kind    what a shape is for, and so how it looks: the name of a rule in `viz.theme`
    of      what it belongs to, as ("wire", 3) or ("gate", 2): pages find it by that
    title   what a pointer resting on it is told

`shapes_of` turns a circuit into shapes; `viz.svg` and the other writers know shapes, and nothing of circuits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from viz import theme
from viz.circuit import Box, Circuit, Wire
from viz.layout import Placement, Spot, Stub, gradient_text, local_text, place
from viz.notation import clipped, full

__all__ = ["Bend", "Dot", "Frame", "Picture", "Shape", "Text", "legend", "picture_of", "shapes_of", "stacked"]

Owner = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Bend:
    """A wire's piece from one point to another, level at both ends; a straight line where both are at one height."""

    x: float
    y: float
    to_x: float
    to_y: float
    of: Owner
    kind: str = "wire"


@dataclass(frozen=True, slots=True)
class Dot:
    """The point where a wire forks."""

    x: float
    y: float
    of: Owner
    kind: str = "fork"


@dataclass(frozen=True, slots=True)
class Frame:
    """A box with round corners: the outline of a gate."""

    x: float
    y: float
    width: float
    height: float
    corner: float
    of: Owner
    title: str = ""
    kind: str = "gate"


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text that begins at, ends at, or is centred on a point of its base line; perhaps with a subscript."""

    x: float
    y: float
    text: str
    size: float
    kind: str
    of: Owner
    anchor: str = "start"  # or "middle", "end"
    subscript: str = ""
    title: str = ""


Shape = Bend | Dot | Frame | Text

LEGEND = (
    ("value", "value", " above a wire: what flowed forward"),
    ("gradient", "◂ gradient", " below a wire: what flowed back"),
    ("local", "×local", " before a gate: its own slope"),
)
LEGEND_LEFT, LEGEND_LINE = 22.0, 20.0
BETWEEN = 56.0  # room between two graphs that stand side by side


@dataclass(frozen=True, slots=True)
class Picture:
    """Groups of shapes, each moved right and down by its own offset, on a ground of the given size in pixels."""

    width: float
    height: float
    title: str
    description: str
    groups: tuple[tuple[float, float, tuple[Shape, ...]], ...]


def picture_of(circuits: Sequence[Circuit]) -> Picture:
    """Return the picture of circuits side by side, with the line that explains it."""
    placements = [place(circuit) for circuit in circuits]
    height = max(placement.height for placement in placements)
    groups: list[tuple[float, float, tuple[Shape, ...]]] = []
    x = 0.0
    for circuit, placement in zip(circuits, placements, strict=True):
        groups.append((x, (height - placement.height) / 2, tuple(shapes_of(circuit, placement))))
        x += placement.width + BETWEEN
    texts, legend_width, legend_height = legend(height, x - BETWEEN)
    groups.append((0.0, 0.0, tuple(texts)))
    shown = ", ".join([f"{clipped(c.root.name)} = {c.notation.short(c.root.value)}" for c in circuits])
    described = " ".join([_described(circuit) for circuit in circuits])
    width = max(x - BETWEEN, legend_width)
    return Picture(width, height + legend_height, f"Computational graph of {shown}", described, tuple(groups))


def stacked(pictures: Sequence[Picture]) -> Picture:
    """Return pictures one below the other, each with the line that explains it."""
    groups: list[tuple[float, float, tuple[Shape, ...]]] = []
    height = 0.0
    for picture in pictures:
        groups.extend([(x, y + height, shapes) for x, y, shapes in picture.groups])
        height += picture.height
    title = "; ".join([picture.title for picture in pictures])
    described = " ".join([picture.description for picture in pictures])
    return Picture(max([picture.width for picture in pictures]), height, title, described, tuple(groups))


def _described(circuit: Circuit) -> str:
    root = clipped(circuit.root.name)
    inputs = [wire for wire in circuit.wires if wire.source is None]
    gradients = ", ".join([f"{clipped(w.name)} {circuit.notation.short(w.gradient)}" for w in inputs])
    shown = f"{len(circuit.boxes)} gates from {len(inputs)} inputs to {root}."
    return f"{shown} Gradients of {clipped(circuit.output)}: {gradients}."


def shapes_of(circuit: Circuit, placement: Placement) -> Iterator[Shape]:
    """Return the shapes of a circuit: wires first, texts and gates over them."""
    for wire, x, y, to_x, to_y in placement.bends:
        yield Bend(x, y, to_x, to_y, ("wire", wire))
    for wire, start, end, y in placement.passages:
        yield Bend(start, y, end, y, ("wire", wire))
    for wire, x, y in placement.forks:
        yield Dot(x, y, ("wire", wire))
    for source, stub in zip(circuit.wires, placement.stubs, strict=True):
        yield Bend(stub.x, stub.y, stub.end, stub.y, ("wire", source.index))
        yield from _wire_texts(circuit, source, stub)
    for box, spot in zip(circuit.boxes, placement.spots, strict=True):
        yield from _pins(circuit, box, spot)
        yield from _gate(box, spot)


def _wire_texts(circuit: Circuit, wire: Wire, stub: Stub) -> Iterator[Text]:
    short, left, of = circuit.notation.short, stub.x + 6, ("wire", wire.index)
    title = f"{wire.name} = {full(wire.value)}"
    yield Text(left, stub.y - 7, short(wire.value), theme.VALUE_SIZE, "value", of, title=title)
    below, title = gradient_text(circuit, wire), f"∂{circuit.output}/∂{wire.name} = {full(wire.gradient)}"
    yield Text(left, stub.y + 18, below, theme.GRADIENT_SIZE, "gradient", of, title=title)
    if wire.source is None:
        yield _name(wire, stub.x - 8, stub.y + 5, theme.INPUT_SIZE, "end")
    elif wire is circuit.root:
        yield _name(wire, stub.end + 8, stub.y + 5, theme.INPUT_SIZE, "start")
    else:
        yield _name(wire, stub.end - 4, stub.y - 7, theme.NAME_SIZE, "end")


def _name(wire: Wire, x: float, y: float, size: float, anchor: str) -> Text:
    """Return a wire's name, the whole label as its title."""
    kind = "faint-name" if size == theme.NAME_SIZE else "name"
    base, digits = subscripted(wire.name)
    return Text(x, y, base, size, kind, ("wire", wire.index), anchor, digits, wire.name)


def subscripted(label: str) -> tuple[str, str]:
    """Return a label as it is shown, and its subscript: the digits at the end of a word, as in w0."""
    match = re.fullmatch(r"([^\W\d_]+)([0-9]+)", shown := clipped(label))
    return (match[1], match[2]) if match else (shown, "")


def _pins(circuit: Circuit, box: Box, spot: Spot) -> Iterator[Shape]:
    for pin, y in zip(box.pins, spot.pins, strict=True):
        wire, left, of = circuit.wires[pin.wire], spot.pins_from + 2, ("pin", pin.index)
        yield Bend(spot.pins_from, y, spot.x - _reach(spot, y), y, of)
        title = f"local gradient ∂{circuit.wires[box.wire].name}/∂{wire.name} = {full(pin.local)}"
        yield Text(left, y - 5, local_text(circuit, pin.local), theme.LOCAL_SIZE, "local", of, title=title)
        if wire.forks:
            text = f"◂ {circuit.notation.short(pin.downstream)}"
            title = f"this branch: {full(pin.downstream)}"
            yield Text(left, y + 13, text, theme.LOCAL_SIZE, "gradient", of, title=title)


def _gate(box: Box, spot: Spot) -> Iterator[Shape]:
    w, h, of = spot.half_width, spot.half_height, ("gate", box.index)
    yield Frame(spot.x - w, spot.y - h, 2 * w, 2 * h, min(w, h), of, f"{box.gate.name} gate: {box.gate.flow}")
    yield Text(spot.x, spot.y + 5.3, box.symbol, theme.SYMBOL_SIZE, "symbol", of, "middle")


def _reach(spot: Spot, y: float) -> float:
    """Return how far left of its centre the outline of a gate is, at a height: straight sides, round corners."""
    corner = min(spot.half_width, spot.half_height)
    beyond = max(0.0, abs(y - spot.y) - (spot.half_height - corner))
    return spot.half_width - corner + sqrt(max(0.0, corner**2 - beyond**2))


def legend(
    top: float, room: float, entries: Sequence[tuple[str, str, str]] = LEGEND
) -> tuple[list[Text], float, float]:
    """Return the lines that explain the picture, as few as fit into the room, with their width and height."""
    texts, x, y, widest, nobody = [], LEGEND_LEFT, top + 12, 0.0, ("legend", 0)
    for kind, sample, words in entries:
        shift = theme.text_width(sample, theme.LEGEND_SIZE, bold=True)
        width = shift + theme.text_width(words, theme.LEGEND_SIZE)
        if x > LEGEND_LEFT and x + width > room:
            x, y = LEGEND_LEFT, y + LEGEND_LINE
        texts.append(Text(x, y, sample, theme.LEGEND_SIZE, kind, nobody))
        texts.append(Text(x + shift, y, words, theme.LEGEND_SIZE, "faint", nobody))
        widest = max(widest, x + width)
        x += width + 26
    return texts, widest + LEGEND_LEFT, y + 22 - top
