"""Formulas as small trees: how a gate makes its output, and its slopes, ready for whatever they are written in.

    form    a piece of a formula: a name, a number, a call of a gate, or an operation on other forms
    text    how a form reads on one line: `1 / (1 + exp(−x))`; `viz.mathml` typesets the same form

A card prints itself: its rule is run on forms as if they were numbers. What is too long to read, and what goes without
saying, is decided here and nowhere else; nothing here knows a gate by name.

    >>> from autograd.gates import GATES
    >>> x, y, z = Name("x"), Name("y"), Name("z")
    >>> str(rule(GATES["div"], [x, y])), [str(slope) for slope in slopes(GATES["div"], z, [x, y])]
    ('x / y', ['1 / y', '−z / y'])
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from autograd.gates import Gate
from autograd.symbol import ATOM, CHOICE, MATHEMATICS, SUM, Language, Symbol
from viz.notation import MINUS, constant

__all__ = ["GAP", "Call", "Form", "Name", "Number", "explained", "is_word", "rule", "slopes", "spelled_out"]

LONGEST_RULE = 26  # characters, its inputs one letter each: three products and a bias still fit
LONGEST = 40  # characters of a slope that is written out
LONGEST_SPELLED = 32  # the same, of a slope in which the gate's own output is written out
MOST_ARGUMENTS = 6  # that a call lists before it leaves some out
WORD = re.compile(r"[\w.#'′\[\]\\…]+")
UNWRITABLE = (TypeError, AttributeError, KeyError, ValueError)  # from rules of a user's own that take numbers only


# ----------------------------------------------------------------------------------------------- what trees are made of


class _Formulas(Language):
    """Mathematics for reading: no number is nan, x^1 is x, 1 · x is x, and numbers are as people type them."""

    def write(self, operation: str, *operands: Symbol | float) -> Any:
        """Return the form of an operation, without what goes without saying."""
        match operation, operands:
            case "isnan", _:
                return False
            case ("or", (x, False)) | ("pow", (x, float(1.0))) | ("mul", (float(1.0), x)):
                return x
        forms = [x if isinstance(x, Symbol) else self.number(x) for x in operands]
        written = super().write(operation, *forms)
        return Form(written.text, written.binding, operation, forms)

    def number(self, x: float) -> Symbol:
        """Return a number spelled out."""
        return Number(constant(x))


FORMULAS = _Formulas(MATHEMATICS.name, MATHEMATICS.templates, MATHEMATICS.constants)


class Form(Symbol):
    """An operation of the symbols' language on other forms; one without an operation has nothing in it."""

    __slots__ = ("operands", "operation")

    def __init__(self, text: str, binding: int, operation: str = "", operands: Sequence[Any] = ()) -> None:
        super().__init__(FORMULAS, text, binding)
        self.operation, self.operands = operation, operands

    def fitted(self, need: int) -> str:
        """Return the text, in brackets where it binds less strongly than it must."""
        return self.text if self.binding >= need else f"({self.text})"


class Number(Form):
    """A number, as it is written: no formula of it tells more than it does. A negative one asks for brackets."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        super().__init__(text, SUM if text.startswith(MINUS) else ATOM)


class Name(Form):
    """A name: it asks for brackets where it could be read as a formula."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        super().__init__(text, ATOM if is_word(text) else CHOICE)


class Call(Form):
    """A gate called by its name, `max(x, y)`: for a rule that is too long to read, or is such a call itself."""

    __slots__ = ("gate",)

    def __init__(self, gate: Gate, inputs: Sequence[Form]) -> None:
        arguments = [*inputs, *([Number(constant(gate.parameter))] if gate.family else [])]
        if len(arguments) > MOST_ARGUMENTS:
            arguments[3:-1] = [GAP]
        super().__init__(f"{gate.family or gate.name}({', '.join(map(str, arguments))})", ATOM, operands=arguments)
        self.gate = gate


GAP = Form("…", ATOM)  # stands for what is left out


def is_word(text: str) -> bool:
    """Tell whether a name can stand in a formula, or a sentence, without brackets."""
    return WORD.fullmatch(text) is not None


# ------------------------------------------------------------------------------------------------------ what cards say


def rule(gate: Gate, inputs: Sequence[Form]) -> Form:
    """Return how a gate makes its output: its rule where that is short and no call of itself, else `max(x, y)`."""
    try:
        form = gate.forward(*[Name("x")] * len(inputs))
        nested = len(inputs) > 1 and str(form).startswith(f"{gate.name}(")  # max(max(x, y), z)
        if isinstance(form, Form) and _is_short(form) and not nested:
            return gate.forward(*inputs)  # type: ignore[no-any-return]
    except UNWRITABLE:
        pass
    return Call(gate, inputs)


def slopes(gate: Gate, output: Form, inputs: Sequence[Form], *, bare: bool = False) -> list[Form | None]:
    """Return the local gradients as formulas, None for a mere number, unless `bare` ones are asked for too.

    There is no formula at all where one would be long.
    """
    try:
        if all(map(_is_short, gate.partials(Name("z"), *[Name("x")] * len(inputs)))):
            forms = gate.partials(output, *inputs)
            return [x if isinstance(x, Form) and (bare or not isinstance(x, Number)) else None for x in forms]
    except UNWRITABLE:
        pass
    return [None] * len(inputs)


def spelled_out(gate: Gate, output: Form, inputs: Sequence[Form]) -> list[Form | None]:
    """Return the local gradients that name the gate's own output, its rule in place of the name; None for the others.

    >>> from autograd.gates import GATES
    >>> str(slopes(GATES["reciprocal"], Name("f"), [Name("m")])[0])
    '−f · f'
    >>> str(spelled_out(GATES["reciprocal"], Name("f"), [Name("m")])[0])
    '−(1 / m) · (1 / m)'
    """
    rules = [rule(gate, xs) for xs in (inputs, [Name("x")] * len(inputs))]
    named, spelled, sample = [
        slopes(gate, z, xs) for z, xs in ((output, inputs), (rules[0], inputs), (rules[1], [Name("x")] * len(inputs)))
    ]
    return [
        form if form is not None and str(form) != str(name) and len(str(short)) <= LONGEST_SPELLED else None
        for name, form, short in zip(named, spelled, sample, strict=True)
    ]


def explained(gate: Gate, named: tuple[Form, Sequence[Form]], numbers: tuple[Form, Sequence[Form]]) -> list[list[Form]]:
    """Return per input how its local gradient is written: in names, with the output's rule written out, in numbers.

    `named` and `numbers` are the output and the inputs. What says the same again is left out, and what is long; there
    is nothing where the slope is a mere number. The last form is not worked out.
    """
    found = []
    for chain in zip(slopes(gate, *named), spelled_out(gate, *named), slopes(gate, *numbers, bare=True), strict=True):
        forms = [] if chain[0] is None else [form for form in chain if form is not None and len(str(form)) <= LONGEST]
        found.append(list({str(form): form for form in forms}.values()))
    return found


def _is_short(form: object) -> bool:
    return len(str(form)) <= LONGEST_RULE
