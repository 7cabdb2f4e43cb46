"""Formulas in MathML, which browsers typeset themselves: the forms of `viz.formula`, and the whole expression.

    name      a wire's name: digits at the end of a word are its subscript, as in w0
    hole      an empty number that belongs to a wire; the page fills it, so that numbers and words stay apart
    part      the piece of a formula that one gate makes; the page lights it up by its number

Nothing here knows a gate by name, and all that people typed is escaped.
"""

from __future__ import annotations

import re
from collections import Counter

from autograd.gates import Gate
from autograd.symbol import ATOM, CHOICE, COMPARISON, MATHEMATICS, POWER, PRODUCT, SUM, UNARY
from autograd.value import Value
from viz.circuit import Circuit
from viz.formula import GAP, Call, Form, Name, Number, is_word, rule
from viz.notation import MINUS, clipped, constant
from viz.shapes import subscripted
from viz.svg import escaped

__all__ = ["Hole", "expression", "markup", "math", "name", "operator"]

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


class Hole(Form):
    """The place of a wire's number: whether it needs brackets is known once the number is."""

    __slots__ = ("wire",)

    def __init__(self, wire: int) -> None:
        super().__init__("?", ATOM)
        self.wire = wire


class _Part(Form):
    """What one gate made, typeset before and marked with the gate's number."""

    __slots__ = ("markup",)

    def __init__(self, box: int, form: Form) -> None:
        inner, binding = _typeset(form)
        super().__init__(form.text, binding)
        self.markup = f'<mrow data-part="{box}">{inner}</mrow>'


def markup(form: Form) -> str:
    """Return a form as MathML elements."""
    return _typeset(form)[0]


def _typeset(form: Form) -> tuple[str, int]:
    """Return a form as elements, and how strongly these bind; it recurses no deeper than the rule on one card."""
    match form:
        case _Part():
            return form.markup, form.binding
        case Hole():
            return _hole(form), ATOM
        case Number():
            return f"<mn>{form.text}</mn>", form.binding
        case Name():
            return name(form.text), ATOM if is_word(clipped(form.text).replace("/", "_")) else CHOICE
        case Call():
            arguments = operator(",").join([_fitted(x, CHOICE) for x in form.operands])
            return f"<mi>{escaped(_word(form.gate))}</mi>{bracketed(arguments)}", ATOM
        case _ if form is GAP:
            return operator(form.text), ATOM
    template, binding, needs = TEMPLATES[form.operation]
    texts = [_fitted(x, need) for x, need in zip(form.operands, needs, strict=True)]
    if form.operation == "mul" and all(map(LETTERS.fullmatch, texts)):
        template = f"{{0}}{TIMES}{{1}}"
    return template.format(*texts), binding


def _fitted(form: Form, need: int) -> str:
    """Return a form as elements, in brackets where it binds less strongly than it must."""
    if isinstance(form, Hole):
        return _hole(form, signed=need > SUM)
    text, binding = _typeset(form)
    return text if binding >= need else bracketed(text)


def _hole(hole: Hole, signed: bool = False) -> str:
    return f'<mn data-wire="{hole.wire}"{" data-factor" if signed else ""}></mn>'


def _word(gate: Gate) -> str:
    """Return what a call of a gate begins with: σ, max."""
    return gate.symbol if gate.symbol.isalpha() and not gate.family else gate.family or gate.name


# ------------------------------------------------------------------------------------------------- names and formulas


def math(*parts: str) -> str:
    """Return markup as a formula of its own."""
    return f"<math>{''.join(parts)}</math>"


def name(label: str) -> str:
    """Return a wire's name as MathML."""
    base, digits = subscripted(label)
    word = f"<mi>{escaped(base)}</mi>"
    return f"<msub>{word}<mn>{digits}</mn></msub>" if digits else word


def expression(circuit: Circuit) -> str:
    """Return the formula of the root, each gate's part marked with its number; far parts of a large one by name."""
    known: dict[Value, Form] = {wire.node: Name(wire.name) for wire in circuit.wires}
    spelled_out = _near_the_root(circuit)
    for box, step in zip(circuit.boxes, circuit.forward, strict=True):
        if step.node in spelled_out:
            inputs = [known[x] if x in known else Number(constant(x.data)) for x in step.inputs]
            known[step.node] = _Part(box.index, rule(box.gate, inputs))
    root = circuit.root
    right = [operator("="), markup(known[root.node])] if circuit.boxes else []
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
