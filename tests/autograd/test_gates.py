"""Every gate of the table, asked of others: differences, torch, NumPy, the engine, and the source it prints itself as.

point   one number per input of a gate        column   the same input of many points, as an array
"""

import json
import math
import pickle
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import elementary, gates
from autograd.elementary import where
from autograd.errors import DomainError
from autograd.gates import FAMILIES, FLOWS, GATES, Gate
from autograd.symbol import JAVASCRIPT, NUMPY, Language, Symbol
from autograd.value import Value, apply

Point = tuple[float, ...]
Differences = Callable[..., list[float]]  # of a function, where to take it, and perhaps the step

inf, nan = math.inf, math.nan
ORDINARY = (0.0, 1.0, -1.0, 1000.0, -1000.0)
EXTREME = (1000.0, -1000.0, 1e300, -1e300, inf, -inf)

every_gate = pytest.mark.parametrize("gate", GATES.values(), ids=attrgetter("name"))
one_input_gates = [gate for gate in GATES.values() if gate.arity == 1]


# ------------------------------------------------------------------------------------------------ where gates are asked


def counts(gate: Gate) -> tuple[int, ...]:
    """Return the numbers of inputs to try: dot takes pairs, and perhaps a bias."""
    return (4, 5) if gate is gates.DOT else (gate.arity or 3,)


def probed(gate: Gate, how_many: int = 12) -> list[Point]:
    """Return points from the gate's own range, the same in every run, away from kinks and ties."""
    draw = random.Random(gate.name)
    found: list[Point] = []
    while len(found) < how_many * len(counts(gate)):
        point = tuple(draw.uniform(*gate.probe) for _ in range(counts(gate)[len(found) % len(counts(gate))]))
        apart = all(abs(x - y) > 0.01 for i, x in enumerate(point) for y in (0.0, *point[:i]))
        found += [point] if apart else []
    return found


def mixed(gate: Gate, numbers: Sequence[float]) -> list[Point]:
    """Return every way to give the gate these numbers, or two hundred of them."""
    return [
        point
        for n in counts(gate)
        for point in (
            product(numbers, repeat=n) if n <= 3 else zip(*[random.Random(i).choices(numbers, k=200) for i in range(n)])
        )
    ]


def with_value(gate: Gate, points: Sequence[Point]) -> list[Point]:
    return [point for point in points if not gate.domain.lacks_value(*point)]


def with_slope(gate: Gate, points: Sequence[Point]) -> list[Point]:
    return [point for point in with_value(gate, points) if not gate.domain.lacks_slope(*point)]


def same_arity(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Sort points by their number of inputs, so that each batch makes columns."""
    for n in sorted({len(point) for point in points}):
        yield [point for point in points if len(point) == n]


def evaluated(gate: Gate, point: Sequence[Any]) -> tuple[Any, ...]:
    """Return the gate's value and its slopes there, all on the kind of number that is given."""
    z = gate.forward(*point)
    return (z, *gate.partials(z, *point))


def near(expected: Any, tolerance: float = 1e-12) -> Any:
    return pytest.approx(expected, rel=tolerance, abs=tolerance, nan_ok=True)


def floats(numbers: Sequence[Any]) -> list[float]:
    return [float(x) for x in numbers]


# --------------------------------------------------------------------------------------------------------- the table


@every_gate
def test_card_is_complete(gate: Gate) -> None:
    assert GATES[gate.name] is gate
    assert gate.flow in FLOWS
    assert gate.symbol
    assert gate.probe[0] < gate.probe[1]
    # math.exp as a rule would break columns and symbols, and raise where it overflows
    assert gate.forward.__module__ in ("_operator", "autograd.gates", "autograd.elementary")


@every_gate
def test_latex_has_the_value_and_a_rule_per_input(gate: Gate) -> None:
    if gate is gates.DOT:
        assert len(gate.latex) == 4  # the value, and a rule for x, w and b
    elif gate.arity:
        assert len(gate.latex) == 1 + gate.arity
    else:
        assert len(gate.latex) >= 2
    assert all(text and text.count("{") == text.count("}") for text in gate.latex)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_keeps_one_card_per_parameter(family: str) -> None:
    make = FAMILIES[family]
    assert make(0.25) is make(0.25)
    assert make(0.25) is not make(0.75)
    assert make(0.25).name != make(0.75).name
    with pytest.raises(ValueError, match="finite"):
        make(nan)


# ----------------------------------------------------------------------------------------- slopes, asked of two others


@every_gate
def test_slopes_are_central_differences(gate: Gate, differences: Differences) -> None:
    for point in probed(gate):
        _, *slopes = evaluated(gate, point)
        assert slopes == near(differences(gate.forward, point), 1e-8)


TORCH: dict[str, Callable[..., Any]] = {
    "add": lambda torch, x, y: x + y,
    "sub": lambda torch, x, y: x - y,
    "mul": lambda torch, x, y: x * y,
    "div": lambda torch, x, y: x / y,
    "neg": lambda torch, x: torch.neg(x),
    "reciprocal": lambda torch, x: torch.reciprocal(x),
    "pow": lambda torch, x, y: torch.pow(x, y),
    "pow(2)": lambda torch, x: torch.square(x),
    "pow(3)": lambda torch, x: torch.pow(x, 3),
    "pow(0)": lambda torch, x: torch.pow(x, 0),
    "pow(-1)": lambda torch, x: torch.pow(x, -1),
    "pow(0.5)": lambda torch, x: torch.pow(x, 0.5),
    "pow(-1.5)": lambda torch, x: torch.pow(x, -1.5),
    "exp": lambda torch, x: torch.exp(x),
    "log": lambda torch, x: torch.log(x),
    "sqrt": lambda torch, x: torch.sqrt(x),
    "sin": lambda torch, x: torch.sin(x),
    "cos": lambda torch, x: torch.cos(x),
    "tan": lambda torch, x: torch.tan(x),
    "arctan": lambda torch, x: torch.arctan(x),
    "sinh": lambda torch, x: torch.sinh(x),
    "cosh": lambda torch, x: torch.cosh(x),
    "tanh": lambda torch, x: torch.tanh(x),
    "sigmoid": lambda torch, x: torch.sigmoid(x),
    "softplus": lambda torch, x: torch.nn.functional.softplus(x),
    "abs": lambda torch, x: torch.abs(x),
    "max": lambda torch, *xs: torch.stack(xs).max(),
    "min": lambda torch, *xs: torch.stack(xs).min(),
    "relu": lambda torch, x: torch.relu(x),
    "leaky_relu(0.1)": lambda torch, x: torch.nn.functional.leaky_relu(x, 0.1),
    "elu(1)": lambda torch, x: torch.nn.functional.elu(x, 1.0),
    "step": lambda torch, x: torch.heaviside(x.detach(), torch.zeros_like(x)) + 0.0 * x,
    "copy": lambda torch, x: x.clone(),
    "sum": lambda torch, *xs: torch.stack(xs).sum(),
    "dot": lambda torch, *xs: torch_dot(torch, torch.stack(xs)),
    "logsumexp": lambda torch, *xs: torch.logsumexp(torch.stack(xs), 0),
}


def torch_dot(torch: Any, wxb: Any) -> Any:
    n = len(wxb) // 2
    return torch.dot(wxb[:n], wxb[n : 2 * n]) + wxb[2 * n :].sum()


def test_torch_is_asked_about_every_gate() -> None:
    assert set(TORCH) == set(GATES)


@every_gate
def test_value_and_slopes_are_torchs(gate: Gate) -> None:
    torch = pytest.importorskip("torch")
    for point in probed(gate):
        xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        z = TORCH[gate.name](torch, *xs)
        slopes = torch.autograd.grad(z, xs)
        assert evaluated(gate, point) == near((z.item(), *[slope.item() for slope in slopes]))


# ------------------------------------------------------------------------------------------------- written for people

NAMES = {name: getattr(math, name) for name in ("exp", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")}
NAMES |= {"ln": math.log, "arctan": math.atan, "max": max, "abs": abs, "sign": lambda x: math.copysign(1.0, x)}
NAMES["sigma"] = lambda x: 1 / (1 + math.exp(-x))

# from LaTeX to Python, step by step
READING = [
    (r"\\,", "*"),
    (r"\\operatorname\{(\w+)\}", r"\1"),
    (r"\|x\|", "abs(x)"),
    (r"\\sqrt\{(\w)\}", r"sqrt(\1)"),
    (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))"),
    (r"\\(\w+)\^2 x", r"\1(x)**2"),
    (r"\\le ", "<="),
    (r"\\(\w+) x", r"\1(x)"),
    (r"e\^x", "exp(x)"),
    (r"\^\{([^{}]*)\}", r"**(\1)"),
    (r"\^", "**"),
    (r"\\", ""),
    (r"(\d)(?=[a-z(\[])", r"\1*"),
]


def read(latex: str, known: dict[str, float]) -> float:
    """Return what a formula of one or two numbers says, read as a person would."""
    for pattern, python in READING:
        latex = re.sub(pattern, python, latex)
    return float(eval(latex.replace("[", "(").replace("]", ")"), NAMES | known))


FORMULAS = [gate for gate in GATES.values() if gate.arity]  # what is said of any number of inputs is for people alone
FORMULAS += [gates.leaky_relu(-0.5), gates.elu(2.5)]


@pytest.mark.parametrize("gate", FORMULAS, ids=attrgetter("name"))
def test_latex_says_what_the_card_computes(gate: Gate) -> None:
    for point in probed(gate, 5):
        known = dict(zip("xy", point))
        assert [read(text, known) for text in gate.latex] == near(list(evaluated(gate, point)), 1e-10)


# ------------------------------------------------------------------------------------ one card, every kind of number


def columns_of(points: Sequence[Point]) -> list[np.ndarray]:
    return [np.array(column) for column in zip(*points, strict=True)]


def rows_of(outputs: Sequence[Any], how_many: int) -> list[tuple[float, ...]]:
    """Turn what a card gave for columns, where a constant slope may be one number, back into rows."""
    return list(zip(*[np.broadcast_to(output, how_many).tolist() for output in outputs], strict=True))


@every_gate
def test_columns_inside_the_probe_agree_and_never_warn(gate: Gate) -> None:
    for points in same_arity(probed(gate)):
        rows = rows_of(evaluated(gate, columns_of(points)), len(points))
        assert rows == [near(evaluated(gate, point)) for point in points]


@every_gate
@pytest.mark.parametrize("numbers", [EXTREME, (*ORDINARY, nan)], ids=["extreme", "ordinary"])
def test_columns_anywhere_agree(gate: Gate, numbers: tuple[float, ...]) -> None:
    with np.errstate(all="ignore"):
        for points in same_arity(with_slope(gate, mixed(gate, numbers))):
            rows = rows_of(evaluated(gate, columns_of(points)), len(points))
            assert rows == [near(evaluated(gate, point)) for point in points]


@pytest.mark.parametrize("gate", one_input_gates, ids=attrgetter("name"))
def test_small_numbers_keep_their_digits(gate: Gate) -> None:
    small = with_slope(gate, [(x,) for x in (1e-18, -1e-18, 1e-9, -1e-9, 30.0, -30.0)])
    rows = rows_of(evaluated(gate, columns_of(small)), len(small))
    for point, row in zip(small, rows, strict=True):
        assert row == pytest.approx(evaluated(gate, point), rel=1e-14, abs=0.0)


def test_small_numbers_are_known() -> None:
    tiny = 1e-18
    assert GATES["elu(1)"].forward(-tiny) == -tiny
    assert gates.SINH.forward(tiny) == gates.TANH.forward(tiny) == tiny
    assert gates.SOFTPLUS.forward(-40.0) == near(math.exp(-40.0), 0.0) == gates.SIGMOID.forward(-40.0)


@every_gate
def test_a_column_goes_with_plain_numbers(gate: Gate) -> None:
    for points in same_arity(probed(gate)):
        for place, column in enumerate(columns_of(points)):
            xs: list[Any] = list(points[0])
            xs[place] = column
            rows = rows_of(evaluated(gate, xs), len(points))
            singles = [(*points[0][:place], x, *points[0][place + 1 :]) for x in column.tolist()]
            assert rows == [near(evaluated(gate, single)) for single in singles]


@every_gate
def test_numpy_numbers_are_numbers(gate: Gate) -> None:
    for point in probed(gate, 2):
        assert floats(evaluated(gate, [np.float64(x) for x in point])) == near(list(evaluated(gate, point)))


@every_gate
def test_slopes_on_values_are_the_slopes(gate: Gate) -> None:
    for point in probed(gate) + with_slope(gate, mixed(gate, (*ORDINARY, nan))):
        if gate is gates.POW and math.isnan(point[0]) and point[1] == 1.0:
            continue  # the slope is 1 · x ** 0: 1 by IEEE's rule for numbers, nan by our rule for gates
        xs = [Value(x) for x in point]
        z = apply(gate, *xs)
        assert z.data == near(gate.forward(*point), 0.0)
        assert floats(gate.partials(z, *xs)) == near(list(gate.partials(z.data, *point)))


def second_derivatives(gate: Gate, point: Point, i: int) -> list[float]:
    """Return how the slope of input i moves with each input, from the engine."""
    xs = [Value(x) for x in point]
    slope = gate.partials(apply(gate, *xs), *xs)[i]
    if isinstance(slope, Value):
        slope.backward()
    return [x.grad for x in xs]


@every_gate
def test_slopes_can_be_differentiated_again(gate: Gate, differences: Differences) -> None:
    for point in probed(gate, 4):
        for i in range(len(point)):
            expected = differences(lambda *xs, i=i: evaluated(gate, xs)[1 + i], point)
            assert second_derivatives(gate, point, i) == near(expected, 1e-7)


# ------------------------------------------------------------------------------------ one card, printed as source


def spelled(language: Language, x: Any) -> str:
    return str(x if isinstance(x, Symbol) else language.number(x))


def names(n: int) -> list[str]:
    return [f"x{i}" for i in range(n)]


def printed(gate: Gate, language: Language, n: int) -> tuple[str, list[str]]:
    """Return the source of the gate's value, and that of its slopes, in which the value is called z."""
    xs = [language.symbol(name) for name in names(n)]
    slopes = gate.partials(language.symbol("z"), *xs)
    return spelled(language, gate.forward(*xs)), [spelled(language, slope) for slope in slopes]


@every_gate
def test_card_printed_as_numpy_computes_the_same(gate: Gate) -> None:
    with np.errstate(all="ignore"):
        for points in same_arity(probed(gate) + with_slope(gate, mixed(gate, (*ORDINARY, *EXTREME, nan)))):
            value, slopes = printed(gate, NUMPY, len(points[0]))
            known = {"np": np} | dict(zip(names(len(points[0])), columns_of(points), strict=True))
            known["z"] = eval(value, known)  # our own output, on purpose
            rows = rows_of([known["z"], *[eval(slope, known) for slope in slopes]], len(points))
            assert rows == [near(evaluated(gate, point)) for point in points]


@every_gate
def test_domain_printed_as_numpy_finds_the_same_offenders(gate: Gate) -> None:
    for points in same_arity(mixed(gate, (*ORDINARY, *EXTREME, nan))):
        known = {"np": np} | dict(zip(names(len(points[0])), columns_of(points), strict=True))
        for lacks in (gate.domain.lacks_value, gate.domain.lacks_slope):
            found = lacks(*[NUMPY.symbol(name) for name in names(len(points[0]))])
            rows = np.broadcast_to(eval(str(found), known), len(points)).tolist()
            assert rows == [lacks(*point) for point in points]


def javascript_points(gate: Gate) -> list[Point]:
    return probed(gate) + with_slope(gate, mixed(gate, (*ORDINARY, nan)))


def javascript_of(gate: Gate, n: int, points: Sequence[Point]) -> str:
    """Return an expression: the gate's value and slopes at every point, as strings, for JSON knows no infinity."""
    value, slopes = printed(gate, JAVASCRIPT, n)
    body = f"const z = {value}; return [z, {', '.join(slopes)}].map(String);"
    rows = ", ".join(f"[{', '.join(spelled(JAVASCRIPT, x) for x in point)}]" for point in points)
    return f"[{rows}].map(([{', '.join(names(n))}]) => {{ {body} }})"


@pytest.fixture(scope="module")
def javascript(node: str) -> dict[str, list[list[list[str]]]]:
    """What JavaScript makes of every gate: per gate and number of inputs, a row of numbers per point."""
    table = ",\n".join(
        f"{json.dumps(gate.name)}: "
        f"[{', '.join(javascript_of(gate, len(ps[0]), ps) for ps in same_arity(javascript_points(gate)))}]"
        for gate in GATES.values()
    )
    program = f"console.log(JSON.stringify({{{table}}}));"
    run = subprocess.run([node, "-"], input=program, capture_output=True, text=True, check=True, encoding="utf-8")
    answers: dict[str, list[list[list[str]]]] = json.loads(run.stdout)
    return answers


@every_gate
def test_card_printed_as_javascript_computes_the_same(gate: Gate, javascript: dict[str, list[Any]]) -> None:
    batches = list(same_arity(javascript_points(gate)))
    for points, rows in zip(batches, javascript[gate.name], strict=True):
        assert [tuple(floats(row)) for row in rows] == [near(evaluated(gate, point)) for point in points]


@pytest.mark.parametrize("gate", [gate for gate in GATES.values() if gate.arity == 0], ids=attrgetter("name"))
def test_source_stays_short_for_many_inputs(gate: Gate) -> None:
    few, many = (sum(map(len, printed(gate, NUMPY, n)[1])) for n in (8, 16))
    assert few < many < 8 * few


def test_source_has_the_brackets_it_needs() -> None:
    x, y, z = map(NUMPY.symbol, "xyz")
    assert str((x + y) * z - x / (y * -z)) == "(x + y) * z - x / (y * -z)"
    assert str(x - (y - z) + -(x**-2.0)) == "x - (y - z) + -x**-2"
    a, b = map(JAVASCRIPT.symbol, "ab")
    assert str(where(a > b, a, 1.0) * (a**b)) == "(a > b ? a : 1) * Math.pow(a, b)"


def test_a_card_that_branches_is_told_so() -> None:
    with pytest.raises(TypeError, match="where"):
        bool(NUMPY.symbol("x") > 0)


# ------------------------------------------------------------------------------------------- patterns of gradient flow


def broken_claims(gate: Gate) -> list[Point]:
    """Return the points where the gate's slopes are not what its flow claims."""

    def broken(point: Point) -> bool:
        _, *slopes = evaluated(gate, point)
        return not FLOWS[gate.flow](point, tuple(slopes))

    def finite(point: Point) -> bool:  # a saturated slope is no slope, and nothing is claimed of it
        return all(map(math.isfinite, evaluated(gate, point)))

    beyond = [point for point in with_slope(gate, mixed(gate, ORDINARY)) if finite(point)]
    return [point for point in probed(gate, 100) + beyond if broken(point)]


@every_gate
def test_flow_claim_holds(gate: Gate) -> None:
    assert broken_claims(gate) == []


@every_gate
def test_a_wrong_flow_claim_is_noticed(gate: Gate) -> None:
    wrong = "swap multiplier" if gate is not gates.MUL else "gradient distributor"
    assert broken_claims(replace(gate, flow=wrong))


@every_gate
def test_a_wrong_slope_breaks_the_flow_claim(gate: Gate) -> None:
    off = inf if gate.flow == "scaler" else 0.5

    def wrong(z: float, *xs: float) -> tuple[float, ...]:
        first, *others = gate.partials(z, *xs)
        return (first + off, *others)

    assert broken_claims(replace(gate, partials=wrong))
    assert broken_claims(replace(gate, partials=lambda z, *xs: (*gate.partials(z, *xs), 1.0)))


# ------------------------------------------------------------------------------------------------------------- domains


def numpy_objects(gate: Gate, compute: Callable[..., Any], point: Sequence[float]) -> bool:
    """Tell whether NumPy divides by zero or finds an invalid operand; an overflow is none of these."""
    with np.errstate(divide="raise", invalid="raise", over="ignore", under="ignore"):
        try:
            compute(*[np.array([x]) for x in point])
        except FloatingPointError:
            return True
    return False


def refuses(compute: Callable[[], object]) -> bool:
    try:
        compute()
    except DomainError:
        return True
    return False


def domain_points(gate: Gate) -> list[Point]:
    # not -inf, of which IEEE has powers that are refused for a negative x
    return probed(gate) + mixed(gate, (*ORDINARY, inf, 0.5, -0.5) if gate.arity == 1 else (*ORDINARY, 0.5))


@every_gate
def test_value_is_refused_exactly_where_there_is_none(gate: Gate) -> None:
    for point in domain_points(gate):
        # a Value as exponent is refused for every x <= 0, where numbers have some powers
        none = point[0] <= 0 if gate is gates.POW else numpy_objects(gate, gate.forward, point)
        assert refuses(lambda point=point: apply(gate, *point)) is none, point


@every_gate
def test_slope_is_refused_exactly_where_there_is_none(gate: Gate) -> None:
    for point in with_value(gate, domain_points(gate)):
        z = apply(gate, *[Value(x) for x in point])
        none = numpy_objects(gate, lambda *xs: evaluated(gate, xs), point)
        assert refuses(z.backward) is none, point


@every_gate
def test_nan_passes_through(gate: Gate) -> None:
    for n in counts(gate):
        assert math.isnan(apply(gate, *[nan] * n).data)
        for place in range(n):
            for other in (*ORDINARY, 0.5):
                point = [other] * n
                point[place] = nan
                for allowed in with_value(gate, [tuple(point)]):
                    assert math.isnan(apply(gate, *allowed).data), allowed


# ---------------------------------------------------------------------------------------------------------- expansions


@pytest.mark.parametrize("gate", [gate for gate in GATES.values() if gate.expansion], ids=attrgetter("name"))
def test_expansion_is_the_same_function(gate: Gate) -> None:
    assert gate.expansion is not None
    for point in probed(gate):
        whole, parts = [Value(x) for x in point], [Value(x) for x in point]
        f, g = apply(gate, *whole), gate.expansion(*parts)
        f.backward()
        g.backward()
        assert (g.data, *[x.grad for x in parts]) == near((f.data, *[x.grad for x in whole]))
        assert gate not in {node.gate for node in g.inputs} | {g.gate}


# ------------------------------------------------------------------------------------------- how a gate is reached


@pytest.mark.parametrize("gate", one_input_gates, ids=attrgetter("name"))
def test_every_one_input_gate_is_a_method(gate: Gate) -> None:
    x = Value(probed(gate)[0][0])
    method = getattr(x, gate.family or gate.name)
    z = method(gate.parameter) if gate.family else method()
    assert z.gate is gate
    assert z.inputs == (x,)


def test_the_methods_of_families_have_defaults() -> None:
    assert Value(-2.0).leaky_relu().data == -0.2
    assert Value(-50.0).elu().data == -1.0


@every_gate
def test_apply_refuses_a_wrong_count(gate: Gate) -> None:
    wrong = [0] if gate.arity == 0 else [gate.arity - 1, gate.arity + 1]
    for n in wrong:
        with pytest.raises(TypeError, match=f"{gate.arity or 'one or more'} inputs?, got {n}"):
            apply(gate, *[1.0] * n)


@every_gate
def test_every_gate_pickles_as_itself(gate: Gate) -> None:
    assert pickle.loads(pickle.dumps(gate)) is gate


# -------------------------------------------------------------------------------------------------- a gate of one's own


def blend(name: str = "blend") -> Gate:
    """Return a card that a user might write: x·y + sin(w), of three inputs."""
    return Gate(
        name=name,
        symbol="b",
        flow="scaler",
        forward=lambda x, y, w: x * y + elementary.sin(w),
        partials=lambda z, x, y, w: (y, x, elementary.cos(w)),
        arity=3,
    )


@given(st.tuples(*[st.floats(-2.0, 2.0)] * 3))
def test_a_users_gate_is_first_class(differences: Differences, point: Point) -> None:
    gate = blend()
    xs = [Value(x) for x in point]
    z = apply(gate, *xs)
    z.backward()
    assert z.data == gate.forward(*point)
    assert [x.grad for x in xs] == near(differences(gate.forward, point), 1e-8)
    # and its slopes can be differentiated, for nothing in a card says what kind of number it is given
    assert second_derivatives(gate, point, 2) == near(differences(lambda *xs: gate.partials(0.0, *xs)[2], point), 1e-8)


ELEMENTARY: dict[str, Callable[[Any, Any], Any]] = {
    "expm1": lambda x, y: elementary.expm1(x),
    "log1p": lambda x, y: elementary.log1p(x),
    "maximum": elementary.maximum,
    "minimum": elementary.minimum,
    "maximum of a number": lambda x, y: elementary.maximum(1.0, x) * y,
    "minimum of a number": lambda x, y: elementary.minimum(1.0, x) * y,
    "power": elementary.power,
    "power of a number": lambda x, y: elementary.power(2.0, x) * y,
    "sign": lambda x, y: elementary.sign(x - y) * x,
    "where": lambda x, y: where(x > y, x * y, elementary.sin(x)),
}


@pytest.mark.parametrize("rule", ELEMENTARY.values(), ids=ELEMENTARY)
@given(point=st.tuples(*[st.integers(1, 30)] * 2))
def test_a_users_rule_may_use_every_elementary_function(
    differences: Differences, rule: Callable[[Any, Any], Any], point: tuple[int, int]
) -> None:
    numbers = [k / 10 + 0.013 * (i + 1) for i, k in enumerate(point)]  # off every kink and tie
    x, y = map(Value, numbers)
    z = rule(x, y)
    z.backward()
    assert z.data == near(rule(*numbers))
    assert rule(*map(np.array, [[number] for number in numbers])).tolist() == [near(z.data)]
    assert [x.grad, y.grad] == near(differences(rule, numbers), 1e-7)


def test_elementary_functions_of_numbers_give_ieees_answer() -> None:
    assert elementary.log(0.0) == elementary.log1p(-1.0) == -inf
    assert elementary.expm1(1000.0) == inf
    for nothing in (elementary.log(-1.0), elementary.log1p(-2.0), elementary.sqrt(-1.0), elementary.sin(inf)):
        assert math.isnan(nothing)
    with pytest.raises(TypeError, match="exp takes a number, a column or a Value; got str"):
        elementary.exp("1")


def test_a_users_gate_takes_plain_numbers() -> None:
    x = Value(2.0)
    z = apply(blend(), x, 3, 0.0)
    assert z.data == 6.0
    assert [node.is_constant for node in z.inputs] == [False, True, True]


def test_an_unregistered_gate_is_not_pickled() -> None:
    z = apply(blend(), Value(1.0), 2.0, 3.0)
    with pytest.raises(pickle.PicklingError, match=r"'blend'.*register"):
        pickle.dumps(z)


def test_a_registered_gate_is_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "GATES", dict(GATES))  # what is registered here is gone afterwards
    gate = gates.register(blend())
    assert gates.register(gate) is gate
    x = Value(1.0)
    z, y = pickle.loads(pickle.dumps((apply(gate, x, x, 3.0), x)))
    assert z.gate is gate
    assert z.inputs[0] is z.inputs[1] is y


def test_a_name_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "GATES", dict(GATES))
    with pytest.raises(ValueError, match="'add'"):
        gates.register(blend("add"))
    assert gates.GATES["add"] is gates.ADD


def test_gates_need_no_numpy() -> None:
    program = "import sys; sys.modules['numpy'] = None\nfrom autograd.value import Value\n"
    program += "x = Value(2.0); (x.sigmoid() * x + x.exp()).backward(); print(x.grad)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    x = Value(2.0)
    (x.sigmoid() * x + x.exp()).backward()
    assert run.stdout.strip() == repr(x.grad)


def test_a_family_has_one_card_per_parameter_however_many_were_made_since() -> None:
    for n in range(3_000):
        gates.pow_to(1.5 + n)
    assert gates.pow_to(2.0) is gates.GATES["pow(2)"]


def test_a_gate_of_an_unknown_flow_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the flow of the odd gate is none of .*: 'sideways'"):
        Gate("odd", "o", "sideways", lambda x: x, lambda z, x: (1.0,))


# what a pattern says yes to and what it says no to: inputs and slopes, made up for it
CLAIMS: dict[str, tuple[list[tuple[Point, Point]], list[tuple[Point, Point]]]] = {
    "gradient distributor": ([((2.0, 3.0), (1.0, 1.0))], [((2.0, 3.0), (1.0, 2.0)), ((2.0, 3.0), (0.0, 1.0))]),
    "gradient adder": ([((3.0,), (1.0,))], [((1.0,), (3.0,)), ((1.0,), (-1.0,)), ((1.0, 1.0), (1.0, 1.0))]),
    "swap multiplier": (
        [((2.0, 3.0), (3.0, 2.0))],
        [((2.0, 3.0), (2.0, 3.0)), ((2.0, 3.0), (3.0, 3.0)), ((2.0, 3.0), (-3.0, -2.0))],
    ),
    "gradient router": (
        [((2.0, 3.0), (0.0, 1.0)), ((9.0, 3.0, 4.0), (1.0, 0.0, 0.0)), ((5.0,), (1.0,))],
        [((0.0, 1.0), (0.0, 0.0)), ((0.0, 1.0), (1.0, 1.0)), ((0.0, 1.0), (0.0, -1.0)), ((0.0, 1.0), (0.5, 0.5))],
    ),
    "signed distributor": (
        [((2.0, 3.0), (1.0, -1.0)), ((2.0,), (-1.0,))],
        [((1.0, 1.0), (1.0, 2.0)), ((1.0, 1.0), (0.0, -1.0))],
    ),
    "multiplier": (
        [
            ((6.0, 3.0), (1 / 3, -2 / 3)),  # a quotient
            ((2.0, 3.0, 5.0, 7.0, 11.0), (5.0, 7.0, 2.0, 3.0, 1.0)),  # two products and a bias
            ((11.0,), (1.0,)),
            ((1.0, 1e6), (1e6, 1.0 + 0.5e-9)),  # up to rounding
            ((1e6, 1.0), (1.0 + 0.5e-9, 1e6)),
        ],
        [
            ((2.0, 3.0, 5.0, 7.0, 11.0), (5.0, 7.0, 2.0, 3.0, 2.0)),
            ((2.0, 3.0, 5.0, 7.0, 11.0), (5.0, 8.0, 2.0, 3.0, 1.0)),
            ((2.0, 3.0, 5.0, 7.0), (6.0, 7.0, 2.0, 3.0)),
            ((11.0,), (2.0,)),
            ((1.0, 1e6), (1e6, 1.0 + 2e-9)),
            ((1e6, 1.0), (1.0 + 2e-9, 1e6)),
        ],
    ),
    "switch": (
        [((2.0,), (1.0,)), ((2.0,), (0.0,)), ((0.0,), (0.7,)), ((-2.0,), (0.7,))],
        [((2.0,), (0.7,)), ((0.5,), (0.7,)), ((2.0,), (-1.0,))],
    ),
    "shares": (
        [((1.0, 2.0), (0.25, 0.75)), ((1.0, 2.0), (0.0, 1.0)), ((1.0,) * 4, (0.25, 0.25, 0.25, 0.25 + 3e-12))],
        [
            ((1.0, 2.0), (0.25, 0.5)),
            ((1.0, 2.0), (0.5, 0.75)),
            ((1.0, 2.0), (-0.25, 1.25)),
            ((1.0, 2.0), (0.25, 0.75 + 3e-12)),
        ],
    ),
    "scaler": (
        [((2.0,), (7.0,)), ((2.0, 3.0), (-1e300, 0.0))],
        [((2.0,), (inf,)), ((2.0,), (-inf,)), ((2.0,), (nan,)), ((2.0, 3.0), (1.0, inf))],
    ),
}


@pytest.mark.parametrize("flow", FLOWS)
def test_flows_accept_what_their_words_say_and_nothing_else(flow: str) -> None:
    accepted, refused = CLAIMS[flow]
    assert [FLOWS[flow](inputs, slopes) for inputs, slopes in accepted] == [True] * len(accepted)
    assert [FLOWS[flow](inputs, slopes) for inputs, slopes in refused] == [False] * len(refused)
    assert not FLOWS[flow](accepted[0][0], (*accepted[0][1], 1.0))  # a slope too many


@pytest.mark.parametrize("n", [2, 3, 5])
def test_take_is_the_entry_and_routes_all_of_the_gradient_to_it(differences: Differences, n: int) -> None:
    xs = [1.5 * (i + 1) ** 2 for i in range(n)]
    for i in range(n):
        z = gates.TAKE.forward(*xs, float(i))
        assert z == xs[i]
        slopes = differences(lambda *xs, i=i: gates.TAKE.forward(*xs, float(i)), xs)
        assert list(gates.TAKE.partials(z, *xs, float(i))) == near([*slopes, 0.0], 1e-9)


@pytest.mark.parametrize("gate", [gates.MAX, gates.MIN], ids=attrgetter("name"))
def test_the_first_nan_takes_the_gradient_of_max_and_min(gate: Gate) -> None:
    xs = [Value(x) for x in (5.0, nan, 7.0, nan)]
    apply(gate, *xs).backward()
    assert [x.grad for x in xs] == [0.0, 1.0, 0.0, 0.0]


# inputs w1 … wn, x1 … xn and perhaps b; what they come to, and the slopes
DOTS: list[tuple[Point, float, Point]] = [
    ((7.0,), 7.0, (1.0,)),
    ((2.0, 3.0), 6.0, (3.0, 2.0)),
    ((2.0, 3.0, 5.0), 11.0, (3.0, 2.0, 1.0)),
    ((1.0, 2.0, 3.0, 4.0, 5.0, 6.0), 32.0, (4.0, 5.0, 6.0, 1.0, 2.0, 3.0)),
    ((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), 39.0, (4.0, 5.0, 6.0, 1.0, 2.0, 3.0, 1.0)),
]


@pytest.mark.parametrize(("point", "value", "slopes"), DOTS, ids=[f"{len(row[0])} inputs" for row in DOTS])
def test_dot_of_any_number_of_inputs(point: Point, value: float, slopes: Point) -> None:
    assert evaluated(gates.DOT, point) == (value, *slopes)


@pytest.mark.parametrize("gate", [*GATES.values(), gates.TAKE], ids=attrgetter("name"))
def test_slopes_come_as_a_tuple_with_one_per_input(gate: Gate) -> None:
    for point in probed(gate, 1):
        slopes = gate.partials(gate.forward(*point), *point)
        assert type(slopes) is tuple
        assert len(slopes) == len(point)


def test_slopes_may_come_as_a_list_of_one_per_input_and_in_no_other_number() -> None:
    assert gates.MUL.one_each([2.0, 3.0], 2) == gates.MUL.one_each((2.0, 3.0), 2) == (2.0, 3.0)
    for wrong in ([2.0], (2.0,) * 3, 2.0, {2.0: 3.0, 4.0: 5.0}):
        with pytest.raises(TypeError, match="the partials of the mul gate are a tuple of length 2, one slope"):
            gates.MUL.one_each(wrong, 2)


# ------------------------------------------------------------------------------------------------- names and spellings

SPELLED = {3.0: "3", -3.0: "-3", 0.5: "0.5", 1e15: "1000000000000000", 1e16: "1e+16", -1e300: "-1e+300"}


@pytest.mark.parametrize(("number", "text"), SPELLED.items())
def test_a_number_is_spelled_as_people_write_it(number: float, text: str) -> None:
    assert gates.spelled(number) == text


@pytest.mark.parametrize(
    ("slope", "text"), [(1.0, "+"), (2.0, "+2\\,"), (0.0, "+0\\,"), (0.5, "+0.5\\,"), (-0.5, "-0.5\\,")]
)
def test_latex_adds_plus_a_factor_or_its_minus(slope: float, text: str) -> None:
    assert gates.leaky_relu(slope).latex[1] == f"[x>0]{text}[x\\le 0]"


@pytest.mark.parametrize(("exponent", "symbol"), [(12.0, "x¹²"), (-3.0, "x⁻³"), (0.5, "x^0.5"), (-1.5, "x^-1.5")])
def test_a_power_has_a_superscript_where_there_is_one(exponent: float, symbol: str) -> None:
    assert gates.pow_to(exponent).symbol == symbol


@every_gate
def test_a_gate_is_told_by_its_name(gate: Gate) -> None:
    assert repr(gate) == f"<gate {gate.name}>"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_card_of_a_family_that_is_not_in_the_table_pickles_too(family: str) -> None:
    gate = FAMILIES[family](7)
    assert gate.name not in GATES
    assert type(gate.parameter) is float
    assert pickle.loads(pickle.dumps(gate)) is gate


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("parameter", [nan, inf, -inf])
def test_a_family_refuses_what_is_not_finite(family: str, parameter: float) -> None:
    with pytest.raises(ValueError, match=r"must be a finite number, got -?(inf|nan)"):
        FAMILIES[family](parameter)


POWERS_IN_LATEX = {
    0.0: ("1", "0"),
    1.0: ("x", "1"),
    2.0: ("x^{2}", r"2\,x"),
    -1.0: ("x^{-1}", "-x^{-2}"),
    0.5: ("x^{0.5}", r"0.5\,x^{-0.5}"),
    -1.5: ("x^{-1.5}", r"-1.5\,x^{-2.5}"),
}


@pytest.mark.parametrize(("exponent", "latex"), POWERS_IN_LATEX.items())
def test_powers_are_written_and_raised_without_what_goes_without_saying(
    exponent: float, latex: tuple[str, str]
) -> None:
    assert gates.pow_to(exponent).latex == latex


UNUSUAL = [gates.elu(-1.5), gates.elu(0.0), gates.leaky_relu(-0.5), gates.leaky_relu(2.0), gates.pow_to(1.5)]


@pytest.mark.parametrize("gate", UNUSUAL, ids=attrgetter("name"))
def test_slopes_of_families_are_central_differences_at_unusual_parameters(gate: Gate, differences: Differences) -> None:
    for point in probed(gate):
        assert list(gate.partials(gate.forward(*point), *point)) == near(differences(gate.forward, point), 1e-8)


def test_a_card_of_a_family_is_named_as_people_write_its_parameter() -> None:
    assert [gate.name for gate in UNUSUAL] == ["elu(-1.5)", "elu(0)", "leaky_relu(-0.5)", "leaky_relu(2)", "pow(1.5)"]


def test_a_power_that_is_not_whole_refuses_every_negative_number_and_no_other() -> None:
    for x in (-8.0, -0.5, -1e-300):
        with pytest.raises(DomainError, match=r"pow\(1\.5\) needs x >= 0, got x = -"):
            apply(gates.pow_to(1.5), x)
    for x in (0.0, 1e-300, 0.5, 8.0):
        assert apply(gates.pow_to(1.5), x).data == near(math.sqrt(x) ** 3)
