"""Modules: their parts and parameters, their state as arrays, and the files that keep it."""

import io
import json
import math
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value, functions
from nn.module import Module

SUFFIXES = (".npz", ".json")
MODELS: dict[str, Callable[[int], Module]] = {
    "neuron": lambda seed: nn.Neuron(3, "tanh", rng=seed),
    "layer": lambda seed: nn.Layer(3, 2, "sigmoid", rng=seed),
    "mlp": lambda seed: nn.MLP(3, [4, 1, 2], ["elu", "relu"], output="softmax", rng=seed),
    "sequential": lambda seed: nn.Sequential(
        nn.Maxout(3, 4, 3, rng=seed), nn.Dropout(0.25), nn.MLP(4, [2, 2], rng=seed)
    ),
}


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


class Curve(Module):
    """A module of a user's own: numbers, lists of them, a part, and things that are no parameters."""

    def __init__(self) -> None:
        self.title = "curve"
        self.head = nn.Layer(2, 2, "tanh", rng=1)
        self.scale = Value(3.0)
        self.knots = [Value(1.0), [Value(2.0), Value(4.0)]]
        self.tail = (nn.Neuron(2, rng=2), nn.Neuron(2, rng=3))
        self.shared = self.tail[0]
        self.last = self.scale * 2  # computed, so no parameter
        self.relabel()

    def __call__(self, x: Any) -> Value:
        h = self.head(x)
        return self.scale * (self.tail[0](h) + self.tail[1](h)) + sum([self.knots[0], *self.knots[1]])


def tied(seed: int) -> nn.MLP:
    """Return a network that uses two weights in both of its layers."""
    model = nn.MLP(2, [2, 2], rng=seed)
    model.layers[1].neurons[0].w = model.layers[0].neurons[0].w
    return model


# --------------------------------------------------------------------------------------------------- parts, parameters


def test_a_module_of_ones_own_finds_its_parts_and_parameters() -> None:
    curve = Curve()
    names = [name for name, _ in curve.named_parameters()]
    assert names == [
        *("scale", "knots0", "knots1_0", "knots1_1"),
        *(f"head/neuron{i}/{w}" for i in (0, 1) for w in ("w0", "w1", "b")),
        *(f"tail{i}/{w}" for i in (0, 1) for w in ("w0", "w1", "b")),
    ]
    assert [p.label for p in curve.parameters()] == names
    assert len(set(curve.parameters())) == len(names)
    assert [path for path, _ in curve.named_modules()] == ["", "head", "head/neuron0", "head/neuron1", "tail0", "tail1"]
    assert curve([1.0, 2.0]).gate is not None


def test_a_module_without_parameters_or_call_says_so() -> None:
    assert Module().parameters() == []
    with pytest.raises(NotImplementedError, match="Module has no __call__ yet"):
        Module()([1.0])


def test_a_module_that_holds_its_owner_is_walked_once() -> None:
    layer = nn.Layer(1, 1)
    layer.owner = nn.Sequential(layer)  # type: ignore[attr-defined]
    assert len(layer.parameters()) == len(layer.owner.parameters()) == 2


def test_a_tower_of_modules_is_walked_without_recursion() -> None:
    model: Module = nn.Neuron(1)
    for _ in range(3_000):
        outer = Module()
        outer.inner = model  # type: ignore[attr-defined]
        model = outer
    assert len(model.parameters()) == 2
    assert model.eval().inner.training is False  # type: ignore[attr-defined]
    while vars(model).get("inner"):  # else freeing it would be the recursion
        model = vars(model).pop("inner")


def test_zero_grad_clears_every_gradient() -> None:
    model = nn.MLP(2, [3, 1])
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 13


def test_zero_grad_clears_what_parameters_returns() -> None:
    outside = Value(1.0)

    class Odd(Module):
        def parameters(self) -> list[Value]:
            return [outside]

    (outside * 3).backward()
    Odd().zero_grad()
    assert outside.grad == 0.0


def test_train_and_eval_reach_every_part() -> None:
    model = nn.Sequential(nn.Sequential(nn.Dropout(0.5)), nn.Layer(2, 2))
    assert all(part.training for _, part in model.named_modules())
    assert model.eval() is model
    assert not any(part.training for _, part in model.named_modules())
    assert all(part.training for _, part in model.train().named_modules())


def test_weights_are_the_parameters_that_are_no_biases() -> None:
    model = MODELS["sequential"](0)
    names = [name for name, p in model.named_parameters() if p not in set(model.weights())]
    assert names
    assert all(name.endswith("/b") for name in names)
    assert sum(name.endswith("/b") for name, _ in model.named_parameters()) == len(names)


def test_a_summary_counts_what_is_there() -> None:
    lines = nn.Sequential(nn.Layer(2, 16), nn.Dropout(0.5), nn.Layer(16, 1, "linear")).summary().splitlines()
    assert lines == [
        "part    what                    arrays                  parameters",
        "layer1  Layer(2, 16, 'relu')    weight 16 × 2, bias 16          48",
        "layer2  Dropout(0.5)            none                             0",
        "layer3  Layer(16, 1, 'linear')  weight 1 × 16, bias 1           17",
        "total                                                           65",
    ]
    assert " ".join(nn.Neuron(2).summary().splitlines()[1].split()) == "model Neuron(2, 'relu') weight 2, bias () 3"


class Table(Module):
    """A module whose parts and numbers stand in dictionaries."""

    def __init__(self, names: tuple[str, ...] = ("b", "a")) -> None:
        self.parts: dict[Any, Any] = {name: nn.Layer(2, 1, rng=i) for i, name in enumerate(names)}
        self.scales = {"one": Value(1.0), "more": [Value(2.0), Value(3.0)], "title": "table"}
        self.relabel()


def test_parts_and_parameters_in_dictionaries_are_found_by_their_keys_in_the_order_they_were_put_in() -> None:
    table = Table()
    assert [p.label for p in table.parameters()] == [
        *("scales/one", "scales/more0", "scales/more1"),
        *(f"parts/{key}/neuron0/{w}" for key in "ba" for w in ("w0", "w1", "b")),
    ]
    assert [name for name, _ in table.named_parameters()] == [p.label for p in table.parameters()]
    assert {key: array.shape for key, array in table.state_dict().items()} == {
        "scales.one": (),
        "scales.more": (2,),
        **{f"parts.{key}.{name}": shape for key in "ba" for name, shape in (("weight", (1, 2)), ("bias", (1,)))},
    }
    other = Table(("a", "b"))  # what was put in first does not matter to a state
    other.load_state_dict(table.state_dict())
    assert numbers(other.parts["a"]) == numbers(table.parts["a"])
    assert table.eval().parts["a"].training is False


def test_two_arrays_of_one_name_are_refused_rather_than_one_lost() -> None:
    class Twice(Module):
        def __init__(self) -> None:
            self.tail0, self.tail = nn.Neuron(1), [nn.Neuron(1)]

    with pytest.raises(ValueError, match=r"two arrays of this model would be called 'tail0.weight': rename one"):
        Twice().state_dict()


def test_a_parameter_that_no_array_would_tell_of_is_refused_rather_than_lost(tmp_path: Path) -> None:
    for name, find in (("layer1/gain", lambda layer: layer), ("layer1/neuron1/gain", lambda layer: layer.neurons[1])):
        model = nn.MLP(2, [2, 1])
        find(model.layers[0]).gain = Value(2.0)
        words = f"{name} is in no array of its layer, so a state would lack it"
        with pytest.raises(ValueError, match=words):
            model.state_dict()
        with pytest.raises(ValueError, match=words):
            model.save(tmp_path / "m.npz")
    assert not list(tmp_path.iterdir())


# --------------------------------------------------------------------------------------------------------------- state


def test_a_state_has_torchs_names_shapes_and_numbers() -> None:
    model = nn.MLP(2, [3, 1])
    state = model.state_dict()
    assert {key: array.shape for key, array in state.items()} == {
        "layer1.weight": (3, 2),
        "layer1.bias": (3,),
        "layer2.weight": (1, 3),
        "layer2.bias": (1,),
    }
    assert all(array.dtype == np.float64 for array in state.values())
    assert state["layer1.weight"][2].tolist() == [w.data for w in model.layers[0].neurons[2].w]
    state["layer1.weight"][:] = 0.0
    assert any(w.data for w in model.layers[0].neurons[2].w)  # it is a copy


def test_a_module_of_ones_own_has_a_state_too() -> None:
    curve = Curve()
    state = curve.state_dict()
    assert {key: array.shape for key, array in state.items()} == {
        "scale": (),
        "knots": (3,),
        "head.weight": (2, 2),
        "head.bias": (2,),
        **{f"tail{i}.{name}": shape for i in (0, 1) for name, shape in (("weight", (2,)), ("bias", ()))},
    }
    state["knots"] += 1.0
    curve.load_state_dict(state)
    assert [p.data for p in curve.parameters()[:4]] == [3.0, 2.0, 3.0, 5.0]


@pytest.mark.parametrize("name", MODELS)
def test_a_state_makes_another_model_the_same(name: str) -> None:
    model, other = MODELS[name](1), MODELS[name](2)
    assert numbers(other) != numbers(model)
    other.load_state_dict(dict(reversed(model.state_dict().items())))
    assert numbers(other) == numbers(model)


def test_a_state_from_torch_is_taken_with_its_own_keys() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    assert list(theirs.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    model = nn.MLP(2, [3, 1])
    model.load_state_dict(theirs.state_dict())
    expected = [x for p in (theirs[0], theirs[2]) for x in torch.cat([p.weight, p.bias[:, None]], 1).ravel().tolist()]
    assert numbers(model) == expected
    x = torch.tensor([0.3, -0.8], dtype=torch.float64)
    assert model(x).data == pytest.approx(theirs.double()(x).item(), abs=1e-12)
    model.load_state_dict(dict(theirs.bfloat16().named_parameters()))  # with gradients, of a type NumPy lacks
    layer = nn.Layer(2, 3)
    layer.load_state_dict(theirs[0].state_dict())
    with pytest.raises(ValueError, match=r"layer2.weight \('2.weight'\): the model needs shape 1 × 4, got 1 × 3"):
        nn.MLP(2, [3, 4, 1][1:]).load_state_dict(
            {**theirs.state_dict(), "0.weight": np.ones((4, 2)), "0.bias": [0] * 4}
        )


def test_a_state_of_masked_numbers_is_refused() -> None:
    masked = np.ma.array([[1.0, -999.0]], mask=[[0, 1]])
    with pytest.raises(ValueError, match="weight is a masked array with 1 of its 2 numbers masked"):
        nn.Neuron(2).load_state_dict({"weight": masked[0], "bias": 0.0})


def test_a_state_may_be_lists_of_numbers() -> None:
    layer = nn.Layer(2, 1)
    layer.load_state_dict({"weight": [[1, 2.5]], "bias": np.array([3], dtype=np.float32)})
    assert numbers(layer) == [1.0, 2.5, 3.0]


FULL = {"layer1.weight": [[1, 2], [3, 4]], "layer1.bias": [5, 6], "layer2.weight": [[7, 8]], "layer2.bias": [9]}


def changed(**arrays: Any) -> dict[str, Any]:
    """Return the full state with layer2's arrays replaced."""
    return {**FULL, **{f"layer2.{name}": array for name, array in arrays.items()}}


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ({}, ValueError, "the model has 4 arrays, the state 0"),
        (changed(weight=[[1, 2, 3]]), ValueError, "layer2.weight: the model needs shape 1 × 2, got 1 × 3"),
        (changed(weight=[1, 2]), ValueError, "layer2.weight: the model needs shape 1 × 2, got 2"),
        (changed(bias=9), ValueError, r"layer2.bias: the model needs shape 1, got \(\)"),
        (changed(weight=[[1, 2], [3]]), ValueError, "layer2.weight is no array of numbers"),
        (changed(bias=["9"]), ValueError, "layer2.bias is no array of numbers, its type is <U1"),
        (changed(bias=[None]), ValueError, "layer2.bias is no array of numbers, its type is object"),
        (changed(bias=[1j]), ValueError, "its type is complex128"),
        (changed(bias=[Value(1.0)]), ValueError, "layer2.bias is no array of numbers"),
        (changed(weight=[[1, math.nan]]), ValueError, r"layer2.weight must be finite, got nan at \[0, 1\]"),
        (changed(bias=[-math.inf]), ValueError, r"layer2.bias must be finite, got -inf at \[0\]"),
        ({**FULL, "extra": [1]}, ValueError, "the model has 4 arrays, the state 5; unknown: extra"),
        (
            {key: FULL[key] for key in list(FULL)[:3]},
            ValueError,
            "the model has 4 arrays, the state 3; it lacks layer2.bias",
        ),
        (
            {**{key: FULL[key] for key in list(FULL)[:3]}, "typo": [9]},
            ValueError,
            "it lacks layer2.bias; unknown: typo",
        ),
        (
            {"0.weight": FULL["layer1.weight"], "0.bias": [1, 2], "1.bias": [1], "1.weight": [[1, 2]]},
            ValueError,
            "the model needs layer2.weight, the state has '1.bias' in its place",
        ),
        ([1, 2], TypeError, "a state is a dictionary of arrays, got list"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(state: Any, kind: type, words: str) -> None:
    model = nn.MLP(2, [2, 1])
    before = numbers(model)
    with pytest.raises(kind, match=words) as caught:
        model.load_state_dict(state)
    assert "\n" not in str(caught.value)
    assert numbers(model) == before
    model.load_state_dict(FULL)
    assert numbers(model) == [1.0, 2.0, 5.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0]


@pytest.mark.parametrize(
    ("intruder", "words"),
    [
        (Value(1.0, "u") * 2, "layer1.weight is made of parameters, but holds a number that the gate mul computes"),
        (1.5, r"layer1.weight is made of Values, but holds float 1.5: put Value\(…\) there"),
    ],
)
def test_what_stands_where_a_parameter_should_is_refused_before_anything_changes(
    intruder: Any, words: str, tmp_path: Path
) -> None:
    model = nn.MLP(2, [3, 1])
    state = {key: array + 1.0 for key, array in model.state_dict().items()}
    model.layers[0].neurons[2].w[1] = intruder
    before = [p.data for p in model.layers[0].neurons[0].w]
    for act in (
        lambda: model.load_state_dict(state),
        model.state_dict,
        lambda: model.save(tmp_path / "model.npz"),
    ):
        with pytest.raises(ValueError, match=words):
            act()
    assert [p.data for p in model.layers[0].neurons[0].w] == before
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------------------------------------------- files

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(st.lists(finite, min_size=13, max_size=13))
@settings(max_examples=15)
def test_a_file_keeps_every_bit(suffix: str, tmp_path_factory: pytest.TempPathFactory, data: list[float]) -> None:
    path = tmp_path_factory.getbasetemp() / f"bits{suffix}"
    model = nn.MLP(2, [3, 1])
    for p, x in zip(model.parameters(), data):
        p.data = x
    model.save(path)
    for other in (nn.MLP(2, [3, 1], rng=9), nn.load_model(path)):
        other.load(path)
        assert list(map(float.hex, numbers(other))) == list(map(float.hex, data))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_is_made_anew_and_predicts_the_same(name: str, suffix: str, tmp_path: Path) -> None:
    model = MODELS[name](3).eval()
    model.save(str(tmp_path / f"model{suffix}"))
    again = nn.load_model(tmp_path / f"model{suffix}").eval()
    assert type(again) is type(model)
    assert repr(again) == repr(model)
    assert [p.label for p in again.parameters()] == [p.label for p in model.parameters()]
    X = list(np.random.default_rng(0).normal(size=(3, 5)))
    np.testing.assert_array_equal(again(X), model(X))
    other = MODELS[name](4)
    other.load(tmp_path / f"model{suffix}")
    assert numbers(other) == numbers(model)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_model_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        nn.MLP(2, [3, 1]).save(tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_files_are_plain_data_that_others_can_read(tmp_path: Path) -> None:
    model = nn.MLP(2, [3, 1])
    model.save(tmp_path / "m.npz")
    model.save(tmp_path / "m.json")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as archive:
        header = json.loads(str(archive["gatewise"]))
        np.testing.assert_array_equal(archive["layer1.weight"], model.state_dict()["layer1.weight"])
    text = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert text.pop("state")["layer2.bias"] == [0.0]
    assert (
        text
        == header
        == {
            "format": "gatewise model",
            "version": 1,
            "architecture": {
                "kind": "MLP",
                "layers": [
                    {"kind": "Layer", "nin": 2, "nout": 3, "activation": "relu"},
                    {"kind": "Layer", "nin": 3, "nout": 1, "activation": "linear"},
                ],
            },
        }
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_model_that_names_do_not_describe_is_saved_but_not_made_anew(suffix: str, tmp_path: Path) -> None:
    class Own(nn.MLP):
        pass

    def mixed(seed: int) -> nn.MLP:
        model = nn.MLP(2, [3, 1], rng=seed)
        model.layers[0].neurons[1].activation = "tanh"
        return model

    def twice(seed: int) -> nn.Sequential:
        layer = nn.Layer(2, 2, rng=seed)
        return nn.Sequential(layer, layer)

    path = tmp_path / f"m{suffix}"
    for make in (
        mixed,
        twice,
        tied,
        lambda seed: nn.MLP(2, [3, 1], lambda x: functions.leaky_relu(x, 0.3), rng=seed),
        lambda seed: Own(2, [3, 1], rng=seed),
        lambda seed: nn.Sequential(nn.Layer(2, 2, rng=seed), Curve()),
    ):
        model, other = make(0), make(1)
        model.save(path)
        other.load(path)
        assert numbers(other) == numbers(model)
        with pytest.raises(ValueError, match="does not tell how its model is made: make the model, and call its load"):
            nn.load_model(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_saved_model_does_what_it_did_after_its_activations_were_changed(suffix: str, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(6, 2))
    each, whole = nn.MLP(2, [3, 1], rng=0), nn.MLP(2, [3, 1], rng=0)
    for neuron in each.layers[0].neurons:
        neuron.activation = "tanh"
    whole.layers[0].activation = "tanh"
    for model in (each, whole):
        model.save(tmp_path / f"m{suffix}")
        anew = nn.load_model(tmp_path / f"m{suffix}")
        assert nn.predict(anew, X).tolist() == nn.predict(model, X).tolist()
        assert nn.predict(anew, X).tolist() != nn.predict(nn.MLP(2, [3, 1], rng=0), X).tolist()
        assert repr(anew) == repr(model)


def test_shared_weights_stay_shared_and_are_not_given_two_numbers() -> None:
    model, untied = tied(0), nn.MLP(2, [2, 2], rng=1)
    before = numbers(model)
    with pytest.raises(ValueError, match=r"layer2.weight shares a Value .*for which the state has both"):
        model.load_state_dict(untied.state_dict())
    assert numbers(model) == before
    model.load_state_dict(tied(2).state_dict())
    assert model.layers[1].neurons[0].w[0] is model.layers[0].neurons[0].w[0]
    assert numbers(model) == numbers(tied(2))


def test_a_name_that_savez_would_take_for_its_own_is_kept(tmp_path: Path) -> None:
    class Odd(Module):
        def __init__(self) -> None:
            self.file, self.allow_pickle = Value(1.0), Value(2.0)

    odd = Odd()
    odd.save(tmp_path / "odd.npz")
    odd.file.data = 5.0
    odd.load(tmp_path / "odd.npz")
    assert numbers(odd) == [1.0, 2.0]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_failed_save_leaves_the_old_file_and_nothing_else(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, model = tmp_path / f"m{suffix}", nn.MLP(2, [3, 1])
    model.save(path)
    before = path.read_bytes()
    model.parameters()[3].data = math.nan
    with pytest.raises(ValueError, match=r"layer1.weight must be finite, got nan at \[1, 0\]"):
        model.save(path)
    model.parameters()[3].data = 1.0

    def full(*paths: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_save_through_a_link_changes_the_file_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "m.json", tmp_path / "there" / "real.json"
    target.touch()
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("this system makes no links for this user")
    nn.Neuron(1).save(link)
    assert link.is_symlink()
    assert nn.load_model(target).parameters()


def test_where_a_model_cannot_be_saved_is_told_before_anything_is_written(tmp_path: Path) -> None:
    model = nn.Neuron(1)
    with pytest.raises(FileNotFoundError, match=r"cannot save .*m.npz: there is no folder .*missing"):
        model.save(tmp_path / "missing" / "m.npz")
    for name in ("m.pkl", "m", "m.npz.gz"):
        with pytest.raises(ValueError, match=r"a model is saved as \.npz or \.json, got '.*m"):
            model.save(tmp_path / name)
        with pytest.raises(ValueError, match=r"a model is saved as \.npz or \.json"):
            model.load(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        model.load(tmp_path / "m.npz")


def test_suffixes_may_be_capitals(tmp_path: Path) -> None:
    nn.Neuron(1).save(tmp_path / "M.JSON")
    assert isinstance(nn.load_model(tmp_path / "M.JSON"), nn.Neuron)


# ------------------------------------------------------------------------------------------- files that do not belong


def document(**changes: Any) -> dict[str, Any]:
    """Return what a .json file of an MLP(2, [2, 1]) holds, with changes."""
    layers = [{"kind": "Layer", "nin": 2, "nout": n, "activation": f} for n, f in ((2, "relu"), (1, "linear"))]
    whole = {"format": "gatewise model", "version": 1, "architecture": {"kind": "MLP", "layers": layers}, "state": FULL}
    return {**whole, **changes}


def plan(**changes: Any) -> dict[str, Any]:
    """Return the same with a change to the plan of layer2."""
    whole = document()
    whole["architecture"]["layers"][1].update(changes)
    return whole


def without(name: str) -> dict[str, Any]:
    """Return the same without one of the facts of layer2."""
    whole = document()
    del whole["architecture"]["layers"][1][name]
    return whole


def as_npz(arrays: dict[str, Any], compress: bool = False) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compress else np.savez)(file, **arrays)
    return file.getvalue()


class Bomb:
    """What would betray itself if it were unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was loaded",)


HEADER = json.dumps({"format": "gatewise model", "version": 1, "architecture": None})
FOREIGN: dict[str, tuple[str, bytes, str]] = {
    "empty json": (".json", b"", "is no model that can be read"),
    "text": (".json", b"hello", "is no model that can be read"),
    "not utf-8": (".json", b"\xff\xfe{}", "is no model that can be read"),
    "a list": (".json", b"[1, 2]", "not in the format 'gatewise model'"),
    "deep": (".json", b"[" * 200_000, "is no model that can be read"),
    "another document": (".json", b'{"state": {}}', "not in the format 'gatewise model'"),
    "another version": (".json", json.dumps(document(version=2)).encode(), "version 2, this program reads version 1"),
    "a version in words": (".json", json.dumps(document(version="1")).encode(), "it is of version '1'"),
    "no architecture": (".json", json.dumps(document(architecture=3)).encode(), "architecture is not readable"),
    "nan": (".json", json.dumps(changed(bias=[math.nan])).encode(), "is no model that can be read"),
    "words": (".json", json.dumps(document(state=changed(bias=["9"]))).encode(), "layer2.bias is no array of numbers"),
    "huge": (".json", json.dumps(document(state=changed(bias=[10**400]))).encode(), "layer2.bias"),
    "empty npz": (".npz", b"", "is no model that can be read"),
    "no zip": (".npz", b"PK\x03\x04 and so on", "is no model that can be read"),
    "one array": (".npz", as_npz({"x": [1.0]}), "not in the format 'gatewise model'"),
    "a pickle": (".npz", pickle.dumps(Bomb()), "is no model that can be read"),
    "a pickle within": (".npz", as_npz({"gatewise": np.array(Bomb(), dtype=object)}), "is no model that can be read"),
    "words in an array": (".npz", as_npz({"gatewise": HEADER, "weight": ["a"]}), "weight is no array of numbers"),
    "a bomb": (".npz", as_npz({"gatewise": HEADER, "w": np.zeros(10**6)}, True), "entries are larger than itself"),
    "no header": (".npz", as_npz({"gatewise": 3.0}), "is no model that can be read|not in the format"),
}


def with_entry(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


FOREIGN["no array within"] = (".npz", with_entry("gatewise", b"{}"), "is no model that can be read|not in the format")
FOREIGN["a boast"] = (
    ".npz",
    with_entry(
        "gatewise.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,)}"
    ),
    "is no model that can be read",
)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_refused_in_one_line_that_names_it_and_the_reason(name: str, tmp_path: Path) -> None:
    suffix, content, words = FOREIGN[name]
    path, model = tmp_path / f"foreign{suffix}", nn.MLP(2, [2, 1])
    path.write_bytes(content)
    before = numbers(model)
    for load in (model.load, nn.load_model):
        with pytest.raises(ValueError, match=words) as caught:
            load(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert numbers(model) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (plan(activation="tanh"), "holds another architecture than MLP"),
        (plan(nin=3), "another architecture"),
        (document(architecture={"layers": 3, "nin": 2}), "another architecture"),
        (document(architecture={"layers": [1, 2]}), "another architecture"),
        (document(state=changed(weight=[[1, 2, 3]])), "layer2.weight: the model needs shape 1 × 2, got 1 × 3"),
        (document(state={}), "the model has 4 arrays, the state 0"),
        (document(state=changed(bias=[math.inf])), "layer2.bias must be finite, got inf"),
    ],
)
def test_a_file_of_another_model_is_refused_and_changes_nothing(content: Any, words: str, tmp_path: Path) -> None:
    path, model = tmp_path / "other.json", nn.MLP(2, [2, 1])
    path.write_text(json.dumps(content), encoding="utf-8")
    before = numbers(model)
    with pytest.raises(ValueError, match=words) as caught:
        model.load(path)
    assert str(caught.value).startswith(f"{path} does not fit: ")
    assert numbers(model) == before


def test_a_file_without_architecture_and_a_file_with_it_both_load(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    for content in (document(), document(architecture=None)):
        model = nn.MLP(2, [2, 1])
        path.write_text(json.dumps(content), encoding="utf-8")
        model.load(path)
        assert numbers(model) == [1.0, 2.0, 5.0, 3.0, 4.0, 6.0, 7.0, 8.0, 9.0]


@pytest.mark.parametrize(
    "content",
    [
        plan(kind="Bomb"),
        plan(kind="Module"),
        plan(kind=["Layer"]),
        plan(activation="rm -rf"),
        plan(activation=True, surplus=1),
        plan(nin=10**12),
        plan(nin=-2),
        plan(nin="2"),
        plan(nout=2.0),
        plan(layers=[3]),
        *[without(name) for name in ("kind", "nin", "nout", "activation")],
        document(architecture={}),
        document(architecture={"kind": "MLP"}),
        document(architecture={"kind": "MLP", "layers": []}),
        document(architecture={"kind": "MLP", "layers": {"a": 1}}),
        document(architecture={"kind": "Dropout", "p": 0.5}),
        document(state={}),
        document(state=changed(bias=[9, 9])),
    ],
    ids=lambda content: str(content["architecture"])[-60:],
)
def test_a_plan_that_makes_no_model_is_refused_in_one_line(content: Any, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match="holds no model that can be made: ") as caught:
        nn.load_model(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_an_editor_put_a_mark_in_front_of_is_read(tmp_path: Path) -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    path = tmp_path / "model.json"
    model.save(path)
    path.write_text(path.read_text("utf-8"), encoding="utf-8-sig")
    assert nn.load_model(path).state_dict().keys() == model.state_dict().keys()


def test_a_plan_that_boasts_is_refused_before_anything_of_its_size_is_made(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan(nin=3_000_000)), encoding="utf-8")
    with pytest.raises(ValueError, match="its architecture and its arrays do not agree"):
        nn.load_model(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(st.data())
@settings(max_examples=60)
def test_a_damaged_file_is_refused_or_fits_but_never_breaks(
    suffix: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    model = nn.MLP(2, [2, 1])
    model.save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    for load in (model.load, nn.load_model):
        error = refusal(load, path)
        assert not error or (str(path) in error and "\n" not in error)
    assert all(map(math.isfinite, numbers(model)))


def refusal(load: Callable[[Path], Any], path: Path) -> str:
    """Return the words of the ValueError that loading raises, nothing where it succeeds."""
    try:
        load(path)
    except ValueError as error:
        return str(error)
    return ""
