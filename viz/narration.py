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
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from textwrap import wrap
from typing import Any

from autograd.diagnosis import diagnose
from autograd.elementary import maximum
from autograd.gates import FLOWS
from autograd.graph import Step
from autograd.symbol import ATOM, PRODUCT
from autograd.value import Value
from viz import notation
from viz.circuit import Circuit, Wire, circuit_of
from viz.formula import Form, Name, Number, explained, rule, slopes
from viz.notation import Notation, clipped, constant
from viz.words import SENTENCES, constants_told, counted, listed

__all__ = [
    "SPELLINGS",
    "STEP",
    "Teller",
    "aligned",
    "at_kink",
    "compare",
    "derivative",
    "differ",
    "effect",
    "kinked",
    "made",
    "overflows",
    "plain",
    "ruled",
    "story",
    "table",
    "wrapped",
]

WIDTH = 100  # columns of a terminal
LONGEST_TITLE = 72
MOST_SLOPES, MOST_LETTERS = 3, 8  # that are listed before … is written
MARGIN = " " * 6  # of what is told about one step
TIE = "\N{NO-BREAK SPACE}"
NUDGE = 0.01  # how far the last lines of a story move an input
FINE = Notation([0.5])  # decimals, even where every number of the circuit is whole


def story(f: Value, *, ascii: bool = False) -> str:
    """Tell every step of both passes through the graph of f, in words and numbers, for a terminal of 100 columns.

    With `ascii` nothing but plain ASCII is used. No `.grad` is touched. Raises TypeError for what is no Value,
    ValueError above 300 gates or 900 inputs of gates, DomainError where a value or a slope does not exist.

        >>> x, y = Value(3.0, "x"), Value(-4.0, "y")
        >>> print(story(x * y))
        f = x · y
        1 gate, 2 inputs: x = 3, y = −4
        <BLANKLINE>
        FORWARD: from the inputs to f, each gate computes its value
          step 1  mul  f = x · y = 3 · (−4) = −12
        <BLANKLINE>
        BACKWARD: from f to the inputs, each gate hands back downstream = upstream × local
          step 2  start  ∂f/∂f = 1   the seed: f moves one for one with itself
          step 3  mul    f = x · y
              Swap multiplier: the mul gate hands each input the upstream gradient times the other input's
              value.
              to x:  upstream 1 × local y = −4 → downstream −4   a little more x lowers f
              to y:  upstream 1 × local x =  3 → downstream  3   a little more y raises f
        <BLANKLINE>
        GRADIENTS: what a small change of one input does to f
          ∂f/∂x = −4   raise x by 0.01 and f moves by about −0.04
          ∂f/∂y =  3   raise y by 0.01 and f moves by about 0.03
          Moving all inputs a little along their gradients makes f larger, against them smaller.
    """
    teller = Teller.of(f, ascii)
    root, chain_rule = teller.root, teller.fit("downstream = upstream × local")
    return "\n".join(
        [
            *_title(teller),
            "",
            f"FORWARD: from the inputs to {root}, each gate computes its value",
            *_forward(teller),
            "",
            f"BACKWARD: from {root} to the inputs, each gate hands back {chain_rule}",
            *_backward(teller),
            "",
            f"GRADIENTS: what a small change of one input does to {root}",
            *_closing(teller),
        ]
    )


def table(f: Value | Circuit, *, full: bool = False, ascii: bool = False) -> str:
    """Return the Wengert list of f: a line per wire with its value (primal), local gradients and gradient (adjoint).

    `full` gives 15 digits, `ascii` plain ASCII; it raises what `story` raises. A circuit is told as it was recorded.

        >>> x, y = Value(3.0, "x"), Value(-4.0, "y")
        >>> print(table(x * y))
        wire  made by  value  local gradients                ∂f/∂wire
        ────  ───────  ─────  ─────────────────────────────  ────────
        x     input        3                                       −4
        y     input       −4                                        3
        f     = x · y    −12  ∂f/∂x = y = −4, ∂f/∂y = x = 3         1
    """
    teller = Teller.of(f, ascii)
    shown = notation.full if full else teller.number
    makers = {step.node: step for step in teller.circuit.backward}
    rows = []
    for wire in teller.circuit.wires:
        step = makers.get(wire.node)
        made = f"= {teller.formula(step)}" if step else "constant" if wire.node.is_constant else "input"
        slopes = _slopes_listed(teller, step, full) if step else ""
        rows.append((teller.names[wire.node], made, shown(wire.value), slopes, shown(wire.gradient)))
    header = ("wire", "made by", "value", "local gradients", derivative(teller.root, "wire"))
    return "\n".join(ruled(header, rows, "ll.l.", ascii=ascii))


def compare(f: Value, g: Value, *, ascii: bool = False) -> str:
    """Return the values of two graphs and their gradients with respect to each input, side by side to 15 digits.

    Inputs are matched by name, and one that a graph lacks has the gradient 0; it raises what `story` raises.
    """
    tellers = [Teller.of(root, ascii) for root in (f, g)]
    one, other = [_results(teller) for teller in tellers]
    rows = [
        (what, notation.full(x), notation.full(y), notation.full(float(f"{abs(x - y):.1g}")))
        for what in {**one, **other}
        for x, y in [(one.get(what, 0.0), other.get(what, 0.0))]
    ]
    counts = [counted(len(teller.circuit.boxes), "gate") for teller in tellers]
    return "\n".join(ruled(("", *counts, "difference"), rows, "l..r", ascii=ascii))


# ------------------------------------------------------------------------------- where one slope is not the whole truth

STEP = 1e-7  # how far an input is moved, in units of itself where that is less


def overflows(step: Step) -> bool:
    """Tell whether a gate makes an infinity of finite numbers."""
    return math.isinf(step.value) and all(map(math.isfinite, step.values))


def at_kink(step: Step, place: int) -> bool:
    """Tell whether a gate's output, by its own card, bends or jumps where this input stands: its two slopes differ."""
    x = step.values[place]
    move = STEP * min(1.0, abs(x) or 1.0)

    def slope(move: float) -> float:
        # max(x, x) has no kink: where a gate takes a wire twice, both move
        xs = [y + move * (node is step.inputs[place]) for node, y in zip(step.inputs, step.values, strict=True)]
        return math.nan if step.gate.domain.lacks_value(*xs) else (float(step.gate.forward(*xs)) - step.value) / move

    try:
        left, right = slope(-move), slope(move)
    except (ValueError, ArithmeticError):  # from a gate of a user's own
        return False
    return bool(differ(left, right, step.value, x, move))


def differ(left: Any, right: Any, z: Any, x: Any, move: Any) -> Any:
    """Tell whether the slopes on the two sides of x differ by more than the rounding of z; on symbols it prints itself.

    They were found by moving x by so much to either side.
    """
    steepest = maximum(abs(left), abs(right))
    rounding = 8 * sys.float_info.epsilon * (abs(z) + abs(x) * steepest) / move
    return abs(left - right) > 0.01 * steepest + 0.001 + rounding


def kinked(circuit: Circuit) -> set[Value]:
    """Return the nodes on whose way to the root a kink lies: what is said of a small change there is half the truth."""
    found: set[Value] = set()
    for step in circuit.backward:
        for place, x in enumerate(step.inputs):
            if at_kink(step, place) or (step.node in found and step.locals[place]):
                found.add(x)
    return found


def effect(gradient: float, in_doubt: bool) -> str:
    """Return which of SENTENCES tells what a small push on a wire does, in doubt because of a kink."""
    if math.isnan(gradient):
        return "unknown"
    return "kinked" if in_doubt else "raises" if gradient > 0 else "lowers" if gradient < 0 else "keeps"


# ------------------------------------------------------------------------------------------------------- pieces of text


@dataclass(frozen=True, slots=True, eq=False)
class Teller:
    """A circuit, what its nodes are called, and how its numbers are written."""

    circuit: Circuit
    names: dict[Value, str]  # of every node, constants too
    ascii: bool
    kinked: set[Value]
    told: dict[str, str] = field(default_factory=dict)  # in which step a pattern was explained
    arrived: Counter[Value] = field(default_factory=Counter)  # how many branches of a wire have handed back

    @classmethod
    def of(cls, f: Value | Circuit, ascii: bool) -> Teller:
        """Return the teller of a graph, or of a circuit as it was recorded."""
        circuit = f if isinstance(f, Circuit) else circuit_of(f)
        return cls(circuit, _names(circuit, ascii), ascii, kinked(circuit))

    @property
    def root(self) -> str:
        """The name of the output."""
        return self.names[self.circuit.root.node]

    def said(self, node: Value) -> str:
        """Return a name as it stands in a sentence: in brackets where it has a space in it."""
        name = self.names[node]
        return f"({name})" if " " in name else name

    @property
    def inputs(self) -> list[Wire]:
        """The wires of the leaves that are no constants."""
        return [wire for wire in self.circuit.wires if wire.source is None and not wire.node.is_constant]

    def fit(self, text: str) -> str:
        """Return a text, in plain ASCII where that is asked for."""
        return plain(text) if self.ascii else text

    def number(self, x: float) -> str:
        """Return a number with the digits of a story."""
        return self.circuit.notation.longer(x)

    def factor(self, x: float) -> str:
        """Return a number as it stands after a multiplication sign."""
        return self.circuit.notation.factor(x, longer=True)

    def symbol(self, node: Value) -> Form:
        """Return what a node is called in a formula."""
        return Number(self.names[node]) if node.is_constant else Name(self.names[node])

    def formula(self, step: Step) -> str:
        """Return how a gate makes its output, in names."""
        return rule(step.gate, [self.symbol(x) for x in step.inputs]).text

    def in_numbers(self, step: Step) -> str:
        """Return how a gate makes its output, in numbers."""
        return rule(step.gate, self._numbers(step)).text

    def _numbers(self, step: Step) -> list[Form]:
        return [
            Number(self.circuit.notation.operand(x.data) if x.is_constant else self.number(value))
            for x, value in zip(step.inputs, step.values, strict=True)
        ]

    def slopes(self, step: Step) -> list[Form | None]:
        """Return the local gradients of a gate as formulas; None for a mere number."""
        return slopes(step.gate, self.symbol(step.node), [self.symbol(x) for x in step.inputs])

    def explained(self, step: Step) -> list[list[Form]]:
        """Return per input how its local gradient is written, in names and then in numbers; nothing for a number."""
        named = (self.symbol(step.node), [self.symbol(x) for x in step.inputs])
        return explained(step.gate, named, (Number(self.number(step.value)), self._numbers(step)))

    def derivative(self, node: Value) -> str:
        """Return the gradient of a wire as people write it: ∂f/∂x."""
        return derivative(self.root, self.names[node])

    def say(self, key: str, **holes: object) -> str:
        """Return one of SENTENCES, its holes filled."""
        return SENTENCES[key].format(root=self.said(self.circuit.root.node), **holes)

    def effect(self, node: Value, gradient: float) -> str:
        """Return what a small push on a wire does to the root."""
        return self.say(effect(gradient, node in self.kinked), wire=self.said(node))


def _names(circuit: Circuit, ascii: bool) -> dict[Value, str]:
    """Return a name for every node, on one line, each wire's its own: the second x is x#2."""
    called: dict[Value, str] = {}
    taken: set[str] = set()
    for wire in circuit.wires:
        name = clipped(wire.name)
        name = name.encode("ascii", "backslashreplace").decode() if ascii else name
        numbered = (f"{name}#{i}" for i in count(2))
        called[wire.node] = next(free for free in chain([name], numbered) if free not in taken)
        taken.add(called[wire.node])
    for x in [x for step in circuit.forward for x in step.inputs]:
        if x.is_constant:
            called[x] = constant(x.data)
    return called


def derivative(output: str, wire: str) -> str:
    """Return ∂output/∂wire, names that could be read as a formula in brackets."""
    return f"∂{Name(output).fitted(ATOM)}/∂{Name(wire).fitted(ATOM)}"


def _results(teller: Teller) -> dict[str, float]:
    """Return the value of the root and the gradient of each input, each with what to call it."""
    gradients = {teller.derivative(wire.node): wire.gradient for wire in teller.inputs}
    return {f"value of {teller.root}": teller.circuit.root.value, **gradients}


# ----------------------------------------------------------------------------------------------- the parts of the story


def _title(teller: Teller) -> list[str]:
    gates, inputs = len(teller.circuit.boxes), teller.inputs
    given = ", ".join([f"{teller.names[wire.node]}{TIE}={TIE}{teller.number(wire.value)}" for wire in inputs])
    counts = f"{counted(gates, 'gate')}, {counted(len(inputs), 'input')}{': ' * bool(inputs)}{given}"
    whole = f"{teller.root} = {_whole(teller)}" if gates else f"{teller.root}, which no gate made"
    lines = [line for text in (counts, *_key(teller)) for line in wrapped(text)]
    return [teller.fit(line.replace(TIE, " ")) for line in (whole, *lines)]


def wrapped(text: str) -> list[str]:
    """Return a text as lines of a terminal."""
    return wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def _key(teller: Teller) -> Iterator[str]:
    """Tell what a reader may stumble over: names that nobody gave, and numbers that a picture writes shorter."""
    *wires, _ = teller.circuit.wires
    letters = [teller.names[wire.node] for wire in wires if not (wire.node.label or wire.node.is_constant)]
    if letters:
        named = listed(letters if len(letters) <= MOST_LETTERS else [*letters[:2], "…", letters[-1]])
        yield teller.say("unlabelled", wires=named, named="is a name" if len(letters) == 1 else "are names")
    if any(teller.number(x) != teller.circuit.notation.short(x) for x in _numbers(teller.circuit)):
        yield teller.say("digits")


def _numbers(circuit: Circuit) -> Iterator[float]:
    for step in circuit.backward:
        yield from (step.value, *step.values, *step.locals, *step.downstream)


def _whole(teller: Teller) -> str:
    """Return the root as one formula of the inputs; a part that grows too long is called by its name."""
    forms: dict[Value, Form] = {}
    for step in teller.circuit.forward:
        form = rule(step.gate, [forms[x] if x in forms else teller.symbol(x) for x in step.inputs])
        forms[step.node] = form if len(form.text) <= LONGEST_TITLE else teller.symbol(step.node)
    return forms[step.node].text if forms[step.node] is form else teller.formula(step)


def _forward(teller: Teller) -> list[str]:
    rows = [
        (f"step {i}", f" {step.gate.name}", f" {made(teller, step)}")
        for i, step in enumerate(teller.circuit.forward, 1)
    ]
    return aligned(rows, "rll", indent=2, ascii=teller.ascii) or [f"  {teller.root} is given: there is nothing to do"]


def made(teller: Teller, step: Step) -> str:
    """Return how a gate's output was made: `a = x + y = −2 + 5 = 3`."""
    parts = [teller.names[step.node], teller.formula(step), teller.in_numbers(step), teller.number(step.value)]
    if len(" = ".join(parts)) > WIDTH - 24:
        del parts[2]
    return " = ".join(dict.fromkeys(parts)) + f" ({teller.say('overflow')})" * overflows(step)


def _backward(teller: Teller) -> Iterator[str]:
    steps, start = teller.circuit.backward, len(teller.circuit.forward) + 1
    numbers = [f"step {i}" for i in range(start, start + len(steps) + 1)]
    seed = f" {teller.derivative(teller.circuit.root.node)} = 1   the seed: {teller.say('grows')}"
    made = [(f" {step.gate.name}", f" {teller.names[step.node]} = {teller.formula(step)}") for step in steps]
    heads = zip(numbers, [(" start", seed), *made], strict=True)
    first, *lines = aligned([(number, *words) for number, words in heads], "rll", indent=2, ascii=teller.ascii)
    yield first
    for number, line, step in zip(numbers[1:], lines, steps, strict=True):
        yield from _flow(teller, step, number, line)
        yield from _rows(teller, step)


def _flow(teller: Teller, step: Step, number: str, line: str) -> Iterator[str]:
    """Tell the pattern of gradient flow: in a sentence where it is met first, by its name from then on."""
    flow = step.gate.flow
    if flow in teller.told:
        yield f"{line}   ({flow}, as in {teller.told[flow]})"
        return
    teller.told[flow] = number
    yield line
    sentence = f"{flow.capitalize()}: the {step.gate.name} gate {FLOWS[flow].words}."
    yield from wrap(sentence, WIDTH, initial_indent=MARGIN, subsequent_indent=MARGIN)


def _rows(teller: Teller, step: Step) -> Iterator[str]:
    """Tell what flows back to each input: upstream × local → downstream, and what it comes to at a fork."""
    places = [i for i, x in enumerate(step.inputs) if not x.is_constant]
    slopes = teller.slopes(step)
    cells = [_row(teller, step, i, slopes[i]) for i in places]
    notes = [teller.fit(_note(teller, step, i)) for i in places]
    lines = aligned(cells, "llrll.l.", indent=len(MARGIN), ascii=teller.ascii)
    yield from map(_beside, lines, notes)
    yield from [f"{MARGIN}{line}" for line in _remarks(teller, step)]


def _beside(line: str, note: str) -> str:
    """Return a line with a note after it, on a line of its own where there is no room."""
    return f"{line}   {note}" if _width(line) + 3 + _width(note) <= WIDTH else f"{line}\n{MARGIN}  {note}"


def _row(teller: Teller, step: Step, place: int, slope: Form | None) -> tuple[str, ...]:
    local = step.locals[place]
    assert step.upstream is not None
    formula = "" if slope is None or math.isnan(local) else f"{slope.fitted(PRODUCT)} ="
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


def _note(teller: Teller, step: Step, place: int) -> str:
    """Return what a push on this input does or, where the input's wire forks, how its gradient grew."""
    node = step.inputs[place]
    wire = teller.circuit.wire_of(node)
    downstream = step.downstream[place]
    if wire is None or not wire.forks:
        if at_kink(step, place):
            return teller.say("kink", wire=teller.said(node), downstream=teller.number(downstream))
        return teller.effect(node, step.after[place])
    teller.arrived[node] += 1
    before, now = teller.number(step.before[place]), teller.number(step.after[place])
    return teller.say(
        "branch",
        branch=teller.arrived[node],
        branches=len(wire.pins),
        derivative=teller.derivative(node),
        before=before,
        downstream=teller.factor(downstream),
        after=now,
    )


def _remarks(teller: Teller, step: Step) -> Iterator[str]:
    """Tell of forks whose last branch has come back, and of constants, to which nothing flows."""
    for node in dict.fromkeys(step.inputs):
        wire = teller.circuit.wire_of(node)
        if wire is not None and wire.forks and teller.arrived[node] == len(wire.pins):
            name, branches = teller.said(node), len(wire.pins)
            yield f"{name} forks: its {branches} gradients are added up now, and {teller.effect(node, wire.gradient)}"
    told = constants_told([teller.names[x] for x in step.inputs if x.is_constant])
    if told:
        yield teller.fit(told)


def _closing(teller: Teller) -> list[str]:
    rows = [
        (f"{teller.derivative(w.node)} =", teller.number(w.gradient), f"  {_promise(teller, w)}") for w in teller.inputs
    ]
    lines = aligned(rows, "l.l", indent=2, ascii=teller.ascii)
    smooth = teller.kinked.isdisjoint([w.node for w in teller.inputs])
    finite = all(math.isfinite(wire.gradient) for wire in teller.inputs)
    moral = _birth(teller) if not finite else teller.say("closing") if smooth else ""
    told = [f"  {line}" for line in wrapped(teller.fit(moral))]
    return [*lines, *told] if rows else ["  there is no input to change"]


def _birth(teller: Teller) -> str:
    """Return in which step a number first is not finite, where a gradient is not: the rest comes of that."""
    found = diagnose(teller.circuit.root.node)
    assert found is not None
    forward, backward = [[step.node for step in way] for way in (teller.circuit.forward, teller.circuit.backward)]
    if not found.forward and found.becomes is not None and found.place is not None:
        number = len(forward) + 2 + backward.index(found.becomes.node)  # the seed is a step too
        x = teller.said(found.becomes.inputs[found.place])
        return f"The first number that is not finite comes up in step {number}: the gradient handed to {x}."
    if found.gate is None:
        given = dict.fromkeys([teller.names[found.node], teller.number(found.value)])  # a constant has no other name
        return f"The first number that is not finite was given: {' = '.join(given)}."
    number = forward.index(found.node)
    formula = teller.formula(teller.circuit.forward[number])
    told = f"{teller.names[found.node]} = {formula} = {teller.number(found.value)}"
    return f"The first number that is not finite is made in step {number + 1}: {told}."


def _promise(teller: Teller, wire: Wire) -> str:
    """Return what the gradient of an input says about a change of it."""
    if wire.node in teller.kinked:
        return teller.effect(wire.node, wire.gradient)
    if not math.isfinite(wire.gradient):
        return "no number: see below"
    change = FINE.longer(NUDGE * wire.gradient)
    outcome = "moves by about " + change if wire.gradient else "stays where it is"
    return f"raise {teller.said(wire.node)} by {NUDGE} and {teller.said(teller.circuit.root.node)} {outcome}"


def _slopes_listed(teller: Teller, step: Step, full: bool) -> str:
    """Return the local gradients of a gate on one line: `∂f/∂a = z = −4, ∂f/∂z = a = 3`."""
    shown = notation.full if full else teller.number
    told = []
    for x, slope, local in zip(step.inputs, teller.slopes(step), step.locals, strict=True):
        if not x.is_constant:
            formula = "" if slope is None else f"{slope} = "
            told.append(f"{derivative(teller.names[step.node], teller.names[x])} = {formula}{shown(local)}")
    return ", ".join(told if len(told) <= MOST_SLOPES else [*told[:MOST_SLOPES], "…"])


# ----------------------------------------------------------------------------------------------------- lines of columns


def aligned(rows: Sequence[Sequence[str]], kinds: str, *, indent: int = 0, ascii: bool = False) -> list[str]:
    """Return rows of cells as lines whose columns stand below each other; a column without text takes no room.

    A character of `kinds` per column says how: l left, r right, `.` by the decimal point. With `ascii` the cells are
    made plain first.
    """
    columns = [_padded(column, kind) for column, kind in zip(_columns(rows, ascii), kinds)]
    kept = [column for column in columns if column[0]]
    return [" " * indent + " ".join(line).rstrip() for line in zip(*kept)]


def ruled(header: Sequence[str], rows: Sequence[Sequence[str]], kinds: str, *, ascii: bool = False) -> list[str]:
    """Return a table as lines: its header, a rule, its rows; `kinds` and `ascii` are those of `aligned`."""
    body = [_padded(column, kind) for column, kind in zip(_columns(rows, ascii), kinds)]
    titles = [title for (title,) in _columns([header], ascii)]
    columns = [_padded([title, *column], kind.replace(".", "r")) for title, column, kind in zip(titles, body, kinds)]
    top, *lines = ["  ".join(line).rstrip() for line in zip(*columns)]
    rule = "  ".join([("-" if ascii else "─") * _width(column[0]) for column in columns])
    return [top, rule, *lines]


def _columns(rows: Sequence[Sequence[str]], ascii: bool) -> list[list[str]]:
    return [[plain(cell) if ascii else cell for cell in column] for column in zip(*rows)]


def _padded(cells: Sequence[str], kind: str) -> list[str]:
    """Return the cells of a column, all equally wide."""
    if kind == ".":
        tails = [len(cell) - cell.find(".") if "." in cell else 0 for cell in cells]
        cells = [cell + " " * (max(tails) - tail) for cell, tail in zip(cells, tails)]
    width = max(map(_width, cells))
    rooms = [" " * (width - _width(cell)) for cell in cells]
    return [cell + room if kind == "l" else room + cell for cell, room in zip(cells, rooms)]


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: two per wide character, none per combining accent."""
    return sum([0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text])


# --------------------------------------------------------------------------------------------------------- plain ASCII

SUPERSCRIPTS = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
SPELLINGS = str.maketrans(
    dict(zip(SUPERSCRIPTS, "-0123456789"))
    | {"×": "*", "·": "*", "÷": "/", "−": "-", "→": "->", "◂": "<", "∂": "d", "…": "...", "─": "-", "═": "=", "′": "'"}
    | {"≤": "<=", "≥": ">=", "≈": "~", "≠": "!=", "✗": "x", "√": "sqrt", "σ": "sigmoid", "Σ": "sum", "∞": "inf"}
)


def plain(text: str) -> str:
    """Return a text in plain ASCII: signs spelled as people type them, anything else as a backslash escape."""
    powers = re.sub(f"(?<=\\w)(?<![{SUPERSCRIPTS}])(?=[{SUPERSCRIPTS}])", "^", text)
    return powers.translate(SPELLINGS).encode("ascii", "backslashreplace").decode()
