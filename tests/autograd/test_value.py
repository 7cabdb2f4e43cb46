"""Value as a number among numbers: what it accepts and refuses, its operators, switches, copies and pickles."""

import copy
import io
import math
import operator
import pickle
import threading
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import gates, graph
from autograd.errors import DomainError
from autograd.gates import Gate
from autograd.value import Value, apply, no_grad

inf, nan = math.inf, math.nan

# --------------------------------------------------------------------------------------------------- making a Value


class Whole:
    """Converts to a float when asked, and is no number."""

    def __float__(self) -> float:
        return 1.0


ACCEPTED: list[Any] = [
    *(2.5, 3, True, -0.0, inf, 10**300, Fraction(1, 4)),
    *(np.float64(2.5), np.float32(0.5), np.int64(-3), np.bool_(False), np.array(1.5), np.array(7)),
]
REFUSED: list[Any] = [
    *("a", "1.0", b"1", None, 1j, [1.0], (1.0,), {}, Decimal(1), Whole(), object(), Value(1.0), Value),
    *(np.array([1.0]), np.array([1.0, 2.0]), np.zeros((0,)), np.complex128(1), np.array("a"), np.str_("1")),
    *(np.datetime64("2020-01-01"), np.array(None)),
]


@pytest.mark.parametrize("data", ACCEPTED, ids=repr)
def test_a_real_number_is_accepted(data: Any) -> None:
    v = Value(data)
    assert type(v.data) is float
    assert v.data == float(data)
    assert (v.grad, v.gate, v.inputs, v.label, v.is_constant) == (0.0, None, (), "", False)


@pytest.mark.parametrize("data", REFUSED, ids=lambda data: type(data).__name__)
def test_what_is_no_real_number_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match=r"a Value holds one real number .*float.*, got ") as refusal:
        Value(data)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("data", REFUSED, ids=lambda data: type(data).__name__)
def test_what_is_no_real_number_is_refused_when_written(data: Any) -> None:
    v = Value(1.0)
    with pytest.raises(TypeError):
        v.data = data
    with pytest.raises(TypeError):
        v.grad = data
    assert (v.data, v.grad) == (1.0, 0.0)


def test_an_integer_too_large_for_a_float_is_refused() -> None:
    for make in (Value, lambda n: Value(1.0) + n, lambda n: n * Value(1.0)):
        with pytest.raises(ValueError, match="does not fit into a float"):
            make(10**400)


def test_a_message_stays_short() -> None:
    with pytest.raises(TypeError) as refusal:
        Value("a" * 10_000)
    assert len(str(refusal.value)) < 200


def test_nan_is_a_number_here() -> None:
    assert math.isnan(Value(nan).data)


@pytest.mark.parametrize("label", [None, 3, b"x", Value(1.0)], ids=lambda label: type(label).__name__)
def test_a_label_is_text(label: Any) -> None:
    with pytest.raises(TypeError, match="a label is a str, got"):
        Value(1.0, label)


def test_a_label_may_be_given_later() -> None:
    v = Value(1.0) + 1
    v.label = "v"
    assert repr(v) == "Value(2.0, label='v', grad=0.0)"


def test_repr() -> None:
    f = Value(-12.0, "f")
    f.backward()
    assert repr(f) == str(f) == f"{f}" == "Value(-12.0, label='f', grad=1.0)"
    assert repr(Value(0.1)) == "Value(0.1, grad=0.0)"


def test_numbers_in_an_expression_are_constants() -> None:
    x = Value(2.0)
    left, right = (3 * x).inputs
    assert (left.data, left.is_constant, right) == (3.0, True, x)
    assert [node.is_constant for node in (x + 1.5).inputs] == [False, True]
    assert not (x + x).is_constant


# ------------------------------------------------------------------------------------------------- a Value as a number


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_comparisons_compare_data(x: float, y: float) -> None:
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(Value(x), Value(y)) is compare(Value(x), y) is compare(x, Value(y)) is compare(x, y)


@given(st.floats(-1e6, 1e6))
def test_conversions_convert_data(x: float) -> None:
    v = Value(x)
    for convert in (float, int, bool, complex, math.floor, math.ceil, math.trunc, round, lambda x: round(x, 2)):
        assert convert(v) == convert(x)
        assert type(convert(v)) is type(convert(x))


@pytest.mark.parametrize("spec", [".2f", "8.3e", "+g", "010.4f"])
def test_formatting_formats_data(spec: str) -> None:
    assert format(Value(-1.23456), spec) == format(-1.23456, spec)


def test_equality_and_hash_are_identity() -> None:
    x, y = Value(1.0), Value(1.0)
    assert x == x
    assert x != y
    assert x != 1.0
    assert {x: "x", y: "y"}[y] == "y"
    assert len({x, y, x}) == 2
    assert [y, x].index(x) == 1


@pytest.mark.parametrize("operation", [operator.floordiv, operator.mod, divmod, operator.matmul, operator.and_])
def test_what_has_no_gate_is_refused(operation: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(TypeError):
        operation(Value(3.0), 2)
    with pytest.raises(TypeError):
        operation(3, Value(2.0))


def test_an_unknown_attribute_is_refused() -> None:
    v = Value(1.0)
    for name in ("foo", "gard", "__dict__"):
        with pytest.raises(AttributeError):
            getattr(v, name)
        with pytest.raises(AttributeError):
            setattr(v, name, 1.0)


def test_inputs_are_read_only() -> None:
    with pytest.raises(AttributeError):
        (Value(1.0) + 1).inputs = ()  # type: ignore[misc]


def test_data_of_a_computed_value_is_not_written() -> None:
    f = Value(1.0, "x") + 1
    with pytest.raises(AttributeError, match=r"add of 'x', 1\.0.*set the data of its inputs"):
        f.data = 3.0
    assert f.data == 2.0


# ------------------------------------------------------------------------------------------------------- arithmetic

NUMBERS = st.one_of(
    st.integers(-50, 50),
    st.booleans(),
    st.floats(-50.0, 50.0),
    st.floats(-50.0, 50.0).map(np.float64),
    st.floats(-50.0, 50.0, width=32).map(np.float32),
    st.integers(-50, 50).map(np.int64),
)
ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


def in_floats(operation: Callable[[float, float], float], x: float, y: float) -> float | None:
    """Return what Python's floats make of it, None where they make no real number."""
    try:
        z = operation(float(x), float(y))
    except ZeroDivisionError:
        return None
    except OverflowError:
        return inf if x > 0 or y % 2 == 0 else -inf
    return None if isinstance(z, complex) else z


@pytest.mark.parametrize("operation", ARITHMETIC, ids=lambda operation: operation.__name__)
@given(NUMBERS, NUMBERS)
def test_operators_are_those_of_floats(operation: Callable[[Any, Any], Any], x: Any, y: Any) -> None:
    expected = in_floats(operation, x, y)
    forms = [lambda: operation(Value(x), y)]
    if operation is not operator.pow or x > 0:  # a Value as exponent needs x > 0
        forms += [lambda: operation(x, Value(y)), lambda: operation(Value(x), Value(y))]
    for form in forms:
        if expected is None:
            with pytest.raises(DomainError):
                form()
        else:
            z = form()
            assert type(z) is Value
            assert type(z.data) is float
            assert z.data == expected


@pytest.mark.parametrize("operation", ARITHMETIC, ids=lambda operation: operation.__name__)
@given(st.floats(0.5, 3.0), st.floats(0.5, 3.0))
def test_a_number_on_either_side_changes_no_gradient(operation: Callable[[Any, Any], Any], a: float, b: float) -> None:
    x, y, x_alone, y_alone = Value(a), Value(b), Value(a), Value(b)
    for f in (operation(x, y), operation(x_alone, b), operation(a, y_alone)):
        f.backward()
    assert (x_alone.grad, y_alone.grad) == pytest.approx((x.grad, y.grad), rel=1e-14)


@given(st.floats(-50.0, 50.0))
def test_signs(x: float) -> None:
    v = Value(x)
    assert +v is v
    assert (-v).data == -x
    assert (abs(v).data, abs(v).gate) == (abs(x), gates.ABS)


def test_operators_in_place_make_new_values() -> None:
    x = y = Value(3.0)
    y += 1
    y -= 2
    y *= 3
    y /= 4
    y **= 2
    assert x.data == 3.0
    assert y.data == 2.25
    y.backward()
    assert x.grad == 2 * 1.5 * 3 / 4


def test_a_raw_one_over_a_value_is_the_reciprocal() -> None:
    x = Value(4.0)
    for one in (1, 1.0, True, np.float64(1), np.array(1)):
        assert (one / x).gate is gates.RECIPROCAL
    assert (2 / x).gate is gates.DIV
    assert (Value(1.0) / x).gate is gates.DIV


def test_a_constant_exponent_has_its_own_gate() -> None:
    x = Value(4.0)
    assert (x**2).gate is (x**2.0).gate is (x ** np.int64(2)).gate is x.pow(2).gate is gates.GATES["pow(2)"]
    assert (x ** Value(2.0)).gate is x.pow(Value(2.0)).gate is (2**x).gate is gates.POW
    for exponent in (inf, -inf, nan):
        with pytest.raises(ValueError, match="finite number"):
            x**exponent


@pytest.mark.parametrize("other", ["a", None, 1j, 1 + 0j, [1.0], Decimal(1), object()], ids=repr)
@pytest.mark.parametrize("operation", ARITHMETIC, ids=lambda operation: operation.__name__)
def test_what_is_no_number_is_refused_beside_a_value(operation: Callable[[Any, Any], Any], other: Any) -> None:
    with pytest.raises(TypeError):
        operation(Value(2.0), other)
    with pytest.raises(TypeError):
        operation(other, Value(2.0))


@pytest.mark.parametrize("other", ["a", None, 1j, [1.0]], ids=repr)
def test_methods_and_apply_refuse_what_is_no_number(other: Any) -> None:
    for call in (
        lambda: Value(2.0).pow(other),
        lambda: Value(2.0).leaky_relu(other),
        lambda: Value(2.0).elu(other),
        lambda: apply(gates.EXP, other),
        lambda: apply(gates.SUM, 1.0, other),
    ):
        with pytest.raises(TypeError):
            call()


def test_sum_and_friends_of_python_work() -> None:
    xs = [Value(3.0), Value(1.0), Value(2.0)]
    total = sum(xs)
    total.backward()
    assert total.data == 6.0
    assert [x.grad for x in xs] == [1.0, 1.0, 1.0]
    assert sorted(xs) == [xs[1], xs[2], xs[0]]
    assert max(xs) is xs[0]
    assert math.prod(xs).data == 6.0


# ------------------------------------------------------------------------------------------------------------ NumPy


@pytest.mark.parametrize("operation", ARITHMETIC, ids=lambda operation: operation.__name__)
@pytest.mark.parametrize("shape", [(1,), (3,), (2, 2), (0,)])
def test_an_array_is_refused_on_both_sides(operation: Callable[[Any, Any], Any], shape: tuple[int, ...]) -> None:
    for left, right in ((Value(2.0), np.ones(shape)), (np.ones(shape), Value(2.0))):
        with pytest.raises(TypeError, match=r"a Value is one number.*use compile for arrays"):
            operation(left, right)


@pytest.mark.parametrize("convert", [np.array, np.asarray, np.sum, np.mean, np.stack], ids=lambda f: f.__name__)
def test_values_do_not_become_arrays_unawares(convert: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"a Value is one number.*use compile for arrays"):
        convert([Value(1.0), Value(2.0)])


@pytest.mark.parametrize("ufunc", [np.exp, np.sqrt, np.negative, np.isnan], ids=lambda f: f.__name__)
def test_ufuncs_are_refused(ufunc: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        ufunc(Value(1.0))


def test_numbers_of_values_become_arrays_by_name() -> None:
    assert np.array([v.data for v in (Value(1.0), Value(2.0))]).dtype == np.float64


@given(st.floats(0.5, 50.0))
def test_a_numpy_scalar_on_the_left_asks_the_value(x: float) -> None:
    v = Value(2.0)
    for number in (np.float64(x), np.float32(2.0), np.array(x), np.int64(3)):
        for operation in ARITHMETIC:
            z = operation(number, v)
            assert type(z) is Value
            assert z.data == operation(float(number), 2.0)


# --------------------------------------------------------------------------------------------------------- no_grad


def records() -> bool:
    """Tell whether an expression is recorded just now, by operators, methods and gates alike."""
    x = Value(2.0)
    made = [x + 1, 1 / x, -x, x.exp(), x**2, apply(gates.SUM, x, x, x), x.leaky_relu()]
    answers = {bool(v.inputs) for v in made}
    assert len(answers) == 1
    assert all(v.gate is None for v in made if not v.inputs)
    return answers.pop()


def test_no_grad_as_a_block() -> None:
    assert records()
    with no_grad():
        assert not records()
    assert records()


def test_no_grad_computes_all_the_same() -> None:
    x, y = Value(3.0), Value(2.0)

    def f() -> Value:
        return (x * y + x / y).tanh() - 2**x

    with no_grad():
        silent = f()
    assert silent.data == f().data
    silent.backward()
    assert x.grad == 0.0


def test_no_grad_still_guards_domains() -> None:
    with no_grad(), pytest.raises(DomainError):
        Value(-1.0).log()


def test_no_grad_nested() -> None:
    with no_grad():
        with no_grad():
            assert not records()
        assert not records()
    assert records()


def test_no_grad_as_a_decorator() -> None:
    @no_grad()
    def evaluate(again: bool) -> bool:
        return records() or (again and evaluate(False))

    assert evaluate(True) is False
    assert records()


def test_no_grad_ends_with_an_exception() -> None:
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert records()


PATIENCE = 60.0  # seconds, after which a thread that waits for another one gives up


def test_no_grad_holds_for_its_own_thread() -> None:
    answers: dict[str, bool] = {}
    inside, done = threading.Event(), threading.Event()

    def silent() -> None:
        with no_grad():
            inside.set()
            done.wait(PATIENCE)
            answers["silent"] = records()

    thread = threading.Thread(target=silent)
    thread.start()
    try:
        assert inside.wait(PATIENCE)
        answers["other"] = records()
        with no_grad():
            answers["other, silent"] = records()
        answers["other, again"] = records()
    finally:
        done.set()
        thread.join()
    assert answers == {"other": True, "other, silent": False, "other, again": True, "silent": False}
    assert records()


# ------------------------------------------------------------------------------------------------- copies and pickles

Copier = Callable[[Any], Any]


def pickled(protocol: int, pickler: Any = pickle.Pickler) -> Copier:
    """Return a copier that goes through a pickle."""

    def through(thing: Any) -> Any:
        file = io.BytesIO()
        pickler(file, protocol).dump(thing)
        return pickle.loads(file.getvalue())

    return through


COPIERS: dict[str, Copier] = {
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
    "pickle in Python": pickled(4, pickle._Pickler),  # type: ignore[attr-defined]
}
every_copier = pytest.mark.parametrize("copier", COPIERS.values(), ids=COPIERS)


def expression(x: Value, y: Value) -> Value:
    """Return a graph with forks, repeats, constants, families, one, two and many inputs."""
    shared = x * x + 3 * y
    f = apply(gates.MAX, shared, x, y) + apply(gates.DOT, x, y, shared, shared) + shared.leaky_relu(0.3) ** 2
    f.label = "f"
    return f


def shape_of(f: Value) -> list[Any]:
    """Return all that a graph is, with nodes told by their place in the walk."""
    nodes = graph.order(f)
    place = {node: i for i, node in enumerate(nodes)}
    return [
        (node.data, node.grad, node.label, node.gate, node.is_constant, [place[x] for x in node.inputs])
        for node in nodes
    ]


@every_copier
def test_a_copy_is_the_same_graph_of_other_nodes(copier: Copier) -> None:
    x, y = Value(2.0, "x"), Value(-1.0, "y")
    f = expression(x, y)
    f.backward()
    twin = copier(f)
    assert shape_of(twin) == shape_of(f)
    assert not set(graph.order(f)) & set(graph.order(twin))


@every_copier
def test_a_copy_keeps_who_is_who(copier: Copier) -> None:
    x, y = Value(2.0, "x"), Value(-1.0, "y")
    f = expression(x, y)
    g = f * x
    for many in ([f, x, g, y], [x, f, g], [g, f], [y, x, g], {"f": f, "x": x, "g": g}, {x: y, g: f}):
        twins = copier(many)
        pairs = list(zip(flat(many), flat(twins), strict=True))
        whole, copied = graph.order(sum(flat(many))), graph.order(sum(flat(twins)))
        assert len(whole) == len(copied)
        assert all(copied[whole.index(v)] is twin for v, twin in pairs)


def flat(things: Any) -> list[Value]:
    if isinstance(things, dict):
        return [thing for pair in things.items() for thing in pair if isinstance(thing, Value)]
    return list(things)


@every_copier
def test_a_copy_lives_by_itself(copier: Copier) -> None:
    x, y = Value(2.0), Value(-1.0)
    f = expression(x, y)
    twin, twin_x, twin_y = copier((f, x, y))
    twin_x.data = 5.0
    twin.backward()
    assert (x.grad, y.grad, f.data) == (0.0, 0.0, expression(Value(2.0), Value(-1.0)).data)
    other_x, other_y = Value(5.0), Value(-1.0)
    expression(other_x, other_y).backward()
    assert (twin_x.grad, twin_y.grad) == (other_x.grad, other_y.grad)


def test_a_shallow_copy_shares_its_inputs() -> None:
    x = Value(2.0, "x")
    f = x * x
    f.backward()
    twin = copy.copy(f)
    assert twin is not f
    assert (twin.inputs, twin.gate, twin.data, twin.grad) == (f.inputs, f.gate, f.data, f.grad)
    assert type(copy.copy(f + 1).inputs[1]) is type((f + 1).inputs[1])


@every_copier
def test_a_copy_of_constants_stays_constant(copier: Copier) -> None:
    assert [x.is_constant for x in copier(Value(2.0) + 1).inputs] == [False, True]


def unregistered() -> Gate:
    return Gate("mystery", "?", "scaler", forward=lambda x: x, partials=lambda z, x: (1.0,))


def deep(f: Value, gates_on_top: int = 1999) -> Value:
    """Return f below more gates than the interpreter's stack is deep."""
    for _ in range(gates_on_top):
        f = -f
    return f


def fails(copier: Copier, thing: object) -> bool:
    """Tell whether a copy fails for a gate that is not in the table, and keep nothing of the failure."""
    try:
        copier(thing)
    except pickle.PicklingError:
        return True
    return False


@pytest.mark.parametrize("copier", [copier for name, copier in COPIERS.items() if "pickle" in name])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_pickle_after_a_failed_one(place: str, copier: Copier) -> None:
    x = Value(2.0)
    failing = {
        "first": lambda: deep(apply(unregistered(), x)),
        "middle": lambda: deep(apply(unregistered(), deep(x))),
        "last": lambda: apply(unregistered(), deep(x)),
    }[place]()
    assert fails(copier, failing)
    below = failing
    while below.gate is not None and below.gate.name != "mystery":
        (below,) = below.inputs
    (good,) = below.inputs
    for f in (good, deep(x)):  # nodes that the failed pickle has met, and others
        twin, twin_x = copier((f, x))
        assert shape_of(twin) == shape_of(f)
        assert graph.order(twin)[0] is twin_x


def test_pickles_in_two_threads_do_not_meet() -> None:
    f = deep(Value(2.0), 20_000)
    results: list[list[Any]] = []
    start = threading.Barrier(3, timeout=PATIENCE)

    def dump() -> None:
        start.wait()
        results.append(shape_of(pickle.loads(pickle.dumps(f))))

    threads = [threading.Thread(target=dump) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [shape_of(f)] * 3


# ------------------------------------------------------------------------------------------------------- threads


def test_threads_build_and_differentiate_their_own_graphs() -> None:
    xs = [Value(i) for i in range(4)]

    def work(x: Value) -> None:
        for _ in range(50):
            (x * x + 3 * x).backward()

    threads = [threading.Thread(target=work, args=(x,)) for x in xs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [x.grad for x in xs] == [50.0 * (2 * i + 3) for i in range(4)]


# ------------------------------------------------------------------------------- programs written for other tools


def test_a_program_written_for_micrograd_runs() -> None:
    # the example of micrograd's README, with the numbers printed there
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert (f"{a.grad:.4f}", f"{b.grad:.4f}") == ("138.8338", "645.5773")
    a.data += -0.01 * a.grad
    a.grad = 0
    assert (type(a.data), type(a.grad)) == (float, float)


def test_a_card_that_computes_with_numpy_leaks_no_numpy_number() -> None:
    numpy = pytest.importorskip("numpy")
    softsign = Gate("softsign", "s", "scaler", lambda x: numpy.float64(x) / 2, lambda z, x: (numpy.float64(0.5),))
    x = Value(3.0)
    f = apply(softsign, x)
    f.backward()
    assert [type(number) for number in (f.data, f.grad, x.data, x.grad)] == [float] * 4


def test_a_label_stays_a_text() -> None:
    x = Value(1.0, "x")
    with pytest.raises(TypeError, match="a label is a str, got int 3"):
        x.label = 3  # type: ignore[assignment]
    assert x.label == "x"


def test_a_value_is_not_compared_with_an_array() -> None:
    numpy = pytest.importorskip("numpy")
    with pytest.raises(TypeError, match="compared with one number"):
        _ = Value(1.0) < numpy.array([0.0, 2.0])


def test_a_copy_with_other_leaves_is_computed_anew() -> None:
    x, other = Value(2.0), Value(5.0)
    twin = copy.deepcopy(x * x * x, {id(x): other})
    twin.backward()
    assert (twin.data, other.grad) == (125.0, 75.0)
