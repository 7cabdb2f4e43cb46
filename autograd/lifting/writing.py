"""Writing: the lines of a program, the names of its arrays, and how an elementary operation is spelled with `out=`.

Before, a term: x * exp(-x), of an operand x of shape (16, 100), to be written into z1; after:

    np.negative(x1, out=t0_16x100)
    np.exp(t0_16x100, out=t0_16x100)
    np.multiply(x1, t0_16x100, out=z1)

    each, once    the cells with one number per row (a matrix, cells × rows), and with one number for all (a vector)
    d_…           the gradient of …
    t0, m0 …      scratch: numbers and truths that live for one operation
    wide          whether the operation that is being written has an axis of rows; one row alone needs none
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd.lifting.layout import Cells, Layout, Operation
from autograd.lifting.record import Kind
from autograd.lifting.terms import CALL, FOLD, Term, needed_by_several, topological

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["BUFFERS", "Emitted", "Refusal", "Scope", "Shape", "Writer", "broadcast", "literal"]

UFUNCS = {
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "neg": "negative",
    "pow": "power",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "or": "logical_or",
    "and": "logical_and",
}  # the others are called as in the cards
BUFFERS = {"P": ("parameters", "gradient"), "S": ("once", "d_once"), "T": ("each", "d_each")}
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Refusal:
    """A place where a program may find a number outside a gate's domain."""

    operation: Operation
    what: str  # "value", "slope" or "index"

    @property
    def words(self) -> str:
        """What is required here."""
        gate = self.operation.gate
        if self.what == "index":
            return "take needs a whole number that is an index"
        return gate.needs if self.what == "value" else gate.slope_needs


@dataclass(slots=True)
class Emitted:
    """A program as text, and what it cannot be run without."""

    setup: list[str] = field(default_factory=list)
    forward: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    backward: list[str] = field(default_factory=list)
    data: dict[str, Array] = field(default_factory=dict)  # constants and tables of cells, by name
    calls: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # the cards that could not be printed, by name
    refusals: list[Refusal] = field(default_factory=list)
    rows: int = 1
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """What the leaves of a rule are called in the program, how large they are, and which axis is that of the lanes."""

    names: dict[Term, str]
    shapes: dict[Term, Shape]
    lane: int

    def with_shapes(self, root: Any) -> Scope:
        """Return the scope with the shapes of a term and of all it needs."""
        shapes = dict(self.shapes)
        for term in topological([root], shapes):
            shapes[term] = self.shape(term, shapes)
        return Scope(dict(self.names), shapes, self.lane)

    def shape(self, term: Term, shapes: dict[Term, Shape]) -> Shape:
        """Return the shape of a term whose operands' shapes are known."""
        if term.operation == FOLD:
            (x,) = term.parts
            return tuple([1 if axis == self.lane else n for axis, n in enumerate(shapes[x])])
        return broadcast([shapes[x] for x in term.parts])


class Writer:
    """Writes lines, gives names, and keeps what the lines need."""

    def __init__(self, layout: Layout, rows: int) -> None:
        self.layout, self.rows = layout, rows
        self.out = Emitted(rows=rows, parameters=layout.sizes["P"])
        self.names: dict[Any, str] = {}  # of views, by what they show
        self.counters: dict[str, int] = defaultdict(int)
        self.scratch: dict[str, int] = {}  # scratch buffer -> its size
        self.busy: dict[str, str] = {}  # temporary -> its buffer
        self.kept: set[str] = set()  # temporaries that are needed until the operation is written
        self.lines = self.out.forward
        self.wide = False
        self.comment = ""

    def line(self, text: str) -> None:
        """Write a line; the first one of an operation says what it is."""
        self.lines.append(text + self.comment)
        self.comment = ""

    @contextmanager
    def writing(self, lines: list[str], comment: str = "") -> Iterator[None]:
        """Write somewhere else in this block."""
        outer = self.lines, self.comment
        self.lines, self.comment = lines, comment
        yield
        self.lines, self.comment = outer

    @contextmanager
    def shaped(self, wide: bool) -> Iterator[None]:
        """Write with an axis of rows, or without one, in this block."""
        outer, self.wide = self.wide, wide
        yield
        self.wide = outer

    # -------------------------------------------------------------------------------------------------- names and views

    def is_wide(self, kind: Kind) -> bool:
        """Tell whether the cells of a kind have an axis of rows."""
        return kind == "T" and self.rows > 1

    def full(self, cells: Cells, index: Array | None = None) -> Shape:
        """Return the shape of an operand's array in the operation that is being written."""
        shape: Shape = (cells.index if index is None else index).shape
        if not self.wide:
            return shape
        return (*shape, self.rows if self.is_wide(cells.kind) else 1)

    def new(self, prefix: str) -> str:
        """Return a name that nothing has yet."""
        self.counters[prefix] += 1
        return f"{prefix}{self.counters[prefix]}"

    def constant(self, numbers: Array, prefix: str = "c") -> str:
        """Return the name of an array of constants."""
        key = (numbers.dtype.str, numbers.shape, numbers.tobytes())
        if key not in self.names:
            self.names[key] = self.new(prefix)
            self.out.data[self.names[key]] = numbers
        return self.names[key]

    def array(self, cells: Cells, prefix: str = "x") -> str:
        """Return the name of the array of an operand's numbers; scattered ones are gathered the first time."""
        if cells.kind == "C":
            if cells.index.size == 1:
                return literal(float(cells.index.flat[0]))
            return self.constant(cells.index.reshape(self.full(cells)))
        if cells.strides is not None:
            return self.view(cells.kind, cells.index, cells.strides, prefix)
        return self.gathered(cells)

    def view(
        self, kind: Kind, index: Array, strides: tuple[int, ...], prefix: str = "x", gradient: bool = False
    ) -> str:
        """Return the name of cells start + Σ stride·i, or of their gradient: a view, made once."""
        start, shape = int(index.flat[0]), index.shape
        strides = tuple([s if n > 1 else 0 for s, n in zip(strides, shape)])
        if self.wide and not self.is_wide(kind):
            shape, strides = (*shape, 1), (*strides, 0)
        key = kind, start, shape, strides
        if key not in self.names:
            self.names[key] = self.new("p" if (kind, prefix) == ("P", "x") else prefix)
            self.out.setup.append(f"{self.names[key]} = {self.spelled(*key, gradient=False)}")
        if not gradient:
            return self.names[key]
        if ("d", key) not in self.names:
            self.names["d", key] = f"d_{self.names[key]}"
            self.out.setup.append(f"d_{self.names[key]} = {self.spelled(*key, gradient=True)}")
        return self.names["d", key]

    def spelled(self, kind: Kind, start: int, shape: Shape, strides: Shape, gradient: bool) -> str:
        """Return the source of a view: a slice where that will do."""
        buffer, size, dense = BUFFERS[kind][gradient], 1, True
        for n, stride in zip(reversed(shape), reversed(strides)):
            dense, size = dense and (n == 1 or stride == size), size * n
        full = (*shape, self.rows) if self.is_wide(kind) else shape
        note = f"  # {full}{self.labelled(start) if kind == 'P' and not gradient else ''}"
        if not dense:
            return f"view({buffer}, {start}, {shape}, {strides}){note}"
        piece = f"{buffer}[{start}:{start + size}]"
        return (piece if len(shape) == 1 else f"{piece}.reshape({full})") + note

    def labelled(self, parameter: int) -> str:
        """Return the label of a parameter as the end of a comment, with nothing in it that could end one."""
        number = self.layout.tape.parameters[parameter]
        label = self.layout.tape.labels[number] if number >= 0 else ""
        return f" from {label!a}" if label else ""

    def gathered(self, cells: Cells) -> str:
        """Return the name of an array into which the forward pass collects scattered cells."""
        shape = self.full(cells)
        key = "gathered", cells.kind, shape, cells.index.tobytes()
        if key not in self.names:
            name = target = self.names[key] = self.new("g")
            self.out.setup.append(f"{name} = np.empty({shape})")
            if self.wide and not self.is_wide(cells.kind):
                target = f"{name}_"
                self.out.setup.append(f"{target} = {name}.reshape({cells.index.shape})")
            table, axis = self.constant(cells.index.astype("i8"), "i"), ", axis=0" * self.is_wide(cells.kind)
            with self.writing(self.out.forward):
                self.line(f'np.take({BUFFERS[cells.kind][0]}, {table}{axis}, out={target}, mode="clip")')
        return self.names[key]

    def temporary(self, shape: Shape, boolean: bool = False) -> str:
        """Return the name of a free temporary of a shape."""
        letter, taken = "m" if boolean else "t", set(self.busy.values())
        buffer = next(f"{letter}{i}" for i in range(len(taken) + 1) if f"{letter}{i}" not in taken)
        size = math.prod(shape)
        self.scratch[buffer] = max(size, self.scratch.get(buffer, 0))
        key = buffer, shape
        if key not in self.names:
            self.names[key] = f"{buffer}_{'x'.join(map(str, shape))}"
            self.out.setup.append(f"{self.names[key]} = {buffer}[:{size}].reshape({shape})")
        self.busy[self.names[key]] = buffer
        return self.names[key]

    def release(self, name: str) -> None:
        """Let a temporary be used again, unless it is kept; what is none stays as it is."""
        if name not in self.kept:
            self.busy.pop(name, None)

    # -------------------------------------------------------------------------------------------------------- computing

    def compute(self, root: Any, scope: Scope, target: str | None) -> str:
        """Write the lines that compute a term, into `target` or a temporary; return the name of the result."""
        if not isinstance(root, Term):
            assert target is not None
            self.line(f"{target}[...] = {literal(root)}")
            return target
        scope, order = scope.with_shapes(root), topological([root], scope.names)
        uses = Counter([x for term in order for x in term.parts])
        for term in order:
            folded = self.folded(term, scope)
            if folded:
                scope.names[term], scope.shapes[term] = folded, ()
            else:
                self.operation(term, scope, uses, target if term is root else None)
        if target is not None and scope.names[root] != target:
            self.line(f"np.copyto({target}, {scope.names[root]})")
            self.release(scope.names[root])
            return target
        return scope.names[root]

    def share(self, roots: Sequence[Any], scope: Scope) -> None:
        """Compute what several of these terms need, once, into temporaries that the scope knows from now on."""
        for term in needed_by_several(roots):
            if term not in scope.names:
                shape = scope.with_shapes(term).shapes[term]
                scope.names[term] = name = self.compute(term, scope, None)
                scope.shapes[term] = () if is_number(name) else shape
                self.kept.add(name)

    @staticmethod
    def folded(term: Term, scope: Scope) -> str:
        """Return what an operation on constants alone gives, as source; empty where it is not one."""
        import numpy as np

        texts = operands(term, scope)
        if term.operation in ("where", FOLD, CALL) or not all(map(is_number, texts)):
            return ""
        numbers = [NAMED[text] if text in NAMED else float(text) for text in texts]
        with np.errstate(all="ignore"):
            found = getattr(np, UFUNCS.get(term.operation, term.operation))(*numbers)
        return str(bool(found)) if found.dtype == bool else literal(float(found))

    def operation(self, term: Term, scope: Scope, uses: Counter[Term], target: str | None) -> None:
        """Write the lines of one term; operands that nobody needs any more make room, also for the result."""
        word, texts, shape = term.operation, operands(term, scope), scope.shapes[term]
        in_place = word not in ("where", CALL, FOLD)
        if in_place:
            self.used(term, scope, uses)
        result = target or self.overwritten(term, scope, uses) or self.temporary(shape, term.is_boolean)
        scope.names[term] = result
        if word == "where":
            self.choice(texts, result)
            uses[term.operands[2]] += result == texts[2]  # it lives on as the result
        elif word == CALL:
            self.line(f"np.copyto({result}, {self.call(term, scope)})")
        elif word == FOLD:
            ufunc = UFUNCS.get(term.operands[0], term.operands[0])
            self.line(f"np.{ufunc}.reduce({texts[1]}, axis={scope.lane}, keepdims=True, out={result})")
        elif word == "pow" and texts[1] in ("2.0", "3.0"):
            self.power(texts[0], int(texts[1][0]), result, shape)
        else:
            self.line(f"np.{UFUNCS.get(word, word)}({', '.join(texts)}, out={result})")
        if not in_place:
            self.used(term, scope, uses)

    def used(self, term: Term, scope: Scope, uses: Counter[Term]) -> None:
        """Release the operands that no later term needs."""
        uses.subtract(term.parts)
        for x in term.parts:
            if not uses[x]:
                self.release(scope.names[x])

    def overwritten(self, term: Term, scope: Scope, uses: Counter[Term]) -> str | None:
        """Return the temporary that a choice can be written over: what it falls back on, if nobody else needs that."""
        y = term.operands[-1]
        if term.operation != "where" or not isinstance(y, Term) or uses[y] > 1 or y.is_boolean:
            return None
        same_size = scope.shapes[y] == scope.shapes[term]
        ours = scope.names[y] in self.busy and scope.names[y] not in self.kept
        return scope.names[y] if same_size and ours else None

    def choice(self, texts: list[str], result: str) -> None:
        """Write x where a condition holds, else y."""
        condition, x, y = texts
        if (x, y) == ("1.0", "0.0"):
            self.line(f"np.copyto({result}, {condition})")
            return
        if result != y:
            self.line(f"np.copyto({result}, {y})")
        self.line(f"np.copyto({result}, {x}, where={condition})")

    def power(self, x: str, n: int, result: str, shape: Shape) -> None:
        """Write a square or a cube, for which multiplying is quicker than np.power."""
        square = result if n == 2 else self.temporary(shape)
        self.line(f"np.multiply({x}, {x}, out={square})")
        if n == 3:
            self.line(f"np.multiply({square}, {x}, out={result})")
            self.release(square)

    def call(self, term: Term, scope: Scope) -> str:
        """Return the source of a call of a card that could not be printed."""
        gate, what, *rest = term.operands
        place = None if isinstance(rest[0], Term) else rest.pop(0)
        key = (gate, what, place)
        name = next((name for name, known in self.out.calls.items() if known == key), "")
        if not name:
            name = f"card{len(self.out.calls) + 1}"
            self.out.calls[name] = key
        return f"{name}({', '.join([scope.names[x] for x in rest])})"


def operands(term: Term, scope: Scope) -> list[str]:
    """Return the names, or the numbers, that a term works on."""
    return [scope.names[x] if isinstance(x, Term) else literal(x) for x in term.operands]


NAMED = {"np.inf": float("inf"), "-np.inf": -float("inf"), "np.nan": float("nan"), "True": True, "False": False}


def is_number(text: str) -> bool:
    """Tell whether source is a number, rather than a name."""
    return text in NAMED or text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit())


def literal(x: Any) -> str:
    """Return a number as NumPy source, always a float: 1 ** -2 of whole numbers is an error there."""
    if not isinstance(x, (float, int)):
        return ""
    text = repr(float(x))
    return text if text[-1].isdigit() else text.replace("inf", "np.inf").replace("nan", "np.nan")


def broadcast(shapes: Any) -> Shape:
    """Return the shape that arrays of these shapes have together."""
    found: list[int] = []
    for shape in shapes:
        if len(shape) > len(found):
            found = [1] * (len(shape) - len(found)) + found
        for axis in range(1, len(shape) + 1):
            found[-axis] = max(found[-axis], shape[-axis])
    return tuple(found)
