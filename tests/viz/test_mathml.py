"""The whole expression in MathML: whole markup, each gate's part marked, hostile names escaped, deep graphs too."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from autograd import Value, parse
from tests.viz.helpers import DRAWN, hostile
from viz import mathml
from viz.circuit import circuit_of


def element_of(f: Value) -> ElementTree.Element:
    return ElementTree.fromstring(mathml.expression(circuit_of(f)))


def shown(f: Value) -> str:
    return "".join(element_of(f).itertext()).replace("\u2062", "").replace("\u2061", "")


@pytest.mark.parametrize("make", DRAWN.values(), ids=DRAWN)
def test_an_expression_is_whole_markup_and_its_parts_are_gates_of_the_circuit(make: Callable[[], Value]) -> None:
    f = make()
    parts = {int(part.attrib["data-part"]) for part in element_of(f).iter() if "data-part" in part.attrib}
    gates = range(len(circuit_of(f).boxes))
    assert parts <= set(gates)
    assert not gates or gates[-1] in parts


@pytest.mark.parametrize(
    ("expression", "values", "formula"),
    [
        ("(x+y)*z", {"x": -2, "y": 5, "z": -4}, "f=(x+y)·z"),
        ("x-(y-2)", {"x": 1, "y": 2}, "f=x−(y−2)"),
        ("-(x*y)", {"x": 1, "y": 2}, "f=−xy"),
        ("x*-3", {"x": 1}, "f=x·(−3)"),
        ("max(x,y)*w0", {"x": 1, "y": 2, "w0": 3}, "f=max(x,y)·w0"),
        ("sigmoid(x)", {"x": 1}, "f=σ(x)"),
    ],
)
def test_an_expression_reads_as_it_was_typed(expression: str, values: dict[str, float], formula: str) -> None:
    assert shown(parse(expression, **values)) == formula


def test_names_are_text() -> None:
    assert "<script" not in mathml.expression(circuit_of(hostile()))
    f = Value(2.0, "<b>&") + 1.0
    assert "<b>&" in shown(f)


def test_every_gate_of_a_deep_chain_is_spelled_out_without_recursion() -> None:
    v = Value(0.5, "x")
    for _ in range(300):
        v = v.tanh()
    markup = mathml.expression(circuit_of(v))
    assert len(re.findall("data-part", markup)) == 300


def test_far_parts_of_a_large_expression_are_called_by_name() -> None:
    v = Value(0.5, "x")
    for _ in range(60):
        v = v * v
    assert 2 <= len(shown(v)) < 500


def test_a_hole_says_where_a_negative_number_would_need_brackets() -> None:
    x, y = mathml.Hole(0), mathml.Hole(1)
    assert mathml.markup(x + y).count("data-factor") == 1  # after a plus
    assert mathml.markup(x * y).count("data-factor") == 2
    assert "data-factor" not in mathml.markup(x)
