"""The story of a computational graph for a terminal: every step of both passes, in words and numbers.

    name        what a wire is called: its label, made fit for a terminal, or the letter it was given
    formula     how a wire is made: the rule on its card, run on the names of the inputs (`x + y`)
    in numbers  the same rule, run on their numbers (`−2 + 5`)
    slope       a local gradient, found the same way (`z`, `(1 − s) · s`)

Every sentence is put together from the circuit, its steps and the cards; nothing here knows a gate by name.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from textwrap import wrap
from typing import Any

from autograd.gates import FLOWS, Gate
from autograd.graph import Step
from autograd.symbol import ATOM, CHOICE, MATHEMATICS, SUM, Language, Symbol
from autograd.value import Value
from viz.circuit import Circuit, Wire, circuit_of
from viz.notation import MINUS, Notation, clipped, constant, full

__all__ = ["aligned", "compare", "plain", "story", "table"]

WIDTH = 98  # columns of a terminal
LONGEST_FORM = 26  # characters of a rule, its inputs one letter each: three products and a bias still fit
LONGEST_TITLE = 72
MOST_ARGUMENTS = 6
NUDGE = 0.01  # how far the last lines move an input
MARGIN = "  "


def story(f: Value, *, ascii: bool = False) -> str:
    """Tell every step of both passes through the graph of f, in words and numbers, for a terminal of 100 columns.

    At every gate downstream = upstream × local. With `ascii` nothing but plain ASCII is used. No `.grad` is touched.
    Raises TypeError for what is no Value, ValueError above 300 gates, DomainError where a value or slope does not exist.
    """
    return _Teller.of(f, ascii).story()


def table(f: Value, *, full: bool = False, ascii: bool = False) -> str:
    """Return the Wengert list of f: one line per wire with its value (primal), local gradients and gradient (adjoint).

    `full` gives 15 digits, `ascii` plain ASCII; what it raises is what `story` raises.
    """
    return _Teller.of(f, ascii).table(full)


def compare(f: Value, g: Value, *, ascii: bool = False) -> str:
    """Return the values of two graphs, and their gradients with respect to each input, side by side to 15 digits.

    Inputs are matched by name; two graphs of one function agree in every line.
    """
    tellers = [_Teller.of(root, ascii) for root in (f, g)]
    results = [teller.results() for teller in tellers]
    rows = [(what, *(result.get(what, "") for result in results)) for what in {**results[0], **results[1]}]
    counts = [f"{len(teller.circuit.boxes)} gates" for teller in tellers]
    return tellers[0].finish(_ruled(("", *counts), rows, "l.."))


# ------------------------------------------------------------------------------------------- what rules are written in


class _Prose(Language):
    """Mathematics for reading: no number is nan, x^1 is x, 1 · x is x, and numbers are as people type them."""

    def write(self, operation: str, *operands: Symbol | float) -> Any:
        """Return the text of an operation, without what goes without saying."""
        if operation == "isnan":
            return False
        match operation, operands:
            case ("or", (x, False)) | ("pow", (x, float(1.0))) | ("mul", (float(1.0), x)):
                return x
        return super().write(operation, *operands)

    def number(self, x: float) -> Symbol:
        """Return a number; a negative one asks for brackets after an operator."""
        return _written(constant(x))


def _written(number: str) -> Symbol:
    return Symbol(PROSE, number, SUM if number.startswith(MINUS) else ATOM)


PROSE = _Prose(MATHEMATICS.name, MATHEMATICS.templates, MATHEMATICS.constants)
UNWRITABLE = (TypeError, AttributeError, KeyError, ValueError)  # what a rule raises that cannot be run on symbols


def _named(name: str) -> Symbol:
    """Return a name as an operand: in brackets wherever it could be read as a formula."""
    return Symbol(PROSE, name, ATOM if re.fullmatch(r"[\w.#'′\[\]\\]+", name) else CHOICE)


def _is_short(form: object) -> bool:
    return len(str(form)) <= LONGEST_FORM


def _formula(gate: Gate, inputs: Sequence[Symbol]) -> Symbol:
    """Return how a gate makes its output: its rule where that is short, else a call: `max(x, y)`."""
    try:
        form = gate.forward(*[PROSE.symbol("x")] * len(inputs))
        if isinstance(form, Symbol) and _is_short(form) and not str(form).startswith(f"{gate.name}("):
            return gate.forward(*inputs)  # type: ignore[no-any-return]
    except UNWRITABLE:
        pass
    return _call(gate, inputs)


def _call(gate: Gate, inputs: Sequence[Symbol]) -> Symbol:
    arguments = [*map(str, inputs), *([constant(gate.parameter)] if gate.family else [])]
    if len(arguments) > MOST_ARGUMENTS:
        arguments[3:-1] = ["…"]
    return PROSE.symbol(f"{gate.family or gate.name}({', '.join(arguments)})")


def _slopes(gate: Gate, output: Symbol, inputs: Sequence[Symbol]) -> list[str]:
    """Return the local gradients as formulas, "" for a mere number; none of them where one would be long."""
    try:
        forms = gate.partials(PROSE.symbol("z"), *[PROSE.symbol("x")] * len(inputs))
        if all(map(_is_short, forms)):
            slopes = gate.partials(output, *inputs)
            numbers = [x for x in inputs if x.text.lstrip(MINUS)[:1].isdigit()]
            return [str(s) if isinstance(s, Symbol) and not any(s is x for x in numbers) else "" for s in slopes]
    except UNWRITABLE:
        pass
    return [""] * len(inputs)
