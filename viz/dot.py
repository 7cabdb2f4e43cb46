"""A circuit in DOT, the language of Graphviz: for those who lay graphs out with `dot`, or paste them into its tools.

    w3    wire 3 where it begins (an input) or ends (the output)    g0    gate 0, a circle
    f3    the point where wire 3 forks

On every edge the value stands above the gradient, which a ◂ marks; the local gradient stands where the edge enters its gate.
What people typed is text wherever it stands: `\\N`, `<b>` and quotes mean nothing to Graphviz here.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograd.value import Value
from viz import theme
from viz.circuit import Box, Circuit, Pin, Wire, circuit_of
from viz.layout import gradient_text, local_text
from viz.notation import clipped, full

if TYPE_CHECKING:
    import graphviz

__all__ = ["dot_source", "to_graphviz"]

COLOUR = theme.LIGHT
GRAPH = {"rankdir": "LR", "nodesep": "0.35", "ranksep": "0.7"}
NODE = {"fontname": "DejaVu Sans", "color": COLOUR["ink"], "fontcolor": COLOUR["ink"]}
EDGE = {"fontname": "DejaVu Sans", "color": COLOUR["wire"], "arrowsize": "0.6", "labeldistance": "1.6"}
INVISIBLE = "\N{ZERO WIDTH SPACE}"


def to_graphviz(f: Value) -> graphviz.Digraph:
    r"""Return the circuit of f for Graphviz: `.source` is its DOT text, `.render()` needs the program `dot`.

    No `.grad` is touched. Raises TypeError for what is no Value, ValueError above 300 gates, DomainError where a value or
    a slope does not exist.

        >>> print(to_graphviz(Value(3.0, "x") * 2).source)  # doctest: +ELLIPSIS
        digraph {
        ...
            w0 -> g0 [label=<<font color="#00704a">3</font>...
    """
    return _digraph(circuit_of(f))


def dot_source(circuit: Circuit) -> str:
    """Return the DOT text of a circuit: the same for the same circuit."""
    return str(_digraph(circuit).source)


def _digraph(circuit: Circuit) -> graphviz.Digraph:
    import graphviz

    digraph = graphviz.Digraph(graph_attr=GRAPH, node_attr=NODE, edge_attr=EDGE)
    for box in circuit.boxes:
        title = f"{box.gate.name} gate: {box.gate.flow}"
        symbol = graphviz.escape(clipped(box.symbol))
        digraph.node(f"g{box.index}", symbol, shape="circle", tooltip=graphviz.escape(clipped(title)))
    for wire in circuit.wires:
        for name, shape, label in _ends(circuit, wire):
            digraph.node(name, label, shape=shape)
        for tail, head, attributes in _edges(circuit, wire):
            tooltip = f"{clipped(wire.name)} = {full(wire.value)}, gradient {full(wire.gradient)}"
            digraph.edge(tail, head, tooltip=graphviz.escape(tooltip), labeltooltip=graphviz.escape(tooltip), **attributes)
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
    tail = f"w{wire.index}" if wire.source is None else f"g{wire.source}"
    numbers = {"label": f"<{_numbers(circuit, wire)}>"}
    if wire.forks:
        yield tail, f"f{wire.index}", numbers | {"arrowhead": "none"}
        for box, pin in _pins(circuit, wire):
            branch = _coloured("gradient", f"◂ {circuit.notation.short(pin.downstream)}")
            yield f"f{wire.index}", f"g{box.index}", {"label": f"<{branch}>", "headlabel": _local(circuit, pin)}
    elif wire is circuit.root and wire.source is not None:
        yield tail, f"w{wire.index}", numbers
    for box, pin in [] if wire.forks else _pins(circuit, wire):
        yield tail, f"g{box.index}", numbers | {"headlabel": _local(circuit, pin)}


def _pins(circuit: Circuit, wire: Wire) -> list[tuple[Box, Pin]]:
    return [(circuit.boxes[box], circuit.boxes[box].pins[pin]) for box, pin in wire.pins]


def _numbers(circuit: Circuit, wire: Wire) -> str:
    """Return what stands at a wire: its value and, inside the circuit, its name; below these its gradient."""
    inside = wire.source is not None and wire is not circuit.root
    name = f" {_coloured('faint', wire.name)}" if inside else ""
    value = _coloured("value", circuit.notation.short(wire.value))
    return f"{value}{name}<br/>{_coloured('gradient', gradient_text(circuit, wire))}"


def _local(circuit: Circuit, pin: Pin) -> str:
    return f"<{_coloured('local', local_text(circuit, pin.local))}>"


def _coloured(kind: str, text: str) -> str:
    return f'<font color="{COLOUR[kind]}">{_text(text)}</font>'


def _text(text: str) -> str:
    r"""Return text for Graphviz' HTML-like labels, in which a backslash before a letter would still be an escape."""
    return html.escape(clipped(text)).replace("\\", "\\" + INVISIBLE)
