"""Diagrams: a circuit drawn once, shown in a notebook or saved to a file."""

from __future__ import annotations

import html
import os
import re
import secrets
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from autograd.errors import pip_install
from autograd.value import Value
from viz.checking import checked
from viz.circuit import MOST_GATES, Circuit, circuit_of
from viz.fold import Folded, folded_of, is_large
from viz.fold_picture import picture_of_folded
from viz.fold_words import fold_table
from viz.grouping import grouped
from viz.narration import table
from viz.notebook import image
from viz.opening import Opening, opened, openings
from viz.paper import POINTS
from viz.shapes import Picture, captioned, picture_of, stacked
from viz.svg import svg

__all__ = ["WRITERS", "Diagram", "draw", "write_aside"]

ENGINES = ("builtin", "dot")


class Diagram:
    """The picture of one or more computational graphs.

    It is of the numbers at the moment it was drawn: what happens to the Values afterwards does not change it.

        >>> x, y = Value(3.0, "x"), Value(-4.0, "y")
        >>> diagram = draw(x * y)
        >>> diagram
        wire  made by  value  local gradients                ∂f/∂wire
        ────  ───────  ─────  ─────────────────────────────  ────────
        x     input        3                                       −4
        y     input       −4                                        3
        f     = x · y    −12  ∂f/∂x = y = −4, ∂f/∂y = x = 3         1
        >>> diagram.svg[:4]
        '<svg'
    """

    def __init__(
        self,
        circuits: tuple[Circuit, ...],
        folded: tuple[Folded, ...] = (),
        engine: str = ENGINES[0],
        openings: Sequence[Opening] = (),
        caption: Sequence[str] = (),
    ) -> None:
        self.circuits = circuits
        self.folded = folded  # instead of the circuits that would be too large to draw
        self.engine = engine
        self.openings = openings  # what a page can open of the one graph that is folded
        self.caption = caption  # paragraphs under the picture

    @cached_property
    def picture(self) -> Picture:
        """The shapes of the picture and their places, for whichever format is asked for."""
        pictures = [picture_of(self.circuits)] if self.circuits else []
        picture = stacked([*pictures, picture_of_folded(self.folded)] if self.folded else pictures)
        return captioned(picture, self.caption) if self.caption else picture

    @cached_property
    def svg(self) -> str:
        """The picture as the text of an SVG document."""
        return (self._by_graphviz("svg") or svg(self.picture).encode()).decode()

    @property
    def dot(self) -> str:
        """The graph as the text of a DOT file."""
        from viz.dot import dot_source, folded_source

        return "\n".join([*map(dot_source, self.circuits), *map(folded_source, self.folded)])

    def _by_graphviz(self, kind: str) -> bytes | None:
        """Return the picture as Graphviz draws it; None, with a warning, where it was asked for and is missing."""
        if self.engine != "dot":
            return None
        from viz.dot import rendered

        drawn = rendered(self.dot, kind)
        if drawn is None:
            how = f"{pip_install('pygraphviz')}, or install Graphviz itself"
            warnings.warn(f"Graphviz is not installed, so this is the built-in picture: {how}", stacklevel=3)
        return drawn

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture, in the format that the suffix names, and return the path.

        .svg and .html for the screen, .png and .pdf (these need the extra `[plots]`, else ImportError), .tex and .dot
        for TeX and Graphviz. ValueError for another suffix, OSError where it cannot be written; an old file is replaced
        only by a whole one.
        """
        target = Path(path)
        writer = WRITERS.get(target.suffix.lower())
        if writer is None:
            *most, last = WRITERS
            given = repr(target.suffix) if target.suffix else "a name without a suffix"
            raise ValueError(f"a picture is saved as {', '.join(most)} or {last}, not as {given}")
        write_aside(target, writer(self))
        return target

    def __repr__(self) -> str:
        return "\n\n".join([*map(table, self.circuits), *map(fold_table, self.folded), *self.caption])

    def _repr_html_(self) -> str:
        picture, text = self.picture, self.svg
        # Graphviz makes a picture of another size, and tells it in points
        size = re.search(r'<svg[^>]* width="([0-9.]+)pt"', text)
        width = float(size[1]) / POINTS if size else picture.width
        return image(text, width, f"{picture.title}. {picture.description}")


def draw(f: Value, *others: Value, open: str | None = None, engine: str = "builtin", check: bool = False) -> Diagram:
    """Return the CS231n circuit of f: value above each wire, gradient below, local gradients at the gates.

    Other graphs stand beside it, folded ones below. Gradients are computed for the picture and no `.grad` is touched.
    Raises TypeError for what is no Value, DomainError where a value or slope does not exist.

    A graph of more than 300 gates, or 900 inputs of gates, is folded by the paths in its labels: a layer is a card, and
    equal paths, such as one neuron's outputs for 100 samples, are one stack. `open="layer1/neuron3"` draws one part
    instead, gate by gate, of a stack the first sample, or the one with seven before it: `open="layer1/neuron3[7]"`.
    ValueError for an unknown part, or one that is too large itself. Saved as .html it is a page where parts are opened.

    `check=True` checks every gate by central differences (`check_gradients`): beside each local gradient stands the
    numeric one, marked where they disagree, and under the picture the verdict. ValueError where a graph is folded.

    `engine="dot"` leaves layout and drawing of one graph to Graphviz: pygraphviz (the extra `[dot]`) or the program
    `dot`; without either there is a warning and the built-in picture.

        >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
        >>> draw((x + y) * z)
        wire  made by  value  local gradients                ∂f/∂wire
        ────  ───────  ─────  ─────────────────────────────  ────────
        x     input       −2                                       −4
        y     input        5                                       −4
        a     = x + y      3  ∂a/∂x = 1, ∂a/∂y = 1                 −4
        z     input       −4                                        3
        f     = a · z    −12  ∂f/∂a = z = −4, ∂f/∂z = a = 3         1
    """
    roots = (f, *others)
    if engine not in ENGINES:
        raise ValueError(f"a picture is drawn by engine={' or '.join(map(repr, ENGINES))}, not {engine!r}")
    if others and (open is not None or engine != ENGINES[0]):
        raise ValueError("open=… and engine='dot' are for one graph: draw the others apart")
    if check:
        return _checked(roots, open, engine)
    if open is not None:
        return Diagram((opened(f, open),), engine=engine)
    large = [is_large(root) for root in roots]
    circuits = tuple([circuit_of(root) for root, folds in zip(roots, large, strict=True) if not folds])
    groupings = [grouped(root) for root, folds in zip(roots, large, strict=True) if folds]
    parts = openings(groupings[0]) if groupings and not others else ()
    return Diagram(circuits, tuple(map(folded_of, groupings)), engine, parts)


def _checked(roots: Sequence[Value], open: str | None, engine: str) -> Diagram:
    """Return the diagram of graphs whose gates have been checked."""
    circuits, verdicts = [], []
    for root in roots:
        if open is not None or is_large(root):
            raise ValueError(
                f"a check is drawn of graphs of up to {MOST_GATES} gates, not of folded ones or their parts: "
                "print(check_gradients(f)) has no such limit"
            )
        circuit, verdict = checked(root, circuit_of(root))
        circuits.append(circuit)
        verdicts.append(verdict)
    return Diagram(tuple(circuits), engine=engine, caption=verdicts)


def _svg(diagram: Diagram) -> bytes:
    return diagram.svg.encode()


def _html(diagram: Diagram) -> bytes:
    if diagram.openings and diagram.engine == ENGINES[0]:
        from viz.stepper import page_of_folded

        return page_of_folded(diagram).encode()
    title = html.escape(diagram.picture.title)
    head = f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title>'
    return f"{head}\n<body>\n{diagram.svg}</body></html>\n".encode()


def _png(diagram: Diagram) -> bytes:
    from viz.paper import written

    return diagram._by_graphviz("png") or written(diagram.picture, "png")


def _pdf(diagram: Diagram) -> bytes:
    from viz.paper import written

    return diagram._by_graphviz("pdf") or written(diagram.picture, "pdf")


def _tex(diagram: Diagram) -> bytes:
    from viz.tex import written

    return written(diagram.picture, diagram.circuits).encode()


def _dot(diagram: Diagram) -> bytes:
    return diagram.dot.encode()


WRITERS: dict[str, Callable[[Diagram], bytes]] = {
    ".svg": _svg,
    ".png": _png,
    ".pdf": _pdf,
    ".html": _html,
    ".tex": _tex,
    ".dot": _dot,
}


def write_aside(target: Path, content: bytes) -> None:
    """Write a file beside the target and move it there: whatever fails, the old file is still whole."""
    aside = target.with_name(f".{target.name[:40]}.{secrets.token_hex(8)}")
    try:
        with aside.open("xb") as file:
            file.write(content)
        os.replace(aside, target)
    except BaseException:
        with suppress(OSError):  # that it could not be written is what must be told
            aside.unlink()
        raise
