"""Every gate as a function: the same answer for floats, NumPy columns, Values and symbols; and the n-ary ones' edges.

point   one number per input of a function        kind   a number, a column of numbers, a Value or a symbol
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import DomainError, Value, functions, grad
from autograd.functions import (
    div,
    dot,
    elu,
    exp,
    leaky_relu,
    log,
    logsumexp,
    max,
    min,
    pow,
    reciprocal,
    softmax,
    sqrt,
    sum,
    take,
    tan,
)
from autograd.gates import GATES
from autograd.symbol import NUMPY

Point = tuple[float, ...]

inf, nan = math.inf, math.nan

# how to call a function that does not simply take its inputs one by one
CALLS: dict[str, Callable[..., Any]] = {
    "sum": lambda *xs: sum(xs),
    "dot": lambda *xs: dot(xs[:2], xs[2:4], xs[4]),
    "logsumexp": lambda *xs: logsumexp(xs),
    "softmax": lambda *xs: softmax(xs)[1],
    "take": lambda *xs: take(xs, 1),
}
INPUTS = {"dot": 5, "max": 3, "min": 3, "sum": 3, "logsumexp": 3, "softmax": 3, "take": 3}

every_function = pytest.mark.parametrize("name", functions.__all__)


def called(name: str) -> Callable[..., Any]:
    return CALLS.get(name) or getattr(functions, name)


def points(name: str) -> list[Point]:
    """Return points inside the function's domain, the same in every run, each a number per input."""
    n = INPUTS.get(name) or (2 if name in ("add", "sub", "mul", "div", "pow") else 1)
    probe = GATES[name].probe if name in GATES else (-2.0, 2.0)
    draw = random.Random(name)
    return [tuple(draw.uniform(*probe) for _ in range(n)) for _ in range(6)]


def near(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-13, abs=1e-13)


# ------------------------------------------------------------------------------------------- one answer for every kind


def test_every_gate_has_its_function() -> None:
    families = {gate.family or name for name, gate in GATES.items()}
    assert families | {"softmax", "take"} == set(functions.__all__)
    assert all(callable(getattr(functions, name)) for name in functions.__all__)


@every_function
def test_floats_and_values_agree(name: str) -> None:
    for point in points(name):
        number, value = called(name)(*point), called(name)(*map(Value, point))
        assert type(number) is float
        assert isinstance(value, Value)
        assert value.data == near(number)


@every_function
def test_columns_agree(name: str) -> None:
    found = called(name)(*map(np.array, zip(*points(name), strict=True)))
    assert isinstance(found, np.ndarray)
    assert found.tolist() == near([called(name)(*point) for point in points(name)])


@every_function
def test_symbols_agree(name: str) -> None:
    names = [f"x{i}" for i in range(len(points(name)[0]))]
    printed = str(called(name)(*map(NUMPY.symbol, names)))
    for point in points(name):
        found = eval(printed, {"np": np} | dict(zip(names, point, strict=True)))  # our own output, on purpose
        assert float(found) == near(called(name)(*point))


@every_function
def test_kinds_mix_with_plain_numbers(name: str) -> None:
    first = points(name)[0]
    for i, x in enumerate(first):
        expected = called(name)(*first)
        value = called(name)(*first[:i], Value(x), *first[i + 1 :])
        column = called(name)(*first[:i], np.array([x, x]), *first[i + 1 :])
        if name == "take" and i != 1:
            assert (value, column) == (expected, expected)
            continue
        assert value.data == near(expected)
        assert column.tolist() == near([expected, expected])


@every_function
def test_numbers_of_every_kind_give_a_float(name: str) -> None:
    if name == "take":
        return  # it hands out what it was given
    whole = tuple([float(round(abs(x)) + 1) for x in points(name)[0]])
    expected = called(name)(*whole)
    for kind in (int, np.float64, np.float32, np.int64, np.array):
        found = called(name)(*map(kind, whole))
        assert (found, type(found)) == (near(expected), float)


@pytest.mark.parametrize(
    "name",
    ["exp", "log", "sqrt", "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "abs", "reciprocal"],
)
def test_numpy_agrees(name: str) -> None:
    xs = np.array(points(name))[:, 0]
    assert called(name)(xs).tolist() == near(getattr(np, name)(xs).tolist())


@every_function
def test_nan_goes_through(name: str) -> None:
    n = len(points(name)[0])
    for i in range(n) if name != "take" else [1]:
        point = [*[1.0] * i, nan, *[1.0] * (n - i - 1)]
        if name == "pow" and i == 1:
            with pytest.raises(ValueError, match="finite number, got nan"):
                pow(*point)
        elif name != "step":
            assert math.isnan(called(name)(*point))
            assert np.isnan(called(name)(*[np.array([x]) for x in point])).all()
    assert math.isnan(functions.step(nan))


@every_function
@pytest.mark.parametrize("refused", ["a", None, 1j, [1.0]], ids=repr)
def test_what_is_no_number_is_refused(name: str, refused: Any) -> None:
    if name == "take":
        return
    point = points(name)[0]
    for others in (point[1:], tuple(map(Value, point[1:]))):
        with pytest.raises(TypeError) as caught:
            called(name)(refused, *others)
        assert "\n" not in str(caught.value)


def test_a_value_and_a_column_do_not_go_together() -> None:
    for pair in ((Value(1.0), np.ones(3)), (np.ones(3), Value(1.0))):
        with pytest.raises(TypeError, match="use compile for arrays"):
            functions.add(*pair)


# ------------------------------------------------------------------------------------------------------------- domains


@pytest.mark.parametrize(
    ("fn", "columns", "told"),
    [
        (log, ([1.0, 2.0, -3.0, -4.0],), "log needs x > 0, got -3.0 (row 2)"),
        (log, ([0.0],), "log needs x > 0, got 0.0 (row 0)"),
        (sqrt, ([4.0, 0.0, -0.5],), "sqrt needs x >= 0, got -0.5 (row 2)"),
        (reciprocal, ([1.0, 0.0],), "reciprocal needs x != 0, got 0.0 (row 1)"),
        (div, ([1.0, 5.0], [2.0, 0.0]), "div needs y != 0, got 5.0, 0.0 (row 1)"),
        (div, ([5.0], [2.0, 0.0]), "div needs y != 0, got 5.0, 0.0 (row 1)"),
        (div, (7.0, [2.0, 0.0]), "div needs y != 0, got 7.0, 0.0 (row 1)"),
        (lambda x: pow(x, 0.5), ([1.0, -2.0],), "pow(0.5) needs x >= 0, got -2.0 (row 1)"),
        (lambda x: pow(x, -2), ([0.0, 1.0],), "pow(-2) needs x != 0, got 0.0 (row 0)"),
        (pow, ([2.0, -2.0], [1.0, 3.0]), "pow needs x > 0 (the exponent is a Value), got -2.0, 3.0 (row 1)"),
        (log, ([[1.0, 2.0], [3.0, -4.0]],), "log needs x > 0, got -4.0 (place (1, 1))"),
        (div, ([[1.0, 2.0], [3.0, 4.0]], [2.0, 0.0]), "div needs y != 0, got 2.0, 0.0 (place (0, 1))"),
        (tan, ([0.0, inf],), "tan needs a finite x, got inf (row 1)"),
    ],
)
def test_a_domain_error_on_a_column_names_the_row(fn: Callable[..., Any], columns: Sequence[Any], told: str) -> None:
    with pytest.raises(DomainError) as caught:
        fn(*[np.array(column) if isinstance(column, list) else column for column in columns])
    assert str(caught.value) == told


def test_a_domain_error_on_numbers() -> None:
    with pytest.raises(DomainError, match=r"^log needs x > 0, got -3\.0$"):
        log(-3)
    with pytest.raises(DomainError, match=r"^div needs y != 0, got 1\.0, 0\.0$"):
        div(1, 0)
    with pytest.raises(DomainError, match=r"log needs x > 0, got x = -3\.0 \(x is 'margin'\)"):
        log(Value(-3.0, "margin"))


def test_saturation_is_quiet_on_every_kind() -> None:
    assert exp(1000.0) == exp(Value(1000.0)).data == inf
    assert exp(np.array([1000.0, -1000.0, 0.0])).tolist() == [inf, 0.0, 1.0]
    assert functions.sinh(np.array([-1000.0, 1000.0])).tolist() == [-inf, inf]
    assert pow(np.array([-10.0, 10.0]), 401).tolist() == [-inf, inf]
    assert functions.sigmoid(np.array([-1000.0, 1000.0])).tolist() == [0.0, 1.0]
    assert functions.mul(np.array([1e300]), 1e300).tolist() == [inf]


def test_numpys_own_settings_are_as_they_were() -> None:
    before = np.geterr()
    exp(np.array([1000.0]))
    with pytest.raises(DomainError):
        log(np.array([-1.0]))
    assert np.geterr() == before


# ------------------------------------------------------------------------------------------------ powers and parameters


def test_powers_of_every_kind() -> None:
    assert pow(2.0, 3.0) == 8.0
    assert pow(-2.0, 3) == -8.0
    assert pow(Value(-2.0), 3).gate is GATES["pow(3)"]
    assert pow(Value(2.0), Value(3.0)).gate is GATES["pow"]
    assert pow(2.0, Value(3.0)).data == 8.0
    assert pow(np.array([1.0, 2.0]), 3).tolist() == [1.0, 8.0]
    assert pow(2.0, np.array([1.0, 3.0])).tolist() == [2.0, 8.0]
    assert pow(0.0, 0) == pow(np.array([0.0]), 0).item() == 1.0


def test_parameters_of_families() -> None:
    assert leaky_relu(-2.0) == pytest.approx(-0.2)
    assert leaky_relu(-2.0, 0.5) == leaky_relu(Value(-2.0), 0.5).data == -1.0
    assert elu(-inf) == -1.0
    assert elu(-inf, 3) == elu(np.array([-inf]), 3).item() == -3.0
    families: tuple[Callable[..., Any], ...] = (leaky_relu, elu)
    for family in families:
        with pytest.raises(ValueError, match="finite number"):
            family(1.0, nan)
        with pytest.raises(TypeError, match="one real number"):
            family(1.0, "a")


# --------------------------------------------------------------------------------------------------- max, min and sum


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6))
def test_largest_smallest_and_sum_are_numpys(xs: list[float]) -> None:
    assert (max(*xs), min(*xs)) == (np.max(xs), np.min(xs))
    assert sum(xs) == pytest.approx(math.fsum(xs), abs=1e-9)
    values = list(map(Value, xs))
    assert [f.data for f in (max(*values), min(*values), sum(values))] == [max(*xs), min(*xs), sum(xs)]


def test_one_input_is_enough_and_none_is_not() -> None:
    assert (max(3.0), min(3.0), sum([3.0]), logsumexp([3.0])) == (3.0, 3.0, 3.0, 3.0)
    assert sum([]) == sum(iter(())) == 0.0
    for name, call in (
        ("max", max),
        ("min", min),
        ("logsumexp", lambda: logsumexp([])),
        ("softmax", lambda: softmax([])),
    ):
        with pytest.raises(ValueError, match=f"{name} needs at least one input, got none"):
            call()
    with pytest.raises(IndexError, match="take needs something to take from, got nothing"):
        take([], 0)


@pytest.mark.parametrize("function", [max, min])
def test_the_largest_and_the_smallest_take_their_inputs_one_by_one(function: Callable[..., Any]) -> None:
    for listed in ([1.0, Value(2.0)], (1.0, 2.0), []):
        with pytest.raises(TypeError, match=rf"^{function.__name__} takes its inputs one by one: m..\(a, b\), or "):
            function(listed)


def test_generators_are_read_once() -> None:
    assert sum(float(i) for i in range(4)) == 6.0
    assert logsumexp(float(i) for i in range(1)) == 0.0
    assert softmax(float(i) for i in range(1)) == [1.0]
    assert [x.data for x in softmax(Value(0.0) for _ in range(2))] == pytest.approx([0.5, 0.5])


def test_sum_is_one_gate() -> None:
    total = sum([Value(1.0), 2.0, Value(3.0)])
    assert total.gate is GATES["sum"]
    assert [x.data for x in total.inputs] == [1.0, 2.0, 3.0]


# ----------------------------------------------------------------------------------------------------------------- dot


def test_dot_with_and_without_bias() -> None:
    ws, xs = [Value(2.0, "w1"), Value(3.0, "w2")], [5.0, 7.0]
    assert (dot(ws, xs).data, dot(ws, xs, 1.0).data, dot(ws, xs, Value(2.0)).data) == (31.0, 32.0, 33.0)
    assert [len(f.inputs) for f in (dot(ws, xs), dot(ws, xs, 0.0), dot(ws, xs, 1.0), dot(ws, xs, Value(0.0)))] == [
        4,
        4,
        5,
        5,
    ]
    assert dot([2.0, 3.0], [5.0, 7.0], 1) == 32.0


def test_dot_of_arrays_and_columns() -> None:
    ws: Any = np.array([2.0, 3.0])
    assert dot(ws, ws) == 13.0
    X = np.array([[5.0, 7.0], [1.0, 0.0], [0.0, 1.0]])
    assert dot([2.0, 3.0], list(X.T), 1.0).tolist() == (X @ [2.0, 3.0] + 1.0).tolist()


@pytest.mark.parametrize(("ws", "xs"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0])])
def test_dot_wants_pairs(ws: list[float], xs: list[float]) -> None:
    kinds: tuple[Callable[[list[float]], Any], ...] = (list, tuple, np.array)
    for kind in kinds:
        with pytest.raises(ValueError, match=f"as many weights as inputs.*got {len(ws)} and {len(xs)}"):
            dot(kind(ws), kind(xs))


# ------------------------------------------------------------------------------------------------ softmax and logsumexp


def onehot(k: int, n: int) -> list[float]:
    return [float(i == k) for i in range(n)]


@pytest.mark.parametrize(
    "zs",
    [[0.2, -1.3, 2.4], [1000.0, 0.0, -1000.0], [-1000.0, -1000.0], [1000.0, 1000.0, 1000.0], [5.0], [-1000.0, 1000.0]],
    ids=str,
)
def test_gradient_of_minus_log_softmax_is_softmax_minus_onehot(zs: list[float]) -> None:
    for k in range(len(zs)):
        expected = [p - q for p, q in zip(softmax(zs), onehot(k, len(zs)), strict=True)]

        def loss(*zs: Any, k: int = k) -> Any:
            return logsumexp(zs) - zs[k]  # -log softmax, of which exp and log have cancelled

        found = grad(loss)(*zs)
        assert (list(found) if len(zs) > 1 else [found]) == near(expected)
        values = list(map(Value, zs))
        if softmax(zs)[k] > 0:  # else -log 0 is refused, and logits are the way
            (-log(softmax(values)[k])).backward()
            assert [z.grad for z in values] == near(expected)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=5), st.floats(-1000, 1000))
def test_softmax_is_a_distribution_and_shift_invariant(zs: list[float], shift: float) -> None:
    found = softmax(zs)
    assert math.fsum(found) == pytest.approx(1.0, abs=1e-12)
    assert all(0 <= p <= 1 for p in found)
    assert found == pytest.approx(softmax([z + shift for z in zs]), rel=1e-9)
    assert logsumexp([z + shift for z in zs]) == pytest.approx(logsumexp(zs) + shift, abs=1e-9)


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=5))
def test_torch_agrees(zs: list[float]) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(zs, dtype=torch.float64)
    assert softmax(zs) == pytest.approx(torch.softmax(tensor, 0).tolist(), rel=1e-10, abs=1e-300)
    assert logsumexp(zs) == pytest.approx(torch.logsumexp(tensor, 0).item(), rel=1e-14, abs=1e-14)


def test_softmax_of_columns_is_one_per_row() -> None:
    X = np.array([[0.0, 1.0], [1000.0, -1000.0], [-1000.0, -1000.0]])
    columns = softmax(list(X.T))
    assert [list(row) for row in zip(*[column.tolist() for column in columns], strict=True)] == [
        near(softmax(row)) for row in X.tolist()
    ]


def test_logsumexp_of_infinities() -> None:
    assert logsumexp([-inf, -inf]) == -inf
    assert logsumexp([inf, 0.0]) == inf
    assert logsumexp([-inf, 3.0]) == 3.0
    assert softmax([-inf, 3.0]) == [0.0, 1.0]


def test_softmax_is_made_of_gates() -> None:
    zs = [Value(1.0), Value(2.0)]
    assert {x.gate.name for x in softmax(zs)} == {"exp"}
    assert softmax(zs)[0].inputs[0].inputs[1].gate is GATES["logsumexp"]


# ---------------------------------------------------------------------------------------------------------------- take


def test_take_hands_out_the_very_thing() -> None:
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    for index in (2, 2.0, True + 1, np.int64(2), np.float64(2.0), Value(2.0), Value(2)):
        assert take(xs, index) is xs[2]
    assert take(xs, 0) is xs[0]
    assert take((5.0, 6.0), False) == 5.0
    array: Any = np.array([5.0, 6.0])
    assert take(array, 1) == 6.0


def test_the_gradient_goes_to_what_was_taken() -> None:
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    (take(xs, 1) * 4.0).backward()
    assert [x.grad for x in xs] == [0.0, 4.0, 0.0]


@pytest.mark.parametrize("index", [0.5, -0.5, 1e-9, nan, inf, -inf, Value(1.5), "1", None, [1]], ids=str)
def test_an_index_is_a_whole_number(index: Any) -> None:
    with pytest.raises(TypeError, match=r"whole number|one real number"):
        take([1.0, 2.0, 3.0], index)


@pytest.mark.parametrize("index", [-1, 3, 1e300, Value(-1.0), Value(3.0)], ids=str)
def test_an_index_is_in_range(index: Any) -> None:
    with pytest.raises(IndexError, match="an index from 0 to 2, got "):
        take([1.0, 2.0, 3.0], index)


def test_columns_of_whole_numbers_and_of_bools_do_not_wrap() -> None:
    small = np.array([200, 100], dtype=np.uint8)
    assert functions.add(small, small).tolist() == [400.0, 200.0]
    assert functions.neg(small).tolist() == [-200.0, -100.0]
    assert functions.sum([np.array([True, False])] * 3).tolist() == [3.0, 0.0]


def test_a_raw_bias_of_zero_is_left_out_whatever_its_type() -> None:
    w, x = [Value(1.0)], [Value(2.0)]
    assert [len(functions.dot(w, x, bias).inputs) for bias in (0, 0.0, 1, Value(0.0))] == [2, 2, 3, 3]


@pytest.mark.parametrize("column", [np.array([1j]), np.array(["a"]), np.array([object()])])
def test_columns_of_what_is_no_real_number_are_refused_by_their_type(column: Any) -> None:
    with pytest.raises(TypeError, match=f"a column holds real numbers, got one of dtype {column.dtype}"):
        exp(column)
