"""A circuit as SVG text: pure, deterministic, self-contained; what people typed is escaped wherever it stands."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from html import escape

from viz import theme
from viz.circuit import Circuit
from viz.layout import place
from viz.notation import clipped
from viz.shapes import LEGEND_HEIGHT, Bend, Dot, Frame, Owner, Shape, Text, legend, shapes_of

__all__ = ["svg"]

BETWEEN = 56.0  # room between two graphs that stand side by side


def svg(circuits: Sequence[Circuit]) -> str:
    """Return one SVG document that shows the circuits side by side."""
    placements = [place(circuit) for circuit in circuits]
    height = max(placement.height for placement in placements)
    parts, x = [], 0.0
    for circuit, placement in zip(circuits, placements, strict=True):
        parts.append(f'<g transform="translate({_n(x)},{_n((height - placement.height) / 2)})">')
        parts.extend([written(shape) for shape in shapes_of(circuit, placement)])
        parts.append("</g>")
        x += placement.width + BETWEEN
    texts, legend_width = legend(height)
    parts.extend([written(text) for text in texts])
    return "\n".join([*_head(circuits, max(x - BETWEEN, legend_width), height + LEGEND_HEIGHT), *parts, "</svg>", ""])


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


@singledispatch
def written(shape: Shape) -> str:
    """Return one shape as an SVG element."""
    raise AssertionError(f"no such shape: {shape!r}")


@written.register
def _(bend: Bend) -> str:
    middle, level = (bend.x + bend.to_x) / 2, bend.y == bend.to_y
    curve = f"C{_n(middle)},{_n(bend.y)} {_n(middle)},{_n(bend.to_y)} {_n(bend.to_x)},{_n(bend.to_y)}"
    path = f"M{_n(bend.x)},{_n(bend.y)}{f'H{_n(bend.to_x)}' if level else curve}"
    return f'<path class="gw-{bend.kind}"{_of(bend.of)} d="{path}"/>'


@written.register
def _(dot: Dot) -> str:
    return f'<circle class="gw-{dot.kind}"{_of(dot.of)} cx="{_n(dot.x)}" cy="{_n(dot.y)}" r="3.2"/>'


@written.register
def _(frame: Frame) -> str:
    place = f'x="{_n(frame.x)}" y="{_n(frame.y)}" width="{_n(frame.width)}" height="{_n(frame.height)}"'
    return f'<rect class="gw-{frame.kind}"{_of(frame.of)} {place} rx="{_n(frame.corner)}">{_title(frame.title)}</rect>'


@written.register
def _(text: Text) -> str:
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    place = f'x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}"{anchor}'
    lowered = f'<tspan dy="3.5" font-size="{_n(text.size * 0.72)}">{text.subscript}</tspan>' if text.subscript else ""
    words = f"{_text(text.text)}{lowered}{_title(text.title)}"
    return f'<text class="gw-{text.kind}"{_of(text.of)} {place}>{words}</text>'


def _of(owner: Owner) -> str:
    return f' data-{owner[0]}="{owner[1]}"'


def _title(title: str) -> str:
    return f"<title>{_text(title)}</title>" if title else ""


def _n(x: float) -> str:
    """Return a coordinate with one decimal at most."""
    return "0" if abs(x) < 0.05 else f"{x:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    """Return text fit for XML: escaped, and without the characters that XML does not allow at all."""
    legal = [c if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff" else "\ufffd" for c in text]
    return escape("".join(legal))
