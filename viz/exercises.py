"""Predict, then reveal: a question for every gradient of a graph, and a checker that knows the usual slips.

    question    what is the gradient of this wire? asked in the order of the backward pass, so that each upstream
                gradient is the answer to an earlier question, or the seed
    term        what one branch of the wire brings back: upstream × local; at a fork there are several, and they add up
    linear      how a number comes of the upstream gradients: a constant, then the factor of each of them
    mistake     a way to go wrong, as such sums, which are worked out with the true upstreams or the answerer's own
    slip        an earlier answer that is not right; a step from it is judged by what it makes of that answer
    tolerance   relative; half: of the last decimal asked for; an answer is near a number if it differs by no more

Every number is made from the recorded steps: whoever shows an exercise works out such sums and compares. Nothing is
random: the same graph asks the same questions.
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from numbers import Real
from pathlib import Path
from typing import Any

from autograd.elementary import isnan, maximum, where
from autograd.graph import Step
from autograd.value import Value, as_float
from viz import layout
from viz.circuit import Box, Circuit, Pin, Wire, circuit_of
from viz.drawing import write_aside
from viz.narration import Teller, derivative, made, ruled, wrapped
from viz.notation import Notation, clipped, portable
from viz.notebook import image
from viz.shapes import Picture, Shape, Text, captioned, picture_of, shapes_of
from viz.sheets import SHEETS, Line, filled, holds_answers
from viz.svg import escaped, svg
from viz.words import BACK, counted, listed

__all__ = [
    "MISTAKES",
    "NUMBER",
    "THOUSANDS",
    "Exercise",
    "Mistake",
    "Question",
    "Result",
    "Term",
    "Verdict",
    "exercise",
    "near",
    "worked_out",
]

LOOSE, EXACT = 0.01, 1e-9  # tolerances: where numbers have two decimals, where all are whole
HALF = 0.005  # of the second decimal
NOTHING = 1e-12  # an answer as near as this to a number is that number
NUMBER = re.compile(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[-+]?\d+)?|[-+]?inf(?:inity)?|nan", re.ASCII | re.IGNORECASE)
THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}")  # or three decimals: nobody can tell
FEW = 5  # inputs of a gate whose operands can be mixed up: two weights, two inputs and a bias
BRANCHES = 8  # of a fork, one of which can be mistaken alone: each such sum is as long as there are branches


# --------------------------------------------------------------------------------------------- what leads to an answer


@dataclass(frozen=True, slots=True)
class Term:
    """What one branch brings back to a wire, and what else was at hand there."""

    box: int  # the gate that hands back …
    pin: int  # … and to which of its pins, counted from 0
    source: int | None  # the number of the question whose answer is the upstream gradient; None for the seed
    upstream: float
    local: float
    value: float  # of the wire itself
    alone: bool  # the gate has no other input
    others: tuple[float, ...]  # the local gradients of the gate's other inputs, where these are few
    lesser: tuple[float, ...]  # what is left of a local gradient that is a product, where one factor is left out

    @property
    def downstream(self) -> float:
        """Upstream × local."""
        return self.upstream * self.local


Terms = Sequence[Term]
Part = tuple[float, float]  # what one term gives to a sum: a constant, and the factor of its upstream gradient
Linear = tuple[float, ...]


def worked_out(linear: Linear, upstreams: Sequence[float]) -> float:
    """Return the number that comes of the upstream gradients."""
    constant, *factors = linear
    # a branch that was forgotten brings nothing back, even if its gradient is infinite
    return constant + sum([factor * up for factor, up in zip(factors, upstreams, strict=True) if factor])


def _linear(parts: Iterable[Part]) -> Linear:
    constants, factors = zip(*parts, strict=True)
    return (sum(constants), *factors)


def _faithful(terms: Terms) -> list[Part]:
    return [(0.0, term.local) for term in terms]


def _instead(terms: Terms, wrong: Callable[[Term], Sequence[Part]]) -> Iterator[Linear]:
    """Yield the sums in which one term of few, or each, is mistaken."""
    parts = _faithful(terms)
    for i, term in enumerate(terms if len(terms) <= BRANCHES else ()):
        yield from [_linear([*parts[:i], part, *parts[i + 1 :]]) for part in wrong(term)]
    if len(terms) > 1:
        yield from map(_linear, zip(*map(wrong, terms), strict=False))


def _signs(terms: Terms) -> Iterable[Linear]:
    return _instead(terms, lambda term: [(0.0, -term.local)])


def _unadded(terms: Terms) -> Iterable[Linear]:
    """Return what is left where branches are forgotten: each alone, and all but each; of many, the first and last."""
    count, parts = len(terms), _faithful(terms)
    kept = range(count) if count <= BRANCHES else (0, count - 1)
    ways = [[i == j for j in range(count)] for i in kept] + [[i != j for j in range(count)] for i in kept]
    sums = [[part if adds else (0.0, 0.0) for part, adds in zip(parts, way, strict=True)] for way in ways]
    return map(_linear, sums if count > 1 else [])


def _operands(terms: Terms) -> Iterable[Linear]:
    return _instead(terms, lambda term: [(0.0, x) for x in (term.value, *term.others) if not term.alone])


def _inputs(terms: Terms) -> Iterable[Linear]:
    return _instead(terms, lambda term: [(0.0, term.value)] if term.alone else [])


def _factors(terms: Terms) -> Iterable[Linear]:
    return _instead(terms, lambda term: [(0.0, x) for x in term.lesser])


def _locals(terms: Terms) -> Iterable[Linear]:
    return _instead(terms, lambda term: [(term.local, 0.0)])


def _other_locals(terms: Terms) -> Iterable[Linear]:
    return _instead(terms, lambda term: [(x, 0.0) for x in term.others])


def _upstreams(terms: Terms) -> Iterable[Linear]:
    return _instead(terms, lambda term: [(0.0, 1.0)])


@dataclass(frozen=True, slots=True)
class Mistake:
    """A usual slip: what is said of it, and the sums that it makes of the terms of a gradient."""

    kind: str
    words: str
    sums: Callable[[Terms], Iterable[Linear]]


MISTAKES: dict[str, Mistake] = {  # where two lead to one number, the first is told
    mistake.kind: mistake
    for mistake in (
        Mistake("fork", "forgot to add at the fork: the gradients of all branches add up", _unadded),
        Mistake("sign", "off by a sign", _signs),
        Mistake("factor", "left out a factor of the local gradient", _factors),
        Mistake("operand", "used the wrong operand for the local gradient", _operands),
        Mistake("input", "used the gate's input itself for the local gradient, not the slope there", _inputs),
        Mistake("local", "gave the local gradient, not times upstream", _locals),
        Mistake("other", "gave the local gradient of another input, and not times upstream", _other_locals),
        Mistake("upstream", "gave the upstream gradient, not times local", _upstreams),
    )
}
VERDICTS = {  # what is said of an answer, by its kind
    "right": "right",
    "carried": "right but for an earlier slip",
    **{mistake.kind: mistake.words for mistake in MISTAKES.values()},
    "loose": "carried on from an earlier slip, and rounded too far",
    "close": "close: round to {digits}",
    "wrong": "wrong",
    "not a number": "not a number",
    "no answer": "no answer",
}
ROUGH = ", and round to {digits}"  # is added where a mistake was rounded too far as well
OWN = (  # is added where a verdict is that on a step from a slip, or from several
    ", from your own upstream {upstreams}",
    ", from your own upstreams {upstreams}",
)
TALLY = {  # what is said of all answers, by their kinds; every kind that is not here counts as wrong
    "right": "{count} of {of} right",
    "carried": "{count} right but for an earlier slip",
    "close": "{count} close",
    "wrong": "{count} wrong",
    "no answer": "{count} not answered",
}


def near(answer: Any, number: Any, tolerance: Any, half: Any) -> Any:
    """Tell whether an answer is as good as a number; run on symbols, it prints itself for the page.

    The rule: half a unit of the second decimal, or one per cent, whichever is more. Half a unit would make nothing of a
    number that is smaller still: there the share counts alone.
    """
    size = abs(number)
    room = maximum(maximum(tolerance * size, NOTHING), where(size >= half, half, 0.0))
    within = (room < math.inf) & (abs(answer - number) <= room)
    return (isnan(answer) & isnan(number)) | (answer == number) | within


# ------------------------------------------------------------------------------------------------------ the questions


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of an answer that is a number."""

    given: float
    kind: str  # a key of VERDICTS
    meant: float  # what it stands for with all its digits, where that is known
    rough: bool = False  # a mistake that was rounded too far
    slips: tuple[float, ...] = ()  # earlier answers from which it was judged, not from the true gradients


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is the gradient of this wire? With all it takes to judge an answer."""

    number: int  # from 1
    wire: Wire
    name: str  # the wire's own, on one line
    prompt: str  # tells no answer, neither its own nor an earlier one
    terms: tuple[Term, ...]
    digits: str  # how exact an answer has to be, as words; empty where all numbers are whole
    accepted: tuple[float, ...]  # the gradient, and what comes of factors that were rounded as a picture shows them
    mistakes: Mapping[str, tuple[Linear, ...]]  # by kind

    @property
    def answer(self) -> float:
        """The gradient of the wire."""
        return self.wire.gradient

    @property
    def measure(self) -> tuple[float, float]:
        """The tolerance and the half unit within which an answer is `near` a number."""
        return (LOOSE, HALF) if self.digits else (EXACT, 0.0)

    @property
    def faithful(self) -> Linear:
        """The gradient itself as a sum over the upstream gradients."""
        return _linear(_faithful(self.terms))

    def judge(self, answer: float, earlier: Mapping[int, Judged]) -> Judged:
        """Return which of VERDICTS fits an answer, given what became of the earlier ones, by their numbers."""
        if any(near(answer, number, *self.measure) for number in self.accepted):
            return Judged(answer, "right", self.answer)
        own, slips = self._own(earlier)
        for upstreams in own:
            number = worked_out(self.faithful, upstreams)
            if near(answer, number, *self.measure):
                # of earlier answers that were right it differs by their rounding alone
                return Judged(answer, "carried" if slips else "right", number, slips=slips)
        true = [term.upstream for term in self.terms]
        ways = [(true, ()), *[(upstreams, slips) for upstreams in own]]
        for find in (self._mistaken, self._rounded_too_far, self._roughly_mistaken):
            for upstreams, told in ways:
                if found := find(answer, upstreams, told):
                    return found
        return Judged(answer, "wrong", answer)

    def _own(self, earlier: Mapping[int, Judged]) -> tuple[list[list[float]], tuple[float, ...]]:
        """Return the upstream gradients by the earlier answers, as given and as meant, and which of these are slips.

        There are none where an answer is missing.
        """
        seed = Judged(1.0, "right", 1.0)
        sources = [seed if term.source is None else earlier.get(term.source) for term in self.terms]
        known = [judged for judged in sources if judged is not None]
        if len(known) < len(sources):
            return [], ()
        slips = dict.fromkeys([judged.given for judged in known if judged.kind != "right"])
        return [[judged.given for judged in known], [judged.meant for judged in known]], tuple(slips)

    def _mistaken(
        self,
        answer: float,
        upstreams: Sequence[float],
        slips: tuple[float, ...],
        alike: Callable[[float, float], bool] | None = None,
    ) -> Judged | None:
        """Return which mistake makes this answer of the upstream gradients, if any does, and what exactly it makes."""
        for kind, sums in self.mistakes.items():
            for number in [worked_out(linear, upstreams) for linear in sums]:
                same = alike(answer, number) if alike else near(answer, number, *self.measure)
                if not math.isnan(number) and same:
                    return Judged(answer, kind, number, alike is not None, slips)
        return None

    def _roughly_mistaken(self, answer: float, upstreams: Sequence[float], slips: tuple[float, ...]) -> Judged | None:
        return self._mistaken(answer, upstreams, slips, self._far) if self.digits else None

    def _rounded_too_far(self, answer: float, upstreams: Sequence[float], slips: tuple[float, ...]) -> Judged | None:
        """Tell an answer that is a right one rounded too far; one from a slip is not to be asked for once more."""
        if not self.digits or not self._far(answer, number := worked_out(self.faithful, upstreams)):
            return None
        return Judged(answer, "loose", number, slips=slips) if slips else Judged(answer, "close", answer)

    def _far(self, answer: float, number: float) -> bool:
        """Tell whether an answer is at most twice as far off a number as it may be, or this in a digit or two."""
        tolerance, half = self.measure
        rounded = [float(format(number, f".{digits}g")) for digits in (1, 2)]
        return bool(near(answer, number, 2 * tolerance, 2 * half) or any(near(answer, x, EXACT, 0.0) for x in rounded))

    def recorded(self) -> dict[str, Any]:
        """Return what a script is to know to put the question, and to judge an answer as `judge` does."""
        return {
            "number": self.number,
            "wire": self.wire.index,
            "digits": self.digits,
            "measure": self.measure,
            "accepted": [portable(number) for number in self.accepted],
            "faithful": _portable(self.faithful),
            "mistakes": {kind: [_portable(linear) for linear in sums] for kind, sums in self.mistakes.items()},
            "terms": [
                {"gate": t.box, "pin": t.pin, "source": t.source, "upstream": portable(t.upstream)} for t in self.terms
            ],
        }


def _portable(linear: Linear) -> list[float | str]:
    return [portable(x) for x in linear]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What there is to say of one answer."""

    question: Question
    given: object
    kind: str  # a key of VERDICTS
    rough: bool = False  # a mistake that was rounded too far
    slips: tuple[str, ...] = ()  # the answerer's own upstream gradients, as they are written, from which it was judged

    @property
    def words(self) -> str:
        """The verdict in words."""
        words = VERDICTS[self.kind] + ROUGH * self.rough
        own = OWN[len(self.slips) > 1].format(upstreams=listed(self.slips)) if self.slips else ""
        return words.format(digits=self.question.digits) + own


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """The verdicts on all answers, in the order of the questions; prints as a table."""

    verdicts: tuple[Verdict, ...]
    notation: Notation

    @property
    def right(self) -> int:
        """How many answers are right."""
        return self.counts["right"]

    @property
    def carried(self) -> int:
        """How many answers are not right, but would be if an earlier one were: faithful steps from a slip."""
        return self.counts["carried"]

    @property
    def counts(self) -> Counter[str]:
        """How many answers there are of each kind of TALLY."""
        return Counter([verdict.kind if verdict.kind in TALLY else "wrong" for verdict in self.verdicts])

    @property
    def summary(self) -> str:
        """The answers counted, in words."""
        counts, of = self.counts, len(self.verdicts)
        told = [
            words.format(count=counts[kind], of=of) for kind, words in TALLY.items() if counts[kind] or "{of}" in words
        ]
        return ", ".join(told)

    @property
    def score(self) -> float:
        """The share of answers that are right, from 0 to 1."""
        return self.right / len(self.verdicts)

    def __repr__(self) -> str:
        rows = [
            (
                str(verdict.question.number),
                verdict.question.name,
                "" if verdict.given is None else clipped(str(verdict.given)),
                self.notation.longer(verdict.question.answer),
                verdict.words,
            )
            for verdict in self.verdicts
        ]
        lines = ruled(("", "gradient of", "answer", "right", "verdict"), rows, "rlr.l")
        return "\n".join([*lines, *wrapped(self.summary)])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Exercise:
    """Questions on the gradients of one graph, of its numbers at the moment it was made; prints the questions."""

    circuit: Circuit
    questions: tuple[Question, ...]

    def check(self, answers: Sequence[object] | Mapping[Any, object]) -> Result:
        """Return the verdicts on answers: in the order of the questions, or by their numbers or the wires' names.

        An answer is a number or its text: as exact as the question asks, `−` and a decimal comma are understood; None
        or an empty text is no answer, and so is what is missing at the end. A step from an answer that was not right is
        judged from that answer as well as from the true gradient. ValueError for more answers than questions, or
        for a question that there is not; TypeError for what holds no answers.
        """
        given = self._by_number(answers)
        judged: dict[int, Judged] = {}
        verdicts: list[Verdict] = []
        for question in self.questions:
            answer = given.get(question.number)
            number = _number(answer)
            if number is not None:
                judged[question.number] = found = question.judge(number, judged)
                verdicts.append(Verdict(question, answer, found.kind, found.rough, self._written(found.slips)))
            else:
                blank = answer is None or (isinstance(answer, str) and not answer.strip())
                verdicts.append(Verdict(question, answer, "no answer" if blank else "not a number"))
        return Result(tuple(verdicts), self.circuit.notation)

    def _written(self, numbers: Iterable[float]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(self.circuit.notation.longer, numbers)))

    def _by_number(self, answers: Any) -> dict[int, object]:
        total = len(self.questions)
        if isinstance(answers, Mapping):
            known: dict[object, int] = {question.name: question.number for question in self.questions}
            known |= {question.number: question.number for question in self.questions}
            unknown = [key for key in answers if key not in known]
            if unknown:
                raise ValueError(f"there is no question {clipped(repr(unknown[0]))}; there are 1 to {total}")
            return {known[key]: answer for key, answer in answers.items()}
        if isinstance(answers, str | bytes) or not isinstance(answers, Sequence):
            raise TypeError(f"answers come as a list, or as {{number: answer}}, not as {type(answers).__name__}")
        if len(answers) > total:
            raise ValueError(f"{counted(len(answers), 'answer')} to {counted(total, 'question')}")
        return dict(enumerate(answers, 1))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a sheet to be filled in (.csv, .json), or the circuit without its gradients (.svg); return the path.

        A sheet tells no answer. One that somebody has filled in is not overwritten: FileExistsError. ValueError for
        another suffix, OSError where it cannot be written.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix not in (*SHEETS, ".svg"):
            kinds = f"{', '.join(SHEETS)} or .svg"
            raise ValueError(f"an exercise is saved as {kinds}, not as {target.suffix or 'a bare name'!r}")
        if suffix in SHEETS and holds_answers(target):
            told = f"{clipped(target.name)} is there, and is no empty sheet: its answers would be lost"
            raise FileExistsError(f"{told}; save under another name, or delete it first")
        write_aside(target, (self.svg if suffix == ".svg" else SHEETS[suffix](self._lines)).encode())
        return target

    def grade(self, sheet: str | os.PathLike[str]) -> Result:
        """Return the verdicts on a sheet that was filled in: its path or, if it has several lines, its text.

        CSV with the columns `number` and `answer`, parted by commas, semicolons or tabs, or the JSON that `save`
        writes. ValueError, in one line that names the place, for a sheet that cannot be read, or of another exercise.
        """
        return self.check(filled(sheet, self._lines))

    @property
    def _lines(self) -> list[Line]:
        return [Line(question.number, question.name, question.prompt) for question in self.questions]

    @property
    def key(self) -> str:
        """The answers, for a teacher."""
        rows = [(str(q.number), q.name, self.circuit.notation.longer(q.answer)) for q in self.questions]
        return "\n".join(ruled(("", "gradient of", "right"), rows, "rl."))

    @property
    def svg(self) -> str:
        """The circuit after the forward pass, each gradient a question mark with its number, as an SVG document."""
        return svg(self._picture)

    @property
    def _picture(self) -> Picture:
        numbers = {question.wire.index: str(question.number) for question in self.questions}
        drawn, placement = picture_of((self.circuit,)), layout.place(self.circuit)
        shapes = tuple(_hidden(shapes_of(self.circuit, placement), self.circuit, numbers))
        asked = replace(drawn, height=placement.height, description="", groups=((0.0, 0.0, shapes),))
        return captioned(asked, [f"{BACK} ? below a wire: a question asks for its gradient, the one of that number."])

    def recorded(self) -> dict[str, Any]:
        """Return what a script is to know: all that is left to it is to work out sums, and to compare by `near`."""
        return {
            "verdicts": VERDICTS,
            "rough": ROUGH,
            "own": OWN,
            "tally": TALLY,
            "exact": EXACT,
            "questions": [question.recorded() for question in self.questions],
        }

    def __repr__(self) -> str:
        return "\n".join([line for q in self.questions for line in wrapped(f"{q.number}. {q.prompt}")])

    def _repr_html_(self) -> str:
        picture = self._picture
        asked = "".join([f"<li>{escaped(question.prompt)}</li>" for question in self.questions])
        return f"{image(svg(picture), picture.width, picture.title)}<ol>{asked}</ol>"


def _hidden(shapes: Iterable[Shape], circuit: Circuit, numbers: Mapping[int, str]) -> Iterator[Shape]:
    """Yield the shapes of a circuit, in place of what the backward pass found out the numbers of questions."""
    for shape in shapes:
        kind, index = shape.of
        if not isinstance(shape, Text) or shape.kind not in ("gradient", "local"):
            yield shape
        elif kind == "wire" and index in numbers:
            yield replace(shape, text=f"{BACK} ?", subscript=numbers[index], title="")
        elif shape.of == ("wire", circuit.root.index):
            yield shape


def _number(given: object) -> float | None:
    """Return the number that was given, or its text; None for anything else."""
    if isinstance(given, str):
        text = given.strip().replace("−", "-").replace("∞", "inf")
        match = NUMBER.fullmatch(text)
        return float(text.replace(",", ".")) if match and not THOUSANDS.fullmatch(text) else None
    try:
        return as_float(given) if isinstance(given, Real) and not isinstance(given, bool) else None
    except ValueError:  # an integer of hundreds of digits
        return None


def exercise(f: Value) -> Exercise:
    """Return an exercise: questions on the gradient of every wire of f but the output itself.

    `print` it for the questions, `.check(answers)` for verdicts; `.save("sheet.csv")` writes a sheet to be filled in,
    `.grade("sheet.csv")` reads it. No `.grad` is touched. Raises TypeError for what is no Value, ValueError for a graph
    without a gate or an input, or of more than 300 gates, DomainError where a value or a slope does not exist.

        >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
        >>> for verdict in exercise((x + y) * z).check([-4, 3, -4, 4]).verdicts:
        ...     print(verdict.question.name, verdict.words)
        a right
        z right
        x right
        y off by a sign
    """
    circuit = circuit_of(f)
    questions = tuple(_questions(Teller.of(circuit, False)))
    if not questions:
        raise ValueError("there is nothing to ask: no gate made this of an input")
    return Exercise(circuit, questions)


def _questions(teller: Teller) -> Iterator[Question]:
    """Yield the questions, each at the step in which the last branch of its wire comes back."""
    numbers, asked = count(1), dict[Value, int]()
    pins: dict[Value, list[tuple[Box, Pin]]] = {}
    wires = {wire.node: wire for wire in teller.circuit.wires if not wire.node.is_constant}
    for box in reversed(teller.circuit.boxes):
        for pin in box.pins:
            x = box.step.inputs[pin.place]
            if x in wires:
                pins.setdefault(x, []).append((box, pin))
                if len(pins[x]) == len(wires[x].pins):
                    asked[x] = next(numbers)
                    yield _question(teller, wires[x], pins[x], asked)


def _question(teller: Teller, wire: Wire, pins: Sequence[tuple[Box, Pin]], asked: Mapping[Value, int]) -> Question:
    terms = tuple([_term(box, pin, asked) for box, pin in pins])
    notation = teller.circuit.notation
    return Question(
        asked[wire.node],
        wire,
        teller.names[wire.node],
        _prompt(teller, wire, pins, asked),
        terms,
        _digits(notation, wire.gradient),
        _accepted(notation, wire.gradient, terms),
        _mistakes(terms),
    )


def _mistakes(terms: Terms) -> dict[str, tuple[Linear, ...]]:
    """Return the sums that each mistake makes, by kind; what comes out right, or is told already, is left out."""
    known, found = {_linear(_faithful(terms))}, {}
    for kind, mistake in MISTAKES.items():
        found[kind] = tuple([linear for linear in dict.fromkeys(mistake.sums(terms)) if linear not in known])
        known |= {*found[kind]}
    return found


def _term(box: Box, pin: Pin, asked: Mapping[Value, int]) -> Term:
    step = box.step
    assert step.upstream is not None
    others = tuple([local for i, local in enumerate(step.locals) if i != pin.place]) if len(step.inputs) <= FEW else ()
    index, value = box.pins.index(pin), step.values[pin.place]
    alone = len(step.inputs) == 1
    return Term(
        box.index, index, asked.get(step.node), step.upstream, pin.local, value, alone, others, _lesser(step, pin)
    )


class _Product(float):
    """A number that remembers its factors; a rule that is run on such numbers tells of what it is the product."""

    factors: tuple[float, ...] = ()

    @classmethod
    def of(cls, x: float, y: float) -> _Product:
        """Return the product of two numbers, each of them by its own factors where it has some."""
        product = cls(float(x) * float(y))
        product.factors = (*_factors_of(x), *_factors_of(y))
        return product

    def __mul__(self, other: float) -> _Product:
        return _Product.of(self, other)

    def __rmul__(self, other: float) -> _Product:
        return _Product.of(other, self)

    def __pow__(self, exponent: float, modulus: None = None) -> Any:
        power = float(self) ** exponent
        return power if isinstance(power, complex) else _Product(power)


def _factors_of(x: float) -> tuple[float, ...]:
    return x.factors if isinstance(x, _Product) and x.factors else (float(x),)


def _lesser(step: Step, pin: Pin) -> tuple[float, ...]:
    """Return a local gradient without one of its factors each, where its gate's rule is a product of some."""
    if len(step.inputs) > FEW:
        return ()
    local = step.gate.partials(_Product(step.value), *map(_Product, step.values))[pin.place]
    factors = _factors_of(local)
    ways = [math.prod([*factors[:i], *factors[i + 1 :]]) for i in range(len(factors))]
    return tuple(dict.fromkeys(ways)) if len(factors) > 1 else ()


def _digits(notation: Notation, gradient: float) -> str:
    """Return how exact an answer has to be: as exact as a picture shows it, which has three digits of the extremes."""
    size = abs(gradient)
    if 1e5 <= size < math.inf or (0 < size < HALF and not notation.whole):
        return "three digits"
    return "" if notation.whole else "two decimals"


def _accepted(notation: Notation, gradient: float, terms: Terms) -> tuple[float, ...]:
    """Return the gradient, as it is, and as it comes out of factors that were rounded as shown."""
    rounded = sum([notation.rounded(term.upstream) * notation.rounded(term.local) for term in terms])
    # factors may round to a number of another sign or size where the terms cancel: that is no answer
    return _distinct([gradient, rounded] if near(rounded, gradient, 0.05, 0.0) else [gradient])


def _distinct(numbers: Iterable[float]) -> tuple[float, ...]:
    """Return numbers without those that differ from an earlier one by rounding errors only."""
    kept: list[float] = []
    for number in numbers:
        if not any(near(number, other, EXACT, 0.0) for other in kept):
            kept.append(number)
    return tuple(kept)


def _prompt(teller: Teller, wire: Wire, pins: Sequence[tuple[Box, Pin]], asked: Mapping[Value, int]) -> str:
    """Return what is asked: how each gate worked that this wire went to, and what is known of the way back."""
    said = teller.said(wire.node)
    fork = f"{said} goes to {len(pins)} inputs of gates, and what comes back adds up. " if len(pins) > 1 else ""
    parts = []
    for box, pin in pins:
        step = box.step
        output = teller.derivative(step.node)
        upstream = f"your answer {asked[step.node]}" if step.node in asked else "1, the seed"
        rule = derivative(teller.names[step.node], teller.names[wire.node])
        local = " = ".join([rule, *_written(teller, step, pin)])
        parts.append(f"{step.gate.name} gate, {made(teller, step)}: upstream {output} = {upstream}; local {local}.")
    digits = _digits(teller.circuit.notation, wire.gradient)
    exact = f", to {digits}" if digits else ""
    return f"{fork}{' '.join(dict.fromkeys(parts))} What is {teller.derivative(wire.node)}{exact}?"


def _written(teller: Teller, step: Step, pin: Pin) -> list[str]:
    """Return a local gradient as a formula, and the same in numbers; not what it comes to, which may be the answer."""
    return [str(form) for form in teller.explained(step)[pin.place]] or [teller.number(pin.local)]
