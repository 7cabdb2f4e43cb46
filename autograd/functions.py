"""Every gate as a function, of plain numbers, NumPy columns, Values or Symbols.

On Values a function records a gate. On plain numbers and columns it computes the same card at once and returns a
number or a column; where the gate has no value it raises DomainError, which for a column names the row, from 0.

    >>> from autograd import Value
    >>> sigmoid(0.0), sigmoid(Value(0.0))
    (0.5, Value(0.5, grad=0.0))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from autograd import gates
from autograd.elementary import Number
from autograd.errors import DomainError
from autograd.gates import Gate
from autograd.symbol import Symbol
from autograd.value import Value, apply, as_float, is_traced

__all__ = [
    "abs",
    "add",
    "arctan",
    "copy",
    "cos",
    "cosh",
    "div",
    "dot",
    "elu",
    "exp",
    "leaky_relu",
    "log",
    "logsumexp",
    "max",
    "min",
    "mul",
    "neg",
    "pow",
    "reciprocal",
    "relu",
    "sigmoid",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "step",
    "sub",
    "sum",
    "take",
    "tan",
    "tanh",
]


def evaluate(gate: Gate, *xs: Any) -> Number:
    """Return what a gate makes of its inputs, whatever kind of numbers they are."""
    for x in xs:
        if isinstance(x, Value):
            return apply(gate, *xs)
    if any(isinstance(x, Symbol) for x in xs):
        return gate.forward(*xs)
    columns = [x for x in xs if getattr(x, "shape", None)]
    numbers = [_real(x) if getattr(x, "shape", None) else as_float(x) for x in xs]
    # a column saturates to inf as a number does, silently: NumPy's warnings are switched off where there is NumPy
    quiet = getattr(columns[0].__array_namespace__(), "errstate", None) if columns else None
    with quiet(all="ignore") if quiet else nullcontext():
        _check(gate, numbers)
        return gate.forward(*numbers)


def _real(column: Any) -> Any:
    """Return a column of floats: whole numbers of a few bits would wrap, and bools would not add."""
    library, dtype = column.__array_namespace__(), column.dtype
    if library.isdtype(dtype, "real floating"):
        return column
    if not library.isdtype(dtype, ("bool", "integral")):
        raise TypeError(f"a column holds real numbers, got one of dtype {dtype}")
    return column * 1.0


def _check(gate: Gate, xs: Sequence[Any]) -> None:
    lacking = gate.domain.lacks_value(*xs)
    if lacking is False:
        return
    if lacking is True:
        raise DomainError(f"{gate.needs}, got {', '.join(repr(x) for x in xs)}")
    if lacking.any():
        library = lacking.__array_namespace__()
        lacking, *xs = library.broadcast_arrays(lacking, *xs)
        at = tuple([int(i) for i in library.unravel_index(lacking.argmax(), lacking.shape)])
        numbers = ", ".join([repr(float(x[at])) for x in xs])
        place = f"row {at[0]}" if len(at) == 1 else f"place {at}"
        raise DomainError(f"{gate.needs}, got {numbers} ({place})")


# ------------------------------------------------------------------------------------------------------ arithmetic


def add(x: Number, y: Number) -> Number:
    """Return x + y."""
    return evaluate(gates.ADD, x, y)


def sub(x: Number, y: Number) -> Number:
    """Return x - y."""
    return evaluate(gates.SUB, x, y)


def mul(x: Number, y: Number) -> Number:
    """Return x·y."""
    return evaluate(gates.MUL, x, y)


def div(x: Number, y: Number) -> Number:
    """Return x / y; DomainError where y is 0."""
    return evaluate(gates.DIV, x, y)


def neg(x: Number) -> Number:
    """Return -x."""
    return evaluate(gates.NEG, x)


def reciprocal(x: Number) -> Number:
    """Return 1/x; DomainError at 0."""
    return evaluate(gates.RECIPROCAL, x)


def pow(x: Number, y: Number) -> Number:
    """Return x to the power y: a gate of its own for each constant y; a Value or column as exponent needs x > 0."""
    if isinstance(y, (Value, Symbol)) or getattr(y, "shape", None):
        return evaluate(gates.POW, x, y)
    return evaluate(gates.pow_to(as_float(y)), x)


# ---------------------------------------------------------------------------------------------------- one-input gates


def exp(x: Number) -> Number:
    """Return e to the power x; inf where it overflows."""
    return evaluate(gates.EXP, x)


def log(x: Number) -> Number:
    """Return the natural logarithm; DomainError unless x > 0."""
    return evaluate(gates.LOG, x)


def sqrt(x: Number) -> Number:
    """Return the square root; DomainError where x < 0."""
    return evaluate(gates.SQRT, x)


def sin(x: Number) -> Number:
    """Return the sine of x radians."""
    return evaluate(gates.SIN, x)


def cos(x: Number) -> Number:
    """Return the cosine of x radians."""
    return evaluate(gates.COS, x)


def tan(x: Number) -> Number:
    """Return the tangent of x radians."""
    return evaluate(gates.TAN, x)


def arctan(x: Number) -> Number:
    """Return the angle in radians whose tangent is x."""
    return evaluate(gates.ARCTAN, x)


def sinh(x: Number) -> Number:
    """Return the hyperbolic sine."""
    return evaluate(gates.SINH, x)


def cosh(x: Number) -> Number:
    """Return the hyperbolic cosine."""
    return evaluate(gates.COSH, x)


def tanh(x: Number) -> Number:
    """Return the hyperbolic tangent."""
    return evaluate(gates.TANH, x)


def sigmoid(x: Number) -> Number:
    """Return 1/(1 + exp(-x))."""
    return evaluate(gates.SIGMOID, x)


def softplus(x: Number) -> Number:
    """Return log(1 + exp(x)), a smooth relu."""
    return evaluate(gates.SOFTPLUS, x)


def abs(x: Number) -> Number:
    """Return |x|; its slope at 0 is 0 by convention."""
    return evaluate(gates.ABS, x)


def relu(x: Number) -> Number:
    """Return x where it is positive, else 0."""
    return evaluate(gates.RELU, x)


def leaky_relu(x: Number, slope: float = 0.1) -> Number:
    """Return x where it is positive, else slope·x."""
    return evaluate(gates.leaky_relu(as_float(slope)), x)


def elu(x: Number, alpha: float = 1.0) -> Number:
    """Return x where it is positive, else alpha·(exp(x) - 1)."""
    return evaluate(gates.elu(as_float(alpha)), x)


def step(x: Number) -> Number:
    """Return 1 where x is positive, else 0: the perceptron's step, whose slope is 0 everywhere."""
    return evaluate(gates.STEP, x)


def copy(x: Number) -> Number:
    """Return x through a gate of its own: a fork made visible."""
    return evaluate(gates.COPY, x)


# --------------------------------------------------------------------------------------------------------- n-ary gates


def sum(xs: Iterable[Number]) -> Number:
    """Return x1 + … + xn as one gate; 0.0 of nothing."""
    terms = tuple(xs)
    return evaluate(gates.SUM, *terms) if terms else 0.0


def max(*xs: Number) -> Number:
    """Return the largest; on a tie the first wins, and gets all of the gradient (torch and JAX split it)."""
    return evaluate(gates.MAX, *_one_by_one("max", xs))


def min(*xs: Number) -> Number:
    """Return the smallest; on a tie the first wins, and gets all of the gradient (torch and JAX split it)."""
    return evaluate(gates.MIN, *_one_by_one("min", xs))


def dot(ws: Sequence[Number], xs: Sequence[Number], bias: Number = 0.0) -> Number:
    """Return w1·x1 + … + wn·xn + bias as one gate, what a neuron is made of; a raw bias of 0 is left out.

    Raises ValueError where there are not as many weights as inputs, or none.
    """
    if len(ws) != len(xs) or len(ws) == 0:
        raise ValueError(f"dot needs as many weights as inputs, and at least one; got {len(ws)} and {len(xs)}")
    if type(bias) in (int, float) and bias == 0:
        return evaluate(gates.DOT, *ws, *xs)
    return evaluate(gates.DOT, *ws, *xs, bias)


def logsumexp(xs: Iterable[Number]) -> Number:
    """Return log(exp(x1) + … + exp(xn)), without overflow."""
    return evaluate(gates.LOGSUMEXP, *_some("logsumexp", xs))


def softmax(xs: Iterable[Number]) -> list[Number]:
    """Return exp(xi) / (exp(x1) + … + exp(xn)) for each i: numbers that sum to 1, without overflow."""
    terms = _some("softmax", xs)
    normalizer = logsumexp(terms)
    return [exp(sub(x, normalizer)) for x in terms]


def take(xs: Sequence[Number], index: Any) -> Number:
    """Return xs[index]; the index is a whole number, 0 … n-1, or a Value that holds one.

    While a function is traced, an index that depends on the data is recorded as a gate: which x is taken is decided
    anew for every row. Raises TypeError for an index that is no whole number, IndexError for one out of range.
    """
    number = as_float(index._data if isinstance(index, Value) else index)
    check_index(number, len(xs))
    if isinstance(index, Value) and is_traced(index):
        return apply(gates.TAKE, *xs, index)
    return xs[int(number)]


def check_index(index: float, choices: int, suffix: str = "") -> None:
    """Raise the error of an index that is no whole number, or out of range."""
    if index % 1 != 0:
        raise TypeError(f"take needs a whole number as index, got {index}{suffix}")
    if not choices:
        raise IndexError(f"take needs something to take from, got nothing{suffix}")
    if not 0 <= index < choices:
        raise IndexError(f"take needs an index from 0 to {choices - 1}, got {int(index)}{suffix}")


def _some(name: str, xs: Iterable[Number]) -> tuple[Number, ...]:
    terms = tuple(xs)
    if not terms:
        raise ValueError(f"{name} needs at least one input, got none")
    return terms


def _one_by_one(name: str, xs: Sequence[Number]) -> tuple[Number, ...]:
    if len(xs) == 1 and isinstance(xs[0], (list, tuple)):
        raise TypeError(f"{name} takes its inputs one by one: {name}(a, b), or {name}(*xs) of a list")
    return _some(name, xs)
