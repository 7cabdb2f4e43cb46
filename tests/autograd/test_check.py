"""The gradient check: it passes what is right, catches what is 0.1 % off, and says where; a test of our tests."""

import math
import random
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import DomainError, GradientError, Value, check_gradients, functions, grad, no_grad
from autograd import gates as table
from autograd.check import LISTED, Edge, Report
from autograd.gates import GATES, Gate
from autograd.graph import order
from autograd.value import apply

Point = tuple[float, ...]

every_gate = pytest.mark.parametrize("gate", GATES.values(), ids=attrgetter("name"))
FLAT = ("step", "pow(0)")  # their slope is 0, and so is 1.001 times it


def points(gate: Gate, how_many: int = 8) -> list[Point]:
    """Return points from the gate's own range, the same in every run, away from kinks and ties."""
    draw = random.Random(gate.name)
    found: list[Point] = []
    while len(found) < how_many:
        n = 5 if gate is table.DOT else gate.arity or 3
        point = tuple(draw.uniform(*gate.probe) for _ in range(n))
        if all(abs(x - y) > 0.01 for i, x in enumerate(point) for y in (0.0, *point[:i])):
            found.append(point)
    return found


def scaled(gate: Gate, factor: float) -> Gate:
    """Return a gate whose rules are off by a factor."""
    return replace(gate, partials=lambda z, *xs: tuple([factor * slope for slope in gate.partials(z, *xs)]))


def sloped(gate: Gate, slope: float) -> Gate:
    """Return a gate of one input that claims this slope, or of more, for the first of them."""
    return replace(gate, partials=lambda z, *xs: (slope, *gate.partials(z, *xs)[1:]))


def check(gate: Gate, point: Point, **options: Any) -> Report:
    return check_gradients(apply(gate, *[Value(x) for x in point]), **options)


def both(report: Report) -> tuple[Edge, ...]:
    return report.edges + report.leaves


# ---------------------------------------------------------------------------------------------- every gate of the table


@every_gate
def test_right_rules_agree(gate: Gate) -> None:
    for point in points(gate):
        report = check(gate, point)
        assert report
        assert len(report.edges) == len(report.leaves) == len(point)
        assert [edge.place for edge in report.edges] == list(range(len(point)))
        for found in both(report):
            assert not found.kink
            assert found.error <= 1e-6 * abs(found.analytic) + 1e-9
            assert found.numeric == pytest.approx(found.analytic, rel=1e-6, abs=1e-9)


@every_gate
@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0])
def test_wrong_rules_are_caught(gate: Gate, factor: float) -> None:
    caught = 0
    for point in points(gate):
        found = both(check(scaled(gate, factor), point))
        assert [each.agrees for each in found] == [each.analytic == 0 for each in found]
        caught += sum(not each.agrees for each in found)
    assert bool(caught) == (gate.name not in FLAT)


@every_gate
def test_the_wrong_one_of_several_rules_is_named(gate: Gate) -> None:
    for place in range(len(points(gate)[0])):

        def wrong(z: float, *xs: float, place: int = place) -> tuple[float, ...]:
            return tuple([slope + 0.01 * (i == place) for i, slope in enumerate(gate.partials(z, *xs))])

        for point in points(gate, 3):
            report = check(replace(gate, partials=wrong), point)
            assert [edge.agrees for edge in report.edges] == [i != place for i in range(len(point))]
            assert report.worst is report.edges[place]


@every_gate
def test_a_slope_of_zero_is_not_waved_through(gate: Gate) -> None:
    slopes = [abs(found.analytic) for point in points(gate) for found in check(scaled(gate, 0.0), point).edges]
    assert max(slopes) == 0
    refused = [not found.agrees for point in points(gate) for found in check(scaled(gate, 0.0), point).edges]
    assert any(refused) == (gate.name not in FLAT)


@given(st.randoms(use_true_random=False))
def test_random_graphs_agree_and_one_wrong_gate_is_found(draw: random.Random) -> None:
    smooth = [GATES[name] for name in ("add", "sub", "mul", "div", "sin", "tanh", "sigmoid", "exp", "dot", "logsumexp")]
    nodes = [Value(draw.uniform(0.5, 1.5), f"x{i}") for i in range(3)]
    for _ in range(draw.randint(2, 12)):
        gate = draw.choice(smooth)
        nodes.append(apply(gate, *[draw.choice(nodes[-4:]) for _ in range(gate.arity or 4)]))
        assume(1e-3 < abs(nodes[-1].data) < 1e3)
    report = check_gradients(nodes[-1])
    assert report
    # the slope of a tanh of 30 is lost in rounding, right or wrong
    steep = [edge.node for edge in report.edges if abs(edge.analytic) > 1e-6]
    assume(steep)
    wrong = draw.choice(steep)
    assert wrong.gate is not None
    wrong.gate = scaled(wrong.gate, 1.01)
    refused = [edge for edge in check_gradients(nodes[-1]).edges if not edge.agrees]
    assert refused
    assert {edge.node for edge in refused} == {wrong}


# ------------------------------------------------------------------------------------------------------- whole graphs

SOFTSIGN = Gate(
    name="softsign",
    symbol="s",
    flow="scaler",
    forward=lambda x: x / (1.0 + abs(x)),
    partials=lambda z, x: ((1.0 - abs(z)) ** 2,),
)


def deep(gate: Gate, depth: int = 60) -> tuple[Value, Value, Value]:
    """Return x, f, and the node in the middle of a chain that a user's gate made."""
    x = Value(0.4, "x")
    node = x
    for _ in range(depth):
        node = (node + 0.1).sin()
    middle = node = apply(gate, node)
    for _ in range(depth):
        node = (node * 1.1).tanh()
    return x, node + x, middle


def test_a_users_gate_deep_inside() -> None:
    x, f, _ = deep(SOFTSIGN)
    report = check_gradients(f)
    assert report
    assert [leaf.input for leaf in report.leaves] == [x]


def test_a_users_wrong_gate_deep_inside_is_named() -> None:
    _, f, middle = deep(scaled(SOFTSIGN, 1.001))
    report = check_gradients(f)
    assert [edge.node for edge in report.edges if not edge.agrees] == [middle]
    assert report.worst is not None
    assert (report.worst.node, report.worst.gate, report.worst.place) == (middle, middle.gate, 0)
    with pytest.raises(GradientError, match=r"1 of \d+ edges.* disagree.*: softsign, .* → .*: analytic .*, numeric"):
        check_gradients(f, raises=True)


def test_end_to_end_is_the_gradient_that_backward_finds() -> None:
    w, x, b = Value(0.7, "w"), Value(-1.3, "x"), Value(0.2, "b")
    f = (w * x + b).tanh() * w + 3.0
    report = check_gradients(f)
    f.backward()
    assert [(leaf.input, leaf.node, leaf.gate, leaf.place) for leaf in report.leaves] == [
        (v, f, None, None) for v in (w, x, b)
    ]
    assert [leaf.analytic for leaf in report.leaves] == [w.grad, x.grad, b.grad]
    assert report


def test_both_edges_of_a_doubled_input() -> None:
    x = Value(3.0, "x")
    report = check_gradients(x * x)
    assert [(edge.input, edge.place, edge.analytic) for edge in report.edges] == [(x, 0, 3.0), (x, 1, 3.0)]
    assert [leaf.analytic for leaf in report.leaves] == [6.0]


def test_a_leaf_is_its_own_derivative() -> None:
    x = Value(3.0, "x")
    report = check_gradients(x)
    assert report
    assert report.edges == ()
    assert [(leaf.input, leaf.analytic) for leaf in report.leaves] == [(x, 1.0)]


def test_nothing_is_touched() -> None:
    x, f, _ = deep(SOFTSIGN)
    nodes = order(f)
    for i, node in enumerate(nodes):
        node.grad = i
    before = [(node.data, node.grad, node.label, node.inputs) for node in nodes]
    assert check_gradients(f)
    assert [(node.data, node.grad, node.label, node.inputs) for node in nodes] == before
    assert x.grad == 0


def test_a_stale_graph_is_recomputed_first() -> None:
    x = Value(2.0, "x")
    f = x * x
    x.data = 5.0
    report = check_gradients(f)
    assert f.data == 25.0
    assert [leaf.analytic for leaf in report.leaves] == [10.0]
    assert report


def test_deeper_than_the_stack() -> None:
    x = Value(0.5, "x")
    f = x
    for _ in range(sys.getrecursionlimit() + 100):
        f = f.sin() + x
    assert check_gradients(f)


def test_only_what_lies_downstream_is_evaluated_again() -> None:
    calls = []

    def forward(x: float) -> float:
        calls.append(x)
        return 2.0 * x

    double = Gate("double", "2x", "scaler", forward, lambda z, x: (2.0,))

    def evaluations(other: Value | float) -> int:
        f = apply(double, Value(3.0)) + other * Value(0.5).sin()
        calls.clear()
        assert check_gradients(f)
        return len(calls)

    assert evaluations(Value(2.0)) == evaluations(2.0)


def test_the_tolerance_is_relative() -> None:
    off = apply(scaled(table.MUL, 1.001), Value(3e5), Value(2e-5))
    assert not check_gradients(off)
    assert check_gradients(off, tolerance=0.01)
    assert not check_gradients(off, tolerance=0.0005)


# ---------------------------------------------------------------------------------------------------------- functions


def test_a_function_of_numbers() -> None:
    report = check_gradients(lambda w, x: (w * x).sigmoid() - w, (0.3, -2.0))
    assert report
    assert [leaf.input.label for leaf in report.leaves] == ["w", "x"]
    w, x = Value(0.3), Value(-2.0)
    ((w * x).sigmoid() - w).backward()
    assert [leaf.analytic for leaf in report.leaves] == [w.grad, x.grad]


def test_arguments_without_names_are_numbered() -> None:
    report = check_gradients(lambda *xs: xs[0] * xs[1], [2.0, 3.0])
    assert [leaf.input.label for leaf in report.leaves] == ["x1", "x2"]


def test_a_function_closes_over_values() -> None:
    w = Value(2.0, "w")
    w.grad = 7.0
    report = check_gradients(lambda x: w * x * x, (3.0,))
    assert report
    assert {leaf.input.label: leaf.analytic for leaf in report.leaves} == {"x": 12.0, "w": 9.0}
    assert w.grad == 7.0


def test_a_dependence_that_the_graph_does_not_show_is_noticed() -> None:
    report = check_gradients(lambda x: x * x.data, (2.0,))
    assert [edge.agrees for edge in report.edges] == [True, True]
    assert [(leaf.agrees, leaf.analytic) for leaf in report.leaves] == [(False, 2.0)]
    assert report.leaves[0].numeric == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("fn", "slopes"),
    [
        (lambda x, y: 3.0, [0.0, 0.0]),
        (lambda x, y: 3, [0.0, 0.0]),
        (lambda x, y: y, [0.0, 1.0]),
        (lambda x, y: x * 2, [2.0, 0.0]),
        (lambda x, y: Value(5.0) * 2, [0.0, 0.0]),
    ],
    ids=["constant", "int", "argument", "one of two", "other Value"],
)
def test_functions_that_leave_arguments_out(fn: Callable[..., Any], slopes: list[float]) -> None:
    report = check_gradients(fn, (2.0, 3.0))
    assert report
    assert [leaf.analytic for leaf in report.leaves[:2]] == slopes


def test_a_function_that_differentiates() -> None:
    report = check_gradients(lambda x: x * grad(lambda y: x * y**3)(x), (1.3,))
    assert report
    assert report.leaves[0].analytic == pytest.approx(12 * 1.3**3)


def test_recording_nothing_around_it_changes_nothing() -> None:
    with no_grad():
        report = check_gradients(lambda x: x * x, (3.0,))
    assert [leaf.analytic for leaf in report.leaves] == [6.0]
    assert report


def test_every_one_input_function() -> None:
    for name in functions.__all__:
        if name in GATES and GATES[name].arity == 1:
            assert check_gradients(getattr(functions, name), (0.7,)), name


# -------------------------------------------------------------------------------------------------- edges of the domain


@pytest.mark.parametrize(
    ("gate", "x"),
    [
        *[(table.LOG, x) for x in (1e-300, 1e-9, 1e-4)],
        *[(table.SQRT, x) for x in (1e-300, 1e-14, 1e-4)],
        *[(table.RECIPROCAL, x) for x in (1e-100, -1e-8, 1e100)],
        *[(GATES["pow(-1.5)"], x) for x in (1e-9, 1e9)],
        (table.TAN, 1.5707963),
        (table.EXP, 700.0),
        (table.SINH, -700.0),
        (table.SIN, 1e6),
    ],
    ids=lambda value: getattr(value, "name", f"{value:g}" if isinstance(value, float) else None),
)
def test_near_an_edge_the_step_shrinks_and_the_check_stays_sharp(gate: Gate, x: float) -> None:
    report = check(gate, (x,))
    assert report
    assert not any(found.kink for found in both(report))
    for factor in (1.001, -1.0):
        assert not any(found.agrees for found in both(check(scaled(gate, factor), (x,))))


@pytest.mark.parametrize("exponent", [1.5, 2.5, 1.1])
def test_at_the_edge_itself_one_side_is_the_judge(exponent: float) -> None:
    card = table.pow_to(exponent)
    assert check(card, (0.0,)).edges[0].kink
    assert check(card, (0.0,))
    assert not check(sloped(card, 0.1), (0.0,))


def test_a_users_gate_that_raises_beyond_its_edge() -> None:
    log = Gate("mylog", "ln", "scaler", lambda x: math.log(x), lambda z, x: (1.0 / x,))
    assert check(log, (1e-9,))
    assert not check(scaled(log, 1.001), (1e-9,))


def test_a_slope_that_does_not_exist_is_an_error() -> None:
    x = Value(0.0, "x")
    x.grad = 2.0
    with pytest.raises(DomainError, match=r"the slope of sqrt needs x > 0, got x = 0.0"):
        check_gradients(x.sqrt() + x)
    assert x.grad == 2.0


def test_a_value_that_does_not_exist_is_an_error_and_changes_nothing() -> None:
    x = Value(1.0, "x")
    f = x.log() * 2
    x.data = -1.0
    with pytest.raises(DomainError, match="log needs x > 0"):
        check_gradients(f)
    assert f.data == 0.0


@pytest.mark.parametrize(
    ("gate", "point"),
    [(table.EXP, (1000.0,)), (table.MUL, (math.inf, 1.0)), (table.TANH, (math.nan,)), (table.RELU, (math.nan,))],
    ids=["overflow", "inf", "nan", "nan at relu"],
)
def test_where_nothing_can_be_told_nothing_agrees(gate: Gate, point: Point) -> None:
    report = check(gate, point)
    assert not report
    assert math.isnan(report.edges[0].numeric)
    assert "no estimate" in str(report)
    with pytest.raises(GradientError, match="give no numeric estimate"):
        check(gate, point, raises=True)


# ------------------------------------------------------------------------------------------------------- tiny gradients


@pytest.mark.parametrize("x", [-30.0, -100.0, -700.0])
def test_a_tiny_gradient_is_judged_by_its_own_size(x: float) -> None:
    assert check(table.SIGMOID, (x,))
    assert not check(scaled(table.SIGMOID, 1.001), (x,))


@pytest.mark.parametrize("slope", [1e-6, 1e-9, 1e-11])
def test_a_tiny_gradient_beside_a_large_value(slope: float) -> None:
    x = Value(0.3, "x")
    assert check_gradients(x * slope + 1.0)
    wrong = apply(scaled(table.MUL, 1.1), x, slope) + 1.0
    assert [leaf.agrees for leaf in check_gradients(wrong).leaves] == [False]


@pytest.mark.parametrize(
    ("fn", "x"),
    [
        (lambda x: x.cos(), 0.0),
        (lambda x: (x - 1.0) ** 2 + 1e6, 1.0),
        (lambda x: (1.0 - x**3) ** 3, 1.0),
        (lambda x: (x - 0.3) * (x - 0.3), 0.3),
        (lambda x: x.exp() * (-x).exp(), 0.7),
    ],
    ids=["cos", "square", "cube of a cube", "product", "constant"],
)
def test_a_gradient_of_zero_amid_rounding(fn: Callable[[Value], Value], x: float) -> None:
    assert check_gradients(fn, (x,))
    assert not check_gradients(lambda x: fn(x) + apply(scaled(table.MUL, 1.01), x, 1e-6), (x,))


def test_an_agreement_that_rounding_hides_says_so() -> None:
    x = Value(1.0, "x")
    report = check_gradients(x + 1e20)
    assert report
    assert "agrees (within rounding, ± " in str(report)
    assert "rounding" not in str(check_gradients(x + 1.0))


def test_logits_far_apart_agree() -> None:
    for far in (-20.0, -35.0, -40.0, -60.0, -1000.0):
        assert check(table.LOGSUMEXP, (far, 0.0, far - 1.0)), far


# --------------------------------------------------------------------------------------------------------------- kinks

KINKS: dict[str, tuple[Gate, Point, float, float]] = {  # gate, where, the first input's slopes from left and right
    "relu": (table.RELU, (0.0,), 0.0, 1.0),
    "abs": (table.ABS, (0.0,), -1.0, 1.0),
    "leaky_relu": (table.leaky_relu(0.1), (0.0,), 0.1, 1.0),
    "leaky_relu down": (table.leaky_relu(-2.0), (0.0,), -2.0, 1.0),
    "elu": (table.elu(0.5), (0.0,), 0.5, 1.0),
    "max": (table.MAX, (0.7, 0.7), 0.0, 1.0),
    "max of three": (table.MAX, (-2.0, -2.0, -2.0), 0.0, 1.0),
    "min": (table.MIN, (3.0, 3.0), 1.0, 0.0),
}


@pytest.mark.parametrize("name", KINKS)
def test_at_a_kink_the_slopes_of_both_sides_are_the_judge(name: str) -> None:
    gate, point, left, right = KINKS[name]
    edge = check(gate, point).edges[0]
    assert (edge.kink, edge.agrees) == (True, True)
    assert edge.sides == pytest.approx((left, right), abs=1e-6)
    low, high = sorted((left, right))
    for slope in (low, (low + high) / 2, high):
        assert check(sloped(gate, slope), point).edges[0].agrees
    for slope in (low - 0.01, high + 0.01):
        assert not check(sloped(gate, slope), point).edges[0].agrees


def test_at_a_jump_the_side_that_does_not_jump_is_the_judge() -> None:
    assert check(table.STEP, (0.0,)).edges[0].kink
    assert check(table.STEP, (0.0,))
    assert not check(sloped(table.STEP, 0.01), (0.0,))
    assert not check(sloped(table.STEP, 1000.0), (0.0,))


def test_no_kink_where_there_is_none() -> None:
    assert not check(table.elu(1.0), (0.0,)).edges[0].kink
    assert not check(table.pow_to(2.0), (0.0,)).edges[0].kink
    x = Value(0.7)
    report = check_gradients(apply(table.MAX, x, x))
    assert [leaf.kink for leaf in report.leaves] == [False]
    assert [edge.kink for edge in report.edges] == [True, True]


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
def test_beside_a_kink_the_other_sides_slope_is_wrong(distance: float) -> None:
    for gate, x, other in ((table.RELU, distance, 0.0), (table.RELU, -distance, 1.0), (table.ABS, distance, -1.0)):
        assert check(gate, (x,))
        assert not check(sloped(gate, other), (x,))


def test_where_kinks_meet_the_chain_rule_is_refused_and_the_rules_are_not() -> None:
    x = Value(0.0, "x")
    report = check_gradients(x.relu() - (-x).relu())
    assert all(edge.agrees for edge in report.edges)
    assert [(leaf.agrees, leaf.analytic, leaf.numeric) for leaf in report.leaves] == [(False, 0.0, 1.0)]
    assert report.worst is report.leaves[0]


# -------------------------------------------------------------------------------------------------------- the report


def test_an_empty_report() -> None:
    report = check_gradients(lambda: 3.0, ())
    assert report
    assert report.worst is None
    assert report.summary() == "0 edges and 0 inputs agree to 1e-06"


def test_records_are_frozen() -> None:
    report = check_gradients(Value(1.0) * 2)
    with pytest.raises(FrozenInstanceError):
        report.edges[0].agrees = False  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        report.edges = ()  # type: ignore[misc]


def test_worst_is_the_largest_relative_difference() -> None:
    x, y = Value(3.0, "x"), Value(2.0, "y")
    slightly, badly = apply(scaled(table.MUL, 1.01), x, y), apply(scaled(table.EXP, 2.0), y)
    report = check_gradients(slightly + badly)
    assert report.worst is not None
    assert report.worst.node is badly
    assert report.worst.relative == pytest.approx(0.5)
    fine = check_gradients(x.tanh() * y)
    assert fine.worst is not None
    assert fine.worst.relative == max(found.relative for found in both(fine)) < 1e-6


def test_prints_as_a_table() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    lines = str(check_gradients((x + y) * z)).split("\n")
    assert [line.split() for line in lines[0:1]] == [["gate", "wire", "analytic", "numeric", "difference", "verdict"]]
    found = [line.split() for line in lines]
    assert [row[:6] for row in found[1:5]] == [
        ["add", "x", "→", "a", "1", "1"],
        ["add", "y", "→", "a", "1", "1"],
        ["mul", "a", "→", "f", "-4", "-4"],
        ["mul", "z", "→", "f", "3", "3"],
    ]
    assert lines[5] == "end to end"
    assert [row[:5] for row in found[6:9]] == [
        ["x", "→", "f", "-4", "-4"],
        ["y", "→", "f", "-4", "-4"],
        ["z", "→", "f", "3", "3"],
    ]
    assert lines[9:] == ["4 edges and 3 inputs agree to 1e-06"]
    rows = lines[1:5] + lines[6:9]
    assert {line.index("agrees") for line in rows} == {lines[0].index("verdict")}
    assert {line.index("→") for line in rows} == {lines[0].index("wire") + 2}


def test_says_what_disagrees() -> None:
    x, y = Value(3.0, "x"), Value(2.0, "y")

    def first_off(z: float, x: float, y: float) -> tuple[float, ...]:
        return 1.001 * y, x

    f = apply(replace(table.MUL, partials=first_off), x, y)
    report = check_gradients(f)
    told = "1 of 2 edges and 1 of 2 inputs disagree: mul, x → f: analytic 2.002, numeric "
    assert report.summary().startswith(told)
    assert str(report).count("DISAGREES") == 2
    with pytest.raises(GradientError) as caught:
        check_gradients(f, raises=True)
    assert str(caught.value) == report.summary()
    assert "\n" not in str(caught.value)
    g = check_gradients(apply(scaled(table.EXP, 1.001), Value(1.0, "x")) * 0.0)
    assert g.summary().startswith("1 of 3 edges disagrees: exp, x → a: ")


def test_raises_nothing_where_all_agree() -> None:
    assert check_gradients(Value(2.0) ** 2, raises=True)


def test_repr_is_one_line() -> None:
    assert repr(check_gradients(Value(2.0) ** 2)) == "<gradient check: 1 edge and 1 input agree to 1e-06>"


def test_a_long_report_shows_the_first_and_whatever_disagrees() -> None:
    _, f, _ = deep(scaled(SOFTSIGN, 1.001))
    report = check_gradients(f)
    lines = str(report).split("\n")
    more = [line for line in lines if line.startswith("…")]
    assert len(report.edges) > 2 * LISTED
    assert more == [f"… and {len(report.edges) - LISTED - 1} more, which agree"]
    assert lines.index(more[0]) == 1 + LISTED + 1
    assert lines[LISTED + 1].startswith("softsign")
    assert "DISAGREES" in lines[LISTED + 1]
    many = check_gradients(apply(table.SUM, *[Value(float(i)) for i in range(LISTED + 5)]))
    assert str(many).count("… and 5 more, which agree") == 2


def test_labels_of_any_kind_stay_on_their_line() -> None:
    labels = ["a\nb", "   ", "x" * 100, "→ {0} %s", "<b>&amp;", "x"]
    values = [Value(float(i), label) for i, label in enumerate(labels)]
    report = check_gradients(apply(table.SUM, *values))
    lines = str(report).split("\n")
    assert len(lines) == 1 + len(labels) + 1 + len(labels) + 1
    assert "a b → f" in lines[1]
    assert "x" * 39 + "… → f" in lines[3]
    assert "→ {0} %s → f" in lines[4]
    assert "<b>&amp; → f" in lines[5]


# ------------------------------------------------------------------------------------------------------- bad arguments


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((3.0,), {}, TypeError, "takes a Value or a function of xs, got float"),
        (("x*y",), {}, TypeError, "takes a Value or a function of xs, got str"),
        ((lambda x: x,), {}, TypeError, "needs xs"),
        ((lambda x: x, 2.0), {}, TypeError, "needs xs.*got float"),
        ((lambda x: x, ("a",)), {}, TypeError, "got str 'a'"),
        ((lambda x: None, (1.0,)), {}, TypeError, "returns one number, got NoneType"),
        ((Value(1.0), (1.0,)), {}, TypeError, "xs is for a function"),
        ((Value(1.0),), {"tolerance": 0.0}, ValueError, "positive finite number, got 0.0"),
        ((Value(1.0),), {"tolerance": -1e-6}, ValueError, "positive finite number"),
        ((Value(1.0),), {"tolerance": math.inf}, ValueError, "positive finite number"),
        ((Value(1.0),), {"tolerance": math.nan}, ValueError, "positive finite number"),
        ((Value(1.0),), {"tolerance": "tight"}, TypeError, "tolerance is a number, got str"),
        ((Value(1.0),), {"tolerance": None}, TypeError, "tolerance is a number, got NoneType"),
    ],
)
def test_bad_arguments(arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        check_gradients(*arguments, **options)
    assert "\n" not in str(caught.value)
