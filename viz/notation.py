"""How numbers and labels are written for people: few digits to look at, all of them on request.

What one picture does with whole numbers, with others, and with tiny ones:

    >>> Notation([3.0, -12.0]).short(-12.0), Notation([3.0, 0.5]).short(-12.0), Notation([0.5]).short(4.54e-05)
    ('−12', '−12.00', '4.54e−5')
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from autograd.gates import spelled
from autograd.graph import one_line

__all__ = ["MINUS", "Notation", "bracketed", "clipped", "constant", "full", "portable"]

MINUS = "−"  # U+2212, as wide as a plus sign; a hyphen is not a minus
LONGEST_LABEL = 40


def full(x: float) -> str:
    """Return a number to 15 digits, for titles and for the curious."""
    return _typeset(format(x + 0.0, ".15g"))  # -0.0 is 0


def constant(x: float) -> str:
    """Return a number as people type it in a formula: 3, not 3.00; three significant digits of a long one."""
    text = spelled(x)
    return _typeset(text if len(text) <= 7 else format(x, ".3g"))


def portable(x: float) -> float | str:
    """Return a number as JSON can hold it: infinities and nan as the strings that JavaScript reads back."""
    return x if math.isfinite(x) else "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def bracketed(number: str) -> str:
    """Return a written number, in brackets where it is negative."""
    return f"({number})" if number.startswith(MINUS) else number


def _typeset(text: str) -> str:
    """Return a printed number as it stands in a book: a true minus, no + and no zeros in the exponent."""
    mantissa, _, exponent = text.partition("e")
    if exponent:
        mantissa += f"e{int(exponent)}"
    return mantissa.replace("-", MINUS).replace("inf", "∞")


def _read(text: str) -> float:
    return float(text.replace(MINUS, "-").replace("∞", "inf"))


@dataclass(frozen=True, slots=True, init=False)
class Notation:
    """The way one picture writes its numbers: whole ones as such where every number is whole, else two decimals."""

    whole: bool
    unknowns: bool  # a nan is not a number that came out, but one that nobody knows: ?

    def __init__(self, numbers: Iterable[float], unknowns: bool = False) -> None:
        finite = [x for x in numbers if math.isfinite(x)]
        object.__setattr__(self, "whole", all(x == int(x) for x in finite))
        object.__setattr__(self, "unknowns", unknowns)

    def with_unknowns(self) -> Notation:
        """Return the same way of writing, with ? for nan."""
        return Notation([0.0 if self.whole else 0.5], unknowns=True)

    def exact(self, x: float) -> str:
        """Return x to 15 digits; ? where it is not known."""
        return "?" if self.unknowns and math.isnan(x) else full(x)

    def short(self, x: float) -> str:
        """Return x with two decimals at most; three significant digits where these would show nothing, or too much."""
        if self.unknowns and math.isnan(x):
            return "?"
        if x == 0:
            return "0" if self.whole else "0.00"  # -0.0 is 0
        rounded = round(x, 0 if self.whole else 2)
        if not math.isfinite(x) or abs(rounded) >= 1e5 or abs(x) < 0.005:
            return _typeset(format(x, ".3g"))
        return _typeset(f"{x:.0f}" if self.whole else f"{x:.2f}")

    def rounded(self, x: float) -> float:
        """Return the number that `short` shows."""
        return _read(self.short(x))

    def adds_up(self, parts: Iterable[float], total: float) -> bool:
        """Tell whether the numbers as `short` shows them add up; where they were rounded they need not."""
        return not abs(sum(map(self.rounded, parts)) - self.rounded(total)) > 0.001

    def longer(self, x: float) -> str:
        """Return x as `short` does where that is exact, else with four digits, so that products come out right."""
        if self.whole or not abs(round(x, 4)) < 1e5 or math.isclose(round(x, 2), x, rel_tol=1e-12):
            return self.short(x)
        return _typeset(f"{x:.4f}" if abs(x) >= 0.1 else f"{x:.4g}")

    def apart(self, x: float, other: float) -> str:
        """Return x in as few digits as tell it from another number.

        >>> Notation([0.5]).apart(0.25, 0.5), Notation([0.5]).apart(0.1966, 0.197), Notation([0.5]).apart(0.5, 0.5)
        ('0.25', '0.1966', '0.50')
        """
        return next((write(x) for write in (self.short, self.longer, full) if write(x) != write(other)), self.short(x))

    def operand(self, x: float) -> str:
        """Return a constant as it stands among the numbers of a formula: a long one as long as they are."""
        text = constant(x)
        return text if self.whole or _read(text) == x else self.longer(x)

    def factor(self, x: float, longer: bool = False) -> str:
        """Return x as it stands after a multiplication sign: negative numbers in brackets."""
        return bracketed(self.longer(x) if longer else self.short(x))


def clipped(label: str) -> str:
    """Return a label on one line, cut with … where it is longer than 40 characters; ? where there is nothing to see."""
    line = one_line(label)
    return line if len(line) <= LONGEST_LABEL else line[: LONGEST_LABEL - 1] + "…"
