"""A picture as PNG or PDF, drawn by matplotlib: its fonts come with it, so the file is the same on every machine.

matplotlib and Pillow are the extra `[plots]`, imported only here, when needed; no window, no pyplot, no global state.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from functools import cache, singledispatch
from io import BytesIO
from typing import Any

from autograd.errors import pip_install
from viz import theme
from viz.rows import Point
from viz.shapes import Bend, Dot, Frame, Picture, Route, Shape, Text

__all__ = ["POINTS", "animated", "blank", "encoded", "written"]

PIXELS_PER_INCH = 96.0  # of CSS: a picture is as large on paper as on a screen
POINTS = 72.0 / PIXELS_PER_INCH
SHARPNESS = 2.0  # PNG pixels per CSS pixel: fit for slides
COLOURS = 48  # of a GIF
_filters = threading.Lock()  # what is warned of belongs to all threads: one at a time may change and restore it
FONTS = {"sans": "DejaVu Sans", "serif": "DejaVu Serif"}  # these two come with matplotlib


def written(picture: Picture, kind: str) -> bytes:
    """Return the bytes of a "png" or "pdf" file; ImportError, with the line to type, without matplotlib."""
    figure = _figure(picture)
    for x, y, shapes in picture.groups:
        for layer, shape in enumerate(shapes):
            _draw(shape, figure, x, y, layer)
    return encoded(figure, kind)


def encoded(figure: Any, kind: str) -> bytes:
    """Return a figure as the bytes of a "png" or "pdf" file: the same for the same figure."""
    file = BytesIO()
    # without a date and the name of the software the same picture gives the same bytes
    metadata = {"CreationDate": None, "Producer": None, "Creator": None} if kind == "pdf" else {"Software": None}
    with _filters, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # an emoji in a label becomes a box
        figure.savefig(file, format=kind, dpi=PIXELS_PER_INCH * SHARPNESS, metadata=metadata)
    return file.getvalue()


def blank(width: float, height: float, **options: Any) -> Any:
    """Return an empty figure of so many pixels, which no window knows of and a notebook shows.

    ImportError, with the line to type, without matplotlib.
    """
    size = (width / PIXELS_PER_INCH, height / PIXELS_PER_INCH)
    return _figure_class()(figsize=size, dpi=PIXELS_PER_INCH, facecolor=theme.LIGHT["ground"], **options)


@cache
def _figure_class() -> Any:
    """Return matplotlib's figure, made to show itself: pyplot's are shown for it, and kept in memory by it."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        how = pip_install("matplotlib", "Pillow")
        raise ImportError(f"PNG, PDF and plots are drawn by matplotlib: {how}") from None

    class ShownFigure(Figure):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            FigureCanvasAgg(self)  # measures texts

        def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
            width, height = self.get_size_inches() * PIXELS_PER_INCH
            return _of_few_colours(encoded(self, "png")), {"width": round(width), "height": round(height)}

    return ShownFigure


def _of_few_colours(png: bytes) -> bytes:
    """Return a PNG with a palette: a third of the bytes, and the eye sees no difference. A notebook stores each one."""
    from PIL import Image

    file = BytesIO()
    with Image.open(BytesIO(png)) as image:
        few = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(file, format="PNG", optimize=True)
    return file.getvalue()


def animated(figure: Any, draw: Callable[[int], None], milliseconds: Sequence[int]) -> bytes:
    """Return a GIF, the same bytes for the same pictures: draw(i) changes the figure into picture i, shown so long."""
    from PIL import Image

    pictures = []
    for i in range(len(milliseconds)):
        draw(i)
        figure.canvas.draw()
        pixels = bytes(figure.canvas.buffer_rgba())
        pictures.append(Image.frombytes("RGBA", figure.canvas.get_width_height(), pixels).convert("RGB"))
    # one palette for all, so that what does not change keeps its colour and takes no bytes
    palette = pictures[-1].quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    file = BytesIO()
    few[0].save(
        file, format="GIF", save_all=True, append_images=few[1:], duration=list(milliseconds), loop=0, optimize=True
    )
    return file.getvalue()


def _figure(picture: Picture) -> Any:
    figure = blank(picture.width, picture.height)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, picture.width), ylim=(picture.height, 0))
    axes.axis("off")
    return figure


@singledispatch
def _draw(shape: Shape, figure: Any, x: float, y: float, layer: int) -> None:
    raise AssertionError(f"no such shape: {shape!r}")


@_draw.register
def _(bend: Bend, figure: Any, x: float, y: float, layer: int) -> None:
    middle = (bend.x + bend.to_x) / 2
    points = [(bend.x, bend.y), (middle, bend.y), (middle, bend.to_y), (bend.to_x, bend.to_y)]
    _line(bend.kind, [(x + px, y + py) for px, py in points], ["MOVETO", *["CURVE4"] * 3], figure, layer)


@_draw.register
def _(route: Route, figure: Any, x: float, y: float, layer: int) -> None:
    points = [route.points[0], *[point for corner in route.corners for point in corner], route.points[-1]]
    codes = ["MOVETO", *["LINETO", "CURVE3", "CURVE3"] * len(route.corners), "LINETO"]
    _line(route.kind, [(x + px, y + py) for px, py in points], codes, figure, layer)


def _line(kind: str, points: Sequence[Point], codes: Sequence[str], figure: Any, layer: int) -> None:
    """Draw a line of a kind through points, each with what matplotlib calls its code."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    width, opacity = theme.LINES[kind]
    path = Path(points, [getattr(Path, code) for code in codes])
    look = {"edgecolor": theme.LIGHT["wire"], "linewidth": width * POINTS, "alpha": opacity, "capstyle": "round"}
    figure.axes[0].add_patch(PathPatch(path, fill=False, zorder=layer, **look))


@_draw.register
def _(dot: Dot, figure: Any, x: float, y: float, layer: int) -> None:
    from matplotlib.patches import Circle

    colour = theme.LIGHT[theme.FILL[dot.kind]]
    figure.axes[0].add_patch(Circle((x + dot.x, y + dot.y), theme.FORK_RADIUS, color=colour, zorder=layer))


@_draw.register
def _(frame: Frame, figure: Any, x: float, y: float, layer: int) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    points, codes = _outline(x + frame.x, y + frame.y, frame.width, frame.height, frame.corner)
    path = Path(points, [getattr(Path, code) for code in codes])
    ground, opacity, outline, width = theme.BOXES[frame.kind]
    look = {
        "edgecolor": theme.LIGHT[outline] if outline else "none",
        "facecolor": (theme.LIGHT[ground], opacity),
        "linewidth": width * POINTS,
        "linestyle": "--" if frame.kind in theme.DASHED else "-",
    }
    figure.axes[0].add_patch(PathPatch(path, zorder=layer, **look))


def _outline(
    x: float, y: float, width: float, height: float, corner: float
) -> tuple[list[tuple[float, float]], list[str]]:
    """Return the path round a box: four sides and four quarter circles, each as one cubic curve."""
    control = corner * (1 - 0.5523)  # a cubic with its controls 0.5523 r out is a circle to 0.03 %
    right, bottom = x + width, y + height
    quarters = [
        ((right - corner, y), (right - control, y), (right, y + control), (right, y + corner)),
        ((right, bottom - corner), (right, bottom - control), (right - control, bottom), (right - corner, bottom)),
        ((x + corner, bottom), (x + control, bottom), (x, bottom - control), (x, bottom - corner)),
        ((x, y + corner), (x, y + control), (x + control, y), (x + corner, y)),
    ]
    points = [point for quarter in quarters for point in quarter]
    return [*points, points[0]], ["MOVETO", *["CURVE4"] * 3, *["LINETO", *["CURVE4"] * 3] * 3, "CLOSEPOLY"]


@_draw.register
def _(text: Text, figure: Any, x: float, y: float, layer: int) -> None:
    serif = text.kind in theme.ITALIC_SERIF
    style = {
        "color": theme.LIGHT[theme.FILL[text.kind]],
        "fontfamily": FONTS["serif" if serif else "sans"],
        "fontstyle": "italic" if serif else "normal",
        "fontweight": "bold" if text.kind in theme.BOLD else "normal",
        "parse_math": False,  # a dollar sign in a label is a dollar sign
        "va": "baseline",
        "zorder": layer,
    }
    side = {"start": "left", "middle": "center", "end": "right"}[text.anchor]
    # digits are equally wide, so the room a subscript takes needs no measuring
    lowered = theme.text_width(text.subscript, text.size * theme.SUBSCRIPT)
    left = x + text.x - (lowered if text.anchor == "end" else 0.0)
    label = figure.axes[0].text(left, y + text.y, text.text, ha=side, fontsize=text.size * POINTS, **style)
    if text.subscript:
        where = (label.get_window_extent().x1, y + text.y + theme.SUBSCRIPT_DROP)
        figure.axes[0].text(*where, text.subscript, fontsize=text.size * theme.SUBSCRIPT * POINTS, **style)
