"""The traps that the tools of this field fall into, each measured in a well-known one: a test for each."""

import ast
import copy
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import viz
from autograd import gates
from autograd.errors import DomainError
from autograd.functions import abs, dot, max, relu, softmax
from autograd.gates import GATES, Gate
from autograd.graph import order
from autograd.value import Value, apply
from nn.layers import MLP

Differences = Callable[..., list[float]]  # of a function, where to take it, and perhaps the step


def test_trap_1_second_backward() -> None:
    x = Value(3.0)
    f = x * x * x
    f.backward()
    assert x.grad == 27.0
    f.backward()
    assert x.grad == 54.0  # neither 45, an interior gradient kept, nor 18, a leaf's gradient lost


@pytest.mark.parametrize("length", [1_000, 50_000])
def test_trap_2_long_chains_and_sums(length: int) -> None:
    assert length >= sys.getrecursionlimit()
    x = Value(1.0)
    chain = x
    for _ in range(length):
        chain = chain + 1
    losses = sum(x * i for i in range(length))
    (chain + losses).backward()
    assert x.grad == 1 + sum(range(length))


def test_trap_3_both_wires_of_a_doubled_input() -> None:
    x = Value(3.0)
    f = x + x
    f.backward()
    assert f.inputs == (x, x)
    assert x.grad == 2.0


@pytest.mark.usefixtures("no_collector")
def test_trap_4_dropped_expressions_leave_nothing(living: Callable[[], int]) -> None:
    x, y = Value(2.0), Value(3.0)
    before = living()
    for _ in range(1000):
        ((x + y) * x - y / x).tanh().backward()
    assert living() == before


@pytest.mark.parametrize(
    "copier", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))], ids=["deepcopy", "pickle"]
)
def test_trap_5_a_copy_has_gradients_of_its_own(copier: Callable[[Any], Any]) -> None:
    x = Value(3.0)
    twin, twin_x = copier((x * x, x))
    twin.backward()
    assert twin_x.grad == 6.0
    assert x.grad == 0.0


def test_trap_6_nodes_are_walked_and_not_paths() -> None:
    x = y = Value(1.0)
    for _ in range(60):
        y = y + y
    y.backward()  # a walk along the paths would take 10^18 steps
    assert x.grad == 2.0**60
    assert len(order(y)) == 61


def test_trap_7_the_walk_looks_up_and_does_not_search() -> None:
    class Watched(Value):
        compared = 0
        __slots__ = ()
        __hash__ = Value.__hash__

        def __eq__(self, other: object) -> bool:
            Watched.compared += 1
            return self is other

    leaves = [Watched(1.0) for _ in range(2_000)]
    f = apply(gates.SUM, *leaves)
    Watched.compared = 0
    assert len(order(f)) == 2_001
    assert Watched.compared < 2_000  # a list would be searched two million times
    assert leaves[0] != leaves[1]
    assert Watched.compared > 0


def test_trap_8_a_neuron_checks_its_inputs() -> None:
    weights = [Value(0.5), Value(-0.5), Value(1.0)]
    with pytest.raises(ValueError, match="as many weights as inputs, and at least one; got 3 and 2"):
        dot(weights, [1.0, 2.0])


def test_trap_8_layers_check_their_inputs() -> None:
    with pytest.raises(ValueError, match=r"layer1 \(layer of 4 neurons\) takes 3 inputs, got 2"):
        MLP(3, [4, 1])([1.0, 2.0])
    assert isinstance(MLP(2, [3, 1, 1])([1.0, 2.0]), Value)


def test_trap_9_numbers_on_the_left() -> None:
    x = Value(4.0)
    assert [(1 / x).data, (5 - x).data, (2**x).data, (3 * x).data, (1 + x).data] == [0.25, 1.0, 16.0, 12.0, 5.0]
    for f, slope in ((1 / x, -1 / 16), (5 - x, -1.0)):
        x.grad = 0.0
        f.backward()
        assert x.grad == slope


def test_trap_10_relu_shows_nan() -> None:
    x = Value(math.nan)
    f = x.relu()
    f.backward()
    assert math.isnan(f.data)
    assert math.isnan(x.grad)


def test_trap_11_data_is_a_float() -> None:
    for refused in ("a", None, [1.0], 1j):
        with pytest.raises(TypeError):
            Value(refused)
    v = Value(1)
    assert type(v.data) is float
    for number in (3, True, np.float64(2.5), np.float32(0.5), np.int64(2)):
        v.data = v.grad = number
        others = [Value(number), Value(1.0) + number, number * Value(1.0), Value(2.0) ** number]
        assert {type(x) for x in (v.data, v.grad, *[other.data for other in others])} == {float}
        assert "np." not in repr(others)


def test_trap_12_numpy_does_not_build_graphs_unawares() -> None:
    v = Value(1.0)
    plotted: list[Callable[[], object]] = [
        lambda: np.exp(v),
        lambda: np.array([v]),
        lambda: np.array([v, v]) * 2,
        lambda: np.linspace(0, 1, 5) * v,
        lambda: np.array([1.0, 2.0], dtype=object) + v,
        lambda: np.mean([v, v]),
    ]
    for expression in plotted:
        with pytest.raises(TypeError):
            expression()


@pytest.mark.parametrize("gate", [gate for gate in GATES.values() if gate.arity == 1], ids=attrgetter("name"))
def test_trap_13_numbers_and_columns_agree_at_the_edges(gate: Gate) -> None:
    xs = [0.0, 710.0, 1000.0, -1000.0, 1e308, -1e308, math.inf, -math.inf, math.nan]
    allowed = [x for x in xs if not gate.domain.lacks_value(x)]
    with np.errstate(all="ignore"):
        column = gate.forward(np.array(allowed)).tolist()
    assert [apply(gate, x).data for x in allowed] == pytest.approx(column, rel=1e-14, nan_ok=True)


def test_trap_14_no_complex_numbers() -> None:
    for power in (lambda: Value(-8.0) ** 0.5, lambda: Value(-8.0) ** Value(0.5), lambda: (-8.0) ** Value(0.5)):
        with pytest.raises(DomainError):
            power()


def test_trap_15_equal_leaves_stay_two_and_names_are_reproducible() -> None:
    def picture() -> str:
        return viz.draw(Value(1.0, "x") * Value(1.0, "x")).svg

    first = picture()
    between = [Value(float(i)) for i in range(1_000)]  # other objects at other addresses
    assert picture() == first
    assert len(between) == 1_000
    assert len(re.findall(r'data-wire="\d+"[^>]*>x<title>', first)) == 2


def test_trap_16_nodes_are_keys() -> None:
    x, y = Value(1.0), Value(1.0)
    names = {x: "x", y: "y", x + y: "sum"}
    assert (names[x], names[y], len(names)) == ("x", "y", 3)
    x.data = 2.0
    assert names[x] == "x"


def test_trap_17_a_replay_decides_anew() -> None:
    x, y = Value(-2.0), Value(1.0)
    f = relu(x) + max(x, y) + abs(x)
    logits = [Value(0.0), Value(1.0)]
    shares = softmax(logits)
    x.data, logits[0].data = 3.0, 2_000.0
    assert f.forward() == 3.0 + 3.0 + 3.0  # each branch is the other one now
    assert [share.forward() for share in shares] == [1.0, 0.0]  # a shift frozen at 1 would overflow
    f.backward()
    assert (x.grad, y.grad) == (3.0, 0.0)


@pytest.mark.parametrize("name", ["max", "min"])
def test_trap_18_operand_order_does_not_decide_about_nan(name: str) -> None:
    nan, zero = Value(math.nan), Value(0.0)
    for xs in ([nan, zero], [zero, nan], [zero, nan, zero], [zero, zero, nan]):
        assert math.isnan(apply(GATES[name], *xs).data)
        with np.errstate(invalid="ignore"):
            assert np.isnan(GATES[name].forward(*[np.array([x.data]) for x in xs])).all()


@pytest.mark.parametrize("gate", GATES.values(), ids=attrgetter("name"))
def test_trap_19_the_tests_can_fail(gate: Gate, differences: Differences) -> None:
    low, high = gate.probe
    inputs = (4 if gate is gates.DOT else gate.arity) or 3
    point = [low + (high - low) * share for share in (0.8, 0.9, 0.7, 0.6)[:inputs]]
    numeric = differences(gate.forward, point)

    def agrees(card: Gate) -> bool:
        leaves = [Value(x) for x in point]
        apply(card, *leaves).backward()
        return [x.grad for x in leaves] == pytest.approx(numeric, rel=1e-7, abs=1e-7)

    def one_off(z: Any, *xs: Any) -> tuple[Any, ...]:
        first, *others = gate.partials(z, *xs)
        return (first * 1.001 if first else first + 0.001, *others)

    assert agrees(gate)
    assert not agrees(replace(gate, partials=one_off))


USER_MISTAKES = """
from autograd.errors import DomainError
from autograd.functions import abs, dot, max, relu, softmax
from autograd.gates import EXP, MAX
from autograd.value import Value, apply
v = Value(-2.0)
mistakes = {
    "log": (DomainError, lambda: v.log()),
    "text": (TypeError, lambda: Value("a")),
    "operand": (TypeError, lambda: v + "a"),
    "typo": (AttributeError, lambda: v.gard),
    "new attribute": (AttributeError, lambda: setattr(v, "gard", 1.0)),
    "computed": (AttributeError, lambda: setattr(v + 1, "data", 1.0)),
    "count": (TypeError, lambda: apply(EXP, v, v)),
    "nothing": (TypeError, lambda: apply(MAX)),
}
for name, (error, mistake) in mistakes.items():
    try:
        mistake()
    except error:
        print(name)
"""


def test_trap_20_user_mistakes_are_told_without_asserts() -> None:
    run = [sys.executable, "-O", "-c", USER_MISTAKES]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told == ["log", "text", "operand", "typo", "new attribute", "computed", "count", "nothing"]


def swallowed(source: str) -> list[int]:
    """Return the lines of the handlers that catch everything, or pass over what they caught."""

    def swallows(handler: ast.ExceptHandler) -> bool:
        broad = handler.type is None or (isinstance(handler.type, ast.Name) and "Exception" in handler.type.id)
        raises = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
        return (broad and not raises) or all(isinstance(statement, ast.Pass) for statement in handler.body)

    handlers = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ExceptHandler)]
    return [handler.lineno for handler in handlers if swallows(handler)]


def test_trap_20_no_error_is_swallowed() -> None:
    assert swallowed("try:\n    f()\nexcept ValueError:\n    pass") == [3]
    assert swallowed("try:\n    f()\nexcept:\n    x = 1") == [3]
    sources = sorted(Path(autograd.__file__).parent.rglob("*.py"))
    assert {path.name: swallowed(path.read_text(encoding="utf-8")) for path in sources} == {
        path.name: [] for path in sources
    }


def test_every_trap_has_a_test() -> None:
    numbers = {int(name.split("_")[2]) for name in globals() if name.startswith("test_trap_")}
    assert numbers == set(range(1, 21))
