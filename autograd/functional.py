"""Derivatives of functions of scalars, in reverse mode, forward mode and of any order; and the sum over paths.

    fn      a Python function of scalars that returns a scalar      xs        where it is taken: floats, or Values
    twin    the leaf that stands for one argument while fn runs     tangent   the direction of a forward derivative

Everything here runs on the cards of the gate table: gradients of gradients are the same chain rule, computed with
Values. No `.grad` of any Value is touched.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from autograd import graph
from autograd.gates import COPY, spelled
from autograd.symbol import ATOM, MATHEMATICS, Symbol
from autograd.value import Constant, Value, always_recording, apply, as_float, refuse_if_traced

__all__ = ["Explanation", "Path", "explain", "grad", "hessian", "jvp", "record", "value_and_grad"]

Number = Any  # a float, or a Value where an argument was one
ScalarFunction = Callable[..., Any]


class _Running(threading.local):
    # the twins of every derivative that is being taken around this one, in this thread
    arguments: tuple[Value, ...] = ()


_running = _Running()


@dataclass(frozen=True, slots=True)
class Recording:
    """One call of fn on twins of its arguments: its result, and the part of the walk that depends on the twins."""

    result: Any
    twins: tuple[Value, ...]
    nodes: list[Value]
    differentiable: bool  # whether derivatives must be Values, because something around depends on them

    @property
    def read(self) -> Callable[[Value], Number]:
        return (lambda node: node) if self.differentiable else graph.data_of

    def number(self, x: Any) -> Number:
        """Return a value or derivative as the caller gets it: a Value only where the caller differentiates it."""
        if self.differentiable:
            return x if isinstance(x, Value) else Constant(x)
        return x._data if isinstance(x, Value) else x


def record(fn: ScalarFunction, xs: Sequence[Any], around: Sequence[Any] = ()) -> Recording:
    """Run fn on twins of xs; a Value's twin is a copy gate, so that fn may use the Value itself beside its argument."""
    given = [x for x in (*xs, *around) if isinstance(x, Value)]
    for x in given:
        graph.forward(graph.order(x))  # its leaves may have been changed since
    twins = tuple([apply(COPY, x) if isinstance(x, Value) else Value(x) for x in xs])
    outer = _running.arguments
    _running.arguments = outer + twins
    try:
        with always_recording():  # the derivative is asked for here, inside no_grad too
            result = fn(*twins)
    finally:
        _running.arguments = outer
    differentiable = bool(given)
    if not isinstance(result, Value):
        return Recording(_returned(result), twins, [], differentiable)
    nodes = graph.order(result, given=twins)
    graph.forward(nodes)  # fn may have used a Value whose leaves were changed since
    differentiable = differentiable or not set(outer).isdisjoint(nodes)
    if not differentiable:
        refuse_if_traced("a derivative at plain numbers uses a Value that is no argument of its function", result)
    below = graph.downstream(nodes, twins)  # what else fn used need not have slopes
    return Recording(result, twins, below, differentiable)


def _returned(result: Any) -> float:
    try:
        return as_float(result)
    except TypeError:
        raise TypeError(f"a function to differentiate returns one number, got {type(result).__name__}") from None


def value_and_grad(fn: ScalarFunction) -> Callable[..., tuple[Number, Number]]:
    """Return a function of xs that gives (fn(*xs), its gradient): a number for one argument, else a tuple.

    Numbers are floats; Values where an argument is a Value, so that derivatives nest to any order. Raises TypeError
    where fn returns no number, DomainError where a value or slope does not exist.

        >>> value_and_grad(lambda x, y: x * y + x)(3.0, 4.0)
        (15.0, (5.0, 3.0))
    """

    def derivative(*xs: Any) -> tuple[Number, Number]:
        recording = record(fn, xs)
        gradients = _gradients(recording)
        return recording.number(recording.result), gradients[0] if len(xs) == 1 else gradients

    return derivative


def _gradients(recording: Recording) -> tuple[Number, ...]:
    steps = deque(graph.pull(recording.nodes, 1.0, recording.read), maxlen=1)
    # where fn returns its argument, or does not depend on it, no gate is walked: the seed stays at the result
    found: dict[Any, Number] = steps[0][2] if steps else {recording.result: 1.0}
    return tuple([recording.number(found.get(twin, 0.0)) for twin in recording.twins])


def grad(fn: ScalarFunction) -> Callable[..., Number]:
    """Return the gradient of fn as a function of the same arguments: a number for one of them, else a tuple.

    It nests to any order; what it raises is told at `value_and_grad`.

        >>> grad(grad(lambda x: x**3))(2.0)
        12.0
    """

    def derivative(*xs: Any) -> Number:
        return value_and_grad(fn)(*xs)[1]

    return derivative


def jvp(fn: ScalarFunction, xs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Number, Number]:
    """Return (fn(*xs), the derivative of fn along the tangents), in forward mode: one walk, inputs to output.

    xs and tangents have the same length, else ValueError.

        >>> jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
        (12.0, 4.0)
    """
    for numbers in (xs, tangents):
        if not hasattr(numbers, "__len__"):
            raise TypeError(f"jvp takes xs and tangents as lists or tuples, got {type(numbers).__name__}")
    if len(xs) != len(tangents):
        raise ValueError(f"jvp needs one tangent for each x, got {len(tangents)} for {len(xs)}")
    recording = record(fn, xs, around=tangents)
    moving = {
        twin: tangent if isinstance(tangent, Value) else as_float(tangent)
        for twin, tangent in zip(recording.twins, tangents, strict=True)
    }
    graph.push(recording.nodes, moving, recording.read)
    return recording.number(recording.result), recording.number(moving.get(recording.result, 0.0))


def hessian(fn: ScalarFunction) -> Callable[..., list[list[Number]]]:
    """Return a function of xs that gives the matrix of second derivatives of fn, as rows of numbers.

    What it raises is told at `value_and_grad`.

    >>> hessian(lambda x, y: x * x * y)(3.0, 4.0)
    [[8.0, 6.0], [6.0, 0.0]]
    """

    def second(*xs: Any) -> list[list[Number]]:
        def row(i: int) -> list[Number]:
            return list(_gradients(record(lambda *twins: _gradients(record(fn, twins))[i], xs)))

        return [row(i) for i in range(len(xs))]

    return second


# ----------------------------------------------------------------------------------------------- the sum over paths


@dataclass(frozen=True, slots=True)
class Path:
    """One way from an input to the output: the nodes, output last, the local gradient of each gate, their product."""

    nodes: tuple[Value, ...]
    places: tuple[int, ...]  # which of its gate's inputs each step comes in by, counted from 0
    locals: tuple[float, ...]
    product: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """df/dx as the sum over paths of the product of local gradients; prints as text."""

    f: Value
    x: Value
    paths: tuple[Path, ...]
    total: float  # the gradient itself, also where there are more paths than are listed
    count: int  # how many paths there are

    def __str__(self) -> str:
        called = {node: graph.one_line(name) for node, name in graph.names(graph.order(self.f)).items()}
        if self.x not in called:
            return self._stranger(called)
        f, x = called[self.f], called[self.x]
        lines = [f"∂{f}/∂{x} = {self.total!r}: the sum over {_counted(self.count)} of the product of local gradients"]
        if self.count > len(self.paths):
            lines.append(f"(the first {len(self.paths)} are listed; the total is of all of them)")
        return "\n".join(lines + [_told(path, called) for path in self.paths])

    def _stranger(self, called: dict[Value, str]) -> str:
        """Tell of an x that f was not built from, be it of the same label as one that it was."""
        f, label = called[self.f], self.x.label
        x = graph.one_line(label) if label else f"(Value({self.x.data!r}))"
        told = f"∂{f}/∂{x} = {self.total!r}: this Value is not in the graph of {f}"
        if not label or all(node.label != label for node in called):
            return told
        return f"{told}, which was built from another one labelled {x!r}: run the code that builds {f} again"


def _counted(paths: int) -> str:
    if paths >= 10**15:
        return f"about 10^{int(paths.bit_length() * math.log10(2))} paths"
    return f"{paths:,} path" + "s" * (paths != 1)


def _told(path: Path, called: dict[Value, str]) -> str:
    """Write a path as its nodes, then the product of its local gradients in symbols and in numbers."""
    route = " → ".join([called[node] for node in path.nodes])
    if not path.locals:
        return f"  {route}: 1"
    factors = list(zip(path.nodes, path.nodes[1:], path.places, strict=False))
    rules = [_rule(x, z, place, called, alone=len(factors) == 1) for x, z, place in factors]
    if len(rules) == 1:  # there is nothing to multiply, and where the rule is a number nothing to put in
        return f"  {route}:  {rules[0]}" + f" = {path.product!r}" * (rules[0] != spelled(path.product))
    numbers = [f"({slope!r})" if slope < 0 else repr(slope) for slope in path.locals]
    return f"  {route}:  {' · '.join(rules)} = {' · '.join(numbers)} = {path.product!r}"


def _rule(x: Value, z: Value, place: int, called: dict[Value, str], alone: bool) -> str:
    """Return the local gradient of gate z at one of its places as a formula, its card run on symbols: a factor."""
    assert z.gate is not None
    symbols = [MATHEMATICS.symbol(called[node]) for node in (z, *graph.inputs_of(z))]
    try:
        rule = z.gate.one_each(z.gate.partials(*symbols), len(symbols) - 1)[place]
    except (TypeError, AttributeError):  # a user's card that is written for numbers alone
        return f"∂{called[z]}/∂{called[x]}"
    if isinstance(rule, Symbol):
        return f"({rule})" if rule.binding < ATOM and not alone else str(rule)
    return spelled(rule)


def explain(f: Value, x: Value, limit: int = 100) -> Explanation:
    """Return df/dx as the sum over all paths from x to f; at most `limit` are listed, and the text says so.

    Raises TypeError where f or x is no Value. A graph whose leaves were changed is recomputed first. With respect to a
    Value that is not in the graph the derivative is 0, and the text says why.

        >>> x = Value(3.0, "x")
        >>> print(explain(x * x + x, x))
        ∂f/∂x = 7.0: the sum over 3 paths of the product of local gradients
          x → a → f:  x · 1 = 3.0 · 1.0 = 3.0
          x → a → f:  x · 1 = 3.0 · 1.0 = 3.0
          x → f:  1
    """
    for given in (f, x):
        if not isinstance(given, Value):
            raise TypeError(f"explain takes two Values, got {type(given).__name__}")
    if type(limit) is not int or limit < 0:
        raise ValueError(f"the limit of explain is how many paths to list, 0 or more, got {limit!r}")
    refuse_if_traced("the paths to a Value are told", f)
    nodes = graph.order(f)
    graph.forward(nodes)
    steps = list(graph.pull(nodes))
    slopes = {node: local for node, local, _ in steps}
    found: dict[Value, float] = steps[-1][2] if steps else {f: 1.0}
    counts = _path_counts(nodes, x)
    paths = tuple(islice(_paths(f, x, slopes, counts), limit))
    return Explanation(f, x, paths, found.get(x, 0.0), counts[f])


def _path_counts(nodes: Sequence[Value], x: Value) -> dict[Value, int]:
    """Return how many paths lead from x to each node."""
    counts: dict[Value, int] = {}
    for node in nodes:
        counts[node] = 1 if node is x else sum([counts[y] for y in graph.inputs_of(node)])
    return counts


def _paths(f: Value, x: Value, slopes: dict[Value, tuple[float, ...]], counts: dict[Value, int]) -> Iterator[Path]:
    """Return the paths one by one, the first input's first; branches that do not lead to x are not entered."""
    # a path on the stack is a chain of links (node, place, slope, the rest of the way), which share what is common
    stack: list[Any] = [(f, None, None, None)] if counts[f] else []
    while stack:
        link = stack.pop()
        node = link[0]
        if node is x:
            yield _unlinked(link)
            continue
        steps = enumerate(zip(graph.inputs_of(node), slopes[node], strict=True))
        longer = [(y, place, slope, link) for place, (y, slope) in steps if counts[y]]
        stack.extend(reversed(longer))


def _unlinked(link: Any) -> Path:
    nodes, places, local = [], list[int](), list[float]()
    while link is not None:
        node, place, slope, link = link
        nodes.append(node)
        if link is not None:
            places.append(place)
            local.append(slope)
    return Path(tuple(nodes), tuple(places), tuple(local), math.prod(reversed(local), start=1.0))
