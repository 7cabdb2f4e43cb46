"""Terms: run a card on them and it becomes a small program of elementary operations.

Before, the card of logsumexp for three inputs; after, its rule for a stack x of any width, one operation per line:

    largest = max(max(x0, x1), x2)                                  a = fold maximum of x
    s = where(abs(largest) < inf, largest, 0.0)                     s = where(abs(a) < inf, a, 0.0)
    z = s + log((exp(x0 - s) + exp(x1 - s)) + exp(x2 - s))          z = s + log(fold add of exp(x - s))

    term   an operation and its operands: other terms, or plain numbers      slot    one operand of a gate, or a stack
    lane   one of the inputs that stand in a stack                           fold    an operation over all lanes
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from autograd.gates import EVERYWHERE, GATES, Gate
from autograd.symbol import ATOM, NUMPY, Language, Symbol
from autograd.value import as_float

__all__ = [
    "CALL",
    "FOLD",
    "SLOT",
    "UPSTREAM",
    "VALUE",
    "Rule",
    "Term",
    "needed_by_several",
    "neutral",
    "rule_of",
    "topological",
]

SLOT, VALUE, UPSTREAM, FOLD, CALL = "slot", "value", "upstream", "fold", "call"
BOOLEAN = ("lt", "le", "gt", "ge", "eq", "or", "and", "isnan")
FOLDS = ("add", "mul", "maximum", "minimum", "or", "and")  # what an array can do along an axis in one operation


class Term(Symbol):
    """One elementary operation on terms and numbers; two equal ones of a run are the same object."""

    __slots__ = ("operands", "operation", "parts")

    def __init__(self, language: Language, operation: str, operands: tuple[Any, ...]) -> None:
        super().__init__(language, operation, ATOM)
        self.operation, self.operands = operation, operands
        self.parts = [x for x in operands if isinstance(x, Term)]  # the operands that are terms themselves

    @property
    def is_boolean(self) -> bool:
        """Tell whether the result is true or false rather than a number."""
        return (self.operands[0] if self.operation == FOLD else self.operation) in BOOLEAN or (
            self.operation == CALL and self.operands[1] == "lacks"
        )


class Terms(Language):
    """The language whose sentences are terms: what NumPy can spell, written down instead of spelled."""

    known: dict[Any, Term]

    def __init__(self) -> None:
        super().__init__("terms", NUMPY.templates, NUMPY.constants)
        object.__setattr__(self, "known", {})

    def write(self, operation: str, *operands: Any) -> Term:
        """Return the term of an operation, the same one for the same operands."""
        if operation in NUMPY.templates:
            operands = tuple([x if isinstance(x, (Term, float, int)) else as_float(x) for x in operands])
        if operation == "pow" and type(operands[1]) is float and operands[1] == 1.0:
            base: Term = operands[0]
            return base  # a number to the power 1 is that number
        if operation == "where" and is_positive(*operands):
            return self.write("sign", self.write("maximum", 0.0, operands[1]))  # two operations, not five
        key = (operation, *[id(x) if isinstance(x, Term) else (type(x), repr(x)) for x in operands])
        found = self.known.get(key)
        if found is None:
            if operation not in NUMPY.templates and operation not in (SLOT, VALUE, UPSTREAM, FOLD, CALL):
                raise KeyError(operation)
            found = self.known[key] = Term(self, operation, operands)
        return found

    def replace(self, old: Any, new: Term) -> None:
        """Write a term from now on wherever an operation would give another one; what is no operation stays."""
        self.known.update({key: new for key, term in self.known.items() if term is old and term.parts})


def is_positive(condition: Any, x: Any, other: Any) -> bool:
    """Tell whether a choice is x where that is nan, else 1 where x > 0, else 0: so cards write the slope of relu."""
    if not isinstance(other, Term) or (condition.operation, other.operation) != ("isnan", "where"):
        return False
    positive, *numbers = other.operands
    tested = [term.operands[0] for term in (condition, positive)]
    # terms are compared by `is`: == makes a third one of two
    return (
        positive.operation == "gt"
        and all(y is x for y in tested)
        and [repr(number) for number in (positive.operands[1], *numbers)] == ["0", "1.0", "0.0"]
    )


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What a gate does, as terms: SLOT j is its j-th slot, VALUE its output, UPSTREAM the gradient that arrives.

    A width is the number of lanes of a slot, 0 where it is a single input.
    """

    widths: tuple[int, ...]
    forward: Any
    downstream: tuple[Any, ...]  # upstream × slope, per slot
    lacks_value: Any  # a boolean term, or False
    lacks_slope: Any


def topological(roots: Sequence[Any], known: Container[Term] = ()) -> list[Term]:
    """Return every term that the roots need and is not known, operands first; a loop, for folds may be deep."""
    done: dict[Term, None] = {}
    stack: list[Any] = [root for root in reversed(roots) if isinstance(root, Term) and root not in known]
    while stack:
        term = stack[-1]
        waiting = [x for x in term.parts if x not in done and x not in known]
        if term in done or not waiting:
            done[stack.pop()] = None
        else:
            stack.extend(reversed(waiting))
    return list(done)


def needed_by_several(roots: Sequence[Any]) -> list[Term]:
    """Return every term that more than one of the roots needs, operands first."""
    order, owner = topological(roots), {}
    for root in roots:
        owner[root] = None if root in owner else root
    for term in reversed(order):
        for x in term.parts:
            owner[x] = owner[term] if owner.get(x, owner[term]) is owner[term] else None
    return [term for term in order if owner[term] is None]


# --------------------------------------------------------------------------------------------------- the rule of a gate


def rule_of(gate: Gate, widths: tuple[int, ...]) -> Rule | None:
    """Return a gate's rule for slots of these widths; None where a stack of it cannot be told as folds over lanes."""
    language = Terms()
    slots = [language.write(SLOT, j) for j in range(len(widths))]
    lanes = {language.write(SLOT, j, i): (j, i) for j, width in enumerate(widths) for i in range(width)}
    inputs: list[Term] = []
    for j, width in enumerate(widths):
        inputs += [language.write(SLOT, j, i) for i in range(width)] if width else [slots[j]]
    value, upstream = language.write(VALUE), language.write(UPSTREAM)
    try:
        lacks = [lack(*inputs) for lack in (gate.domain.lacks_value, gate.domain.lacks_slope)]
        forward = gate.forward(*inputs)
        language.replace(forward, value)  # a slope that computes the gate's value again reads it instead
        given = gate.partials(value, *inputs)
    except (TypeError, AttributeError, KeyError, ValueError):  # written for numbers alone, or in another library
        return None if any(widths) else called(language, gate, slots)
    slopes = list(gate.one_each(given, len(inputs)))
    if any(widths):
        rolled = Rolling(language, lanes, widths).all([forward, *slopes, *lacks])
        if rolled is None:
            return None
        (forward, *slopes, lacks_value, lacks_slope) = rolled
        lacks = [lacks_value, lacks_slope]
    return Rule(widths, forward, tuple([times(upstream, slope) for slope in slopes]), *lacks)


def times(upstream: Term, slope: Any) -> Any:
    """Return upstream × slope, with nothing to multiply for a slope of 1 or -1."""
    if isinstance(slope, (int, float)) and abs(slope) == 1:
        return upstream if slope == 1 else -upstream
    return upstream * slope


def called(language: Terms, gate: Gate, slots: Sequence[Term]) -> Rule:
    """Return the rule of a card that cannot be printed: it calls the card itself, on columns."""
    value, upstream = language.write(VALUE), language.write(UPSTREAM)
    domain = gate.domain
    return Rule(
        (0,) * len(slots),
        language.write(CALL, gate, "forward", *slots),
        tuple([upstream * language.write(CALL, gate, "slope", j, value, *slots) for j in range(len(slots))]),
        False if domain is EVERYWHERE else language.write(CALL, gate, "lacks", domain.lacks_value, *slots),
        False if domain is EVERYWHERE else language.write(CALL, gate, "lacks", domain.lacks_slope, *slots),
    )


class Rolling:
    """Tells terms about many lanes as terms about stacks, as the module's docstring draws it.

    Each term is one of: shared (depends on no single lane), a lane i of something that all lanes have, or the fold of
    an operation over lanes 0 … i. What fits none of these cannot be rolled.
    """

    def __init__(self, language: Terms, lanes: dict[Term, tuple[int, int]], widths: tuple[int, ...]) -> None:
        self.language, self.lanes, self.widths = language, lanes, widths
        self.width = max(widths)
        self.told: dict[Term, tuple[str, Any, int]] = {}  # term -> (kind, term about stacks, lane)

    def all(self, outputs: list[Any]) -> list[Any] | None:
        """Return forward, one slope per slot and the two predicates, about stacks; None where that is not possible."""
        for term in topological(outputs):
            told = self.tell(term)
            if told is None:
                return None
            self.told[term] = told
        forward, *slopes, lacks_value, lacks_slope = outputs
        rest = iter(slopes)
        stacked = [self.stack(list(islice(rest, width or 1)), width) for width in self.widths]
        single = [self.stack([x], 0) for x in (forward, lacks_value, lacks_slope)]
        if any(x is None for x in (*stacked, *single)):
            return None
        return [single[0], *stacked, *single[1:]]

    def tell(self, term: Term) -> tuple[str, Any, int] | None:
        if term in self.lanes:
            slot, lane = self.lanes[term]
            return "lane", self.language.write(SLOT, slot), lane
        if term.operation in (SLOT, VALUE, UPSTREAM):
            return "shared", term, 0
        told = [self.told[x] if isinstance(x, Term) else ("shared", x, 0) for x in term.operands]
        kinds = {kind for kind, _, _ in told}
        if kinds == {"shared"}:
            return "shared", self.language.write(term.operation, *[x for _, x, _ in told]), 0
        lanes = {lane for kind, _, lane in told if kind == "lane"}
        if "fold" not in kinds and len(lanes) == 1:
            return "lane", self.language.write(term.operation, *[x for _, x, _ in told]), lanes.pop()
        return self.fold(term.operation, told)

    def fold(self, operation: str, told: list[tuple[str, Any, int]]) -> tuple[str, Any, int] | None:
        if operation not in FOLDS or len(told) != 2:
            return None
        (kind, x, i), (_, y, j) = sorted(told, key=lambda each: (each[0] != "fold", each[2]))
        if told[1][0] != "lane" and told[0][0] != "lane":
            return None
        if kind == "fold":
            if x.operands[0] != operation or x.operands[1] is not y or j != i + 1:
                return None
            folded = x
        else:
            if kind != "lane" or x is not y or (i, j) != (0, 1):
                return None
            folded = self.language.write(FOLD, operation, x)
        return ("shared" if j == self.width - 1 else "fold"), folded, j

    def stack(self, terms: list[Any], width: int) -> Any:
        """Return what the lanes have in common, None where they have nothing; of a single term, the term itself."""
        told = [self.told[x] if isinstance(x, Term) else ("shared", x, 0) for x in terms]
        if not width:
            return told[0][1] if told[0][0] == "shared" else None
        first = told[0][1]
        same = all(x is first or (not isinstance(x, Term) and repr(x) == repr(first)) for _, x, _ in told)
        in_order = all(kind == "shared" or (kind == "lane" and lane == i) for i, (kind, _, lane) in enumerate(told))
        return first if same and in_order else None


# -------------------------------------------------------------------------------------------------------------- padding


@cache
def neutral(gate: Gate) -> float | None:
    """Return the number that changes nothing as a further input of an n-ary gate of the table: ask the card.

    None where there is none, or where the card is a user's and its rule may depend on the number of inputs.
    """
    if GATES.get(gate.name) is not gate:
        return None
    return next((x for x in (0.0, -float("inf"), float("inf")) if changes_nothing(gate, x)), None)


def changes_nothing(gate: Gate, pad: float) -> bool:
    """Tell whether a further input `pad` leaves value and slopes of a gate as they are, at some samples."""
    for xs in ((0.5,), (-1.5, 2.0), (0.25, -3.0, 1.0), (-7.0, -7.5)):
        padded = (*xs, pad)
        z = gate.forward(*xs)
        if gate.forward(*padded) != z or gate.partials(z, *padded)[: len(xs)] != gate.partials(z, *xs):
            return False
    return True
