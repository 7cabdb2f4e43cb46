"""Training: the same path as torch and as NumPy by hand, whole weights whatever happens, and every refusal in words."""

import copy
import functools
import itertools
import json
import math
import os
import pickle
import re
import signal
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from autograd import TracingError, Value, functions
from nn.data import blobs, linear, moons, split, xor
from nn.layers import MLP, Dropout, Layer, Neuron, Sequential
from nn.losses import LOSSES, binary_cross_entropy, cross_entropy, l2, mse
from nn.module import Module
from nn.optim import OPTIMIZERS, SGD, Adam, Optimizer, StopAtGradientNorm
from nn.outputs import accuracy, predict
from nn.schedule import StepLR
from nn.steps import Compiled
from nn.train import History, TrainingError, fit

quiet = functools.partial(fit, progress=False)
MOONS = moons(10)
eagerly = functools.partial(quiet, compiled=False)  # for losses that look at numbers, or count their calls


@pytest.fixture(params=[quiet, eagerly], ids=["compiled", "eager"])
def train(request: pytest.FixtureRequest) -> Any:
    """Both ways to train."""
    return request.param


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


# -------------------------------------------------------------------------------------------------- what it has to do


def test_an_mlp_learns_the_moons_in_a_hundred_epochs() -> None:
    X, y = moons(100, noise=0.1)
    model = MLP(2, [16, 16, 1])
    stop = [lambda epoch, model, history: history.accuracy[-1] < 1.0]
    adam = Adam(model.parameters(), lr=0.02)
    history = quiet(model, X, y, loss="binary_cross_entropy", optimizer=adam, epochs=100, callbacks=stop)
    assert history.accuracy[-1] == accuracy(model, X, y) == 1.0
    assert len(history) <= 100


@pytest.mark.parametrize("seed", range(10))
def test_a_hidden_layer_of_four_solves_xor_from_any_seed(seed: int) -> None:
    X, y = xor()
    model = MLP(2, [4, 1], "tanh", rng=seed)
    sure = [lambda epoch, model, history: history.loss[-1] > 0.1]
    adam = Adam(model.parameters(), lr=0.1)
    quiet(model, X, y, loss="binary_cross_entropy", optimizer=adam, epochs=500, callbacks=sure)
    assert (predict(model, X) > 0).tolist() == [False, True, True, False]
    assert accuracy(model, X, y) == 1.0


def test_three_blobs_are_told_apart_by_cross_entropy() -> None:
    X, y = blobs(60, centers=3)
    model = MLP(2, [3])
    history = quiet(model, X, y, loss="cross_entropy", optimizer=Adam(model.parameters(), lr=0.1), epochs=40)
    assert history.accuracy[-1] == 1.0
    assert predict(model, X).shape == (60, 3)


def test_a_line_is_fitted_as_by_least_squares() -> None:
    X, y = linear(30, noise=0.2)
    model = Neuron(1, "linear")
    sgd = SGD(model.parameters(), lr=0.3)
    quiet(model, X, y, loss="mse", optimizer=sgd, epochs=400, callbacks=[StopAtGradientNorm(1e-10)])
    solution, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(30)]), y, rcond=None)
    assert numbers(model) == pytest.approx(solution.tolist(), abs=1e-8)


# ---------------------------------------------------------------------------------------------------- somebody else


@pytest.mark.parametrize(
    ("loss", "kind"), [("mse", "MSELoss"), ("binary_cross_entropy", "BCEWithLogitsLoss"), ("cross_entropy", "")]
)
def test_the_path_is_torchs(train: Any, loss: str, kind: str) -> None:
    torch = pytest.importorskip("torch")
    X, y = blobs(40, centers=3) if loss == "cross_entropy" else moons(40)
    targets = y + 0.25 if loss == "mse" else y
    k = 3 if loss == "cross_entropy" else 1
    model = MLP(2, [5, k], "tanh", rng=4)
    twin = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, k)).double()
    ours = model.state_dict()
    names = ("0.weight", "0.bias", "2.weight", "2.bias")
    twin.load_state_dict({name: torch.tensor(ours[key]) for name, key in zip(names, ours)})
    criterion = getattr(torch.nn, kind)() if kind else torch.nn.CrossEntropyLoss()
    descent = torch.optim.Adam(twin.parameters(), lr=0.05)
    wanted = torch.tensor(targets) if k == 3 else torch.tensor(targets, dtype=torch.float64)
    losses, norms = [], []
    for _ in range(8):
        descent.zero_grad()
        outputs = twin(torch.tensor(X))
        result = criterion(outputs if k == 3 else outputs[:, 0], wanted)
        penalty = 1e-3 * sum((p**2).sum() for name, p in twin.named_parameters() if "weight" in name)
        (result + penalty).backward()
        losses.append(float((result + penalty).detach()))
        norms.append(math.sqrt(sum(float((p.grad**2).sum()) for p in twin.parameters())))
        descent.step()

    adam = Adam(model.parameters(), lr=0.05)
    history = train(model, X, targets, loss=loss, optimizer=adam, epochs=8, regularizer=lambda: 1e-3 * l2(model))
    assert history.loss == pytest.approx(losses, rel=1e-9)
    assert history.gradient_norm == pytest.approx(norms, rel=1e-9)
    for ours_now, theirs in zip(model.state_dict().values(), twin.state_dict().values()):
        assert ours_now == pytest.approx(theirs.numpy(), rel=1e-7, abs=1e-9)


def test_one_epoch_of_minibatches_is_what_numpy_computes_by_hand() -> None:
    X, y = linear(7, noise=0.3, weights=(1.0, -2.0))
    model = Neuron(2, "linear", rng=1)
    w = np.array(numbers(model))
    sgd = SGD(model.parameters(), lr=0.1)
    seen: list[list[float]] = []

    def loss(prediction: Value, target: float) -> Value:
        if len(seen) < 1000:
            seen.append([prediction.data, target])
        return (prediction - target) ** 2

    history = eagerly(model, X, y, loss=loss, optimizer=sgd, epochs=1, batch_size=3, rng=5)
    order = [int(np.flatnonzero(y == target)[0]) for _, target in seen[1:]]  # the first is the trial before training
    assert sorted(order) == list(range(7))
    total, norm, flow = 0.0, 0.0, np.zeros(3)
    for rows in (order[:3], order[3:6], order[6:]):
        A = np.column_stack([X[rows], np.ones(len(rows))])
        residual = A @ w - y[rows]
        gradient = 2 * A.T @ residual / len(rows)
        total += float(residual @ residual) / 7
        norm += len(rows) / 7 * math.sqrt(gradient @ gradient)
        flow += len(rows) / 7 * np.abs(gradient)
        w = w - 0.1 * gradient
    assert history.loss == pytest.approx([total], rel=1e-12)
    assert history.gradient_norm == pytest.approx([norm], rel=1e-12)
    assert history.gradient_flow["model"] == pytest.approx([flow.mean()], rel=1e-12)
    assert numbers(model) == pytest.approx(w.tolist(), rel=1e-12)
    assert history.weights[0].tolist() == numbers(model)


def test_validation_loss_is_the_mean_over_its_rows_without_the_regularizer(train: Any) -> None:
    (X, y), (Xv, yv) = split(*moons(30), fraction=0.3)
    model = MLP(2, [4, 1], "tanh")
    history = train(
        model, X, y, loss="mse", optimizer="sgd", epochs=2, validation=(Xv, yv), regularizer=lambda: 10 * l2(model)
    )
    outputs = np.array([model(row).data for row in Xv.tolist()])
    assert history.validation_loss[-1] == pytest.approx(float(((outputs - yv) ** 2).mean()), rel=1e-12)
    assert history.validation_accuracy[-1] == pytest.approx(float(((outputs > 0.5) == yv).mean()))


# -------------------------------------------------------------------------------------------- compiled and gate by gate


def with_dropout(k: int, shared: bool = False) -> Sequential:
    """A network of two dropouts, each with a stream of its own, or both with one."""
    one = np.random.default_rng(9)
    drops = [Dropout(p, rng=one if shared else seed) for seed, p in enumerate((0.3, 0.5))]
    return Sequential(Layer(2, 6, "tanh", rng=1), drops[0], Layer(6, 4, rng=2), drops[1], Layer(4, k, "linear", rng=3))


def both_ways(make: Callable[[], Module], X: Any, y: Any, **options: Any) -> tuple[History, History]:
    """Train compiled and gate by gate, from the same start, and compare everything they tell."""
    histories = []
    for way in (quiet, eagerly):
        model = make()
        own = dict(options)
        if isinstance(own["optimizer"], type):
            own["optimizer"] = own["optimizer"](model.parameters())
        if "penalty" in own:
            weight = own.pop("penalty")
            own["regularizer"] = functools.partial(lambda model, weight: weight * l2(model), model, weight)
        histories.append(way(model, X, y, **own))
    ours, theirs = histories
    assert (ours.compiled, theirs.compiled) == (True, False)
    for name, entries in ours.lists().items():
        assert np.array(entries) == pytest.approx(np.array(theirs.lists()[name]), rel=1e-9, abs=1e-11), name
    assert numbers(ours.model) == pytest.approx(numbers(theirs.model), rel=1e-9, abs=1e-11)
    grads = [[p.grad for p in history.model.parameters()] for history in histories]
    assert grads[0] == pytest.approx(grads[1], rel=1e-9, abs=1e-11)
    return ours, theirs


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_takes_the_same_path_compiled_and_gate_by_gate(name: str) -> None:
    k = 3 if name in ("cross_entropy", "nll", "multiclass_hinge") else 1
    X, y = blobs(11, centers=3) if k == 3 else moons(11)
    both_ways(lambda: MLP(2, [4, k], "tanh"), X, y, loss=name, optimizer="adam", epochs=4, validation=(X, y))


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_every_optimizer_takes_the_same_path_compiled_and_gate_by_gate(kind: type[Optimizer]) -> None:
    X, y = moons(12)
    make = functools.partial(MLP, 2, [5, 1], "tanh")
    both_ways(make, X, y, loss="binary_cross_entropy", optimizer=kind, epochs=4, batch_size=5, penalty=1e-2)


@pytest.mark.parametrize("shared", [False, True], ids=["own streams", "one stream"])
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("k", [1, 3])
def test_dropout_drops_the_same_compiled_and_gate_by_gate(shared: bool, batch_size: int | None, k: int) -> None:
    X, y = blobs(11, centers=3) if k == 3 else moons(11)
    make = functools.partial(with_dropout, k, shared)
    loss = "cross_entropy" if k == 3 else "hinge"
    ours, _ = both_ways(make, X, y, loss=loss, optimizer="adam", epochs=3, batch_size=batch_size, penalty=1e-3)
    whole = Sequential(*[layer for layer in make().layers if not isinstance(layer, Dropout)])
    assert quiet(whole, X, y, loss=loss, optimizer="adam", epochs=3).loss != ours.loss


def test_targets_of_several_numbers_take_the_same_path_compiled_and_gate_by_gate() -> None:
    X, _ = moons(9)
    both_ways(lambda: MLP(2, [4, 2], "tanh"), X, X[:, ::-1] ** 2, loss="mse", optimizer="sgd", epochs=3, batch_size=4)


def test_a_loss_of_ones_own_takes_the_same_path_compiled_and_gate_by_gate() -> None:
    X, y = moons(9)

    def loss(prediction: Value, target: Any) -> Value:
        return (prediction - target).abs() ** 1.5 + functions.max(prediction, 0.0)

    both_ways(OwnWay, X, y, loss=loss, optimizer="sgd", epochs=5)
    both_ways(
        lambda: MLP(2, [3, 2]),
        X,
        y,
        loss=functools.partial(LOSSES["multiclass_hinge"], margin=0.5),
        optimizer="sgd",
        epochs=3,
    )


def test_parameters_left_out_are_left_out_either_way() -> None:
    X, y = moons(9)
    for way in (quiet, eagerly):
        model = MLP(2, [3, 1])
        before = numbers(model)
        way(model, X, y, loss="hinge", optimizer=SGD(model.layers[0].parameters(), lr=0.5), epochs=3)
        assert numbers(model)[9:] == before[9:]
        assert numbers(model)[:9] != before[:9]


BRANCHING: dict[str, Callable[[Any, Any], Any]] = {
    "on a prediction": lambda p, t: p * p if p > 0 else p * -1.0,
    "on a target": lambda p, t: (-p).softplus() if t == 1 else p.softplus(),
    "on a set of targets": lambda p, t: (-p).softplus() if t in (1, 2) else p.softplus(),
    "by a number": lambda p, t: p * float(t),
}


@pytest.mark.parametrize("loss", BRANCHING.values(), ids=BRANCHING)
def test_a_loss_that_branches_is_not_compiled_and_the_error_says_what_to_do(loss: Any) -> None:
    model = MLP(2, [2, 1])
    before = numbers(model)
    with pytest.raises(TracingError, match=r"Or train gate by gate: fit\(…, compiled=False\)"):
        quiet(model, *MOONS, loss=loss, optimizer="sgd", epochs=1)
    assert numbers(model) == before
    assert len(eagerly(model, *MOONS, loss=loss, optimizer="sgd", epochs=1)) == 1


class Twice(Module):
    """One dropout at two places."""

    def __init__(self) -> None:
        self.first, self.last, self.drop = Layer(2, 2, rng=1), Neuron(2, "linear", rng=2), Dropout(0.5, rng=3)

    def __call__(self, x: Any) -> Any:
        return self.last(self.drop(self.first(self.drop(x))))


class Damped(Module):
    """A neuron times a plain number, times a Value that the optimizer does not move."""

    def __init__(self) -> None:
        self.line = Layer(1, 1, "tanh", rng=0)
        self.drop = Dropout(0.5, rng=0)
        self.damping, self.gain = 1.0, Value(1.0)

    def __call__(self, x: Any) -> Any:
        z = self.line(self.drop(x)) * self.damping * self.gain
        return -z if self.training is False else z


def set_damping(epoch: int, model: Any, history: History) -> None:
    model.damping = 2.0 / epoch


def set_gain(epoch: int, model: Any, history: History) -> None:
    model.gain.data += 0.5


def set_activation(epoch: int, model: Any, history: History) -> None:
    model.line.activation = "sigmoid"


def drop_less(epoch: int, model: Any, history: History) -> None:
    model.drop.p /= 2


def drop_nothing(epoch: int, model: Any, history: History) -> None:
    model.drop = lambda x: x


def leave_in_eval(epoch: int, model: Any, history: History) -> None:
    model.eval()


def annealed(compiled: bool, change: Any) -> tuple[list[float], list[float]]:
    """Return losses and weights of five epochs with a callback."""
    X = np.linspace(-1, 1, 8)[:, None]
    model, callbacks = Damped(), [] if change is None else [change]
    sgd = SGD(model.line.parameters(), lr=0.1, momentum=0.5)
    options = {"epochs": 5, "callbacks": callbacks, "batch_size": 3, "compiled": compiled}
    history = quiet(model, X, 2 * X[:, 0] + 1, loss="mse", optimizer=sgd, **options)
    return history.loss, numbers(model)


@pytest.mark.parametrize("change", [set_damping, set_gain, set_activation, drop_less, drop_nothing])
def test_what_a_callback_changes_counts_from_the_next_epoch_on_compiled_and_gate_by_gate(change: Any) -> None:
    losses, weights = annealed(True, change)
    expected = annealed(False, change)
    assert losses == pytest.approx(expected[0], rel=1e-12)
    assert weights == pytest.approx(expected[1], rel=1e-12)
    assert losses[1:] != pytest.approx(annealed(True, None)[0][1:], rel=1e-3)  # it does count


def test_a_callback_that_leaves_the_model_in_eval_changes_nothing_of_training(train: Any) -> None:
    compiled = train is quiet
    assert annealed(compiled, leave_in_eval) == annealed(compiled, None)


def test_a_penalty_whose_factor_a_callback_raises_is_raised(train: Any) -> None:
    X, y = linear(8, noise=0.0)
    factor = [0.0]
    model = Neuron(1, "linear", init="zeros")
    raise_it = [lambda epoch, model, history: factor.__setitem__(0, 10.0)]
    sgd = SGD(model.parameters(), lr=0.0)
    model.w[0].data = 2.0
    model.b.data = 1.0  # this is the line: all that is left is the penalty on 2
    penalty = lambda: factor[0] * l2(model)  # noqa: E731
    history = train(model, X, y, loss="mse", optimizer=sgd, epochs=3, callbacks=raise_it, regularizer=penalty)
    assert history.loss == pytest.approx([0.0, 40.0, 40.0], abs=1e-12)


def test_a_program_is_recorded_anew_only_where_something_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Compiled] = []

    def counted(*given: Any) -> Compiled:
        made.append(Compiled(*given))
        return made[-1]

    monkeypatch.setattr("nn.train.Compiled", counted)
    for change, count in ((None, 1), (lambda *_: None, 1), (leave_in_eval, 1), (set_activation, 2), (set_gain, 5)):
        made.clear()
        annealed(True, change)
        assert len(made) == count


class Noisy(Module):
    """A line with a number of its own for every call."""

    def __init__(self, noise: Callable[[], float]) -> None:
        self.line, self.noise = Layer(1, 1, "linear", rng=0), noise

    def __call__(self, x: Any) -> Any:
        return self.line([x[0] + (self.noise() if self.training else 0.0)])


@pytest.mark.parametrize("noise", [np.random.default_rng(0).normal, itertools.count().__next__], ids=["draw", "count"])
def test_numbers_that_change_from_call_to_call_are_not_compiled_and_the_error_says_what_to_do(noise: Any) -> None:
    X, y = linear(8)
    model = Noisy(noise)
    before = numbers(model)
    with pytest.raises(
        TracingError, match=r"random draws or a counter.*Or train gate by gate: fit\(…, compiled=False\)"
    ):
        quiet(model, X, y, loss="mse", optimizer="sgd", epochs=2)
    assert numbers(model) == before
    history = eagerly(model, X, y, loss="mse", optimizer="sgd", epochs=2)
    assert len(history) == 2
    model.noise = lambda: 0.25
    with pytest.raises(TracingError, match="random draws or a counter"):  # and where a callback begins with it
        quiet(model, X, y, loss="mse", optimizer="sgd", epochs=2, callbacks=[lambda *_: setattr(model, "noise", noise)])


def test_one_dropout_at_two_places_is_not_compiled_and_the_error_says_what_to_do() -> None:
    with pytest.raises(TracingError, match=r"Dropout is called twice .* compiled=False"):
        quiet(Twice(), *MOONS, loss="hinge", optimizer="sgd", epochs=1)
    assert len(eagerly(Twice(), *MOONS, loss="hinge", optimizer="sgd", epochs=1)) == 1


@pytest.mark.parametrize("batch_size", [None, 7])
def test_training_fails_alike_compiled_and_gate_by_gate(batch_size: int | None) -> None:
    errors = []
    for way in (quiet, eagerly):
        model = with_dropout(1)
        rate = SGD(model.parameters(), lr=1e3)
        with pytest.raises(TrainingError) as caught:
            way(model, *MOONS, loss="mse", optimizer=rate, epochs=500, batch_size=batch_size)
        errors.append((caught.value.epoch, caught.value.gate, caught.value.parameter, len(caught.value.history)))
    assert errors[0] == errors[1]
    assert None not in errors[0]


# ------------------------------------------------------------------------------------------------------- the history


def test_the_history_has_an_entry_per_epoch_in_plain_numbers() -> None:
    X, y = moons(20)
    model = MLP(2, [3, 1])
    history = quiet(model, X, y, loss="hinge", optimizer="adam", epochs=3, validation=(X, y))
    assert history.model is model
    assert history.X.tolist() == X.tolist()
    assert history.y.tolist() == y.tolist()
    assert list(history.gradient_flow) == ["layer1", "layer2"]
    plain = json.loads(json.dumps(history.to_dict()))
    for name, entries in {**plain, **plain["gradient_flow"]}.items():
        if isinstance(entries, list):
            assert len(entries) == 3, name
    assert [len(weights) for weights in plain["weights"]] == [len(model.parameters())] * 3
    assert plain["learning_rate"] == [1e-3] * 3
    assert repr(history).startswith("History(3 epochs, loss 0.")


def test_no_epochs_give_an_empty_history_and_leave_the_weights(train: Any) -> None:
    X, y = moons(20)
    model = MLP(2, [3, 1])
    before = numbers(model)
    history = train(model, X, y, loss="hinge", optimizer="adam", epochs=0, validation=(X, y), early_stopping=1)
    assert len(history) == 0
    assert history.loss == history.accuracy == history.weights == []
    assert numbers(model) == before


def test_accuracy_is_left_out_where_targets_are_no_classes() -> None:
    X, y = linear(10)
    assert quiet(Neuron(1), X, y, loss="mse", optimizer="sgd", epochs=2, validation=(X, y)).accuracy == []
    assert quiet(Neuron(1), X, np.arange(10), loss="mse", optimizer="sgd", epochs=1).accuracy == []


@pytest.mark.parametrize("batch_size", [None, 4])
def test_the_same_seed_gives_the_same_history(train: Any, batch_size: int | None) -> None:
    def run(rng: Any) -> History:
        X, y = moons(11)
        model = Sequential(Layer(2, 5, rng=1), Dropout(0.4), Layer(5, 1, "linear", rng=2))
        return train(model, X, y, loss="hinge", optimizer="adam", epochs=3, batch_size=batch_size, rng=rng)

    first = run(None).to_dict()
    assert first == run(0).to_dict() == run(np.random.default_rng(0)).to_dict()
    assert (run(1).to_dict() == first) == (batch_size is None)  # nothing is shuffled where all rows are one batch


def test_all_rows_at_once_keep_their_order() -> None:
    X, y = linear(6)
    seen: list[float] = []

    def loss(prediction: Value, target: float) -> Value:
        seen.append(target)
        return mse(prediction, target)

    eagerly(Neuron(1), X, y, loss=loss, optimizer="sgd", epochs=2)
    assert seen[1:] == [*y, *y]


# ------------------------------------------------------------------------------------------------- dropout and modes


class Watched(Module):
    """Records in which mode each call found it."""

    def __init__(self) -> None:
        self.neuron = Neuron(2, "linear", rng=0)
        self.modes: set[tuple[bool, bool]] = set()

    def __call__(self, x: Any) -> Any:
        self.modes.add((self.training, isinstance(x[0], np.ndarray)))
        return self.neuron(x)


@pytest.mark.parametrize("mode", [True, False])
def test_training_is_in_training_mode_measuring_is_not_and_the_mode_is_restored(train: Any, mode: bool) -> None:
    model = Watched().train(mode)
    X, y = moons(6)
    train(model, X, y, loss="hinge", optimizer="sgd", epochs=1, validation=(X, y))
    assert model.modes == {(False, False), (True, False), (False, True)}
    predict(model, X)
    accuracy(model, X, y)
    assert (model.training, model.neuron.training) == (mode, mode)


def test_the_mode_is_restored_part_by_part_after_an_error(train: Any) -> None:
    model = Sequential(Layer(2, 3), Dropout(0.5), Layer(3, 1, "linear")).eval()
    model.layers[1].train()
    X, y = moons(6)

    def loss(prediction: Value, target: int) -> Value:
        if model.training:
            raise OSError("no more")
        return prediction

    with pytest.raises(OSError, match="no more"):
        train(model, X, y, loss=loss, optimizer="sgd", epochs=1)
    assert [layer.training for layer in (model, *model.layers)] == [False, False, True, False]


def test_predict_drops_nothing_and_dropout_changes_training(train: Any) -> None:
    X, y = moons(12)
    model = Sequential(Layer(2, 8, rng=1), Dropout(0.5, rng=0), Layer(8, 1, "linear", rng=2))
    assert predict(model, X).tolist() == predict(model, X).tolist()
    with_dropout = train(model, X, y, loss="mse", optimizer="sgd", epochs=1).loss
    without = Sequential(model.layers[0], model.layers[2])
    assert with_dropout != train(without, X, y, loss="mse", optimizer="sgd", epochs=1).loss


# ------------------------------------------------------------------------------------------- callbacks and stopping


def test_callbacks_get_the_epoch_the_model_and_the_history_and_false_stops(train: Any) -> None:
    X, y = moons(8)
    model = MLP(2, [2, 1])
    calls: list[tuple[int, int]] = []

    def watch(epoch: int, given: Module, history: History) -> Any:
        assert given is model
        assert history.weights[-1].tolist() == numbers(model)
        calls.append((epoch, len(history)))
        return np.bool_(epoch < 3)

    history = train(model, X, y, loss="hinge", optimizer="sgd", epochs=9, callbacks=[watch, lambda *_: None])
    assert calls == [(1, 1), (2, 2), (3, 3)]
    assert len(history) == 3


@pytest.mark.parametrize("answer", [None, True, 0, 1, ""])
def test_only_false_stops(answer: Any) -> None:
    X, y = moons(8)
    history = quiet(MLP(2, [1]), X, y, loss="hinge", optimizer="sgd", epochs=2, callbacks=[lambda *_: answer])
    assert len(history) == 2


def test_weights_that_a_callback_sets_are_trained_on(train: Any) -> None:
    X, y = linear(5)
    model = Neuron(1, "linear")

    def reset(epoch: int, model: Any, history: History) -> None:
        for p in model.parameters():
            p.data = 0.0

    history = train(model, X, y, loss="mse", optimizer="sgd", epochs=3, callbacks=[reset])
    assert history.loss[1] == history.loss[2] == pytest.approx(float((y**2).mean()))
    assert numbers(model) == [0.0, 0.0]


def test_a_schedule_is_a_callback(train: Any) -> None:
    X, y = moons(8)
    model = MLP(2, [1])
    sgd = SGD(model.parameters(), lr=0.8)
    history = train(model, X, y, loss="hinge", optimizer=sgd, epochs=5, callbacks=[StepLR(sgd, 2, gamma=0.5)])
    assert history.learning_rate == [0.8, 0.8, 0.4, 0.4, 0.2]


def test_early_stopping_waits_so_many_epochs_and_restores_the_best_weights(train: Any) -> None:
    X, y = linear(10, noise=0.0)
    model = Neuron(1, "linear", rng=0)
    rates = iter([0.1, 0.1, 0.1, -1, -1, -1, -1, -1])  # three steps down, then up

    def climb(epoch: int, model: Any, history: History) -> None:
        if next(rates) < 0:
            model.b.data += 5.0

    sgd = SGD(model.parameters(), lr=0.1)
    options: dict[str, Any] = {"validation": (X, y), "early_stopping": 2, "callbacks": [climb]}
    history = train(model, X, y, loss="mse", optimizer=sgd, epochs=50, **options)
    assert history.best_epoch == int(np.argmin(history.validation_loss)) + 1 == 4
    assert len(history) == 6
    assert numbers(model) == history.weights[3].tolist()


def test_early_stopping_restores_the_best_weights_when_all_epochs_are_done(train: Any) -> None:
    X, y = linear(10, noise=0.0)
    model = Neuron(1, "linear", rng=0)
    sgd = SGD(model.parameters(), lr=1.2)  # overshoots, so that the loss grows
    history = train(model, X, y, loss="mse", optimizer=sgd, epochs=4, validation=(X, y), early_stopping=9)
    assert history.validation_loss == sorted(history.validation_loss)
    assert history.best_epoch == 1
    assert numbers(model) == history.weights[0].tolist()


def test_parameters_the_optimizer_was_not_given_stay(train: Any) -> None:
    X, y = moons(8)
    model = MLP(2, [3, 1])
    first, last = model.layers
    before = [p.data for p in first.parameters()]
    history = train(model, X, y, loss="hinge", optimizer=SGD(last.parameters(), lr=0.1), epochs=2)
    assert [p.data for p in first.parameters()] == before
    assert history.weights[-1].tolist() == numbers(model)
    assert list(history.gradient_flow) == ["layer2"]


# --------------------------------------------------------------------------------------------------------- interrupts


class Interrupted:
    """A loss that is interrupted in its n-th call."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, prediction: Value, target: float) -> Value:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return mse(prediction, target)


@pytest.mark.parametrize("after", [2, 5, 7, 10, 13])
def test_an_interrupt_in_a_batch_keeps_the_last_whole_step(after: int) -> None:
    X, y = linear(6)
    model, twin = Neuron(1, rng=0), Neuron(1, rng=0)
    stopped = eagerly(model, X, y, loss=Interrupted(after), optimizer="sgd", epochs=9, batch_size=3)
    steps = (after - 2) // 3  # call 1 is the trial, and a step takes three
    assert stopped.interrupted
    assert len(stopped) == steps // 2
    whole = eagerly(twin, X, y, loss="mse", optimizer="sgd", epochs=9, batch_size=3)
    assert stopped.loss == whole.loss[: len(stopped)]
    assert all(len(entries) == len(stopped) for entries in stopped.lists().values() if entries)
    if steps % 2 == 0:
        assert numbers(model) == (whole.weights[steps // 2 - 1].tolist() if steps else numbers(Neuron(1, rng=0)))
    else:
        assert numbers(model) not in [weights.tolist() for weights in whole.weights]
    assert all(math.isfinite(number) for number in numbers(model))


def test_an_interrupt_in_a_callback_keeps_the_epoch(train: Any) -> None:
    X, y = linear(6)
    model = Neuron(1, rng=0)

    def stop(epoch: int, model: Module, history: History) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    history = train(model, X, y, loss="mse", optimizer="sgd", epochs=9, callbacks=[stop])
    assert history.interrupted
    assert len(history) == 2
    assert numbers(model) == history.weights[-1].tolist()
    assert not train(model, X, y, loss="mse", optimizer="sgd", epochs=1).interrupted


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a timer's signal needs a POSIX system")
@pytest.mark.parametrize("milliseconds", [3, 8, 15, 31])
def test_a_signal_at_any_moment_leaves_whole_weights(train: Any, milliseconds: int) -> None:
    X, y = moons(10)
    model = MLP(2, [4, 1], rng=3)

    def raise_interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    ready: list[int] = []

    def start(epoch: int, model: Module, history: History) -> None:
        if not ready:
            ready.append(epoch)
            signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)

    outer = signal.signal(signal.SIGALRM, raise_interrupt)
    try:
        history = train(model, X, y, loss="hinge", optimizer="adam", epochs=10**6, callbacks=[start])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, outer)
    assert history.interrupted
    assert all(len(entries) == len(history) for entries in history.lists().values() if entries)
    twin = MLP(2, [4, 1], rng=3)
    whole = train(twin, X, y, loss="hinge", optimizer="adam", epochs=len(history) + 1)
    assert numbers(model) in [weights.tolist() for weights in whole.weights[-2:]]


# ------------------------------------------------------------------------------------------------- what is not finite


def test_an_exploding_loss_restores_finite_weights_and_names_gate_parameter_and_epoch(train: Any) -> None:
    X, y = moons(20)
    model = MLP(2, [8, 1])
    with pytest.raises(TrainingError) as caught:
        train(model, X, y, loss="mse", optimizer=SGD(model.parameters(), lr=1e3), epochs=500)
    error, told = caught.value, str(caught.value)
    assert error.epoch > 1
    assert f"epoch {error.epoch}" in told
    assert error.gate is not None
    assert error.gate in told
    assert error.parameter in [p.label for p in model.parameters()]
    assert repr(error.parameter) in told
    assert "Lower the learning rate (it is 1000)" in told
    assert all(math.isfinite(number) for number in numbers(model))
    assert len(error.history) == error.epoch - 1
    outputs = predict(model, X)  # the weights are those of the last finite loss
    assert math.isfinite(float(((outputs - y) ** 2).mean()))


def test_a_loss_that_is_not_finite_names_the_first_bad_gate(train: Any) -> None:
    model = Neuron(1, "exp", rng=0)
    model.w[0].data = 1e3
    told = (
        r"epoch 1, batch 1: the loss is inf; the first number that is not finite is inf, at exp of .*; the parameter "
        r"to look at is 'w0' = 1000\. The model has the weights it began with \(the largest is 1e\+03\)\. No step "
        "was taken yet: scale the inputs, or begin with smaller weights"
    )
    with pytest.raises(TrainingError, match=told) as caught:
        train(model, [[1.0], [0.0]], [0.0, 1.0], loss="mse", optimizer="sgd", epochs=1)
    assert (caught.value.gate, caught.value.parameter) == ("exp", "w0")
    assert numbers(model) == [1e3, 0.0]


def test_a_gradient_that_is_not_finite_under_a_finite_loss_names_the_gate_that_made_it(train: Any) -> None:
    model = Neuron(1, "linear", init="zeros")
    model.b.data = 1e-300

    def steep(prediction: Value, target: float) -> Value:
        return prediction**0.01 * 1e20

    with pytest.raises(TrainingError, match=r"epoch 1, batch 1: the gradient is not finite; .*'w0' = 0\.") as caught:
        train(model, [[0.0]], [0.0], loss=steep, optimizer="sgd", epochs=1)
    made = Value(2.0) ** 0.01
    assert made.gate is not None
    assert (caught.value.gate, caught.value.parameter) == (made.gate.name, "w0")
    assert numbers(model) == [0.0, 1e-300]


def test_a_step_that_is_not_finite_is_taken_back(train: Any) -> None:
    model = Neuron(1, "linear", rng=0)
    before = numbers(model)
    sgd = SGD(model.parameters(), lr=1e300)
    with pytest.raises(TrainingError, match=r"the step made 'w0' -?inf") as caught:
        train(model, [[1e20]], [0.0], loss=lambda p, t: p * 1e-5, optimizer=sgd, epochs=3)
    assert caught.value.parameter == "w0"
    assert numbers(model) == before


def test_weights_that_are_kept_are_told_with_the_largest_of_them(train: Any) -> None:
    model = Neuron(1, "linear", init="zeros")
    sgd = SGD(model.parameters(), lr=1e30)
    with pytest.raises(TrainingError) as caught:
        train(model, [[1.0], [2.0]], [1.0, 2.0], loss="mse", optimizer=sgd, epochs=50)
    found = re.search(r"last weights whose loss and gradient were finite \(the largest is (\S+)\)", str(caught.value))
    assert found is not None
    assert float(found[1]) == pytest.approx(max(map(abs, numbers(model))), rel=1e-2)
    assert float(found[1]) > 1e20


def test_training_looks_at_targets_once_and_not_in_every_step() -> None:
    source: list[str] = []
    model = MLP(2, [2, 1], rng=0)

    def keep(self: Any, *arrays: Any) -> float:
        loss = original(self, *arrays)
        source.append(self.program.source)
        return loss

    original = Compiled.step
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compiled, "step", keep)
        for loss in ("hinge", "binary_cross_entropy"):
            fit(model, *MOONS, loss=loss, optimizer="sgd", epochs=1, progress=False)
    assert len(source) == 2
    assert not any(".any()" in text for text in source)


def test_a_domain_error_is_told_as_part_of_training(train: Any) -> None:
    model = Neuron(1, "linear", rng=0)
    model.w[0].data, model.b.data = 0.0, 0.1

    def loss(prediction: Value, target: float) -> Value:
        return prediction.log()  # ever smaller, until it has no logarithm

    sgd = SGD(model.parameters(), lr=0.009)
    with pytest.raises(
        TrainingError, match=r"in epoch 2: log needs x > 0, got x = -.*last weights whose loss and gradient were finite"
    ) as caught:
        train(model, [[1.0]], [0.0], loss=loss, optimizer=sgd, epochs=9)
    assert caught.value.epoch == 2
    assert numbers(model) == [0.0, 0.1]


def test_the_first_example_may_leave_a_domain_and_is_then_told_about_by_training(train: Any) -> None:
    model = Neuron(1, "linear", init="zeros")
    with pytest.raises(TrainingError, match="in epoch 1: log needs"):
        train(model, [[1.0]], [0.0], loss=lambda p, t: p.log(), optimizer="sgd", epochs=1)


# ------------------------------------------------------------------------------------- models of one's own, accuracy


class OwnWay(Module):
    """A model of one's own that takes rows only."""

    def __init__(self) -> None:
        self.slope, self.start = Value(2.0), Value(1.0)

    def __call__(self, x: Sequence[Any]) -> Any:
        return (self.slope * x[0] + self.start).tanh()


def test_a_model_of_ones_own_need_not_take_columns_or_have_labels(train: Any) -> None:
    X, y = linear(9)
    model = OwnWay()
    assert predict(model, X) == pytest.approx(np.tanh(2 * X[:, 0] + 1))
    history = train(model, X, y, loss="mse", optimizer=SGD(model.parameters(), lr=0.1), epochs=20, validation=(X, y))
    assert history.loss[-1] < history.loss[0]
    assert list(history.gradient_flow) == ["model"]
    model.slope.data = 1e3
    with pytest.raises(TrainingError, match="'slope' = 1000"):
        train(model, X, y, loss=lambda p, t: (p * 1e300) ** 2, optimizer="sgd", epochs=1)


@pytest.mark.parametrize("y", [[0, 1], [-1, 1], [False, True], [0.0, 1.0]])
def test_history_and_accuracy_agree_on_what_is_right(y: list[Any]) -> None:
    X = [[-1.0], [1.0]]
    for loss in ("hinge", *(["binary_cross_entropy"] if min(y) == 0 else [])):
        model = Neuron(1, "linear", rng=0)
        history = quiet(model, X, y, loss=loss, optimizer=SGD(model.parameters(), lr=0.5), epochs=20)
        assert history.accuracy[-1] == accuracy(model, X, y) == 1.0


def test_a_loss_gets_a_list_of_one_in_training_and_in_validation(train: Any) -> None:
    class Listed(Module):
        def __init__(self) -> None:
            self.slope = Value(0.5)

        def __call__(self, x: Any) -> Any:
            return [self.slope * x[0]]

    X, y = linear(8)
    sgd = SGD((model := Listed()).parameters(), lr=0.0)
    options = {"loss": lambda p, t: (p[0] - t) ** 2, "optimizer": sgd, "epochs": 1, "validation": (X, y)}
    history = train(model, X, y, **options)
    assert history.validation_loss == pytest.approx([((0.5 * X[:, 0] - y) ** 2).mean()])
    assert history.validation_loss == pytest.approx(history.loss)


@pytest.mark.parametrize("place", ["training", "validation"])
def test_a_loss_that_is_a_plain_number_for_some_rows_is_refused_wherever_it_is_met(place: str) -> None:
    def tolerant(prediction: Value, target: float) -> Any:
        return 0.0 if target > 5 else (prediction - target) ** 2

    X, near, far = np.ones((3, 1)), np.array([1.0, 2.0, 3.0]), np.array([1.0, 7.0, 3.0])
    y, held_out = (far, near) if place == "training" else (near, far)
    words = "a loss is one Value per example, tolerant gave float 0.0 for the target 7.0: compute it with gates, or"
    with pytest.raises(TypeError, match=words):
        eagerly(Neuron(1), X, y, loss=tolerant, optimizer="sgd", epochs=1, validation=(X, held_out))


def test_a_loss_that_compares_numbers_counts_from_the_middle_of_its_targets() -> None:
    X = np.array([[-1.0], [0.0], [1.0], [2.0]])
    for y in ([0, 0, 1, 1], [-1, -1, 1, 1]):
        model = Neuron(1, "linear", init="zeros")
        history = quiet(model, X, y, loss="mse", optimizer=SGD(model.parameters(), lr=0.2), epochs=60)
        assert history.accuracy[-1] == 1.0


@pytest.mark.parametrize("number", [0.0, 3, np.float32(0.5)])
def test_a_regularizer_may_be_a_plain_number_whoever_takes_the_steps(number: Any) -> None:
    def trained(compiled: bool) -> tuple[list[float], list[float]]:
        model = MLP(2, [2, 1])
        history = quiet(
            model, *MOONS, loss="hinge", optimizer="sgd", epochs=3, regularizer=lambda: number, compiled=compiled
        )
        return history.loss, numbers(model)

    for ours, theirs in zip(trained(True), trained(False)):
        assert ours == pytest.approx(theirs, rel=1e-12)
    assert trained(True)[0][0] > number


def test_a_training_error_survives_its_way_to_another_process() -> None:
    error = TrainingError("the loss is inf", 7, "exp", "layer1/neuron0/w0")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (str(twin), twin.epoch, twin.gate, twin.parameter) == ("the loss is inf", 7, "exp", "layer1/neuron0/w0")


# ------------------------------------------------------------------------------------------------- what is refused

GOOD: dict[str, Any] = {"loss": "hinge", "optimizer": "sgd", "epochs": 1}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"epochs": -1}, ValueError, "epochs >= 0, got epochs = -1"),
        ({"epochs": 1.5}, TypeError, "whole number for epochs, got float 1.5"),
        ({"epochs": True}, TypeError, "whole number for epochs, got bool True"),
        ({"loss": "hing"}, ValueError, "no loss is called 'hing': did you mean 'hinge'?"),
        ({"loss": "zzz"}, ValueError, "no loss is called 'zzz': there are mse"),
        ({"loss": "bce"}, ValueError, "no loss is called 'bce': .*there are mse, .*binary_cross_entropy"),
        ({"optimizer": "zzz"}, ValueError, "no optimizer is called 'zzz': there are sgd"),
        ({"loss": None}, TypeError, "loss is a name or a function"),
        ({"loss": lambda p, t: 1.0}, TypeError, "a loss is one Value per example, <lambda> gave float"),
        ({"loss": "cross_entropy"}, ValueError, "cross_entropy needs one output per class"),
        ({"optimizer": "sdg"}, ValueError, r"no optimizer is called 'sdg': did you mean 'sgd'\? there are sgd"),
        ({"optimizer": SGD}, TypeError, r"got type: give SGD\(model.parameters\(\)\)"),
        ({"optimizer": None}, TypeError, "optimizer is a name or an Optimizer, got NoneType"),
        ({"optimizer": SGD([Value(1.0, "strange")])}, ValueError, r"1 parameters that the model does not .*'strange'"),
        ({"batch_size": 11}, ValueError, "a batch of 11 rows is larger than the data, which has 10"),
        ({"batch_size": 0}, ValueError, "batch_size >= 1, got batch_size = 0"),
        ({"batch_size": 2.0}, TypeError, "whole number for batch_size"),
        ({"validation": MOONS[0]}, TypeError, r"validation is a pair \(X, y\), got ndarray"),
        ({"validation": (MOONS[0][:, :1], MOONS[1])}, ValueError, "validation X has 1 columns, but X has 2"),
        ({"validation": (MOONS[0], MOONS[1][:3])}, ValueError, "validation X has 10 rows, but validation y has 3"),
        ({"validation": (MOONS[0], MOONS[1] + 5)}, ValueError, r"got validation y\[0\] = 5"),
        ({"validation": ([[0, math.inf]], [1])}, ValueError, "validation X needs finite numbers, got inf at row 0"),
        ({"early_stopping": 3}, ValueError, "early_stopping watches the validation loss"),
        ({"early_stopping": 0, "validation": MOONS}, ValueError, "early_stopping >= 1"),
        ({"callbacks": print}, TypeError, "callbacks is a list of functions"),
        ({"callbacks": [print, 3]}, TypeError, r"callbacks\[1\] is no function"),
        ({"callbacks": [StepLR(SGD([Value(1.0)]), 1)]}, ValueError, "schedule among the callbacks belongs to another"),
        ({"regularizer": l2}, TypeError, r"the regularizer cannot be called .* lambda: 1e-4 \* l2\(model\)"),
        ({"regularizer": 0.1}, TypeError, "a regularizer is a function, got float"),
        ({"regularizer": lambda: [1.0]}, TypeError, "a regularizer gives one Value, got list"),
        ({"rng": "a"}, TypeError, "rng is an int seed"),
        ({"rng": -1}, ValueError, "a seed is 0 or more"),
        ({"X": MOONS[0][:, :1]}, ValueError, "the model does not take X, which has 1 columns: .* takes 2 inputs"),
        ({"X": [[1.0, 2.0], [3.0]]}, ValueError, "X is ragged"),
        ({"X": [], "y": []}, ValueError, "X is empty"),
        ({"X": [[1.0, math.nan]], "y": [1]}, ValueError, "got nan at row 0, column 1"),
        ({"y": MOONS[1][:4]}, ValueError, "X has 10 rows, but y has 4"),
        ({"y": MOONS[1] + 1}, ValueError, r"hinge needs classes -1 and 1, or 0 and 1, got y\[1\] = 2"),
        ({"model": lambda x: x}, TypeError, "a model is an nn.Module, got function"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_before_any_step(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    model = MLP(2, [2, 1])
    before = numbers(model)
    given = {"model": model, "X": MOONS[0], "y": MOONS[1], **GOOD, **change}
    with pytest.raises(error, match=message):
        quiet(given.pop("model"), given.pop("X"), given.pop("y"), **given)
    assert numbers(model) == before
    assert model.training


@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf, "fast", None])
def test_a_learning_rate_that_is_none_is_refused(lr: Any) -> None:
    model = MLP(2, [1])
    with pytest.raises((ValueError, TypeError), match="lr"):
        quiet(model, *MOONS, loss="hinge", optimizer=SGD(model.parameters(), lr=lr), epochs=1)


@pytest.mark.parametrize(
    ("loss", "output", "k"),
    [("binary_cross_entropy", "sigmoid", 1), ("cross_entropy", "softmax", 2), ("nll", "softmax", 2)],
)
def test_a_loss_of_logits_refuses_a_model_that_ends_in_probabilities(loss: str, output: str, k: int) -> None:
    with pytest.raises(
        ValueError, match=f"{loss} takes .* but the model ends in {output}: make it with output='linear'"
    ):
        quiet(MLP(2, [3, k], output=output), *MOONS, loss=loss, optimizer="sgd", epochs=1)


# --------------------------------------------------------------------------------------------------------- the bar


def test_a_bar_on_standard_error_tells_loss_and_accuracy_and_can_be_silent(capsys: pytest.CaptureFixture[str]) -> None:
    model = MLP(2, [1])
    fit(model, *MOONS, loss="hinge", optimizer="sgd", epochs=3)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3/3" in err
    assert "loss=" in err
    assert "accuracy=" in err
    fit(model, *MOONS, loss="hinge", optimizer="sgd", epochs=3, progress=False)
    assert capsys.readouterr() == ("", "")


def test_importing_training_does_not_import_the_bar() -> None:
    import subprocess
    import sys

    code = "import nn.train, sys; sys.exit('tqdm' in sys.modules)"
    environment = {**os.environ}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_every_loss_by_name_lowers_itself(loss: str) -> None:
    classes = loss in ("cross_entropy", "nll", "multiclass_hinge")
    X, y = blobs(12, centers=2, noise=0.3)
    model = MLP(2, [3, 2 if classes else 1], "tanh")
    function: Any = LOSSES[loss]
    if loss == "nll":  # takes log-probabilities
        function = cross_entropy
    history = quiet(model, X, y, loss=function, optimizer=SGD(model.parameters(), lr=0.1), epochs=10)
    assert history.loss[-1] < history.loss[0]
    assert binary_cross_entropy in LOSSES.values()
