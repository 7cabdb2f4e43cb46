"""Symbols: run a card on them and it prints itself as source text, in NumPy, JavaScript or mathematics.

    >>> from autograd.gates import GATES
    >>> x, y = JAVASCRIPT.symbol("x"), JAVASCRIPT.symbol("y")
    >>> str(GATES["relu"].forward(x)), [str(slope) for slope in GATES["mul"].partials(x * y, x, y)]
    ('Math.max(0, x)', ['y', 'x'])

A Symbol is a piece of text and how strongly its outermost operator binds; each operation writes a longer text, with
brackets where the binding asks for them. Nothing is ever parsed or evaluated here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "ATOM",
    "CHOICE",
    "COMPARISON",
    "JAVASCRIPT",
    "MATHEMATICS",
    "NUMPY",
    "POWER",
    "PRODUCT",
    "SUM",
    "UNARY",
    "Language",
    "Symbol",
    "call",
]

CHOICE, OR, AND, COMPARISON, SUM, PRODUCT, UNARY, POWER, ATOM = range(9)  # how strongly an operator binds


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """How a language spells operators, functions and numbers.

    Each template has a numbered hole per operand; the number beside it says how strongly the result binds, and those
    after it how strongly each operand must bind to go in without brackets.
    """

    name: str
    templates: Mapping[str, tuple[str, int, tuple[int, ...]]]
    constants: Mapping[float, str]  # the spelling of inf; nan and -inf follow from it

    def symbol(self, text: str) -> Symbol:
        """Return a name of this language as something cards can compute with."""
        return Symbol(self, text, ATOM)

    def number(self, x: float) -> Symbol:
        """Return a number spelled out in this language, to the last digit."""
        if math.isnan(x):
            return Symbol(self, f"({self.constants[math.inf]} - {self.constants[math.inf]})", ATOM)
        negative = math.copysign(1.0, x) < 0
        digits = repr(abs(float(x)))
        # -0 is a whole number in Python, and has no sign
        magnitude = self.constants.get(abs(x)) or (digits if negative and x == 0 else digits.removesuffix(".0"))
        return Symbol(self, f"-{magnitude}" if negative else magnitude, UNARY if negative else ATOM)

    def write(self, operation: str, *operands: Symbol | float) -> Symbol:
        """Return the text of an operation on symbols and plain numbers; KeyError where the language lacks it."""
        template, binding, needs = self.templates[operation]
        symbols = [x if isinstance(x, Symbol) else self.number(x) for x in operands]
        texts = [x.text if x.binding >= need else f"({x.text})" for x, need in zip(symbols, needs, strict=True)]
        return Symbol(self, template.format(*texts), binding)


class Symbol:
    """A piece of source text that cards can compute with, as if it were a number."""

    __slots__ = ("binding", "language", "text")
    __array_ufunc__ = None  # a NumPy number on the left leaves the operation to the symbol

    def __init__(self, language: Language, text: str, binding: int) -> None:
        self.language, self.text, self.binding = language, text, binding

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{self.language.name} {self.text}>"

    def __add__(self, other: Symbol | float) -> Symbol:
        return self.language.write("add", self, other)

    def __radd__(self, other: float) -> Symbol:
        return self.language.write("add", other, self)

    def __sub__(self, other: Symbol | float) -> Symbol:
        return self.language.write("sub", self, other)

    def __rsub__(self, other: float) -> Symbol:
        return self.language.write("sub", other, self)

    def __mul__(self, other: Symbol | float) -> Symbol:
        return self.language.write("mul", self, other)

    def __rmul__(self, other: float) -> Symbol:
        return self.language.write("mul", other, self)

    def __truediv__(self, other: Symbol | float) -> Symbol:
        return self.language.write("div", self, other)

    def __rtruediv__(self, other: float) -> Symbol:
        return self.language.write("div", other, self)

    def __pow__(self, other: Symbol | float) -> Symbol:
        return self.language.write("pow", self, other)

    def __rpow__(self, other: float) -> Symbol:
        return self.language.write("pow", other, self)

    def __neg__(self) -> Symbol:
        return self.language.write("neg", self)

    def __abs__(self) -> Symbol:
        return self.language.write("abs", self)

    def __lt__(self, other: Symbol | float) -> Symbol:
        return self.language.write("lt", self, other)

    def __le__(self, other: Symbol | float) -> Symbol:
        return self.language.write("le", self, other)

    def __gt__(self, other: Symbol | float) -> Symbol:
        return self.language.write("gt", self, other)

    def __ge__(self, other: Symbol | float) -> Symbol:
        return self.language.write("ge", self, other)

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]  # a comparison to be printed, not a bool
        return self.language.write("eq", self, other)  # type: ignore[arg-type]

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a card must not branch on its input: write where(condition, x, y)")

    def __or__(self, other: Symbol) -> Symbol:
        return self.language.write("or", self, other)

    def __and__(self, other: Symbol) -> Symbol:
        return self.language.write("and", self, other)

    def where(self, x: Symbol | float, y: Symbol | float) -> Symbol:
        """Return the choice between x and y by this condition."""
        return self.language.write("where", self, x, y)

    def maximum(self, other: Symbol | float) -> Symbol:
        """Return the larger of two, nan where either is."""
        return self.language.write("maximum", other, self)

    def minimum(self, other: Symbol | float) -> Symbol:
        """Return the smaller of two, nan where either is."""
        return self.language.write("minimum", other, self)

    def __getattr__(self, name: str) -> object:
        if name in Symbol.__slots__:  # a copy asks before it has a language
            raise AttributeError(name)
        # the one-argument functions are whatever the language can spell: exp, log1p, isnan, …
        if name in self.language.templates:
            return lambda: self.language.write(name, self)
        raise AttributeError(f"{self.language.name} has no spelling for {name!r}")


def infix(word: str, binding: int) -> tuple[str, int, tuple[int, int]]:
    """Return the template of an operator that groups from the left."""
    return (f"{{0}} {word} {{1}}", binding, (binding, binding + 1))


def comparison(word: str) -> tuple[str, int, tuple[int, int]]:
    """Return the template of a comparison, whose operands are at least sums."""
    return (f"{{0}} {word} {{1}}", COMPARISON, (SUM, SUM))


def call(word: str, operands: int = 1) -> tuple[str, int, tuple[int, ...]]:
    """Return the template of a function call."""
    holes = ", ".join(f"{{{i}}}" for i in range(operands))
    return (f"{word}({holes})", ATOM, (CHOICE,) * operands)


ARITHMETIC = {
    "add": infix("+", SUM),
    "sub": infix("-", SUM),
    "mul": infix("*", PRODUCT),
    "div": infix("/", PRODUCT),
    "neg": ("-{0}", UNARY, (POWER,)),
    "lt": comparison("<"),
    "le": comparison("<="),
    "gt": comparison(">"),
    "ge": comparison(">="),
}
SAME_NAME = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sign")

NUMPY = Language(
    "NumPy",
    {
        **ARITHMETIC,
        **{name: call(f"np.{name}") for name in (*SAME_NAME, "abs", "arctan", "isnan")},
        "eq": comparison("=="),
        # & and | bind more strongly than comparisons in Python: brackets round both
        "or": ("{0} | {1}", CHOICE, (UNARY, UNARY)),
        "and": ("{0} & {1}", CHOICE, (UNARY, UNARY)),
        "pow": ("{0}**{1}", POWER, (ATOM, UNARY)),
        "where": call("np.where", 3),
        "maximum": call("np.maximum", 2),
        "minimum": call("np.minimum", 2),
    },
    {math.inf: "np.inf"},
)

JAVASCRIPT = Language(
    "JavaScript",
    {
        **ARITHMETIC,
        **{name: call(f"Math.{name}") for name in (*SAME_NAME, "abs")},
        "arctan": call("Math.atan"),
        "isnan": call("Number.isNaN"),
        "eq": comparison("==="),
        "or": infix("||", OR),
        "and": infix("&&", AND),
        "pow": call("Math.pow", 2),
        "where": ("{0} ? {1} : {2}", CHOICE, (OR, OR, OR)),
        "maximum": call("Math.max", 2),
        "minimum": call("Math.min", 2),
    },
    {math.inf: "Infinity"},
)

MATHEMATICS = Language(
    "mathematics",
    {
        **{name: call(name) for name in (*SAME_NAME, "arctan", "isnan")},
        "add": infix("+", SUM),
        "sub": infix("−", SUM),
        "mul": infix("·", PRODUCT),
        "div": infix("/", PRODUCT),
        "neg": ("−{0}", UNARY, (POWER,)),
        "abs": ("|{0}|", ATOM, (CHOICE,)),
        "lt": comparison("<"),
        "le": comparison("≤"),
        "gt": comparison(">"),
        "ge": comparison("≥"),
        "eq": comparison("="),
        "or": infix("or", OR),
        "and": infix("and", AND),
        "pow": ("{0}^{1}", POWER, (ATOM, ATOM)),
        "where": ("{1} if {0} else {2}", CHOICE, (OR, OR, OR)),
        "maximum": call("max", 2),
        "minimum": call("min", 2),
    },
    {math.inf: "∞"},
)
