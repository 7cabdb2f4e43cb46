"""How every plot looks, and what its functions return: the one place that decides sizes, colours, dashes and markers.

    panel    one set of matplotlib's axes
    look     what tells one line or class from the others: colour, dashes and marker at once

A figure of ours belongs to nobody else: no window, no pyplot. A notebook shows it, and `.save("f.png")` writes it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from viz import theme
from viz.drawing import write_aside
from viz.notation import MINUS, clipped
from viz.paper import blank, encoded

__all__ = [
    "BELOW",
    "BESIDE",
    "FAINT",
    "GROUND",
    "HEIGHT",
    "INK",
    "LABEL",
    "LOOKS",
    "SMALL",
    "TALL",
    "TITLE",
    "WIDTH",
    "Look",
    "Plot",
    "entry",
    "explained",
    "flat",
    "look_of",
    "panels",
    "returned",
    "short",
    "styled",
    "whole_numbers",
]

WIDTH, HEIGHT, TALL = 720, 480, 560  # pixels of a panel
TITLE, LABEL, SMALL = 15, 13, 11  # points: fit for slides
INK, FAINT, GROUND, RULE = (theme.LIGHT[name] for name in ("ink", "faint", "ground", "wire"))


class Plot(NamedTuple):
    """A figure and its axes, one or an array of them as `matplotlib.pyplot.subplots` gives; a notebook shows it."""

    fig: Any
    ax: Any

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the figure as .png or .pdf, the same bytes for the same figure, and return the path.

        ValueError for another suffix, OSError where it cannot be written; an old file is replaced only by a whole one.
        """
        target = Path(path)
        kind = target.suffix.lower().removeprefix(".")
        if kind not in ("png", "pdf"):
            raise ValueError(f"a plot is saved as .png or .pdf, not as {target.suffix or 'a name without a suffix'!r}")
        write_aside(target, encoded(self.fig, kind))
        return target

    def __getattr__(self, name: str) -> NoReturn:
        """Tell what a plot has, to those who look for a method of its figure."""
        raise AttributeError(f"a plot has no {name!r}: .save(path) writes it, .fig is its figure, .ax its axes")

    def _repr_png_(self) -> Any:
        return self.fig._repr_png_()


class Look(NamedTuple):
    """How one line, or one class, differs from the others."""

    colour: str
    dashes: Any
    marker: str
    pale: str  # the ground of its region


# colours that the colour-blind tell apart, most from Okabe and Ito 2008, "Color Universal Design"
LOOKS = (
    Look("#0072b2", "-", "o", "#c4dbee"),
    Look("#d55e00", (0, (6, 2)), "s", "#fdecd9"),
    Look("#009e73", (0, (2, 1.5)), "^", "#d2eadd"),
    Look("#7a3b69", (0, (7, 2, 1.5, 2)), "D", "#ead9e6"),
    Look("#e69f00", (0, (4, 1, 1, 1, 1, 1)), "v", "#fdf3d0"),
    Look("#56b4e9", (0, (1, 1)), "P", "#e8f5fc"),
    Look("#000000", (0, (10, 3)), "X", "#e4e4e4"),
)
BESIDE = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}  # where a legend hides no data
BELOW = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13)}


def look_of(i: int) -> Look:
    """Return the look of the i-th line; after the last one they begin again."""
    return LOOKS[i % len(LOOKS)]


def panels(ax: Any, rows: int, columns: int, *, height: float = HEIGHT) -> Plot:
    """Return rows × columns panels: those given, as many as needed, or a figure of their own."""
    if ax is None:
        fig = blank(WIDTH * (1 if columns == 1 else 1.25), height * rows, layout="constrained")
        return Plot(fig, fig.subplots(rows, columns))
    given = flat(ax)
    if len(given) != rows * columns or not all(hasattr(each, "plot") for each in given):
        raise ValueError(f"this plot draws into {rows * columns} of matplotlib's axes, and ax holds {len(given)}")
    return Plot(given[0].figure, ax)


def flat(ax: Any) -> list[Any]:
    """Return one panel, or an array or list of them, as a list."""
    return [ax] if hasattr(ax, "plot") else list(getattr(ax, "flat", ax))


def returned(plot: Plot, ax: Any) -> tuple[Any, Any]:
    """Return (fig, ax); it shows itself only if the figure is ours, since whoever made the other one shows it."""
    return plot if ax is None else (plot.fig, plot.ax)


def styled(ax: Any, title: str, x: str = "", y: str = "") -> None:
    """Give a panel its words, sizes and quiet frame, whatever style matplotlib is set to."""
    text = {"color": INK, "parse_math": False}  # a dollar sign in a label is a dollar sign
    ax.set_facecolor(GROUND)
    ax.set_title(title, fontsize=TITLE, loc="left", **text)
    ax.set_xlabel(x, fontsize=LABEL, **text)
    ax.set_ylabel(y, fontsize=LABEL, **text)
    ax.tick_params(which="both", labelsize=SMALL, colors=RULE, labelcolor=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(RULE)
    ax.grid(True, which="major", color=RULE, alpha=0.25, linewidth=0.8)
    ax.set_axisbelow(True)


def explained(ax: Any, **options: Any) -> None:
    """Add the legend, where any line has a name."""
    if ax.get_legend_handles_labels()[1]:
        legend = ax.legend(fontsize=SMALL, labelcolor=INK, facecolor=GROUND, edgecolor=RULE, framealpha=0.9, **options)
        for text in legend.get_texts():
            text.set_parse_math(False)


def entry(name: object) -> str:
    """Return a name as a legend shows it, whatever it begins with: matplotlib leaves out what an underscore begins."""
    text = clipped(str(name))
    return f"\N{ZERO WIDTH SPACE}{text}" if text.startswith("_") else text


def whole_numbers(axis: Any) -> None:
    """Put ticks at whole numbers only."""
    axis.get_major_locator().set_params(integer=True)


def short(x: float) -> str:
    """Return a number as legends tell it: three significant digits."""
    return f"{x:.3g}".replace("-", MINUS)
