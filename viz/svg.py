"""A circuit as SVG text: pure, deterministic, self-contained; what people typed is escaped wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from math import sqrt

from viz import theme
from viz.circuit import Box, Circuit, Wire
from viz.layout import Placement, Spot, Stub, gradient_text, local_text, place
from viz.notation import clipped, full

__all__ = ["svg"]

BETWEEN = 56.0  # room between two graphs that stand side by side
LEGEND = (
    ("gw-value", "1.00", " above the wire: forward value"),
    ("gw-gradient", "◂ 1.00", " below the wire: gradient, flowing back"),
    ("gw-local", "×1.00", " at the gate: local gradient"),
)
LEGEND_HEIGHT = 34.0


def svg(circuits: Sequence[Circuit]) -> str:
    """Return one SVG document that shows the circuits side by side."""
    placements = [place(circuit) for circuit in circuits]
    height = max(placement.height for placement in placements)
    parts, x = [], 0.0
    for circuit, placement in zip(circuits, placements, strict=True):
        parts.append(f'<g transform="translate({_n(x)},{_n((height - placement.height) / 2)})">')
        parts.extend(_drawn(circuit, placement))
        parts.append("</g>")
        x += placement.width + BETWEEN
    legend, legend_width = _legend(height)
    width = max(x - BETWEEN, legend_width)
    return "\n".join([*_head(circuits, width, height + LEGEND_HEIGHT), *parts, legend, "</svg>", ""])


def _head(circuits: Sequence[Circuit], width: float, height: float) -> list[str]:
    title = ", ".join([f"{clipped(c.root.name)} = {c.notation.short(c.root.value)}" for c in circuits])
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gatewise" role="img" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'width="{_n(width)}" height="{_n(height)}">',
        f"<title>Computational graph of {_text(title)}</title>",
        f"<desc>{_text(' '.join([_described(circuit) for circuit in circuits]))}</desc>",
        f"<style>{theme.CSS}</style>",
        f'<rect class="gw-ground" width="{_n(width)}" height="{_n(height)}"/>',
    ]


def _described(circuit: Circuit) -> str:
    root = clipped(circuit.root.name)
    inputs = [wire for wire in circuit.wires if wire.source is None]
    gradients = ", ".join([f"{clipped(w.name)} {circuit.notation.short(w.gradient)}" for w in inputs])
    return f"{len(circuit.boxes)} gates from {len(inputs)} inputs to {root}. Gradients of {root}: {gradients}."


def _drawn(circuit: Circuit, placement: Placement) -> Iterator[str]:
    """Draw wires first, then gates over them, then the texts."""
    for bend in placement.bends:
        yield _bend(*bend[1:])
    for start, end, y in placement.passages:
        yield _line(start, end, y)
    for x, y in placement.forks:
        yield f'<circle class="gw-fork" cx="{_n(x)}" cy="{_n(y)}" r="3.2"/>'
    for wire, stub in zip(circuit.wires, placement.stubs, strict=True):
        yield _line(stub.x, stub.end, stub.y)
        yield from _wire_texts(circuit, wire, stub)
    for box, spot in zip(circuit.boxes, placement.spots, strict=True):
        yield from _gate(circuit, box, spot)


def _bend(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    curve = f"C{_n(middle)},{_n(y)} {_n(middle)},{_n(to_y)} {_n(to_x)},{_n(to_y)}" if y != to_y else f"H{_n(to_x)}"
    return f'<path class="gw-wire" d="M{_n(x)},{_n(y)}{curve}"/>'


def _line(x: float, end: float, y: float) -> str:
    return f'<path class="gw-wire" d="M{_n(x)},{_n(y)}H{_n(end)}"/>'


def _wire_texts(circuit: Circuit, wire: Wire, stub: Stub) -> Iterator[str]:
    short, left = circuit.notation.short, stub.x + 6
    called = f"∂{circuit.root.name}/∂{wire.name}"
    yield _label("gw-value", left, stub.y - 7, theme.VALUE_SIZE, short(wire.value), f"{wire.name} = {full(wire.value)}")
    below = gradient_text(circuit, wire)
    yield _label("gw-gradient", left, stub.y + 18, theme.GRADIENT_SIZE, below, f"{called} = {full(wire.gradient)}")
    if wire.source is None:
        yield _name(wire.name, stub.x - 8, stub.y + 5, theme.INPUT_SIZE, "end", "gw-ink")
    elif wire is circuit.root:
        yield _name(wire.name, stub.end + 8, stub.y + 5, theme.INPUT_SIZE, "start", "gw-ink")
    else:
        yield _name(wire.name, stub.end - 4, stub.y - 7, theme.NAME_SIZE, "end", "gw-faint")


def _gate(circuit: Circuit, box: Box, spot: Spot) -> Iterator[str]:
    for pin, y in zip(box.pins, spot.pins, strict=True):
        yield _line(spot.pins_from, spot.x - _reach(spot, y), y)
        title = f"local gradient ∂{circuit.wires[box.wire].name}/∂{circuit.wires[pin.wire].name} = {full(pin.local)}"
        left = spot.pins_from + 2
        yield _label("gw-local", left, y - 5, theme.LOCAL_SIZE, local_text(circuit, pin.local), title)
        if circuit.wires[pin.wire].forks:
            text = f"◂ {circuit.notation.short(pin.downstream)}"
            yield _label("gw-gradient", left, y + 13, theme.LOCAL_SIZE, text, f"this branch: {full(pin.downstream)}")
    w, h = spot.half_width, spot.half_height
    yield (
        f'<rect class="gw-gate" x="{_n(spot.x - w)}" y="{_n(spot.y - h)}" width="{_n(2 * w)}" height="{_n(2 * h)}" '
        f'rx="{_n(min(w, h))}"><title>{_text(f"{box.gate.name} gate: {box.gate.flow}")}</title></rect>'
    )
    yield (
        f'<text class="gw-symbol gw-ink" x="{_n(spot.x)}" y="{_n(spot.y + 5.3)}" font-size="{theme.SYMBOL_SIZE}">'
        f"{_text(box.symbol)}</text>"
    )


def _reach(spot: Spot, y: float) -> float:
    """Return how far left of its centre the outline of a gate is, at a height: straight sides, round corners."""
    corner = min(spot.half_width, spot.half_height)
    beyond = max(0.0, abs(y - spot.y) - (spot.half_height - corner))
    return spot.half_width - corner + sqrt(max(0.0, corner**2 - beyond**2))


def _label(kind: str, x: float, y: float, size: int, text: str, title: str) -> str:
    return (
        f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}" font-size="{size}">{_text(text)}'
        f"<title>{_text(title)}</title></text>"
    )


def _name(name: str, x: float, y: float, size: int, anchor: str, colour: str) -> str:
    """Draw a label: the digits at the end of a short name are a subscript, as in w0; the whole label is the title."""
    base, digits = re.fullmatch(r"(.*?)(\d*)", shown := clipped(name)).groups()  # type: ignore[union-attr]
    subscripted = f'{_text(base)}<tspan dy="3.5" font-size="{round(size * 0.72, 1)}">{digits}</tspan>'
    inner = subscripted if digits and base.isalpha() else _text(shown)
    return (
        f'<text class="gw-name {colour}" x="{_n(x)}" y="{_n(y)}" font-size="{size}" text-anchor="{anchor}">{inner}'
        f"<title>{_text(name)}</title></text>"
    )


def _legend(top: float) -> tuple[str, float]:
    """Return the line that explains the picture, and its width."""
    pieces, x = [], 22.0
    for kind, sample, words in LEGEND:
        pieces.append(
            f'<text x="{_n(x)}" y="{_n(top + 12)}" font-size="{theme.LEGEND_SIZE}"><tspan class="{kind}">{sample}</tspan>'
            f'<tspan class="gw-faint">{words}</tspan></text>'
        )
        x += theme.text_width(sample, theme.LEGEND_SIZE, bold=True) + theme.text_width(words, theme.LEGEND_SIZE) + 26
    return "\n".join(pieces), x


def _n(x: float) -> str:
    """Return a coordinate with one decimal at most."""
    return f"{x:.1f}".removesuffix(".0").replace("-0", "0") if abs(x) < 0.05 else f"{x:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    """Return text fit for XML: escaped, and without the characters that XML does not allow at all."""
    legal = "".join([c if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff" else "\ufffd" for c in text])
    return escape(legal)
