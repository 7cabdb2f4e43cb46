"""A traced function that decides something by looking at its data is refused; without the guard it would go wrong."""

import copy
import math
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    TracingError,
    Value,
    backward_steps,
    check_gradients,
    compile,
    diagnose,
    explain,
    forward_steps,
    grad,
    no_grad,
)
from autograd import value as value_module
from autograd.functions import max as max_of
from autograd.functions import softmax, take

# the first row is the example that is traced; the second takes the other branch
X = np.array([[2.0, 1.0], [-3.0, 4.0]])
Row = list[Value]


def branch(x: Row) -> Value:
    return x[0] * w if x[0] > 0 else x[1] * w


def truth(x: Row) -> Value:
    return x[0] * w if (x[0] - 2.0) else x[1] * w


def without_grad(x: Row) -> Value:
    with no_grad():
        shift = x[0] * 2.0
    return (x[0] - shift) * w


def silently(made: Callable[[], Value]) -> Value:
    with no_grad():
        return made()


def backward(x: Row) -> Value:
    (x[0] * x[0]).backward()
    return x[0].grad * w


def deep_copy(x: Row) -> Value:
    return copy.deepcopy(x[0]) * w


LOOKS: dict[str, Callable[[Row], Value]] = {
    "if x > 0": branch,
    "bool(x)": truth,
    "x <= y": lambda x: w * (1.0 if x[1] <= x[0] else 5.0),
    "2 < x": lambda x: w * (1.0 if x[0] > 0 else 5.0),
    "max(xs)": lambda x: max(x) * w,
    "min(xs)": lambda x: min(x) * w,
    "sorted(xs)": lambda x: sorted(x)[0] * w,
    "float(x)": lambda x: float(x[0]) * w,
    "int(x)": lambda x: int(x[0]) * w,
    "round(x)": lambda x: round(x[0]) * w,
    "math.floor(x)": lambda x: math.floor(x[0]) * w,
    "math.ceil(x)": lambda x: math.ceil(x[0]) * w,
    "math.trunc(x)": lambda x: math.trunc(x[0]) * w,
    "math.exp(x)": lambda x: math.exp(x[0]) * w,
    "x.data": lambda x: x[0].data * w,
    "x.forward()": lambda x: (x[0] * 1.0).forward() * w,
    "what depends on x": lambda x: (x[0] * 3.0 + 1.0).data * w,
    "format(x)": lambda x: float(f"{x[0]:.3f}") * w,
    "softmax shifted by hand": lambda x: (x[0] - max(v.data for v in x)).exp() * w,
    "inside no_grad": without_grad,
    "one inside no_grad": lambda x: (x[0] - silently(lambda: x[0].relu())) * w,
    "second inside no_grad": lambda x: (x[0] - silently(lambda: Value(2.0) * x[0])) * w,
    "among many inside no_grad": lambda x: (x[0] - silently(lambda: max_of(Value(-9.0), x[0], Value(-8.0)))) * w,
    "copy.copy(x)": lambda x: copy.copy(x[0]) * w,
    "copy.deepcopy(x)": deep_copy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x[0])) * w,
    "x.grad": backward,
    "a step forward": lambda x: next(forward_steps(x[0] * 3.0)).value * w,
    "a step backward": lambda x: next(backward_steps(x[0] * x[0])).locals[0] * w,
    "a path": lambda x: explain(x[0] * x[0], x[0]).total * w,
    "a check": lambda x: check_gradients(x[0] * x[0]).leaves[0].analytic * w,
    "a diagnosis": lambda x: w * (1.0 if diagnose((x[0] * 400.0).exp()) is None else 5.0),
    "a derivative of a closure": lambda x: grad(lambda q: q * x[0] * x[0])(3.0) * w,
}
w = Value(1.5, "w")


def by_rows(example: Callable[[Row], Value]) -> float:
    """The right answer: the function called on every row."""
    return sum(example([Value(x) for x in row]).data for row in X.tolist())


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_at_the_data_of_a_traced_function_is_refused(look: str) -> None:
    with pytest.raises(TracingError, match=r"frozen into the program.*softmax"):
        compile(LOOKS[look], [w], reduce="sum")(X)


@pytest.mark.parametrize("look", LOOKS)
def test_without_the_guard_the_answer_would_be_wrong(look: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_module, "is_traced", lambda x: False)
    assert compile(LOOKS[look], [w], reduce="sum")(X) != pytest.approx(by_rows(LOOKS[look]))


def test_parameters_are_guarded_too() -> None:
    with pytest.raises(TracingError, match="'w'"):
        compile(lambda x: x[0] * (w if w > 0 else -w), [w])(X)


def test_the_regularizer_is_guarded_too() -> None:
    with pytest.raises(TracingError):
        compile(lambda x: x[0] * w, [w], regularizer=lambda: w * w.data)(X)


def test_what_does_not_depend_on_the_data_may_be_looked_at() -> None:
    scale = Value(2.0)
    program = compile(lambda x: x[0] * w * (scale.data if scale > 1 else 0.0), [w], reduce="sum")
    assert program(X) == pytest.approx(2.0 * 1.5 * X[:, 0].sum())


@pytest.mark.parametrize(
    "instead",
    [
        lambda x: max_of(*x) * w,
        lambda x: x[0].relu() * w + x[1].step(),
        lambda x: sum(p * p for p in softmax(x)) * w,
        lambda x: take(x, (x[0] - 1.0).step()) * w,
    ],
)
def test_what_the_message_recommends_decides_anew_in_every_row(instead: Callable[[Row], Value]) -> None:
    assert compile(instead, [w], reduce="sum")(X) == pytest.approx(by_rows(instead))


def test_a_value_can_be_looked_at_again_after_a_trace_and_after_one_that_failed() -> None:
    with pytest.raises(TracingError):
        compile(branch, [w])(X)
    compile(lambda x: x[0] * w, [w])(X)
    assert (w.data, float(w), bool(w), w > 1) == (1.5, 1.5, True, True)


def test_a_trace_guards_its_own_thread_alone() -> None:
    seen: list[Any] = []

    def example(x: Row) -> Value:
        other = threading.Thread(target=lambda: seen.append(w.data))
        other.start()
        other.join()
        return x[0] * w

    compile(example, [w])(X)
    assert seen == [1.5]


def test_a_program_can_be_compiled_inside_no_grad() -> None:
    with no_grad():
        program = compile(lambda x: x[0] * w, [w], reduce="sum")
        assert program(X) == pytest.approx(1.5 * X[:, 0].sum())
    assert program.gradient.tolist() == [X[:, 0].sum()]
