from collections.abc import Callable

import pytest

from autograd import Value
from autograd.functions import cosh, dot, exp, logsumexp, sigmoid, sinh, softplus, sum, tan, tanh
from autograd.gates import GATES, Gate
from autograd.graph import order
from autograd.value import apply
from tests.viz.helpers import GOLDEN, HARDER, RANDOM, values
from viz.circuit import circuit_of
from viz.expand import expanded

OPENABLE = [gate for gate in GATES.values() if gate.expansion is not None]
GRAPHS: dict[str, Callable[[], Value]] = {**GOLDEN, **HARDER}


def gradients(f: Value) -> dict[Value, float]:
    """Return the gradient of each input, found without touching any."""
    return {wire.node: wire.gradient for wire in circuit_of(f, most=10**6).wires if wire.source is None}


def near(x: float, y: float) -> bool:
    return abs(x - y) <= 1e-9 * max(1.0, abs(x), abs(y))


def inputs_of_gate(gate: Gate) -> list[Value]:
    return values("x", [0.5, -0.3, 0.8, 0.25, -1.5][: gate.arity or 5])


@pytest.mark.parametrize("gate", OPENABLE, ids=lambda gate: gate.name)
def test_a_gate_opens_into_the_same_function_of_the_same_leaves(gate: Gate) -> None:
    xs = inputs_of_gate(gate)
    f = apply(gate, *xs)
    expansion = expanded(f)
    assert [opened.name for opened in expansion.opened] == [gate.name]
    assert near(expansion.root.data, f.data)
    assert all(near(gradient, gradients(expansion.root)[x]) for x, gradient in gradients(f).items())
    assert set(xs) <= set(order(expansion.root))
    assert all(node.gate is None or node.gate.expansion is None for node in order(expansion.root))


@pytest.mark.parametrize("f", [pytest.param(make(), id=name) for name, make in GRAPHS.items()])
def test_an_opened_graph_has_the_value_and_the_gradients_of_the_closed_one(f: Value) -> None:
    expansion = expanded(f)
    assert near(expansion.root.data, f.data)
    opened = gradients(expansion.root)
    assert all(near(gradient, opened.get(x, 0.0)) for x, gradient in gradients(f).items() if not x.is_constant)


@pytest.mark.parametrize("f", [pytest.param(make(), id=name) for name, make in RANDOM.items()])
def test_random_graphs_open_into_the_same_function(f: Value) -> None:
    assert near(expanded(f).root.data, f.data)


def test_the_graph_that_was_given_is_left_as_it_was() -> None:
    f = GOLDEN["hidden_layer"]()
    before = [(node, node.data, node.grad, node.gate, node.inputs, node.label) for node in order(f)]
    expanded(f)
    assert [(node, node.data, node.grad, node.gate, node.inputs, node.label) for node in order(f)] == before


def test_every_node_has_a_twin_of_its_number_and_every_part_an_owner() -> None:
    f = GOLDEN["hidden_layer"]()
    expansion = expanded(f)
    assert all(near(expansion.twins[node].data, node.data) for node in order(f))
    assert all(expansion.twins[node] is node for node in order(f) if node.gate is None)
    assert {owner.gate.name for owner in expansion.owners.values() if owner.gate} == {"sigmoid"}
    assert expansion.twins[f] is expansion.root


def test_labels_stay_with_their_wires() -> None:
    f = sigmoid(Value(0.3, "x"))
    f.label = "output"
    assert expanded(f).root.label == "output"


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(softplus(Value(1000.0)), id="softplus overflows"),
        pytest.param(tanh(Value(800.0)), id="tanh overflows"),
        pytest.param(sigmoid(Value(-1000.0)), id="sigmoid overflows on the way"),
        pytest.param(logsumexp(values("x", [1000.0, 0.0])), id="logsumexp overflows"),
        pytest.param(logsumexp(values("x", [-1000.0, -1000.0])), id="log 0"),
        pytest.param(sinh(Value(-1000.0)), id="sinh is infinite"),
        pytest.param(softplus(Value(-40.0)) * 1e17, id="rounding shows"),
        pytest.param(sum([Value(1.0)]), id="nothing to open"),
        pytest.param(exp(Value(1.0)), id="elementary"),
        pytest.param(tan(Value(float("nan"))), id="nan"),
        pytest.param(Value(2.0), id="leaf"),
    ],
)
def test_a_gate_stays_whole_where_opening_it_would_not_help(f: Value) -> None:
    assert expanded(f).owners == {}


def test_some_gates_open_and_others_stay() -> None:
    f = sigmoid(Value(1.0)) + softplus(Value(1000.0)) + cosh(Value(0.5))
    assert sorted(gate.name for gate in expanded(f).opened) == ["cosh", "sigmoid"]


def test_an_input_that_is_used_twice_opens_with_the_sum_of_its_slopes() -> None:
    v = Value(1.5, "v")
    f = dot([v, v], [v, Value(2.0)])
    assert near(gradients(expanded(f).root)[v], gradients(f)[v])


def test_a_deep_graph_opens_without_recursion() -> None:
    v = Value(0.1)
    for _ in range(5000):
        v = tanh(v)
    assert near(expanded(v).root.data, v.data)


def test_an_expansion_that_raises_or_returns_no_value_leaves_the_gate_whole() -> None:
    def made(expansion: Callable[..., object]) -> Gate:
        return Gate("mine", "m", "scaler", forward=lambda x: x * 1.0, partials=lambda z, x: (1.0,), expansion=expansion)

    for expansion in (lambda x: 3.0, lambda x: x, lambda x: (-x).log(), lambda x: x * 2.0):
        f = apply(made(expansion), Value(0.5, "x"))
        assert expanded(f).owners == {}
