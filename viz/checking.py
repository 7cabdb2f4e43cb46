"""The gradient check painted onto the circuit: each slope by its rule, beside the one that differences give.

A picture for those who write a gate of their own: it shows where the rule is wrong.

    analytic   the local gradient that a gate's card gives     numeric   the same by central differences
    verdict    what the check found, in one line under the picture
"""

from __future__ import annotations

import math
from dataclasses import replace

from autograd.check import Edge, check_gradients
from autograd.value import Value
from viz.circuit import Box, Circuit, Note, Pin
from viz.notation import Notation, bracketed, full
from viz.words import WRONG

__all__ = ["checked"]


def checked(f: Value, circuit: Circuit) -> tuple[Circuit, str]:
    """Return the circuit of f with a note on every pin, and the verdict of the check in one line."""
    report = check_gradients(f)
    edges = {(edge.node, edge.place): edge for edge in report.edges}
    boxes = [_noted(circuit, box, edges) for box in circuit.boxes]
    verdict = "" if report else f"{WRONG} "
    return replace(circuit, boxes=tuple(boxes)), f"Gradient check: {verdict}{report.summary()}."


def _noted(circuit: Circuit, box: Box, edges: dict[tuple[Value, int | None], Edge]) -> Box:
    node = box.step.node
    return replace(box, pins=tuple([_compared(circuit.notation, pin, edges[node, pin.place]) for pin in box.pins]))


def _compared(notation: Notation, pin: Pin, edge: Edge) -> Pin:
    title = f"numeric {full(edge.numeric)}: {edge.verdict}"
    if edge.agrees:
        text = f"×{notation.factor(edge.analytic)} ≈ {notation.short(edge.numeric)}"
        return replace(pin, note=Note(text, title=title))
    analytic = bracketed(notation.apart(edge.analytic, edge.numeric))
    numeric = "?" if math.isnan(edge.numeric) else notation.apart(edge.numeric, edge.analytic)
    return replace(pin, note=Note(f"×{analytic} ≠ {numeric} {WRONG}", True, title))
