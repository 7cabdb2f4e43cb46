"""Derivatives of functions: reverse mode, forward mode and their nestings, asked of differences, torch and each other.

X, Y   the twins that stand for x and y while a function runs; confusing them is the classic bug of nested derivatives
"""

import math
import operator
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import FrozenInstanceError
from functools import partial
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from autograd import DomainError, Value, explain, functions, grad, hessian, jvp, no_grad, value_and_grad
from autograd import gates as table
from autograd.functions import exp, log, relu, sigmoid, sin, sqrt
from autograd.gates import GATES, Gate
from autograd.graph import order
from autograd.value import apply

Function = Callable[..., Any]
Differences = Callable[..., list[float]]  # of a function, where to take it, and perhaps the step

inf = math.inf

# programs of a namespace m, ours or torch's, and of some arguments; each with where to take it
PROGRAMS: dict[str, tuple[Function, tuple[float, ...]]] = {
    "cube": (lambda m, x: x**3, (1.7,)),
    "neuron": (lambda m, w, x, b: m.tanh(w * x + b), (0.5, -1.5, 0.3)),
    "fork": (lambda m, x, y: x * y + m.sin(x) / y - x, (1.2, 0.7)),
    "steep": (lambda m, x, y: m.exp(x * y) * m.log(x), (1.1, 0.9)),
    "many": (lambda m, x, y, z: m.dot([x, y], [z, x], y) + m.logsumexp([x, y, z]), (0.4, -0.3, 1.9)),
    "power": (lambda m, x, y: x**y + y**2.5 - 1 / x, (1.3, 2.1)),
    "shared": (lambda m, x: m.softplus(x) * m.sigmoid(x) * x + m.sqrt(x), (0.8,)),
    "unused": (lambda m, x, y: m.cos(x) * 3.0, (0.6, 5.0)),
}
FUNCTIONS: dict[str, tuple[Function, tuple[float, ...]]] = {
    name: (partial(program, functions), xs) for name, (program, xs) in PROGRAMS.items()
}
every_function = pytest.mark.parametrize(("fn", "xs"), FUNCTIONS.values(), ids=FUNCTIONS)


def near(expected: Any, tolerance: float = 1e-10) -> Any:
    return pytest.approx(expected, rel=tolerance, abs=tolerance)


def gradient(fn: Function, xs: Sequence[Any]) -> tuple[Any, ...]:
    """Return grad(fn)(*xs) as a tuple, for one argument too."""
    found = grad(fn)(*xs)
    return found if len(xs) > 1 else (found,)


def direction(n: int) -> tuple[float, ...]:
    return (0.7, -1.3, 0.4)[:n]


# ----------------------------------------------------------------------------------------- first and second derivatives


@every_function
def test_gradient_is_central_differences(fn: Function, xs: tuple[float, ...], differences: Differences) -> None:
    assert gradient(fn, xs) == near(tuple(differences(lambda *xs: float(fn(*map(Value, xs))), xs)), 1e-8)


@every_function
def test_value_and_gradient_are_backwards(fn: Function, xs: tuple[float, ...]) -> None:
    leaves = [Value(x) for x in xs]
    f = fn(*leaves)
    f.backward()
    value, found = value_and_grad(fn)(*xs)
    assert value == f.data
    assert (found if len(xs) > 1 else (found,)) == tuple([leaf.grad for leaf in leaves])
    assert type(value) is float
    assert {type(slope) for slope in gradient(fn, xs)} == {float}


@every_function
def test_forward_mode_agrees_with_reverse_mode(fn: Function, xs: tuple[float, ...]) -> None:
    tangents = direction(len(xs))
    value, slope = jvp(fn, xs, tangents)
    assert value == value_and_grad(fn)(*xs)[0]
    assert slope == near(math.fsum(g * t for g, t in zip(gradient(fn, xs), tangents, strict=True)))
    assert (type(value), type(slope)) == (float, float)


@every_function
def test_hessian_is_differences_of_the_gradient(fn: Function, xs: tuple[float, ...], differences: Differences) -> None:
    found = hessian(fn)(*xs)
    for i, row in enumerate(found):
        assert row == near(differences(lambda *xs, i=i: gradient(fn, xs)[i], xs), 1e-7)
        assert {type(number) for number in row} == {float}


@every_function
def test_hessian_is_symmetric_and_forward_over_reverse(fn: Function, xs: tuple[float, ...]) -> None:
    found = hessian(fn)(*xs)
    n = len(xs)
    assert [[found[j][i] for j in range(n)] for i in range(n)] == [near(row) for row in found]
    for i in range(n):
        basis = [float(i == j) for j in range(n)]
        columns = [jvp(lambda *twins, j=j: gradient(fn, twins)[j], xs, basis)[1] for j in range(n)]
        assert columns == near(found[i])


class Torch:
    """The functions of the programs, in torch's words."""

    def __init__(self, torch: Any) -> None:
        for name in ("tanh", "sin", "cos", "exp", "log", "sqrt", "sigmoid"):
            setattr(self, name, getattr(torch, name))
        self.softplus = torch.nn.functional.softplus
        self.dot = lambda ws, xs, bias: torch.dot(torch.stack(ws), torch.stack(xs)) + bias
        self.logsumexp = lambda xs: torch.logsumexp(torch.stack(xs), 0)


@pytest.mark.parametrize("name", PROGRAMS)
def test_torch_agrees(name: str) -> None:
    torch = pytest.importorskip("torch")
    (program, xs), (fn, _) = PROGRAMS[name], FUNCTIONS[name]
    its = partial(program, Torch(torch))
    tensors = tuple([torch.tensor(x, dtype=torch.float64) for x in xs])
    slopes = torch.autograd.functional.jacobian(its, tensors)
    assert gradient(fn, xs) == near(tuple([t.item() for t in slopes]))
    second = torch.autograd.functional.hessian(its, tensors)
    assert hessian(fn)(*xs) == [near([t.item() for t in row]) for row in second]


# ------------------------------------------------------------------------------------------------------------- nesting


def third(fn: Function) -> Function:
    return grad(grad(grad(fn)))


def third_with_jvp(fn: Function) -> Function:
    return lambda x: jvp(lambda y: jvp(lambda z: jvp(fn, [z], [1.0])[1], [y], [1.0])[1], [x], [1.0])[1]


def third_mixed(fn: Function) -> Function:
    return lambda x: jvp(grad(lambda y: jvp(fn, [y], [1.0])[1]), [x], [1.0])[1]


def third_mixed_the_other_way(fn: Function) -> Function:
    return grad(lambda x: jvp(grad(fn), [x], [1.0])[1])


@pytest.mark.parametrize("derivative", [third, third_with_jvp, third_mixed, third_mixed_the_other_way])
@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (lambda x: x**4, lambda x: 24 * x),
        (lambda x: x * x * x * x, lambda x: 24 * x),
        (sin, lambda x: -math.cos(x)),
        (lambda x: exp(2 * x), lambda x: 8 * math.exp(2 * x)),
        (log, lambda x: 2 / x**3),
        (lambda x: 1 / x, lambda x: -6 / x**4),
        (lambda x: x**2, lambda x: 0.0),
        (lambda x: 5 * x, lambda x: 0.0),
        (lambda x: x, lambda x: 0.0),
        (lambda x: 7.0, lambda x: 0.0),
    ],
    ids=["power", "product", "sin", "exp", "log", "reciprocal", "square", "line", "identity", "constant"],
)
def test_third_derivative_whichever_way(derivative: Function, fn: Function, expected: Function) -> None:
    found = derivative(fn)(0.9)
    assert found == near(expected(0.9))
    assert type(found) is float


@pytest.mark.parametrize("gate", [gate for gate in GATES.values() if gate.arity == 1], ids=attrgetter("name"))
def test_third_derivative_of_every_gate(gate: Gate, differences: Differences) -> None:
    x = gate.probe[0] + 0.7 * (gate.probe[1] - gate.probe[0])

    def second(x: float) -> float:
        return float(grad(grad(lambda y: apply(gate, y)))(x))

    assert third(lambda y: apply(gate, y))(x) == near(differences(second, [x])[0], 1e-6)


# Each is a derivative by x of something with a derivative by y inside, and what it must be at x = 3.
CONFUSIONS: dict[str, tuple[Function, float]] = {
    # x · d/dy (x·y²) at y = x: x · 2x² = 2x³
    "inner at x": (lambda d: lambda x: x * d(lambda y: x * y * y)(x), 54.0),
    # … and at y = 2: x · 4x
    "inner at a number": (lambda d: lambda x: x * d(lambda y: x * y * y)(2.0), 24.0),
    # d/dy (x + y) = 1, whatever x is
    "sum": (lambda d: lambda x: x * d(lambda y: x + y)(1.0), 1.0),
    "sum at x": (lambda d: lambda x: x * d(lambda y: x + y)(x), 1.0),
    # the inner function does not use its own argument
    "inner ignores y": (lambda d: lambda x: d(lambda y: x * x)(x), 0.0),
    "inner returns x": (lambda d: lambda x: x + d(lambda y: x)(2.0), 1.0),
    "inner returns y": (lambda d: lambda x: x * d(lambda y: y)(x), 1.0),
    # three deep: d/dz (x·y·z) = x·y, its derivative by y is x, times x is x²
    "three deep": (lambda d: lambda x: x * d(lambda y: d(lambda z: x * y * z)(y))(x), 6.0),
    # the same letter at every depth: d/dx (x · 4x³) = 16x³, and its derivative 48x²
    "shadowed": (lambda d: lambda x: d(lambda x: d(lambda x: x**4)(x) * x)(x), 432.0),
    # a derivative taken at a function of x: d/dy y³ at x² = 3x⁴
    "inside a chain": (lambda d: lambda x: d(lambda y: y**3)(x * x), 12.0 * 27.0),
}


def forward(fn: Function) -> Function:
    return lambda x: jvp(fn, (x,), (1.0,))[1]


@pytest.mark.parametrize("outer", [grad, forward], ids=["grad", "jvp"])
@pytest.mark.parametrize("inner", [grad, forward], ids=["of grad", "of jvp"])
@pytest.mark.parametrize("name", CONFUSIONS)
def test_perturbations_are_not_confused(name: str, outer: Function, inner: Function) -> None:
    make, expected = CONFUSIONS[name]
    found = outer(make(inner))(3.0)
    assert found == near(expected)
    assert type(found) is float


def test_the_examples_of_confusion_are_right(differences: Differences) -> None:
    for make, expected in CONFUSIONS.values():
        assert differences(make(grad), [3.0]) == [near(expected, 1e-7)]


def test_a_tangent_may_depend_on_x() -> None:
    # d/dx (x² · tangent) along tangent = x³: 2x · x³ = 2x⁴, and its derivative 8x³
    assert grad(lambda x: jvp(lambda y: y * y, (x,), (x**3,))[1])(2.0) == near(64.0)
    # the point is a number, the tangent is x
    assert grad(lambda x: jvp(lambda y: y * y, (5.0,), (x,))[1])(2.0) == near(10.0)


def test_a_hessian_inside_a_derivative_is_differentiated() -> None:
    # ∂²/∂y² (x·y³) at y = x is 6x², and its derivative 12x
    assert grad(lambda x: hessian(lambda y: x * y**3)(x)[0][0])(2.0) == near(24.0)
    assert grad(lambda x: hessian(lambda y: x * y**3)(5.0)[0][0])(2.0) == near(30.0)


@given(st.randoms(use_true_random=False))
def test_random_functions_agree_by_every_route(draw: random.Random) -> None:
    names = ["add", "sub", "mul", "sin", "tanh", "exp"]
    program = [(draw.choice(names), draw.random(), draw.random()) for _ in range(5)]

    def fn(*xs: Any) -> Any:
        nodes = list(xs)
        for name, i, j in program:
            gate = GATES[name]
            chosen = [nodes[int(i * len(nodes))], nodes[int(j * len(nodes))]][: gate.arity]
            nodes.append(apply(gate, *chosen))
        return nodes[-1]

    xs = [draw.uniform(-1.0, 1.0) for _ in range(2)]
    assume(abs(float(fn(*map(Value, xs)))) < 1e3)
    slopes, second = gradient(fn, xs), hessian(fn)(*xs)
    for i, basis in enumerate(([1.0, 0.0], [0.0, 1.0])):
        assert jvp(fn, xs, basis)[1] == near(slopes[i])
        assert [jvp(lambda *ys, j=j: gradient(fn, ys)[j], xs, basis)[1] for j in (0, 1)] == near(second[i])
        assert list(gradient(lambda *ys, basis=basis: jvp(fn, ys, basis)[1], xs)) == near(second[i])


# ------------------------------------------------------------------------------------------------ what comes back


@every_function
def test_values_in_values_out_to_differentiate_further(fn: Function, xs: tuple[float, ...]) -> None:
    leaves = [Value(x) for x in xs]
    found = gradient(fn, leaves)
    assert all(isinstance(slope, Value) for slope in found)
    assert tuple([slope.data for slope in found]) == near(gradient(fn, xs))
    found[0].backward()
    assert [leaf.grad for leaf in leaves] == near(hessian(fn)(*xs)[0])


@every_function
def test_forward_mode_gives_values_too(fn: Function, xs: tuple[float, ...]) -> None:
    leaves, tangents = [Value(x) for x in xs], [Value(t) for t in direction(len(xs))]
    for value, slope in (jvp(fn, leaves, direction(len(xs))), jvp(fn, xs, tangents), jvp(fn, leaves, tangents)):
        assert isinstance(value, Value)
        assert isinstance(slope, Value)
        assert (value.data, slope.data) == near(jvp(fn, xs, direction(len(xs))))
    slope.backward()  # the derivative along t, by t, is the gradient
    assert [tangent.grad for tangent in tangents] == near(list(gradient(fn, xs)))


TRIVIAL: dict[str, tuple[Function, float, tuple[float, float]]] = {
    "constant": (lambda x, y: 3.0, 3.0, (0.0, 0.0)),
    "int": (lambda x, y: 3, 3.0, (0.0, 0.0)),
    "first": (lambda x, y: x, 2.0, (1.0, 0.0)),
    "last": (lambda x, y: y, 5.0, (0.0, 1.0)),
    "neither": (lambda x, y: Value(7.0) * 2, 14.0, (0.0, 0.0)),
    "cancelled": (lambda x, y: x - x, 0.0, (0.0, 0.0)),
}


@pytest.mark.parametrize("name", TRIVIAL)
@pytest.mark.parametrize("kind", [float, Value])
def test_trivial_functions(name: str, kind: type) -> None:
    fn, value, slopes = TRIVIAL[name]
    xs = kind(2.0), kind(5.0)
    found = value_and_grad(fn)(*xs)
    numbers = [found[0], *found[1], *jvp(fn, xs, (1.0, 10.0)), *hessian(fn)(*xs)[0]]
    assert all(isinstance(x, kind) for x in numbers)
    assert [float(x) for x in numbers] == [value, *slopes, value, slopes[0] + 10 * slopes[1], 0.0, 0.0]


def test_one_argument_gives_a_number_and_several_a_tuple() -> None:
    assert grad(lambda x: x * x)(3.0) == 6.0
    assert grad(lambda x, y: x * y)(3.0, 4.0) == (4.0, 3.0)
    assert grad(lambda *xs: 1.0)() == ()
    assert hessian(lambda: 1.0)() == []


def test_numbers_of_every_kind_go_in() -> None:
    np = pytest.importorskip("numpy")
    for three in (3, True + 2, np.float64(3.0), np.float32(3.0), np.int64(3), np.array(3.0)):
        found = grad(lambda x: x * x)(three)
        assert (found, type(found)) == (6.0, float)


@pytest.mark.parametrize("returned", [None, "3", [1.0], (1.0, 2.0), 1j], ids=repr)
def test_a_function_must_return_a_number(returned: Any) -> None:
    for take in (lambda: grad(lambda x: returned)(1.0), lambda: jvp(lambda x: returned, (1.0,), (1.0,))):
        with pytest.raises(TypeError, match=f"returns one number, got {type(returned).__name__}") as caught:
            take()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", ["a", None, [1.0], 1j], ids=repr)
def test_arguments_must_be_numbers(given: Any) -> None:
    for take in (lambda: grad(sin)(given), lambda: jvp(sin, (given,), (1.0,)), lambda: jvp(sin, (1.0,), (given,))):
        with pytest.raises(TypeError, match="one real number"):
            take()


def test_a_tangent_for_each_argument() -> None:
    with pytest.raises(ValueError, match="one tangent for each x, got 1 for 2"):
        jvp(lambda x, y: x * y, (1.0, 2.0), (1.0,))


def test_what_a_function_raises_comes_through_and_leaves_nothing_behind() -> None:
    twins: list[Value] = []

    def failing(x: Any) -> Any:
        twins.append(x)
        raise KeyError("mine")

    with no_grad():
        with pytest.raises(KeyError, match="mine"):
            grad(failing)(2.0)
        assert len((twins[0] * 2.0).inputs) == 0
    with pytest.raises(KeyError, match="mine"):
        grad(lambda x: x * grad(failing)(x))(2.0)
    for twin in twins:  # nobody differentiates by it any more, so the answer is a number
        assert type(grad(partial(operator.mul, twin))(3.0)) is float


def test_domain_errors_name_value_and_slope() -> None:
    with pytest.raises(DomainError, match="log needs x > 0"):
        grad(log)(-1.0)
    with pytest.raises(DomainError, match="the slope of sqrt needs x > 0"):
        grad(sqrt)(0.0)
    with pytest.raises(DomainError, match="the slope of sqrt needs x > 0"):
        jvp(sqrt, (0.0,), (1.0,))


def test_saturated_derivatives_are_quiet() -> None:
    assert grad(exp)(1000.0) == inf
    assert grad(sigmoid)(-1000.0) == 0.0
    assert math.isnan(grad(relu)(math.nan))


# ------------------------------------------------------------------------------------------- Values that fn closes over


def test_closed_over_values_are_left_alone() -> None:
    w = Value(2.0, "w")
    outside = w * 3.0
    w.grad, outside.grad = 5.0, 6.0
    for take in (grad(lambda x: x * x * outside), forward(lambda x: x * x * outside)):
        assert take(4.0) == 48.0
    assert hessian(lambda x: x * x * outside)(4.0) == [[12.0]]
    assert (w.grad, outside.grad, w.data, outside.data) == (5.0, 6.0, 2.0, 6.0)


def test_a_value_beside_its_own_twin() -> None:
    # x is the argument's twin, v the Value it stands for: only the twin moves
    v = Value(3.0, "v")
    assert float(grad(lambda x: x * v)(v)) == 3.0
    assert float(grad(lambda x, y: x * y * v)(v, v)[0]) == 9.0
    # … but the derivative is v, a Value that can be differentiated by v
    slope = grad(lambda x: x * v)(v)
    slope.backward()
    assert v.grad == 1.0


def test_stale_closures_are_recomputed() -> None:
    w = Value(2.0, "w")
    inner = w * w
    take = grad(lambda x: x * inner)
    assert take(1.0) == 4.0
    w.data = 5.0
    assert take(1.0) == 25.0
    w.data = 6.0
    assert value_and_grad(lambda x: x + inner)(1.0) == (37.0, 1.0)
    w.data = 7.0
    assert jvp(lambda x: x * inner, (1.0,), (1.0,)) == (49.0, 49.0)


def test_slopes_of_what_is_closed_over_need_not_exist() -> None:
    root = Value(0.0).sqrt()
    assert grad(lambda x: x * root + x)(3.0) == 1.0
    assert jvp(lambda x: x * root + x, (3.0,), (1.0,)) == (3.0, 1.0)


def test_a_large_graph_closed_over_is_not_differentiated() -> None:
    calls = []

    def partials(z: float, x: float) -> tuple[float]:
        calls.append(x)
        return (1.0,)

    counting = Gate("counting", "c", "scaler", lambda x: x, partials)
    w = apply(counting, Value(2.0))
    assert grad(lambda x: x * w)(3.0) == 2.0
    assert not calls
    assert grad(lambda x: apply(counting, x) * w)(3.0) == 2.0
    assert calls == [3.0]


def test_no_grad_around_it_records_nothing_and_hides_nothing() -> None:
    v = Value(3.0)
    with no_grad():
        assert grad(lambda x: x**3)(2.0) == 12.0
        assert grad(grad(lambda x: x**3))(2.0) == 12.0
        assert jvp(lambda x: x**3, (2.0,), (1.0,)) == (8.0, 12.0)
        assert hessian(lambda x: x**3)(2.0) == [[12.0]]
        slope = grad(lambda x: x**3)(v)
        assert (slope.data, slope.inputs) == (27.0, ())
        assert len((v * v).inputs) == 0
    assert len((v * v).inputs) == 2


def test_no_grad_inside_is_respected() -> None:
    def fn(x: Any) -> Any:
        with no_grad():
            frozen = x * x
        return x * frozen

    assert grad(fn)(3.0) == 9.0


def test_deeper_than_the_stack() -> None:
    def fn(x: Any) -> Any:
        for _ in range(5_000):
            x = x * 1.0001 + 0.0001
        return x

    assert grad(fn)(1.0) == near(1.0001**5000)
    assert jvp(fn, (1.0,), (1.0,))[1] == near(1.0001**5000)


# ------------------------------------------------------------------------------------------------------------- threads


def in_threads(*works: Callable[[], object]) -> None:
    """Run each in a thread of its own, all at once, and raise what any of them raises."""
    failures: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_threads_do_not_see_each_others_arguments() -> None:
    meet = threading.Barrier(2, timeout=20)

    def outer(x: Any) -> Any:
        meet.wait()  # both are inside a derivative now
        inner = grad(lambda y: x * y * y)(x)
        meet.wait()
        return x * inner

    def work() -> None:
        for _ in range(20):
            assert grad(outer)(3.0) == near(54.0)

    in_threads(work, work)


def test_a_thread_that_records_nothing_hides_nothing_from_another() -> None:
    meet = threading.Barrier(2, timeout=20)

    def silent() -> None:
        with no_grad():
            meet.wait()
            assert grad(lambda x: x * x)(3.0) == 6.0
            assert (Value(1.0) + 1.0).inputs == ()
            meet.wait()

    def loud() -> None:
        meet.wait()
        assert grad(grad(lambda x: x**3))(2.0) == 12.0
        assert len((Value(1.0) + 1.0).inputs) == 2
        meet.wait()

    in_threads(silent, loud)


# ------------------------------------------------------------------------------------------------ the sum over paths


def test_golden_example_is_told() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = (x + y) * z
    assert str(explain(f, x)).split("\n") == [
        "∂f/∂x = -4.0: the sum over 1 path of the product of local gradients",
        "  x → a → f:  1 · z = 1.0 · (-4.0) = -4.0",
    ]
    assert str(explain(f, z)).split("\n") == [
        "∂f/∂z = 3.0: the sum over 1 path of the product of local gradients",
        "  z → f:  a = 3.0",
    ]


def test_rules_are_told_in_brackets_where_they_need_them() -> None:
    x, y = Value(2.0, "x"), Value(8.0, "y")
    told = str(explain(((x - 1.0) / y).tanh(), y))
    assert "y → b → f:  (−b / y) · (1 − f · f) = (-0.015625) · 0.98" in told


def graphs(draw: random.Random) -> tuple[Value, list[Value]]:
    leaves = [Value(draw.uniform(0.5, 1.5), f"x{i}") for i in range(3)]
    nodes = list(leaves)
    for _ in range(draw.randint(1, 7)):
        gate = GATES[draw.choice(["add", "sub", "mul", "div", "sin", "max", "dot", "logsumexp"])]
        nodes.append(apply(gate, *[draw.choice(nodes[-4:]) for _ in range(gate.arity or 4)]))
    return nodes[-1], leaves


@given(st.randoms(use_true_random=False))
def test_the_sum_over_paths_is_the_gradient(draw: random.Random) -> None:
    try:
        f, leaves = graphs(draw)
    except DomainError:  # a division by x - x
        reject()
    assume(max(explain(f, leaf).count for leaf in leaves) < 2_000)
    f.backward()
    for x in [leaf for leaf in leaves if leaf is not f]:
        found = explain(f, x, limit=2_000)
        assert found.total == x.grad
        assert found.count == len(found.paths)
        assert math.fsum(path.product for path in found.paths) == near(found.total)
        assert len({(path.nodes, path.places) for path in found.paths}) == found.count
        for path in found.paths:
            assert (path.nodes[0], path.nodes[-1]) == (x, f)
            assert math.prod(path.locals) == near(path.product)
            for y, z, place in zip(path.nodes, path.nodes[1:], path.places, strict=False):
                assert z.inputs[place] is y


def test_places_tell_parallel_wires_apart() -> None:
    x = Value(3.0, "x")
    paths = explain(x * x + x, x).paths
    assert [path.places for path in paths] == [(0, 0), (1, 0), (1,)]
    assert [path.product for path in paths] == [3.0, 3.0, 1.0]


def test_sixty_doublings_are_capped_and_say_so() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(60):
        f = f + f
    found = explain(f, x)
    assert (found.count, found.total, len(found.paths)) == (2**60, 2.0**60, 100)
    lines = str(found).split("\n")
    assert "the sum over about 10^18 paths" in lines[0]
    assert lines[1] == "(the first 100 are listed; the total is of all of them)"
    assert len(lines) == 102
    assert len(explain(f, x, limit=3).paths) == 3


def test_numbers_of_paths_that_no_text_can_hold() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(20_000):
        f = (f + f) * 0.5
    assert "the sum over about 10^6020 paths" in str(explain(f, x, limit=0))


def test_a_stale_value_is_taken_as_its_leaves_are_now() -> None:
    leaf = Value(2.0)
    stale = leaf * 3
    leaf.data = 5.0
    value, slope = value_and_grad(lambda x: x * x)(stale)
    assert (value.data, slope.data) == (225.0, 30.0)


def test_jvp_names_what_is_no_list() -> None:
    with pytest.raises(TypeError, match="lists or tuples, got float"):
        jvp(lambda x: x, 3.0, 1.0)  # type: ignore[arg-type]


def test_longer_than_the_stack() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(3_000):
        f = f * 1.0
    found = explain(f, x)
    assert (found.total, found.count, len(found.paths[0].nodes)) == (1.0, 1, 3_001)
    assert str(found).count("→") == 3_000


def test_no_path_and_the_empty_path() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    nothing = explain(y * y, x)
    assert (nothing.total, nothing.count, nothing.paths) == (0.0, 0, ())
    assert str(nothing) == "∂f/∂x = 0.0: this Value is not in the graph of f"
    itself = explain(x, x)
    assert (itself.total, itself.count) == (1.0, 1)
    assert str(itself).split("\n")[1:] == ["  x: 1"]


def test_a_value_that_took_the_place_of_another_is_told_apart_from_it() -> None:
    x = Value(-2.0, "x")
    f = x * x
    told = str(explain(f, Value(-2.0, "x")))
    reason = "this Value is not in the graph of f, which was built from another one labelled 'x'"
    assert told == f"∂f/∂x = 0.0: {reason}: run the code that builds f again"
    assert str(explain(f, Value(1.0))) == "∂f/∂(Value(1.0)) = 0.0: this Value is not in the graph of f"
    unlabelled = Value(3.0)
    assert "another" not in str(explain(unlabelled * unlabelled, Value(3.0)))


def test_an_interior_node_may_be_asked_about() -> None:
    x = Value(3.0, "x")
    inner = x * x
    f = inner * inner + x
    found = explain(f, inner)
    assert (found.total, found.count) == (18.0, 2)


def test_explaining_touches_nothing_but_a_stale_graph() -> None:
    x, y = Value(3.0, "x"), Value(2.0, "y")
    f = x * y
    for i, node in enumerate(order(f)):
        node.grad = float(i + 1)
    y.data = 7.0
    assert explain(f, x).total == 7.0
    assert f.data == 21.0
    assert [node.grad for node in order(f)] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("label", ["{0}", "{x!r}", "%s", "</svg>", "a b", "x·y", "\\", "'", "λ → μ"])
def test_hostile_labels_are_printed_as_they_are(label: str) -> None:
    x = Value(3.0, label)
    lines = str(explain(x * 2.0 + x.sin(), x)).split("\n")
    assert lines[0].startswith(f"∂f/∂{label} = ")
    assert lines[1].startswith(f"  {label} → ")
    assert f"cos({label})" in lines[2]


def test_a_users_card_for_numbers_alone_is_told_by_its_name() -> None:
    cube = Gate("cube", "x³", "scaler", lambda x: math.pow(x, 3), lambda z, x: (3 * math.pow(x, 2),))
    whole = Gate("twice", "2x", "scaler", lambda x: 2 * x, lambda z, x: (2,))
    x = Value(2.0, "x")
    assert "x → f:  ∂f/∂x = 12.0" in str(explain(apply(cube, x), x))
    assert str(explain(apply(whole, x), x)).endswith("x → f:  2")


def test_records_are_frozen() -> None:
    x = Value(3.0, "x")
    found = explain(x * x, x)
    with pytest.raises(FrozenInstanceError):
        found.total = 0.0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        found.paths[0].product = 0.0  # type: ignore[misc]


@pytest.mark.parametrize("arguments", [(1.0, Value(1.0)), (Value(1.0), 1.0), (Value(1.0), "x")], ids=str)
def test_explain_takes_values(arguments: tuple[Any, Any]) -> None:
    with pytest.raises(TypeError, match=r"explain takes two Values, got (float|str)"):
        explain(*arguments)


def test_a_tie_is_one_path_with_a_slope() -> None:
    x = Value(2.0, "x")
    f = apply(table.MAX, x, x)
    assert [path.product for path in explain(f, x).paths] == [1.0, 0.0]


@pytest.mark.parametrize("x", [-40.0, -1e-9, 1e-12, 3.0])
def test_a_slope_of_small_differences_keeps_its_digits_as_a_value(x: float) -> None:
    at = Value(x)
    slope = grad(functions.softplus)
    assert slope(at).data == pytest.approx(slope(x), rel=1e-14)  # softplus' = 1 - exp(-softplus): 4e-18 at -40
