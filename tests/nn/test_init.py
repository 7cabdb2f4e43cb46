"""Initial weights: their spread, which rule is taken, seeds, and what is refused."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from nn.activations import ACTIVATIONS, activation_of
from nn.init import INITS, drawn, generator

NIN, NOUT = 400, 300


def sample(init: Any, activation: str = "linear", nin: int = NIN, nout: int = NOUT) -> Any:
    return drawn(init, activation_of(activation), nin, nout, np.random.default_rng(2))


# the variance of each rule, from the papers; of weights spread evenly over ±a it is a²/3
@pytest.mark.parametrize(
    ("init", "variance", "largest"),
    [
        ("uniform", 1 / 3, 1.0),
        ("normal", 1.0, math.inf),
        ("xavier", 2 / (NIN + NOUT), math.sqrt(6 / (NIN + NOUT))),
        ("he", 2 / NIN, math.inf),
        ("zeros", 0.0, 0.0),
    ],
)
def test_a_rule_draws_weights_of_its_variance(init: str, variance: float, largest: float) -> None:
    weights = sample(init)
    assert weights.shape == (NOUT, NIN)
    assert weights.var() == pytest.approx(variance, rel=0.02)
    assert abs(weights.mean()) <= 4 * math.sqrt(variance / weights.size)
    assert abs(weights).max() <= largest


def test_the_rules_are_torchs() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.empty(NOUT, NIN, dtype=torch.float64)
    torch.manual_seed(0)
    for init, fill in (
        ("xavier", torch.nn.init.xavier_uniform_),
        ("he", lambda w: torch.nn.init.kaiming_normal_(w, nonlinearity="relu")),
        ("normal", torch.nn.init.normal_),
    ):
        fill(theirs)
        assert sample(init).std() == pytest.approx(theirs.std().item(), rel=0.02)
        assert abs(sample(init)).max() == pytest.approx(theirs.abs().max().item(), rel=0.25)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_without_a_rule_it_is_he_for_switches_and_xavier_elsewhere(activation: str) -> None:
    rule = "he" if activation in ("relu", "leaky_relu", "elu", "abs", "step") else "xavier"
    np.testing.assert_array_equal(sample(None, activation), sample(rule))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_by_default_signals_and_gradients_survive_twenty_layers(activation: str) -> None:
    model = nn.MLP(20, [20] * 20, activation, output="linear", rng=3)
    outputs = model(np.random.default_rng(1).normal(size=20))
    sum(out * out for out in outputs).backward()
    first, last = (math.fsum(abs(p.grad) for p in layer.weights()) for layer in (model.layers[0], model.layers[-1]))
    assert 1e-2 < first / last < 1e2


def test_biases_start_at_zero() -> None:
    for init in INITS:
        model = nn.Sequential(nn.Layer(2, 3, init=init, rng=0), nn.Maxout(3, 2, init=init, rng=0))
        biases = [array for key, array in model.state_dict().items() if key.endswith("bias")]
        assert not any(array.any() for array in biases)


def test_a_function_may_draw_the_weights() -> None:
    asked = []

    def init(nin: int, nout: int, rng: np.random.Generator) -> list[list[float]]:
        asked.append((nin, nout, type(rng)))
        return [[10.0 * i + j for j in range(nin)] for i in range(nout)]

    model = nn.MLP(2, [3, 1], init=init)
    assert asked == [(2, 3, np.random.Generator), (3, 1, np.random.Generator)]
    assert [w.data for w in model.layers[0].neurons[2].w] == [20.0, 21.0]


def test_none_takes_its_seed_from_pythons_random() -> None:
    def drawn_after(seed: int) -> list[float]:
        random.seed(seed)
        return [generator(None).random(), generator(None).random()]

    assert drawn_after(1) == drawn_after(1) != drawn_after(2)
    assert len(set(drawn_after(1))) == 2


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: sample("havier"), ValueError, "unknown init 'havier': did you mean 'xavier'"),
        (lambda: sample("qqq"), ValueError, "known are uniform, normal, xavier, he, zeros; or give a function"),
        (lambda: sample(3), TypeError, "init is a name or a function .*, got int 3"),
        (lambda: sample(lambda nin, nout, rng: np.zeros((nin, nout))), ValueError, r"\(300, 400\), got \(400, 300\)"),
        (lambda: sample(lambda nin, nout, rng: np.full((nout, nin), np.nan)), ValueError, "finite weights"),
        (lambda: generator("1"), TypeError, "rng is an int seed or a NumPy Generator, got str '1'"),
        (lambda: generator(True), TypeError, "got bool True"),
        (lambda: generator(1.5), TypeError, "got float 1.5"),
        (lambda: generator(-1), ValueError, "a seed is 0 or more, got -1"),
    ],
)
def test_a_refusal_names_the_rule_and_what_was_given(call: Callable[[], Any], kind: type, words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
