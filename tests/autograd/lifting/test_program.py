"""What `compile` returns: vectors, plans for every shape, errors that name the row, source that runs on its own."""

import ast
import copy
import math
import pickle
import re
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import DomainError, TracingError, Value, compile, diagnose
from autograd.functions import div, dot, exp, log, logsumexp, relu, sigmoid, softmax, sqrt, step, take, tanh
from autograd.functions import max as max_of
from autograd.functions import sum as sum_of
from autograd.gates import ANY, GATES, Domain, Gate, register
from autograd.lifting.program import PLANS
from autograd.value import apply
from tests.autograd.lifting.fuzz import operations, plain

rng = np.random.default_rng(5)
X, y = rng.normal(size=(7, 3)), rng.normal(size=7)
HOSTILE = "'''\n\"\"\"\\ import os; os.system('echo') # \u202e {x} %s"


class Model:
    """Two layers of neurons, the labels hostile."""

    def __init__(self, label: str = "") -> None:
        number = iter(np.random.default_rng(1).normal(size=100).tolist())
        self.W1, self.W2 = (
            [[Value(next(number), label) for _ in range(n)] for _ in range(m)] for n, m in ((4, 5), (6, 2))
        )
        self.parameters = [p for W in (self.W1, self.W2) for row in W for p in row]

    def __call__(self, x: list[Value]) -> list[Value]:
        hidden = [tanh(dot(row[:-1], x, row[-1])) for row in self.W1]
        return [dot(row[:-1], hidden, row[-1]) for row in self.W2]

    def loss(self, x: list[Value], target: Value) -> Value:
        a, b = self(x)
        return (a - target) ** 2 + sigmoid(b)

    def penalty(self) -> Value:
        return 0.01 * sum(p * p for p in self.parameters)

    def program(self, reduce: str = "mean") -> Any:
        return compile(self.loss, self.parameters, regularizer=self.penalty, reduce=reduce)


def engine(model: Model, X: np.ndarray, y: np.ndarray, mean: bool = True) -> tuple[float, np.ndarray]:
    losses = [model.loss([Value(x) for x in row], Value(t)) for row, t in zip(X.tolist(), y.tolist())]
    total = sum(losses) / len(losses) if mean else sum(losses)
    total = total + model.penalty()
    for p in model.parameters:
        p.grad = 0
    total.backward()
    return total.data, np.array([p.grad for p in model.parameters])


# --------------------------------------------------------------------------------------------------- functions of a row


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_a_function_of_one_example_runs_on_all_rows(rows: int, reduce: str) -> None:
    model = Model()
    program = model.program(reduce)
    value, gradient = engine(model, X[:rows], y[:rows], reduce == "mean")
    assert program(X[:rows], y[:rows]) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(program.gradient, gradient, rtol=1e-12, atol=1e-14)


def test_the_vectors_are_the_same_two_arrays_for_all_row_counts_and_everything_is_overwritten() -> None:
    model = Model()
    program = model.program()
    parameters, gradient = program.parameters, program.gradient
    assert (parameters.dtype, parameters.shape) == (gradient.dtype, gradient.shape) == (np.float64, (32,))
    for rows in (7, 2, 5, 7, 1, 2):
        value, expected = engine(model, X[:rows], y[:rows])
        assert program(X[:rows], y[:rows]) == pytest.approx(value)
        assert program.parameters is parameters
        assert program.gradient is gradient
        np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-14)


def test_forward_leaves_the_gradient_as_it_is() -> None:
    program = Model().program()
    value = program(X, y)
    before = program.gradient.copy()
    assert program.forward(X[:3], y[:3]) != value
    assert (program.gradient == before).all()


def test_the_parameters_can_be_written_in_place() -> None:
    model = Model()
    program = model.program()
    first = program(X, y)
    program.parameters -= 0.05 * program.gradient
    second = program(X, y)
    assert second < first
    program.store()
    assert engine(model, X, y)[0] == pytest.approx(second)


def test_store_and_load_are_the_only_ways_between_values_and_vectors() -> None:
    model = Model()
    program = model.program()
    before = [(p.data, p.grad) for p in model.parameters]
    program.parameters += 1.0
    program(X, y)
    assert [(p.data, p.grad) for p in model.parameters] == before
    program.store()
    assert [p.data for p in model.parameters] == program.parameters.tolist()
    assert [p.grad for p in model.parameters] == program.gradient.tolist()
    model.parameters[3].data = 9.0
    assert program.parameters[3] != 9.0
    program.load()
    assert program.parameters[3] == 9.0


def test_no_call_changes_the_arrays_it_is_given() -> None:
    program = Model().program()
    A, b = X.copy(), y.copy()
    program(A, b)
    program(A.astype(np.float32), list(b))
    assert (A == X).all()
    assert (b == y).all()


def test_integers_are_numbers_in_arithmetic_and_indices_where_one_is_wanted() -> None:
    table = [[Value(v) for v in row] for row in rng.normal(size=(4, 3)).tolist()]
    parameters = [p for row in table for p in row]
    tokens = np.array([[0, 3], [2, 2], [3, 1]])
    targets = np.array([2, 0, 1])

    def loss(pair: list[Value], target: Value) -> Value:
        first, second = ([take(column, token) for column in zip(*table)] for token in pair)
        logits = [a * b + 0.1 * target for a, b in zip(first, second)]
        return logsumexp(logits) - take(logits, target)

    program = compile(loss, parameters)
    total = sum(loss([Value(i) for i in pair], Value(k)) for pair, k in zip(tokens.tolist(), targets.tolist())) / 3
    total.backward()
    assert program(tokens, targets) == pytest.approx(total.data)
    np.testing.assert_allclose(program.gradient, [p.grad for p in parameters], rtol=1e-12, atol=1e-15)
    assert program.check(tokens, targets)


@pytest.mark.parametrize(("index", "error", "says"), [
    (3, IndexError, "0 to 2, got 3 in row 1"), (-1, IndexError, "got -1 in row 1"), (0.5, TypeError, "0.5 in row 1"),
])  # fmt: skip
def test_an_index_that_is_none_is_refused_and_the_row_is_named(index: float, error: type, says: str) -> None:
    program = compile(lambda x, k: take(x, k), [])
    with pytest.raises(error, match=says):
        program(X[:3], np.array([0, index, index]))


def test_leaves_that_are_neither_parameters_nor_entries_are_frozen() -> None:
    w, frozen = Value(2.0), Value(3.0)
    program = compile(lambda x: x[0] * w * frozen, [w], reduce="sum")
    before = program(X)
    frozen.data = 100.0
    assert program(X) == before
    assert program.gradient.tolist() == [pytest.approx(3 * X[:, 0].sum())]


@pytest.mark.parametrize("columns", [0, 1])
def test_a_loss_that_depends_on_no_entry_or_no_parameter_is_right(columns: int) -> None:
    w = Value(2.0)
    loss = (lambda x: w * w) if columns == 0 else (lambda x: x[1] * 1.0)
    program = compile(loss, [w], reduce="sum")
    assert program(X) == pytest.approx(7 * 4.0 if columns == 0 else X[:, 1].sum())
    assert program.gradient.tolist() == [pytest.approx(7 * 4.0 if columns == 0 else 0.0)]
    assert program(X[:1]) == pytest.approx(4.0 if columns == 0 else X[0, 1])


def test_a_loss_that_is_a_leaf_is_right() -> None:
    w = Value(2.0)
    for loss, gradient in ((lambda x: w, 1.0), (lambda x: x[2], 0.0)):
        program = compile(loss, [w])
        assert program(X) == pytest.approx(2.0 if gradient else X[:, 2].mean())
        assert program.gradient.tolist() == [gradient]


# ------------------------------------------------------------------------------------------------------ what is refused


def test_wrong_shapes_are_refused() -> None:
    program = Model().program()
    program(X, y)
    for arrays, says in (
        ((X[:, :2], y), r"takes arrays of shape \(rows, 3\) and \(rows,\), got \(rows, 2\)"),
        ((X, X), "shape"),
        ((X, y[:3]), "rows"),
        ((X[:0], y[:0]), "no rows"),
        ((X[None], y), "1-D or 2-D"),
        ((X,), "shape"),
    ):
        with pytest.raises(ValueError, match=says):
            program(*arrays)
    for arrays in ((X.astype(complex), y), (X.astype(str), y), ()):
        with pytest.raises(TypeError):
            program(*arrays)


@pytest.mark.parametrize(("arguments", "error"), [
    ((3.0,), TypeError), ((Value(1.0), [1.0]), TypeError), ((lambda x: x[0],), ValueError),
    ((lambda x: x[0], [], [Value(1.0)]), ValueError), ((Value(1.0), [v := Value(1.0), v]), ValueError),
])  # fmt: skip
def test_what_cannot_be_compiled_is_refused(arguments: Any, error: type) -> None:
    with pytest.raises(error):
        compile(*arguments)


def test_a_function_that_returns_no_value_is_refused() -> None:
    for loss, got in ((lambda x: 1.0, "float"), (lambda x: x, "list"), (lambda x: None, "None: is a return missing?")):
        with pytest.raises(TypeError, match=rf"the function to compile returns one Value, got {re.escape(got)}"):
            compile(loss, [])(X)
    with pytest.raises(TypeError, match=r"the regularizer to compile returns one Value, got None: is a return missing"):
        compile(lambda x: x[0], [], regularizer=lambda: None)(X)
    with pytest.raises(ValueError, match="reduce"):
        compile(lambda x: x[0], [], reduce="max")


@pytest.mark.parametrize(("bad", "says"), [
    (lambda x: log(x[1]), r"log needs x > 0, got x = -3.0 \(x is 'X\[1\]'\) in row 2"),
    (lambda x: 1.0 / (x[1] + 3.0), r"reciprocal needs x != 0, got x = 0.0 \(x is add of 'X\[1\]', 3.0\) in row 2"),
    (lambda x: x[1] ** 0.5, r"pow\(0.5\) needs x >= 0, got x = -3.0 .* in row 2"),
])  # fmt: skip
def test_a_domain_error_names_gate_label_and_row(bad: Any, says: str) -> None:
    data = np.abs(X) + 0.1
    data[2, 1] = data[4, 1] = -3.0
    program = compile(bad, [])
    with pytest.raises(DomainError, match=says):
        program(data)
    assert program.forward(np.abs(X) + 0.1) > -10


def sum_of_reciprocals(xs: Any) -> Any:
    total = 1.0 / xs[0]
    for x in xs[1:]:
        total = total + 1.0 / x
    return total


HARMONIC = Gate(
    "harmonic",
    "h",
    "scaler",
    lambda *xs: 1.0 / sum_of_reciprocals(xs),
    lambda z, *xs: tuple([z * z / (x * x) for x in xs]),
    arity=0,
    domain=Domain("a positive sum", lambda *xs: sum_of_reciprocals(xs) <= 0),
)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_domain_error_of_a_gate_with_many_inputs_names_all_of_them(rows: int) -> None:
    program = compile(lambda x: apply(HARMONIC, *x) + apply(HARMONIC, x[0], x[1], 4.0), [])
    good = np.full((rows, 3), 2.0)
    assert program(good) == pytest.approx(2 / 3 + 0.8)
    bad = good.copy()
    bad[-1] = -5.0
    with pytest.raises(DomainError, match=rf"x1 = -5.0, x2 = -5.0, x3 = -5.0 .*'X\[2\]'\) in row {rows - 1}"):
        program(bad)


def test_a_domain_error_of_a_gate_on_numbers_of_every_kind_names_all_of_them() -> None:
    w = Value(1.0, "w")
    program = compile(lambda x: apply(HARMONIC, x[0], w, 4.0, x[0] * w), [w])
    assert program(np.full((3, 1), 2.0)) == pytest.approx(1 / 2.25)
    with pytest.raises(DomainError, match=r"\(x1 is 'X\[0\]', x2 is 'w', x3 is 4.0, x4 is mul of 'X\[0\]', 'w'\)"):
        program(np.full((3, 1), -0.5))


def test_a_domain_error_of_a_graph_calls_leaves_without_labels_by_their_place() -> None:
    a, b, x, y = Value(1.0), Value(3.0), Value(2.0), Value(1.0)
    program = compile(log(div(y, b)) * a + x, parameters=[a, b], inputs=[x, y])
    assert program() == pytest.approx(2.0 - math.log(3.0))
    with pytest.raises(DomainError, match=r"\(x is div of input 1, parameter 1\)"):
        program([1.0, -2.0])


def test_parameters_may_come_one_by_one() -> None:
    w, b = Value(2.0), Value(1.0)
    program = compile(lambda x: w * x + b, parameters=(p for p in (w, b)))
    assert program(np.array([1.0, 3.0])) == 5.0
    assert program.gradient.tolist() == [2.0, 1.0]


def test_a_card_may_give_the_same_number_everywhere() -> None:
    w = Value(2.0)
    flat = Gate("flat", "=", "scaler", lambda x: 3.0, lambda z, x: (0.0,))
    program = compile(lambda x: apply(flat, w * x) * w, [w])
    assert program(np.array([1.0, 5.0])) == 6.0
    assert program.gradient.tolist() == [3.0]


def test_a_domain_error_of_the_row_that_is_traced_names_it_too() -> None:
    with pytest.raises(DomainError, match=r"log needs x > 0, got x = -1.0 \(x is 'X\[0\]'\) in row 0"):
        compile(lambda x: log(x[0]), [])(np.array([[-1.0], [2.0]]))


def test_the_domain_of_a_slope_is_checked_in_the_backward_pass_and_leaves_the_gradient() -> None:
    w = Value(2.0, "scale")
    program = compile(lambda x: sqrt(w * x[0]), [w])
    data = np.abs(X)
    program(data)
    before = program.gradient.copy()
    data[5, 0] = 0.0
    assert program.forward(data) > 0
    with pytest.raises(DomainError, match=r"the slope of sqrt needs x > 0, got x = 0.0 .*'scale'.* in row 5"):
        program(data)
    assert (program.gradient == before).all()


def test_overflow_saturates_and_nan_passes_as_in_the_engine() -> None:
    w = Value(1.0)
    program = compile(lambda x: exp(w * x[0]), [w], reduce="sum")
    assert program(np.array([[1000.0], [0.0]])) == math.inf
    assert program.gradient.tolist() == [math.inf]
    relu = compile(lambda x: (w * x[0]).relu() + max_of(x[0], 1.0) * 0.0, [w], reduce="sum")
    assert math.isnan(relu(np.array([[math.nan], [1.0]])))
    assert math.isnan(relu.gradient[0])


def test_a_nan_that_only_a_completed_product_has_is_not_reported() -> None:
    # what a token attends to begins what the next one attends to: the rows are padded with zeros, and 0 × inf is nan
    def example(x: list[Value]) -> Value:
        values = [w * v for v in x]
        mixed = [dot(x[: n + 1], values[: n + 1]) for n in range(3)]
        return sum_of(
            [tanh(m) for m in mixed] + [tanh(dot([p * 2.0 for p in x[: n + 1]], values[: n + 1])) for n in range(3)]
        )

    w = Value(1.0)
    data = np.array([[1.0, 2.0, 1e308]])
    program = compile(example, [w], reduce="sum")
    program.parameters[0] = 1e10
    w.data = 1e10
    expected = example([Value(v) for v in data[0]])
    assert program.forward(data) == expected.data == pytest.approx(6.0)
    assert program(data) == expected.data


def test_a_nan_of_a_completed_product_is_not_reported_where_only_the_loss_would_have_it() -> None:
    w = Value(1e10)

    def example(x: list[Value]) -> Value:
        values = [w * v for v in x]
        return sum_of([dot(row[: n + 1], values[: n + 1]) for row in (x, [p * 2.0 for p in x]) for n in range(3)])

    program = compile(example, [w])
    assert program(np.array([[1.0, 2.0, 1e308]])) == math.inf  # 1e308 · inf, and no 0 · inf in the shorter sums
    assert program.gradient.tolist() == [math.inf]


def test_one_may_be_taken_out_of_one() -> None:
    w = Value(0.5)
    program = compile(lambda x, k: take([tanh(w * x)], k), [w])
    assert program(X[:, 0], np.zeros(7, dtype=int)) == pytest.approx(np.tanh(0.5 * X[:, 0]).mean())
    assert program.check(X[:, 0], np.zeros(7, dtype=int))


# ----------------------------------------------------------------------------------------------------------- optimizers


class Descent:
    """An optimizer as nn has them: its Values, and a rule for vectors."""

    def __init__(self, parameters: list[Value]) -> None:
        self.parameters = parameters

    def update(self, x: np.ndarray, g: np.ndarray) -> None:
        x -= 0.01 * g


def test_step_runs_the_program_and_updates_the_vector() -> None:
    model = Model()
    program = model.program()
    losses = [program.step(Descent(model.parameters), X, y) for _ in range(20)]
    assert losses == sorted(losses, reverse=True)
    for wrong in (model.parameters[1:], model.parameters[::-1], [*model.parameters[:-1], Value(1.0)]):
        with pytest.raises(ValueError, match="not the program's"):
            program.step(Descent(wrong), X, y)


# --------------------------------------------------------------------------------------------------- graphs as they are


def test_a_built_graph_is_compiled_as_it_is() -> None:
    a, b, c = Value(2.0, "a"), Value(3.0, "b"), Value(0.5, "c")
    f = (a * b + c) ** 2 * 4.0
    program = compile(f)
    f.backward()
    assert program() == pytest.approx(f.data)
    assert program.gradient.tolist() == pytest.approx([a.grad, b.grad, c.grad])  # in the order of the walk
    program.parameters[:] = [1.0, 1.0, 1.0]
    assert program() == pytest.approx(16.0)
    assert f.data != 16.0


def test_inputs_of_a_graph_are_bound_anew_or_kept() -> None:
    w, x, z = Value(2.0), Value(3.0), Value(5.0)
    program = compile(w * x + z, inputs=[z, x])
    assert program() == 11.0
    assert program([1.0, 10.0]) == 21.0
    assert program() == 21.0
    assert program.gradient.tolist() == [10.0]
    assert x.data == 3.0
    with pytest.raises(ValueError, match="2 inputs"):
        program([1.0])


def test_a_graph_without_parameters_keeps_its_inputs_too() -> None:
    x = Value(3.0)
    program = compile(x * x + 1.0, parameters=[], inputs=[x])
    assert program() == 10.0
    assert program([2.0]) == 5.0


def test_a_domain_error_of_a_graph_has_no_row() -> None:
    x = Value(3.0, "margin")
    program = compile(log(x) * 2.0)
    program.parameters[0] = -1.0
    with pytest.raises(DomainError, match=r"log needs x > 0, got x = -1.0 \(x is 'margin'\)$"):
        program()


# --------------------------------------------------------------------------------------------------------- user's gates

SQUARE = Gate("square it", "²", "scaler", lambda x: x * x, lambda z, x: (2.0 * x,))
NUMBERS = Gate("numbers only", "n", "scaler", plain, lambda z, x: (1.0 / (1.0 + x * x) + 0.5 if x > 0.1 else 0.75,))
COLUMNS = Gate("columns", "c", "scaler", lambda x: np.arcsinh(x), lambda z, x: (1.0 / np.sqrt(x * x + 1.0),))


@pytest.mark.parametrize("gate", [SQUARE, NUMBERS, COLUMNS], ids=str)
def test_a_users_gate_works_however_its_card_is_written(gate: Gate) -> None:
    w = Value(0.7)
    program = compile(lambda x: apply(gate, x[0] * w), [w], reduce="sum")
    total = sum(apply(gate, Value(v) * w) for v in X[:, 0].tolist())
    total.backward()
    assert program(X) == pytest.approx(total.data)
    assert program.gradient.tolist() == [pytest.approx(w.grad)]


@pytest.mark.parametrize("two", [np.float32(2.0), np.int64(2), np.array(2.0), Fraction(2), True + True], ids=type)
def test_any_real_number_may_be_a_constant_of_a_card(two: Any) -> None:
    either = lambda z, x: (z * 0.0 + two * x / x,)  # noqa: E731
    for name, partials in {"on the right": lambda z, x: (two,), "on both sides": either}.items():
        w, gate = Value(1.5), Gate(name, "2×", "scaler", lambda x: two * (x * two) / two, partials)
        program = compile(lambda row, gate=gate, w=w: apply(gate, w * row[0]), [w])
        assert (program(X), program.gradient.tolist()) == (
            pytest.approx(3.0 * X[:, 0].mean()),
            [pytest.approx(2.0 * X[:, 0].mean())],
        )
        assert "card" not in program.source  # it is printed, not called


def test_a_slope_that_computes_the_value_again_reads_it_instead() -> None:
    w, grown = Value(0.5), Gate("grown", "e", "scaler", exp, lambda z, x: (exp(x),))
    program = compile(lambda x: apply(grown, w * x), [w])
    assert program.check(X[:, 0])
    assert program.source.count("np.exp(") == 1


def test_a_card_that_cannot_be_printed_is_called_and_the_source_says_so() -> None:
    program = compile(lambda x: apply(NUMBERS, x[0]) + log(x[1]), [])
    program(np.abs(X))
    assert "could not be printed" in program.source
    module: dict[str, Any] = {}
    exec(program.source, module)
    with pytest.raises(NotImplementedError, match="numbers only"):
        module["loss_and_gradient"]([], np.abs(X))


# ----------------------------------------------------------------------------------------------------- source and words


def test_the_source_is_a_module_that_runs_with_numpy_alone(tmp_path: Path) -> None:
    model = Model(HOSTILE)
    program = model.program()
    value = program(X, y)
    path = tmp_path / "written.py"
    path.write_text(program.source, encoding="utf-8")
    np.savez(tmp_path / "data.npz", p=program.parameters, X=X, y=y)
    code = (
        "import sys, numpy as np; sys.path.insert(0, sys.argv[1]); import written;"
        "d = np.load(sys.argv[1] + '/data.npz');"
        "loss, g = written.loss_and_gradient(d['p'], d['X'], d['y']); assert 'autograd' not in sys.modules;"
        "print(repr(loss), g.tolist())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert found.stdout.strip() == f"{value!r} {program.gradient.tolist()}"


def test_the_source_of_a_graph_runs_with_numpy_alone() -> None:
    a, b = Value(2.0, HOSTILE), Value(3.0)
    program = compile(softmax([a * b, a, b])[0] * Value(math.inf).sigmoid() + log(a), [a], [b])
    value = program()
    module: dict[str, Any] = {}
    exec(program.source, module)
    for inputs in ([[3.0]], []):  # given anew, or as they were
        loss, gradient = module["loss_and_gradient"]([2.0], *inputs)
        assert (loss, gradient.tolist()) == (value, program.gradient.tolist())
    with pytest.raises(ValueError, match="log needs x > 0"):
        module["loss_and_gradient"]([-2.0], [3.0])


def test_a_view_of_parameters_is_called_by_the_label_of_the_first() -> None:
    w, unused, b = Value(2.0, "slope"), Value(1.0, "idle"), Value(0.5, "shift")
    program = compile(lambda x: tanh(w * x) + exp(b), [w, unused, b])
    program(X[:, 0])
    assert re.findall(r"parameters\[.*# .* from (.*)", program.source) == ["'slope'", "'shift'"]


def test_labels_reach_the_source_in_no_other_way_than_as_escaped_comments() -> None:
    hostile, tame = Model(HOSTILE).program(), Model().program()
    hostile(X, y), tame(X, y)
    assert ast.dump(ast.parse(hostile.source)) == ast.dump(ast.parse(tame.source))
    assert hostile.source.isascii() or "\u202e" not in hostile.source


def test_the_source_is_the_same_in_every_run() -> None:
    sources = set()
    for _ in range(3):
        program = Model().program()
        program(X, y)
        sources.add(program.source)
    assert len(sources) == 1


def test_printing_tells_how_many_gates_became_how_many_array_operations() -> None:
    program = Model().program()
    assert "first called" in str(program)
    with pytest.raises(RuntimeError, match="call it once"):
        _ = program.source
    program(X, y)
    words = str(program)
    gates = 7 * (5 * 6 + 5 + 2 * 10 + 2 + 1 + 1) + 32 + 32 + 1 + 8
    assert words.startswith(f"{gates:,} scalar gates → ")
    assert words.endswith("of them matrix products")
    found = operations(program)
    forward, backward = program.source.split("    def forward(X, y)")[1].split("    def backward()")
    written = [len(re.findall(r"^ +np\.\w+", part, re.M)) for part in (forward, backward)]
    assert found[2] == program.source.count("np.matmul(") + program.source.count("np.einsum(")
    assert found[0] >= written[0]
    assert found[1] >= written[1]


def test_every_line_that_computes_is_an_operation() -> None:
    w = Value(0.5)
    program = compile(lambda x: tanh(w * x), [w])
    program(X[:, 0])
    lines = [line.strip() for line in program.source.split("def forward(")[1].splitlines()]
    forward, backward = lines[: lines.index("def backward():")], lines[lines.index("def backward():") :]
    backward = backward[: backward.index("return forward, backward")]
    told = [sum("=" in line and not line.startswith(("def", "@")) for line in part) for part in (forward, backward)]
    assert operations(program)[:2] == tuple(told)


def test_check_compares_with_the_engine_and_restores_the_values() -> None:
    model = Model()
    program = model.program()
    program(X, y)
    program.parameters += 0.1
    before = [(p.data, p.grad) for p in model.parameters]
    agreement = program.check(X, y)
    assert agreement
    assert agreement.difference < 1e-12
    assert "agree" in str(agreement)
    assert [(p.data, p.grad) for p in model.parameters] == before


def test_check_notices_a_program_that_is_wrong() -> None:
    model = Model()
    program = compile(model.loss, model.parameters)
    program(X, y)
    program._loss = lambda x, t: model.loss(x, t) * 1.0000001
    assert not program.check(X, y)


def test_two_programs_of_one_model_do_not_disturb_each_other() -> None:
    model = Model()
    first, second = model.program(), model.program("sum")
    a, b = first(X, y), second(X[:2], y[:2])
    assert first(X, y) == a
    assert second(X[:2], y[:2]) == b


def test_what_is_assigned_to_the_vectors_is_copied_into_them() -> None:
    w = Value(2.0)
    program = compile(lambda x: (w * x - 1.0) ** 2, [w])
    parameters, gradient = program.parameters, program.gradient
    before = program(X[:, 0])
    program.parameters = program.parameters - 0.1 * program.gradient
    program.gradient = [0.0]
    assert program.parameters is parameters
    assert program.gradient is gradient
    assert gradient.tolist() == [0.0]
    assert program(X[:, 0]) < before
    for what in ("parameters", "gradient"):
        with pytest.raises(ValueError, match=rf"the {what} .* a vector of 1 numbers, got the shape \(2,\)"):
            setattr(program, what, [1.0, 2.0])


def test_a_program_is_neither_pickled_nor_copied() -> None:
    program = compile(lambda x: x[0], [])
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"call store\(\)"):
            attempt(program)


def test_masked_arrays_are_refused_also_where_the_same_shape_ran_before() -> None:
    w = Value(1.0)
    program = compile(lambda x: w * x, [w])
    assert program(np.array([1.0, 2.0])) == 1.5
    with pytest.raises(TypeError, match="array 0 is masked"):
        program(np.ma.array([1.0, -999.0], mask=[0, 1]))


def test_a_value_cannot_be_set_while_it_is_recorded() -> None:
    w = Value(1.0)

    def clamped(x: Value) -> Value:
        w.data = 2.0
        return w * x

    with pytest.raises(TracingError, match="the data of a Value is set"):
        compile(clamped, [w])(np.ones(2))
    assert w.data == 1.0


def test_plans_are_kept_within_bounds() -> None:
    program = compile(lambda x: x[0], [])
    for rows in range(1, 40):
        assert program(np.ones((rows, 1))) == 1.0
        assert program(np.ones((3, 1))) == 1.0  # what is used all the time
    assert len(program._plans) == PLANS
    assert set(program._plans) == {3, *range(41 - PLANS, 40)}  # and what was used last
    assert program(np.ones((1, 1))) == 1.0


# ------------------------------------------------------------------------------------------------ where a nan came from


def exponential(row: list[Value], target: Value, rate: Value) -> Value:
    grown = exp(row[0] * rate)
    return grown - target


def test_what_a_program_runs_on_is_diagnosed_by_row_gate_and_line() -> None:
    rate = Value(1.0, "rate")
    program = compile(lambda row, target: exponential(row, target, rate), [rate])
    X, y = np.array([[0.5], [2.0], [3.0]]), np.zeros(3)
    assert math.isfinite(program(X, y))
    assert program.diagnose(X, y) is None
    program.parameters[0] = 300.0  # as a step that was too large would: the Value does not know of it
    assert math.isinf(program(X, y))
    found = program.diagnose(X, y)
    assert found is not None
    assert (found.row, found.gate.name, found.values) == (2, "exp", (900.0,))
    assert found.line.text == "grown = exp(row[0] * rate)"
    assert rate.data == 300.0


def test_a_gradient_that_overflows_is_found_unless_it_is_the_gradient_of_data() -> None:
    slope = Value(1e-200, "slope")

    def steep(x: Value) -> Value:
        return (slope * x) * 1e120

    program = compile(steep, [slope])
    found = program.diagnose(np.array([1.0, 1e250]))
    assert found is not None
    assert (found.row, found.forward, found.gate.name) == (1, False, "mul")
    program.parameters[0] = slope.data = 1e250  # and now it is the other factor's
    assert program.diagnose(np.array([1e-200])) is None
    assert diagnose(steep, np.array([1e-200])) is None


def test_a_loss_that_is_not_finite_is_found_though_its_gradient_is() -> None:
    w = Value(1.0, "w")
    program = compile(lambda x: w + exp(x), [w])
    found = program.diagnose(np.array([1.0, 1000.0]))
    assert (program(np.array([1.0, 1000.0])), program.gradient.tolist()) == (math.inf, [1.0])
    assert found is not None
    assert (found.gate, found.row) == (GATES["exp"], 1)


def test_a_sum_of_finite_rows_and_a_regularizer_are_diagnosed_without_a_row() -> None:
    w = Value(1.0, "w")
    total = compile(lambda x: w * x, [w], reduce="sum").diagnose(np.full(3, 1e308))
    assert total is not None
    assert (total.row, total.value) == (None, math.inf)
    program = compile(lambda x: w * x, [w], regularizer=lambda: log(w + 1.0))
    assert program.diagnose(np.ones(2)) is None
    program.parameters[0] = -2.0
    refused = program.diagnose(np.ones(2))
    assert refused is not None
    assert "log needs x > 0, got x = -1.0" in str(refused)
    assert "regularizer=lambda: log(w + 1.0)" in str(refused)


def test_a_compiled_value_is_diagnosed_at_the_inputs_it_was_called_with() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    program = compile(exp(a * b), [a], [b])
    assert program.diagnose([3.0]) is None
    found = program.diagnose([800.0])
    assert found is not None
    assert str(found) == "exp makes inf of finite numbers: x = 800.0 (x is mul of 'a', 'b')."


def test_an_error_of_the_first_example_still_names_its_values() -> None:
    x = np.array([-1.0, 2.0])
    with pytest.raises(DomainError, match="in row 0") as caught:
        compile(lambda x: log(x), [])(x)
    assert caught.value.gate is not None
    assert [value.label for value in caught.value.inputs] == ["y"]


@pytest.mark.parametrize("gate", [relu, step])
@pytest.mark.parametrize("x", [2.0, -2.0, 0.0, -0.0, math.inf, -math.inf, math.nan])
def test_what_is_one_above_zero_is_short_to_read_and_right_at_every_edge(gate: Any, x: float) -> None:
    w = Value(x, "w")
    program = compile(gate(w) * 3.0, [w])
    loss = program()
    eager = gate(w) * 3.0
    eager.backward()
    np.testing.assert_equal([loss + 0.0, program.gradient[0] + 0.0], [eager.data + 0.0, w.grad + 0.0])  # 0 is -0
    assert "np.isnan" not in program.source


# ------------------------------------------------------------------------------------------------------ what is refused


def test_leaves_that_cannot_be_bound_are_refused() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    with pytest.raises(ValueError, match="'x' is both a parameter and an input"):
        compile(x * y, parameters=[x], inputs=[x])
    with pytest.raises(ValueError, match=r"parameters are leaves, but mul of 'x', 2\.0 is computed"):
        compile(x * y, parameters=[x * 2.0])
    with pytest.raises(ValueError, match="inputs are leaves"):
        compile(x * y, inputs=[x * 2.0])
    with pytest.raises(TypeError, match="a list of Values, got Value"):
        compile(x * y, parameters=x)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no rows to reduce"):
        compile(x * y, reduce="sum")
    with pytest.raises(TypeError, match="a regularizer is a function, got int"):
        compile(lambda x: x * y, [y], regularizer=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("call", ["__call__", "forward", "check", "diagnose"])
def test_numbers_for_a_program_without_inputs_are_refused(call: str) -> None:
    x = Value(2.0, "x")
    with pytest.raises(TypeError, match=r"no inputs: call program\(\)"):
        getattr(compile(x * x), call)([10.0])


def test_rows_of_different_lengths_are_refused_by_the_number_of_their_array() -> None:
    w = Value(2.0, "w")
    with pytest.raises(ValueError, match="array 1 is none"):
        compile(lambda x, y: x * w + y[0], [w])([1.0, 2.0], [[1.0], [2.0, 3.0]])


def test_a_regularizer_may_be_a_plain_number() -> None:
    w = Value(2.0, "w")
    program = compile(lambda x: x * w, [w], regularizer=lambda: 0.25)
    assert program(np.array([1.0, 3.0])) == 4.25
    assert program.gradient.tolist() == [2.0]
    assert program.check(np.array([1.0, 3.0]))


class Slow:
    """An optimizer that gives another thread time to run the program in between."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def update(self, x: np.ndarray, g: np.ndarray) -> None:
        before = float(g[0])
        time.sleep(0.02)
        self.seen.append(before if g[0] == before else math.nan)


def test_a_step_of_one_thread_keeps_its_gradient_while_another_steps() -> None:
    w, slow = Value(1.0, "w"), Slow()
    program = compile(lambda x: x * w, [w])
    data = (1.0, 100.0)
    threads = [threading.Thread(target=lambda x=x: program.step(slow, np.array([x]))) for x in data]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slow.seen) == list(data)


def test_a_registered_card_computes_what_it_did_before() -> None:
    mean = Gate(
        "mean of any",
        "m",
        "gradient distributor",
        forward=lambda *xs: sum(xs) / len(xs),
        partials=lambda z, *xs: (1.0 / len(xs),) * len(xs),
        arity=0,
    )
    register(mean)
    w = Value(2.0, "w")
    given = np.array([[1.0, 3.0, 5.0, 7.0, 9.0]])
    program = compile(lambda x: apply(mean, *[w * each for each in x]), [w])
    assert program(given) == 10.0
    assert program.gradient.tolist() == [5.0]


def convolution(weights: list[Value], x: list[Value]) -> Value:
    """The same neurons look at several parts of a row."""
    rows = [weights[i : i + 3] for i in range(0, 12, 3)]
    return sum_of([tanh(dot(row, x[k : k + 3])) for k in (0, 3, 6) for row in rows])


def attention(weights: list[Value], x: list[Value]) -> Value:
    """What the neurons make of each part is multiplied with what others make of every part."""
    rows = [weights[i : i + 3] for i in range(0, 24, 3)]
    keys, queries = ([[tanh(dot(w, x[k : k + 3])) for w in half] for k in (0, 3, 6)] for half in (rows[:4], rows[4:]))
    return sum_of([tanh(dot(query, key)) for query in queries for key in keys])


@pytest.mark.parametrize("example", [convolution, attention])
def test_weights_that_meet_several_parts_of_a_row(example: Any) -> None:
    weights = [Value(number) for number in rng.normal(size=24).tolist()]
    used, data = weights if example is attention else weights[:12], rng.normal(size=(5, 9))
    program = compile(lambda x: example(weights, x), used)
    value = program(data)
    loss = sum(example(weights, [Value(x) for x in row]) for row in data.tolist()) / len(data)
    loss.backward()
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert program.gradient == pytest.approx(np.array([p.grad for p in used]), rel=1e-10, abs=1e-12)


def test_sums_of_very_different_lengths_agree_with_the_engine() -> None:
    xs = [Value(number, f"x{i}") for i, number in enumerate(rng.normal(size=200).tolist())]
    groups = [xs[3 * i : 3 * i + 3] for i in range(30)] + [xs]
    loss = sum_of([sum_of(group) ** 2 for group in groups])
    program = compile(loss, parameters=xs)
    assert program() == pytest.approx(loss.data, rel=1e-12)
    loss.backward()
    assert program.gradient == pytest.approx(np.array([x.grad for x in xs]), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("gate", [gate for gate in GATES.values() if gate.arity is ANY], ids=lambda gate: gate.name)
def test_the_source_grows_no_faster_than_the_number_of_inputs(gate: Gate) -> None:
    weights = [Value(0.1 * (i % 7)) for i in range(80)]

    def lines(n: int) -> int:
        def example(x: list[Value]) -> Value:
            return apply(gate, *[w * x[i % 3] for i, w in enumerate(weights[:n])])

        program = compile(example, weights[:n])
        assert program.check(X)  # slopes that several inputs share are computed once, and are the engine's
        return len(program.source.splitlines())

    short, long = lines(40), lines(80)
    assert long < 2.1 * short


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("gate", [gate for gate in GATES.values() if gate.arity is ANY], ids=lambda gate: gate.name)
def test_an_input_in_every_place_of_a_gate_gets_the_gradient_of_each(gate: Gate, rows: int) -> None:
    w = [Value(0.3), Value(-0.7), Value(1.1)]

    def example(x: list[Value]) -> Value:
        alike = [apply(gate, *[tanh(a * x[i])] * 4) for i, a in enumerate(w)]
        return sum_of(alike) * apply(gate, *[w[0]] * 3) + apply(gate, *[x[0]] * 3)

    program = compile(example, w)
    assert program.check(np.random.default_rng(4).normal(size=(rows, 3)))
