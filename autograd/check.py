"""The gradient check: what the rules say against what the values say, per edge and end to end.

    analytic   the slope that the rules give: a gate's own partials, or the chain rule from an input to the output
    numeric    the slope that values give: (f(x+h) − f(x−h)) / 2h, told for many steps h and extrapolated to h = 0
    h          how far an input is moved; a scale is a sequence of shrinking steps, a row the estimates from one step
    spread     by how much the nearest estimates differ           noise   how far rounding moves a value of f
    kink       where the slope from the left and the one from the right differ, or one does not exist; no central
               difference is a judge there, so an analytic slope agrees if it is one of the two, or between them

Sources: L. F. Richardson, 1911, for the extrapolation; C. J. F. Ridders, "Accurate computation of F'(x) and
F'(x)F''(x)", Advances in Engineering Software 4 (1982), for the choice of h: try many, keep the smallest error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

from autograd import graph
from autograd.errors import GradientError
from autograd.functional import record
from autograd.gates import Gate
from autograd.value import Constant, Value, as_float

__all__ = ["Edge", "Report", "check_gradients"]

inf, nan = math.inf, math.nan
Scalar = Callable[[float], float]  # a function of one moved input; nan where it has no value

EPSILON = 2.0**-52  # how far apart floats are, relative to their size
SMALLEST = 5e-324
SHRINK = 1.6  # from one step to the next; a whole number would be blind to a function of that period
ROWS = 6
SCALES = tuple([0.06 * 0.01**k for k in range(7)])  # the first step of each scale, relative to the input
LISTED = 40  # edges that a printed report shows although they agree


# -------------------------------------------------------------------------------------------------- one numeric slope


class Noise(NamedTuple):
    """How far rounding moves a value of a function, and how far, at any step, its slope."""

    value: float
    slope: float


class Estimate(NamedTuple):
    """A numeric slope, and a bound of its error."""

    slope: float
    error: float


NONE = Estimate(nan, inf)


class Slopes(NamedTuple):
    """The slopes of a function at one point: from the left, central, and from the right; NONE where there is none."""

    left: Estimate
    central: Estimate
    right: Estimate

    @property
    def flat(self) -> bool:
        """Tell whether the function does not move at all, and so will not for smaller steps."""
        return self.left.slope == self.central.slope == self.right.slope == 0

    def smooth(self, tolerance: float) -> bool:
        """Tell whether left, central and right are one slope, as far as can be told."""
        slopes = [estimate.slope for estimate in self]
        slack = tolerance * max(map(abs, slopes)) + sum([estimate.error for estimate in self])
        return max(slopes) - min(slopes) <= slack < inf

    def kink(self, tolerance: float) -> float:
        """Return by how much the slopes from left and right differ; inf where they do not, or one is not there."""
        gap = abs(self.right.slope - self.left.slope)
        return inf if math.isnan(gap) or self.smooth(tolerance) else gap

    def sharp(self, tolerance: float, kink: float) -> bool:
        """Tell whether the slopes are one, and too sharp to be but a blur of the kink that larger steps saw."""
        size = max(abs(self.left.slope), abs(self.right.slope))
        return self.smooth(tolerance) and self.left.error + self.right.error <= 0.1 * min(size, kink)

    def contradicts(self, other: Slopes) -> bool:
        """Tell whether the central slopes cannot both be true; of such two, the one from smaller steps knows better."""
        error = self.central.error + other.central.error
        return error < inf and abs(self.central.slope - other.central.slope) > error

    def merged(self, other: Slopes) -> Slopes:
        """Return the better estimate of each kind."""
        return Slopes(*[min(pair, key=_error) for pair in zip(self, other)])

    def blurred(self, error: float) -> Slopes:
        """Return the estimates with larger bounds."""
        return Slopes(*[Estimate(estimate.slope, estimate.error + error) for estimate in self])


def _error(estimate: Estimate) -> float:
    return estimate.error


def slopes_at(f: Scalar, x: float, noise: Noise, tolerance: float) -> Slopes:
    """Return the numeric slopes of f at x, from large steps to small ones: near a pole or a kink only those see x.

    The answer is the sharpest scale on which all slopes are one, else the best estimate of each.
    """
    best, chosen, steepest, centre = Slopes(NONE, NONE, NONE), None, 0.0, f(x)
    for h in _first_steps(x):
        rows = [_quotients(f, x, centre, h / SHRINK**k, noise) for k in range(ROWS)]
        steepest = steepest or max([abs(slope) for slope, _ in rows[0] if abs(slope) < inf], default=0.0)
        found = Slopes(*[_extrapolated(side, order, steepest) for side, order in zip(zip(*rows), (1, 2, 1))])
        sharp = found.sharp(tolerance, best.kink(tolerance))
        if (found.flat and found.contradicts(best)) or (sharp and _betters(found, chosen)):
            chosen = found
        if found.flat or (sharp and found.central.error <= 0.01 * tolerance * abs(found.central.slope)):
            break
        best = best.merged(found)
    return chosen or best.merged(found).blurred(EPSILON * steepest)


def _betters(found: Slopes, chosen: Slopes | None) -> bool:
    return chosen is None or found.central.error < chosen.central.error or found.contradicts(chosen)


def _first_steps(x: float) -> list[float]:
    """Return the first step of every scale: relative to 1 or a larger x, and then to an x near 0."""
    near = [abs(x) or 1e-250] if abs(x) < 1e-3 else []
    return [size * scale for size in [max(1.0, abs(x)), *near] for scale in SCALES]


def _quotients(f: Scalar, x: float, centre: float, h: float, noise: Noise) -> list[Estimate]:
    """Return the slopes from the left, central and from the right for one step, and what rounding does to them."""
    low, high = x - h, x + h
    below, above = f(low), f(high)

    def quotient(rise: float, run: float, size: float) -> Estimate:
        if not run > 0:
            return NONE
        return Estimate(rise / run, 4.0 * ((noise.value + EPSILON * size) / run + noise.slope))

    return [
        quotient(centre - below, x - low, abs(below)),
        quotient(above - below, high - low, max(abs(below), abs(above))),
        quotient(above - centre, high - x, abs(above)),
    ]


def _extrapolated(rows: Sequence[Estimate], order: int, steepest: float) -> Estimate:
    """Return the best estimate at h = 0 from slopes at shrinking h whose error is a series in h^order.

    Where the spread is neither small nor the work of rounding, there is no slope: at a jump it grows as h shrinks.
    """
    best, above = NONE, list[float]()
    for slope, rounding in rows:
        row = [slope]
        for j, coarser in enumerate(above, start=1):
            row.append(row[-1] + (row[-1] - coarser) / (SHRINK ** (order * j) - 1.0))
            spread = max(abs(row[-1] - row[-2]), abs(row[-1] - coarser))
            if spread <= 1e-5 * (abs(row[-1]) + steepest) + 4.0 * rounding:
                best = min(best, Estimate(row[-1], 2.0 * spread + rounding), key=_error)
        above = row
    return best


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
        ratio = self.difference / max(abs(self.analytic), abs(self.numeric))
        return inf if math.isnan(ratio) else ratio

    @property
    def verdict(self) -> str:
        """One word for the comparison, and at a kink what it was made with."""
        if math.isnan(self.numeric):
            return "no estimate"
        kink = f" (kink: {' and '.join([f'{side:.6g}' for side in self.sides])})" if self.kink else ""
        return ("agrees" if self.agrees else "DISAGREES") + kink


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
        edges = [edge for i, edge in enumerate(self.edges) if i < LISTED or not edge.agrees]
        rows: list[tuple[str, ...]] = [("gate", "wire", "analytic", "numeric", "difference", "verdict")]
        rows += [_row(edge, names) for edge in edges] + [_row(leaf, names) for leaf in self.leaves]
        lines = _aligned(rows)
        if len(edges) < len(self.edges):
            lines.insert(1 + len(edges), f"… and {len(self.edges) - len(edges)} more edges, which agree")
        if self.leaves:
            lines.insert(len(lines) - len(self.leaves), "end to end")
        return "\n".join([*lines, self.summary()])

    def summary(self) -> str:
        """Return the outcome in one line."""
        counts = [("edge", self.edges), ("input", self.leaves)]
        if self:
            return " and ".join([_counted(word, len(found)) for word, found in counts]) + " agree" + self._bound()
        wrong = [(word, sum([not each.agrees for each in found]), len(found)) for word, found in counts]
        told = [f"{k} of {_counted(word, n)}" for word, k, n in wrong if k]
        verb = "disagrees" if sum([k for _, k, _ in wrong]) == 1 else "disagree"
        assert self.worst is not None
        return f"{' and '.join(told)} {verb}{self._bound()}: {_told(self.worst, graph.names(graph.order(self.f)))}"

    def _bound(self) -> str:
        return f" to {self.tolerance:g}"


def _counted(word: str, n: int) -> str:
    return f"{n} {word}" + "s" * (n != 1)


def _wire(edge: Edge, names: Mapping[Value, str]) -> str:
    """Return where a slope belongs, as one line whatever the labels hold: x → a."""
    ends = [" ".join(names.get(node, node.label or "x").split()) for node in (edge.input, edge.node)]
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

        >>> x, y = Value(-2.0, "x"), Value(5.0, "y")
        >>> print(check_gradients(x * y, tolerance=1e-8))
        gate  wire   analytic  numeric  difference  verdict
        mul   x → f         5        5           0  agrees
        mul   y → f        -2       -2           0  agrees
        end to end
              x → f         5        5           0  agrees
              y → f        -2       -2           0  agrees
        2 edges and 2 inputs agree to 1e-08
    """
    if not isinstance(tolerance, Real):
        raise TypeError(f"tolerance is a number, got {type(tolerance).__name__}")
    if not 0 < tolerance < inf:
        raise ValueError(f"tolerance is a positive finite number, got {tolerance}")
    root, moved = _given(f, xs)
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
    code = getattr(f, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code else ()
    if len(names) != len(numbers):
        names = [f"x{i}" for i in range(1, len(numbers) + 1)]
    for twin, name in zip(recording.twins, names):
        twin.label = name
    root = recording.result if isinstance(recording.result, Value) else Constant(recording.result)
    return root, {twin: _call_moved(f, numbers, i) for i, twin in enumerate(recording.twins)}


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
        numbers = [x._data for x in inputs]
        for i, (x, slope) in enumerate(zip(inputs, slopes, strict=True)):

            def moved(number: float, i: int = i, numbers: list[float] = numbers, value: Any = value) -> float:
                return value(*numbers[:i], number, *numbers[i + 1 :])  # type: ignore[no-any-return]

            yield _judged((node, node.gate, i, x), slope, moved, _noise(node, slopes), tolerance)


def _leaves(nodes: Sequence[Value], steps: Steps, moved: Mapping[Value, Scalar], tolerance: float) -> Iterator[Edge]:
    """Yield a comparison per leaf that is no constant, a function's arguments first."""
    root = nodes[-1]
    gradients = steps[-1][2] if steps else {root: 1.0}
    noises = {node: [gradients[node] * noise for noise in _noise(node, slopes)] for node, slopes, _ in steps}
    leaves = [node for node in nodes if node.gate is None and not node.is_constant]
    for leaf in dict.fromkeys((*moved, *leaves)):
        below = _downstream(nodes, leaf)
        f = moved.get(leaf) or _graph_moved(below, leaf, root)
        noise = Noise(*[_size([noises[node][i] for node in below]) for i in (0, 1)])
        yield _judged((root, None, None, leaf), gradients.get(leaf, 0.0), f, noise, tolerance)


def _downstream(nodes: Sequence[Value], leaf: Value) -> list[Value]:
    """Return the gates of a walk that depend on a leaf."""
    reached = {leaf: None}
    for node in nodes:
        if any(x in reached for x in graph.inputs_of(node)):
            reached[node] = None
    return list(reached)[1:]


def _graph_moved(below: Sequence[Value], leaf: Value, root: Value) -> Scalar:
    """Return the value of root as a function of one leaf, computed beside the graph and not in it."""
    gates = [(node, _evaluated(node.gate), graph.inputs_of(node)) for node in below if node.gate]

    def moved(x: float) -> float:
        numbers = {leaf: x}
        for node, value, inputs in gates:
            numbers[node] = value(*[numbers.get(y, y._data) for y in inputs])
        return numbers.get(root, root._data)

    return moved


def _noise(node: Value, slopes: Sequence[float]) -> Noise:
    """Return what one rounding of a gate's output and of each input does to its value, and to its slopes."""
    terms = [node._data, *[x._data * slope for x, slope in zip(graph.inputs_of(node), slopes)]]
    return Noise(EPSILON * _size(terms) + 5e-324, EPSILON * _size(slopes))  # 5e-324: the smallest number there is


def _size(terms: Sequence[float]) -> float:
    return sum([abs(term) for term in terms if abs(term) < inf])


def _judged(
    where: tuple[Value, Gate | None, int | None, Value], analytic: float, f: Scalar, noise: Noise, tolerance: float
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
