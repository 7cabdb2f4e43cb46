"""A circuit as SVG text: pure, deterministic, self-contained; what people typed is escaped wherever it stands."""

from __future__ import annotations

import re
from functools import singledispatch
from html import escape

from viz import theme
from viz.rows import Point
from viz.shapes import Bend, Dot, Frame, Owner, Picture, Route, Shape, Text

__all__ = ["escaped", "svg", "written"]

UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")  # XML has no way to write these


def svg(picture: Picture) -> str:
    """Return a picture as one SVG document."""
    parts = _head(picture)
    for x, y, shapes in picture.groups:
        parts.append(f'<g transform="translate({_n(x)},{_n(y)})">' if x or y else "<g>")
        parts.extend([written(shape) for shape in shapes])
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _head(picture: Picture) -> list[str]:
    width, height = _n(picture.width), _n(picture.height)
    kinds = {shape.kind for _, _, shapes in picture.groups for shape in shapes if isinstance(shape, Bend | Frame)}
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gatewise" role="img" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">',
        _title(picture.title),
        f"<desc>{escaped(picture.description)}</desc>",
        f"<style>{theme.CSS}{theme.fold_css() if kinds & theme.FOLDED else ''}</style>",
        f'<rect class="gw-ground" width="{width}" height="{height}"/>',
    ]


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
def _(route: Route) -> str:
    curves = [f"L{_at(start)}Q{_at(corner)} {_at(end)}" for start, corner, end in route.corners]
    path = f"M{_at(route.points[0])}{''.join(curves)}L{_at(route.points[-1])}"
    return f'<path class="gw-{route.kind}"{_of(route.of)} d="{path}"/>'


def _at(point: Point) -> str:
    return f"{_n(point[0])},{_n(point[1])}"


@written.register
def _(dot: Dot) -> str:
    return f'<circle class="gw-{dot.kind}"{_of(dot.of)} cx="{_n(dot.x)}" cy="{_n(dot.y)}" r="{theme.FORK_RADIUS}"/>'


@written.register
def _(frame: Frame) -> str:
    place = f'x="{_n(frame.x)}" y="{_n(frame.y)}" width="{_n(frame.width)}" height="{_n(frame.height)}"'
    return f'<rect class="gw-{frame.kind}"{_of(frame.of)} {place} rx="{_n(frame.corner)}">{_title(frame.title)}</rect>'


@written.register
def _(text: Text) -> str:
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    place = f'x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}"{anchor}'
    size, digits = _n(text.size * theme.SUBSCRIPT), escaped(text.subscript)
    lowered = f'<tspan dy="{theme.SUBSCRIPT_DROP}" font-size="{size}">{digits}</tspan>' if digits else ""
    words = f"{escaped(text.text)}{lowered}{_title(text.title)}"
    return f'<text class="gw-{text.kind}"{_of(text.of)} {place}>{words}</text>'


def _of(owner: Owner) -> str:
    return f' data-{owner[0]}="{owner[1]}"'


def _title(title: str) -> str:
    return f"<title>{escaped(title)}</title>" if title else ""


def _n(x: float) -> str:
    """Return a coordinate with one decimal at most."""
    return "0" if abs(x) < 0.05 else f"{x:.1f}".removesuffix(".0")


def escaped(text: str) -> str:
    """Return text fit for XML and HTML: escaped, and without the characters that XML does not allow at all."""
    return escape(UNFIT.sub("\ufffd", text))
