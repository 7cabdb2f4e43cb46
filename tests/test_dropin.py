"""Programs as users of micrograd and of microgpt write them run on our Value, with only the import line changed.

Each program is a function of `Value`, the one name that its import line would bring; its body is written as those users
write. The right answers come from elsewhere: micrograd 0.1.0 itself, and the same model on torch tensors.
"""

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value as Ours


def digest(losses: list[float], parameters: list[float]) -> list[float]:
    """Return the losses, and numbers that change with any parameter."""
    return [*losses, math.fsum(parameters), math.fsum(p * p for p in parameters)]


def close(expected: Any) -> Any:
    """Return what equals the expected numbers up to rounding, which grows over some steps of training."""
    return pytest.approx(expected, rel=1e-10, abs=1e-12)


# ---------------------------------------------------------------------------- in the manner of micrograd: an expression


def expression(Value: Any) -> dict[str, tuple[float, float]]:
    """Return the data and gradient of every named number in an expression that uses each operator."""
    a = Value(-1.5)
    b = Value(3)
    c = a * b + b**2
    c += c + 1
    d = (c - a).relu() + 2
    d += 0.25 * d - -a
    e = (7 * a - d).relu()
    f = 1.0 / b + 10.0 / d - e / 4
    g = sum([f, a**-2, (b - 1) ** 0.5, -c * 0.01])
    g += 3 - f**3
    g *= 2
    g.backward()
    return {name: (v.data, v.grad) for name, v in zip("abcdefg", (a, b, c, d, e, f, g))}


# what expression(Value) returned with `from micrograd.engine import Value`, micrograd 0.1.0
EXPRESSION = {
    "a": (-1.5, 2.2326116406243215),
    "b": (3, 2.7615710809182223),
    "c": (10.0, 0.18128042335157524),
    "d": (15.375, 0.16102433868126018),
    "e": (0, 0.9516161015268694),  # a relu that is shut: what arrives here goes no further
    "f": (0.9837398373983741, -3.8064644061074775),
    "g": (9.580778904857288, 1),
}


def test_an_expression_written_for_micrograd_runs_unchanged() -> None:
    for name, numbers in expression(Ours).items():
        assert numbers == close(EXPRESSION[name]), name


# --------------------------------------------------------------- in the manner of micrograd: a network and its training


def neural_network(Value: Any) -> type:
    """Return the class MLP of a program that builds neurons, layers and networks of Values."""

    class Module:
        def zero_grad(self) -> None:
            for p in self.parameters():
                p.grad = 0

        def parameters(self) -> list[Any]:
            return []

    class Neuron(Module):
        def __init__(self, nin: int, rng: random.Random, nonlinear: bool = True) -> None:
            self.w = [Value(rng.uniform(-1, 1)) for _ in range(nin)]
            self.b = Value(0)
            self.nonlinear = nonlinear

        def __call__(self, x: list[Any]) -> Any:
            activation = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
            return activation.relu() if self.nonlinear else activation

        def parameters(self) -> list[Any]:
            return [*self.w, self.b]

    class Layer(Module):
        def __init__(self, nin: int, nout: int, rng: random.Random, **options: bool) -> None:
            self.neurons = [Neuron(nin, rng, **options) for _ in range(nout)]

        def __call__(self, x: list[Any]) -> Any:
            out = [neuron(x) for neuron in self.neurons]
            return out[0] if len(out) == 1 else out

        def parameters(self) -> list[Any]:
            return [p for neuron in self.neurons for p in neuron.parameters()]

    class MLP(Module):
        def __init__(self, *sizes: int, rng: random.Random) -> None:
            last = len(sizes) - 2
            self.layers = [Layer(m, n, rng, nonlinear=i < last) for i, (m, n) in enumerate(pairwise(sizes))]

        def __call__(self, x: list[Any]) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

        def parameters(self) -> list[Any]:
            return [p for layer in self.layers for p in layer.parameters()]

    return MLP


def moons(n: int) -> tuple[list[list[float]], list[int]]:
    """Return points on two interleaved half circles, with a little noise, and their side: -1 or 1."""
    rng = random.Random(5)
    X, y = [], []
    for i in range(n):
        angle, side = math.pi * i / n, 1 if i % 2 else -1
        centre = (0.0, 0.0) if side == 1 else (1.0, 0.5)
        X.append([centre[0] + side * math.cos(angle) + rng.gauss(0, 0.1), centre[1] + side * math.sin(angle)])
        y.append(side)
    return X, y


def moons_loss(Value: Any, model: Any, X: Any, y: Any) -> tuple[Any, float]:
    """Return the max-margin loss with a penalty, and the share of points on the right side."""
    inputs = [list(map(Value, row)) for row in X]
    scores = list(map(model, inputs))
    margins = [(1 + -yi * score).relu() for yi, score in zip(y, scores)]
    data_loss = sum(margins) * (1.0 / len(margins))
    penalty = 1e-4 * sum(p * p for p in model.parameters())
    hits = [(yi > 0) == (score.data > 0) for yi, score in zip(y, scores)]
    return data_loss + penalty, sum(hits) / len(hits)


def training(Value: Any, as_data: Callable[[Any], Any] = list) -> tuple[list[str], list[float], list[float]]:
    """Return what twelve steps on moons print, the loss at each, and what the parameters are in the end."""
    X, y = map(as_data, moons(40))
    model = neural_network(Value)(2, 8, 8, 1, rng=random.Random(11))
    printed, losses = [], []
    for k in range(12):
        total_loss, accuracy = moons_loss(Value, model, X, y)
        model.zero_grad()
        total_loss.backward()
        for p in model.parameters():
            p.data -= (0.5 - 0.03 * k) * p.grad
        printed.append(f"step {k} loss {total_loss.data:.4f}, accuracy {100 * accuracy}%")
        losses.append(total_loss.data)
    return printed, losses, [p.data for p in model.parameters()]


# what training(Value) returned with `from micrograd.engine import Value`, micrograd 0.1.0: its digest and its last line
TRAINING = [
    *(1.0256180708366813, 0.832369034834466, 0.6179538553023323, 0.5048885694607395, 0.4867322626782677),
    *(0.38702447242096727, 0.3504003655501754, 0.3270004452705329, 0.3197603836355552, 0.309506397336089),
    *(0.3044465025280515, 0.29802676744181),
    *(-0.8643023945934711, 34.467832991343805),
]
LAST_LINE = "step 11 loss 0.2980, accuracy 87.5%"


@pytest.mark.parametrize("as_data", [list, np.array], ids=["lists", "arrays"])
def test_a_network_written_for_micrograd_trains_unchanged(as_data: Callable[[Any], Any]) -> None:
    printed, losses, parameters = training(Ours, as_data)
    assert digest(losses, parameters) == close(TRAINING)
    assert printed[-1] == LAST_LINE


def test_the_golden_numbers_are_micrograds() -> None:
    Theirs = pytest.importorskip("micrograd.engine").Value
    # not to the last bit: micrograd walks sets, so the order of its additions changes from run to run
    for name, numbers in expression(Theirs).items():
        assert numbers == close(EXPRESSION[name]), name
    printed, losses, parameters = training(Theirs)
    assert digest(losses, parameters) == close(TRAINING)
    assert printed[-1] == LAST_LINE


# --------------------------------------------------------------- in the manner of micrograd: its own neurons and layers


def set_weights(model: Any, seed: int) -> Any:
    """Give a model the same weights whoever made it: its own are random."""
    rng = random.Random(seed)
    for p in model.parameters():
        p.data = rng.uniform(-1, 1)
    return model


def pieces(Value: Any, nn: Any) -> dict[str, Any]:
    """Return what neurons and layers, made in all the ways that micrograd knows, give for three numbers."""
    x = [Value(1.0), Value(-2.0), 0.5]
    neurons = [nn.Neuron(3), nn.Neuron(3, False), nn.Neuron(3, nonlin=False), nn.Neuron(nin=3, nonlin=True)]
    layers = [nn.Layer(3, 2), nn.Layer(3, 1), nn.Layer(3, 2, nonlin=False)]
    found = {}
    for seed, part in enumerate([*neurons, *layers]):
        out = set_weights(part, seed)(x)
        total = sum(out) if isinstance(out, list) else out
        part.zero_grad()
        total.backward()
        found[f"{seed}"] = (len(out) if isinstance(out, list) else "bare", [p.grad for p in part.parameters()])
    w, b = neurons[1].w, neurons[1].b
    found["by hand"] = sum((wi * xi for wi, xi in zip(w, x)), b).data - neurons[1](x).data
    found["counts"] = [len(layer.neurons) for layer in layers]
    return found


def subclass(Value: Any, nn: Any) -> list[float]:
    """Return the gradients in a user's own module, made of a layer and a number."""

    class Scaled(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.layer = nn.Layer(2, 1, nonlin=False)
            self.scale = Value(2.0)

        def __call__(self, x: list[Any]) -> Any:
            return self.scale * self.layer(x)

        def parameters(self) -> list[Any]:
            return [*self.layer.parameters(), self.scale]

    model = set_weights(Scaled(), 3)
    for _ in range(2):
        model.zero_grad()
        model([3.0, -1.0]).backward()
    return [p.grad for p in model.parameters()]


def demo(Value: Any, nn: Any) -> tuple[list[str], list[float], list[float]]:
    """Return what micrograd's demo, cut down to ten steps on forty points, prints and ends with."""
    X, y = map(np.array, moons(40))
    model = set_weights(nn.MLP(2, [16, 16, 1]), 1337)  # 2-layer neural network
    printed, losses = [f"number of parameters {len(model.parameters())}"], []

    def loss(batch_size: int | None = None) -> tuple[Any, Any]:
        if batch_size is None:
            Xb, yb = X, y
        else:
            ri = np.random.RandomState(1).permutation(X.shape[0])[:batch_size]
            Xb, yb = X[ri], y[ri]
        inputs = [list(map(Value, xrow)) for xrow in Xb]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(yb, scores)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        total_loss = data_loss + reg_loss
        accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores)]
        return total_loss, sum(accuracy) / len(accuracy)

    for k in range(10):
        total_loss, acc = loss() if k % 2 else loss(20)
        model.zero_grad()
        total_loss.backward()
        learning_rate = (1.0 - 0.9 * k / 100) * 0.1
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        printed.append(f"step {k} loss {total_loss.data:.4f}, accuracy {acc * 100}%")
        losses.append(total_loss.data)
    mesh = [[-1.0, 0.5], [0.25, 1.0]]
    scores = list(map(model, [list(map(Value, xrow)) for xrow in mesh]))
    return printed, [*losses, *[s.data for s in scores]], [p.data for p in model.parameters()]


# what demo(Value, nn) returned with micrograd 0.1.0: its digest, its first and its last line
DEMO = [
    *(1.662530459389131, 1.2243808730748187, 0.9865599849185727, 0.8019869438723066, 0.5440787179073093),
    *(0.5562851928287269, 0.3931891018289521, 0.48406624449884006, 0.3479459711747627, 0.4327095171448355),
    *(1.1385614586192403, 1.6355884538921117),
    *(3.987700038667502, 107.21765346132536),
]
DEMO_LINES = ("number of parameters 337", "step 9 loss 0.4327, accuracy 80.0%")


def test_the_demo_written_for_micrograds_nn_trains_unchanged() -> None:
    printed, losses, parameters = demo(Ours, nn)
    assert digest(losses, parameters) == close(DEMO)
    assert (printed[0], printed[-1]) == DEMO_LINES


def test_the_demos_golden_numbers_are_micrograds() -> None:
    engine, theirs = pytest.importorskip("micrograd.engine"), pytest.importorskip("micrograd.nn")
    printed, losses, parameters = demo(engine.Value, theirs)
    assert digest(losses, parameters) == close(DEMO)
    assert (printed[0], printed[-1]) == DEMO_LINES


def test_neurons_and_layers_made_as_for_micrograd_give_the_same() -> None:
    found = pieces(Ours, nn)
    assert [found[str(i)][0] for i in range(7)] == ["bare"] * 4 + [2, "bare", 2]
    w0, w1, b, _ = subclass(Ours, nn)
    assert [w0, w1] == close([3 * b, -b])
    engine, theirs = pytest.importorskip("micrograd.engine"), pytest.importorskip("micrograd.nn")
    found, expected = pieces(Ours, nn), pieces(engine.Value, theirs)
    assert found.keys() == expected.keys()
    for name, (count, gradients) in [(name, each) for name, each in expected.items() if name.isdigit()]:
        assert found[name][0] == count, name
        assert found[name][1] == close(gradients), name
    assert found["by hand"] == close(0.0)
    assert found["counts"] == expected["counts"]
    assert subclass(Ours, nn) == close(subclass(engine.Value, theirs))


# ------------------------------------------------------- in the manner of microgpt: a character model that attends back

WORDS = ("anna", "nora", "arno", "rona")
WIDTH, CONTEXT, STEPS = 6, 5, 4
RATE, BETAS, EPSILON = 0.02, (0.85, 0.99), 1e-8


def tokens() -> tuple[int, list[list[int]]]:
    """Return the size of the alphabet, and each word as numbers between two marks, 0."""
    alphabet = ["", *sorted(set("".join(WORDS)))]
    return len(alphabet), [[0, *map(alphabet.index, word), 0] for word in WORDS]


def initial_weights(vocabulary: int) -> dict[str, list[list[float]]]:
    """Return the matrices of the model as rows of numbers."""
    rng = random.Random(3)
    shapes = {
        "token": (vocabulary, WIDTH),
        "position": (CONTEXT, WIDTH),
        **dict.fromkeys(("query", "key", "value", "output"), (WIDTH, WIDTH)),
        "up": (2 * WIDTH, WIDTH),
        "down": (WIDTH, 2 * WIDTH),
        "head": (vocabulary, WIDTH),
    }
    return {name: [[rng.gauss(0, 0.3) for _ in range(n)] for _ in range(m)] for name, (m, n) in shapes.items()}


def linear(x: list[Any], w: list[list[Any]]) -> list[Any]:
    return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]


def softmax(logits: list[Any]) -> list[Any]:
    largest = max(val.data for val in logits)
    exps = [(val - largest).exp() for val in logits]
    total = sum(exps)
    return [e / total for e in exps]


def rmsnorm(x: list[Any]) -> list[Any]:
    mean_square = sum(xi * xi for xi in x) / len(x)
    scale = (mean_square + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def next_logits(model: dict[str, Any], token: int, position: int, keys: list[Any], values: list[Any]) -> list[Any]:
    """Return a score per token for what comes next; keys and values of the tokens so far grow by one each."""
    x = rmsnorm([t + p for t, p in zip(model["token"][token], model["position"][position])])
    query = linear(x, model["query"])
    keys.append(linear(x, model["key"]))
    values.append(linear(x, model["value"]))
    weights = softmax([sum(q * k for q, k in zip(query, key)) / WIDTH**0.5 for key in keys])
    seen = [sum(w * v[i] for w, v in zip(weights, values)) for i in range(WIDTH)]
    x = [a + b for a, b in zip(linear(seen, model["output"]), x)]
    hidden = [h.relu() for h in linear(rmsnorm(x), model["up"])]
    x = [a + b for a, b in zip(linear(hidden, model["down"]), x)]
    return linear(x, model["head"])


def word_loss(model: dict[str, Any], word: list[int]) -> Any:
    """Return the mean surprise at a word's letters, each foretold from those before it."""
    keys, values, losses = [], [], []
    for position, (token, target) in enumerate(pairwise(word)):
        probabilities = softmax(next_logits(model, token, position, keys, values))
        losses.append(-probabilities[target].log())
    return (1 / len(losses)) * sum(losses)


def adam(parameters: list[Any], m: list[float], v: list[float], step: int) -> None:
    """Do one step of Adam, with m and v as its memory, at a rate that falls to 0."""
    rate = RATE * (1 - step / STEPS)
    for i, p in enumerate(parameters):
        m[i] = BETAS[0] * m[i] + (1 - BETAS[0]) * p.grad
        v[i] = BETAS[1] * v[i] + (1 - BETAS[1]) * p.grad**2
        m_hat = m[i] / (1 - BETAS[0] ** (step + 1))
        v_hat = v[i] / (1 - BETAS[1] ** (step + 1))
        p.data -= rate * m_hat / (v_hat**0.5 + EPSILON)
        p.grad = 0


def character_model(Value: Any) -> tuple[list[float], list[float]]:
    """Return the losses of some steps of Adam, a word each, and what the parameters are in the end."""
    vocabulary, words = tokens()
    model = {name: [[Value(w) for w in row] for row in rows] for name, rows in initial_weights(vocabulary).items()}
    parameters = [p for rows in model.values() for row in rows for p in row]
    m, v = [0.0] * len(parameters), [0.0] * len(parameters)
    losses = []
    for step in range(STEPS):
        loss = word_loss(model, words[step % len(words)])
        loss.backward()
        adam(parameters, m, v, step)
        losses.append(loss.data)
    return losses, [p.data for p in parameters]


# -------------------------------------------------------------------- the same model in matrix products, as a reference


def word_loss_on_tensors(torch: Any, w: dict[str, Any], word: Any) -> Any:
    """Return the same as word_loss, all positions at once."""
    f = torch.nn.functional
    x = f.rms_norm(w["token"][word[:-1]] + w["position"][: len(word) - 1], (WIDTH,), eps=1e-5)
    query, key, value = ((x @ w[name].T)[None] for name in ("query", "key", "value"))
    x = x + f.scaled_dot_product_attention(query, key, value, is_causal=True)[0] @ w["output"].T
    x = x + f.relu(f.rms_norm(x, (WIDTH,), eps=1e-5) @ w["up"].T) @ w["down"].T
    return f.cross_entropy(x @ w["head"].T, word[1:])


def character_model_on_tensors(torch: Any) -> tuple[list[float], list[float]]:
    """Return the same as character_model, with torch's own autograd, Adam and schedule."""
    vocabulary, words = tokens()
    w = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in initial_weights(vocabulary).items()}
    optimizer = torch.optim.Adam(w.values(), lr=RATE, betas=BETAS, eps=EPSILON)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / STEPS)
    losses = []
    for step in range(STEPS):
        loss = word_loss_on_tensors(torch, w, torch.tensor(words[step % len(words)]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses, torch.cat([p.detach().flatten() for p in w.values()]).tolist()


# what digest(*character_model_on_tensors(torch)) returned with torch 2.13, float64 on a CPU
CHARACTER_MODEL = [
    *(2.3114466605657182, 1.5591325135841332, 1.9400772160480924, 1.8248542322980188),
    *(-9.360466671390814, 32.64587561113299),
]


def test_a_character_model_written_for_microgpt_trains_unchanged() -> None:
    assert digest(*character_model(Ours)) == close(CHARACTER_MODEL)


def test_a_character_model_agrees_with_torch() -> None:
    torch = pytest.importorskip("torch")
    losses, parameters = character_model_on_tensors(torch)
    assert digest(losses, parameters) == close(CHARACTER_MODEL)
    our_losses, our_parameters = character_model(Ours)
    assert our_losses == close(losses)
    assert our_parameters == close(parameters)
