"""Elementary functions that take a float, a NumPy column, a Value or a Symbol.

The cards of the gate table are written in operators and in these names alone, so that one definition of a gate serves
every kind of number. A float is looked for first and answered by `math`, with IEEE's answer where `math` would
raise: inf where the result is too large, nan where there is none. Any other operand is asked: a Value or a Symbol has a
method of that name, an array names its own library (`__array_namespace__`, the array API standard), so that nothing is
imported here.

    x, y: operands of any kind    condition: bool, column of bools or Symbol
"""

import math
from collections.abc import Callable
from typing import Any

__all__ = [
    "Number",
    "arctan",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "inf",
    "isnan",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "power",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "where",
]

Number = Any  # a float, a column, a Value or a Symbol: what a card computes with
inf, nan = math.inf, math.nan


def ask(name: str, x: Number, *others: Number) -> Number:
    """Return what operand `x` itself, or the library its array belongs to, answers for the function `name`."""
    method = getattr(x, name, None)
    if method is not None:
        return method(*others)
    if hasattr(x, "__array_namespace__"):
        return getattr(x.__array_namespace__(), name)(x, *others)
    raise TypeError(f"{name} takes a number, a column or a Value; got {type(x).__name__}")


def answers(x: Number, name: str) -> bool:
    """Tell whether an operand can be asked for a function; a Value has no gate for some, and is a composite there."""
    return hasattr(x, name) or hasattr(x, "__array_namespace__")


def is_number(x: Number) -> bool:
    """Tell whether `x` is a plain Python number, to be answered by `math`."""
    return isinstance(x, (float, int))


def guarded(function: Callable[[float], float], x: float, overflow: float = inf) -> float:
    """Return function(x), or IEEE's answer where `math` raises: nan outside the domain, `overflow` beyond range."""
    try:
        return function(x)
    except OverflowError:
        return overflow
    except ValueError:
        return nan


def exp(x: Number) -> Number:
    """Return e to the power x; inf where it overflows."""
    return guarded(math.exp, x) if is_number(x) else ask("exp", x)


def expm1(x: Number) -> Number:
    """Return exp(x) - 1, exact for small x."""
    if is_number(x):
        return guarded(math.expm1, x)
    # as a composite of gates; exp(x) - 1 would lose all digits of a small x
    return ask("expm1", x) if answers(x, "expm1") else tanh(0.5 * x) * (exp(x) + 1.0)


def log(x: Number) -> Number:
    """Return the natural logarithm of x; -inf at 0, nan below."""
    if is_number(x):
        return -inf if x == 0 else guarded(math.log, x)
    return ask("log", x)


def log1p(x: Number) -> Number:
    """Return log(1 + x), exact for small x."""
    if is_number(x):
        return -inf if x == -1 else guarded(math.log1p, x)
    return ask("log1p", x) if answers(x, "log1p") else log(1.0 + x)


def sqrt(x: Number) -> Number:
    """Return the square root of x; nan below 0."""
    return guarded(math.sqrt, x) if is_number(x) else ask("sqrt", x)


def sin(x: Number) -> Number:
    """Return the sine of x radians; nan at ±inf."""
    return guarded(math.sin, x) if is_number(x) else ask("sin", x)


def cos(x: Number) -> Number:
    """Return the cosine of x radians; nan at ±inf."""
    return guarded(math.cos, x) if is_number(x) else ask("cos", x)


def tan(x: Number) -> Number:
    """Return the tangent of x radians; nan at ±inf."""
    return guarded(math.tan, x) if is_number(x) else ask("tan", x)


def arctan(x: Number) -> Number:
    """Return the angle in radians, between -π/2 and π/2, whose tangent is x."""
    return math.atan(x) if is_number(x) else ask("arctan", x)


def sinh(x: Number) -> Number:
    """Return the hyperbolic sine of x; ±inf where it overflows."""
    return guarded(math.sinh, x, math.copysign(inf, x)) if is_number(x) else ask("sinh", x)


def cosh(x: Number) -> Number:
    """Return the hyperbolic cosine of x; inf where it overflows."""
    return guarded(math.cosh, x) if is_number(x) else ask("cosh", x)


def tanh(x: Number) -> Number:
    """Return the hyperbolic tangent of x."""
    return math.tanh(x) if is_number(x) else ask("tanh", x)


def isnan(x: Number) -> Number:
    """Tell whether x is not a number."""
    if is_number(x):
        return math.isnan(x)
    return ask("isnan", x) if answers(x, "isnan") else math.isnan(float(x))


def where(condition: Number, x: Number, y: Number) -> Number:
    """Return x where the condition holds, else y; both are computed."""
    if isinstance(condition, bool):
        return x if condition else y
    return ask("where", condition, x, y)


def maximum(x: Number, y: Number) -> Number:
    """Return the larger of two; the first where they are equal, nan where either is nan."""
    if is_number(x) and is_number(y):
        return x if x >= y or math.isnan(x) else y
    if answers(x, "maximum") or answers(y, "maximum"):
        return either("maximum", x, y)
    return x if x >= y or isnan(x) else y


def minimum(x: Number, y: Number) -> Number:
    """Return the smaller of two; the first where they are equal, nan where either is nan."""
    if is_number(x) and is_number(y):
        return x if x <= y or math.isnan(x) else y
    if answers(x, "minimum") or answers(y, "minimum"):
        return either("minimum", x, y)
    return x if x <= y or isnan(x) else y


def either(name: str, x: Number, y: Number) -> Number:
    """Ask whichever of two operands can answer; the result does not depend on their order."""
    return ask(name, x, y) if answers(x, name) else ask(name, y, x)


def sign(x: Number) -> Number:
    """Return 1, -1 or, at zero, 0 by convention; nan for nan."""
    if is_number(x):
        return math.copysign(1.0, x) if x < 0 or x > 0 else x + 0.0  # 0 and nan are their own signs
    # a Value's sign is a plain number: its slope is 0 wherever it has one
    return ask("sign", x) if answers(x, "sign") else sign(float(x))


def power(x: Number, y: Number) -> Number:
    """Return x to the power y; ±inf where it overflows, nan for a negative x and a y that is no whole number."""
    if not (is_number(x) and is_number(y)):
        return x**y
    try:
        z = x**y
    except (OverflowError, ZeroDivisionError):
        return math.copysign(inf, x) if y % 2 == 1 else inf
    return nan if isinstance(z, complex) else z
