r"""A picture as TeX: TikZ for the circuit; under it tables of the chain rule at every gate, and of the gates' rules.

The file compiles by itself with pdflatex and needs only `standalone`, `tikz` and `amsmath`. What people typed is
escaped; characters that the standard fonts lack are spelled as code points, so that no label can break a lecture.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import singledispatch

from autograd.gates import Gate
from viz import theme
from viz.circuit import Circuit
from viz.notation import clipped
from viz.paper import POINTS
from viz.rows import Point
from viz.shapes import Bend, Dot, Frame, Picture, Route, Shape, Text

__all__ = ["written"]

SPECIAL = {
    **{c: f"\\{c}" for c in "#$%&_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "-": "-{}",  # two of them are no dash
    "−": r"$-$",
    "×": r"$\times$",
    "÷": r"$\div$",
    "·": r"$\cdot$",
    "√": r"$\surd$",
    "Σ": r"$\Sigma$",
    "σ": r"$\sigma$",
    "∞": r"$\infty$",
    "∂": r"$\partial$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "✗": r"$\otimes$",
    "◂": r"$\triangleleft$",
    "…": r"\dots{}",
    **{c: f"$^{{{unicodedata.normalize('NFKC', c).replace(chr(0x2212), '-')}}}$" for c in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"},
}

LARGEST = 16_000.0  # points: TeX counts to 16,383
LINE = 12.5  # points that a line of the table takes

HEAD = r"""\documentclass[varwidth=\maxdimen,border=6pt]{standalone}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage{tikz}
"""


def written(picture: Picture, circuits: Sequence[Circuit]) -> str:
    """Return the text of a TeX file that draws the picture and lists the chain rule of its circuits."""
    colours = [f"\\definecolor{{gw{name}}}{{HTML}}{{{code[1:].upper()}}}" for name, code in theme.LIGHT.items()]
    points = _points(picture, circuits)
    units = f"x={_n(points, 6)}pt,y=-{_n(points, 6)}pt"
    if points < POINTS:  # the nodes are scaled, not their fonts, which TeX does not have in every size
        units += f",every node/.style={{scale={_n(points / POINTS, 6)}}}"
    lines = [HEAD.rstrip(), *colours, r"\begin{document}", f"\\begin{{tikzpicture}}[{units},line cap=round]"]
    for x, y, shapes in picture.groups:
        lines.append(f"\\begin{{scope}}[shift={{({_n(x)},{_n(y)})}}]")
        lines.extend([_draw(shape, points) for shape in shapes])
        lines.append(r"\end{scope}")
    lines.append(r"\end{tikzpicture}")
    for circuit in circuits:
        if not circuit.notation.unknowns:
            lines.extend(_table(circuit))
    lines.extend(_rules(circuits))
    return "\n".join([*lines, r"\end{document}", ""])


def _points(picture: Picture, circuits: Sequence[Circuit]) -> float:
    """Return how many points a pixel takes: as on paper, fewer where the page would be larger than TeX can count."""
    listed = LINE * sum([3 + sum([len(box.pins) for box in circuit.boxes]) for circuit in circuits])
    listed += 2 * LINE * (3 + len(_kinds(circuits)))
    room = max(LARGEST - listed, LARGEST / 10)
    return min(POINTS, LARGEST / picture.width, room / picture.height)


@singledispatch
def _draw(shape: Shape, points: float) -> str:
    raise AssertionError(f"no such shape: {shape!r}")


@_draw.register
def _(bend: Bend, points: float) -> str:
    middle = _n((bend.x + bend.to_x) / 2)
    start, end = f"({_n(bend.x)},{_n(bend.y)})", f"({_n(bend.to_x)},{_n(bend.to_y)})"
    curve = f".. controls ({middle},{_n(bend.y)}) and ({middle},{_n(bend.to_y)}) .." if bend.y != bend.to_y else "--"
    return f"\\draw[{_line(bend.kind, points)}] {start} {curve} {end};"


@_draw.register
def _(route: Route, points: float) -> str:
    curves = [f"-- {_at(start)} .. controls {_at(corner)} .. {_at(end)}" for start, corner, end in route.corners]
    first, last = _at(route.points[0]), _at(route.points[-1])
    return f"\\draw[{_line(route.kind, points)}] {' '.join([first, *curves])} -- {last};"


def _at(point: Point) -> str:
    return f"({_n(point[0])},{_n(point[1])})"


def _line(kind: str, points: float) -> str:
    """Return the look of a kind of line."""
    width, opacity = theme.LINES[kind]
    return f"gwwire,line width={_n(width * points, 4)}pt" + (f",opacity={opacity}" if opacity < 1 else "")


@_draw.register
def _(dot: Dot, points: float) -> str:
    radius = _n(theme.FORK_RADIUS * points, 4)
    return f"\\fill[gw{theme.FILL[dot.kind]}] ({_n(dot.x)},{_n(dot.y)}) circle[radius={radius}pt];"


@_draw.register
def _(frame: Frame, points: float) -> str:
    ground, opacity, outline, width = theme.BOXES[frame.kind]
    look = f"draw=gw{outline},fill=gw{ground},line width={_n(width * points, 4)}pt" if outline else f"fill=gw{ground}"
    look += f",rounded corners={frame.corner * points:.2f}pt" if frame.corner else ""
    look += f",fill opacity={opacity}" if opacity < 1 else ""
    look += ",dashed" if frame.kind in theme.DASHED else ""
    corners = f"({_n(frame.x)},{_n(frame.y)}) rectangle ({_n(frame.x + frame.width)},{_n(frame.y + frame.height)})"
    return f"\\path[{look}] {corners};"


@_draw.register
def _(text: Text, points: float) -> str:
    side = {"start": "base west", "middle": "base", "end": "base east"}[text.anchor]
    size = text.size * POINTS
    font = f"\\fontsize{{{size:.2f}}}{{{size * 1.2:.2f}}}\\selectfont"
    face = r"\itshape" if text.kind in theme.ITALIC_SERIF else r"\sffamily"
    weight = r"\bfseries" if text.kind in theme.BOLD else ""
    words = escaped(text.text) + (f"$_{{\\textnormal{{{escaped(text.subscript)}}}}}$" if text.subscript else "")
    colour = theme.FILL[text.kind]
    place = f"({_n(text.x)},{_n(text.y)})"
    return f"\\node[anchor={side},inner sep=0pt,text=gw{colour},font={font}{face}{weight}] at {place} {{{words}}};"


def _table(circuit: Circuit) -> Iterator[str]:
    """Write the chain rule, a row for each input of each gate: upstream times local is downstream."""
    root, short = escaped(clipped(circuit.root.name)), circuit.notation.longer
    yield r"\par\bigskip\bigskip\begin{tabular}{llrcrcr}"
    yield r"gate & from $\to$ to & upstream & & local & & downstream\\\hline\noalign{\smallskip}"
    for step in circuit.backward:
        box = next(box for box in circuit.boxes if circuit.wires[box.wire].node is step.node)
        made = circuit.wires[box.wire]
        for pin in box.pins:
            names = f"{escaped(clipped(made.name))} $\\to$ {escaped(clipped(circuit.wires[pin.wire].name))}"
            numbers = " & ".join(
                [
                    short(made.gradient),
                    r"$\times$",
                    circuit.notation.factor(pin.local, longer=True),
                    "$=$",
                    short(pin.downstream),
                ]
            )
            yield f"{escaped(step.gate.name)} & {names} & {escaped_numbers(numbers)}\\\\"
    yield f"\\multicolumn{{7}}{{l}}{{gradients of {root}, in the order of the backward pass}}"
    yield r"\end{tabular}"


def _rules(circuits: Sequence[Circuit]) -> Iterator[str]:
    """Write how each kind of gate makes its output, and its local gradients, in the LaTeX on the cards."""
    kinds = _kinds(circuits)
    if kinds:
        yield r"\par\bigskip\begin{tabular}{lll}"
        yield r"gate & output $z$ & local gradients\\\hline\noalign{\smallskip}"
        for gate in kinds:
            rule, *slopes = gate.latex
            yield f"{escaped(gate.name)} & ${rule}$ & ${'$, $'.join(slopes)}$\\\\[3pt]"
        says_where = any("[" in formula for gate in kinds for formula in gate.latex)
        explained = r"; $[\dots]$ is 1 where it holds, else 0" if says_where else ""
        yield f"\\multicolumn{{3}}{{l}}{{the rule of each gate, of its inputs $x$, $y${explained}}}"
        yield r"\end{tabular}"


def _kinds(circuits: Sequence[Circuit]) -> list[Gate]:
    """Return the kinds of gates that have LaTeX on their cards, each once."""
    return list(dict.fromkeys([box.gate for circuit in circuits for box in circuit.boxes if box.gate.latex]))


def escaped_numbers(text: str) -> str:
    """Return numbers with the minus and infinity signs that TeX sets."""
    return text.replace("−", "$-$").replace("∞", r"$\infty$")


def escaped(text: str) -> str:
    """Return text that TeX sets as it stands; what its standard fonts lack is spelled as U+ and its code point."""
    return "".join([SPECIAL.get(c) or (c if " " <= c <= "~" else f"U+{ord(c):04X}") for c in text])


def _n(x: float, decimals: int = 1) -> str:
    return f"{x:.{decimals}f}".rstrip("0").rstrip(".")
