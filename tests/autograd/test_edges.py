"""What happens at the edges: kinks, ties, poles, overflow, nan. One row per rule, its answer worked out by hand."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import gates
from autograd.errors import DomainError
from autograd.gates import GATES
from autograd.value import Value, apply

inf, nan = math.inf, math.nan
Expression = Callable[..., Value]


def lse(*xs: Value) -> Value:
    return apply(gates.LOGSUMEXP, *xs)


def largest(*xs: Value) -> Value:
    return apply(gates.MAX, *xs)


def smallest(*xs: Value) -> Value:
    return apply(gates.MIN, *xs)


def cross_entropy(logit: Value, *others: Value) -> Value:
    """Return -log softmax of the first of these logits."""
    return lse(logit, *others) - logit


# what is computed, at which inputs, the value, the gradients
Row = tuple[str, Expression, tuple[float, ...], float, tuple[float, ...]]

KINKS: list[Row] = [
    ("relu", lambda x: x.relu(), (0.0,), 0.0, (0.0,)),
    ("leaky_relu", lambda x: x.leaky_relu(0.25), (0.0,), 0.0, (0.25,)),
    ("elu", lambda x: x.elu(3.0), (0.0,), 0.0, (3.0,)),
    ("step", lambda x: x.step(), (0.0,), 0.0, (0.0,)),
    ("abs", abs, (0.0,), 0.0, (0.0,)),
    ("abs of -0", abs, (-0.0,), 0.0, (0.0,)),
    ("step right of 0", lambda x: x.step(), (5e-324,), 1.0, (0.0,)),
    ("step left of 0", lambda x: x.step(), (-7.0,), 0.0, (0.0,)),
    ("step far right", lambda x: x.step(), (1e9,), 1.0, (0.0,)),
]

TIES: list[Row] = [
    ("max of two", largest, (2.0, 2.0), 2.0, (1.0, 0.0)),
    ("min of two", smallest, (2.0, 2.0), 2.0, (1.0, 0.0)),
    ("max, late tie", largest, (1.0, 2.0, 2.0), 2.0, (0.0, 1.0, 0.0)),
    ("min, late tie", smallest, (3.0, 2.0, 2.0), 2.0, (0.0, 1.0, 0.0)),
    ("max of three equal", largest, (2.0, 2.0, 2.0), 2.0, (1.0, 0.0, 0.0)),
    ("max of 0 and -0", largest, (0.0, -0.0), 0.0, (1.0, 0.0)),
    ("max of -0 and 0", largest, (-0.0, 0.0), 0.0, (1.0, 0.0)),
    ("min of 0 and -0", smallest, (0.0, -0.0), 0.0, (1.0, 0.0)),
    ("max of infinities", largest, (inf, inf), inf, (1.0, 0.0)),
]

POWERS: list[Row] = [
    ("0 ** 0", lambda x: x**0, (0.0,), 1.0, (0.0,)),
    ("x ** 0", lambda x: x**0, (-3.0,), 1.0, (0.0,)),
    ("0 ** 1", lambda x: x**1, (0.0,), 0.0, (1.0,)),
    ("0 ** 2", lambda x: x**2, (0.0,), 0.0, (0.0,)),
    ("0 ** 1.5", lambda x: x**1.5, (0.0,), 0.0, (0.0,)),
    ("negative ** whole", lambda x: x**3, (-2.0,), -8.0, (12.0,)),
    ("negative ** negative whole", lambda x: x**-2, (-2.0,), 0.25, (0.25,)),
    ("number ** Value", lambda x: 2**x, (3.0,), 8.0, (8.0 * math.log(2.0),)),
    ("Value ** Value", lambda x, y: x**y, (2.0, 3.0), 8.0, (12.0, 8.0 * math.log(2.0))),
]

OVERFLOWS: list[Row] = [
    ("exp", lambda x: x.exp(), (1000.0,), inf, (inf,)),
    ("exp, downward", lambda x: x.exp(), (-1000.0,), 0.0, (0.0,)),
    ("even power", lambda x: x**400, (-10.0,), inf, (-inf,)),
    ("odd power", lambda x: x**401, (-10.0,), -inf, (inf,)),
    ("power of a tiny number", lambda x: x**-400, (1e-10,), inf, (-inf,)),
    ("odd power of a tiny number", lambda x: x**-401, (-1e-10,), -inf, (-inf,)),
    ("Value power", lambda x, y: x**y, (10.0, 400.0), inf, (inf, inf)),
    ("sinh", lambda x: x.sinh(), (1000.0,), inf, (inf,)),
    ("sinh, downward", lambda x: x.sinh(), (-1000.0,), -inf, (inf,)),
    ("cosh", lambda x: x.cosh(), (1000.0,), inf, (inf,)),
    ("cosh, downward", lambda x: x.cosh(), (-1000.0,), inf, (-inf,)),
    ("product", lambda x, y: x * y, (1e200, -1e200), -inf, (-1e200, 1e200)),
    ("quotient", lambda x, y: x / y, (1e200, -1e-200), -inf, (-1e200, -inf)),
    ("sum", lambda x, y: x + y, (1.5e308, 1.5e308), inf, (1.0, 1.0)),
    ("tanh saturates", lambda x: x.tanh(), (-1000.0,), -1.0, (0.0,)),
]

STABLE: list[Row] = [
    ("sigmoid, right", lambda x: x.sigmoid(), (1000.0,), 1.0, (0.0,)),
    ("sigmoid, left", lambda x: x.sigmoid(), (-1000.0,), 0.0, (0.0,)),
    ("softplus, right", lambda x: x.softplus(), (1000.0,), 1000.0, (1.0,)),
    ("softplus, left", lambda x: x.softplus(), (-1000.0,), 0.0, (0.0,)),
    ("logsumexp, right", lse, (1000.0, -1000.0), 1000.0, (1.0, 0.0)),
    ("logsumexp, far left", lse, (-1000.0, -2000.0), -1000.0, (1.0, 0.0)),
    ("logsumexp of minus infinity", lse, (-inf, 0.0), 0.0, (0.0, 1.0)),
    ("cross-entropy, sure and right", cross_entropy, (1000.0, -1000.0), 0.0, (0.0, 0.0)),
    ("cross-entropy, sure and wrong", cross_entropy, (-1000.0, 1000.0), 2000.0, (-1.0, 1.0)),
]


@pytest.mark.parametrize(
    ("expression", "xs", "value", "gradients"),
    [pytest.param(*row[1:], id=row[0]) for row in (*KINKS, *TIES, *POWERS, *OVERFLOWS, *STABLE)],
)
def test_value_and_gradients(
    expression: Expression, xs: tuple[float, ...], value: float, gradients: tuple[float, ...]
) -> None:
    leaves = [Value(x) for x in xs]
    f = expression(*leaves)
    f.backward()
    assert f.data == value
    assert [x.grad for x in leaves] == pytest.approx(gradients, rel=1e-15, abs=0.0)


@pytest.mark.parametrize(("xs", "value"), [((inf, 0.0), inf), ((-inf, -inf), -inf), ((inf, -inf), inf)])
def test_logsumexp_of_infinities(xs: tuple[float, ...], value: float) -> None:
    assert lse(*map(Value, xs)).data == value


# the gate refuses, at once: what is computed, at which inputs, what the message says
REFUSED: list[tuple[str, Expression, tuple[float, ...], str]] = [
    ("0 ** -1", lambda x: x**-1, (0.0,), r"pow\(-1\) needs x != 0, got x = 0\.0"),
    ("0 ** -0.5", lambda x: x**-0.5, (0.0,), r"pow\(-0\.5\) needs x > 0, got x = 0\.0"),
    ("negative ** 0.5", lambda x: x**0.5, (-8.0,), r"pow\(0\.5\) needs x >= 0, got x = -8\.0"),
    ("negative ** -1.5", lambda x: x**-1.5, (-8.0,), r"pow\(-1\.5\) needs x > 0, got x = -8\.0"),
    ("-inf ** 0.5", lambda x: x**0.5, (-inf,), r"x >= 0, got x = -inf"),
    ("0 ** Value", lambda x, y: x**y, (0.0, 2.0), r"pow needs x > 0 .*got x = 0\.0, y = 2\.0"),
    ("negative ** Value", lambda x, y: x**y, (-2.0, 2.0), r"pow needs x > 0 .*got x = -2\.0, y = 2\.0"),
    ("0 number ** Value", lambda y: 0**y, (2.0,), r"pow needs x > 0 .*got x = 0\.0, y = 2\.0"),
    ("sin of inf", lambda x: x.sin(), (inf,), r"sin needs a finite x, got x = inf"),
    ("cos of inf", lambda x: x.cos(), (-inf,), r"cos needs a finite x, got x = -inf"),
    ("tan of inf", lambda x: x.tan(), (inf,), r"tan needs a finite x, got x = inf"),
    ("log of 0", lambda x: x.log(), (0.0,), r"log needs x > 0, got x = 0\.0"),
    ("log of negative", lambda x: x.log(), (-3.0,), r"log needs x > 0, got x = -3\.0"),
    ("sqrt of negative", lambda x: x.sqrt(), (-4.0,), r"sqrt needs x >= 0, got x = -4\.0"),
    ("1 / 0", lambda x: 1 / x, (0.0,), r"reciprocal needs x != 0, got x = 0\.0"),
    ("1 / -0", lambda x: 1 / x, (-0.0,), r"reciprocal needs x != 0, got x = -0\.0"),
    ("x / 0", lambda x: x / 0, (2.0,), r"div needs y != 0, got x = 2\.0, y = 0\.0"),
    ("x / y", lambda x, y: x / y, (2.0, 0.0), r"div needs y != 0, got x = 2\.0, y = 0\.0"),
    ("nan / 0", lambda x, y: x / y, (nan, 0.0), r"div needs y != 0, got x = nan, y = 0\.0"),
    ("nan ** 0 from 0", lambda x, y: x**y, (0.0, nan), r"pow needs x > 0 .*got x = 0\.0, y = nan"),
]


@pytest.mark.parametrize(("expression", "xs", "message"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_the_gate_refuses(expression: Expression, xs: tuple[float, ...], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        expression(*[Value(x) for x in xs])


# the value exists and the slope does not: what is computed, the value, what the message says
NO_SLOPE: list[tuple[str, Expression, str]] = [
    ("0 ** 0.5", lambda x: x**0.5, r"slope of pow\(0\.5\) needs x > 0, got x = 0\.0 \(x is 'w'\)"),
    ("0 ** 0.001", lambda x: x**0.001, r"slope of pow\(0\.001\) needs x > 0, got x = 0\.0 \(x is 'w'\)"),
    ("sqrt of 0", lambda x: x.sqrt(), r"slope of sqrt needs x > 0, got x = 0\.0 \(x is 'w'\)"),
]


@pytest.mark.parametrize(("expression", "message"), [pytest.param(*row[1:], id=row[0]) for row in NO_SLOPE])
def test_only_the_backward_pass_refuses(expression: Expression, message: str) -> None:
    x = Value(0.0, "w")
    f = expression(x)
    assert f.data == 0.0
    with pytest.raises(DomainError, match=message):
        f.backward()
    assert (x.grad, f.grad) == (0.0, 0.0)


# ------------------------------------------------------------------------------------------ the message names the place


def test_a_message_names_what_has_a_label() -> None:
    with pytest.raises(DomainError, match=r"log needs x > 0, got x = -3\.0 \(x is 'margin'\)$"):
        Value(-3.0, "margin").log()


def test_a_message_does_not_say_that_x_is_x() -> None:
    with pytest.raises(DomainError, match=r"got x = -3\.0$"):
        Value(-3.0, "x").log()
    with pytest.raises(DomainError, match=r"got x = 1\.0, y = 0\.0 \(x is 'a'\)$"):
        Value(1.0, "a") / Value(0.0, "y")
    with pytest.raises(DomainError, match=r"got x = 1\.0, y = 0\.0 \(x is 'y', y is 'x'\)$"):
        Value(1.0, "y") / Value(0.0, "x")


def test_a_message_tells_how_the_rest_was_made() -> None:
    x, y = Value(2.0, "gain"), Value(-2.0, "loss")
    with pytest.raises(DomainError, match=r"x = 0\.0 \(x is add of 'gain', 'loss'\)"):
        (x + y).log()


def test_a_message_stays_short_for_many_inputs() -> None:
    xs = [Value(-float(i), f"w{i}") for i in range(1, 101)]
    with pytest.raises(DomainError, match=r"\(x is max of 'w1', 'w2', 'w3', 'w4', …\)"):
        largest(*xs).log()


def test_a_message_knows_constants_and_inputs() -> None:
    with pytest.raises(DomainError, match=r"\(x is an input without a label, y is a constant\)"):
        Value(1.0) / 0


# ----------------------------------------------------------------------------------------------------------------- nan

NAN_IN: dict[str, Expression] = {
    "relu": lambda x: x.relu(),
    "step": lambda x: x.step(),
    "abs": lambda x: abs(x),
    "sqrt": lambda x: x.sqrt(),
    "log": lambda x: x.log(),
    "sin": lambda x: x.sin(),
    "x ** 0": lambda x: x**0,
    "x ** Value(0)": lambda x: x ** Value(0.0),
    "1 ** Value": lambda x: 1**x,
    "1 / x": lambda x: 1 / x,
    "max, first": lambda x: largest(x, Value(5.0)),
    "max, last": lambda x: largest(Value(5.0), x),
    "max, in the middle": lambda x: largest(Value(5.0), x, Value(7.0)),
    "min, first": lambda x: smallest(x, Value(5.0)),
    "min, last": lambda x: smallest(Value(5.0), x),
    "times 0": lambda x: x * 0,
    "logsumexp": lambda x: lse(x, Value(1.0)),
    "elu": lambda x: x.elu(),
    "leaky_relu": lambda x: x.leaky_relu(),
    "sigmoid": lambda x: x.sigmoid(),
    "softplus": lambda x: x.softplus(),
}


@pytest.mark.parametrize("expression", NAN_IN.values(), ids=NAN_IN)
def test_nan_in_nan_out(expression: Expression) -> None:
    assert math.isnan(expression(Value(nan)).data)


# ----------------------------------------------------------------------------------------------- passes over the graph


@pytest.mark.parametrize("cube", [lambda x: x**3, lambda x: x * x * x], ids=["pow", "mul"])
def test_leaves_accumulate_and_interior_gradients_start_fresh(cube: Expression) -> None:
    x = Value(3.0)
    f = cube(x)
    seen = []
    for _ in range(3):
        f.backward()
        seen.append((x.grad, f.grad))
    assert seen == [(27.0, 1.0), (54.0, 1.0), (81.0, 1.0)]


def test_interior_gradients_are_those_of_the_last_pass() -> None:
    x = Value(3.0)
    y = x * x
    (y * 5).backward()
    (y * 7).backward()
    assert (y.grad, x.grad) == (7.0, 30.0 + 42.0)


def test_a_leaf_that_does_not_matter_has_gradient_zero() -> None:
    x, y = Value(2.0), Value(3.0)
    (x * x).backward()
    assert y.grad == 0.0


def test_a_leafs_own_gradient_is_one() -> None:
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0
    x.backward()
    assert x.grad == 2.0  # a leaf accumulates, here as everywhere


# ------------------------------------------------------------------------------------------------- kinds of numbers

DATA = [np.float32(0.1), np.float64(2.5), np.int8(-3), np.uint64(7), np.bool_(True), True, 5, np.array(1.5)]


@pytest.mark.parametrize("data", DATA, ids=lambda data: type(data).__name__)
def test_data_is_converted_once(data: Any) -> None:
    v = Value(data)
    assert type(v.data) is float
    assert v.data == float(data)
    assert type((v * data + data).data) is float


@pytest.mark.parametrize("shape", [(2,), (1,), (2, 3), (0,)])
def test_an_array_beside_a_value_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(TypeError, match=r"a Value is one number.*use compile for arrays"):
        Value(2.0) * np.ones(shape)
    with pytest.raises(TypeError, match=r"a Value is one number.*use compile for arrays"):
        np.ones(shape) * Value(2.0)


# the same edges for columns, which a compiled program computes with; where gates are asked in general is test_gates.py


@pytest.mark.parametrize(
    ("name", "x", "value"), [("sinh", -1000.0, -inf), ("exp", 1000.0, inf), ("cosh", -1000.0, inf)]
)
def test_columns_saturate_with_the_same_sign(name: str, x: float, value: float) -> None:
    with np.errstate(over="ignore"):
        assert GATES[name].forward(np.array([x, x])).tolist() == [value, value]


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "tanh", "logsumexp", "elu(1)"])
def test_columns_stay_stable_and_silent(name: str) -> None:
    gate, columns = GATES[name], [np.array([-1000.0, 0.0, 1000.0])] * (2 if GATES[name].arity == 0 else 1)
    z = gate.forward(*columns)
    assert np.isfinite(z).all()
    assert np.isfinite(gate.partials(z, *columns)).all()
