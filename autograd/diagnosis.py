"""Where a nan or an inf came from: the first gate that made one, forward or backward, and the line that built it.

    birth      a number that is not finite, made of numbers that all are: the gate to look at
    leaf       an input that was nan or inf when it was given
    turning    the gate where, in the backward pass, a gradient first is not finite
    refusal    a gate that has no value, or no slope, at its inputs: what the DomainError said

The way leads back from the output: from a nan to the nans it was made of, from an inf, or a nan made of infs, to the
infs; so an inf that a later gate makes harmless (a mask, 1/inf) is not blamed for another gate's nan. A gradient that
is not finite because a value is not is traced to that value.
"""

from __future__ import annotations

import linecache
import math
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePath
from types import FrameType
from typing import Any

from autograd import graph
from autograd.errors import DomainError
from autograd.gates import Gate
from autograd.graph import Step, described, inputs_of
from autograd.value import Value, always_recording, noting, refuse_if_traced, without_value

__all__ = ["Diagnosis", "Line", "Lines", "argument_names", "diagnose", "example_of", "source_lines"]

MOST_INPUTS = 4  # that a sentence lists before it only tells how many there are


# ------------------------------------------------------------------------------------------------------ lines of code


@dataclass(frozen=True, slots=True)
class Line:
    """A line of somebody's program."""

    file: str
    number: int

    @property
    def text(self) -> str:
        """The line itself, empty where its file cannot be read."""
        return linecache.getline(self.file, self.number).strip()

    def __str__(self) -> str:
        place = f"{PurePath(self.file).name}:{self.number}"
        return f"{place}: {self.text}" if self.text else place


class Lines:
    """Which line built each gate; it keeps these gates alive as long as it lives itself."""

    def __init__(self) -> None:
        self._lines: dict[Value, tuple[str, int]] = {}

    def of(self, node: Value) -> Line | None:
        """Return the line that built a gate; None where it was built elsewhere, or is an input."""
        return Line(*self._lines[node]) if node in self._lines else None

    def _note(self, node: Value) -> None:
        frame: FrameType | None = sys._getframe(1)
        while frame and _is_ours(frame):
            frame = frame.f_back
        if frame:
            self._lines[node] = (frame.f_code.co_filename, frame.f_lineno)


OURS = ("autograd", "nn", "viz")  # what a loss of nn builds was built where it was called


def _is_ours(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    return isinstance(name, str) and name.partition(".")[0] in OURS


@contextmanager
def source_lines() -> Iterator[Lines]:
    """Keep, in this block and thread, the line of code that builds each gate: `diagnose(f, lines=lines)` tells it.

    The line is the innermost one outside of these packages. Building gates takes some ten times as long here, and as
    long as ever outside of such blocks.

        >>> from autograd import diagnose
        >>> with source_lines() as lines:
        ...     f = Value(1000.0, "x").exp() * 0.0
        >>> print(diagnose(f, lines=lines))
        exp makes inf of finite numbers: x = 1000.0. From there it becomes nan at mul of inf, 0.0. Built at ...
    """
    lines = Lines()
    with noting(lines._note):
        yield lines


# --------------------------------------------------------------------------------------------------------- the record


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis:
    """Where a number first is not finite, or does not exist; prints as a few sentences.

    It holds the numbers of the moment; the Values it names may be changed later.
    """

    root: Value  # the output of the graph; where a gate has no value, what it would have made
    node: Value  # what the gate made, or the input that was not finite when it was given
    values: tuple[float, ...]  # the data of its inputs
    value: float  # its own data; nan where it has none
    told: str  # the sentences
    forward: bool = True  # False: all values are finite, a gradient is not
    becomes: Step | None = None  # the backward step where a gradient first is not finite, where the value is not felt
    place: int | None = None  # which input of that step gets that gradient, counted from 0
    refusal: str = ""  # what a gate said that has no value, or no slope
    harmless: bool = False  # the output and all gradients are finite all the same
    line: Line | None = None  # that built the gate, where lines were kept
    row: int | None = None  # of the arrays, counted from 0

    @property
    def gate(self) -> Gate | None:
        """The card of the gate, None for an input."""
        return self.node.gate

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The Values that the gate was given."""
        return inputs_of(self.node)

    @property
    def number(self) -> float:
        """The number that is not finite: a value, or a gradient; nan where there is none at all."""
        if self.forward or self.becomes is None or self.place is None:
            return self.value if self.forward else math.nan
        return _arriving(self.becomes, self.place)

    def __repr__(self) -> str:
        return f"<diagnosis: {self}>"

    def __str__(self) -> str:
        row = "" if self.row is None else f"In row {self.row}: "
        line = "" if self.line is None else f" Built at {self.line}"
        return f"{row}{self.told}{line}"


# ------------------------------------------------------------------------------------------------------- the diagnosis


def diagnose(f: Any, *arrays: Any, lines: Lines | None = None) -> Diagnosis | None:
    """Return where a nan or inf of f came from, the first gate that made one of finite numbers; None without any.

    f is a Value, whose graph is recomputed from its leaves; or the DomainError of a gate that was given Values; or a
    function of one example with the arrays to run it on, as `compile` takes them: rows are tried one by one, gate by
    gate, with the data that the parameters' Values have now, and lines are kept; gradients of the arrays are nobody's
    concern. What a compiled program runs on is diagnosed by its own method, `program.diagnose(X, y)`. No `.grad` is
    touched.

    Where an inf was made but the output and all gradients are finite, the diagnosis is marked `harmless`.

    Raises TypeError for what is none of these, ValueError for arrays of no row or of different lengths, and for an
    error that names no Values.

        >>> x = Value(1000.0, "x")
        >>> print(diagnose(x.exp() - x.exp()))
        exp makes inf of finite numbers: x = 1000.0. From there it becomes nan at sub of inf, inf.
    """
    if isinstance(f, (Value, DomainError)) == bool(arrays) or not (callable(f) or isinstance(f, (Value, DomainError))):
        what = f"{type(f).__name__} with {len(arrays)} arrays"
        raise TypeError(f"a diagnosis is of a Value, of a DomainError, or of a function and its arrays, not of {what}")
    if isinstance(f, Value):
        refuse_if_traced("a graph is diagnosed", f)
        return _of_graph(f, lines)
    return _of_error(f, lines) if isinstance(f, DomainError) else _of_rows(f, arrays)


def _of_graph(root: Value, lines: Lines | None, entries: Collection[Value] = ()) -> Diagnosis | None:
    nodes = graph.order(root)
    try:
        graph.forward(nodes)
    except DomainError as error:
        return _of_error(error, lines, nodes)
    if not math.isfinite(root._data):
        return _told(root, _origin([root], nodes), nodes, lines)
    found = _turning(root, nodes, lines, entries)
    if found is not None:
        return found
    born = next((node for node in nodes if node.gate is not None and _is_birth(node)), None)
    return None if born is None else _told(root, born, nodes, lines, harmless=True)


def _is_birth(node: Value) -> bool:
    return not math.isfinite(node._data) and all(map(math.isfinite, map(graph.data_of, inputs_of(node))))


def _origin(ends: Iterable[Value], nodes: Sequence[Value]) -> Value:
    """Return the first node of a walk that numbers which are not finite come from."""
    stack = [node for node in ends if not math.isfinite(node._data)]
    seen, births = set(stack), set()
    while stack:
        node = stack.pop()
        bad = [x for x in inputs_of(node) if not math.isfinite(x._data)]
        nans = [x for x in bad if math.isnan(x._data)]
        if not bad:
            births.add(node)
        for x in nans or bad:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return next(node for node in nodes if node in births)


def _turning(
    root: Value, nodes: Sequence[Value], lines: Lines | None, entries: Collection[Value] = ()
) -> Diagnosis | None:
    """Return the diagnosis of the first gradient that is not finite, or does not exist, but for those of entries."""
    try:
        for node, slopes, gradients in graph.pull(nodes):
            step = graph.backward_step(node, slopes, gradients)
            # nobody reads the gradient of a constant, or of an entry of the data
            asked_for = [i for i, x in enumerate(step.inputs) if not x.is_constant and x not in entries]
            places = [i for i in asked_for if not math.isfinite(_arriving(step, i))]
            if places:
                return _turned(root, step, places[0], nodes, lines)
    except DomainError as error:
        # the walk backward, so the first of its gate and inputs is the one that refused
        node = next(x for x in reversed(nodes) if x.gate is error.gate and inputs_of(x) == error.inputs)
        return _refused(root, node, error, lines)
    return None


def _turned(root: Value, step: Step, place: int, nodes: Sequence[Value], lines: Lines | None) -> Diagnosis:
    if not all(map(math.isfinite, (step.value, *step.values))):
        born = _origin([step.node, *step.inputs], nodes)
        return _told(root, born, nodes, lines, becomes=step, place=place)
    told = f"All values are finite, but {_gradient(step, place)}, in the backward pass through {_spelled(step.node)}"
    told = f"{told} ({_operands(step.inputs)})."
    line = lines.of(step.node) if lines else None
    return Diagnosis(root, step.node, step.values, step.value, told, False, step, place, line=line)


def _arriving(step: Step, place: int) -> float:
    """Return the gradient that a step hands to an input or, where that is finite, what the input has then."""
    downstream = step.downstream[place]
    return step.after[place] if math.isfinite(downstream) else downstream


def _gradient(step: Step, place: int) -> str:
    downstream = step.downstream[place]
    made = f"upstream {step.upstream!r} × local {step.locals[place]!r} = {downstream!r}"
    if math.isfinite(downstream):
        made = f"{step.before[place]!r} + {downstream!r} = {step.after[place]!r}"
    return f"the gradient of {described(step.inputs[place])} becomes {made}"


def _told(
    root: Value,
    node: Value,
    nodes: Sequence[Value],
    lines: Lines | None,
    becomes: Step | None = None,
    place: int | None = None,
    refusal: str = "",
    harmless: bool = False,
) -> Diagnosis:
    """Return the diagnosis of a value that is not finite, with what comes of it."""
    told = _birth(node)
    spoilt = _first_nan(root, node, nodes)
    if becomes is not None and place is not None:
        told += f" Going back through {_spelled(becomes.node)}, {_gradient(becomes, place)}."
    elif refusal:
        told += f" So {refusal}."
    elif harmless:
        told += " It does no harm here: the output and all gradients are finite."
    elif spoilt is not None:
        told += f" From there it becomes nan at {_named(spoilt)}."
    values, line = tuple([x._data for x in inputs_of(node)]), lines.of(node) if lines else None
    return Diagnosis(root, node, values, node._data, told, True, becomes, place, refusal, harmless, line)


def _birth(node: Value) -> str:
    if node.gate is None:
        return f"{'A' if node.is_constant else 'The'} {_leaf(node)} is {node._data!r}: no gate made it so."
    return f"{_spelled(node)} makes {node._data!r} of finite numbers: {_operands(inputs_of(node))}."


def _leaf(node: Value) -> str:
    return "constant" if node.is_constant else f"input {node.label!r}" if node.label else "input without a label"


def _first_nan(root: Value, source: Value, nodes: Sequence[Value]) -> Value | None:
    """Return where an inf that spoils the output first becomes nan; None where it does not."""
    if math.isnan(source._data) or not math.isnan(root._data):
        return None
    return next((node for node in graph.downstream(nodes, [source]) if math.isnan(node._data)), None)


def _refused(root: Value, node: Value, error: DomainError, lines: Lines | None) -> Diagnosis:
    """Return the diagnosis of a gate that has no value, or a value and no slope."""
    values = tuple([x._data for x in inputs_of(node)])
    forward = math.isnan(node._data)
    line = lines.of(node) if lines else _raised_at(error) if forward else None
    return Diagnosis(root, node, values, node._data, f"{error}.", forward, refusal=str(error), line=line)


def _spelled(node: Value) -> str:
    assert node.gate is not None
    return f"{node.gate.name} {node.label!r}" if node.label else node.gate.name


def _named(node: Value) -> str:
    return _spelled(node) if node.label else described(node)


def _operands(inputs: Sequence[Value]) -> str:
    if len(inputs) <= MOST_INPUTS:
        return graph.operands_told(inputs)
    largest = max(inputs, key=lambda x: abs(x._data))
    return f"{len(inputs):,} inputs, the largest {largest._data!r} ({described(largest)})"


# --------------------------------------------------------------------------------------------- errors, and rows of data


def _of_error(error: DomainError, lines: Lines | None, walk: Sequence[Value] = ()) -> Diagnosis | None:
    """Return the diagnosis of a gate that refused its inputs, None where it would take them as they are now."""
    if error.gate is None:
        raise ValueError(
            "this error names no Values: give the function and its arrays, diagnose(fn, X, y), "
            "or ask the program that raised it, program.diagnose(X, y)"
        )
    built = next((x for x in walk if x.gate is error.gate and inputs_of(x) == error.inputs), None)
    node = without_value(error.gate, error.inputs)
    node.label = built.label if built else ""
    nodes = graph.order(node)
    graph.forward(nodes[:-1])
    numbers = [x._data for x in node.inputs]
    if not error.gate.domain.lacks_value(*numbers):
        graph.forward(nodes)
        return _turning(node, nodes, lines)
    if not all(map(math.isfinite, numbers)):
        return _told(node, _origin(node.inputs, nodes), nodes, lines, refusal=str(error))
    found = _refused(node, node, error, None)
    return replace(found, line=lines.of(built)) if lines and built else found


def _raised_at(error: DomainError) -> Line | None:
    """Return the innermost line outside of these packages that an error came through."""
    found, trace = None, error.__traceback__
    while trace:
        if not _is_ours(trace.tb_frame):
            found = Line(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _of_rows(function: Callable[..., Any], arrays: Sequence[Any]) -> Diagnosis | None:
    """Return the diagnosis of the first row that has one; a harmless one only where no other row has worse."""
    for array in arrays:
        if not hasattr(array, "__iter__") or getattr(array, "shape", None) == ():
            raise TypeError(f"a function is diagnosed on arrays or lists of rows, got {type(array).__name__}")
    columns = [array.tolist() if hasattr(array, "tolist") else list(array) for array in arrays]
    counts = [len(column) for column in columns]
    if len(set(counts)) != 1 or not counts[0]:
        raise ValueError(f"arrays to diagnose have the same number of rows, at least one; these have {counts}")
    harmless = None
    for row, entries in enumerate(zip(*columns)):
        found = _of_row(function, entries)
        if found is not None and not found.harmless:
            return replace(found, row=row)
        harmless = harmless or (found and replace(found, row=row))
    return harmless


def _of_row(function: Callable[..., Any], entries: Sequence[Any]) -> Diagnosis | None:
    names = argument_names([isinstance(entry, (list, tuple)) for entry in entries])
    example = [example_of(entry, name) for entry, name in zip(entries, names)]
    values = {x for given in example for x in (given if isinstance(given, list) else [given])}
    with source_lines() as lines, always_recording():
        try:
            root = function(*example)
        except DomainError as error:
            return _of_error(error, lines)
    if not isinstance(root, Value):
        raise TypeError(f"the function to diagnose returns one Value, got {type(root).__name__}")
    return _of_graph(root, lines, values)


def argument_names(wide: Sequence[bool]) -> list[str]:
    """Return what arrays are called: X one whose rows are lists, y one of single numbers; from the second on X2, y2."""
    letters = ["X" if each else "y" for each in wide]
    counts = [letters[: i + 1].count(letter) for i, letter in enumerate(letters)]
    return [letter if count == 1 else f"{letter}{count}" for letter, count in zip(letters, counts)]


def example_of(entry: Any, name: str) -> Any:
    """Return one row of an array as Values: a list of them for a list, one for a number."""
    if isinstance(entry, (list, tuple)):
        return [Value(x, f"{name}[{column}]") for column, x in enumerate(entry)]
    return Value(entry, name)
