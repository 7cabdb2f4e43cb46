"""Lessons: what a page needs so that its reader can play with a circuit, beside stepping through it.

    program    the circuit as a script runs it: which card each gate has, and where its inputs come from
    card       a gate's rule as JavaScript, printed by running the rule on symbols
    predict    the questions of an exercise     break    the classic bugs     check    the gradient check, edge by edge

Every number is made here, from the recorded steps; but in a what-if, whose point is that inputs get other numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from autograd.gates import Gate
from autograd.symbol import JAVASCRIPT, Language, Symbol, call
from autograd.value import Value
from viz.bugs import recorded_bugs
from viz.checking import checked
from viz.circuit import Circuit
from viz.exercises import NUMBER, THOUSANDS, exercise, near
from viz.narration import STEP, differ
from viz.notation import clipped, portable

__all__ = ["Cards", "lessons_of"]

MOST_ASKED = 100  # gates of a graph that is asked about, broken and checked on its page
LONGEST = 60  # characters of a formula that stands inside another one


@dataclass(frozen=True, slots=True, eq=False)
class _Writer(Language):
    """JavaScript in which what is long gets a name, so that cards of many inputs are as short as their rules."""

    lines: list[str] = field(default_factory=list)

    def write(self, operation: str, *operands: Symbol | float) -> Symbol:
        written = Language.write(self, operation, *operands)
        if len(written.text) <= LONGEST:
            return written
        self.lines.append(f"const t{len(self.lines)} = {written.text};")
        return self.symbol(f"t{len(self.lines) - 1}")

    def spell(self, x: Any) -> str:
        """Return what a rule gave: a symbol, a truth, a number, or several of them."""
        if isinstance(x, tuple):
            return f"[{', '.join(map(self.spell, x))}]"
        if isinstance(x, bool):
            return str(x).lower()
        return str(x if isinstance(x, Symbol) else self.number(x))


# 1 to any power is 1 in Python, but nan to an infinite one in JavaScript: the page has a `power` of its own
TEMPLATES = {**JAVASCRIPT.templates, "pow": call("power", 2)}


def _function(rule: Callable[..., Any], parameters: str, inputs: int, *before: str) -> str:
    """Return the source of a rule as a function of z, perhaps, and of the list x."""
    writer = _Writer("JavaScript", TEMPLATES, JAVASCRIPT.constants)
    text = writer.spell(rule(*map(writer.symbol, before), *[writer.symbol(f"x[{i}]") for i in range(inputs)]))
    return f"({parameters}) => {{ {''.join([f'{line} ' for line in writer.lines])}return {text}; }}"


def _printed(name: str, rule: Callable[..., Any]) -> str:
    """Return a rule of ours as a constant of the script: what both sides need is stated in Python alone."""
    letters = list(signature(rule).parameters)
    return f"const {name} = {_function(rule, ', '.join(letters), 0, *letters)};\n"


def _card(gate: Gate, inputs: int) -> str:
    """Return the source of a card for so many inputs; whatever the rule raises where it cannot be printed."""
    domain = gate.domain
    functions = {
        "forward": _function(gate.forward, "x", inputs),
        "partials": _function(gate.partials, "z, x", inputs, "z"),
        "lacksValue": _function(domain.lacks_value, "x", inputs),
        "lacksSlope": _function(domain.lacks_slope, "x", inputs),
    }
    return "{ " + ", ".join([f"{name}: {source}" for name, source in functions.items()]) + " }"


class Cards:
    """The cards that the circuits of one page use, each printed once for each number of inputs."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.told: list[dict[str, str]] = []
        self._known: dict[tuple[Gate, int], int] = {}
        self.unprinted: str = ""  # the name of a gate that only Python can run

    def add(self, gate: Gate, inputs: int) -> int:
        """Return the number of a card; -1, and its name is kept, where it cannot be printed."""
        key = (gate, inputs)
        if key not in self._known:
            try:
                source = _card(gate, inputs)
            except Exception:  # a user's rule may do with a symbol what no symbol can
                source = ""
            if not source or re.search(r"</|<!", source):
                self.unprinted = gate.name
                return -1
            self._known[key] = len(self.sources)
            self.sources.append(source)
            self.told.append({"needs": gate.domain.needs, "slopeNeeds": gate.domain.slope_needs})
        return self._known[key]

    @property
    def script(self) -> str:
        """The cards as the page's script reads them."""
        cards = "" if self.unprinted else ",\n  ".join(self.sources)
        rules = _printed("near", near) + _printed("slopesDiffer", differ)
        return f'"use strict";\n\nconst CARDS = [\n  {cards}\n];\n{rules}'


def program(circuit: Circuit, leaves: Iterable[Value], cards: Cards) -> dict[str, Any]:
    """Return a circuit as a script runs it: per gate its card and inputs, a wire's number or a constant in a list."""
    index = {wire.node: wire.index for wire in circuit.wires}
    return {
        "cards": [cards.add(box.gate, len(box.step.inputs)) for box in circuit.boxes],
        "inputs": [[index[x] if x in index else [portable(x.data)] for x in box.step.inputs] for box in circuit.boxes],
        "leaves": [index[leaf] for leaf in leaves],
    }


def lessons_of(f: Value, views: Sequence[tuple[Circuit, Mapping[Value, Value]]], cards: Cards) -> dict[str, Any]:
    """Return what the page of f is told; `views` are its circuits, each with what became of the nodes of the first."""
    circuit = views[0][0]
    leaves = [wire.node for wire in circuit.wires if wire.source is None and not wire.node.is_constant]
    found: dict[str, Any] = {}
    if leaves and circuit.boxes:
        programs = [program(shown, [twins.get(leaf, leaf) for leaf in leaves], cards) for shown, twins in views]
        whatif = {"programs": programs, "cards": cards.told, "move": STEP}
        found["whatif"] = {"unprinted": clipped(cards.unprinted)} if cards.unprinted else whatif
    if leaves and 0 < len(circuit.boxes) <= MOST_ASKED:
        number = {"number": NUMBER.pattern, "thousands": THOUSANDS.pattern}
        found["predict"] = exercise(f).recorded() | number
        found["break"] = recorded_bugs(circuit)
        found["check"] = _checks(f, circuit)
    return found


def _checks(f: Value, circuit: Circuit) -> dict[str, Any]:
    """Return the verdict of the gradient check, and what it has to say of each pin."""
    noted, verdict = checked(f, circuit)
    notes = [(box, pin) for box in noted.boxes for pin in box.pins]
    return {
        "verdict": verdict,
        "pins": [
            {
                "gate": box.index,
                "wire": pin.wire,
                "text": pin.note.text,
                "title": pin.note.title,
                "wrong": pin.note.alarm,
            }
            for box, pin in notes
            if pin.note
        ],
    }
