"""Outputs are the model's own, row by row, and right where the class is."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import DomainError, Value
from nn.data import moons
from nn.layers import MLP, Dropout, Layer, Maxout, Neuron, Sequential, load_model
from nn.module import Module
from nn.outputs import accuracy, predict
from nn.train import fit


@pytest.mark.parametrize(
    "model",
    [
        Neuron(3, "tanh", rng=1),
        Layer(3, 4, rng=1),
        MLP(3, [4, 2], "sigmoid", output="softmax"),
        MLP(3, [1]),
        Sequential(Layer(3, 4, rng=1), Dropout(0.5), Maxout(4, 2, rng=2)),
    ],
    ids=repr,
)
def test_predict_is_the_model_row_by_row(model: Module) -> None:
    X = np.random.default_rng(0).normal(size=(7, 3))
    model.eval()
    rows = [model(row) for row in X.tolist()]
    expected = [[float(z) for z in row] if isinstance(row, list) else float(row) for row in rows]
    assert predict(model, X) == pytest.approx(np.array(expected), rel=1e-12, abs=1e-15)


def test_predict_records_nothing_and_leaves_gradients() -> None:
    model = MLP(2, [3, 1])
    for p in model.parameters():
        p.grad = 7.0
    predict(model, moons(10)[0])
    assert {p.grad for p in model.parameters()} == {7.0}


@pytest.mark.parametrize(
    ("weights", "output", "y", "share"),
    [
        ((1.0, 0.0), "linear", [0, 1, 1, 1], 1.0),
        ((1.0, 0.0), "linear", [-1, 1, 1, 1], 1.0),
        ((1.0, -1.5), "linear", [-1, -1, -1, 1], 1.0),
        ((1.0, -1.5), "sigmoid", [0, 0, 0, 1], 1.0),
        ((1.0, -1.5), "sigmoid", [1, 0, 0, 1], 0.75),
        ((1.0, -1.5), "linear", [True, True, True, False], 0.0),
    ],
)
def test_one_output_is_a_class_by_its_sign_or_by_half_for_a_probability(
    weights: tuple[float, float], output: str, y: list[int], share: float
) -> None:
    model = Neuron(1, output)
    model.w[0].data, model.b.data = weights
    X = [[0.0], [1.0], [1.2], [2.0]]
    assert accuracy(model, X, y) == share
    sequential = Sequential(Layer(1, 1, output), Dropout(0.5))
    sequential.layers[0].neurons[0].w[0].data, sequential.layers[0].neurons[0].b.data = weights
    assert accuracy(sequential, X, y) == share


def test_of_several_outputs_the_largest_is_the_class() -> None:
    model = Layer(3, 3, "linear", init=lambda nin, nout, rng: np.eye(3))
    X = [[0.0, 2.0, 1.0], [5.0, -1.0, 2.0], [0.0, 0.0, 0.1], [1.0, 2.0, 3.0]]
    assert accuracy(model, X, [1, 0, 2, 0]) == 0.75


class Rows(Module):
    """A model that takes rows only, with dropout on the way."""

    def __init__(self, power: float) -> None:
        self.slope, self.drop, self.power = Value(2.0), Dropout(0.5), power

    def __call__(self, x: Any) -> Any:
        return [(self.slope * x[0]) ** self.power, self.drop([x[1]]) * self.slope]


def test_a_model_that_takes_no_columns_is_asked_row_by_row() -> None:
    model = Rows(2.0)
    assert predict(model, [[1.0, 2.0], [3.0, 4.0]]).tolist() == [[4.0, 4.0], [36.0, 8.0]]
    assert model.training
    assert model.drop.training


def test_where_a_gate_has_no_value_its_own_error_is_told() -> None:
    with pytest.raises(DomainError, match="pow"):
        predict(Rows(-1.0), [[1.0, 2.0], [0.0, 4.0]])
    logarithm = Neuron(1, "log", init="zeros")
    logarithm.w[0].data = 1.0
    with pytest.raises(DomainError, match=r"log needs x > 0, got -2.0 \(row 1\)"):
        predict(logarithm, [[1.0], [-2.0]])


def test_an_output_that_no_input_reaches_is_the_same_in_every_row() -> None:
    class Still(Module):
        def __call__(self, x: Any) -> Any:
            return [x[0], 7.0]

    assert predict(Still(), [[1.0], [2.0]]).tolist() == [[1.0, 7.0], [2.0, 7.0]]


@pytest.mark.parametrize("loss", ["mse", "quadratic", "huber", "hinge", "binary_cross_entropy", "own"])
@pytest.mark.parametrize("lowest", [0, -1])
def test_training_and_accuracy_agree_on_what_is_right(loss: Any, lowest: int, tmp_path: Path) -> None:
    X, y = moons(40, rng=1)
    if loss == "binary_cross_entropy" and lowest:
        return
    model = MLP(2, [4, 1], "tanh")
    labels = np.where(y == 1, 1, lowest)
    rule = (lambda prediction, target: (prediction - target) ** 2) if loss == "own" else loss
    history = fit(model, X, labels, loss=rule, optimizer="adam", epochs=30, progress=False, validation=(X, labels))
    assert accuracy(model, X, labels) == history.accuracy[-1] == history.validation_accuracy[-1]
    assert model.threshold == (0.5 if loss in ("mse", "quadratic", "huber") and lowest == 0 else 0.0)
    for suffix in ("npz", "json"):
        model.save(tmp_path / f"model.{suffix}")
        again = MLP(2, [4, 1], "tanh")
        again.load(tmp_path / f"model.{suffix}")
        for each in (load_model(tmp_path / f"model.{suffix}"), again):
            assert accuracy(each, X, labels) == history.accuracy[-1]


def test_the_threshold_is_that_of_the_activation_until_it_is_set() -> None:
    model = Sequential(Layer(2, 1, "sigmoid"), Dropout(0.5))
    assert (model.threshold, MLP(2, [1]).threshold, Module().threshold) == (0.5, 0.0, 0.0)
    model.threshold = 0.25
    assert model.threshold == 0.25
    model.threshold = None
    assert model.threshold == 0.5
    with pytest.raises(TypeError):
        model.threshold = "high"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_threshold_is_finite(number: float) -> None:
    model = MLP(2, [1])
    with pytest.raises(ValueError, match=f"MLP needs a finite threshold, got threshold = {number}"):
        model.threshold = number
    assert model.threshold == 0.0


@pytest.mark.parametrize("loss", ["mse", "binary_cross_entropy", "hinge"])
def test_training_leaves_a_threshold_that_somebody_set(loss: str) -> None:
    model = MLP(2, [1])
    model.threshold = 0.3
    fit(model, *moons(10), loss=loss, optimizer="sgd", epochs=1, progress=False)
    assert model.threshold == 0.3
    model.threshold = None
    assert model.threshold == (0.5 if loss == "mse" else 0.0)


@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_training_replaces_the_threshold_of_an_earlier_training_also_after_a_file(suffix: str, tmp_path: Path) -> None:
    model = MLP(2, [1])
    fit(model, *moons(10), loss="mse", optimizer="sgd", epochs=1, progress=False)
    model.save(tmp_path / f"model.{suffix}")
    again = MLP(2, [1])
    again.load(tmp_path / f"model.{suffix}")
    for each in (model, again, load_model(tmp_path / f"model.{suffix}")):
        assert each.threshold == 0.5
        fit(each, *moons(10), loss="hinge", optimizer="sgd", epochs=1, progress=False)
        assert each.threshold == 0.0
    model.threshold = 0.25
    model.save(tmp_path / f"model.{suffix}")
    again.load(tmp_path / f"model.{suffix}")
    fit(again, *moons(10), loss="mse", optimizer="sgd", epochs=1, progress=False)
    assert again.threshold == 0.25


def test_a_lone_neuron_keeps_its_threshold_in_a_file_too(tmp_path: Path) -> None:
    model, other = Neuron(2, "linear", rng=1), Neuron(2, "linear", rng=2)
    fit(model, *moons(10), loss="mse", optimizer="sgd", epochs=1, progress=False)
    model.save(tmp_path / "model.json")
    other.load(tmp_path / "model.json")
    assert other.threshold == load_model(tmp_path / "model.json").threshold == 0.5


def test_a_file_with_a_threshold_that_is_no_number_changes_nothing(tmp_path: Path) -> None:
    model = MLP(2, [1], rng=1)
    model.threshold = 0.25
    model.save(tmp_path / "model.json")
    damaged = (tmp_path / "model.json").read_text(encoding="utf-8").replace("0.25", '"<b>"')
    (tmp_path / "model.json").write_text(damaged, encoding="utf-8")
    other = MLP(2, [1], rng=2)
    before = [p.data for p in other.parameters()]
    with pytest.raises(ValueError, match="does not fit"):
        other.load(tmp_path / "model.json")
    assert ([p.data for p in other.parameters()], other.threshold) == (before, 0.0)
    with pytest.raises(ValueError, match="no model that can be made"):
        load_model(tmp_path / "model.json")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: predict(model, [[1.0, 2.0, 3.0]]), "which has 3 columns"),
        (lambda model: predict(model, [1.0, 2.0]), r"got shape \(2,\)"),
        (lambda model: predict(model, []), "X is empty"),
        (lambda model: accuracy(model, [[1.0, 2.0]], [1, 0]), "X has 1 rows, but y has 2"),
        (lambda model: accuracy(model, [[1.0, 2.0]], [2]), "1 output needs classes 0 and 1, or -1 and 1"),
        (lambda model: accuracy(model, [[1.0, 2.0]], [0.5]), "needs classes 0 and 1"),
        (lambda model: accuracy(model, [[1.0, 2.0]], [[1, 0]]), "needs classes 0 and 1"),
        (lambda model: accuracy(MLP(2, [3]), [[1.0, 2.0]], [3]), "3 outputs needs classes 0 … 2"),
    ],
)
def test_predict_and_accuracy_refuse_as_fit_does(call: Callable[[Module], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(MLP(2, [1]))
