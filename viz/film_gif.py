"""The film as a GIF, drawn by matplotlib: fewer frames than the page has, and nothing to press."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from viz.notation import clipped
from viz.paper import animated, blank
from viz.plot_style import FAINT, GROUND, INK, LOOKS, SMALL, entry, explained, look_of, styled, whole_numbers
from viz.plots import draw_regions, draw_samples
from viz.reel import Frame, Plane, Reel, decades

__all__ = ["moving"]

MOST = 40  # frames
PACE, PAUSE = 120, 2000  # milliseconds: of a frame, and of the last one
WIDTH, HEIGHT, NARROW = 900, 440, 480
Update = Callable[[Frame], None]


def moving(reel: Reel) -> bytes:
    """Return the film as the bytes of a GIF; ImportError, with the line to type, without matplotlib."""
    figure = blank(WIDTH if reel.plane else NARROW, HEIGHT)
    left = 0.52 if reel.plane else 0.0
    updates = [_boundary(figure.add_axes((0.09, 0.24, 0.4, 0.68)), reel, reel.plane)] if reel.plane else []
    names = [name for name in ("loss", "accuracy") if name in reel.curves]
    boxes = [(left + 0.14 * (1 - left), 0.76 - 0.3 * i, 0.83 * (1 - left), 0.17) for i in range(3)]
    updates += [_chart(figure.add_axes(box), reel, name) for box, name in zip(boxes, names)]
    if reel.flow:
        updates.append(_bars(figure.add_axes((boxes[0][0] + 0.06 * (1 - left), 0.1, 0.77 * (1 - left), 0.2)), reel))
    step = math.ceil(len(reel.frames) / MOST)
    shown = reel.frames[::-1][::step][::-1]  # the last one in any case

    def draw(i: int) -> None:
        for update in updates:
            update(shown[i])

    return animated(figure, draw, [PACE] * (len(shown) - 1) + [PAUSE])


def _boundary(ax: Any, reel: Reel, plane: Plane) -> Update:
    names = dict(zip(plane.classes, map(clipped, plane.names)))
    draw_samples(ax, plane.points, plane.labels, names, plane.labels != plane.labels)
    rings = _marks(ax, "o", "none", INK, label="wrong", markersize=11)
    explained(ax, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    ax.set(xlim=(plane.across[0], plane.across[-1]), ylim=(plane.up[0], plane.up[-1]))
    drawn: list[Any] = []

    def update(frame: Frame) -> None:
        while drawn:
            drawn.pop().remove()
        drawn.extend(draw_regions(ax, plane.across, plane.up, frame.gaps, None))
        wrong = plane.points[list(frame.wrong)]
        rings.set_data(wrong[:, 0], wrong[:, 1])
        _small(ax, f"epoch {frame.epoch:,} of {reel.epochs:,}: {reel.right(frame)}", *map(entry, plane.features))
        ax.grid(False)

    return update


def _marks(ax: Any, marker: str, face: str, edge: str, **look: Any) -> Any:
    (marks,) = ax.plot([], [], marker, markerfacecolor=face, markeredgecolor=edge, **look)
    return marks


def _chart(ax: Any, reel: Reel, name: str) -> Update:
    epochs = range(1, reel.epochs + 1)
    marks = {}
    for i, each in enumerate([each for each in (name, f"validation_{name}") if each in reel.curves]):
        look = look_of(i)
        ax.plot(epochs, reel.curves[each], color=look.colour, linestyle=look.dashes, linewidth=1.6)
        marks[each] = _marks(ax, "o", look.colour, GROUND, markersize=8)
    line = ax.axvline(1, color=FAINT, linestyle=":")
    whole_numbers(ax.xaxis)

    def update(frame: Frame) -> None:
        told = [f"{'validation' if each != name else name} {reel.told(each, frame)}" for each in marks]
        for each, mark in marks.items():
            mark.set_data([frame.epoch], [reel.at(each, frame)])
        line.set_xdata([frame.epoch, frame.epoch])
        place = "" if reel.plane else f"epoch {frame.epoch:,}: "
        _small(ax, place + ", ".join(told))

    return update


def _bars(ax: Any, reel: Reel) -> Update:
    low, high = decades(reel.flow)
    layers = list(reel.flow)
    bars = ax.barh(range(len(layers)), [1.0] * len(layers), color=LOOKS[1].colour, height=0.55)
    ax.set_xscale("log")
    ax.set(xlim=(10.0**low, 10.0**high), ylim=(len(layers) - 0.5, -0.5))

    def update(frame: Frame) -> None:
        names = []
        for layer, bar in zip(layers, bars):
            flow = reel.flow[layer][frame.epoch - 1]
            bar.set_width(flow if flow > 10.0**low else 10.0**low)
            dead = (frame.dead or {}).get(layer, (0, 0))[0]
            names.append(f"{clipped(layer)[:9]}\n{dead} dead" if dead else clipped(layer)[:9])
        ax.set_yticks(range(len(layers)), names, parse_math=False)
        _small(ax, "mean |gradient|")

    return update


def _small(ax: Any, title: str, x: str = "", y: str = "") -> None:
    styled(ax, "", x, y)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontsize(SMALL)
    ax.set_title(title, fontsize=SMALL, loc="left", color=INK, parse_math=False)
    ax.tick_params(labelsize=SMALL - 2)
