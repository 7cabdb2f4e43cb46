"""One step: loss and gradient of a batch by two routes, what dropout draws, and where a bad number came from."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, functions, no_grad
from nn.layers import MLP, Dropout, Layer, Sequential
from nn.losses import hinge, l2
from nn.steps import Compiled, Eager, culprit, drawn, draws

X = np.random.default_rng(3).normal(size=(7, 2))
Y = np.array([1, -1, 1, 1, -1, -1, 1])


def example(model: Any, row: Any, target: Any) -> Value:
    loss: Value = hinge(model(row), target)
    return loss


def network() -> MLP:
    return MLP(2, [5, 1], "tanh")


def steppers(make: Callable[[], Any] = network) -> list[Eager | Compiled]:
    made: list[Eager | Compiled] = []
    for compiled in (False, True):
        model = make()
        loss = functools.partial(example, model)
        penalty = functools.partial(lambda model: 0.1 * l2(model), model)
        if compiled:
            with no_grad():
                found = draws(model, X[0].tolist())
            made.append(Compiled(loss, model.parameters(), penalty, found))
        else:
            made.append(Eager(loss, model.parameters(), penalty))
    return made


@pytest.mark.parametrize("stepper", steppers(), ids=["eager", "compiled"])
def test_a_step_gives_the_loss_and_the_gradient_that_differences_give(stepper: Eager | Compiled) -> None:
    loss = stepper.step(X, Y)
    gradient = stepper.gradient.copy()
    start = stepper.parameters.copy()
    for i in range(len(start)):
        around = []
        for h in (1e-6, -1e-6):
            stepper.parameters[:] = start
            stepper.parameters[i] += h
            around.append(stepper.step(X, Y))
        assert gradient[i] == pytest.approx((around[0] - around[1]) / 2e-6, abs=1e-6)
    stepper.parameters[:] = start
    assert stepper.step(X, Y) == loss


@pytest.mark.parametrize("stepper", steppers(), ids=["eager", "compiled"])
def test_store_and_load_carry_numbers_between_the_vector_and_the_values(stepper: Eager | Compiled) -> None:
    stepper.parameters[:] = np.arange(len(stepper.parameters))
    stepper.store()
    assert [p.data for p in stepper.values] == stepper.parameters.tolist()
    stepper.values[3].data = -8.0
    stepper.load()
    assert stepper.parameters[3] == -8.0


def test_the_graph_of_a_batch_is_the_same_by_both_routes() -> None:
    def make() -> Sequential:
        return Sequential(Layer(2, 6, "tanh", rng=1), Dropout(0.5, rng=4), Layer(6, 1, "linear", rng=2))

    roots = []
    for stepper in steppers(make):
        loss = stepper.step(X, Y)
        root = stepper.graph()
        assert root is not None
        assert root.label == "loss"
        assert root.data == pytest.approx(loss, rel=1e-12)
        assert [p.grad for p in stepper.values] == pytest.approx(stepper.gradient.tolist(), rel=1e-12, abs=1e-15)
        roots.append(root.data)
    assert roots[0] == pytest.approx(roots[1], rel=1e-12)


def test_the_dropouts_of_an_example_are_found_in_the_order_of_calls_and_draw_nothing() -> None:
    first, last = Dropout(0.5, rng=1), Dropout(0.5, rng=2)
    model = Sequential(Layer(2, 3, rng=0), last, Layer(3, 4, rng=0), first, Layer(4, 1, rng=0))
    with no_grad():
        assert draws(model, [1.0, 2.0]) == [(last, 3), (first, 4)]
    assert first.factors(2, 4).tolist() == Dropout(0.5, rng=1).factors(2, 4).tolist()
    with no_grad():
        assert draws(model.eval(), [1.0, 2.0]) == []


@pytest.mark.parametrize("shared", [False, True])
def test_factors_are_those_that_row_after_row_would_draw(shared: bool) -> None:
    def pair() -> list[tuple[Dropout, int]]:
        one = np.random.default_rng(5)
        return [(Dropout(0.5, rng=one if shared else 1), 3), (Dropout(0.2, rng=one if shared else 2), 2)]

    expected = pair()
    rows = [[dropout.factors(1, width)[0].tolist() for dropout, width in expected] for _ in range(6)]
    got = drawn(pair(), 6)
    assert [factors.shape for factors in got] == [(6, 3), (6, 2)]
    for i, row in enumerate(rows):
        assert [factors[i].tolist() for factors in got] == row


def test_the_culprit_is_the_first_gate_and_its_largest_parameter() -> None:
    w, v, x = Value(1e200, "w"), Value(-3e200, "v"), Value(1e200, "x")
    product = w * x
    product.label = "product"
    root = (product + v).tanh() * 2.0
    found = culprit(root, [w, v])
    assert found is not None
    assert (found.gate, found.node, found.number, found.parameter) == ("mul", "mul 'product'", math.inf, w)
    behind = (functions.exp(w + v * 1e200)) * 0.0 + x
    found = culprit(behind, [w, v])
    assert found is not None
    assert (found.gate, found.number, found.parameter) == ("mul", -math.inf, v)


def test_the_culprit_of_a_gradient_is_the_gate_whose_slope_is_not_finite() -> None:
    w = Value(1e-300, "w")
    root = (w**0.01) * 1e20
    root.backward()
    found = culprit(root, [w])
    assert found is not None
    assert found.gate == (w**0.01).gate.name  # type: ignore[union-attr]
    assert (found.number, found.parameter) == (math.inf, w)


def test_a_dropout_still_draws_while_its_calls_are_looked_for() -> None:
    class Curious(Sequential):
        def __call__(self, x: Any) -> Any:
            self.drawn = self.layers[0].factors(1, 50).tolist()[0]
            return super().__call__(x)

    model = Curious(Dropout(0.5, rng=0), Layer(2, 1))
    assert draws(model, [1.0, 2.0]) == [(model.layers[0], 2)]
    assert set(model.drawn) == {0.0, 2.0}


def test_a_finite_graph_has_no_culprit() -> None:
    w = Value(2.0, "w")
    root = w * w
    root.backward()
    assert culprit(root, [w]) is None
