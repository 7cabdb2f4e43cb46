"""Module: what has parameters, in a tree of parts; its numbers as arrays, in memory and in files.

    part        a module that another holds in an attribute, or in a list or dictionary there
    path        where a part stands, "layer1/neuron0"; its parameters' labels go on from there: "layer1/neuron0/w0"
    array       the numbers of some parameters, here shaped Values: its shape, and the Values row by row
    state       key -> float64 array: "layer1.weight" (nout, nin), "layer1.bias" (nout,), as torch names and shapes them

A subclass needs no bookkeeping: leaf Values and modules that its attributes hold, in lists and dictionaries too, are
found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from autograd.graph import one_line
from autograd.value import Value
from nn import storage
from nn.checks import checked

__all__ = ["KEPT", "Module", "Shaped"]

Floats = NDArray[np.float64]
State = dict[str, Floats]
Shaped = tuple[tuple[int, ...], list[Value]]
KEPT = ("threshold", "fitted_threshold")  # what a file keeps beside the architecture


class Module:
    """What has parameters: the base of neurons, layers and networks, and of a user's own.

    An attribute that is a leaf Value, a module, or a list or dictionary of these belongs to it, in the order of
    assignment; what a dictionary `parts` holds by the key "a" is called parts/a.

        >>> class Line(Module):
        ...     def __init__(self):
        ...         self.slope, self.start = Value(2.0), Value(1.0)
        ...     def __call__(self, x):
        ...         return self.slope * x + self.start
        >>> [p.data for p in Line().parameters()], Line()(3.0)
        ([2.0, 1.0], Value(7.0, grad=0.0))
    """

    training = True  # set by train() and eval(): dropout acts in training only
    _threshold: float | None = None  # what somebody set
    fitted_threshold: float | None = None  # what suits the loss that `fit` trained with
    path = ""  # set by relabel()
    counted: ClassVar[Mapping[str, tuple[str, int]]] = {}  # a list's attribute -> what one is called, the first number
    is_array = False  # whether the arrays of this module hold the numbers of its parts too

    def __call__(self, x: Any) -> Any:
        """Return what the module makes of its input."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ yet: write what it makes of its input")

    # ----------------------------------------------------------------------------------------------- what outputs mean

    @property
    def ends_in(self) -> str | None:
        """The name of the activation that its outputs come from, None where its own code may do anything."""
        return None

    @property
    def threshold(self) -> float:
        """Where a single output tells two classes apart: above it lies class 1.

        0, or 0.5 where the module ends in a sigmoid, or where `fit` trained it with a loss that makes outputs approach
        the classes 0 and 1 themselves, as mse does. It may be set to any other number, which `fit` leaves as it is, and
        to None for its own again. Files keep it. Raises ValueError for what is not finite, TypeError for no number.
        """
        for number in (self._threshold, self.fitted_threshold):
            if number is not None:
                return number
        return 0.5 if self.ends_in == "sigmoid" else 0.0

    @threshold.setter
    def threshold(self, number: float | None) -> None:
        self._threshold = None if number is None else checked(type(self).__name__, "threshold", number, -math.inf)

    # ------------------------------------------------------------------------------------------------------- parts

    def named_modules(self) -> list[tuple[str, Module]]:
        """Return this module and all its parts, each once with its path, a module before its parts."""
        return list(self._walk())

    def _walk(self, into_arrays: bool = True) -> Iterator[tuple[str, Module]]:
        """Yield modules before their parts; parts whose numbers are in an array of their owner only if wanted."""
        seen: set[Module] = set()
        stack: list[tuple[str, Module]] = [("", self)]
        while stack:
            path, module = stack.pop()
            if module in seen:
                continue
            seen.add(module)
            yield path, module
            if into_arrays or not module.is_array:
                parts = [(name, part) for _, name, part in module._held() if isinstance(part, Module)]
                stack.extend((f"{path}/{name}".lstrip("/"), part) for name, part in reversed(parts))

    def _held(self) -> Iterator[tuple[str, str, Value | Module]]:
        """Yield what attributes hold: its array's name, its own name within this module, the leaf Value or module."""
        for attribute, thing in vars(self).items():
            stack = [(attribute, attribute, thing)]
            while stack:
                array, name, thing = stack.pop()
                if isinstance(thing, (list, tuple)):
                    # layer1 of layer, but w1_0 of w1: the numbers of a list within a list stay apart
                    what, first = self.counted.get(name, (f"{name}_" if name[-1:].isdigit() else name, 0))
                    stack.extend([(array, f"{what}{i}", each) for i, each in enumerate(thing, first)][::-1])
                elif isinstance(thing, Mapping):
                    stack.extend([(f"{name}/{key}", f"{name}/{key}", each) for key, each in thing.items()][::-1])
                elif isinstance(thing, Module) or (isinstance(thing, Value) and thing.gate is None):
                    yield array, name, thing

    def relabel(self, path: str = "") -> Self:
        """Give every part its path, below `path`, and every parameter its label; return the module itself.

        MLP and Sequential call it when they adopt layers, a module of one's own may at the end of its __init__.
        """
        for below, module in self._walk():
            module._placed(f"{path}/{below}".strip("/"))
        return self

    def _placed(self, path: str) -> None:
        self.path = path
        for _, name, thing in self._held():
            if isinstance(thing, Value):
                thing.label = f"{path}/{name}".lstrip("/")

    # -------------------------------------------------------------------------------------------------- parameters

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return every parameter once with its path: a module's own before its parts', in the order of assignment."""
        found: dict[Value, str] = {}
        for path, module in self._walk():
            for _, name, thing in module._held():
                if isinstance(thing, Value):
                    found.setdefault(thing, f"{path}/{name}".lstrip("/"))
        return [(name, p) for p, name in found.items()]

    def parameters(self) -> list[Value]:
        """Return every parameter once: a neuron's weights, then its bias, neuron by neuron, layer by layer."""
        return [p for _, p in self.named_parameters()]

    def weights(self) -> list[Value]:
        """Return the parameters that are no biases: what a penalty on large weights counts."""
        biases = {bias for _, module in self._walk() for bias in module._biases()}
        return [p for p in self.parameters() if p not in biases]

    def _biases(self) -> list[Value]:
        """Return the biases among a module's own Values."""
        return []

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def train(self, mode: bool = True) -> Self:
        """Put this module and all its parts into training, where dropout acts; return the module itself."""
        for _, module in self._walk():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all its parts to use, where dropout passes everything on; return the module itself."""
        return self.train(False)

    # ------------------------------------------------------------------------------------------------------- state

    def arrays(self) -> dict[str, Shaped]:
        """Return key -> (shape, Values row by row), the parameters as state_dict tells of them.

        Raises ValueError where what stands in a parameter's place is none, where two arrays have one key, and for a
        parameter that is in no array, as one that was added to a layer.
        """
        found: dict[str, Shaped] = {}
        for path, module in self._walk(into_arrays=False):
            for name, (shape, values) in module._own_arrays().items():
                key = f"{path}/{name}".strip("/").replace("/", ".")
                if key in found:
                    raise ValueError(f"two arrays of this model would be called {key!r}: rename one of the attributes")
                for p in values:
                    _check_leaf(key, p)
                found[key] = (shape, values)
        told = {p for _, values in found.values() for p in values}
        lost = [name for name, p in self.named_parameters() if p not in told]
        if lost:
            raise ValueError(
                f"{lost[0]} is in no array of its layer, so a state would lack it: hold it in another module"
            )
        return found

    def _own_arrays(self) -> dict[str, Shaped]:
        """Return the arrays of this module itself: one per attribute, or key of a dictionary, that holds Values."""
        values: dict[str, dict[str, Value]] = {}
        for array, name, thing in self._held():
            if isinstance(thing, Value):
                values.setdefault(array, {})[name] = thing
        return {
            array: (() if list(found) == [array] else (len(found),), list(found.values()))
            for array, found in values.items()
        }

    def state_dict(self) -> State:
        """Return copies of all numbers: float64 arrays by name, per layer `weight` (nout, nin) and `bias` (nout,).

        Raises ValueError where what stands in a parameter's place is none: a number that is computed, say.
        """
        return {
            key: np.array([p.data for p in values], dtype=np.float64).reshape(shape)
            for key, (shape, values) in self.arrays().items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set all parameters from arrays by name, or none: what does not fit is refused before anything is changed.

        Takes this model's keys, or other keys of the same endings in the same order, as torch's ("0.weight",
        "0.bias", "2.weight", …); arrays, tensors or lists of numbers. Raises ValueError for missing or surplus arrays,
        another shape, numbers that are not finite, two numbers for a Value that two arrays share, and as state_dict
        does; TypeError for what is no mapping.
        """
        arrays = self.arrays()
        numbers = _fitted(arrays, state)
        found: dict[Value, float] = {}
        for key, (_, values) in arrays.items():
            for p, x in zip(values, numbers[key].ravel().tolist(), strict=True):
                if found.setdefault(p, x) != x:
                    both = f"{found[p]} and {x}"
                    raise ValueError(f"{key} shares a Value{_label(p)}, for which the state has both {both}")
        for p, x in found.items():
            p.data = x

    def save(self, path: str | PathLike[str]) -> None:
        """Write all numbers, and the architecture where names and sizes describe it, to a .npz or .json file.

        They do not where functions or classes are one's own, neurons of a layer differ, or weights are shared: then
        `load` reads the numbers into a model that is made the same way, and load_model refuses the file.
        The file is written aside and then put in its place, so a failure leaves an older file whole. Raises ValueError
        for another suffix and for numbers that are not finite, FileNotFoundError where there is no such folder.
        """
        state = self.state_dict()
        for key, numbers in state.items():
            _finite(key, numbers)
        plan = self.architecture()
        storage.write(path, plan and plan | self._kept(), state)

    def load(self, path: str | PathLike[str]) -> None:
        """Set all parameters from a file that `save` wrote, or none.

        Raises ValueError where the file is damaged, of another kind or version, or holds another architecture or other
        shapes; OSError where it cannot be read.
        """
        (theirs, state), ours = storage.read(path), self.architecture()
        kept = {name: theirs.pop(name, None) for name in KEPT} if theirs else {}
        if theirs and ours and _fixed(theirs) != _fixed(ours):
            raise ValueError(f"{one_line(str(path))} does not fit: it holds another architecture than {self!r}")
        before = self._threshold, self.fitted_threshold
        try:
            self._keep(kept)
            self.load_state_dict(state)
        except (ValueError, TypeError) as error:
            self._threshold, self.fitted_threshold = before
            raise ValueError(storage.told(path, "does not fit", error)) from None

    def _kept(self) -> dict[str, Any]:
        """Return what a file keeps beside the architecture."""
        numbers = zip(KEPT, (self._threshold, self.fitted_threshold))
        return {name: number for name, number in numbers if number is not None}

    def _keep(self, kept: Mapping[str, Any]) -> None:
        """Take over what a file kept beside the architecture."""
        self.threshold = kept.get("fitted_threshold")  # the setter checks it
        self.fitted_threshold, self.threshold = self._threshold, kept.get("threshold")

    def architecture(self) -> dict[str, Any] | None:
        """Return how the module is made as plain data, None where names and sizes do not tell."""
        return None

    def summary(self) -> str:
        """Return a table of the layers: what each is, the shapes of its arrays, and how many parameters it has."""
        rows = [("part", "what", "arrays", "parameters")]
        for path, module in self._walk(into_arrays=False):
            arrays = module._own_arrays()
            if arrays or not any(isinstance(thing, Module) for _, _, thing in module._held()):
                shapes = ", ".join(f"{name} {storage.spelled(shape)}" for name, (shape, _) in arrays.items())
                count = sum(math.prod(shape) for shape, _ in arrays.values())
                rows.append((path or "model", repr(module), shapes or "none", f"{count:,}"))
        rows.append(("total", "", "", f"{len(self.parameters()):,}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = [[*map(str.ljust, row[:-1], widths[:-1]), row[-1].rjust(widths[-1])] for row in rows]
        return "\n".join("  ".join(line) for line in lines)


def _fixed(architecture: Any) -> list[Any]:
    """Return what must agree for parameters to mean the same: the layers that have any, in order."""
    layers, stack = [], [architecture]
    while stack:
        part = stack.pop()
        inner = part.get("layers") if isinstance(part, Mapping) else None
        if isinstance(inner, list):
            stack.extend(reversed(inner))
        elif not isinstance(part, Mapping) or "nin" in part:
            layers.append(part)
    return layers


# ------------------------------------------------------------------------------------------------ a state that fits


def _check_leaf(key: str, p: Any) -> None:
    """Raise ValueError for what is no parameter: it could be read, but not be set."""
    if not isinstance(p, Value):
        raise ValueError(f"{key} is made of Values, but holds {type(p).__name__} {p!r:.40}: put Value(…) there")
    if p.gate is not None:
        raise ValueError(
            f"{key} is made of parameters, but holds a number{_label(p)} that the gate {p.gate.name} computes: "
            "put a Value of its own there"
        )


def _label(p: Value) -> str:
    return f" ({p.label!r})" if p.label else ""


def _fitted(arrays: Mapping[str, Shaped], state: Mapping[str, Any]) -> State:
    """Return the state by this model's keys, as float64 arrays of its shapes; ValueError where it does not fit."""
    if not isinstance(state, Mapping):
        raise TypeError(f"a state is a dictionary of arrays, got {type(state).__name__}")
    numbers = {}
    for key, theirs in zip(arrays, _matched(list(arrays), list(state))):
        found, shape = storage.floats(theirs, state[theirs]), arrays[key][0]
        name = key if key == theirs else f"{key} ({theirs!r})"
        if found.shape != shape:
            raise ValueError(
                f"{name}: the model needs shape {storage.spelled(shape)}, got {storage.spelled(found.shape)}"
            )
        numbers[key] = _finite(name, found)
    return numbers


def _matched(ours: list[str], theirs: list[str]) -> list[str]:
    """Return the foreign key for each of ours: the same, or if no key is known, the one in its place."""
    missing, surplus = [key for key in ours if key not in theirs], [key for key in theirs if key not in ours]
    if not missing and not surplus:
        return ours
    if len(missing) < len(ours) or len(theirs) != len(ours):
        lack = f"; it lacks {', '.join(missing)}" if missing and len(missing) < len(ours) else ""
        extra = f"; unknown: {', '.join(map(str, surplus))}" if surplus else ""
        raise ValueError(f"the model has {len(ours)} arrays, the state {len(theirs)}{lack}{extra}")
    for mine, other in zip(ours, theirs):
        if str(other).split(".")[-1] != mine.split(".")[-1]:
            raise ValueError(f"the model needs {mine}, the state has {other!r} in its place")
    return theirs


def _finite(name: str, numbers: Floats) -> Floats:
    lacking = ~np.isfinite(numbers)
    if lacking.any():
        place = [int(i) for i in np.argwhere(lacking)[0]]
        raise ValueError(f"{name} must be finite, got {numbers[tuple(place)]} at {place}")
    return numbers
