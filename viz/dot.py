r"""A circuit in DOT, the language of Graphviz: for those who lay graphs out with `dot`, or paste them into its tools.

    w3    wire 3 where it begins (an input) or ends (the output)    g0    gate 0, a circle
    f3    the point where wire 3 forks

On every edge stand the value, the gradient, which a ◂ marks, and the local gradient of the gate it enters: in one
label, since Graphviz keeps no room free for labels at the heads of edges. What people typed is text wherever it
stands: `\N`, `<b>` and quotes mean nothing to Graphviz here.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from autograd.errors import pip_install
from autograd.graph import one_line
from autograd.value import Value
from viz import fold_words as words
from viz import theme
from viz.circuit import Box, Circuit, Pin, Wire, circuit_of
from viz.fold import INPUTS, Folded, folded, is_large
from viz.layout import gradient_text
from viz.notation import clipped
from viz.words import BACK

if TYPE_CHECKING:
    import graphviz

__all__ = ["dot_source", "folded_source", "rendered", "to_graphviz"]

COLOUR = theme.LIGHT
GRAPH = {"rankdir": "LR", "nodesep": "0.35", "ranksep": "0.7"}
NODE = {"fontname": "DejaVu Sans", "color": COLOUR["ink"], "fontcolor": COLOUR["ink"]}
EDGE = {"fontname": "DejaVu Sans", "color": COLOUR["wire"], "arrowsize": "0.6"}
INVISIBLE = "\N{ZERO WIDTH SPACE}"


def to_graphviz(f: Value) -> graphviz.Digraph:
    """Return the circuit of f for Graphviz: `.source` is its DOT text, `.render()` needs the program `dot`.

    A graph of more than 300 gates, or 900 inputs of gates, is folded as `draw` folds it: a box is a part. No `.grad` is
    touched. Raises TypeError for what is no Value, DomainError where a value or a slope does not exist.

        >>> to_graphviz(Value(3.0, "x") * 2).source.split()[:5]
        ['digraph', '{', 'graph', '[nodesep=0.35', 'rankdir=LR']
    """
    return _folded_digraph(folded(f)) if is_large(f) else _digraph(circuit_of(f))


def dot_source(circuit: Circuit) -> str:
    """Return the DOT text of a circuit: the same for the same circuit."""
    return str(_digraph(circuit).source)


def rendered(source: str, kind: str) -> bytes | None:
    """Return what Graphviz makes of a DOT text, as "svg", "png" or "pdf"; None where it is not installed.

    pygraphviz (the extra `[dot]`) brings Graphviz along; else the program `dot` is asked.
    """
    try:
        import pygraphviz
    except ImportError:
        graphviz = _graphviz()
        with suppress(graphviz.ExecutableNotFound):
            return bytes(graphviz.Source(source).pipe(format=kind))
        return None
    return bytes(pygraphviz.AGraph(string=source).draw(format=kind, prog="dot"))


def folded_source(folded: Folded) -> str:
    """Return the DOT text of a folded graph: the same for the same graph."""
    return str(_folded_digraph(folded).source)


def _folded_digraph(folded: Folded) -> graphviz.Digraph:
    """Return a folded graph: a box per part, an edge per link, the output."""
    graphviz = _graphviz()
    title = {"label": graphviz.escape(words.headline(folded)), "labelloc": "t", "fontname": NODE["fontname"]}
    digraph = graphviz.Digraph(graph_attr=GRAPH | title, node_attr=NODE, edge_attr=EDGE)
    short = words.notation_of([folded]).short

    def numbers(value: float, gradient: float) -> str:
        return f"{_coloured('value', short(value))}<br/>{_coloured('gradient', f'{BACK} {short(gradient)}')}"

    for i, part in enumerate(folded.parts):
        said = [words.what(part), words.kinds(part), words.leaves(part), words.shut(part), words.dead(part)]
        lines = [f"<i>{_text(part.name)}</i>", *[_escaped(line) for line in said if line]]
        label = "<br/>".join([*lines, numbers(part.value, part.gradient)])
        digraph.node(f"p{i}", f"<{label}>", shape="box", tooltip=graphviz.escape(one_line(words.told(part))))
    for link in folded.links:
        if link.source != INPUTS:
            gradient = _coloured("gradient", f"{BACK} {short(link.gradient)}")
            digraph.edge(f"p{link.source}", f"p{link.target}", f"<{words.wires(folded, link)}<br/>{gradient}>")
    digraph.node("f", f"<<i>{_text(folded.root)}</i>>", shape="plaintext")
    digraph.edge(f"p{folded.output}", "f", f"<{numbers(folded.value, 1.0)}>")
    return digraph


def _graphviz() -> Any:
    """Return the package that writes DOT."""
    try:
        import graphviz
    except ImportError:
        raise ImportError(f"DOT is written by the package graphviz: {pip_install('graphviz')}") from None
    return graphviz


def _digraph(circuit: Circuit) -> graphviz.Digraph:
    graphviz = _graphviz()
    digraph = graphviz.Digraph(graph_attr=GRAPH, node_attr=NODE, edge_attr=EDGE)
    for box in circuit.boxes:
        title = f"{box.gate.name} gate: {box.gate.flow}"
        symbol = graphviz.escape(clipped(box.symbol))
        digraph.node(f"g{box.index}", symbol, shape="circle", tooltip=graphviz.escape(one_line(title)))
    exact = circuit.notation.exact
    for wire in circuit.wires:
        for name, shape, label in _ends(circuit, wire):
            digraph.node(name, label, shape=shape)
        tooltip = graphviz.escape(f"{one_line(wire.name)} = {exact(wire.value)}, gradient {exact(wire.gradient)}")
        for tail, head, attributes in _edges(circuit, wire):
            digraph.edge(tail, head, tooltip=tooltip, labeltooltip=tooltip, **attributes)
    return digraph


def _ends(circuit: Circuit, wire: Wire) -> Iterator[tuple[str, str, str]]:
    """Return the nodes of a wire, as (name, shape, label): where it begins or ends outside of gates, where it forks."""
    if wire.source is None or wire is circuit.root:
        alone = wire.source is None and wire is circuit.root
        name = f"<i>{_text(wire.name)}</i>"
        yield f"w{wire.index}", "plaintext", f"<{name}<br/>{_numbers(circuit, wire)}>" if alone else f"<{name}>"
    if wire.forks:
        yield f"f{wire.index}", "point", ""


def _edges(circuit: Circuit, wire: Wire) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Return the pieces of a wire, as (tail, head, attributes): one, or one to the fork and a branch to each gate."""
    tail, numbers = f"w{wire.index}" if wire.source is None else f"g{wire.source}", _numbers(circuit, wire)
    if wire.forks:
        yield tail, f"f{wire.index}", {"label": f"<{numbers}>", "arrowhead": "none"}
    elif wire is circuit.root and wire.source is not None:
        yield tail, f"w{wire.index}", {"label": f"<{numbers}>"}
    for box, pin in _pins(circuit, wire):
        here = _coloured("gradient", f"{BACK} {circuit.notation.short(pin.downstream)}") if wire.forks else numbers
        local = _coloured("local", pin.note.text if pin.note else f"local {circuit.notation.short(pin.local)}")
        yield f"f{wire.index}" if wire.forks else tail, f"g{box.index}", {"label": f"<{here}<br/>{local}>"}


def _pins(circuit: Circuit, wire: Wire) -> list[tuple[Box, Pin]]:
    return [(circuit.boxes[box], circuit.boxes[box].pins[pin]) for box, pin in wire.pins]


def _numbers(circuit: Circuit, wire: Wire) -> str:
    """Return what stands at a wire: its value and, inside the circuit, its name; below these its gradient."""
    inside = wire.source is not None and wire is not circuit.root
    name = f" {_coloured('faint', wire.name)}" if inside else ""
    value = _coloured("value", circuit.notation.short(wire.value))
    note = f"{_coloured('ink', wire.note.text)} " if wire.note else ""
    return f"{value}{name}<br/>{note}{_coloured('gradient', gradient_text(circuit, wire))}"


def _coloured(kind: str, text: str) -> str:
    return f'<font color="{COLOUR[kind]}">{_text(text)}</font>'


def _text(label: str) -> str:
    return _escaped(clipped(label))


def _escaped(text: str) -> str:
    r"""Return text for Graphviz' HTML-like labels, in which a backslash before a letter would still be an escape."""
    return html.escape(text).replace("\\", "\\" + INVISIBLE)
