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
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from autograd.gates import FLOWS, Gate
from autograd.graph import Step
from autograd.symbol import ATOM, CHOICE, MATHEMATICS, SUM, Language, Symbol
from autograd.value import Value
from viz import notation
from viz.circuit import Circuit, Wire, circuit_of
from viz.notation import MINUS, Notation, clipped, constant

__all__ = ["aligned", "compare", "plain", "ruled", "story", "table"]

WIDTH = 98  # columns of a terminal
LONGEST_FORM = 26  # characters of a rule, its inputs one letter each: three products and a bias still fit
LONGEST_TITLE = 72
MOST_ARGUMENTS, MOST_SLOPES = 6, 3  # that are listed before … is written
NUDGE = 0.01  # how far the last lines of a story move an input
FINE = Notation([0.5])  # decimals, even where every number of the circuit is whole


def story(f: Value, *, ascii: bool = False) -> str:
    """Tell every step of both passes through the graph of f, in words and numbers, for a terminal of 100 columns.

    With `ascii` nothing but plain ASCII is used. No `.grad` is touched. Raises TypeError for what is no Value, ValueError
    above 300 gates, DomainError where a value or a slope does not exist.
    """
    teller = _Teller.of(f, ascii)
    return "\n".join(
        [
            *_title(teller),
            "",
            f"FORWARD: from the inputs to {teller.root}, each gate computes its value",
            *_forward(teller),
            "",
            f"BACKWARD: from {teller.root} to the inputs, each gate hands back {teller.fit('downstream = upstream × local')}",
            *_backward(teller),
            "",
            f"GRADIENTS: what a small change of one input does to {teller.root}",
            *_closing(teller),
        ]
    )


def table(f: Value, *, full: bool = False, ascii: bool = False) -> str:
    """Return the Wengert list of f: one line per wire with its value (primal), local gradients and gradient (adjoint).

    `full` gives 15 digits, `ascii` plain ASCII; it raises what `story` raises.
    """
    teller = _Teller.of(f, ascii)
    shown = notation.full if full else teller.number
    makers = {step.node: step for step in teller.circuit.backward}
    rows = []
    for wire in teller.circuit.wires:
        step = makers.get(wire.node)
        made = f"= {teller.formula(step)}" if step else "constant" if wire.node.is_constant else "input"
        slopes = _slopes_listed(teller, step, full) if step else ""
        rows.append((teller.names[wire.node], made, shown(wire.value), f" {slopes}", shown(wire.gradient)))
    header = ("wire", "made by", "value", " local gradients", f"∂{teller.root}/∂wire")
    return "\n".join(ruled(header, rows, "ll.l.", ascii=ascii))


def compare(f: Value, g: Value, *, ascii: bool = False) -> str:
    """Return the values of two graphs and their gradients with respect to each input, side by side to 15 digits.

    Inputs are matched by name, and one that a graph lacks has the gradient 0; it raises what `story` raises.
    """
    tellers = [_Teller.of(root, ascii) for root in (f, g)]
    one, other = [_results(teller) for teller in tellers]
    rows = [
        (what, notation.full(x), notation.full(y), f"{abs(x - y):.1g}")
        for what in {**one, **other}
        for x, y in [(one.get(what, 0.0), other.get(what, 0.0))]
    ]
    counts = [_counted(len(teller.circuit.boxes), "gate") for teller in tellers]
    return "\n".join(ruled(("", *counts, "difference"), rows, "l..r", ascii=ascii))


# ------------------------------------------------------------------------------------------- what rules are written in


class _Prose(Language):
    """Mathematics for reading: no number is nan, x^1 is x, 1 · x is x, and numbers are as people type them."""

    def write(self, operation: str, *operands: Symbol | float) -> Any:
        """Return the text of an operation, without what goes without saying."""
        match operation, operands:
            case "isnan", _:
                return False
            case ("or", (x, False)) | ("pow", (x, float(1.0))) | ("mul", (float(1.0), x)):
                return x
        return super().write(operation, *operands)

    def number(self, x: float) -> Symbol:
        """Return a number spelled out."""
        return _Number(constant(x))


class _Number(Symbol):
    """A number, as it is written: no formula of it tells more than it does. A negative one asks for brackets."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        super().__init__(PROSE, text, SUM if text.startswith(MINUS) else ATOM)


class _Name(Symbol):
    """A name: it asks for brackets where it could be read as a formula."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        super().__init__(PROSE, text, ATOM if re.fullmatch(r"[\w.#'′\[\]\\]+", text) else CHOICE)


PROSE = _Prose(MATHEMATICS.name, MATHEMATICS.templates, MATHEMATICS.constants)
UNWRITABLE = (TypeError, AttributeError, KeyError, ValueError)  # from rules of a user's own that take numbers only


def _is_short(form: object) -> bool:
    return len(str(form)) <= LONGEST_FORM


def _formula(gate: Gate, inputs: Sequence[Symbol]) -> Symbol:
    """Return how a gate makes its output: its rule where that is short and no call of itself, else `max(x, y)`."""
    try:
        form = gate.forward(*[_Name("x")] * len(inputs))
        if isinstance(form, Symbol) and _is_short(form) and not form.text.startswith(f"{gate.name}("):
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
    """Return the local gradients as formulas, "" for a mere number; no formula at all where one would be long."""
    try:
        forms = gate.partials(_Name("z"), *[_Name("x")] * len(inputs))
        if all(map(_is_short, forms)):
            slopes = gate.partials(output, *inputs)
            return [s.text if isinstance(s, Symbol) and not isinstance(s, _Number) else "" for s in slopes]
    except UNWRITABLE:
        pass
    return [""] * len(inputs)


# ------------------------------------------------------------------------------------------------------- pieces of text


@dataclass(frozen=True, slots=True, eq=False)
class _Teller:
    """A circuit, what its nodes are called, and how its numbers are written."""

    circuit: Circuit
    names: dict[Value, str]  # of every node, constants too
    ascii: bool
    told: dict[str, str] = field(default_factory=dict)  # in which step a pattern was explained
    arrived: Counter[Value] = field(default_factory=Counter)  # how many branches of a wire have handed back

    @classmethod
    def of(cls, f: Value, ascii: bool) -> _Teller:
        circuit = circuit_of(f)
        return cls(circuit, _names(circuit, ascii), ascii)

    @property
    def root(self) -> str:
        return self.names[self.circuit.root.node]

    @property
    def inputs(self) -> list[Wire]:
        return [wire for wire in self.circuit.wires if wire.source is None and not wire.node.is_constant]

    def fit(self, text: str) -> str:
        return plain(text) if self.ascii else text

    def number(self, x: float) -> str:
        return self.circuit.notation.longer(x)

    def factor(self, x: float) -> str:
        return self.circuit.notation.factor(x, longer=True)

    def symbol(self, node: Value) -> Symbol:
        return _Number(self.names[node]) if node.is_constant else _Name(self.names[node])

    def formula(self, step: Step) -> str:
        return _formula(step.gate, [self.symbol(x) for x in step.inputs]).text

    def in_numbers(self, step: Step) -> str:
        numbers = [
            self.symbol(x) if x.is_constant else _Number(self.number(value))
            for x, value in zip(step.inputs, step.values, strict=True)
        ]
        return _formula(step.gate, numbers).text

    def slopes(self, step: Step) -> list[str]:
        return _slopes(step.gate, self.symbol(step.node), [self.symbol(x) for x in step.inputs])

    def derivative(self, wire: str) -> str:
        return f"∂{self.root}/∂{wire}"

    def effect(self, wire: str, gradient: float) -> str:
        """Return what a small push on a wire does to the root."""
        if math.isnan(gradient):
            return f"nobody knows what raising {wire} does"
        verb = "raises" if gradient > 0 else "lowers" if gradient < 0 else "does not move"
        return f"raising {wire} a little {verb} {self.root}"


def _names(circuit: Circuit, ascii: bool) -> dict[Value, str]:
    """Return a name for every node, on one line, each wire's its own: the second x is x#2."""
    called: dict[Value, str] = {}
    taken: Counter[str] = Counter()
    for wire in circuit.wires:
        name = clipped(wire.name)
        name = name.encode("ascii", "backslashreplace").decode() if ascii else name
        taken[name] += 1
        called[wire.node] = name if taken[name] == 1 else f"{name}#{taken[name]}"
    for x in [x for step in circuit.forward for x in step.inputs]:
        if x.is_constant:
            called[x] = constant(x.data)
    return called


def _counted(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _listed(words: Iterable[str]) -> str:
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} and {last}" if others else last


def _results(teller: _Teller) -> dict[str, float]:
    """Return the value of the root and the gradient of each input, each with what to call it."""
    gradients = {teller.derivative(teller.names[wire.node]): wire.gradient for wire in teller.inputs}
    return {f"value of {teller.root}": teller.circuit.root.value, **gradients}


# ----------------------------------------------------------------------------------------------- the parts of the story


def _title(teller: _Teller) -> list[str]:
    gates, inputs = len(teller.circuit.boxes), teller.inputs
    given = ", ".join([f"{teller.names[wire.node]} = {teller.number(wire.value)}" for wire in inputs])
    counts = f"{_counted(gates, 'gate')}, {_counted(len(inputs), 'input')}{': ' * bool(inputs)}{given}"
    whole = f"{teller.root} = {_whole(teller)}" if gates else f"{teller.root} is no gate's output"
    return [teller.fit(whole), *wrap(teller.fit(counts), WIDTH, subsequent_indent="  ")]


def _whole(teller: _Teller) -> str:
    """Return the root as one formula of the inputs; a part that grows too long is called by its name."""
    forms: dict[Value, Symbol] = {}
    for step in teller.circuit.forward:
        form = _formula(step.gate, [forms[x] if x in forms else teller.symbol(x) for x in step.inputs])
        forms[step.node] = form if len(form.text) <= LONGEST_TITLE else teller.symbol(step.node)
    return forms[step.node].text if forms[step.node] is form else teller.formula(step)


def _forward(teller: _Teller) -> list[str]:
    rows = [
        (f"step {i}", f" {step.gate.name}", f" {_made(teller, step)}")
        for i, step in enumerate(teller.circuit.forward, 1)
    ]
    return aligned(rows, ">ll", indent=2, ascii=teller.ascii)


def _made(teller: _Teller, step: Step) -> str:
    """Return how a gate's output was made: `a = x + y = −2 + 5 = 3`."""
    parts = [teller.names[step.node], teller.formula(step), teller.in_numbers(step), teller.number(step.value)]
    if len(" = ".join(parts)) > WIDTH - 24:
        del parts[2]
    return " = ".join(dict.fromkeys(parts))


def _backward(teller: _Teller) -> Iterator[str]:
    root, steps = teller.root, teller.circuit.backward
    first = len(steps) + 1
    heads = [(f"step {first}", " start", f" {teller.derivative(root)} = 1 is the seed: {root} moves exactly as itself")]
    for i, step in enumerate(steps, first + 1):
        heads.append((f"step {i}", f" {step.gate.name}", f" {teller.names[step.node]} = {teller.formula(step)}"))
    lines = aligned(heads, ">ll", indent=2, ascii=teller.ascii)
    yield lines[0]
    margin = 2 + len(f"step {first + len(steps)}  ")
    for head, line, step in zip(heads[1:], lines[1:], steps, strict=True):
        yield ""
        yield from _flow(teller, step, head[0], line, " " * margin)
        yield from _rows(teller, step, " " * margin)


def _flow(teller: _Teller, step: Step, number: str, line: str, margin: str) -> Iterator[str]:
    """Tell the pattern of gradient flow: in a sentence where it is met first, by its name from then on."""
    flow = step.gate.flow
    if flow in teller.told:
        yield f"{line}   ({flow}, as in {teller.told[flow]})"
        return
    teller.told[flow] = number
    yield line
    sentence = f"{flow.capitalize()}: the {step.gate.name} gate {FLOWS[flow].words}."
    yield from wrap(sentence, WIDTH, initial_indent=margin, subsequent_indent=margin)


def _rows(teller: _Teller, step: Step, margin: str) -> Iterator[str]:
    """Tell what flows back to each input: upstream × local → downstream, and what it comes to at a fork."""
    places = [i for i, x in enumerate(step.inputs) if not x.is_constant]
    slopes = teller.slopes(step)
    cells = [_row(teller, step, i, slopes[i]) for i in places]
    notes = [teller.fit(_note(teller, step, i)) for i in places]
    lines = aligned(cells, "llrll.l.", indent=len(margin), ascii=teller.ascii)
    fits = all(_columns(line) + 3 + _columns(note) <= WIDTH for line, note in zip(lines, notes, strict=True))
    for line, note in zip(lines, notes, strict=True):
        yield f"{line}   {note}" if fits else f"{line}\n{margin}  {note}"
    yield from [f"{margin}{line}" for line in _remarks(teller, step)]


def _row(teller: _Teller, step: Step, place: int, slope: str) -> tuple[str, ...]:
    local = step.locals[place]
    assert step.upstream is not None
    formula = f"{slope} =" if slope and not math.isnan(local) else ""
    return (
        f"to {teller.names[step.inputs[place]]}:",
        " upstream",
        teller.number(step.upstream),
        "× local",
        formula,
        teller.number(local) if formula else teller.factor(local),
        "→ downstream",
        teller.number(step.downstream[place]),
    )


def _note(teller: _Teller, step: Step, place: int) -> str:
    """Return what a push on this input does or, where the input's wire forks, how its gradient grew."""
    node, name = step.inputs[place], teller.names[step.inputs[place]]
    wire = teller.circuit.wire_of(node)
    if wire is None or not wire.forks:
        return teller.effect(name, step.after[place])
    teller.arrived[node] += 1
    before, now = teller.number(step.before[place]), teller.number(step.after[place])
    branch = f"branch {teller.arrived[node]} of {len(wire.pins)}"
    return f"{branch}: {name} was {before}, now {before} + {teller.factor(step.downstream[place])} = {now}"


def _remarks(teller: _Teller, step: Step) -> Iterator[str]:
    """Tell of forks whose last branch has come back, and of constants, to which nothing flows."""
    for node in dict.fromkeys(step.inputs):
        wire = teller.circuit.wire_of(node)
        if wire is not None and wire.forks and teller.arrived[node] == len(wire.pins):
            name = teller.names[node]
            yield f"gradients add where a wire forks: {name} has them all, {teller.effect(name, wire.gradient)}"
    constants = [teller.names[x] for x in step.inputs if x.is_constant]
    if constants:
        verb = "is a constant" if len(set(constants)) == 1 else "are constants"
        yield teller.fit(f"{_listed(constants)} {verb}: no gradient is sent there")


def _closing(teller: _Teller) -> list[str]:
    rows = []
    for wire in teller.inputs:
        name, change = teller.names[wire.node], NUDGE * wire.gradient
        promise = f"raise {name} by {NUDGE} and {teller.root} changes by about {FINE.longer(change)}"
        rows.append((f"{teller.derivative(name)} =", teller.number(wire.gradient), f"  {promise}"))
    last = f"  Moving all inputs a little along their gradients makes {teller.root} larger, against them smaller."
    return [*aligned(rows, "l.l", indent=2, ascii=teller.ascii), last]


def _slopes_listed(teller: _Teller, step: Step, full: bool) -> str:
    """Return the local gradients of a gate on one line: `∂f/∂a = z = −4, ∂f/∂z = a = 3`."""
    shown = notation.full if full else teller.number
    output, formulas = teller.names[step.node], teller.slopes(step)
    listed = []
    for x, formula, local in zip(step.inputs, formulas, step.locals, strict=True):
        if not x.is_constant:
            listed.append(" = ".join(filter(None, [f"∂{output}/∂{teller.names[x]}", formula, shown(local)])))
    return ", ".join(listed if len(listed) <= MOST_SLOPES else [*listed[:MOST_SLOPES], "…"])


# ------------------------------------------------------------------------------------------------------ lines of columns


def aligned(rows: Sequence[Sequence[str]], kinds: str, *, indent: int = 0, ascii: bool = False) -> list[str]:
    """Return rows of cells as lines whose columns stand below each other; a column without text takes no room.

    A character of `kinds` per column says how: l left, r right, `.` by the decimal point, `>` right, as are numbers of
    steps. With `ascii` the cells are made plain first.
    """
    cells = [[plain(cell) if ascii else cell for cell in row] for row in rows]
    columns = [_padded(list(column), kind) for column, kind in zip(zip(*cells, strict=True), kinds, strict=True)]
    kept = [column for column in columns if column[0]]
    return [" " * indent + " ".join(line).rstrip() for line in zip(*kept, strict=True)]


def ruled(header: Sequence[str], rows: Sequence[Sequence[str]], kinds: str, *, ascii: bool = False) -> list[str]:
    """Return a table as lines: its header, a rule, its rows; `kinds` is that of `aligned`."""
    body = [_padded([plain(c) if ascii else c for c in column], kind) for column, kind in zip(zip(*rows, strict=True), kinds)]
    top = [plain(cell) if ascii else cell for cell in header]
    columns = [_padded([title, *column], "l" if kind == "l" else "r") for title, column, kind in zip(top, body, kinds)]
    lines = ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]
    rule = "  ".join(["─" * _columns(column[0]) for column in columns])
    return [lines[0], plain(rule) if ascii else rule, *lines[1:]]


def _padded(cells: list[str], kind: str) -> list[str]:
    """Return the cells of a column, all equally wide."""
    if kind == ".":
        tails = [_columns(cell[cell.find(".") :]) if "." in cell else 0 for cell in cells]
        cells = [cell + " " * (max(tails) - tail) for cell, tail in zip(cells, tails, strict=True)]
    width = max(map(_columns, cells))
    return [f"{cell}{_room(cell, width)}" if kind == "l" else f"{_room(cell, width)}{cell}" for cell in cells]


def _room(cell: str, width: int) -> str:
    return " " * (width - _columns(cell))


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: two per wide character, none per accent of its own."""
    if text.isascii():
        return len(text)
    return sum([0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text])


# ------------------------------------------------------------------------------------------------------- plain ASCII

SPELLINGS = str.maketrans(
    {
        **{"×": "*", "·": "*", "÷": "/", "−": "-", "→": "->", "∂": "d", "…": "...", "─": "-", "∞": "inf"},
        **{"≤": "<=", "≥": ">=", "√": "sqrt", "σ": "sigmoid", "Σ": "sum", "′": "'", "◂": "<"},
        **{superscript: digit for superscript, digit in zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True)},
    }
)


def plain(text: str) -> str:
    """Return a text in plain ASCII: signs spelled as people type them, anything else as a backslash escape."""
    powers = re.sub(r"(?<=\w)(?=[⁻⁰¹²³⁴-⁹])(?<![⁻⁰¹²³⁴-⁹])", "^", text)
    return powers.translate(SPELLINGS).encode("ascii", "backslashreplace").decode()
