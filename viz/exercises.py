"""Predict, then reveal: a question for every gradient of a graph, and a checker that knows the usual slips.

    question    what is the gradient of this wire? asked in the order of the backward pass, so that each upstream
                gradient is the answer to an earlier question, or the seed
    term        what one branch of the wire brings back: upstream × local; at a fork there are several, and they add up
    accepted    numbers that count as right: the gradient, and what rounding to two decimals makes of it
    mistake     a way to go wrong, with the numbers it leads to
    tolerance   relative; an answer is near a number if it differs by no more than this share of it

Every number is made from the recorded steps, the mistaken ones too: whoever shows an exercise only compares. Nothing is
random: the same graph asks the same questions.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from numbers import Real
from pathlib import Path
from typing import Any

from autograd.graph import Step
from autograd.value import Value, as_float
from viz import layout
from viz.circuit import Circuit, Wire, circuit_of
from viz.drawing import write_aside
from viz.narration import Teller, derivative, made, ruled, wrapped
from viz.notation import Notation, clipped, portable
from viz.notebook import image
from viz.shapes import Picture, Shape, Text, captioned, picture_of, shapes_of
from viz.sheets import SHEETS, Line, filled
from viz.svg import escaped, svg
from viz.words import BACK, counted

__all__ = ["MISTAKES", "Exercise", "Mistake", "Question", "Result", "Term", "Verdict", "exercise"]

LOOSE, EXACT = 0.01, 1e-9  # tolerances: where numbers have two decimals, where all are whole
NOTHING = 1e-12  # an answer as near as this to a number is that number
NUMBER = re.compile(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[-+]?\d+)?|[-+]?inf(?:inity)?|nan", re.ASCII | re.IGNORECASE)
THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}")  # or three decimals: nobody can tell
FEW = 3  # inputs of a gate whose operands can be mixed up


# --------------------------------------------------------------------------------------------- what leads to an answer


@dataclass(frozen=True, slots=True)
class Term:
    """What one branch brings back to a wire, and what else was at hand there."""

    source: int | None  # the number of the question whose answer is the upstream gradient; None for the seed
    upstream: float
    local: float
    value: float  # of the wire itself
    others: tuple[float, ...]  # the local gradients of the gate's other inputs, where these are few

    @property
    def downstream(self) -> float:
        """Upstream × local."""
        return self.upstream * self.local


Terms = Sequence[Term]


def _instead(terms: Terms, wrong: Callable[[Term], Iterable[float]]) -> Iterator[float]:
    """Yield the sums in which one term, or each, is mistaken."""
    rests = [sum([t.downstream for t in terms if t is not term]) for term in terms]
    for term, rest in zip(terms, rests, strict=True):
        yield from [rest + number for number in wrong(term)]
    if len(terms) > 1:
        yield from map(sum, zip(*[list(wrong(term)) for term in terms], strict=False))


def _signs(terms: Terms) -> Iterable[float]:
    return _instead(terms, lambda term: [-term.downstream])


def _unadded(terms: Terms) -> Iterable[float]:
    """Return what is left where branches are forgotten: each alone, and all but each."""
    if len(terms) < 2:
        return []
    total = sum([term.downstream for term in terms])
    return [*[term.downstream for term in terms], *[total - term.downstream for term in terms]]


def _operands(terms: Terms) -> Iterable[float]:
    return _instead(terms, lambda term: [term.upstream * x for x in (term.value, *term.others)])


def _locals(terms: Terms) -> Iterable[float]:
    return _instead(terms, lambda term: [term.local])


def _upstreams(terms: Terms) -> Iterable[float]:
    return _instead(terms, lambda term: [term.upstream])


@dataclass(frozen=True, slots=True)
class Mistake:
    """A usual slip: what is said of it, and the numbers that it makes of the terms of a gradient."""

    kind: str
    words: str
    numbers: Callable[[Terms], Iterable[float]]


MISTAKES: dict[str, Mistake] = {  # where two lead to one number, the first is told
    mistake.kind: mistake
    for mistake in (
        Mistake("fork", "forgot to add at the fork: the gradients of all branches add up", _unadded),
        Mistake("sign", "off by a sign", _signs),
        Mistake("operand", "used the wrong operand for the local gradient", _operands),
        Mistake("local", "gave the local gradient, not times upstream", _locals),
        Mistake("upstream", "gave the upstream gradient, not times local", _upstreams),
    )
}
VERDICTS = {  # what is said of an answer, by its kind
    "right": "right",
    "carried": "follows from an earlier slip: the step itself is right",
    **{mistake.kind: mistake.words for mistake in MISTAKES.values()},
    "wrong": "wrong",
    "not a number": "not a number",
    "no answer": "no answer",
}


def near(answer: float, number: float, tolerance: float) -> bool:
    """Tell whether an answer is as good as a number: the one comparison there is, here and on a page."""
    if math.isnan(answer) or math.isnan(number):
        return math.isnan(answer) and math.isnan(number)
    return answer == number or abs(answer - number) <= max(tolerance * abs(number), NOTHING) < math.inf


# ------------------------------------------------------------------------------------------------------ the questions


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is the gradient of this wire? With all it takes to judge an answer."""

    number: int  # from 1
    wire: Wire
    name: str  # the wire's own, on one line
    prompt: str  # tells no answer, neither its own nor an earlier one
    terms: tuple[Term, ...]
    accepted: tuple[float, ...]
    mistakes: Mapping[str, tuple[float, ...]]  # by kind, without what is near an accepted number
    tolerance: float

    @property
    def answer(self) -> float:
        """The gradient of the wire."""
        return self.wire.gradient

    def kind(self, answer: float, earlier: Mapping[int, float | None], slips: Collection[int]) -> str:
        """Return which of VERDICTS fits an answer, given the earlier answers and which of these were not right."""
        if any(near(answer, number, self.tolerance) for number in self.accepted):
            return "right"
        followed = self._followed(earlier)
        if followed is not None and any(
            near(answer, n, self.tolerance) for n in (followed, round(followed, 2) or followed)
        ):
            # of earlier answers that were right it differs by their rounding alone
            return "carried" if any(term.source in slips for term in self.terms) else "right"
        return next(
            (kind for kind, ns in self.mistakes.items() if any(near(answer, n, self.tolerance) for n in ns)), "wrong"
        )

    def _followed(self, earlier: Mapping[int, float | None]) -> float | None:
        """Return what this step makes of the earlier answers; None where one is missing."""
        upstreams = [1.0 if term.source is None else earlier[term.source] for term in self.terms]
        products = [up * term.local for up, term in zip(upstreams, self.terms, strict=True) if up is not None]
        return sum(products) if len(products) == len(self.terms) else None

    def recorded(self) -> dict[str, Any]:
        """Return what a script is to know: an answer is compared with `accepted`, then with each of `mistakes`.

        Between the two stands what is carried on from earlier answers: the sum over `terms` of the answer to `source`
        (1 where it is null) × `local`, or that with two decimals; it is right where those answers were.
        """
        return {
            "number": self.number,
            "wire": self.wire.index,
            "prompt": self.prompt,
            "accepted": [portable(number) for number in self.accepted],
            "mistakes": {kind: [portable(n) for n in numbers] for kind, numbers in self.mistakes.items()},
            "terms": [{"source": term.source, "local": portable(term.local)} for term in self.terms],
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What there is to say of one answer."""

    question: Question
    given: object
    kind: str  # a key of VERDICTS

    @property
    def words(self) -> str:
        """The verdict in words."""
        return VERDICTS[self.kind]


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """The verdicts on all answers, in the order of the questions; prints as a table."""

    verdicts: tuple[Verdict, ...]
    notation: Notation

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum([verdict.kind == "right" for verdict in self.verdicts])

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
        return "\n".join([*lines, f"{self.right} of {counted(len(rows), 'answer')} right"])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Exercise:
    """Questions on the gradients of one graph, of its numbers at the moment it was made; prints the questions."""

    circuit: Circuit
    questions: tuple[Question, ...]

    def check(self, answers: Sequence[object] | Mapping[Any, object]) -> Result:
        """Return the verdicts on answers: in the order of the questions, or by their numbers or the wires' names.

        An answer is a number or its text: two decimals are enough, `−` and a decimal comma are understood; None or an
        empty text is no answer, and so is what is missing at the end. ValueError for more answers than questions, or
        for a question that there is not; TypeError for what holds no answers.
        """
        given = self._by_number(answers)
        read = {number: _number(answer) for number, answer in given.items()}
        verdicts: list[Verdict] = []
        for question in self.questions:
            answer, number = given.get(question.number), read.setdefault(question.number, None)
            blank = answer is None or (isinstance(answer, str) and not answer.strip())
            unread = "no answer" if blank else "not a number"
            slips = [verdict.question.number for verdict in verdicts if verdict.kind != "right"]
            verdicts.append(Verdict(question, answer, unread if number is None else question.kind(number, read, slips)))
        return Result(tuple(verdicts), self.circuit.notation)

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

        A sheet tells no answer. ValueError for another suffix, OSError where it cannot be written.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix not in (*SHEETS, ".svg"):
            kinds = f"{', '.join(SHEETS)} or .svg"
            raise ValueError(f"an exercise is saved as {kinds}, not as {target.suffix or 'a bare name'!r}")
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
        """Return what a script is to know: all that is left to it is whether an answer is `near` a number."""
        return {
            "tolerance": self.questions[0].tolerance,
            "nothing": NOTHING,
            "verdicts": VERDICTS,
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
    """Return an exercise: for every wire of f but the output itself, what is its gradient?

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
    steps: dict[Value, list[tuple[Step, int]]] = {}
    wires = {wire.node: wire for wire in teller.circuit.wires if not wire.node.is_constant}
    for step in teller.circuit.backward:
        for place, x in enumerate(step.inputs):
            if x in wires:
                steps.setdefault(x, []).append((step, place))
                if len(steps[x]) == len(wires[x].pins):
                    asked[x] = next(numbers)
                    yield _question(teller, wires[x], steps[x], asked)


def _question(teller: Teller, wire: Wire, pins: Sequence[tuple[Step, int]], asked: Mapping[Value, int]) -> Question:
    terms = tuple([_term(step, place, asked) for step, place in pins])
    notation = teller.circuit.notation
    tolerance = EXACT if notation.whole else LOOSE
    accepted = _accepted(notation, wire.gradient, terms)
    found = {kind: _mistaken(notation, m.numbers(terms), accepted, tolerance) for kind, m in MISTAKES.items()}
    mistakes = {kind: numbers for kind, numbers in found.items() if numbers}
    name, prompt = teller.names[wire.node], _prompt(teller, wire, pins, asked)
    return Question(asked[wire.node], wire, name, prompt, terms, accepted, mistakes, tolerance)


def _term(step: Step, place: int, asked: Mapping[Value, int]) -> Term:
    assert step.upstream is not None
    few = len(step.inputs) <= FEW
    others = tuple([local for i, local in enumerate(step.locals) if i != place]) if few else ()
    return Term(asked.get(step.node), step.upstream, step.locals[place], step.values[place], others)


def _accepted(notation: Notation, gradient: float, terms: Terms) -> tuple[float, ...]:
    """Return the gradient, as it is, as it is shown, and as it comes out of factors that were rounded as shown."""
    rounded = sum([notation.rounded(term.upstream) * notation.rounded(term.local) for term in terms])
    # factors may round to a number of another sign or size where the terms cancel: that is no answer
    honest = [rounded, notation.rounded(rounded)] if near(rounded, gradient, 0.05) else []
    return _distinct([gradient, notation.rounded(gradient), *honest])


def _mistaken(
    notation: Notation, numbers: Iterable[float], accepted: Iterable[float], tolerance: float
) -> tuple[float, ...]:
    """Return mistaken numbers, as they are and as they are shown, without what is as good as right."""
    found = [n for number in numbers if not math.isnan(number) for n in (number, notation.rounded(number))]
    right = [n for n in found if any(near(n, x, tolerance) or near(x, n, tolerance) for x in accepted)]
    return _distinct([n for n in found if n not in right])


def _distinct(numbers: Iterable[float]) -> tuple[float, ...]:
    """Return numbers without those that differ from an earlier one by rounding errors only."""
    kept: list[float] = []
    for number in numbers:
        if not any(near(number, other, EXACT) for other in kept):
            kept.append(number)
    return tuple(kept)


def _prompt(teller: Teller, wire: Wire, pins: Sequence[tuple[Step, int]], asked: Mapping[Value, int]) -> str:
    """Return what is asked: how each gate worked that this wire went to, and what is known of the way back."""
    said = teller.said(wire.node)
    fork = f"{said} goes to {len(pins)} inputs of gates, and what comes back adds up. " if len(pins) > 1 else ""
    parts = []
    for step, place in pins:
        slope = teller.slopes(step)[place]
        local = teller.number(step.locals[place]) if slope is None else slope.text
        output = teller.derivative(step.node)
        upstream = f"your answer {asked[step.node]}" if step.node in asked else "1, the seed"
        rule = derivative(teller.names[step.node], teller.names[wire.node])
        parts.append(
            f"{step.gate.name} gate, {made(teller, step)}: upstream {output} = {upstream}; local {rule} = {local}."
        )
    return f"{fork}{' '.join(dict.fromkeys(parts))} What is {teller.derivative(wire.node)}?"
