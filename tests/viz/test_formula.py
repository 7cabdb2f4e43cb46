"""Formulas of cards, read back as a person reads them, say what the cards compute: as text and as MathML."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

import pytest

from autograd import elementary
from autograd.gates import FAMILIES, GATES, Gate, pow_to
from autograd.symbol import MATHEMATICS
from viz import mathml
from viz.formula import GAP, Form, Name, Number, explained, is_word, rule, slopes
from viz.notation import full

every_gate = pytest.mark.parametrize("gate", GATES.values(), ids=GATES)

# what the words of a formula mean, where it calls a function
MEANINGS: dict[str, Any] = {word: getattr(elementary, word, None) for word in MATHEMATICS.templates}
MEANINGS |= {name: gate.forward for name, gate in GATES.items()} | {"abs": abs, "ln": math.log, "e": math.e}
MEANINGS |= {gate.symbol: gate.forward for gate in GATES.values() if gate.symbol.isalpha() and not gate.family}
MEANINGS |= {family: lambda x, n, make=make: make(n).forward(x) for family, make in FAMILIES.items()}
MEANINGS["max"], MEANINGS["min"] = max, min

SIGNS = {"·": "*", "−": "-", "^": "**", "≥": ">=", "≤": "<=", "=": "==", "\u2062": "*", "\u2061": ""}


def spelled(text: str) -> str:
    """Return a formula as Python spells it."""
    text = "".join([SIGNS.get(c, c) for c in text])
    while (bare := re.sub(r"\|([^|]+)\|", r"abs(\1)", text)) != text:  # ||x|| from within
        text = bare
    return text


def from_mathml(element: ElementTree.Element) -> str:
    """Return what stands in an element, on one line; only what its place alone groups gets brackets."""
    parts = [from_mathml(part) for part in element]
    match element.tag:
        case "mfrac":
            return f"(({parts[0]}) / ({parts[1]}))"
        case "msup":
            return f"{parts[0]} ** ({parts[1]})"
        case "msqrt":
            return f"sqrt({''.join(parts)})"
        case "msub":
            return "".join(parts)
    return "".join(parts) or (element.text or "")


def text_of(form: Form) -> str:
    return spelled(str(form))


def mathml_of(form: Form) -> str:
    return spelled(from_mathml(ElementTree.fromstring(mathml.math(mathml.markup(form)))))


readers = pytest.mark.parametrize("read", [text_of, mathml_of])


def value(text: str, known: dict[str, float]) -> float:
    return float(eval(text, {"__builtins__": {}} | MEANINGS | known))


def points(gate: Gate) -> list[list[float]]:
    low, high = gate.probe
    arities = [gate.arity] if gate.arity else [1, 2, 3, 4]
    return [[low + (high - low) * ((k + 3 * i) / 11.3 % 1) for i in range(n)] for n in arities for k in range(1, 6)]


def names(how_many: int) -> list[Form]:
    return [Name(f"x{i}") for i in range(how_many)]


def known(xs: Sequence[float]) -> dict[str, float]:
    return {f"x{i}": x for i, x in enumerate(xs)}


@readers
@every_gate
def test_a_rule_says_what_the_gate_computes(gate: Gate, read: Callable[[Form], str]) -> None:
    for xs in points(gate):
        form = rule(gate, names(len(xs)))
        assert value(read(form), known(xs)) == pytest.approx(gate.forward(*xs), rel=1e-12)


@readers
@every_gate
def test_slopes_say_what_the_card_computes(gate: Gate, read: Callable[[Form], str]) -> None:
    for xs in points(gate):
        z = gate.forward(*xs)
        forms = slopes(gate, Name("z"), names(len(xs)))
        for form, slope in zip(forms, gate.partials(z, *xs), strict=True):
            assert form is None or value(read(form), {**known(xs), "z": z}) == pytest.approx(slope, rel=1e-12)


@readers
@every_gate
def test_a_slope_at_length_says_the_same_in_names_and_in_numbers(gate: Gate, read: Callable[[Form], str]) -> None:
    for xs in points(gate):
        z = gate.forward(*xs)
        numbers = Number(full(z)), [Number(full(x)) for x in xs]
        chains = explained(gate, (Name("z"), names(len(xs))), numbers)
        for chain, slope in zip(chains, gate.partials(z, *xs), strict=True):
            for form in chain:
                assert value(read(form), {**known(xs), "z": z}) == pytest.approx(slope, rel=1e-9)


def test_a_slope_that_names_the_output_is_written_out_too() -> None:
    numbers = Number("0.50"), [Number("2.00")]
    ((*told,),) = explained(GATES["reciprocal"], (Name("f"), [Name("m")]), numbers)
    assert [str(form) for form in told] == ["−f · f", "−(1 / m) · (1 / m)", "−0.50 · 0.50"]
    assert explained(GATES["neg"], (Name("f"), [Name("m")]), numbers) == [[]]


@readers
@pytest.mark.parametrize("inner", [g for g in GATES.values() if g.arity], ids=lambda gate: gate.name)
def test_a_formula_in_a_formula_has_brackets_where_it_needs_them(inner: Gate, read: Callable[[Form], str]) -> None:
    inputs = [1.3, 0.7][: inner.arity]
    middle = inner.forward(*inputs)
    for outer in GATES.values():
        for place in range(outer.arity):
            if outer.domain.lacks_value(*[middle] * outer.arity):
                continue
            forms: list[Form] = [Name("y"), Name("y")][: outer.arity]
            numbers = [1.1, 1.1][: outer.arity]
            forms[place], numbers[place] = rule(inner, names(inner.arity)), middle
            told = read(rule(outer, forms))
            assert value(told, {**known(inputs), "y": 1.1}) == pytest.approx(outer.forward(*numbers), rel=1e-9), told


@readers
@every_gate
def test_negative_numbers_have_brackets_where_they_need_them(gate: Gate, read: Callable[[Form], str]) -> None:
    n = gate.arity or 4
    for xs in ([-1.5, -0.5, -2.0, -0.25][:n], [1.5, -0.5, 2.0, -0.25][:n]):
        if not gate.domain.lacks_value(*xs):
            form = rule(gate, [Number(f"{x}".replace("-", "−")) for x in xs])
            assert value(read(form), {}) == pytest.approx(gate.forward(*xs), rel=1e-12)


WORDS = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "sign")


@readers
@pytest.mark.parametrize("word", WORDS)
def test_a_users_card_may_use_every_elementary_function(word: str, read: Callable[[Form], str]) -> None:
    function = getattr(elementary, word)
    x, y = Name("x"), Name("y")
    assert value(read(2.0 - function(x - y) * y), {"x": 1.5, "y": 0.5}) == pytest.approx(2.0 - function(1.0) * 0.5)


@readers
def test_a_choice_reads_as_one(read: Callable[[Form], str]) -> None:
    x, y = Name("x"), Name("y")
    between = elementary.where(((x > 0.0) | elementary.isnan(x)) & (x < y), x, -y)
    either = elementary.where((x > 0.0) | (y == 2.0), 1.0, x * 3.0)
    for a, b in [(0.5, 2.0), (2.5, 2.0), (-1.0, 2.0), (-1.0, 1.0)]:
        known = {"x": a, "y": b}
        assert value(read(between), known) == (a if 0 < a < b else -b)
        assert value(read(either), known) == (1.0 if a > 0 or b == 2 else 3 * a)
    assert "nan" not in read(between)
    assert " or False" not in read(between)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (1.0 * Name("x"), "x"),
        (Name("x") ** 1.0, "x"),
        (2.0 * Name("x") ** 2.0, "2 · x^2"),
        (Name("my input") * Name("layer1/w"), "(my input) · (layer1/w)"),
        (Name("x") - Number("−3"), "x − (−3)"),
    ],
)
def test_what_goes_without_saying_is_not_said(form: Form, text: str) -> None:
    assert str(form) == text


@pytest.mark.parametrize(
    ("name", "markup"),
    [
        ("my input", "(my input)·2"),
        ("layer1/w", "layer1/w·2"),  # there is no division that it could be taken for
        ("a<b", "(a<b)·2"),
        ("w0", "w0·2"),
    ],
)
def test_a_name_is_in_brackets_in_mathml_where_it_could_be_read_as_a_formula(name: str, markup: str) -> None:
    element = ElementTree.fromstring(mathml.math(mathml.markup(Name(name) * 2.0)))
    assert "".join(element.itertext()) == markup


@pytest.mark.parametrize(
    ("word", "yes"),
    [("x", True), ("w0", True), ("x#2", True), ("x'", True), ("a b", False), ("a+b", False), ("a/b", False)],
)
def test_what_a_word_is(word: str, yes: bool) -> None:
    assert is_word(word) is yes


def test_a_call_of_many_inputs_leaves_some_out() -> None:
    form = rule(GATES["max"], names(9))
    assert str(form) == "max(x0, x1, x2, …, x8)"
    assert GAP.text in mathml.markup(form)
    assert mathml_of(form) == "max(x0,x1,x2,…,x8)"


def test_a_slope_that_is_a_mere_number_is_no_formula() -> None:
    x, three = Name("x"), Number("3")
    assert slopes(GATES["add"], Name("z"), [x, x]) == [None, None]
    assert slopes(GATES["mul"], Name("z"), [three, x])[1] is None
    assert slopes(pow_to(0.0), Name("z"), [x]) == [None]


def test_a_rule_that_takes_numbers_only_is_a_call() -> None:
    cube = Gate("cube", "x³", "scaler", lambda x: math.pow(x, 3), lambda z, x: (3 * math.pow(x, 2),))
    assert str(rule(cube, [Name("x")])) == "cube(x)"
    assert slopes(cube, Name("z"), [Name("x")]) == [None]
