"""Where a number went wrong: planted ones are found where they are, found ones are where a walk by hand ends."""

import builtins
import math
import operator
import pickle
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Diagnosis, DomainError, Value, compile, diagnose, no_grad, parse, source_lines, value
from autograd.functions import dot, exp, log, sin, sqrt, sum, tanh
from autograd.gates import Gate
from autograd.graph import order
from autograd.value import apply

inf, nan = math.inf, math.nan

BOUNDED: tuple[Callable[[Value, Value], Value], ...] = (  # of numbers from -2 to 2: no output is larger
    lambda x, y: tanh(x + y),
    lambda x, y: (x - y) * 0.5,
    lambda x, y: tanh(x * y) + 0.25,
    lambda x, y: x.sigmoid() - y.sigmoid(),
    lambda x, y: dot([x, y], [0.5, 0.25], 0.125),
)
Plan = list[tuple[int, int, int]]  # of each node: which rule, and of which two earlier nodes
plans: st.SearchStrategy[Plan] = st.lists(st.tuples(*[st.integers(0, 99)] * 3), min_size=1, max_size=25)


def planted(plan: Plan, at: int, gate: Gate) -> tuple[Value, Value]:
    """Return the root of a bounded graph, all of whose nodes it depends on, and the node of the gate planted in it."""
    nodes = [Value(0.5, "x"), Value(-1.0, "y")]
    bad = None
    for number, (rule, i, j) in enumerate(plan):
        x, y = nodes[i % len(nodes)], nodes[j % len(nodes)]
        nodes.append(BOUNDED[rule % len(BOUNDED)](x, y))
        if number == at % len(plan):
            bad = apply(gate, nodes[-1])
            nodes.append(bad)
    assert bad is not None
    return sum([node * 0.5 for node in nodes]), bad


def told(found: Diagnosis | None) -> Diagnosis:
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------------------- planted, found


@given(plan=plans, at=st.integers(0, 99), number=st.sampled_from([nan, inf, -inf]))
def test_a_planted_value_is_found_at_its_gate(plan: Plan, at: int, number: float) -> None:
    gate = Gate("bad", "!", "scaler", lambda x: number, lambda z, x: (1.0,))
    root, bad = planted(plan, at, gate)
    found = told(diagnose(root))
    assert found.node is bad
    assert (found.gate, found.inputs, found.forward, found.harmless) == (gate, bad.inputs, True, False)
    assert found.values == tuple(x.data for x in bad.inputs)
    assert math.isfinite(found.values[0])
    assert repr(found.value) == repr(number)


@given(plan=plans, at=st.integers(0, 99), slope=st.sampled_from([nan, inf, -inf]))
def test_a_planted_slope_is_found_at_its_gate(plan: Plan, at: int, slope: float) -> None:
    root, bad = planted(plan, at, Gate("steep", "!", "switch", lambda x: x * 1.0, lambda z, x: (slope,)))
    found = told(diagnose(root))
    assert found.node is bad
    assert (found.forward, found.place) == (False, 0)
    assert not math.isfinite(found.number)
    assert "the gradient of" in str(found)


@given(plan=plans, at=st.integers(0, 99), number=st.sampled_from([nan, inf, -inf]))
def test_a_planted_input_is_found_and_no_gate_is_blamed(plan: Plan, at: int, number: float) -> None:
    leaf = Value(number, "given")
    root, _ = planted(plan, at, Gate("tainted", "!", "gradient distributor", lambda x: x, lambda z, x: (1.0,)))
    found = told(diagnose(root + leaf))
    assert (found.node, found.gate, found.inputs) == (leaf, None, ())
    assert str(found) == f"The input 'given' is {number!r}: no gate made it so."


LARGE: tuple[Callable[[Value, Value], Value], ...] = (operator.add, operator.sub, operator.mul, lambda x, y: exp(x))
numbers = st.sampled_from([1e-200, -2.0, 1.0, 800.0, 1e200, -1e308])


@given(plan=plans, leaves=st.lists(numbers, min_size=2, max_size=4))
def test_what_is_found_in_a_graph_of_large_numbers_is_where_a_walk_by_hand_ends(
    plan: Plan, leaves: list[float]
) -> None:
    nodes = [Value(x) for x in leaves]
    for rule, i, j in plan:
        nodes.append(LARGE[rule % len(LARGE)](nodes[i % len(nodes)], nodes[j % len(nodes)]))
    root = nodes[-1]
    found = diagnose(root)
    root.backward()
    values = [node.data for node in order(root)]
    gradients = [node.grad for node in order(root)]
    if all(map(math.isfinite, values + gradients)):
        assert found is None
        return
    found = told(found)
    if not math.isfinite(root.data):
        assert found.node in ends_of_bad_ways(root)
    if found.harmless:
        assert math.isfinite(root.data)
        assert all(map(math.isfinite, gradients))
    if found.forward:
        assert not math.isfinite(found.node.data)
        assert all(math.isfinite(x.data) for x in found.node.inputs)
    else:
        assert math.isfinite(root.data)


def ends_of_bad_ways(root: Value) -> list[Value]:
    """Return where the ways through numbers that are not finite end, walked by hand."""
    ends, ways = [], [root]
    seen: list[Value] = []
    while ways:
        node = ways.pop()
        seen.append(node)
        bad = [x for x in node.inputs if math.isnan(x.data) or math.isinf(x.data)]
        ends += [] if bad else [node]
        ways += [x for x in bad if x not in seen]
    return ends


# ------------------------------------------------------------------------------------------------------ what is blamed


def test_finite_numbers_have_no_diagnosis() -> None:
    x = Value(2.0, "x")
    assert diagnose(x) is None
    assert diagnose(tanh(x * x) / 3) is None


def test_an_inf_that_was_made_harmless_is_not_blamed_for_the_nan_of_another_gate() -> None:
    masked, x, lost = Value(-inf, "mask"), Value(1000.0, "x"), Value(nan, "lost")
    shares = exp(masked + 1.0) + 1.0
    assert diagnose(shares) is None
    grown = exp(x)
    assert told(diagnose(shares * (grown - grown))).node is grown
    assert told(diagnose(grown + lost)).node is lost


def test_a_harmless_inf_is_told_to_be_so() -> None:
    x = Value(1e200, "x")
    squashed = tanh(x * 1e200)
    found = told(diagnose(squashed))
    assert (found.gate, found.harmless) == (squashed.inputs[0].gate, True)
    assert "no harm" in str(found)


def test_a_gradient_that_a_value_spoils_is_traced_to_the_value() -> None:
    x = Value(1000.0, "x")
    grown = exp(x)
    found = told(diagnose(1 / (1 + grown)))
    assert (found.node, found.forward) == (grown, True)
    assert found.becomes is not None
    assert found.becomes.node is grown
    assert "the gradient of 'x' becomes upstream -0.0 × local inf = nan" in str(found)


def test_the_gradient_of_a_constant_is_nobodys_concern() -> None:
    x = Value(1e200, "x")
    f = (x * 1e-200) * 1e200
    f.backward()
    assert f.inputs[0].inputs[1].grad == inf  # of the constant
    assert diagnose(f) is None


def test_gradients_that_overflow_where_a_wire_forks_are_told_as_the_sum_they_are() -> None:
    p = Value(0.0, "p")
    found = told(diagnose(p * 1e308 + p * 1e308))
    assert "the gradient of 'p' becomes 1e+308 + 1e+308 = inf" in str(found)
    assert found.number == inf


def test_the_first_nan_that_an_inf_leads_to_is_told() -> None:
    x = Value(1000.0, "x")
    difference = exp(x) - exp(x)
    difference.label = "difference"
    assert str(diagnose(difference * 2 + 1)) == (
        "exp makes inf of finite numbers: x = 1000.0. From there it becomes nan at sub 'difference'."
    )


def test_a_gate_of_many_inputs_tells_of_the_largest() -> None:
    xs = [Value(1e307, f"x{i}") for i in range(30)]
    xs[7].data = 1.5e307
    assert "30 inputs, the largest 1.5e+307 ('x7')" in str(diagnose(sum(xs)))


def test_a_deep_graph_is_diagnosed_without_recursion() -> None:
    f = Value(1.0, "x")
    for _ in range(50_000):
        f = f * 1.1
    found = told(diagnose(f))
    assert found.gate is not None
    assert all(map(math.isfinite, found.values))


def test_a_diagnosis_touches_no_gradient_and_keeps_its_numbers() -> None:
    x = Value(1000.0, "x")
    f = exp(x) * 2
    before = str(found := told(diagnose(f)))
    assert {node.grad for node in order(f)} == {0.0}
    x.data = 1.0
    assert str(found) == before
    assert found.values == (1000.0,)
    assert diagnose(f) is None  # it is of the leaves as they are now


# ----------------------------------------------------------------------------------------------------- domains and rows


def test_a_domain_error_knows_its_gate_and_inputs_and_travels_without_them() -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    with pytest.raises(DomainError) as caught:
        log(x - y)
    error = caught.value
    assert error.gate is not None
    assert (error.gate.name, [v.data for v in error.inputs]) == ("log", [-1.0])
    assert error.inputs[0].inputs == (x, y)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.gate, copy.inputs) == (str(error), None, ())


def test_an_error_is_diagnosed_with_the_line_it_came_from() -> None:
    x = Value(-1.0, "x")
    try:
        log(x)
    except DomainError as error:
        found = told(diagnose(error))
        message = str(error)
    assert (found.refusal, found.forward) == (message, True)
    assert math.isnan(found.value)
    assert found.line is not None
    assert found.line.text == "log(x)"
    assert str(found) == f"{message}. Built at test_diagnosis.py:{found.line.number}: log(x)"


def test_a_refusal_that_an_inf_led_to_is_traced_to_the_inf() -> None:
    x = Value(1000.0, "x")
    with pytest.raises(DomainError) as caught:
        parse("sin(exp(x) * 2)", x=x)
    found = told(diagnose(caught.value))
    assert found.gate is not None
    assert (found.gate.name, found.value, found.refusal) == ("exp", inf, str(caught.value))
    assert "So sin needs" in str(found)


def test_a_stale_graph_is_diagnosed_with_its_new_numbers_and_an_error_forgotten_when_it_is_mended() -> None:
    x = Value(1.0, "x")
    f = log(x) * 2
    x.data = -1.0
    found = told(diagnose(f))
    assert (found.refusal[:4], found.values, f.data) == ("log ", (-1.0,), 0.0)
    with pytest.raises(DomainError) as caught:
        f.forward()
    x.data = 3.0
    assert diagnose(caught.value) is None


def test_a_slope_that_does_not_exist_is_found_in_the_graph_and_from_the_error() -> None:
    x = Value(0.0, "x")
    root = sqrt(x)
    f = root + 1
    with pytest.raises(DomainError) as caught:
        f.backward()
    from_graph, from_error = told(diagnose(f)), told(diagnose(caught.value))
    assert (from_graph.node, from_graph.forward, from_graph.value) == (root, False, 0.0)
    assert (from_error.gate, from_error.inputs) == (root.gate, (x,))
    assert str(from_graph) == str(from_error).split(" Built")[0] == f"{caught.value}."


def row_loss(row: Sequence[Value], target: Value) -> Value:
    grown = exp(row[0] * 100.0)
    return grown - grown + row[1] - target


@pytest.mark.parametrize("as_lists", [False, True])
def test_the_row_of_a_nan_is_found_and_the_line_of_the_gate(as_lists: bool) -> None:
    X, y = np.array([[0.0, 1.0], [1.0, 2.0], [8.0, 3.0], [9.0, 4.0]]), np.array([0, 1, 0, 1])
    assert math.isnan(compile(row_loss, parameters=[])(X, y))
    found = told(diagnose(row_loss, *([X.tolist(), y.tolist()] if as_lists else [X, y])))
    assert found.row == 2
    assert found.line is not None
    assert found.line.text == "grown = exp(row[0] * 100.0)"
    assert str(found).startswith("In row 2: exp makes inf of finite numbers: x = 800.0 (x is mul of 'X[0]', 100.0).")
    assert diagnose(row_loss, X[:2], y[:2]) is None


def test_the_row_of_a_refusal_is_the_one_that_the_compiled_program_names() -> None:
    def loss(x: Value) -> Value:
        return log(x)

    xs = np.array([1.0, 2.0, -0.5, -1.0])
    with pytest.raises(DomainError, match="in row 2"):
        compile(loss, parameters=[])(xs)
    found = told(diagnose(loss, xs))
    assert (found.row, found.values) == (2, (-0.5,))
    assert "x is 'y'" in str(found)  # an entry is called as compile calls it


def test_a_harmless_row_gives_way_to_a_worse_one() -> None:
    def loss(x: Value) -> Value:
        return tanh(x * 1e200) * exp(x * 1e-200)

    mild, worse = 1e150, 1e203
    assert told(diagnose(loss, [1.0, mild])).harmless
    found = told(diagnose(loss, [mild, 1.0, worse]))
    assert (found.row, found.harmless) == (2, False)


@pytest.mark.parametrize("given", [(3.0,), ("f",), (Value(1.0), [1.0]), (row_loss,), (3.0, [1.0])])
def test_what_cannot_be_diagnosed_is_refused(given: tuple[object, ...]) -> None:
    with pytest.raises(TypeError, match="a diagnosis is of a Value"):
        diagnose(*given)


def test_rows_that_do_not_match_and_errors_without_values_are_refused() -> None:
    with pytest.raises(ValueError, match=r"have \[1, 2\]"):
        diagnose(row_loss, [[1.0, 2.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least one"):
        diagnose(row_loss, [], [])
    with pytest.raises(TypeError, match="returns one Value, got float"):
        diagnose(lambda x: 1.0, [1.0])
    with pytest.raises(DomainError) as caught:
        log(-1.0)
    with pytest.raises(ValueError, match="names no Values"):
        diagnose(caught.value)


# -------------------------------------------------------------------------------------------------------- lines of code


def test_the_line_that_built_a_gate_is_kept_on_request_alone() -> None:
    x = Value(1e200, "x")
    before = x * 1e200
    with source_lines() as lines:
        unary = x.exp()
        binary = (
            x * 1e200  # the line of the operator
        )
        reflected, called, typed = 2 / x, sin(x), parse("x * 2", x=x)
    after = x * 1e200
    found = [lines.of(node) for node in (unary, binary, reflected, called, typed)]
    texts = [line.text for line in found if line]
    assert texts[0] == "unary = x.exp()"
    assert "x * 1e200" in texts[1]
    assert len(set(texts[2:])) == 1
    assert "2 / x, sin(x), parse" in texts[2]
    assert [lines.of(node) for node in (before, after, x)] == [None] * 3
    line = told(diagnose(binary, lines=lines)).line
    assert line is not None
    assert line == found[1]
    assert line.file == __file__
    assert told(diagnose(binary)).line is None


def test_lines_of_other_threads_and_of_no_grad_blocks_are_not_kept() -> None:
    x = Value(2.0)
    made: list[Value] = []
    with source_lines() as lines:
        thread = threading.Thread(target=lambda: made.append(x * 2))
        thread.start()
        thread.join()
        with no_grad():
            made.append(x * 3)
        with source_lines() as inner:
            made.append(x * 4)
        made.append(x * 5)
    assert [lines.of(node) is not None for node in made] == [False, False, False, True]
    assert [inner.of(node) is not None for node in made] == [False, False, True, False]
    assert value._blocks == 0


def test_a_block_that_raises_switches_lines_off_again() -> None:
    with pytest.raises(ZeroDivisionError), source_lines() as lines:
        raise ZeroDivisionError
    assert lines.of(Value(1.0) * 2) is None
    assert value._blocks == 0


def test_a_line_that_cannot_be_read_is_told_by_its_place() -> None:
    namespace: dict[str, object] = {"x": Value(1e200, "x")}
    with source_lines() as lines:
        exec(compile_text("\n\ny = x * x"), namespace)
    assert str(lines.of(namespace["y"])) == "nowhere.py:3"  # type: ignore[arg-type]


def compile_text(text: str) -> Any:
    return builtins.compile(text, "/not/there/nowhere.py", "exec")
