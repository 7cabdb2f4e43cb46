"""Neurons, layers and networks: what a multi-layer perceptron is made of.

    nin, nout    how many numbers go in and come out        w, b    weights and bias of a neuron

A neuron is one dot gate, w·x + b, and one activation gate. What it returns is labelled with its path, and its
parameters go on from there: layers count from 1, all else from 0, so that of a network's first neuron they are
`layer1/neuron0/w0`, …, `layer1/neuron0/b`. A layer alone begins with `neuron0/w0`, a neuron alone with `w0`; MLP and
Sequential rename the layers they adopt.

A module takes a list of numbers or Values, one per input, and records; or a list of NumPy columns, one per input with
an entry per row, and then computes all rows at once on the parameters' numbers and records nothing: `model(list(X.T))`.
It returns a list, or the bare number where there is one output. Columns are computed in float64, as Values are.

`rng` is an int seed or a NumPy Generator. An MLP's is 0 unless told otherwise, so it starts alike in every run. Layers
and neurons that are made one by one must differ: theirs is None, a seed from Python's `random`, which `random.seed`
makes repeatable.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from numbers import Real
from os import PathLike
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from autograd import functions
from autograd.elementary import Number
from autograd.graph import one_line
from autograd.value import Constant, Value, as_float
from nn import storage
from nn.activations import SOFTMAX, Activation, AnyActivation, activation_of
from nn.checks import check_unmasked, checked, listed, whole
from nn.init import Init, Rng, drawn, generator
from nn.module import KEPT, Module, Shaped

__all__ = ["MLP", "Dropout", "Layer", "Maxout", "Neuron", "Sequential", "load_model"]


# ---------------------------------------------------------------------------------------------- what may come and go


def inputs(whose: str, nin: int | None, x: Any) -> list[Number]:
    """Return what a module was called with as a list of Values, or of floats and columns where one is a column.

    A number alone counts as a list of one. nin: how many there must be, None for any number. Raises ValueError for a
    wrong count or a table, TypeError for what is no list of numbers.
    """
    if isinstance(x, np.ndarray) and x.ndim > 1:
        raise ValueError(f"{whose} takes a row, or columns: for a table X use predict(model, X) or model(list(X.T))")
    xs = [x] if isinstance(x, (Value, Real)) else x
    xs = listed(whose, xs)
    if nin is not None and len(xs) != nin:
        raise ValueError(f"{whose} takes {nin} input{'s' * (nin > 1)}, got {len(xs)}")
    if any(getattr(x, "shape", None) for x in xs):
        return [_column(whose, x) for x in xs]
    return [x if isinstance(x, Value) else Constant(as_float(x)) for x in xs]


def _column(whose: str, x: Any) -> Number:
    """Return a column, or the number beside columns, in floats."""
    if isinstance(x, Value):
        raise TypeError(f"{whose} takes Values, or columns of numbers, got both in one list")
    check_unmasked(f"a column for {whose}", x)
    return np.asarray(x, dtype=np.float64) if getattr(x, "shape", None) else as_float(x)


def bare(outputs: list[Number]) -> Number | list[Number]:
    """Return the only output itself, or the list of several."""
    return outputs[0] if len(outputs) == 1 else outputs


def named(whose: Module, what: str) -> str:
    """Return how a message calls a module: what it is, after its path if it has one."""
    return f"{whose.path} ({what})" if whose.path else f"a {what}"


def labelled(z: Number, path: str) -> Number:
    """Give an output its path as its label; columns have none."""
    if path and isinstance(z, Value):
        z.label = path
    return z


# ------------------------------------------------------------------------------------------------------------- neurons


class Neuron(Module):
    """activation(w·x + b), of nin inputs: weights `w`, a list of Values, and the bias `b`.

    activation: a name such as "relu", "tanh" or "linear", or a function. `nonlin` is micrograd's word for relu (True)
    or linear (False). init: a name such as "xavier", or a function. Raises ValueError or TypeError for what is none.

        >>> neuron = Neuron(2, "tanh", rng=0)
        >>> [p.label for p in neuron.parameters()]
        ['w0', 'w1', 'b']
        >>> neuron([1.0, -2.0]).gate
        <gate tanh>
    """

    def __init__(
        self,
        nin: int,
        activation: AnyActivation = "relu",
        *,
        nonlin: bool | None = None,
        init: str | Init | None = None,
        rng: Rng = None,
    ) -> None:
        self.activation = activation if nonlin is None else bool(nonlin)
        self.nin, self.nout = whole("Neuron", "nin", nin, 1), 1
        weights = drawn(init, self.activation, self.nin, 1, generator(rng))
        self.w = [Value(w) for w in weights[0].tolist()]
        self.b = Value(0.0)
        self.relabel()

    def __call__(self, x: Any) -> Number:
        """Return the output: a Value, or a column where the inputs are columns."""
        return self.fire(inputs(named(self, "neuron"), self.nin, x))

    def fire(self, xs: list[Number]) -> Number:
        """Return the output for what `inputs` returned."""
        return labelled(self._activation.function(self.weigh(xs)), self.path)

    @property
    def activation(self) -> Activation:
        """What it makes of its weighted sum; a name or a function may be written there."""
        return self._activation

    @activation.setter
    def activation(self, given: AnyActivation) -> None:
        self._activation = activation_of(given)

    def weigh(self, xs: list[Number]) -> Number:
        """Return w·x + b: one gate, or a column computed with the parameters' numbers."""
        if isinstance(xs[0], Value):
            return functions.dot(self.w, xs, self.b)
        return functions.dot([w.data for w in self.w], xs, self.b.data)

    @property
    def ends_in(self) -> str | None:
        """The name of its activation."""
        return self.activation.name

    def _biases(self) -> list[Value]:
        return [self.b]

    def _own_arrays(self) -> dict[str, Shaped]:
        return {"weight": ((self.nin,), self.w), "bias": ((), [self.b])}

    def architecture(self) -> dict[str, Any] | None:
        """Return how it is made as plain data, None where that does not tell all, as of a function without a name."""
        return described(self, self.activation, nin=self.nin)

    def __repr__(self) -> str:
        return f"Neuron({self.nin}, {self.activation.name!r})"


class MaxoutUnit(Module):
    """The largest of several linear neurons: a convex function, bent at as many places as there are pieces less one."""

    counted: ClassVar[Mapping[str, tuple[str, int]]] = {"pieces": ("piece", 0)}

    def __init__(self, weights: Sequence[Neuron]) -> None:
        self.pieces = list(weights)

    def __call__(self, x: Any) -> Number:
        """Return the output: a Value, or a column where the inputs are columns."""
        return self.fire(inputs(named(self, "maxout unit"), self.pieces[0].nin, x))

    def fire(self, xs: list[Number]) -> Number:
        """Return the output for what `inputs` returned."""
        return labelled(functions.max(*[piece.weigh(xs) for piece in self.pieces]), self.path)


# -------------------------------------------------------------------------------------------------------------- layers


class Layer(Module):
    """nout neurons that all look at the same nin inputs: `neurons`.

    Arguments and errors as of Neuron; ValueError for nout < 1. activation="softmax" turns the outputs into
    probabilities that sum to 1.

        >>> layer = Layer(2, 3, rng=0)
        >>> len(layer([1.0, -2.0])), {name: array.shape for name, array in layer.state_dict().items()}
        (3, {'weight': (3, 2), 'bias': (3,)})
    """

    counted: ClassVar[Mapping[str, tuple[str, int]]] = {"neurons": ("neuron", 0)}
    is_array = True

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: AnyActivation = "relu",
        *,
        nonlin: bool | None = None,
        init: str | Init | None = None,
        rng: Rng = None,
    ) -> None:
        chosen = activation_of(activation if nonlin is None else bool(nonlin), softmax=True)
        self.nin, self.nout = whole("Layer", "nin", nin, 1), whole("Layer", "nout", nout, 1)
        self.neurons = linear_neurons(drawn(init, chosen, self.nin, self.nout, generator(rng)))
        self.activation = chosen
        self.relabel()

    @property
    def activation(self) -> Activation:
        """What all its neurons make of their weighted sums, or softmax; a name or a function written there is for all.

        Raises ValueError where neurons were given several, and for softmax of one output.
        """
        shared = self._shared_activation()
        if shared is None:
            raise ValueError(f"the neurons of {self!r} differ: ask each for its own, layer.neurons[0].activation")
        return shared

    @activation.setter
    def activation(self, given: AnyActivation) -> None:
        chosen = activation_of(given, softmax=True)
        if chosen.is_softmax and self.nout == 1:
            raise ValueError("softmax of one output is always 1: use sigmoid, or two outputs")
        self._is_softmax = chosen.is_softmax
        for neuron in self.neurons:
            neuron.activation = "linear" if chosen.is_softmax else chosen

    def _shared_activation(self) -> Activation | None:
        """Return what the neurons and the layer together apply, None where no single activation says it."""
        own = {neuron.activation if type(neuron) is Neuron else None for neuron in self.neurons}
        shared = own.pop() if len(own) == 1 else None
        if not self._is_softmax:
            return shared
        return activation_of(SOFTMAX, softmax=True) if shared == activation_of("linear") else None

    def __call__(self, x: Any) -> Any:
        """Return the outputs: a list, or the bare one."""
        xs = inputs(named(self, f"layer of {self.nout} neuron{'s' * (self.nout > 1)}"), self.nin, x)
        outputs = self._fire(xs)
        if self._is_softmax:
            outputs = [labelled(p, neuron.path) for p, neuron in zip(functions.softmax(outputs), self.neurons)]
        return bare(outputs)

    def _fire(self, xs: list[Number]) -> list[Number]:
        """Return what each neuron makes of the inputs: of columns by one matrix product, quicker than dot by dot."""
        if isinstance(xs[0], Value) or not all(type(neuron) is Neuron for neuron in self.neurons):
            return [neuron.fire(xs) for neuron in self.neurons]
        weights = np.array([[w.data for w in neuron.w] for neuron in self.neurons])
        products = np.tensordot(weights, np.stack(np.broadcast_arrays(*xs)), axes=1)
        return [neuron.activation.function(row + neuron.b.data) for neuron, row in zip(self.neurons, products)]

    @property
    def ends_in(self) -> str | None:
        """The name of its activation, None where its neurons have several."""
        shared = self._shared_activation()
        return shared.name if shared else None

    def _own_arrays(self) -> dict[str, Shaped]:
        weights = [w for neuron in self.neurons for w in neuron.w]
        return {
            "weight": ((self.nout, self.nin), weights),
            "bias": ((self.nout,), [neuron.b for neuron in self.neurons]),
        }

    def architecture(self) -> dict[str, Any] | None:
        """Return how it is made as plain data, None where that does not tell all, as of a function without a name."""
        shared = self._shared_activation()
        return described(self, shared, nin=self.nin, nout=self.nout) if shared else None

    def __repr__(self) -> str:
        shared = self._shared_activation()
        return f"Layer({self.nin}, {self.nout}, {repr(shared.name) if shared else 'of several activations'})"


class Maxout(Module):
    """nout units, each the largest of `pieces` linear neurons of the same nin inputs.

    (I. Goodfellow et al., "Maxout networks", 2013.) Its arrays are `weight` (nout, pieces, nin), `bias` (nout, pieces).
    ValueError for a size below 1.

        >>> unit = Maxout(2, 1, pieces=3, rng=0)
        >>> unit([1.0, -2.0]).gate, len(unit.parameters())
        (<gate max>, 9)
    """

    counted: ClassVar[Mapping[str, tuple[str, int]]] = {"neurons": ("neuron", 0)}
    is_array = True

    def __init__(
        self, nin: int, nout: int, pieces: int = 2, *, init: str | Init | None = None, rng: Rng = None
    ) -> None:
        self.nin, self.nout = whole("Maxout", "nin", nin, 1), whole("Maxout", "nout", nout, 1)
        self.pieces = whole("Maxout", "pieces", pieces, 1)
        plain = activation_of("linear")
        made = linear_neurons(drawn(init, plain, self.nin, self.nout * self.pieces, generator(rng)))
        self.neurons = [MaxoutUnit(made[i : i + self.pieces]) for i in range(0, len(made), self.pieces)]
        self.relabel()

    def __call__(self, x: Any) -> Any:
        """Return the outputs: a list, or the bare one."""
        xs = inputs(named(self, f"maxout layer of {self.nout} unit{'s' * (self.nout > 1)}"), self.nin, x)
        return bare([unit.fire(xs) for unit in self.neurons])

    def _own_arrays(self) -> dict[str, Shaped]:
        pieces = [piece for unit in self.neurons for piece in unit.pieces]
        return {
            "weight": ((self.nout, self.pieces, self.nin), [w for piece in pieces for w in piece.w]),
            "bias": ((self.nout, self.pieces), [piece.b for piece in pieces]),
        }

    def architecture(self) -> dict[str, Any] | None:
        """Return how it is made as plain data, None where that does not tell all, as of a function without a name."""
        return described(self, nin=self.nin, nout=self.nout, pieces=self.pieces)

    def __repr__(self) -> str:
        return f"Maxout({self.nin}, {self.nout}, {self.pieces})"


def linear_neurons(weights: NDArray[np.float64]) -> list[Neuron]:
    """Return a neuron without activation for each row of weights (nout, nin)."""
    return [Neuron(len(row), "linear", init=lambda *_, row=row: [row], rng=0) for row in weights]


class Dropout(Module):
    """In training each number is dropped with probability p, and the others are divided by 1 - p; else nothing happens.

    (N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014; divided while
    training, "inverted", as torch does.) It owns a seeded generator; unless given, one that depends on its path only,
    so that two of them in a network drop differently. Raises ValueError unless 0 <= p < 1.

        >>> drop = Dropout(0.5, rng=0)
        >>> [z.data for z in drop([1.0, 1.0, 1.0, 1.0])]
        [2.0, 0.0, 0.0, 0.0]
        >>> [z.data for z in drop.eval()([1.0, 1.0, 1.0, 1.0])]
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, rng: Rng = None) -> None:
        self.p = checked("Dropout", "p", p, below=1.0)
        self._generator: np.random.Generator | None = None if rng is None else generator(rng)
        self._given: Sequence[Number] | None = None
        self._calls: list[tuple[Dropout, int]] | None = None
        self.relabel()

    def _held(self) -> Iterator[tuple[str, str, Value | Module]]:
        return iter(())  # it has no parameters: Values among given factors are none of its own

    @property
    def generator(self) -> np.random.Generator:
        """The stream that factors are drawn from."""
        if self._generator is None:
            self._generator = np.random.default_rng(zlib.crc32(self.path.encode()))
        return self._generator

    def factors(self, rows: int, width: int) -> NDArray[np.float64]:
        """Draw what the inputs are multiplied with, 0 or 1/(1 - p), as an array (rows, width).

        Rows come from one stream: n rows at once are the same numbers as n times one row.
        """
        return np.where(self.generator.random((rows, width)) < self.p, 0.0, 1.0 / (1.0 - self.p))

    @contextmanager
    def given(self, factors: Sequence[Number]) -> Iterator[None]:
        """Use these factors, one per input, numbers or Values, in this block instead of drawing some."""
        outer, self._given = self._given, factors
        try:
            yield
        finally:
            self._given = outer

    @contextmanager
    def watched(self, calls: list[tuple[Dropout, int]]) -> Iterator[None]:
        """Note each call in training in this block, as this dropout and its count of inputs; nothing is drawn."""
        outer, self._calls = self._calls, calls
        try:
            yield
        finally:
            self._calls = outer

    def __call__(self, x: Any) -> Any:
        """Return the inputs, each times its factor while in training; a list, or the bare one."""
        xs = inputs(named(self, "dropout"), None, x)
        if not self.training:
            return bare(xs)
        if self._calls is not None:
            self._calls.append((self, len(xs)))
            return bare(xs)
        factors = self._drawn(xs) if self._given is None else self._given
        if len(factors) != len(xs):
            raise ValueError(f"{named(self, 'dropout')} has {len(xs)} inputs, but was given {len(factors)} factors")
        kept = [x * factor for x, factor in zip(xs, factors)]
        return bare([labelled(z, self.path and f"{self.path}/unit{i}") for i, z in enumerate(kept)])

    def _drawn(self, xs: list[Number]) -> list[Number]:
        """Draw a factor for each number, or for each entry of each column."""
        rows = next((len(x) for x in xs if getattr(x, "shape", None)), None)
        factors = self.factors(rows or 1, len(xs))
        return list(factors.T) if rows is not None else factors[0].tolist()

    def architecture(self) -> dict[str, Any] | None:
        """Return how it is made as plain data, None where that does not tell all, as of a function without a name."""
        return described(self, p=self.p)

    def __repr__(self) -> str:
        return f"Dropout({self.p})"


# ------------------------------------------------------------------------------------------------------------ networks


class Sequential(Module):
    """Modules one after another, each taking what the one before returns: `layers`, numbered and labelled from 1.

    Raises TypeError for what is no module, ValueError where two neighbours do not fit, or without any.

        >>> model = Sequential(Layer(2, 8, "tanh"), Dropout(0.2), Layer(8, 1, "linear"))
        >>> [name for name, _ in model.named_parameters()][:2], len(model.parameters())
        (['layer1/neuron0/w0', 'layer1/neuron0/w1'], 33)
    """

    counted: ClassVar[Mapping[str, tuple[str, int]]] = {"layers": ("layer", 1)}

    def __init__(self, *layers: Module) -> None:
        for i, layer in enumerate(layers, 1):
            if not isinstance(layer, Module):
                hint = "; an activation belongs to its layer: Layer(2, 16, 'tanh')" if callable(layer) else ""
                raise TypeError(f"layer{i} is no module, got {type(layer).__name__}{hint}")
        if not layers:
            raise ValueError(f"{type(self).__name__} needs at least one layer, got none")
        self.layers = list(layers)
        check_fit(self.layers)
        self.relabel()

    @property
    def nin(self) -> int | None:
        """How many inputs it takes, None where its layers take any number."""
        return next((n for layer in self.layers if (n := getattr(layer, "nin", None))), None)

    @property
    def nout(self) -> int | None:
        """How many outputs it has, None where its layers pass on any number."""
        return next((n for layer in reversed(self.layers) if (n := getattr(layer, "nout", None))), None)

    @property
    def ends_in(self) -> str | None:
        """The name of the last layer's activation; a dropout passes everything on."""
        return next((layer.ends_in for layer in reversed(self.layers) if not isinstance(layer, Dropout)), None)

    def __call__(self, x: Any) -> Any:
        """Return what the last layer makes of what all before it made of x: a list, or the bare output."""
        outputs = x
        for layer in self.layers:
            outputs = layer(x)
            x = outputs if isinstance(outputs, (list, tuple)) else [outputs]  # one column alone would look like a row
        return outputs

    def architecture(self) -> dict[str, Any] | None:
        """Return how it is made as plain data, None where that does not tell all, as of a function without a name."""
        parts = [layer.architecture() for layer in self.layers]
        return None if None in parts else described(self, layers=parts)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"


def check_fit(layers: Sequence[Module]) -> None:
    """Raise ValueError where a layer takes another number of inputs than the last one that tells gives."""
    told = [(i, layer) for i, layer in enumerate(layers, 1) if getattr(layer, "nout", None)]
    for (i, first), (j, second) in pairwise(told):
        gives, takes = getattr(first, "nout", None), getattr(second, "nin", None)
        if gives != takes:
            raise ValueError(f"layer{j} takes {takes} inputs, but layer{i} gives {gives}")


class MLP(Sequential):
    """A multi-layer perceptron: nin inputs, then layers of nouts[0], nouts[1], … neurons.

    activation: of the hidden layers, one for all or a list with one for each; output: of the last layer. The rest as of
    Neuron; all weights come from one generator, `rng`. ValueError for a size below 1 or an unknown name.

        >>> model = MLP(2, [3, 1], "tanh")
        >>> len(model.parameters()), model.parameters()[0].label
        (13, 'layer1/neuron0/w0')
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: AnyActivation | Sequence[AnyActivation] = "relu",
        output: AnyActivation = "linear",
        init: str | Init | None = None,
        rng: Rng = 0,
    ) -> None:
        if isinstance(nouts, str) or not isinstance(nouts, Iterable):
            raise TypeError(f"nouts is a list of layer sizes such as [16, 16, 1], got {nouts!r}")
        sizes = [nin, *nouts]
        random = generator(rng)
        activations = [*hidden_activations(activation, len(sizes) - 2), output]
        super().__init__(
            *[Layer(m, n, f, init=init, rng=random) for (m, n), f in zip(pairwise(sizes), activations)],
        )

    def __repr__(self) -> str:
        layers = [layer for layer in self.layers if isinstance(layer, Layer)]
        shared = [each for layer in layers if (each := layer._shared_activation())]
        if len(shared) < len(self.layers):
            return super().__repr__()  # somebody put another kind of layer in, or changed single neurons
        *hidden, output = [activation.name for activation in shared]
        words = repr(hidden[0] if len(set(hidden)) == 1 else hidden)
        return f"MLP({self.nin}, {[layer.nout for layer in layers]}, {words}, {output!r})"


def hidden_activations(given: Any, count: int) -> list[AnyActivation]:
    """Return one activation per hidden layer; ValueError where a list has another length."""
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise ValueError(
            f"activation needs one for each of {count} hidden layers, got {len(given)}; output= is the last"
        )
    return list(given)


# --------------------------------------------------------------------------------------------------------------- files


def described(module: Module, activation: Activation | None = None, **facts: Any) -> dict[str, Any] | None:
    """Return a module as plain data, None where its class or activation is not one of ours, or weights are shared."""
    if KINDS.get(type(module).__name__) is not type(module) or (activation and not activation.is_named):
        return None
    plan = {"kind": type(module).__name__, **facts, **({"activation": activation.name} if activation else {})}
    return plan if _promised(plan) == len(module.parameters()) else None  # what is shared counts once


def load_model(path: str | PathLike[str]) -> Module:
    """Return the model in a file that `save` wrote, made anew.

    Raises ValueError where the file is damaged or does not tell how the model is made, OSError where it cannot be read.

        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     MLP(2, [3, 1]).save(pathlib.Path(folder) / "model.npz")
        ...     print(load_model(pathlib.Path(folder) / "model.npz"))
        MLP(2, [3, 1], 'relu', 'linear')
    """
    architecture, state = storage.read(path)
    if architecture is None:
        raise ValueError(
            f"{one_line(str(path))} does not tell how its model is made: make the model, and call its load (it "
            "shares weights, or has functions or parts of its own)"
        )
    try:
        kept = {name: architecture.pop(name, None) for name in KEPT}
        # a size that no array bears out must not be made
        if _promised(architecture) != sum(numbers.size for numbers in state.values()):
            raise ValueError("its architecture and its arrays do not agree")
        model = _made(architecture)
        if model.architecture() != architecture:  # else what is missing would be made as it is by default
            raise ValueError("its architecture is not complete")
        model.load_state_dict(state)
        model._keep(kept)
    except Exception as error:  # a header from anybody may hold anything
        raise ValueError(storage.told(path, "holds no model that can be made", error)) from None
    return model


def _promised(plan: Mapping[str, Any]) -> int:
    """Return how many parameters a plan asks for."""
    total, stack = 0, [plan]
    while stack:
        part = stack.pop()
        stack.extend(part.get("layers", ()))
        if "nin" in part:
            nin, nout, pieces = (whole("a plan", name, part.get(name, 1), 1) for name in ("nin", "nout", "pieces"))
            total += nout * pieces * (nin + 1)
    return total


def _made(plan: Mapping[str, Any]) -> Module:
    """Return the module that a plan describes, with weights still to be set."""
    facts = dict(plan)
    kind = KINDS[facts.pop("kind")]
    if not issubclass(kind, Sequential):
        return kind(**facts)
    model = kind.__new__(kind)
    Sequential.__init__(model, *map(_made, facts.pop("layers")))
    return model


KINDS: dict[str, type[Module]] = {kind.__name__: kind for kind in (Neuron, Layer, Maxout, Dropout, Sequential, MLP)}
