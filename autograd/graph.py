"""The walk over a graph, and the chain rule: everything that visits gates does it here, in loops.

A node is anything with the private slots of a Value; this module knows no gate by name.

    node.gate          the card, None for a leaf
    node._data         the number that flowed forward
    node._grad         the gradient of the last pass
    node._a, node._b   the operands: (x, None) of one input, (x, y) of two, (None, (x1, …, xn)) of n; a leaf has neither

    root    the node whose gradients are asked for     upstream    ∂root/∂z, the gradient that arrives at a gate
    local   ∂z/∂x, the gate's own slope                downstream  upstream × local, what the gate hands to one input

Every walk is a loop, not a recursion: a thousand additions would exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from autograd.errors import DomainError
from autograd.gates import EVERYWHERE, spelled

if TYPE_CHECKING:
    from autograd.gates import Gate
    from autograd.value import Value

__all__ = [
    "LETTERS",
    "Step",
    "backward",
    "backward_step",
    "backward_steps",
    "check_value",
    "data_of",
    "described",
    "downstream",
    "forward",
    "forward_steps",
    "inputs_of",
    "letters",
    "local_gradients",
    "names",
    "one_line",
    "operands_told",
    "order",
    "pull",
    "push",
    "times",
]

Number = Any  # a float, or a Value where gradients of gradients are asked for
data_of: Callable[[Value], float] = attrgetter("_data")  # the number in a node


@dataclass(frozen=True, slots=True)
class Step:
    """What happened at one gate, forward or backward: the record that everything shown to people is made from."""

    node: Value  # the Value the gate made
    gate: Gate
    inputs: tuple[Value, ...]
    values: tuple[float, ...]  # the inputs' data
    value: float  # the output's data
    upstream: float | None = None  # backward only, as all that follows: one number per input
    locals: tuple[float, ...] = ()
    downstream: tuple[float, ...] = ()
    before: tuple[float, ...] = ()  # the input's gradient before this addition …
    after: tuple[float, ...] = ()  # … and after it; x·x adds to the same gradient twice


# ------------------------------------------------------------------------------------------------------------ the walk


def inputs_of(node: Value) -> tuple[Value, ...]:
    """Return a node's operands in order, with repeats."""
    a, b = node._a, node._b
    if b is None:
        return () if a is None else (a,)
    return b if a is None else (a, b)


def order(root: Value, given: Collection[Value] = ()) -> list[Value]:
    """Return every node that root depends on, inputs before outputs, each once; the first input's branch comes first.

    The walk does not enter the nodes `given`, nor list them.
    """
    nodes: list[Value] = []
    seen = set(given)
    stack: list[Any] = [root]
    pop, push, extend, see, emit = stack.pop, stack.append, stack.extend, seen.add, nodes.append
    while stack:
        node = pop()
        if node is None:  # the node below has all its inputs in the list
            emit(pop())
            continue
        if node in seen:
            continue
        see(node)
        a, b = node._a, node._b
        if b is None:
            if a is None:
                emit(node)
            else:
                extend((node, None, a))
        elif a is not None:
            extend((node, None))
            if b not in seen:
                push(b)
            if a not in seen:
                push(a)
        else:
            extend((node, None))
            if not seen.issuperset(b):
                extend([x for x in reversed(b) if x not in seen])
    return nodes


def downstream(nodes: Sequence[Value], sources: Iterable[Value]) -> list[Value]:
    """Return the gates of a walk that depend on a source, in its order."""
    reached = set(sources)
    gates = []
    for node in nodes:
        if not reached.isdisjoint(inputs_of(node)):
            reached.add(node)
            gates.append(node)
    return gates


LETTERS = "abcghkmnpqrstuvw"  # d, e and f would be read as a derivative, as Euler's number and as the output


def names(nodes: Sequence[Value]) -> dict[Value, str]:
    """Return what to call each node of a walk: its label, a constant's number, or else a letter that is free."""
    taken = {node.label for node in nodes}
    nameless = [node for node in nodes if not node.label and not node.is_constant]
    named = {node: node.label or spelled(node._data) for node in nodes if node.label or node.is_constant}
    if nameless and nameless[-1] is nodes[-1] and "f" not in taken:
        named[nameless.pop()] = "f"
    letters = [letter for letter in LETTERS if letter not in taken]
    if len(nameless) > len(letters):
        letters = [f"v{i}" for i in range(1, len(nameless) + len(taken) + 1) if f"v{i}" not in taken]
    named.update(zip(nameless, letters, strict=False))
    return named


def one_line(label: str) -> str:
    """Return the whole of a label on one line, fit for any screen and file; ? where there is nothing to see."""
    return " ".join("".join([c if c.isprintable() else " " for c in label]).split()) or "?"


# ------------------------------------------------------------------------------------------------------------- forward


def forward(nodes: Sequence[Value]) -> None:
    """Recompute the gates of a walk from its leaves; where a domain is left, raise and change nothing."""
    kept = [node._data for node in nodes]
    try:
        for node in nodes:
            gate = node.gate
            if gate is None:
                continue
            if gate.domain is not EVERYWHERE:
                check_value(gate, inputs_of(node))
            a, b = node._a, node._b
            if b is None:
                data = gate.forward(a._data)
            elif a is not None:
                data = gate.forward(a._data, b._data)
            else:
                data = gate.forward(*map(data_of, b))
            node._data = data if type(data) is float else float(data)
    except BaseException:
        for node, data in zip(nodes, kept, strict=True):
            node._data = data
        raise


def forward_steps(root: Value) -> Iterator[Step]:
    """Return a record per gate in the order the forward pass visits them, recomputed from the leaves.

    Raises TypeError for what is no Value, DomainError where a gate has no value.

    >>> from autograd import Value
    >>> x, y = Value(3.0, "x"), Value(-4.0, "y")
    >>> [(step.gate.name, step.values, step.value) for step in forward_steps(x * y + x)]
    [('mul', (3.0, -4.0), -12.0), ('add', (-12.0, 3.0), -9.0)]
    """
    nodes = _walk("forward_steps", root)
    return iter([_step(node) for node in nodes if node.gate is not None])  # all now: a leaf may be changed later


def _walk(what: str, root: Any) -> list[Value]:
    """Return the nodes that a root depends on, recomputed; TypeError where it is no Value."""
    if not hasattr(root, "gate"):
        raise TypeError(f"{what} takes a Value, got {type(root).__name__}")
    nodes = order(root)
    forward(nodes)
    return nodes


def _step(node: Value, **backward: Any) -> Step:
    inputs = inputs_of(node)
    assert node.gate is not None
    return Step(node, node.gate, inputs, tuple([x.data for x in inputs]), node.data, **backward)


# ------------------------------------------------------------------------------------------------------ the chain rule


def local_gradients(node: Value, read: Callable[[Value], Number] = data_of) -> tuple[Number, ...]:
    """Return a gate's slopes at its inputs; `read` gives each node's number: its data, or the node itself."""
    inputs = inputs_of(node)
    gate = node.gate
    assert gate is not None
    if gate.domain is not EVERYWHERE:
        check_slope(gate, inputs)
    slopes = gate.one_each(gate.partials(read(node), *[read(x) for x in inputs]), len(inputs))
    return tuple([float(slope) for slope in slopes]) if read is data_of else slopes  # a user's card may use NumPy


def pull(
    nodes: Sequence[Value], seed: Number = 1.0, read: Callable[[Value], Number] = data_of
) -> Iterator[tuple[Value, tuple[Number, ...], dict[Value, Number]]]:
    """Pull a gradient back through a walk, the chain rule in plain form: `backward` is the same, made fast.

    Yields (node, locals, gradients) at every gate *before* its downstream gradients are added to `gradients`, a
    dictionary {node: ∂root/∂node} that grows as the pass goes on. Nothing is written into the nodes.
    """
    gradients: dict[Value, Number] = {nodes[-1]: seed} if nodes else {}
    for node in reversed(nodes):
        if node.gate is None:
            continue
        slopes = local_gradients(node, read)
        yield node, slopes, gradients
        upstream = gradients[node]
        for x, slope in zip(inputs_of(node), slopes, strict=True):
            downstream = times(upstream, slope)
            gradients[x] = gradients[x] + downstream if x in gradients else downstream


def times(upstream: Number, local: Number) -> Number:
    """Return upstream × local; a factor of exactly 1 leaves no gate behind where the other is a Value."""
    if type(local) is float and local == 1.0:
        return upstream
    return local if type(upstream) is float and upstream == 1.0 else upstream * local


def push(nodes: Sequence[Value], tangents: dict[Value, Number], read: Callable[[Value], Number] = data_of) -> None:
    """Push tangents forward through a walk, adding each gate's own: ż = Σ local × ẋ. Nodes without one do not move."""
    for node in nodes:
        inputs = inputs_of(node)
        if not any(x in tangents for x in inputs):
            continue
        terms = [
            times(tangents[x], slope)
            for x, slope in zip(inputs, local_gradients(node, read), strict=True)
            if x in tangents
        ]
        tangent = terms[0]
        for term in terms[1:]:
            tangent = tangent + term
        tangents[node] = tangent


def backward_steps(root: Value) -> Iterator[Step]:
    """Return a record per gate in the order the backward pass visits them; no node's grad is touched.

    Raises TypeError for what is no Value, DomainError where a gate has no value or no slope.

    >>> from autograd import Value
    >>> x, y = Value(3.0, "x"), Value(-4.0, "y")
    >>> [(step.gate.name, step.upstream, step.locals, step.downstream) for step in backward_steps(x * y + x)]
    [('add', 1.0, (1.0, 1.0), (1.0, 1.0)), ('mul', 1.0, (-4.0, 3.0), (-4.0, 3.0))]
    """
    nodes = _walk("backward_steps", root)
    return iter([backward_step(node, slopes, gradients) for node, slopes, gradients in pull(nodes)])


def backward_step(node: Value, slopes: tuple[float, ...], gradients: dict[Value, float]) -> Step:
    """Return the record of one gate, given its local gradients and the gradients that have arrived so far."""
    upstream = gradients[node]
    downstream = tuple([times(upstream, slope) for slope in slopes])
    running: dict[Value, float] = {}
    before, after = [], []
    for x, gradient in zip(inputs_of(node), downstream, strict=True):
        before.append(running.get(x, gradients.get(x, 0.0)))
        running[x] = before[-1] + gradient
        after.append(running[x])
    return _step(
        node, upstream=upstream, locals=slopes, downstream=downstream, before=tuple(before), after=tuple(after)
    )


def backward(root: Value, clean: float | None = None) -> None:
    """Set the gradient of every node that root depends on: interior ones start at 0, leaves add to what they have.

    A graph whose leaves were changed is recomputed first; none was where every gate's gradient is the object `clean`.
    If anything raises, every gradient is as it was.
    """
    nodes = order(root)
    kept = [node._grad for node in nodes]
    used = [node for node in nodes if node._grad is not clean and node.gate is not None]
    if used:
        forward(nodes)
    try:
        for node in used:
            node._grad = 0.0
        _backward(nodes)
    except BaseException:
        for node, gradient in zip(nodes, kept, strict=True):
            node._grad = gradient
        raise


def _backward(nodes: Sequence[Value]) -> None:
    nodes[-1]._grad += 1.0
    try:
        for node in reversed(nodes):
            gate = node.gate
            if gate is None:
                continue
            if gate.domain is not EVERYWHERE:
                check_slope(gate, inputs_of(node))
            upstream, a, b = node._grad, node._a, node._b
            if b is None:
                (slope,) = gate.partials(node._data, a._data)
                a._grad += upstream * slope
            elif a is not None:
                slope_a, slope_b = gate.partials(node._data, a._data, b._data)
                a._grad += upstream * slope_a
                b._grad += upstream * slope_b
            else:
                for x, slope in zip(b, gate.partials(node._data, *map(data_of, b)), strict=True):
                    x._grad += upstream * slope
    except (TypeError, ValueError) as error:
        if not isinstance(error, DomainError):
            local_gradients(node)  # a card of one's own may give something else than one slope per input: this says so
        raise


# ------------------------------------------------------------------------------------------------- errors that teach


def check_value(gate: Gate, inputs: Sequence[Value]) -> None:
    """Raise DomainError where the gate has no value at these inputs."""
    if gate.domain.lacks_value(*[x._data for x in inputs]):
        raise DomainError(f"{gate.needs}, got {operands_told(inputs)}", gate, inputs)


def check_slope(gate: Gate, inputs: Sequence[Value]) -> None:
    """Raise DomainError where the gate has a value at these inputs, but no slope."""
    if gate.domain.lacks_slope(*[x._data for x in inputs]):
        raise DomainError(f"{gate.slope_needs}, got {operands_told(inputs)}", gate, inputs)


def operands_told(inputs: Sequence[Value]) -> str:
    """Return the numbers that a gate was given, and what people know their Values by."""
    listed = list(zip(letters(len(inputs)), inputs, strict=True))
    numbers = ", ".join(f"{name} = {x._data!r}" for name, x in listed)
    places = [f"{name} is {described(x)}" for name, x in listed if x.label != name]
    return f"{numbers} ({', '.join(places)})" if places else numbers


def letters(inputs: int) -> Sequence[str]:
    """Return what rules call the inputs of a gate: x and y, or x1, x2, … where there are more."""
    return "xy"[:inputs] if inputs <= 2 else [f"x{i}" for i in range(1, inputs + 1)]


def described(node: Value) -> str:
    """Return what a reader knows a node by: its label, or else how it was made."""
    if node.label:
        return repr(node.label)
    if node.gate is None:
        return "a constant" if node.is_constant else "an input without a label"
    made_from = ", ".join(repr(x.label) if x.label else repr(x._data) for x in inputs_of(node)[:4])
    return f"{node.gate.name} of {made_from}{', …' if len(inputs_of(node)) > 4 else ''}"
