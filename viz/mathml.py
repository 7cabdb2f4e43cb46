"""Formulas in MathML, which browsers typeset themselves: a gate's rule, its slopes, and the whole expression.

    name      a wire's name: digits at the end of a word are its subscript, as in w0
    hole      an empty number that belongs to a wire; the page fills it, so that numbers and words stay apart
    part      the piece of a formula that one gate makes; the page lights it up by its number

A card prints itself: its rule is run on symbols of a language whose words are MathML elements. Nothing here knows a
gate by name, and all that people typed is escaped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from autograd.gates import Gate
from autograd.symbol import ATOM, CHOICE, COMPARISON, MATHEMATICS, POWER, PRODUCT, SUM, UNARY, Language, Symbol
from autograd.value import Value
from viz.circuit import Circuit
from viz.narration import LONGEST_FORM, MOST_ARGUMENTS, PROSE, UNWRITABLE
from viz.notation import MINUS, clipped, constant
from viz.shapes import subscripted
from viz.svg import escaped

__all__ = ["expression", "math", "name", "rule", "slopes"]

MOST_LEAVES = 40  # of a whole expression; far parts of a longer one are called by their names
TIMES = "<mo>&#8290;</mo><mspace width='0.15em'></mspace>"  # unseen, between letters
LETTERS = re.compile(rf'(<mrow data-part="\d+">|</mrow>|<mi>.</mi>|<msub><mi>.</mi><mn>\d+</mn></msub>|{TIMES})+')


# ------------------------------------------------------------------------------------------------------- the language


def operator(sign: str) -> str:
    """Return a sign as a MathML element."""
    return f"<mo>{sign}</mo>"


def bracketed(inner: str) -> str:
    """Return a formula in brackets, tall ones round a fraction."""
    spacing = f'lspace="0em" rspace="0em" stretchy="{"true" if "<mfrac>" in inner else "false"}"'
    return f'<mrow><mo form="prefix" {spacing}>(</mo>{inner}<mo form="postfix" {spacing}>)</mo></mrow>'


def infix(sign: str, binding: int) -> tuple[str, int, tuple[int, int]]:
    """Return the template of an operator that groups from the left."""
    return (f"{{0}}{operator(sign)}{{1}}", binding, (binding, binding + 1))


def call(word: str, operands: int = 1) -> tuple[str, int, tuple[int, ...]]:
    """Return the template of a function call."""
    holes = operator(",").join(f"{{{i}}}" for i in range(operands))
    return (f"<mi>{word}</mi>{operator('&#8289;')}{bracketed(holes)}", ATOM, (CHOICE,) * operands)


TEMPLATES = {
    **{word: call(word) for word in MATHEMATICS.templates if MATHEMATICS.templates[word][0] == f"{word}({{0}})"},
    **{word: infix(sign, SUM) for word, sign in (("add", "+"), ("sub", MINUS))},
    **{
        word: infix(sign, COMPARISON)
        for word, sign in (("lt", "&lt;"), ("le", "≤"), ("gt", "&gt;"), ("ge", "≥"), ("eq", "="))
    },
    "mul": infix("·", PRODUCT),
    "div": ("<mfrac><mrow>{0}</mrow><mrow>{1}</mrow></mfrac>", ATOM, (CHOICE, CHOICE)),
    "neg": (operator(MINUS) + "{0}", SUM, (PRODUCT,)),
    "abs": (f"<mrow>{operator('|')}{{0}}{operator('|')}</mrow>", ATOM, (CHOICE,)),
    "exp": ("<msup><mi>e</mi><mrow>{0}</mrow></msup>", POWER, (CHOICE,)),
    "log": call("ln"),
    "log1p": ("<mi>ln</mi>" + operator("&#8289;") + bracketed("<mn>1</mn><mo>+</mo>{0}"), ATOM, (PRODUCT,)),
    "expm1": ("<msup><mi>e</mi><mrow>{0}</mrow></msup><mo>" + MINUS + "</mo><mn>1</mn>", SUM, (CHOICE,)),
    "sqrt": ("<msqrt>{0}</msqrt>", ATOM, (CHOICE,)),
    "pow": ("<msup><mrow>{0}</mrow><mrow>{1}</mrow></msup>", POWER, (ATOM, CHOICE)),
    "or": ("{0}<mtext> or </mtext>{1}", CHOICE, (UNARY, UNARY)),
    "and": ("{0}<mtext> and </mtext>{1}", CHOICE, (UNARY, UNARY)),
    "where": ("{1}<mtext> if </mtext>{0}<mtext> else </mtext>{2}", CHOICE, (SUM, SUM, SUM)),
    "maximum": call("max", 2),
    "minimum": call("min", 2),
}


class _MathML(Language):
    """Mathematics as MathML elements, without what goes without saying: no number is nan, 1 · x is x."""

    def write(self, operation: str, *operands: Symbol | float) -> Any:
        """Return the markup of an operation, brackets where an operand binds too loosely."""
        if operation == "isnan":
            return False
        match operation, operands:
            case ("or", (x, False)) | ("pow", (x, float(1.0))) | ("mul", (float(1.0), x)):
                return x
        template, binding, needs = self.templates[operation]
        symbols = [x if isinstance(x, Symbol) else self.number(x) for x in operands]
        texts = [_fitted(x, need) for x, need in zip(symbols, needs, strict=True)]
        if operation == "mul" and all(map(LETTERS.fullmatch, texts)):
            template = f"{{0}}{TIMES}{{1}}"
        return Symbol(self, template.format(*texts), binding)

    def number(self, x: float) -> Symbol:
        """Return a number as people type it; a negative one asks for brackets after an operator."""
        return self.written(constant(x))

    def written(self, text: str) -> Symbol:
        """Return a number that is already text."""
        return Symbol(self, f"<mn>{text}</mn>", SUM if text.startswith(MINUS) else ATOM)


MATHML = _MathML("MathML", TEMPLATES, MATHEMATICS.constants)


class Hole(Symbol):
    """The place of a wire's number: whether it needs brackets is known once the number is."""

    def __init__(self, wire: int, signed: bool = False) -> None:
        super().__init__(MATHML, f'<mn data-wire="{wire}"{" data-factor" if signed else ""}></mn>', ATOM)
        self.wire = wire


def _fitted(x: Symbol, need: int) -> str:
    if isinstance(x, Hole):
        return Hole(x.wire, signed=need > SUM).text
    return x.text if x.binding >= need else bracketed(x.text)


# ------------------------------------------------------------------------------------------------- names and formulas


def math(*parts: str) -> str:
    """Return markup as a formula of its own."""
    return f"<math>{''.join(parts)}</math>"


def name(label: str) -> str:
    """Return a wire's name as MathML."""
    base, digits = subscripted(label)
    word = f"<mi>{escaped(base)}</mi>"
    return f"<msub>{word}<mn>{digits}</mn></msub>" if digits else word


def named(label: str) -> Symbol:
    """Return a name as an operand: in brackets wherever it could be read as a formula."""
    return Symbol(MATHML, name(label), ATOM if all(c.isalnum() or c in "_.'′#[]/…" for c in clipped(label)) else CHOICE)


def rule(gate: Gate, inputs: Sequence[Symbol]) -> Symbol:
    """Return how a gate makes its output: its rule where that is short, else a call: max(x, y), σ(x)."""
    try:
        plain = gate.forward(*[PROSE.symbol("x")] * len(inputs))
        nested = len(inputs) > 1 and str(plain).startswith(f"{gate.name}(")  # max(max(x, y), z)
        if isinstance(plain, Symbol) and len(str(plain)) <= LONGEST_FORM and not nested:
            return gate.forward(*inputs)  # type: ignore[no-any-return]
    except UNWRITABLE:
        pass
    return _called(gate, inputs)


def _called(gate: Gate, inputs: Sequence[Symbol]) -> Symbol:
    arguments = [_fitted(x, CHOICE) for x in inputs]
    if gate.family:
        arguments.append(MATHML.number(gate.parameter).text)
    if len(arguments) > MOST_ARGUMENTS:
        arguments[3:-1] = ["<mo>…</mo>"]
    word = gate.symbol if gate.symbol.isalpha() and not gate.family else gate.family or gate.name
    return Symbol(MATHML, f"<mi>{escaped(word)}</mi>{bracketed(operator(',').join(arguments))}", ATOM)


def slopes(gate: Gate, output: Symbol, inputs: Sequence[Symbol]) -> list[str]:
    """Return the local gradients as markup, "" where one is a mere number or too long to read."""
    try:
        plain = gate.partials(PROSE.symbol("z"), *[PROSE.symbol("x")] * len(inputs))
        forms = gate.partials(output, *inputs)
        short = [isinstance(form, Symbol) and len(str(form)) <= LONGEST_FORM for form in plain]
        return [str(form) if fits and isinstance(form, Symbol) else "" for form, fits in zip(forms, short, strict=True)]
    except UNWRITABLE:
        return [""] * len(inputs)


def expression(circuit: Circuit) -> str:
    """Return the formula of the root, each gate's part marked with its number; far parts of a large one by name."""
    known = {wire.node: named(wire.name) for wire in circuit.wires}
    spelled_out = _near_the_root(circuit)
    for box, step in zip(circuit.boxes, circuit.forward, strict=True):
        if step.node in spelled_out:
            made = rule(box.gate, [known[x] if x in known else MATHML.number(x.data) for x in step.inputs])
            known[step.node] = Symbol(MATHML, f'<mrow data-part="{box.index}">{made.text}</mrow>', made.binding)
    root = circuit.root
    right = [operator("="), known[root.node].text] if circuit.boxes else []
    return math(name(root.name), *right)


def _near_the_root(circuit: Circuit) -> set[Value]:
    """Return the nodes that a formula of bounded length spells out: nearest to the root first, all of a small graph."""
    root, steps = circuit.root.node, {step.node: step for step in circuit.forward}
    distance = {root: 0}  # along the longest path, so that every use of a node comes before the node
    for node, step in reversed(steps.items()):
        distance.update({x: max(distance.get(x, 0), distance[node] + 1) for x in step.inputs})
    uses, length, spelled_out = Counter([root]), 1, set()
    for node in sorted(steps, key=distance.__getitem__):
        more = uses[node] * (len(steps[node].inputs) - 1)
        if uses[node] and length + more <= MOST_LEAVES:
            length += more
            spelled_out.add(node)
            uses.update({x: uses[node] * steps[node].inputs.count(x) for x in steps[node].inputs})
    return spelled_out
