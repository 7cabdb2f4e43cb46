"""What a picture consists of: lines, boxes and texts with their places, for whichever format is to be written.

    kind    what a shape is for, and so how it looks: the name of a rule in `viz.theme`
    of      what it belongs to, as ("wire", 3) or ("gate", 2): pages find it by that
    title   what a pointer resting on it is told

`shapes_of` turns a circuit into shapes; `viz.svg` and the other writers know shapes, and nothing of circuits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from viz import theme
from viz.circuit import Box, Circuit, Note, Wire
from viz.layout import (
    Placement,
    Spot,
    Stub,
    branch_text,
    gradient_text,
    local_text,
    name_shift,
    note_shift,
    place,
    symbol_size,
)
from viz.notation import clipped
from viz.rows import Point
from viz.words import BACK, WRONG

__all__ = [
    "LEGEND",
    "Bend",
    "Dot",
    "Frame",
    "Owner",
    "Picture",
    "Route",
    "Shape",
    "Text",
    "captioned",
    "legend",
    "picture_of",
    "shapes_of",
    "stacked",
    "subscripted",
]

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
class Route:
    """A wire's way from the end of one row to the beginning of the next: level and upright lines, corners rounded."""

    points: tuple[Point, ...]
    of: Owner
    kind: str = "wire"

    @property
    def corners(self) -> list[tuple[Point, Point, Point]]:
        """For each corner the point where its curve begins, the corner, and the point where the curve ends."""
        ways = zip(self.points, self.points[1:], self.points[2:], strict=False)
        return [(_toward(corner, before), corner, _toward(corner, after)) for before, corner, after in ways]


def _toward(corner: Point, other: Point) -> Point:
    """Return the point on a level or upright line that lies the radius of a corner from it."""
    (x, y), radius = corner, theme.CORNER
    return x + min(radius, max(-radius, other[0] - x)), y + min(radius, max(-radius, other[1] - y))


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


Shape = Bend | Route | Dot | Frame | Text

LEGEND = (
    ("value", "value", " above a wire: what flowed forward"),
    ("gradient", f"{BACK} gradient", " below a wire: what flowed back"),
    ("local", "×local", " at a gate: its own slope"),
)
NOTES = {  # what is explained where a picture has such notes
    "bug": ("heading", f"{WRONG} wrong", " in a box: what the bug makes of it; all else is right"),
    "culprit": ("heading", f"{WRONG} first", " in a box: where a number first is not finite, or does not exist"),
    "pin": ("local", "×local ≈ numeric", f" at a gate: its slope by rule and by differences, {WRONG} if they disagree"),
}
LEGEND_LEFT, LEGEND_LINE = 22.0, 20.0
BETWEEN = 56.0  # room between two graphs that stand side by side
CAPTION_WIDTH = 560.0  # that words under a picture have at least
HEADING = 30.0  # the base line of what stands over them


@dataclass(frozen=True, slots=True)
class Picture:
    """Groups of shapes, each moved right and down by its own offset, on a ground of the given size in pixels."""

    width: float
    height: float
    title: str
    description: str
    groups: tuple[tuple[float, float, tuple[Shape, ...]], ...]


def picture_of(circuits: Sequence[Circuit]) -> Picture:
    """Return the picture of circuits side by side, each under the label of its root, with the line that explains it."""
    placements = [place(circuit) for circuit in circuits]
    headings = [_heading(circuit) if len(circuits) > 1 else None for circuit in circuits]
    top = HEADING if any(headings) else 0.0
    height = top + max(placement.height for placement in placements)
    groups: list[tuple[float, float, tuple[Shape, ...]]] = []
    x = 0.0
    for circuit, placement, heading in zip(circuits, placements, headings, strict=True):
        y = top + (height - top - placement.height) / 2
        above = [replace(heading, y=HEADING - y)] if heading else []
        groups.append((x, y, (*above, *shapes_of(circuit, placement))))
        x += max(placement.width, _width(heading)) + BETWEEN
    texts, legend_width, legend_height = legend(height, x - BETWEEN, _entries(circuits))
    groups.append((0.0, 0.0, tuple(texts)))
    shown = ", ".join([f"{clipped(c.root.name)} = {c.notation.short(c.root.value)}" for c in circuits])
    described = " ".join([_described(circuit) for circuit in circuits])
    width = max(x - BETWEEN, legend_width)
    return Picture(width, height + legend_height, f"Computational graph of {shown}", described, tuple(groups))


def _entries(circuits: Sequence[Circuit]) -> list[tuple[str, str, str]]:
    """Return the entries of the legend that explain circuits: those of their notes too, where they have any."""
    pins = any(pin.note for circuit in circuits for box in circuit.boxes for pin in box.pins)
    wires = dict.fromkeys([wire.note.about for circuit in circuits for wire in circuit.wires if wire.note])
    *others, local = LEGEND
    return [*others, NOTES["pin"] if pins else local, *[NOTES[about] for about in wires]]


def captioned(picture: Picture, paragraphs: Sequence[str]) -> Picture:
    """Return a picture with words under it, in lines as wide as it is."""
    width = max(picture.width, CAPTION_WIDTH)
    lines = [line for words in paragraphs for line in _lines(words, width - 2 * LEGEND_LEFT)]
    texts = [
        Text(LEGEND_LEFT, picture.height + 12 + i * LEGEND_LINE, line, theme.LEGEND_SIZE, "faint", ("caption", i))
        for i, line in enumerate(lines)
    ]
    height = picture.height + len(lines) * LEGEND_LINE + 10 * bool(lines)
    described = " ".join([picture.description, *paragraphs])
    return Picture(width, height, picture.title, described, (*picture.groups, (0.0, 0.0, tuple(texts))))


def _lines(words: str, width: float) -> list[str]:
    """Return words as lines that are no wider than that, unless a single word is."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and theme.text_width(longer, theme.LEGEND_SIZE) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _heading(circuit: Circuit) -> Text | None:
    """Return what stands over a circuit that is not alone: the label of its root, where it has one."""
    root = circuit.root
    words, title = (clipped(root.node.label), root.name) if root.node.label else ("", "")
    return Text(LEGEND_LEFT, 0.0, words, theme.HEADING_SIZE, "heading", ("heading", 0), title=title) if words else None


def _width(heading: Text | None) -> float:
    return theme.text_width(heading.text, heading.size, bold=True) + 2 * LEGEND_LEFT if heading else 0.0


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
    for wire, points in placement.routes:
        yield Route(points, ("wire", wire))
    for wire, x, y in placement.forks:
        yield Dot(x, y, ("wire", wire))
    for source, stub in zip(circuit.wires, placement.stubs, strict=True):
        yield Bend(stub.x, stub.y, stub.end, stub.y, ("wire", source.index))
        yield from _wire_texts(circuit, source, stub)
    for box, spot in zip(circuit.boxes, placement.spots, strict=True):
        yield from _pins(circuit, box, spot)
        yield from _gate(box, spot)


def _wire_texts(circuit: Circuit, wire: Wire, stub: Stub) -> Iterator[Shape]:
    short, left, of = circuit.notation.short, stub.x + 6, ("wire", wire.index)
    exact = circuit.notation.exact
    title = f"{wire.name} = {exact(wire.value)}"
    yield Text(left, stub.y - 7, short(wire.value), theme.VALUE_SIZE, "value", of, title=title)
    below, title = gradient_text(circuit, wire), f"∂{circuit.output}/∂{wire.name} = {exact(wire.gradient)}"
    if wire.note:
        note = Text(left, stub.y + 18, wire.note.text, theme.GRADIENT_SIZE, "heading", of, title=wire.note.title)
        yield from _noted(note, wire.note)
    yield Text(left + note_shift(wire), stub.y + 18, below, theme.GRADIENT_SIZE, "gradient", of, title=title)
    if wire.source is None:
        yield _name(wire, stub.x - 8, stub.y + 5, theme.INPUT_SIZE, "end")
    elif wire is circuit.root:
        yield _name(wire, stub.end + 8, stub.y + 5, theme.INPUT_SIZE, "start")
    else:
        yield _name(wire, left + name_shift(circuit, wire), stub.y - 7, theme.NAME_SIZE, "start")


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
    for pin, y, slot in zip(box.pins, spot.pins, spot.slots, strict=True):
        wire, of = circuit.wires[pin.wire], ("pin", pin.index)
        yield Bend(spot.pins_from, y, spot.x - _reach(spot, y), y, of)
        title = f"local gradient ∂{circuit.wires[box.wire].name}/∂{wire.name} = {circuit.notation.exact(pin.local)}"
        title += f"; {pin.note.title}" if pin.note else ""
        local = local_text(circuit, pin)
        text = Text(slot.x, slot.local, local, theme.LOCAL_SIZE, "local", of, slot.anchor, title=title)
        yield from _noted(text, pin.note)
        if wire.forks:
            branch, title = branch_text(circuit, pin), f"this branch: {circuit.notation.exact(pin.downstream)}"
            yield Text(slot.x, slot.branch, branch, theme.LOCAL_SIZE, "gradient", of, slot.anchor, title=title)


def _noted(text: Text, note: Note | None) -> Iterator[Shape]:
    """Return a text, in a box where the note on it is an alarm."""
    if note and note.alarm:
        width = theme.text_width(text.text, text.size, bold=True)
        left = text.x - width / 2 if text.anchor == "middle" else text.x
        top, height = text.y - text.size, text.size * 1.3
        yield Frame(left - 3, top, width + 6, height, 3, text.of, text.title, "alarm")
        text = replace(text, x=left + width / 2, anchor="middle")
    yield text


def _gate(box: Box, spot: Spot) -> Iterator[Shape]:
    w, h, of = spot.half_width, spot.half_height, ("gate", box.index)
    yield Frame(spot.x - w, spot.y - h, 2 * w, 2 * h, min(w, h), of, f"{box.gate.name} gate: {box.gate.flow}")
    size = symbol_size(box.symbol)
    yield Text(spot.x, spot.y + 0.355 * size, box.symbol, size, "symbol", of, "middle")


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
