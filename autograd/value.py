"""Value: a number that remembers how it was made.

    data      the number                         gate      the card of the gate that made it, None for a leaf
    grad      ∂f/∂this after f.backward()        inputs    the Values that gate was given, in order, with repeats
    label     what people call it

Arithmetic on Values records a computational graph, define-by-run; `backward` on its last node fills in the gradients.
A node stores what it is and not what to do, so a graph has no reference cycles and is gone when it is dropped.
"""

from __future__ import annotations

import copy as copying
import math
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ContextDecorator, contextmanager
from numbers import Real
from typing import Any, NoReturn

from autograd import graph
from autograd.errors import GraphTooLargeError, TracingError
from autograd.gates import (
    ABS,
    ADD,
    ARCTAN,
    COPY,
    COS,
    COSH,
    DIV,
    EVERYWHERE,
    EXP,
    LOG,
    MUL,
    NEG,
    POW,
    RECIPROCAL,
    RELU,
    SIGMOID,
    SIN,
    SINH,
    SOFTPLUS,
    SQRT,
    STEP,
    SUB,
    TAN,
    TANH,
    Gate,
    elu,
    leaky_relu,
    pow_to,
)

__all__ = [
    "MOST_GATES",
    "Constant",
    "Value",
    "always_recording",
    "apply",
    "as_float",
    "is_traced",
    "no_grad",
    "noting",
    "refuse_if_traced",
    "tracing",
    "without_value",
]

new = object.__new__


# ------------------------------------------------------------------------------------------- numbers that may come in


def as_float(x: Any) -> float:
    """Return x as a Python float; TypeError where it is no single real number, ValueError where it is too large."""
    if type(x) is float:
        return x
    if getattr(x, "shape", None) == ():  # a NumPy scalar or a 0-d array
        x = x.item()
    if not isinstance(x, Real):
        raise TypeError(f"a Value holds one real number (float, int, bool, NumPy scalar), got {_shown(x)}")
    try:
        return float(x)
    except OverflowError:
        raise ValueError("an integer this large does not fit into a float (the largest is about 1.8e308)") from None


def _shown(x: Any) -> str:
    if getattr(x, "shape", None):
        return f"an array of shape {x.shape}; use compile for arrays"
    text = repr(x)
    return f"{type(x).__name__} {text if len(text) <= 40 else text[:39] + '…'}"


def operand(x: Any) -> Any:
    """Return what stands beside a Value in an expression as a Value: a raw number becomes a constant leaf."""
    if isinstance(x, Value):
        return x
    if getattr(x, "shape", None):
        raise TypeError("a Value is one number, this is an array: loop over it, or use compile for arrays")
    return Constant(as_float(x)) if isinstance(x, Real) or hasattr(x, "shape") else NotImplemented


# -------------------------------------------------------------------------------------- what is switched on per thread


class _Switches(threading.local):
    silent = 0  # how many no_grad blocks this thread is in
    note: Callable[[Value], None] | None = None  # called for every gate that is made
    flattening: frozenset[int] | set[int] = frozenset()  # ids of the nodes that a running pickle has met already
    traced: frozenset[Any] = frozenset()  # the leaves of a function that is being recorded to be run on other numbers


_switches = _Switches()
_blocks = 0  # of no_grad and noting in all threads together: while it is 0, gates need not ask for their thread's
_traces = 0  # the traces that run in all threads together: while there is none, nobody asks who looks at a number
_lock = threading.Lock()


class no_grad(ContextDecorator):  # noqa: N801  # torch's name for it
    """Record nothing in this block, in this thread: expressions give leaves. Also decorates a function.

    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.inputs
    (9.0, ())
    """

    def __enter__(self) -> None:
        _switches.silent += 1
        _count_blocks(1)

    def __exit__(self, *exception: object) -> None:
        _switches.silent -= 1
        _count_blocks(-1)


def _count_blocks(change: int) -> None:
    global _blocks
    with _lock:
        _blocks += change


@contextmanager
def always_recording() -> Iterator[None]:
    """Record in this block, inside no_grad too: for what needs a graph of its own, whatever is done with the result."""
    outer, _switches.silent = _switches.silent, 0
    try:
        yield
    finally:
        _switches.silent = outer


@contextmanager
def noting(note: Callable[[Value], None]) -> Iterator[None]:
    """Have `note` called, in this block and thread, with every Value that a gate makes."""
    outer, _switches.note = _switches.note, note
    _count_blocks(1)
    try:
        yield
    finally:
        _switches.note = outer
        _count_blocks(-1)


# ----------------------------------------------------------------------------------------------------------- tracing


@contextmanager
def tracing(leaves: Iterable[Any]) -> Iterator[None]:
    """Refuse, in this block and thread, to show the numbers of these leaves and of all that depends on them.

    A recorded program is run on other numbers than it was recorded with: a branch on one, or a constant made of one,
    would be frozen into it.
    """
    outer = _switches.traced
    _switches.traced = outer.union(leaves)
    _count_traces(1)
    try:
        with always_recording():
            yield
    finally:
        _switches.traced = outer
        _count_traces(-1)


def _count_traces(change: int) -> None:
    global _traces
    with _lock:
        _traces += change


def is_traced(x: Any) -> bool:
    """Tell whether a Value belongs to a function that is being recorded in this thread, and depends on its data."""
    if not _traces or not isinstance(x, Value):
        return False
    traced = _switches.traced
    return bool(traced) and not traced.isdisjoint(graph.order(x))


def refuse_if_traced(what: str, *xs: Any) -> None:
    """Raise TracingError where one of these belongs to a function that is being recorded, and depends on its data."""
    for x in xs:
        if is_traced(x):
            raise TracingError(
                f"{what} while its program is being recorded: what is decided now would be frozen into the program, "
                f"whatever its data are later (it is {graph.described(x)}). Use max, min, relu, abs, step, softmax "
                "or take(xs, index) of autograd.functions instead: they decide anew in every run"
            )


# -------------------------------------------------------------------------------------------------------- in a browser

# How many gates a graph may have; None: as many as there is memory for. In a browser Python misjudges how small its
# stack is, and what it does by recursion ends the interpreter: freeing a chain of 1,400 sums, in a worker, is enough.
MOST_GATES = 2_000 if sys.platform == "emscripten" else None
if MOST_GATES is not None:
    _blocks = 1  # and it never is 0, so that each gate is counted


def _counted(node: Value) -> None:
    """Count the gates a new one depends on, itself with them; GraphTooLargeError where they are too many here."""
    if MOST_GATES is None:
        return
    # what two inputs share is counted twice, and only where that seems too much is the graph walked
    node._gates = 1 + sum([x._gates for x in set(graph.inputs_of(node)) if x.gate is not None])
    if node._gates > MOST_GATES:
        node._gates = sum([other.gate is not None for other in graph.order(node)])
    if node._gates > MOST_GATES:
        assert node.gate is not None
        raise GraphTooLargeError(
            f"a graph in the browser has at most {MOST_GATES:,} gates, and this {node.gate.name} gate would be one too "
            "many: drop what is done with before more is built on it, or run this in Python on your machine"
        )


_dropped: list[Any] = []  # operands of nodes that are being freed
_freeing = False


def _free_in_a_loop(node: Value) -> None:
    """Have the operands of a dying node freed one after the other, not each inside the one that held it."""
    global _freeing
    if not hasattr(node, "_b"):  # it was refused while it was made
        return
    _dropped.extend((node._a, node._b))
    node._a = node._b = None  # a name here would hold them until after the loop
    if not _freeing:
        _freeing = True
        while _dropped:
            _dropped.pop()  # of a node that nobody else has, this ends here once more, and only adds its operands
        _freeing = False


# ------------------------------------------------------------------------------------------------------ making a node


def apply(gate: Gate, *xs: Any) -> Value:
    """Return the Value that a gate makes of its inputs: Values, or numbers that become constants.

    Raises DomainError where the gate has no value there, TypeError for what is no number or a wrong count of inputs.
    """
    if len(xs) != gate.arity if gate.arity else not xs:
        raise TypeError(f"{gate.name} takes {gate.arity or 'one or more'} inputs, got {len(xs)}")
    try:
        numbers = [x._data for x in xs]
    except AttributeError:  # a raw number among them
        xs = tuple([_input(x) for x in xs])
        numbers = [x._data for x in xs]
    if gate.domain is not EVERYWHERE:
        graph.check_value(gate, xs)
    return _made(as_float(gate.forward(*numbers)), gate, xs)  # a user's card may compute with NumPy


def without_value(gate: Gate, xs: Sequence[Value]) -> Value:
    """Return the Value that a gate would make of its inputs if it had one there: nan stands for it."""
    with always_recording():
        return _made(math.nan, gate, tuple(xs))


def _made(data: float, gate: Gate, xs: tuple[Value, ...]) -> Value:
    if gate.arity == 1:
        return _node(data, gate, xs[0], None)
    if gate.arity == 2:
        return _node(data, gate, *xs)
    return _node(data, gate, None, xs)


def _input(x: Any) -> Value:
    """Return what a gate was given as a Value; TypeError where it is no number."""
    y = operand(x)
    return Constant(as_float(x)) if y is NotImplemented else y  # as_float raises, and says what was given


def _node(data: float, gate: Gate, a: Any, b: Any) -> Value:
    if _blocks and _switches.silent:
        if _traces:
            refuse_if_traced("a Value is used inside no_grad", *([a] if b is None else b if a is None else [a, b]))
        return Value(data)
    node = new(Value)
    node._data, node._grad, node.gate, node._a, node._b, node._label = data, _clean, gate, a, b, ""
    if _blocks:
        _counted(node)
        if _switches.note is not None:
            _switches.note(node)
    return node


# The zero that a new gate's gradient is: another float object after every change of a leaf, so that a gate whose
# gradient still is this very object was built since the last change, and cannot be stale.
_clean = 0.0


def _current() -> float | None:
    # where floats have no identity (PyPy compares them by value) no gate is known to be fresh
    return _clean if sys.implementation.name == "cpython" else None


def unary(gate: Gate) -> Callable[[Value], Value]:
    """Return the method of a one-input gate: `apply`, with nothing in the way of the common case."""
    forward, guarded = gate.forward, gate.domain is not EVERYWHERE

    def method(x: Value) -> Value:
        if guarded:
            graph.check_value(gate, (x,))
        return _node(forward(x._data), gate, x, None)

    method.__name__, method.__doc__ = gate.name, f"Return what the {gate.name} gate makes of this Value."
    return method


def binary(gate: Gate) -> Callable[[Value, Any], Value]:
    """Return the operator of a two-input gate: `apply`, with nothing in the way of the common case."""
    forward, guarded = gate.forward, gate.domain is not EVERYWHERE

    def operator(x: Value, y: Any) -> Value:
        if type(y) is not Value:
            y = operand(y)
            if y is NotImplemented:
                return y  # type: ignore[no-any-return]
        if guarded:
            graph.check_value(gate, (x, y))
        if _blocks:
            return _node(forward(x._data, y._data), gate, x, y)
        node = new(Value)
        node._data = forward(x._data, y._data)
        node._grad = _clean
        node.gate = gate
        node._a = x
        node._b = y
        node._label = ""
        return node

    return operator


def reflected(operator: Callable[[Value, Any], Value]) -> Callable[[Value, Any], Value]:
    """Return the operator for a number that stands on the left of a Value."""

    def swapped(y: Value, x: Any) -> Value:
        x = operand(x)
        return x if x is NotImplemented else operator(x, y)

    return swapped


class Value:
    """One number in a computational graph, with its gradient.

    `Value(data, label="")` makes a leaf of a real number: float, int, bool, NumPy scalar or 0-d array. Anything else is
    a TypeError, an integer too large for a float a ValueError.

        >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
        >>> f = (x + y) * z
        >>> f.backward()
        >>> f, x.grad, y.grad, z.grad
        (Value(-12.0, grad=1.0), -4.0, -4.0, 3.0)
    """

    __slots__ = ("_a", "_b", "_data", "_grad", "_label", "gate") + ("_gates",) * (MOST_GATES is not None)
    is_constant = False  # a leaf made from a raw number in an expression; drawings fold it into its gate

    _data: float
    _grad: float
    gate: Gate | None
    _a: Any
    _b: Any
    _label: str
    _gates: int  # of a gate, where gates are counted: how many it depends on, itself with them, or more than that

    # NumPy: no ufunc takes a Value, so that np.float64(2) * v asks v, and an array times v is refused below
    __array_ufunc__ = None

    def __init__(self, data: Any, label: str = "") -> None:
        self._data = as_float(data)
        self._grad = 0.0
        self.gate = self._a = self._b = None
        self.label = label

    @property
    def data(self) -> float:
        """The number. Writing it on a leaf leaves the gates built on it stale until forward() or backward().

        Raises TracingError where a function that is being recorded reads or sets a number that depends on its data.
        """
        if _traces:
            refuse_if_traced("the data of a Value is read", self)
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        if self.gate is not None:
            raise AttributeError(
                f"this Value is computed ({graph.described(self)}): set the data of its inputs instead"
            )
        if _traces:
            refuse_if_traced("the data of a Value is set", self)
        self._data = as_float(data)
        global _clean
        _clean = _clean * 1.0  # another object

    @property
    def grad(self) -> float:
        """What backward() found: of an interior Value in its last pass, of a leaf in all passes since it was set to 0.

        Raises TracingError where a function that is being recorded reads what depends on its data.
        """
        if _traces:
            refuse_if_traced("the gradient of a Value is read", self)
        return float(self._grad)  # a user's card may compute with NumPy

    @grad.setter
    def grad(self, grad: Any) -> None:
        self._grad = as_float(grad) * 1.0  # an object of its own: never the _clean of some other Value

    @property
    def label(self) -> str:
        """What people call it; empty unless it was given one."""
        return self._label

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is a str, got {_shown(label)}")
        self._label = label

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The Values the gate was given, in order, with repeats; none for a leaf."""
        return graph.inputs_of(self)

    def forward(self) -> float:
        """Recompute every gate from the leaves and return the new value; DomainError changes nothing."""
        graph.forward(graph.order(self))
        return self.data

    def backward(self) -> None:
        """Set the gradient of everything this depends on, by the chain rule in reverse topological order.

        Interior gradients start fresh, leaves accumulate, as in torch: set their grad to 0 between passes. Changed
        leaves are recomputed first. Raises DomainError where a slope does not exist, and then changes no gradient.
        """
        graph.backward(self, _current())

    # ------------------------------------------------------------------------------------------------------- operators

    __add__ = binary(ADD)
    __sub__ = binary(SUB)
    __mul__ = binary(MUL)
    __truediv__ = binary(DIV)
    __radd__ = reflected(__add__)
    __rsub__ = reflected(__sub__)
    __rmul__ = reflected(__mul__)
    __neg__ = unary(NEG)
    __abs__ = unary(ABS)

    def __pos__(self) -> Value:
        return self

    def __rtruediv__(self, other: Any) -> Value:
        x = operand(other)
        if x is not NotImplemented and x._data == 1:
            return apply(RECIPROCAL, self)  # a raw 1 / v has a gate of its own
        return x if x is NotImplemented else apply(DIV, x, self)

    def __pow__(self, exponent: Any) -> Value:
        if isinstance(exponent, Value):
            return apply(POW, self, exponent)
        n = operand(exponent)
        return n if n is NotImplemented else apply(pow_to(n._data), self)

    def __rpow__(self, base: Any) -> Value:
        x = operand(base)
        return x if x is NotImplemented else apply(POW, x, self)

    # --------------------------------------------------------------------------------- every one-input gate is a method

    exp = unary(EXP)
    log = unary(LOG)
    sqrt = unary(SQRT)
    sin = unary(SIN)
    cos = unary(COS)
    tan = unary(TAN)
    arctan = unary(ARCTAN)
    sinh = unary(SINH)
    cosh = unary(COSH)
    tanh = unary(TANH)
    sigmoid = unary(SIGMOID)
    softplus = unary(SOFTPLUS)
    abs = unary(ABS)
    neg = unary(NEG)
    relu = unary(RELU)
    step = unary(STEP)
    copy = unary(COPY)
    reciprocal = unary(RECIPROCAL)

    def pow(self, exponent: Any) -> Value:
        """Return self to the power of a number, a gate of its own per number, or of a Value."""
        power: Value = self**exponent
        return power

    def leaky_relu(self, slope: float = 0.1) -> Value:
        """Return self where it is positive, slope·self elsewhere."""
        return apply(leaky_relu(as_float(slope)), self)

    def elu(self, alpha: float = 1.0) -> Value:
        """Return self where it is positive, alpha·(exp(self) - 1) elsewhere."""
        return apply(elu(as_float(alpha)), self)

    # ------------------------------------------------------------------------------------ as a number among numbers

    def __lt__(self, other: Any) -> bool:
        return self.data < _number(other)

    def __le__(self, other: Any) -> bool:
        return self.data <= _number(other)

    def __gt__(self, other: Any) -> bool:
        return self.data > _number(other)

    def __ge__(self, other: Any) -> bool:
        return self.data >= _number(other)

    def __eq__(self, other: object) -> bool:
        # identity, as for any object; but where a row's number is a Value only while a function is traced, comparing
        # it with a number would be False in the program for every row
        if _traces and isinstance(other, Real):
            refuse_if_traced("a Value is compared", self)
        return True if self is other else NotImplemented

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self.data != 0

    def __float__(self) -> float:
        return self.data

    def __int__(self) -> int:
        return int(self.data)

    def __round__(self, digits: int | None = None) -> float:
        return round(self.data, digits)

    def __trunc__(self) -> int:
        return math.trunc(self.data)

    def __floor__(self) -> int:
        return math.floor(self.data)

    def __ceil__(self) -> int:
        return math.ceil(self.data)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"Value({self._data!r}{label}, grad={float(self._grad)!r})"

    def __array__(self, *dtype: Any, **options: Any) -> NoReturn:
        raise TypeError("a Value is one number; use compile for arrays, or [v.data for v in values] for their numbers")

    if MOST_GATES is not None:
        __del__ = _free_in_a_loop

    # ---------------------------------------------------------------------------------------------- copies and pickles

    def __copy__(self) -> Value:
        if _traces:
            refuse_if_traced("a Value is copied", self)
        return _rebuild(type(self), self._data, self._grad, self.label, self.gate, self._a, self._b)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        for node in graph.order(self):
            if id(node) not in memo:
                twin = memo[id(node)] = copying.copy(node)
                if node._b.__class__ is tuple:
                    twin._b = tuple([memo[id(x)] for x in node._b])
                else:
                    twin._a, twin._b = memo.get(id(node._a)), memo.get(id(node._b))
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        if _traces:
            refuse_if_traced("a Value is pickled", self)
        # The first node a pickle meets brings a flat list of all it depends on, inputs first; the pickle meets those
        # one by one while the list is being read, knows their inputs already, and so never goes deep.
        if all(id(x) in _switches.flattening for x in graph.inputs_of(self)):
            return _rebuild, (type(self), self._data, self._grad, self.label, self.gate, self._a, self._b)
        flat = _Flat(graph.order(self))
        return _last, (flat, _FlatEnd(flat))


def _number(x: Any) -> float:
    if getattr(x, "shape", None):
        raise TypeError(f"a Value is compared with one number, got {_shown(x)}")
    return x.data if isinstance(x, Value) else x  # the comparison itself refuses the rest


class Constant(Value):
    """A leaf made from a raw number in an expression."""

    __slots__ = ()
    is_constant = True


def _rebuild(kind: type[Value], data: float, grad: float, label: str, gate: Gate | None, a: Any, b: Any) -> Value:
    node = new(kind)
    # the gradient as an object of its own: a copy whose inputs are others than the original's is not known to be fresh
    node._data, node._grad, node._label, node.gate, node._a, node._b = data, grad * 1.0, label, gate, a, b
    if MOST_GATES is not None and gate is not None:
        _counted(node)
    return node


def _last(nodes: list[Value], _: object) -> Value:
    return nodes[-1]


class _Flat(list[Value]):
    """The nodes of a graph, inputs first, that tell a running pickle which of them it has met."""

    def __init__(self, nodes: list[Value]) -> None:
        super().__init__(nodes)
        self.outer = _switches.flattening
        self.met = set(self.outer)

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._met_one_by_one()

    def _met_one_by_one(self) -> Iterator[Value]:
        _switches.flattening = self.met
        # a pickle reads ahead of what it writes, so a node may count as met early, never late
        for node in self:
            yield node
            self.met.add(id(node))

    def end(self) -> None:
        """Forget what was met; once is enough."""
        if _switches.flattening is self.met:
            _switches.flattening = self.outer


class _FlatEnd:
    """What a pickle meets when it has written a whole graph, and drops when it fails half-way."""

    def __init__(self, flat: _Flat) -> None:
        self.flat = flat

    def __reduce__(self) -> tuple[Any, ...]:
        self.flat.end()
        return tuple, ()

    def __del__(self) -> None:
        self.flat.end()
