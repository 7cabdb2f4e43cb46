"""The classic bugs of backward passes, run on the recorded steps of one graph beside the pass that is right.

    bug      a row of BUGS: what the broken pass does, where people meet it, and the pass itself
    right    the gradient of a wire by the chain rule, as `backward_steps` has it
    wrong    what the broken pass makes of it
    shares   what each gate hands to each of its inputs in a pass, in the order of its inputs

A bug is a pass over the same steps: their local gradients are right, what is done with them is not. Nothing here knows
a gate by name, and no `.grad` is touched.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograd.gates import SWAP
from autograd.graph import Step
from autograd.value import Value
from viz.circuit import Circuit, Note, Wire, circuit_of
from viz.drawing import Diagram
from viz.layout import gradient_text
from viz.narration import Teller, ruled, wrapped
from viz.notation import full, portable
from viz.words import WRONG, counted, listed

__all__ = ["BUGS", "Broken", "Bug", "Compared", "broken", "recorded_bugs"]

Gradients = dict[Value, float]
Shares = dict[Value, list[float]]  # by the outputs of the gates
TOLD = 3  # wrong gradients that are told in words
ROUNDING = 1e-9  # relative: sums in another order are no bug


# ---------------------------------------------------------------------------------------------------- broken passes


def _pass(
    circuit: Circuit,
    *,
    left: Mapping[Value, float] | None = None,
    adds: bool = True,
    slopes: Callable[[Step], Sequence[float]] = lambda step: step.locals,
) -> tuple[Gradients, Shares]:
    """Pull gradients back by the chain rule, but for what a bug changes; `left` are gradients of an earlier pass."""
    gradients = dict(left or {})
    gradients[circuit.root.node] = gradients.get(circuit.root.node, 0.0) + 1.0
    shares: Shares = {}
    for step in circuit.backward:
        shares[step.node] = _shared(gradients[step.node], slopes(step))
        for x, share in zip(step.inputs, shares[step.node], strict=True):
            gradients[x] = (gradients.get(x, 0.0) if adds else 0.0) + share
    return gradients, shares


def _shared(upstream: float, slopes: Sequence[float]) -> list[float]:
    return [upstream * slope for slope in slopes]


def _overwriting(circuit: Circuit) -> tuple[Gradients, Shares]:
    return _pass(circuit, adds=False)


def _unordered(circuit: Circuit) -> tuple[Gradients, Shares]:
    """Pull gradients back depth first: a gate passes on what it has as soon as anything has arrived, and only then."""
    waiting = {step.node: step for step in circuit.backward}
    gradients, shares = {circuit.root.node: 1.0}, Shares()
    stack: list[Iterator[tuple[Value, float]]] = []

    def work(step: Step) -> None:
        shares[step.node] = _shared(gradients[step.node], step.locals)
        stack.append(zip(step.inputs, shares[step.node], strict=True))

    if circuit.root.node in waiting:
        work(waiting.pop(circuit.root.node))
    while stack:
        for x, share in stack[-1]:
            gradients[x] = gradients.get(x, 0.0) + share
            if x in waiting:
                work(waiting.pop(x))
                break
        else:
            stack.pop()
    return gradients, shares


def _stale(circuit: Circuit) -> tuple[Gradients, Shares]:
    (first, _), interior = _pass(circuit), [step.node for step in circuit.backward[1:]]
    return _pass(circuit, left={node: first[node] for node in interior})


def _not_zeroed(circuit: Circuit) -> tuple[Gradients, Shares]:
    (first, _), leaves = _pass(circuit), [wire.node for wire in circuit.wires if wire.source is None]
    return _pass(circuit, left={node: first[node] for node in leaves if node is not circuit.root.node})


def _swapping(circuit: Circuit) -> tuple[Gradients, Shares]:
    return _pass(circuit, slopes=lambda step: step.locals[::-1] if step.gate.flow == SWAP else step.locals)


# ---------------------------------------------------------------------------------------------------------- the table


def _no_gate_forks(circuit: Circuit) -> str:
    forks = any(wire.forks for wire in circuit.wires)
    why = "only an input forks here, and an input hands nothing on" if forks else "no wire forks in this graph"
    return f"{why}, so each gate has its whole gradient at once"


@dataclass(frozen=True, slots=True)
class Bug:
    """One way to get a backward pass wrong."""

    name: str
    title: str  # what went wrong, in plain words
    sentence: str  # what the broken pass does
    elsewhere: str  # where people meet it
    run: Callable[[Circuit], tuple[Gradients, Shares]]
    can_show: Callable[[Circuit], bool]  # whether the graph has what this bug spoils …
    lacking: Callable[[Circuit], str]  # … and what is said where it has not


BUGS: dict[str, Bug] = {  # plain ones first: a page opens on the first that shows
    bug.name: bug
    for bug in (
        Bug(
            name="overwrite",
            title="forgets to add at a fork",
            sentence="Each gate assigns its downstream gradient (=) instead of adding it (+=), so where a wire forks "
            "only the branch that comes back last counts.",
            elsewhere="The first version of many an engine has this bug: no test without a fork finds it.",
            run=_overwriting,
            can_show=lambda circuit: any(wire.forks for wire in circuit.wires),
            lacking=lambda _: "this graph has no fork, and where one gradient arrives, to overwrite is to add",
        ),
        Bug(
            name="swap",
            title="mixes up the factors of a product",
            sentence="The local gradients of a product are handed to the wrong inputs: each factor gets its own "
            "value, not the other's.",
            elsewhere="Nothing crashes, and no type gives it away; a gradient check finds it.",
            run=_swapping,
            can_show=lambda circuit: any(box.gate.flow == SWAP for box in circuit.boxes),
            lacking=lambda _: f"no gate of this graph is a {SWAP}",
        ),
        Bug(
            name="zero_grad",
            title="keeps old gradients of the inputs",
            sentence="This is a second pass, and nobody called zero_grad, which sets gradients to zero, after the "
            "first: the inputs keep its gradients, and new ones are added to them.",
            elsewhere="Inputs add up in torch too, on purpose; a training loop without zero_grad follows the sum of "
            "all gradients so far.",
            run=_not_zeroed,
            can_show=lambda circuit: circuit.root.source is not None,
            lacking=lambda _: "no gate of this graph hands a gradient to an input",
        ),
        Bug(
            name="stale",
            title="keeps old gradients inside the graph",
            sentence="This is a second pass, and interior gradients are left from the first; only the inputs were "
            "set to zero in between. So each gate passes the old gradient on with the new one.",
            elsewhere="Engines that keep one gradient per node and never clear it do so when backward() is called "
            "twice on one graph, micrograd among them.",
            run=_stale,
            can_show=lambda circuit: len(circuit.boxes) > 1,
            lacking=lambda _: "no gate of this graph feeds another, so there is no interior gradient to be left",
        ),
        Bug(
            name="order",
            title="passes gradients on too early",
            sentence="There is no topological order, in which a gate waits until all gates that use its output have "
            "handed back: depth first, each gate passes its gradient on as soon as the first part of it arrives, and "
            "what arrives later goes no further.",
            elsewhere="It is what a recursive backward() does that visits each gate once.",
            run=_unordered,
            can_show=lambda circuit: any(wire.forks and wire.source is not None for wire in circuit.wires),
            lacking=_no_gate_forks,
        ),
    )
}


# ------------------------------------------------------------------------------------------------ beside what is right


@dataclass(frozen=True, slots=True)
class Compared:
    """The gradient of one wire by the right pass and by the broken one."""

    name: str
    node: Value
    right: float
    wrong: float
    differs: bool


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Broken:
    """A graph whose gradients a broken pass has computed, beside the right ones; prints as a table."""

    bug: str
    words: str  # what the bug is, where people meet it, and what it does here
    wires: tuple[Compared, ...]  # in the order of the walk
    diagram: Diagram

    @property
    def wrong(self) -> tuple[Compared, ...]:
        """The wires whose gradient comes out wrong."""
        return tuple([wire for wire in self.wires if wire.differs])

    @property
    def svg(self) -> str:
        """The circuit with wrong gradients marked beside the right ones, as the text of an SVG document."""
        return self.diagram.svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture as `Diagram.save` does, and return the path."""
        return self.diagram.save(path)

    def __repr__(self) -> str:
        shown = self.diagram.circuits[0].notation.apart
        rows = [
            (w.name, shown(w.right, w.wrong), shown(w.wrong, w.right), f"{WRONG} wrong" * w.differs) for w in self.wires
        ]
        return "\n".join([*ruled(("wire", "right", f"with {self.bug}", ""), rows, "l..l"), *wrapped(self.words)])

    def _repr_html_(self) -> str:
        return self.diagram._repr_html_()


def broken(f: Value, bug: str = "overwrite") -> Broken:
    """Run a backward pass with a classic bug through the graph of f, and mark the wrong gradients beside the right.

    Bugs: overwrite, swap, zero_grad, stale, order; BUGS has a sentence on each. Where a bug changes nothing on this
    graph, the words say so. No `.grad` is touched. Raises ValueError for an unknown bug, and above 300 gates or 900
    inputs of gates; TypeError for what is no Value; DomainError where a value or a slope does not exist.

        >>> x = Value(3.0, "x")
        >>> [(wire.name, wire.wrong, wire.right) for wire in broken(x * x).wrong]
        [('x', 3.0, 6.0)]
    """
    if bug not in BUGS:
        raise ValueError(f"there is no bug {bug!r}; there is {', '.join(BUGS)}")
    circuit = circuit_of(f)
    wires = _compared(circuit, BUGS[bug])
    words = _words(circuit, BUGS[bug], wires)
    return Broken(bug, " ".join(words), wires, Diagram((_marked(circuit, wires),), caption=words))


def recorded_bugs(circuit: Circuit) -> list[dict[str, Any]]:
    """Return what a script is to know of every bug: its words, its gradients, its part of each branch of a fork.

    The words count the wrong gradients and do not list them: the page shows them all.
    Right gradients are the circuit's own; numbers are as JSON can hold them.
    """
    return [_recorded(circuit, bug) for bug in BUGS.values()]


def _recorded(circuit: Circuit, bug: Bug) -> dict[str, Any]:
    wires, drawn = _compared(circuit, bug), _as_broken(circuit, bug)
    pins = [pin for box in drawn.boxes for pin in box.pins]
    return {
        "name": bug.name,
        "title": f"{bug.title} ({bug.name})",
        "words": " ".join(_words(circuit, bug, wires, told=0)),
        "gradients": [portable(wire.wrong) for wire in wires],
        "differs": [wire.differs for wire in wires],
        "sums": {wire.index: _told_gradient(drawn, wire) for wire in drawn.wires if wire.forks},
        "branches": {pin.index: portable(pin.downstream) for pin in pins if drawn.wires[pin.wire].forks},
    }


def _as_broken(circuit: Circuit, bug: Bug) -> Circuit:
    """Return the circuit with the gradients of a broken pass, and with what its gates handed back."""
    gradients, shares = bug.run(circuit)
    wires = [replace(wire, gradient=gradients.get(wire.node, 0.0)) for wire in circuit.wires]
    boxes = []
    for box in circuit.boxes:
        handed = shares.get(box.step.node, [0.0] * len(box.step.inputs))
        boxes.append(replace(box, pins=tuple([replace(pin, downstream=handed[pin.place]) for pin in box.pins])))
    return replace(circuit, wires=tuple(wires), boxes=tuple(boxes))


def _told_gradient(drawn: Circuit, wire: Wire) -> str:
    """Return what stands under a wire: the sum of its branches only where the broken pass did add them up."""
    shares = [drawn.boxes[box].pins[pin].downstream for box, pin in wire.pins]
    parts = shares if wire.outside is None else [wire.outside, *shares]
    added = _same(wire.gradient, sum(parts), ROUNDING * max(map(abs, parts), default=0.0))
    return gradient_text(drawn, wire if added else replace(wire, pins=(), outside=None))


def _compared(circuit: Circuit, bug: Bug) -> tuple[Compared, ...]:
    (gradients, _), names = bug.run(circuit), Teller.of(circuit, False).names
    tiny = ROUNDING**2 * max([abs(wire.gradient) for wire in circuit.wires if math.isfinite(wire.gradient)], default=0)
    return tuple(
        [
            Compared(names[wire.node], wire.node, wire.gradient, wrong, not _same(wire.gradient, wrong, tiny))
            for wire in circuit.wires
            for wrong in [gradients.get(wire.node, 0.0)]
        ]
    )


def _same(right: float, wrong: float, tiny: float) -> bool:
    both_nan = math.isnan(right) and math.isnan(wrong)
    return both_nan or math.isclose(right, wrong, rel_tol=ROUNDING, abs_tol=tiny)


def _words(circuit: Circuit, bug: Bug, wires: Sequence[Compared], told: int = TOLD) -> tuple[str, str]:
    """Return what the bug is and where people meet it; then what it does to this graph, which may be nothing."""
    what = f"{bug.sentence} {bug.elsewhere}"
    wrong = [wire for wire in wires if wire.differs]
    if not wrong:
        why = (
            "at these numbers the result is the same; others would show it"
            if bug.can_show(circuit)
            else bug.lacking(circuit)
        )
        return what, f"Here the bug is invisible: {why}."
    shown = circuit.notation.apart
    some = [f"{w.name} gets {shown(w.wrong, w.right)} instead of {shown(w.right, w.wrong)}" for w in wrong[:told]]
    more = [f"{len(wrong) - told} more"] * (len(wrong) > told)
    verb = "comes" if len(wrong) == 1 else "come"
    count = f"{len(wrong)} of {counted(len(wires), 'gradient')} {verb} out wrong"
    return what, f"Here {count}: {listed([*some, *more])}." if told else f"Here {count}."


def _marked(circuit: Circuit, wires: Sequence[Compared]) -> Circuit:
    """Return the circuit with a note on each wire whose gradient comes out wrong."""
    shown = circuit.notation.apart
    marked = [
        replace(wire, note=Note(f"{WRONG} wrong {shown(w.wrong, w.right)}", True, f"wrong: {full(w.wrong)}"))
        if w.differs
        else wire
        for wire, w in zip(circuit.wires, wires, strict=True)
    ]
    return replace(circuit, wires=tuple(marked))
