"""The film as one self-contained page: panels drawn as SVG, and what changes from frame to frame as plain data.

    panel    one SVG drawing: the boundary, the loss, the accuracy, the gradient flow
    scale    where numbers stand on an axis, in pixels of the panel
    change   what one frame sets: texts, places of marks, lengths of bars, outlines of regions

The drawings show the last frame as they stand, so that paper, and a reader without scripts, have it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from autograd.graph import one_line
from viz import theme
from viz.contour import Loop, outline
from viz.notation import MINUS, clipped, full
from viz.pages import colours, filled, resource, script_json
from viz.plot_style import LOOKS, look_of
from viz.reel import Frame, Plane, Reel, bounds, decades, percent, rounded, ticks
from viz.svg import escaped

__all__ = ["page", "still"]

SQUARE, WIDE, LOW = 500, 440, 180  # sides of panels
LEFT, RIGHT, TOP, BOTTOM = 50, 24, 34, 40  # room around what is plotted
ROW = 42  # of a bar and its words
MARKS = {  # outlines of matplotlib's markers around (0, 0)
    "o": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "s": "M-3.6-3.6h7.2v7.2h-7.2z",
    "^": "M0-4.6L4.4 3.6h-8.8z",
    "D": "M0-5L5 0 0 5-5 0z",
    "v": "M0 4.6L4.4-3.6h-8.8z",
    "P": "M-1.7-4.6h3.4v2.9h2.9v3.4h-2.9v2.9h-3.4v-2.9h-2.9v-3.4h2.9z",
    "X": "M-4.4-2.4L-2.4-4.4 0-2 2.4-4.4 4.4-2.4 2 0 4.4 2.4 2.4 4.4 0 2-2.4 4.4-4.4 2.4-2 0z",
}
POINTS = 1500  # samples drawn at most: so many hide each other already


class Scale(NamedTuple):
    """An axis: numbers from low to high stand between two pixels."""

    low: float
    high: float
    start: float
    end: float

    def place(self, x: float) -> float:
        """Return the pixel of a number."""
        return self.start + (x - self.low) / (self.high - self.low) * (self.end - self.start)


class Panel(NamedTuple):
    """One drawing of the page."""

    name: str
    width: float
    height: float
    content: str

    def svg(self, x: float | None = None, y: float = 0.0) -> str:
        """Return the drawing as an element of a page, or of another drawing at (x, y) there."""
        place = f' role="img" aria-label="{self.name}"' if x is None else f' x="{x:g}" y="{y:g}"'
        size = "" if x is None else f' width="{self.width:g}" height="{self.height:g}"'
        return f'<svg class="film"{place}{size} viewBox="0 0 {self.width:g} {self.height:g}">{self.content}</svg>'


def page(reel: Reel) -> str:
    """Return the page of a film."""
    plane, *others = panels_of(reel) if reel.plane else [None, *panels_of(reel)]
    parts = {
        "title": escaped(reel.title),
        "style": _style() + resource("stepper.css") + resource("film.css"),
        "head": escaped(reel.title),
        "count": f"{len(reel.frames):,} of {reel.epochs:,} epochs shown" if len(reel.frames) < reel.epochs else "",
        "plane": _card(plane, _legend(reel.plane)) if plane and reel.plane else "",
        "note": f'<p class="note-film">{escaped(reel.note)}</p>' if reel.note else "",
        "panels": "".join([_card(panel) for panel in others if panel]),
        "last": str(len(reel.frames) - 1),
        "recorded": script_json({"frames": changes(reel), "points": _placed(reel.plane)}),
        "script": resource("film.js"),
    }
    return filled("film.html", parts)


def still(reel: Reel) -> tuple[str, float]:
    """Return the last frame as one SVG document, and its width."""
    drawn = panels_of(reel)
    left = [drawn.pop(0)] if reel.plane else []
    start = SQUARE + 20 if left else 0
    height = max([panel.height for panel in left] + [sum([panel.height for panel in drawn])])
    placed, y = [panel.svg(0) for panel in left], 0.0
    for panel in drawn:
        placed.append(panel.svg(start, y))
        y += panel.height
    width = start + WIDE
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}">'
    )
    style = f"<title>{escaped(reel.title)}</title><style>{_style()}{resource('film.css')}</style>"
    ground = f'<rect class="ground" width="{width}" height="{height:g}"/>'
    return f"{head}{style}{ground}{''.join(placed)}</svg>", width


def _style() -> str:
    """Return the colours of theme and classes as custom properties; on a dark ground those of classes are lighter."""
    classes = "".join([f"--c{i}:{look.colour};" for i, look in enumerate(LOOKS)])
    lighter = "".join([f"--c{i}:color-mix(in srgb,{look.colour} 55%,#fff);" for i, look in enumerate(LOOKS)])
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{lighter}}}}}"
    return f"{colours()}:root{{{classes}}}{dark}\n"


def _card(panel: Panel, below: str = "") -> str:
    return f'<section class="card" data-panel="{panel.name}">{panel.svg()}{below}</section>'


def _legend(plane: Plane) -> str:
    entries = [
        f'<span><svg viewBox="-6 -6 12 12" aria-hidden="true">'
        f'<path class="{_colour(i)}" d="{MARKS[look_of(i).marker]}"/></svg>'
        f'<span title="{escaped(one_line(name))}">{escaped(clipped(name))}</span></span>'
        for i, name in enumerate(plane.names)
        if i in plane.truth
    ]
    ring = '<span><svg viewBox="-9 -9 18 18" aria-hidden="true"><circle class="ring" r="7.5"/></svg>wrong</span>'
    few = "" if len(plane.points) <= POINTS else f"<span>{POINTS:,} of {len(plane.points):,} samples drawn</span>"
    return f'<p class="legend">{"".join(entries)}{ring}{few}</p>'


# ------------------------------------------------------------------------------------------------------------- panels


def panels_of(reel: Reel) -> list[Panel]:
    """Return the drawings, as they are in the last frame: the boundary first, if there is one."""
    last = reel.frames[-1]
    found = [_boundary(reel, reel.plane, last)] if reel.plane else []
    found += [_chart(reel, name, last) for name in ("loss", "accuracy") if name in reel.curves]
    return found + ([_bars(reel, last)] if reel.flow else [])


def _boundary(reel: Reel, plane: Plane, frame: Frame) -> Panel:
    x, y = _plane_scales(plane)
    clip = (
        f'<clipPath id="plane"><rect x="{x.start}" y="{y.end}" width="{x.end - x.start}" height="{y.start - y.end}"/>'
    )
    regions = [
        f'<path class="region {_colour(i)}" data-region="{i}" d="{d}"/>'
        for i, d in enumerate(_regions(plane, frame), 1)
    ]
    marks = "".join([f'<path id="mark{i}" d="{MARKS[look_of(i).marker]}"/>' for i in sorted(set(plane.truth))])
    samples = "".join(
        [
            f'<use class="sample {_colour(plane.truth[i])}" href="#mark{plane.truth[i]}" x="{px}" y="{py}"/>'
            for i, (px, py) in _drawn(plane)
        ]
    )
    return Panel(
        "Decision boundary",
        SQUARE,
        SQUARE,
        f"<defs>{clip}</clipPath>{marks}</defs>"
        f'<g clip-path="url(#plane)"><rect class="region back c0" x="{x.start}" y="{y.end}" '
        f'width="{x.end - x.start}" height="{y.start - y.end}"/>{"".join(regions)}{samples}'
        f'<path class="ring" data-wrong="" d="{_rings(plane, frame)}"/></g>'
        f'<text class="head" x="{LEFT}" y="20" data-told="right">{reel.right(frame)}</text>'
        + _axis_below(x, SQUARE, plane.features[0], map(_tick, ticks(x.low, x.high)), ticks(x.low, x.high))
        + _axis_left(y, plane.features[1], map(_tick, ticks(y.low, y.high)), ticks(y.low, y.high)),
    )


def _plane_scales(plane: Plane) -> tuple[Scale, Scale]:
    x = Scale(float(plane.across[0]), float(plane.across[-1]), LEFT, SQUARE - RIGHT)
    return x, Scale(float(plane.up[0]), float(plane.up[-1]), SQUARE - BOTTOM, TOP)


def _regions(plane: Plane, frame: Frame) -> list[str]:
    """Return the outline of each class's region but the first one's, which is the ground of the others."""
    return [_path(plane, outline(gap)) for gap in frame.gaps[1:].tolist()]


def _path(plane: Plane, loops: Iterable[Loop]) -> str:
    """Return loops over the grid as a path, in whole steps of a tenth of a pixel from point to point."""
    x, y = _plane_scales(plane)
    side = len(plane.across) - 1
    parts = []
    for loop in loops:
        dx, dy = (x.end - x.start) / side, (y.end - y.start) / side
        places = [(round(10 * (x.start + i * dx)), round(10 * (y.start + j * dy))) for i, j in loop]
        moves = [f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in pairwise(places)]
        parts.append(f"M{places[0][0]} {places[0][1]}l{' '.join(moves)}z".replace(" -", "-"))
    return "".join(parts)


def _drawn(plane: Plane) -> list[tuple[int, tuple[float, float]]]:
    """Return the samples that are drawn, and where: all, or so many of them as there is use for, evenly chosen."""
    x, y = _plane_scales(plane)
    n = len(plane.points)
    chosen = range(n) if n <= POINTS else [i * n // POINTS for i in range(POINTS)]
    points = plane.points.tolist()
    return [(i, (round(x.place(points[i][0]), 1), round(y.place(points[i][1]), 1))) for i in chosen]


def _placed(plane: Plane | None) -> dict[int, tuple[float, float]]:
    return dict(_drawn(plane)) if plane else {}


def _rings(plane: Plane, frame: Frame) -> str:
    wrong = set(frame.wrong)
    return "".join([RING.format(x, y) for i, (x, y) in _drawn(plane) if i in wrong])


NEAR = 0.98  # an axis of accuracies begins here or lower, and ends at 1
RING = "M{} {}m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0"


def _chart(reel: Reel, name: str, frame: Frame) -> Panel:
    """Return a curve and its validation over the epochs, with a mark where the frame is."""
    curves = [each for each in (name, f"validation_{name}") if each in reel.curves]
    x, y = _across(reel), _upward(reel, curves, LOW - BOTTOM)
    lines = "".join([_line(reel, each, x, y, i) for i, each in enumerate(curves)])
    told = "".join([_heading(reel, each, frame, i) for i, each in enumerate(curves)])
    here = "".join(
        [
            f'<circle class="now {_colour(i)}" r="5" data-mark="{each}" cx="{_n(x.place(frame.epoch))}" '
            f'cy="{_n(y.place(reel.at(each, frame)))}"/>'
            for i, each in enumerate(curves)
        ]
    )
    steps = ticks(y.low, y.high, 4)
    return Panel(
        name.capitalize(),
        WIDE,
        LOW,
        f'<text class="head" x="{LEFT}" y="20">{told}</text>'
        + _axis_below(x, LOW, "epoch", map(_tick, _epochs(reel)), _epochs(reel))
        + _axis_left(y, "", map(percent if name == "accuracy" else _tick, steps), steps, f"H{x.end}")
        + _now(x.place(frame.epoch), y)
        + f"{lines}{here}",
    )


def _across(reel: Reel) -> Scale:
    return Scale(*bounds([1, reel.epochs]), LEFT, WIDE - RIGHT)


def _upward(reel: Reel, curves: Sequence[str], bottom: float) -> Scale:
    numbers = [x for each in curves for x in reel.curves[each]]
    low, high = (min(*numbers, NEAR), 1.0) if "accuracy" in curves else bounds(numbers)
    room = 0.04 * (high - low)
    return Scale(low - room, high + room, bottom, TOP)


def _epochs(reel: Reel) -> list[float]:
    return [x for x in ticks(*bounds([1, reel.epochs]), 6) if x == int(x) and 1 <= x <= reel.epochs]


def _line(reel: Reel, name: str, x: Scale, y: Scale, i: int) -> str:
    points = [f"{_n(x.place(epoch))},{_n(y.place(number))}" for epoch, number in enumerate(reel.curves[name], 1)]
    return f'<polyline class="line {_colour(i)} dash{i}" points="{" ".join(points)}"/>'


def _heading(reel: Reel, name: str, frame: Frame, i: int) -> str:
    words, gap = ("– – validation", ' dx="14"') if i else (name.capitalize(), "")
    told = f'<tspan class="told {_colour(i)}" data-told="{name}">{reel.told(name, frame)}</tspan>'
    return f"<tspan{gap}>{words} </tspan>{told}"


def _now(x: float, y: Scale) -> str:
    return f'<line class="here" data-here="" y1="{y.start}" y2="{y.end}" x1="{_n(x)}" x2="{_n(x)}"/>'


def _bars(reel: Reel, frame: Frame) -> Panel:
    """Return a bar for each layer, as long as its mean |gradient| on a logarithmic axis."""
    scale, height = _flow_scale(reel), TOP + ROW * len(reel.flow) + BOTTOM
    rows = [_bar(reel, layer, frame, i, scale) for i, layer in enumerate(reel.flow)]
    powers = range(int(scale.low), int(scale.high) + 1, 1 + int(scale.high - scale.low) // 8)
    names = [f"1e{power}".replace("-", MINUS) for power in powers]
    return Panel(
        "Gradient flow",
        WIDE,
        height,
        f'<text class="head" x="{LEFT}" y="20">Gradient flow</text>'
        + _axis_below(scale, height, "mean |gradient|", names, list(powers))
        + "".join(rows),
    )


def _flow_scale(reel: Reel) -> Scale:
    return Scale(*decades(reel.flow), LEFT, WIDE - RIGHT)


def _bar(reel: Reel, layer: str, frame: Frame, i: int, scale: Scale) -> str:
    y = TOP + ROW * i
    return (
        f'<text class="name" x="{LEFT}" y="{y + 14}"><tspan>{_worded(layer, 16, 150)}</tspan>'
        f'<tspan class="told" dx="8" data-told="flow{i}">{_flow_told(reel, layer, frame)}</tspan>'
        f'<tspan class="dead" dx="10" data-told="dead{i}">{reel.died(layer, frame)}</tspan></text>'
        f'<rect class="track" x="{LEFT}" y="{y + 20}" width="{scale.end - scale.start}" height="12"/>'
        f'<rect class="bar" data-bar="{i}" x="{LEFT}" y="{y + 20}" width="{_length(reel, layer, frame)}" height="12"/>'
    )


def _flow_told(reel: Reel, layer: str, frame: Frame) -> str:
    return rounded(reel.flow[layer][frame.epoch - 1])


def _length(reel: Reel, layer: str, frame: Frame) -> str:
    flow, scale = reel.flow[layer][frame.epoch - 1], _flow_scale(reel)
    if not math.isfinite(flow) or flow <= 10.0**scale.low:
        return "0"
    return _n(scale.place(math.log10(flow)) - scale.start)


# --------------------------------------------------------------------------------------------------------------- axes


def _axis_below(scale: Scale, height: float, title: str, names: Iterable[str], at: Sequence[float]) -> str:
    y = height - BOTTOM
    marks = [
        f'<path class="axis" d="M{_n(scale.place(x))} {y}v5"/>'
        f'<text class="tick middle" x="{_n(scale.place(x))}" y="{y + 18}">{name}</text>'
        for x, name in zip(at, names)
    ]
    middle = _n((scale.start + scale.end) / 2)
    words = f'<text class="title middle" x="{middle}" y="{y + 35}">{_worded(title)}</text>'
    return f'<path class="axis" d="M{scale.start} {y}H{scale.end}"/>{"".join(marks)}{words}'


def _axis_left(scale: Scale, title: str, names: Iterable[str], at: Sequence[float], rules: str = "") -> str:
    marks = [
        f'<path class="axis" d="M{LEFT} {_n(scale.place(y))}h-5"/>'
        f'<path class="rule" d="M{LEFT} {_n(scale.place(y))}{rules}"/>'
        f'<text class="tick end" x="{LEFT - 8}" y="{_n(scale.place(y) + 4)}">{name}</text>'
        for y, name in zip(at, names)
    ]
    middle = _n((scale.start + scale.end) / 2)
    words = f'<text class="title middle" transform="translate(12 {middle})rotate(-90)">{_worded(title)}</text>'
    return f'<path class="axis" d="M{LEFT} {scale.start}V{scale.end}"/>{"".join(marks)}{words if title else ""}'


def _worded(title: str, size: float = 13, room: float = SQUARE - LEFT - RIGHT) -> str:
    """Return a label as it stands in a drawing: cut to its room, and whole in its title."""
    line = clipped(title)
    while theme.text_width(line, size) > room:
        line = f"{line.removesuffix('…')[:-1]}…"
    return f"{escaped(line)}<title>{escaped(one_line(title))}</title>"


def _tick(x: float) -> str:
    return f"{x:g}".replace("-", MINUS)


def _colour(i: int) -> str:
    return f"c{i % len(LOOKS)}"


def _n(x: float) -> str:
    """Return a coordinate with one decimal at most."""
    return f"{x:.1f}".removesuffix(".0")


# ------------------------------------------------------------------------------------------------------------ changes


def changes(reel: Reel) -> list[dict[str, Any]]:
    """Return what each frame sets, by the names that the drawings give to what can be set."""
    x = _across(reel)
    scales = {
        each: _upward(reel, [c for c in (name, f"validation_{name}") if c in reel.curves], LOW - BOTTOM)
        for name in ("loss", "accuracy")
        for each in (name, f"validation_{name}")
        if each in reel.curves
    }
    return [
        {
            "count": f"epoch {frame.epoch:,} of {reel.epochs:,}",
            "told": _told(reel, frame),
            "full": {name: full(reel.at(name, frame)) for name in reel.curves},
            "here": _n(x.place(frame.epoch)),
            "marks": {name: _n(scale.place(reel.at(name, frame))) for name, scale in scales.items()},
            "bars": [_length(reel, layer, frame) for layer in reel.flow],
            "say": _said(reel, frame),
            **({"regions": _regions(reel.plane, frame), "wrong": list(frame.wrong)} if reel.plane else {}),
        }
        for frame in reel.frames
    ]


def _told(reel: Reel, frame: Frame) -> Mapping[str, str]:
    told = {name: reel.told(name, frame) for name in reel.curves}
    for i, layer in enumerate(reel.flow):
        told |= {f"flow{i}": _flow_told(reel, layer, frame), f"dead{i}": reel.died(layer, frame)}
    return told | ({"right": reel.right(frame)} if reel.plane else {})


def _said(reel: Reel, frame: Frame) -> str:
    """Return a frame in one sentence."""
    curves = [f"{name.replace('_', ' ')} {reel.told(name, frame)}" for name in reel.curves]
    flow = [f"{clipped(layer)} {_flow_told(reel, layer, frame)}" for layer in reel.flow]
    gradients = f"; mean gradients: {', '.join(flow)}" if flow else ""
    return f"Epoch {frame.epoch:,} of {reel.epochs:,}: {', '.join(curves)}{gradients}."
