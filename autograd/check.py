"""The gradient check: what the rules say against what the values say, per edge and end to end.

    analytic   the slope that the rules give: a gate's own partials, or the chain rule from an input to the output
    numeric    the slope that values give, told by differences
    edge       one input of one gate              leaf   an input of the whole graph, compared end to end
    kink       where the slopes from the left and from the right differ, or one does not exist: no central difference
               is a judge there, so an analytic slope agrees if it is one of the two, or between them

Where kinks meet, every edge may agree and the chain rule still miss all the slopes there are: that of
relu(x) − relu(−x) at 0 is 1, backpropagation (torch's too) finds 0, and the check says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from autograd import graph
from autograd.differences import EPSILON, SMALLEST, slopes_at
from autograd.errors import GradientError
from autograd.functional import record
from autograd.gates import SHARES, Gate
from autograd.value import Constant, Value, as_float, refuse_if_traced

__all__ = ["Edge", "Report", "check_gradients"]

inf, nan = math.inf, math.nan
Scalar = Callable[[float], float]  # what is made of one moved input; nan where there is no value
LISTED = 40  # edges, and leaves, that a printed report shows although they agree


# -------------------------------------------------------------------------------------------------------- the records


@dataclass(frozen=True, slots=True)
class Edge:
    """One comparison: a gate's slope at one of its inputs, or, end to end, the output's slope at an input of all."""

    node: Value  # the Value the gate made; end to end, the output
    gate: Gate | None  # None end to end, as place
    place: int | None  # which of the gate's inputs, counted from 0: x·x has two edges
    input: Value
    analytic: float
    numeric: float  # at a kink, the number nearest to `analytic` that the slopes of both sides allow
    error: float  # the bound of the numeric estimate's own error
    agrees: bool
    kink: bool = False
    sides: tuple[float, ...] = ()  # at a kink: the slopes that exist, the one from the left first

    @property
    def difference(self) -> float:
        """|analytic − numeric|, nan where there is no estimate."""
        return abs(self.analytic - self.numeric)

    @property
    def relative(self) -> float:
        """The difference relative to the larger of the two; inf where there is none."""
        if self.difference == 0:
            return 0.0
        if math.isnan(self.difference):  # before the division: what it is relative to may be 0
            return inf
        ratio = self.difference / max(abs(self.analytic), abs(self.numeric))
        return inf if math.isnan(ratio) else ratio

    @property
    def verdict(self) -> str:
        """The outcome in a word; beside a kink with the slopes there, and where rounding hides all with its size."""
        if math.isnan(self.numeric):
            return "no estimate"
        word = "agrees" if self.agrees else "DISAGREES"
        if self.kink:
            return f"{word} (kink: {' and '.join([f'{side:.6g}' for side in self.sides])})"
        hidden = self.error > max(abs(self.analytic), abs(self.numeric)) > 0
        return f"{word} (within rounding, ± {self.error:.0e})" if hidden and self.agrees else word


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What a gradient check found; true if every slope agrees, and prints as a table."""

    f: Value
    edges: tuple[Edge, ...]
    leaves: tuple[Edge, ...]  # end to end, one per input
    tolerance: float

    def __bool__(self) -> bool:
        return all(edge.agrees for edge in self._all)

    @property
    def worst(self) -> Edge | None:
        """The largest relative difference, None without any comparison; an edge that disagrees goes first.

        A wrong rule spoils what is told end to end as well, so the edge is where to look.
        """
        key = [(not each.agrees, not each.agrees and each.gate is not None, each.relative) for each in self._all]
        return self._all[max(range(len(key)), key=key.__getitem__)] if key else None

    @property
    def _all(self) -> tuple[Edge, ...]:
        return self.edges + self.leaves

    def __repr__(self) -> str:
        return f"<gradient check: {self.summary()}>"

    def __str__(self) -> str:
        names = graph.names(graph.order(self.f))
        edges, leaves = _listed(self.edges), _listed(self.leaves)
        rows: list[tuple[str, ...]] = [("gate", "wire", "analytic", "numeric", "difference", "verdict")]
        header, *lines = _aligned(rows + [_row(each, names) for each in edges + leaves])
        told = [header, *lines[: len(edges)], *_more(self.edges, edges)]
        if leaves:
            told += ["end to end", *lines[len(edges) :], *_more(self.leaves, leaves)]
        return "\n".join([*told, self.summary()])

    def summary(self) -> str:
        """Return the outcome in one line."""
        counts = [("edge", self.edges), ("input", self.leaves)]
        if self:
            told = [_counted(word, len(found)) for word, found in counts]
            return f"{' and '.join(told)} agree to {self.tolerance:g}"
        wrong = [(word, sum([not each.agrees for each in found]), len(found)) for word, found in counts]
        told = [f"{k} of {_counted(word, n)}" for word, k, n in wrong if k]
        verb = "disagrees" if sum([k for _, k, _ in wrong]) == 1 else "disagree"
        assert self.worst is not None
        return f"{' and '.join(told)} {verb}: {_told(self.worst, graph.names(graph.order(self.f)))}"


def _listed(found: Sequence[Edge]) -> list[Edge]:
    return [each for i, each in enumerate(found) if i < LISTED or not each.agrees]


def _more(found: Sequence[Edge], listed: Sequence[Edge]) -> list[str]:
    return [f"… and {len(found) - len(listed)} more, which agree"] if len(listed) < len(found) else []


def _counted(word: str, n: int) -> str:
    return f"{n} {word}" + "s" * (n != 1)


def _wire(edge: Edge, names: Mapping[Value, str]) -> str:
    """Return where a slope belongs, as one line whatever the labels hold: x → a."""
    ends = [graph.one_line(names.get(node, node.label or "x")) for node in (edge.input, edge.node)]
    return " → ".join([end if len(end) <= 40 else end[:39] + "…" for end in ends])


def _row(edge: Edge, names: Mapping[Value, str]) -> tuple[str, ...]:
    gate = edge.gate.name if edge.gate else ""
    numbers = (f"{edge.analytic:.9g}", f"{edge.numeric:.9g}", f"{edge.difference:.2g}")
    return gate, _wire(edge, names), *numbers, edge.verdict


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows of text with columns of one width: numbers, the third to fifth column, to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligns = ("<", "<", ">", ">", ">", "<")
    return [
        "  ".join([f"{cell:{align}{width}}" for cell, align, width in zip(row, aligns, widths)]).rstrip()
        for row in rows
    ]


def _told(edge: Edge, names: Mapping[Value, str]) -> str:
    """Tell a disagreement in words: gate, wire, numbers."""
    where = f"{edge.gate.name if edge.gate else 'end to end'}, {_wire(edge, names)}"
    if math.isnan(edge.numeric):
        return f"{where}: analytic {edge.analytic!r}, and values near it give no numeric estimate"
    sides = f" (a kink, with slopes {' and '.join(map(repr, edge.sides))})" if edge.kink else ""
    return f"{where}: analytic {edge.analytic!r}, numeric {edge.numeric!r} ± {edge.error:.1e}{sides}"


# ---------------------------------------------------------------------------------------------------------- the check


def check_gradients(
    f: Value | Callable[..., Any], xs: Sequence[float] | None = None, *, tolerance: float = 1e-6, raises: bool = False
) -> Report:
    """Compare every slope of f with central differences: each gate's at each input, and f's at each leaf.

    f is a Value, or a function of scalars that is taken at the numbers xs, and asked again there for each moved input,
    so that a dependence which no graph shows is noticed. A slope agrees where |analytic − numeric| is at most
    tolerance·max(|analytic|, |numeric|) plus the numeric estimate's own error bound. No `.grad` is touched; a graph
    whose leaves were changed is recomputed first.

    Raises DomainError where a value or slope of f does not exist, GradientError where `raises` is set and a slope
    disagrees, TypeError or ValueError for arguments that are none.

        >>> x, y = Value(1.0, "x"), Value(4.0, "y")
        >>> print(check_gradients(x * y))
        gate  wire   analytic  numeric  difference  verdict
        mul   x → f         4        4           0  agrees
        mul   y → f         1        1           0  agrees
        end to end
              x → f         4        4           0  agrees
              y → f         1        1           0  agrees
        2 edges and 2 inputs agree to 1e-06
    """
    if isinstance(tolerance, bool) or not isinstance(tolerance, Real):
        raise TypeError(f"tolerance is a number, got {type(tolerance).__name__}")
    if not 0 < tolerance < inf:
        raise ValueError(f"tolerance is a positive finite number, got {tolerance}")
    root, moved = _given(f, xs)
    refuse_if_traced("gradients are checked", root)
    nodes = graph.order(root)
    graph.forward(nodes)
    steps = list(graph.pull(nodes))
    report = Report(root, tuple(_edges(steps, tolerance)), tuple(_leaves(nodes, steps, moved, tolerance)), tolerance)
    if raises and not report:
        raise GradientError(report.summary())
    return report


def _given(f: Any, xs: Any) -> tuple[Value, dict[Value, Scalar]]:
    """Return the graph to check, and for each argument of a function f what f makes of it when it is moved."""
    if isinstance(f, Value):
        if xs is not None:
            raise TypeError("xs is for a function; a Value has its numbers in its leaves")
        return f, {}
    if not callable(f):
        raise TypeError(f"check_gradients takes a Value or a function of xs, got {type(f).__name__}")
    if xs is None or not hasattr(xs, "__iter__"):
        got = "" if xs is None else f", got {type(xs).__name__}"
        raise TypeError(f"check_gradients needs xs, where to take the function, as in (1.0, 2.0){got}")
    numbers = [as_float(x) for x in xs]
    recording = record(f, numbers)
    for twin, name in zip(recording.twins, _argument_names(f, len(numbers))):
        twin.label = name
    root = recording.result if isinstance(recording.result, Value) else Constant(recording.result)
    return root, {twin: _call_moved(f, numbers, i) for i, twin in enumerate(recording.twins)}


def _argument_names(f: Callable[..., Any], n: int) -> Sequence[str]:
    """Return what a function calls its n arguments, or else x1 … xn."""
    code = getattr(f, "__code__", None)
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount] if code else ()
    return names if len(names) == n else [f"x{i}" for i in range(1, n + 1)]


def _call_moved(f: Callable[..., Any], numbers: Sequence[float], i: int) -> Scalar:
    def moved(x: float) -> float:
        return float(f(*[Value(x if j == i else number) for j, number in enumerate(numbers)]))

    return _total(moved)


def _total(f: Callable[..., float]) -> Callable[..., float]:
    """Return f with nan for the value it does not have: a DomainError, or what `math` raises in a user's gate."""

    def total(*xs: float) -> float:
        try:
            return f(*xs)
        except (ValueError, ArithmeticError):
            return nan

    return total


def _evaluated(gate: Gate) -> Callable[..., float]:
    """Return a gate's value as a function that is nan outside the gate's domain."""
    return _total(lambda *xs: nan if gate.domain.lacks_value(*xs) else gate.forward(*xs))


Steps = Sequence[tuple[Value, tuple[float, ...], dict[Value, float]]]


def _edges(steps: Steps, tolerance: float) -> Iterator[Edge]:
    """Yield a comparison per gate and input, in the order of the forward pass."""
    for node, slopes, _ in reversed(steps):
        assert node.gate is not None
        value, inputs = _evaluated(node.gate), graph.inputs_of(node)
        numbers, noise = [x._data for x in inputs], _noise(node, slopes)
        for i, (x, slope) in enumerate(zip(inputs, slopes, strict=True)):

            def moved(number: float, i: int = i, numbers: list[float] = numbers, value: Any = value) -> float:
                return value(*numbers[:i], number, *numbers[i + 1 :])  # type: ignore[no-any-return]

            yield _judged((node, node.gate, i, x), slope, moved, noise, tolerance)


def _leaves(nodes: Sequence[Value], steps: Steps, moved: Mapping[Value, Scalar], tolerance: float) -> Iterator[Edge]:
    """Yield a comparison per leaf that is no constant, a function's arguments first."""
    root = nodes[-1]
    gradients = steps[-1][2] if steps else {root: 1.0}
    noises = {node: abs(gradients[node]) * _noise(node, slopes) for node, slopes, _ in steps}
    leaves = [node for node in nodes if node.gate is None and not node.is_constant]
    for leaf in dict.fromkeys((*moved, *leaves)):
        below = graph.downstream(nodes, [leaf])
        f = moved.get(leaf) or _graph_moved(below, leaf, root)
        noise = sum([noises[node] for node in below if noises[node] < inf])
        yield _judged((root, None, None, leaf), gradients.get(leaf, 0.0), f, noise, tolerance)


def _graph_moved(below: Sequence[Value], leaf: Value, root: Value) -> Scalar:
    """Return the value of root as a function of one leaf, computed beside the graph and not in it."""
    gates = [(node, _evaluated(node.gate), graph.inputs_of(node)) for node in below if node.gate]

    def moved(x: float) -> float:
        numbers = {leaf: x}
        for node, value, inputs in gates:
            numbers[node] = value(*[numbers.get(y, y._data) for y in inputs])
        return numbers.get(root, root._data)

    return moved


def _noise(node: Value, slopes: Sequence[float]) -> float:
    """Return how far rounding moves a gate's value: what one rounding of the output and of every input does to it."""
    assert node.gate is not None
    unit = 1.0 if node.gate.flow == SHARES else 0.0  # shares are parts of 1, and rounded as it is
    inputs = [max(abs(x._data), unit) * abs(slope) for x, slope in zip(graph.inputs_of(node), slopes)]
    return EPSILON * sum([size for size in (abs(node._data), *inputs) if size < inf]) + SMALLEST


def _judged(
    where: tuple[Value, Gate | None, int | None, Value], analytic: float, f: Scalar, noise: float, tolerance: float
) -> Edge:
    """Compare an analytic slope with the numeric ones of f at the moved input."""
    found = slopes_at(f, where[-1]._data, noise, tolerance)
    smooth = found.smooth(tolerance)
    allowed = [found.central] if smooth else [side for side in (found.left, found.right) if side.error < inf]
    if not allowed:
        return Edge(*where, analytic, nan, inf, False)
    sides = tuple([estimate.slope for estimate in allowed])
    numeric = max(min(sides), min(max(sides), analytic))
    error = max([estimate.error for estimate in allowed])
    slack = tolerance * max(abs(analytic), abs(numeric)) + error
    agrees = abs(analytic) < inf and abs(analytic - numeric) <= slack
    return Edge(*where, analytic, numeric, error, agrees, not smooth, () if smooth else sides)
