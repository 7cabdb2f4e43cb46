"""Programs: what `autograd.compile` returns.

program = compile(loss)                                                   one graph, as it is
program = compile(example_loss, parameters=model.parameters())            a function of one example, run on all rows
program(X, y)                                                             the loss; the gradient is in program.gradient
program.diagnose(X, y)                                                    where a nan or inf of these came from

X, y    arrays: a function gets, per array, a list of Values for a row of a 2-D one, a Value for an entry of a 1-D one
plan    a program that is ready to run for one number of rows: its source and its buffers
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn

from autograd import graph
from autograd.diagnosis import Diagnosis, argument_names, diagnose, example_of, source_lines
from autograd.errors import DomainError, pip_install
from autograd.functions import check_index
from autograd.functions import sum as addition
from autograd.gates import Gate
from autograd.lifting.emit import emit
from autograd.lifting.functional_source import jax_function
from autograd.lifting.fuse import fuse, scalar_count
from autograd.lifting.layout import Layout, lay_out
from autograd.lifting.record import Tape, leaves, record, scalar_gates
from autograd.lifting.source import VIEW, function, matrix_products, operations, standalone
from autograd.lifting.writing import Emitted
from autograd.value import Constant, Value, always_recording, as_float, tracing

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["Program", "compile"]

PLANS = 16  # how many row counts a program keeps plans for; the one that was not used for longest goes first


def compile(
    loss: Value | Callable[..., Any],
    parameters: Sequence[Value] | None = None,
    inputs: Sequence[Value] = (),
    *,
    regularizer: Callable[[], Any] | None = None,
    reduce: str = "mean",
) -> Program:
    """Return the program of a loss: a Value that was built, or a function of one example that makes one.

    A Value is taken as it is; `inputs` are leaves to be re-bound: `program(values)`. A function is called once, on
    Values that stand for one example; the program runs it on all rows, reduces them by "mean" or "sum" and adds the
    regularizer, a function without arguments, once. What it draws at random is drawn once, and frozen: give random
    numbers as an array. Leaves that are neither parameters nor inputs are frozen too.

    Raises TypeError for what is no Value or function, ValueError for inputs of a function or an unknown reduction.

        >>> w, b = Value(2.0, "w"), Value(0.0, "b")
        >>> program = compile(lambda x, y: (w * x + b - y) ** 2, parameters=[w, b])
        >>> import numpy as np
        >>> program(np.array([1.0, 2.0]), np.array([3.0, 5.0]))
        1.0
        >>> program.gradient.tolist()
        [-3.0, -2.0]
    """
    if isinstance(loss, Value):
        if regularizer is not None:
            raise ValueError("a regularizer goes with a function of one example; add it to the Value instead")
        if reduce != "mean":
            raise ValueError("there are no rows to reduce in a Value: leave `reduce` out")
        rebound = _leaves("inputs", inputs)
        chosen = _leaves("parameters", leaves(loss, rebound) if parameters is None else parameters)
        both = [x for x in rebound if x in chosen]
        if both:
            raise ValueError(f"{graph.described(both[0])} is both a parameter and an input: it can be one of them")
        return Program(loss, chosen, rebound, None, "")
    if not callable(loss):
        raise TypeError(f"compile takes a Value or a function of one example, got {type(loss).__name__}")
    if reduce not in ("mean", "sum"):
        raise ValueError(f'reduce must be "mean" or "sum", got {reduce!r}')
    if parameters is None:
        raise ValueError("a function of one example needs parameters=: the Values whose gradient is asked for")
    if inputs:
        raise ValueError("the inputs of a function are its arguments: leave `inputs` out")
    if not (regularizer is None or callable(regularizer)):
        raise TypeError(f"a regularizer is a function, got {type(regularizer).__name__}")
    return Program(loss, _leaves("parameters", parameters), [], regularizer, reduce)


def _leaves(what: str, values: Sequence[Value]) -> list[Value]:
    """Return Values as a list; TypeError where they are no Values, ValueError where one is computed or there twice."""
    if isinstance(values, Value) or not hasattr(values, "__iter__"):
        raise TypeError(f"{what} are a list of Values, got {type(values).__name__}")
    values = list(values)
    for x in values:
        if not isinstance(x, Value):
            raise TypeError(f"{what} must be Values, got {type(x).__name__}")
        if x.gate is not None:
            raise ValueError(f"{what} are leaves, but {graph.described(x)} is computed: give what it is computed of")
    if len(set(values)) < len(values):
        raise ValueError(f"{what} must be different Values, one of them is there twice")
    return values


@dataclass(slots=True)
class Plan:
    """A program for one number of rows, ready to run."""

    emitted: Emitted
    forward: Callable[..., float]
    backward: Callable[[], None]
    rows: int
    completed: bool  # whether a nan may come from a product that nobody asked for …
    exact: Plan | None = None  # … and then the plan without such products, made when it is first needed


class Program:
    """A scalar program as array operations; see `compile`, which makes it.

    parameters, gradient    float64 vectors (P,), in the order of the parameters; the same two arrays for life
    """

    def __init__(
        self,
        loss: Any,
        parameters: list[Value],
        inputs: list[Value],
        regularizer: Callable[[], Any] | None,
        reduce: str,
    ) -> None:
        try:
            import numpy as np
        except ImportError:
            raise ImportError(f"a compiled program runs on NumPy: {pip_install('numpy')}") from None
        self._loss, self._values, self._inputs = loss, parameters, inputs
        self._regularizer, self._reduce = regularizer, reduce
        self._parameters: Array = np.array([p._data for p in parameters], dtype=np.float64)
        self._gradient: Array = np.zeros(len(parameters))
        self._layout: Layout | None = None
        self._columns: tuple[int | None, ...] = ()
        self._plans: OrderedDict[int, Plan] = OrderedDict()
        self._lock = threading.RLock()  # a program's buffers serve one call at a time
        self._tape: Tape | None = None
        self._last_key: tuple[Any, ...] = ()  # the shapes and types of the last arrays: most calls bring the same again
        self._last_plan: Any = None
        if not reduce:
            self._record()

    @property
    def parameters(self) -> Array:
        """The vector of parameters, always the same array: what is assigned is copied into it."""
        return self._parameters

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        _fill("parameters", self._parameters, numbers)

    @property
    def gradient(self) -> Array:
        """The vector of the gradient, always the same array: what is assigned is copied into it."""
        return self._gradient

    @gradient.setter
    def gradient(self, numbers: Any) -> None:
        _fill("gradient", self._gradient, numbers)

    # ---------------------------------------------------------------------------------------------------------- running

    def __call__(self, *arrays: Any) -> float:
        """Run forward and backward; return the loss, and leave its gradient in `gradient`."""
        with self._lock:
            plan, bound = self._bound(arrays)
            loss = plan.forward(*bound)
            plan.backward()
            if plan.completed and (loss != loss or self._gradient_is_nan()):
                plan = self._exact(plan)
                loss = plan.forward(*bound)
                plan.backward()
            return loss

    def forward(self, *arrays: Any) -> float:
        """Run forward only; return the loss, and leave the gradient as it is."""
        with self._lock:
            plan, bound = self._bound(arrays)
            loss = plan.forward(*bound)
            return self._exact(plan).forward(*bound) if plan.completed and loss != loss else loss

    def step(self, optimizer: Any, *arrays: Any) -> float:
        """Run the program and let an optimizer update the parameters; return the loss before the update.

        The optimizer has `update(x, g)`, which changes a vector x in place by its gradient g. ValueError where it has
        `parameters` that are not this program's, in the same order.
        """
        theirs = getattr(optimizer, "parameters", None)
        # compared one by one: a Value is equal to itself alone
        if isinstance(theirs, (list, tuple)) and list(theirs) != self._values:
            counts = f"{len(theirs)} and {len(self._values)}"
            raise ValueError(f"the optimizer's parameters are not the program's, in the same order ({counts})")
        with self._lock:
            loss = self(*arrays)
            optimizer.update(self._parameters, self._gradient)
            return loss

    def store(self) -> None:
        """Set data and grad of the parameters from the vectors, whatever they were; `load` goes the other way."""
        for p, x, g in zip(self._values, self._parameters.tolist(), self._gradient.tolist()):
            p.data = x
            p.grad = g

    def load(self) -> None:
        """Set the vector of parameters from their data."""
        self._parameters[:] = [p._data for p in self._values]

    def diagnose(self, *arrays: Any) -> Diagnosis | None:
        """Return where a nan or inf of the loss or its gradient at these arrays came from; None where all is finite.

        It is what `autograd.diagnose` tells: of the first row that makes one, else of the sum of all with what is added
        once. Data of the parameters, and of the inputs of a Value, is set to what the program runs on, so that a
        picture of the diagnosis shows these numbers.
        """
        with self._lock:
            if self._is_finite(arrays):
                return None
            for p, x in zip(self._values, self._parameters.tolist()):
                p.data = x
            if not self._reduce:
                self._rebind(arrays)
                return diagnose(self._loss)
            bound, _, _ = self._checked(arrays)
            found = diagnose(self._loss, *bound)
            return found if found is not None and not found.harmless else self._diagnosis_of_all(arrays)

    def _is_finite(self, arrays: tuple[Any, ...]) -> bool:
        try:
            return math.isfinite(self(*arrays)) and all(map(math.isfinite, self._gradient.tolist()))
        except DomainError:
            return False

    def _diagnosis_of_all(self, arrays: tuple[Any, ...]) -> Diagnosis | None:
        with source_lines() as lines, always_recording():
            try:
                return diagnose(self._engine_loss(arrays), lines=lines)
            except DomainError as error:  # of the regularizer: every row has a value
                return diagnose(error, lines=lines)

    # ------------------------------------------------------------------------------------------------ binding and plans

    def _bound(self, arrays: tuple[Any, ...]) -> tuple[Plan, Sequence[Any]]:
        if not self._reduce:
            vector = self._vector(arrays)
            return self._plan(1), [vector] if self._inputs else []
        try:
            key = tuple([(a.shape, a.dtype, type(a)) for a in arrays])
        except AttributeError:  # lists, or what will be refused
            key = ()
        if key and key == self._last_key:
            return self._last_plan, arrays
        plan, bound = self._prepared(arrays)
        if key:
            self._last_key, self._last_plan = key, plan
        return plan, bound

    def _prepared(self, arrays: tuple[Any, ...]) -> tuple[Plan, Sequence[Any]]:
        bound, columns, rows = self._checked(arrays)
        if self._layout is None:
            self._trace(bound, columns)
        elif columns != self._columns:
            raise ValueError(f"this program takes arrays of shape {_told(self._columns)}, got {_told(columns)}")
        return self._plan(rows), bound

    def _vector(self, arrays: tuple[Any, ...]) -> Any:
        import numpy as np

        if not self._inputs:
            if arrays:
                raise TypeError("this program has no inputs: call program(), or name them, compile(f, inputs=[x])")
            return None
        if not arrays:
            return None
        (given,) = arrays if len(arrays) == 1 else (arrays,)
        values = np.asarray(given, dtype=np.float64)
        if values.shape != (len(self._inputs),):
            raise ValueError(f"this program takes a vector of {len(self._inputs)} inputs, got shape {values.shape}")
        return values

    @staticmethod
    def _checked(arrays: tuple[Any, ...]) -> tuple[list[Array], tuple[int | None, ...], int]:
        """Return the arrays as arrays, how many columns each has (None: it is 1-D), and how many rows."""
        if not arrays:
            raise TypeError("a program of a function takes at least one array")
        bound = [_array(number, a) for number, a in enumerate(arrays)]
        rows = bound[0].shape[0] if bound[0].ndim else 0
        for number, a in enumerate(bound):
            if a.dtype.kind not in "fiub":
                raise TypeError(f"array {number} must hold real numbers, got dtype {a.dtype}")
            if a.ndim not in (1, 2):
                raise ValueError(f"array {number} must be 1-D or 2-D, got shape {a.shape}")
            if a.shape[0] != rows:
                raise ValueError(f"array {number} has {a.shape[0]} rows, the first has {rows}")
        if not rows:
            raise ValueError("there are no rows")
        return bound, tuple([None if a.ndim == 1 else a.shape[1] for a in bound]), rows

    def _plan(self, rows: int) -> Plan:
        plan = self._plans.get(rows)
        if plan is None:
            assert self._layout is not None
            plan = self._plans[rows] = self._built(rows, self._layout)
            if len(self._plans) > PLANS:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(rows)
        return plan

    def _exact(self, plan: Plan) -> Plan:
        """Return the plan that computes what was asked for and nothing else."""
        if plan.exact is None:
            assert self._tape is not None
            plan.exact = self._built(plan.rows, lay_out(fuse(self._tape), complete=False))
        return plan.exact

    def _gradient_is_nan(self) -> bool:
        total = self._gradient.sum()
        return bool(total != total)

    def _built(self, rows: int, layout: Layout) -> Plan:
        import numpy as np

        columns = self._columns if self._reduce else (len(self._inputs),) * bool(self._inputs)
        emitted = emit(layout, rows, columns, self._names(), self._reduce)
        namespace: dict[str, Any] = {"np": np, **emitted.data}
        namespace |= {name: partial(called, *key) for name, key in emitted.calls.items()}
        exec(f"{VIEW}\n{function(emitted, self._names())}", namespace)  # text of our own making alone
        refuse = partial(self._refuse, layout, emitted)
        forward, backward = namespace["build"](self._parameters, self._gradient, refuse)
        return Plan(emitted, forward, backward, rows, layout.completed)

    # -------------------------------------------------------------------------------------------------------- recording

    def _record(self) -> None:
        self._tape = record(None, self._loss, self._values, self._inputs, tiled=False)
        self._layout = lay_out(fuse(self._tape))

    def _trace(self, arrays: Sequence[Array], columns: tuple[int | None, ...]) -> None:
        """Call the function once, on the first example."""
        names = self._names(columns)
        arguments = [example_of(a[0].tolist(), name) for a, name in zip(arrays, names)]
        entries = [x for argument in arguments for x in (argument if isinstance(argument, list) else [argument])]
        with tracing([*entries, *self._values]):
            try:
                example = self._loss(*arguments)
            except DomainError as error:
                raise DomainError(f"{error} in row 0", error.gate, error.inputs) from None
            once = None if self._regularizer is None else self._regularizer()
        if isinstance(once, Real):  # what l2 gives of a model without weights
            once = Constant(as_float(once))
        for what, root in (("function", example), ("regularizer", once)):
            if not isinstance(root, Value) and (what == "function" or self._regularizer is not None):
                given = "None: is a return missing?" if root is None else type(root).__name__
                raise TypeError(f"the {what} to compile returns one Value, got {given}")
        self._tape = record(example, once, self._values, entries, tiled=True)
        self._layout, self._columns = lay_out(fuse(self._tape)), columns

    # --------------------------------------------------------------------------------------------------------- refusing

    def _refuse(self, layout: Layout, emitted: Emitted, place: int, mask: Any, *operands: Any) -> None:
        """Raise the error of the first row, and there of the first gate, that a mask marks."""
        import numpy as np

        refusal = emitted.refusals[place]
        members, shape = refusal.operation.members, refusal.operation.out.index.shape
        wide = refusal.operation.out.kind == "T" and emitted.rows > 1
        full = (*shape, emitted.rows) if wide else shape

        def where(at: list[int]) -> tuple[int, int]:
            return (at[-1] if wide else 0), int(members.reshape(shape)[tuple(at[: len(shape)])])

        at = min(np.argwhere(np.broadcast_to(mask, full)).tolist(), key=where)
        row, number = where(at)
        inputs = layout.tape.operands(number)
        numbers = [x for operand in operands for x in at_place(operand, at, full)][: len(inputs)]
        suffix = f" in row {row}" if self._reduce else ""
        if refusal.what == "index":
            check_index(numbers[0], len(inputs) - 1, suffix)
        letters = graph.letters(len(inputs))
        told = ", ".join(f"{letter} = {x!r}" for letter, x in zip(letters, numbers))
        names = ", ".join(f"{letter} is {described(layout.tape, i)}" for letter, i in zip(letters, inputs))
        raise DomainError(f"{refusal.words}, got {told} ({names}){suffix}")

    # ---------------------------------------------------------------------------------------------------------- showing

    @property
    def source(self) -> str:
        """The generated program for the rows of the last call: a module that runs with numpy alone.

        RuntimeError where a function was not called yet: it is recorded by the first call.
        """
        return standalone(self._last().emitted, self._names(), str(self))

    def to_jax(self) -> Callable[..., Any]:
        """Return a pure function (parameters, *arrays) -> loss of jax.numpy, for any number of rows.

        jax differentiates it, jits it and runs it sharded over devices, in its own precision. It checks no
        domain: where a gate has no value, nan comes out. RuntimeError where a function was not called yet, ImportError
        without jax, TypeError for a user's card that cannot be printed.
        """
        self._last()
        assert self._tape is not None
        layout = lay_out(fuse(self._tape), complete=False)
        columns = self._columns if self._reduce else (len(self._inputs),) * bool(self._inputs)
        return jax_function(layout, columns, self._names(), self._reduce)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: a program is code and buffers of this process."""
        raise TypeError("a program is not pickled or copied: call store(), keep the Values, and compile them again")

    def __str__(self) -> str:
        if self._tape is None:
            return "a program that is recorded when it is first called"
        plan = self._last()
        gates = scalar_gates(self._tape, plan.rows, scalar_count)
        forward, backward = (operations(lines) for lines in (plan.emitted.forward, plan.emitted.backward))
        products = matrix_products([*plan.emitted.forward, *plan.emitted.backward])
        return (
            f"{gates:,} scalar gates → {forward} + {backward} array operations, "
            f"{products or 'none'} of them {'a matrix product' if products == 1 else 'matrix products'}"
        )

    def _last(self) -> Plan:
        if self._layout is None:
            raise RuntimeError("this program is recorded when it is first called: call it once, then look at it")
        return next(reversed(self._plans.values())) if self._plans else self._plan(1)

    def _names(self, columns: tuple[int | None, ...] | None = None) -> list[str]:
        """Return what the source calls its arrays."""
        if not self._reduce:
            return ["inputs"] if self._inputs else []
        return argument_names([width is not None for width in (self._columns if columns is None else columns)])

    def check(self, *arrays: Any) -> Agreement:
        """Run the program and the eager engine on the same numbers, and compare loss and gradient.

        Data and grad of the Values are as before afterwards.
        """
        with self._lock:
            loss = self(*arrays)
            kept = [(p._data, p._grad) for p in self._values]
            try:
                self.store()
                eager, gradient, scale = self._eager(arrays)
            finally:
                for p, (data, slope) in zip(self._values, kept):
                    p.data, p.grad = data, slope
            differences = [abs(x - y) for x, y in zip(self._gradient.tolist(), gradient)]
            return Agreement(loss, eager, max(differences, default=0.0), scale, max(map(abs, gradient), default=0.0))

    def _eager(self, arrays: tuple[Any, ...]) -> tuple[float, list[float], float]:
        """Return the engine's loss, its gradient and Σ |value × adjoint|, with the data that the Values have now."""
        with always_recording():
            root = self._loss if not self._reduce else self._engine_loss(arrays)
        if not self._reduce:
            self._rebind(arrays)
        nodes = graph.order(root)
        graph.forward(nodes)
        steps = list(graph.pull(nodes))
        found: dict[Value, float] = steps[-1][2] if steps else {root: 1.0}
        scale = sum([abs(node._data * found.get(node, 0.0)) for node in nodes])
        return root._data, [found.get(p, 0.0) for p in self._values], scale

    def _rebind(self, arrays: tuple[Any, ...]) -> None:
        """Set the data of the inputs of a Value from a call's vector, if it has one."""
        vector = self._vector(arrays)
        if vector is not None:
            for x, number in zip(self._inputs, vector.tolist()):
                x.data = number

    def _engine_loss(self, arrays: tuple[Any, ...]) -> Value:
        bound, _, rows = self._checked(arrays)
        losses = [self._loss(*[example_of(entry, "") for entry in row]) for row in zip(*[a.tolist() for a in bound])]
        total: Value = addition(losses)
        if self._reduce == "mean":
            total = total / rows
        return total if self._regularizer is None else total + self._regularizer()


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the program and the eager engine found; true where they agree to rounding."""

    loss: float
    eager: float
    difference: float  # the largest difference of two gradients
    scale: float  # Σ |value × adjoint| over all gates: how much rounding the loss can carry
    largest: float  # the largest gradient

    def __bool__(self) -> bool:
        """Tell whether loss and gradient agree, to 1e-12 and 1e-10 of what rounding can make of them."""
        same = self.loss == self.eager or (self.loss != self.loss and self.eager != self.eager)
        near = abs(self.loss - self.eager) <= 1e-12 * max(1.0, self.scale)
        return (same or near) and not self.difference > 1e-10 * max(1.0, self.scale, self.largest)

    def __str__(self) -> str:
        verdict = "agree" if self else "DISAGREE"
        return (
            f"program and engine {verdict}: loss {self.loss!r} and {self.eager!r}, "
            f"gradients differ by {self.difference:.2g} at most"
        )


def _told(columns: tuple[int | None, ...]) -> str:
    return " and ".join("(rows,)" if c is None else f"(rows, {c})" for c in columns)


def _fill(what: str, vector: Array, numbers: Any) -> None:
    import numpy as np

    shape = np.shape(numbers)
    if shape != vector.shape:
        raise ValueError(f"the {what} of this program: a vector of {len(vector)} numbers, got the shape {shape}")
    vector[:] = numbers


def _array(number: int, given: Any) -> Array:
    import numpy as np

    if isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"array {number} is masked, and a program knows no masks: fill or drop what is missing")
    try:
        return np.asarray(given)
    except ValueError as error:  # of lists of different lengths
        raise ValueError(f"array {number} is none: {error}") from None


def described(tape: Tape, number: int) -> str:
    """Return what a reader knows a recorded node by: its label, or else how it was made."""
    gate, inputs = tape.gates[number], tape.operands(number)
    if tape.labels[number]:
        return repr(tape.labels[number])
    if gate is not None:
        parts = [described(tape, i) if tape.gates[i] is None else "…" for i in inputs[:4]]
        return f"{gate.name} of {', '.join(parts)}{', …' if len(inputs) > 4 else ''}"
    if number in tape.parameters:
        return f"parameter {tape.parameters.index(number)}"
    return f"input {tape.entries.index(number)}" if number in tape.entries else repr(tape.data[number])


def at_place(operand: Any, at: list[int], full: tuple[int, ...]) -> list[float]:
    """Return the numbers of an operand at one place of an operation: one, or those of all lanes of a stack."""
    import numpy as np

    array = np.asarray(operand, dtype=float)
    lanes = [slice(None) if n > 1 and m == 1 else i for n, m, i in zip(array.shape, full, at)]
    shape = [max(n, m) for n, m in zip(array.shape, full)] if array.ndim else full
    found: list[float] = np.atleast_1d(
        np.broadcast_to(array, shape)[tuple(lanes) if array.ndim else tuple(at)]
    ).tolist()
    return found


def called(gate: Gate, what: str, place: Any, *columns: Any) -> Any:
    """Return what a card that could not be printed says of columns."""
    import numpy as np

    if what == "forward":
        function: Callable[..., Any] = gate.forward
    elif what == "slope":

        def function(*xs: Any) -> Any:
            return gate.one_each(gate.partials(*xs), len(xs) - 1)[place]
    else:
        function = place
    try:
        return function(*columns)
    except (TypeError, ValueError, AttributeError):
        return np.frompyfunc(lambda *xs: float(function(*map(float, xs))), len(columns), 1)(*columns).astype(float)
