"""Neurons, layers and networks: their numbers against NumPy and torch, their labels, and what they refuse."""

import copy
import math
import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value, check_gradients, functions, no_grad
from autograd.gates import GATES
from autograd.graph import order
from nn.activations import ACTIVATIONS, activation_of
from nn.module import Module
from viz import draw
from viz.fold import folded

HIDDEN = [[1.0, 0.2, 1.2], [0.5, 1.2, 0.1]]  # GOLDEN: one hidden layer, sigmoid everywhere


def golden_network() -> nn.MLP:
    model = nn.MLP(3, [2, 1], "sigmoid", output="sigmoid")
    model.load_state_dict(
        {"layer1.weight": HIDDEN, "layer1.bias": [0.1, 0.2], "layer2.weight": [[0.3, 0.9]], "layer2.bias": [0.3]}
    )
    return model


def shaken(model: Any, seed: int = 4) -> Any:
    """Return the model with biases that are not 0."""
    rng = np.random.default_rng(seed)
    for p in model.parameters():
        p.data += rng.normal(0.0, 0.1)
    return model


def numbers(outputs: Any) -> list[float]:
    return [out.data for out in (outputs if isinstance(outputs, list) else [outputs])]


MODELS: dict[str, Callable[[], Module]] = {
    "neuron": lambda: shaken(nn.Neuron(3, "tanh", rng=0)),
    "layer": lambda: shaken(nn.Layer(3, 2, "sigmoid", rng=0)),
    "layer of softmax": lambda: shaken(nn.Layer(3, 4, "softmax", rng=0)),
    "layer with a function": lambda: shaken(nn.Layer(3, 2, lambda x: functions.leaky_relu(x, 0.3), rng=0)),
    "maxout": lambda: shaken(nn.Maxout(3, 2, 3, rng=0)),
    "mlp": lambda: shaken(nn.MLP(3, [4, 2], "elu")),
    "mlp with a narrow layer": lambda: shaken(nn.MLP(3, [1, 1, 2], ["tanh", "softplus"])),
    "sequential": lambda: shaken(nn.Sequential(nn.Maxout(3, 4, rng=0), nn.Dropout(0.5), nn.Layer(4, 1, rng=1))).eval(),
}


# ---------------------------------------------------------------------------------------------------------- numbers


def test_the_network_of_the_lecture_gives_the_right_numbers() -> None:
    model = golden_network()
    output = model([0.4, 0.2, 0.2])
    sums = {node.gate.name: [] for node in order(output) if node.gate}
    for node in order(output):
        if node.gate:
            sums[node.gate.name].append(node.data)
    assert sums["dot"] == pytest.approx([0.78, 0.66, 1.09903838378772303], rel=1e-15)
    assert sums["sigmoid"] == pytest.approx(
        [0.685680113938253841, 0.659260388451385421, 0.750079884324138709], rel=1e-15
    )
    assert list(sums) == ["dot", "sigmoid"]


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "softplus", "elu", "linear"])
def test_torchs_linear_layers_give_torchs_outputs_and_gradients(activation: str) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    function = torch.nn.Identity() if activation == "linear" else getattr(torch.nn.functional, activation)
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Linear(5, 3)).double()
    model = nn.MLP(4, [5, 3], activation)
    model.load_state_dict(theirs.state_dict())
    X = np.random.default_rng(0).normal(size=(6, 4))
    expected = theirs[1](function(theirs[0](torch.tensor(X))))
    outputs = [model(row) for row in X]
    np.testing.assert_allclose([numbers(out) for out in outputs], expected.detach(), atol=1e-12, rtol=0)
    np.testing.assert_allclose(np.transpose(model(list(X.T))), expected.detach(), atol=1e-12, rtol=0)
    expected.pow(2).sum().backward()
    sum(z**2 for out in outputs for z in out).backward()
    gradients = np.concatenate([np.c_[p.weight.grad, p.bias.grad].ravel() for p in theirs])
    np.testing.assert_allclose([p.grad for p in model.parameters()], gradients, atol=1e-11, rtol=0)


@pytest.mark.parametrize("name", MODELS)
def test_the_gradients_of_every_module_pass_the_gradient_check(name: str) -> None:
    outputs = MODELS[name]()([Value(0.3), Value(-1.1), Value(0.7)])
    f = sum((i + 1) * z for i, z in enumerate(outputs)) if isinstance(outputs, list) else outputs
    assert check_gradients(f, raises=True)


@pytest.mark.parametrize("name", MODELS)
def test_columns_give_what_rows_give_and_record_nothing(name: str) -> None:
    model, X = MODELS[name](), np.random.default_rng(5).normal(size=(7, 3))
    outputs = model(list(X.T))
    columns = outputs if isinstance(outputs, list) else [outputs]
    assert all(type(column) is np.ndarray and column.shape == (7,) for column in columns)
    np.testing.assert_allclose(np.transpose(columns), [numbers(model(row.tolist())) for row in X], rtol=1e-13)


def test_columns_may_be_of_any_shape_and_stand_beside_numbers() -> None:
    model = nn.MLP(2, [3, 1])
    grid = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 3))
    surface = model(grid)
    assert surface.shape == (3, 4)
    assert surface[1, 2] == pytest.approx(model([grid[0][1, 2], grid[1][1, 2]]).data, rel=1e-14)
    np.testing.assert_array_equal(model([grid[0], 0.5]), model([grid[0], np.full((3, 4), 0.5)]))
    np.testing.assert_array_equal(model([np.arange(3), 0.5]), model([np.arange(3.0), 0.5]))


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.int8, np.uint8, np.bool_])
@pytest.mark.parametrize("name", MODELS)
def test_columns_of_any_kind_are_computed_in_the_floats_of_values(name: str, kind: type) -> None:
    X = np.random.default_rng(5).normal(0.0, 30.0, size=(7, 3)).clip(0, 99).astype(kind)
    got, expected = (MODELS[name]()(list(columns)) for columns in (X.T, X.T.astype(float)))
    assert np.asarray(got).dtype == np.float64
    np.testing.assert_array_equal(got, expected)


class Louder(nn.Neuron):
    """A neuron of a user's own."""

    def weigh(self, xs: Any) -> Any:
        return super().weigh(xs) * 100.0


class Shifted(nn.Neuron):
    """Another one."""

    def fire(self, xs: Any) -> Any:
        return super().fire(xs) + 1.0


@pytest.mark.parametrize("kind", [Louder, Shifted])
def test_a_neuron_of_ones_own_in_a_layer_answers_columns_as_it_answers_rows(kind: type[nn.Neuron]) -> None:
    model, X = nn.MLP(2, [3, 1], "tanh"), np.random.default_rng(0).normal(size=(5, 2))
    model.layers[0].neurons[1] = kind(2, "tanh", rng=1)
    np.testing.assert_allclose(nn.predict(model, X), [model(row).data for row in X.tolist()], rtol=1e-13)


def test_an_array_of_one_axis_is_a_row() -> None:
    model = nn.MLP(2, [3, 1])
    assert model(np.array([1.0, 2.0])).data == model([1, 2.0]).data == model((Value(1.0), np.float32(2.0))).data


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_neuron_is_a_dot_gate_and_its_activations_gate(activation: str) -> None:
    out = nn.Neuron(2, activation, init=lambda nin, nout, rng: [[0.3, 0.2]])([1.0, 2.0])
    gates = [node.gate for node in order(out) if node.gate]
    assert gates[0] is GATES["dot"]
    assert [gate.family or gate.name for gate in gates[1:]] == ([] if activation == "linear" else [activation])


def test_activations_are_the_functions_of_one_number() -> None:
    assert {"relu", "tanh", "sigmoid", "arctan", "softplus", "leaky_relu", "elu", "abs", "sin", "step"} < set(
        ACTIVATIONS
    )
    assert all(ACTIVATIONS[name] is getattr(functions, name) for name in ACTIVATIONS if name != "linear")
    assert {gate.name for gate in GATES.values() if gate.arity == 1 and not gate.family} <= set(ACTIVATIONS)
    assert {gate.family for gate in GATES.values() if gate.family} - set(ACTIVATIONS) == {"pow"}


def test_a_function_as_activation_is_known_by_its_name_if_it_is_one_of_ours() -> None:
    assert activation_of(functions.tanh).name == "tanh"
    assert activation_of(functions.tanh).is_named
    assert not activation_of(lambda x: x * 2).is_named
    assert nn.Neuron(1, lambda z: z * z, init="zeros", rng=0)([1.0]).data == 0.0

    def relu(x: Any) -> Any:
        return -x

    assert not activation_of(relu).is_named  # whatever it is called


def test_softmax_as_output_gives_probabilities_that_learn() -> None:
    model = nn.MLP(2, [4, 3], "tanh", output="softmax")
    model.layers[-1].neurons[0].b.data = 900.0  # far beyond what exp can hold
    assert math.fsum(numbers(model([1.0, -1.0]))) == pytest.approx(1.0, rel=1e-15)
    p = MODELS["layer of softmax"]()([0.1, 0.2, 0.3])
    assert min(numbers(p)) > 0
    assert check_gradients(p[1], raises=True)


def test_an_activation_that_is_written_is_what_the_layer_does_and_says() -> None:
    X = np.random.default_rng(0).normal(size=(5, 2))
    for chosen in ("tanh", functions.tanh, activation_of("tanh"), "softmax", functions.softmax, lambda z: z * z):
        model, made = nn.MLP(2, [3, 1], rng=0), nn.Layer(2, 3, chosen, rng=0)
        made.load_state_dict(model.layers[0].state_dict())
        model.layers[0].activation = chosen
        assert nn.predict(model.layers[0], X).tolist() == nn.predict(made, X).tolist()
        assert nn.predict(model.layers[0], X).tolist() != nn.predict(nn.MLP(2, [3, 1], rng=0).layers[0], X).tolist()
        assert repr(model.layers[0]) == repr(made)
        assert model.layers[0].activation == made.activation
        model.layers[0].activation = "relu"
        assert nn.predict(model, X).tolist() == nn.predict(nn.MLP(2, [3, 1], rng=0), X).tolist()


def test_a_layer_says_what_its_neurons_do_and_that_they_differ() -> None:
    model = nn.MLP(2, [2, 2], rng=0)
    for neuron in model.layers[0].neurons:
        neuron.activation = "tanh"
    assert repr(model) == "MLP(2, [2, 2], 'tanh', 'linear')"
    assert model.layers[0].activation.name == model.layers[0].ends_in == "tanh"
    model.layers[0].neurons[1].activation = "relu"
    assert repr(model) == "MLP(Layer(2, 2, of several activations), Layer(2, 2, 'linear'))"
    assert model.layers[0].ends_in is None
    with pytest.raises(ValueError, match=r"the neurons of Layer\(2, 2, of several .* layer.neurons\[0\].activation"):
        _ = model.layers[0].activation
    model.layers[1].activation = "softmax"
    model.layers[1].neurons[0].activation = "tanh"  # softmax of one tanh and one plain sum has no name
    assert model.layers[1].ends_in is None


def test_a_function_called_softmax_is_what_it_does() -> None:
    def softmax(z: Any) -> Any:
        return z + 1.0

    assert not activation_of(softmax).is_named
    layer = nn.Layer(1, 2, softmax, init="zeros")
    assert numbers(layer([3.0])) == [1.0, 1.0]
    assert layer.architecture() is None


def test_maxout_is_the_largest_of_its_pieces() -> None:
    layer = shaken(nn.Maxout(2, 3, 4, rng=1))
    state, x = layer.state_dict(), np.array([0.4, -1.3])
    assert state["weight"].shape == (3, 4, 2)
    assert numbers(layer(x)) == pytest.approx((state["weight"] @ x + state["bias"]).max(axis=1), rel=1e-14)
    convex = nn.Maxout(1, 1, 2, init=lambda nin, nout, rng: [[1.0], [-1.0]])
    assert [convex([x]).data for x in (-2.0, 0.0, 3.0)] == [2.0, 0.0, 3.0]


def test_one_output_is_bare_and_several_are_a_list() -> None:
    assert isinstance(nn.Layer(2, 1)([1, 2]), Value)
    assert [type(out) for out in nn.Layer(2, 2)([1, 2])] == [Value, Value]
    assert isinstance(nn.MLP(2, [3, 1, 1, 2, 1])([1, 2]), Value)
    assert nn.Layer(1, 1, "linear", rng=0)(Value(2.0)).data == nn.Layer(1, 1, "linear", rng=0)([2.0]).data


def test_inputs_that_are_raw_numbers_become_one_constant_each() -> None:
    leaves = [node for node in order(nn.MLP(2, [3, 1])([1.0, 2.0])) if node.gate is None]
    assert [leaf.data for leaf in leaves if leaf.is_constant] == [1.0, 2.0]
    assert len(leaves) == 2 + 13


def test_under_no_grad_nothing_is_recorded() -> None:
    model = nn.MLP(2, [3, 2], output="softmax")
    with no_grad():
        assert all(out.gate is None for out in model([1.0, 2.0]))


# ------------------------------------------------------------------------------------------------------ labels, parts


def labels(model: Module) -> list[str]:
    return [p.label for p in model.parameters()]


def test_labels_are_paths_that_begin_where_the_module_stands() -> None:
    assert labels(nn.Neuron(2)) == ["w0", "w1", "b"]
    layer = nn.Layer(1, 2)
    assert labels(layer) == ["neuron0/w0", "neuron0/b", "neuron1/w0", "neuron1/b"]
    model = nn.Sequential(nn.Layer(2, 1), layer)
    assert labels(model) == [
        *("layer1/neuron0/w0", "layer1/neuron0/w1", "layer1/neuron0/b"),
        *("layer2/neuron0/w0", "layer2/neuron0/b", "layer2/neuron1/w0", "layer2/neuron1/b"),
    ]
    assert labels(nn.Maxout(1, 1)) == [f"neuron0/piece{i}/{name}" for i in range(2) for name in ("w0", "b")]
    assert labels(nn.Sequential(nn.Sequential(nn.Neuron(1)), nn.Neuron(1)))[::2] == ["layer1/layer1/w0", "layer2/w0"]
    assert [name for name, _ in model.named_parameters()] == labels(model)


def test_parameters_stand_in_micrograds_order() -> None:
    model = nn.MLP(2, [3, 1])
    by_hand = [p for layer in model.layers for neuron in layer.neurons for p in (*neuron.w, neuron.b)]
    assert model.parameters() == by_hand
    assert len(by_hand) == 13


@pytest.mark.parametrize("output", ["linear", "softmax", "tanh"])
def test_a_network_folds_into_its_layers_by_itself(output: str) -> None:
    model = nn.MLP(2, [12, 12, 2], output=output)
    loss = sum(nn.nll(model([0.1 * i, 1.0]), i % 2) for i in range(8)) * (1 / 8) + 1e-4 * nn.l2(model)
    loss.label = "loss"
    shown = folded(loss)
    parts = [part.name for part in shown.parts]
    assert parts[:3] == ["layer1", "layer2", "layer3"]
    assert {unit.name for unit in shown.units} == {
        f"layer{i}/neuron{j}" for i, n in ((1, 12), (2, 12), (3, 2)) for j in range(n)
    }
    assert "layer2" in draw(loss).svg


def test_dropout_and_maxout_fold_as_layers_too() -> None:
    model = nn.Sequential(nn.Maxout(2, 9, 3), nn.Dropout(0.5), nn.Layer(9, 9), nn.Layer(9, 1, "linear"))
    loss = sum(nn.hinge(model([0.1 * i, 1.0]), 1) for i in range(9))
    assert [part.name for part in folded(loss).parts][:4] == ["layer1", "layer2", "layer3", "layer4"]


def test_a_model_can_be_copied_and_pickled() -> None:
    model = golden_network()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.state_dict().keys() == model.state_dict().keys()
        assert twin([0.4, 0.2, 0.2]).data == model([0.4, 0.2, 0.2]).data
        assert set(twin.parameters()).isdisjoint(model.parameters())
        assert twin.parameters()[0] is twin.layers[0].neurons[0].w[0]


def test_a_model_says_how_it_was_made() -> None:
    texts = [
        "MLP(2, [16, 16, 1], 'relu', 'linear')",
        "MLP(2, [3, 3, 2], ['tanh', 'relu'], 'softmax')",
        "Sequential(Layer(2, 3, 'relu'), Dropout(0.25), Maxout(3, 2, 2), Neuron(2, 'step'))",
    ]
    assert [repr(eval(text, vars(nn).copy())) for text in texts] == texts
    odd = nn.MLP(2, [3, 1])
    odd.layers.insert(1, nn.Dropout(0.5))
    assert repr(odd) == "MLP(Layer(2, 3, 'relu'), Dropout(0.5), Layer(3, 1, 'linear'))"


# ------------------------------------------------------------------------------------------------------------- dropout


def test_dropout_acts_in_training_only() -> None:
    drop = nn.Dropout(0.5, rng=0)
    xs = [Value(float(i)) for i in range(1, 9)]
    assert {out.data / x.data for x, out in zip(xs, drop(xs))} == {0.0, 2.0}
    assert drop.eval()(xs) == xs
    assert nn.Sequential(drop).train()(xs) != xs


def test_dropout_keeps_the_mean_and_drops_with_its_probability() -> None:
    factors = nn.Dropout(0.2, rng=1).factors(2000, 5)
    assert set(factors.ravel().tolist()) == {0.0, 1.25}
    assert (factors == 0).mean() == pytest.approx(0.2, abs=0.02)
    assert (nn.Dropout(0.0).factors(3, 3) == 1.0).all()


@pytest.mark.parametrize("rows", [[7], [1] * 7, [3, 4], [0, 7]])
def test_dropout_draws_the_same_stream_row_by_row_and_at_once(rows: list[int]) -> None:
    drop = nn.Dropout(0.5, rng=3)
    drawn = np.concatenate([drop.factors(n, 4) for n in rows])
    np.testing.assert_array_equal(drawn, nn.Dropout(0.5, rng=3).factors(7, 4))


def test_dropout_treats_columns_as_it_treats_their_rows() -> None:
    X = np.random.default_rng(0).normal(size=(6, 3))
    by_row, at_once = nn.Dropout(0.5, rng=3), nn.Dropout(0.5, rng=3)
    np.testing.assert_array_equal([numbers(by_row(row)) for row in X], np.transpose(at_once(list(X.T))))


def test_given_factors_are_used_instead_of_drawn_ones() -> None:
    drop, factor = nn.Dropout(0.5, rng=0), Value(0.0)
    with drop.given([factor, 3.0]):
        first, second = drop([2.0, 5.0])
        assert drop.parameters() == []  # the factors are none of its own
    assert (first.data, second.data) == (0.0, 15.0)
    first.backward()
    assert factor.grad == 2.0
    np.testing.assert_array_equal(drop.factors(1, 4), nn.Dropout(0.5, rng=0).factors(1, 4))  # nothing was drawn
    with pytest.raises(ValueError, match="a dropout has 3 inputs, but was given 2 factors"), drop.given([1.0, 1.0]):
        drop([1.0, 2.0, 3.0])


def test_a_watched_dropout_notes_its_calls_and_draws_nothing() -> None:
    drop, calls = nn.Dropout(0.5, rng=0), []
    with drop.watched(calls):
        assert numbers(drop([2.0, 5.0])) == [2.0, 5.0]
        drop.eval()([1.0])
        drop.train()([1.0])
    assert calls == [(drop, 2), (drop, 1)]
    np.testing.assert_array_equal(drop.factors(1, 4), nn.Dropout(0.5, rng=0).factors(1, 4))
    with pytest.raises(TypeError), drop.watched(calls):
        drop(["a"])
    assert drop([1.0] * 8) != [1.0] * 8  # it acts again
    assert len(calls) == 2


def test_dropouts_of_one_network_drop_differently_and_alike_in_every_run() -> None:
    def masks() -> list[list[float]]:
        model = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5))
        return [layer.factors(1, 30).tolist()[0] for layer in model.layers]

    first, second = masks()
    assert first != second
    assert masks() == [first, second]


# --------------------------------------------------------------------------------------------------------- randomness


def weights(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


def test_seeds_make_models_repeat() -> None:
    assert weights(nn.MLP(2, [4, 1])) == weights(nn.MLP(2, [4, 1], rng=0))
    assert weights(nn.MLP(2, [4, 1])) == weights(nn.MLP(2, [4, 1], rng=np.random.default_rng(0)))
    assert weights(nn.MLP(2, [4, 1])) != weights(nn.MLP(2, [4, 1], rng=1))
    assert weights(nn.Layer(2, 4, rng=5)) == weights(nn.Layer(2, 4, rng=np.int64(5)))


def test_neurons_made_one_by_one_differ_and_repeat_with_pythons_random() -> None:
    def made() -> list[list[float]]:
        random.seed(7)
        return [weights(nn.Neuron(3)), weights(nn.Neuron(3)), weights(nn.Layer(3, 1))]

    first = made()
    assert first[0] != first[1] != first[2]
    assert made() == first


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.integers(0, 2**32))
@settings(max_examples=25)
def test_networks_of_any_sizes_work(sizes: list[int], seed: int) -> None:
    nin, *nouts = sizes
    model = nn.MLP(nin, nouts, "tanh", rng=seed)
    assert len(model.parameters()) == sum(n * (m + 1) for m, n in zip(sizes, nouts))
    outputs = model([0.5] * nin)
    assert isinstance(outputs, Value) if nouts[-1] == 1 else len(outputs) == nouts[-1]
    sum(outputs if isinstance(outputs, list) else [outputs]).backward()
    assert any(p.grad for p in model.parameters())


# ------------------------------------------------------------------------------------------------------ what is refused

REFUSED = [
    (lambda: nn.MLP(2, [16, 1])([1.0, 2.0, 3.0]), ValueError, r"layer1 \(layer of 16 neurons\) takes 2 inputs, got 3"),
    (lambda: nn.Layer(2, 1)([1.0]), ValueError, "a layer of 1 neuron takes 2 inputs, got 1"),
    (lambda: nn.Neuron(1)([]), ValueError, "a neuron takes 1 input, got 0"),
    (lambda: nn.Maxout(1, 2)([1.0, 2.0]), ValueError, "a maxout layer of 2 units takes 1 input, got 2"),
    (lambda: nn.Maxout(1, 2).neurons[0]([1.0, 2.0]), ValueError, r"neuron0 \(maxout unit\) takes 1 input, got 2"),
    (lambda: nn.MLP(2, [1]).layers[0].neurons[0]([1.0]), ValueError, r"layer1/neuron0 \(neuron\) takes 2 inputs"),
    (lambda: nn.MLP(2, [1])(np.ones((2, 2))), ValueError, r"takes a row, or columns: .*predict\(model, X\)"),
    (lambda: nn.MLP(2, [1])("ab"), TypeError, "takes a list of numbers, got str"),
    (lambda: nn.MLP(2, [1])(None), TypeError, "takes a list of numbers, got NoneType"),
    (lambda: nn.MLP(2, [1])({1.0, 2.0}), TypeError, "takes a list of numbers, got set"),
    (lambda: nn.MLP(2, [1])({"x": 1.0, "y": 2.0}), TypeError, "takes a list of numbers, got dict"),
    (lambda: nn.MLP(2, [1])({1.0: 0, 2.0: 0}.keys()), TypeError, "takes a list of numbers, got dict_keys"),
    (lambda: nn.MLP(2, [1])(b"ab"), TypeError, "takes a list of numbers, got bytes"),
    (lambda: nn.Neuron(2)([Value(1.0), np.ones(3)]), TypeError, "takes Values, or columns of numbers, got both"),
    (lambda: nn.MLP(2, None), TypeError, r"nouts is a list of layer sizes such as \[16, 16, 1\], got None"),
    (lambda: nn.MLP(2, [1])(["a", "b"]), TypeError, "a Value holds one real number .*, got str 'a'"),
    (lambda: nn.Layer(0, 1), ValueError, "Layer needs nin >= 1, got nin = 0"),
    (lambda: nn.Layer(2, 0), ValueError, "Layer needs nout >= 1, got nout = 0"),
    (lambda: nn.Neuron(-1), ValueError, "Neuron needs nin >= 1, got nin = -1"),
    (lambda: nn.Neuron(True), TypeError, "Neuron needs a whole number for nin, got bool True"),
    (lambda: nn.Layer(2, 3.0), TypeError, "Layer needs a whole number for nout, got float 3.0"),
    (lambda: nn.Maxout(2, 3, 0), ValueError, "Maxout needs pieces >= 1, got pieces = 0"),
    (lambda: nn.MLP(2, [3, 0, 1]), ValueError, "Layer needs nout >= 1, got nout = 0"),
    (lambda: nn.MLP(2, []), ValueError, "MLP needs at least one layer, got none"),
    (lambda: nn.MLP(2, 3), TypeError, r"nouts is a list of layer sizes such as \[16, 16, 1\], got 3"),
    (lambda: nn.MLP(2, "31"), TypeError, "nouts is a list of layer sizes"),
    (lambda: nn.Layer(2, 3, "rely"), ValueError, "unknown activation 'rely': did you mean 'relu'"),
    (lambda: nn.Layer(2, 3, "ReLU"), ValueError, "unknown activation 'ReLU': did you mean 'relu'"),
    (lambda: nn.Layer(2, 3, "qqq"), ValueError, "unknown activation 'qqq': known are linear, .*or give a function"),
    (lambda: nn.Layer(2, 3, "pow"), ValueError, "unknown activation 'pow'"),
    (lambda: nn.Layer(2, 3, 3), TypeError, "an activation is a name or a function, got int 3"),
    (lambda: nn.Neuron(2, "softmax"), ValueError, "softmax acts on all outputs of a layer"),
    (lambda: nn.Layer(2, 1, "softmax"), ValueError, "softmax of one output is always 1"),
    (lambda: setattr(nn.Layer(2, 1), "activation", "softmax"), ValueError, "softmax of one output is always 1"),
    (lambda: setattr(nn.Layer(2, 1), "activation", "tahn"), ValueError, "unknown activation 'tahn'"),
    (lambda: setattr(nn.Neuron(2), "activation", "softmax"), ValueError, "softmax acts on all outputs of a layer"),
    (
        lambda: nn.Neuron(1)([np.ma.array([1.0, -999.0], mask=[0, 1])]),
        ValueError,
        "a column for a neuron is a masked array with 1 of its 2 numbers masked: fill them",
    ),
    (lambda: nn.MLP(2, [3, 3, 1], ["relu"]), ValueError, "one for each of 2 hidden layers, got 1"),
    (lambda: nn.Sequential(), ValueError, "Sequential needs at least one layer, got none"),
    (lambda: nn.Sequential(nn.Layer(2, 3), math.tanh), TypeError, "layer2 is no module, got .*belongs to its layer"),
    (lambda: nn.Sequential([nn.Layer(2, 3)]), TypeError, "layer1 is no module, got list"),
    (
        lambda: nn.Sequential(nn.Layer(2, 3), nn.Dropout(0.5), nn.Layer(4, 1)),
        ValueError,
        "layer3 takes 4 inputs, but layer1 gives 3",
    ),
    (lambda: nn.Dropout(1.0), ValueError, "Dropout needs p >= 0 and p < 1, got p = 1.0"),
    (lambda: nn.Dropout(math.nan), ValueError, "Dropout needs p >= 0 and p < 1, got p = nan"),
    (lambda: nn.Dropout("a"), TypeError, "Dropout needs a number for p, got str 'a'"),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED, ids=[words[:40] for _, _, words in REFUSED])
def test_a_refusal_names_the_rule_and_what_was_given(call: Callable[[], Any], kind: type, words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
