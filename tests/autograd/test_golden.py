"""The golden numbers: worked examples computed independently, to 30 digits, or taken from the public CS231n notes."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from autograd.functions import dot, exp, log, logsumexp, max, sigmoid, softmax
from autograd.graph import backward_steps, order
from autograd.value import Value


def exactly(expected: Any) -> Any:
    """Allow for the last digit of a float, and no more."""
    return pytest.approx(expected, rel=1e-15, abs=0.0)


def grads(nodes: Sequence[Value]) -> list[float]:
    return [node.grad for node in nodes]


# -------------------------------------------------------------------------------------------------- 1. f = (x + y) · z


def test_example_1() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3.0, -12.0)
    assert grads([f, q, z, x, y]) == [1.0, -4.0, 3.0, -4.0, -4.0]
    assert {step.gate.name: step.locals for step in backward_steps(f)} == {"mul": (-4.0, 3.0), "add": (1.0, 1.0)}


# ------------------------------------------------------------------------------------------------ 2. the sigmoid neuron

SLOPE = 0.196611933241481853
INPUT_GRADS = [-SLOPE, 2 * SLOPE, -2 * SLOPE, -3 * SLOPE, SLOPE]  # w0, x0, w1, x1, w2

# wire by wire, from the first product to the output: the gate that made it, the value, the gradient
WIRES = [
    ("mul", -2.0, SLOPE),
    ("mul", 6.0, SLOPE),
    ("add", 4.0, SLOPE),
    ("add", 1.0, SLOPE),
    ("neg", -1.0, -SLOPE),
    ("exp", 0.367879441171442322, -0.534446645388523027),
    ("add", 1.367879441171442322, -0.534446645388523027),
    ("reciprocal", 0.731058578630004879, 1.0),
]


def neuron_inputs() -> list[Value]:
    numbers = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    return [Value(number, name) for name, number in numbers.items()]


def elementary(w0: Value, x0: Value, w1: Value, x1: Value, w2: Value) -> Value:
    return 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))


def one_gate(w0: Value, x0: Value, w1: Value, x1: Value, w2: Value) -> Value:
    return sigmoid(dot([w0, w1], [x0, x1], w2))


def test_example_2_wire_by_wire() -> None:
    f = elementary(*neuron_inputs())
    f.backward()
    made = [node for node in order(f) if node.gate is not None]
    assert [node.gate.name for node in made if node.gate] == [name for name, _, _ in WIRES]
    assert [node.data for node in made] == exactly([value for _, value, _ in WIRES])
    assert grads(made) == exactly([gradient for _, _, gradient in WIRES])


@pytest.mark.parametrize("neuron", [elementary, one_gate])
def test_example_2_is_one_function_of_two_graphs(neuron: Callable[..., Value]) -> None:
    inputs = neuron_inputs()
    f = neuron(*inputs)
    f.backward()
    assert f.data == exactly(0.731058578630004879)
    assert grads(inputs) == exactly(INPUT_GRADS)
    assert [round(gradient, 4) for gradient in grads(inputs)] == [-0.1966, 0.3932, -0.3932, -0.5898, 0.1966]


def test_example_2_local_gradient_of_the_sigmoid_gate() -> None:
    first, *_ = backward_steps(one_gate(*neuron_inputs()))
    assert first.gate.name == "sigmoid"
    assert first.locals == exactly((SLOPE,))


# ---------------------------------------------------------------------------------------------------- 3. gate patterns


def test_example_3() -> None:
    x, y, z, w = Value(3.0), Value(-4.0), Value(2.0), Value(-1.0)
    product, most = x * y, max(z, w)
    total = product + most
    f = 2 * total
    f.backward()
    assert [product.data, most.data, total.data, f.data] == [-12.0, 2.0, -10.0, -20.0]
    assert grads([x, y, z, w, product, most, total]) == [-8.0, 6.0, 2.0, 0.0, 2.0, 2.0, 2.0]


# ------------------------------------------------------------------------------------------------- 4. one hidden layer


def test_example_4() -> None:
    x = [Value(0.4), Value(0.2), Value(0.2)]
    before = [dot([1.0, 0.2, 1.2], x, 0.1), dot([0.5, 1.2, 0.1], x, 0.2)]
    hidden = [sigmoid(z) for z in before]
    output = dot([0.3, 0.9], hidden, 0.3)
    assert [z.data for z in before] == exactly([0.78, 0.66])
    assert [h.data for h in hidden] == exactly([0.685680113938253841, 0.659260388451385421])
    assert output.data == exactly(1.09903838378772303)
    assert sigmoid(output).data == exactly(0.750079884324138709)


# --------------------------------------------------------------------------------------------- 6. losses of one number

# target, prediction, loss and dJ/dy
CROSS_ENTROPY = [
    (1.0, 0.75, 0.287682072451780927, -4 / 3),
    (0.0, 0.75, 1.38629436111989062, 4.0),
    (0.5, 0.25, 0.836988216785835773, -4 / 3),
    (0.25, 0.25, 0.562335144618808350, 0.0),
    (1.0, 0.5, 0.693147180559945309, -2.0),
]


@pytest.mark.parametrize(("t", "y", "value", "slope"), CROSS_ENTROPY)
def test_example_6_cross_entropy(t: float, y: float, value: float, slope: float) -> None:
    prediction = Value(y)
    loss = -(t * log(prediction) + (1 - t) * log(1 - prediction))
    loss.backward()
    assert loss.data == exactly(value)
    assert prediction.grad == exactly(slope)


@pytest.mark.parametrize(("t", "y", "slope"), [(1.0, 0.75, -0.25), (0.0, 3.0, 3.0), (0.5, 0.5, 0.0)])
def test_example_6_quadratic(t: float, y: float, slope: float) -> None:
    prediction = Value(y)
    (0.5 * (prediction - t) ** 2).backward()
    assert prediction.grad == slope


# ----------------------------------------------------------------------------------------------------------- 7. softmax

# softmax of (1, 2, 3), to 30 digits: e^(-2), e^(-1), 1 over their sum
SOFTMAX = [0.0900305731703804580, 0.244728471054797652, 0.665240955774821890]


@pytest.mark.parametrize("shift", [0.0, 1000.0, -1000.0])
def test_example_7_softmax(shift: float) -> None:
    shares = softmax([Value(x + shift) for x in (1.0, 2.0, 3.0)])
    # beside a shift of 1000, only 13 digits of a logarithm are left
    assert [share.data for share in shares] == pytest.approx(SOFTMAX, rel=1e-15 if shift == 0 else 2e-13, abs=0.0)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_example_7_gradient_of_the_loss(k: int) -> None:
    logits = [Value(1.0), Value(2.0), Value(3.0)]
    (-log(softmax(logits)[k])).backward()
    expected = [share - (i == k) for i, share in enumerate(SOFTMAX)]
    assert grads(logits) == exactly(expected)


def test_example_7_extreme_logits() -> None:
    logits = [Value(1000.0), Value(-1000.0), Value(0.0)]
    shares = softmax(logits)
    assert [share.data for share in shares] == [1.0, 0.0, 0.0]
    (logsumexp(logits) - logits[1]).backward()
    assert grads(logits) == [1.0, -1.0, 0.0]
