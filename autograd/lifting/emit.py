"""Emitting: a layout becomes straight-line NumPy source, forward and backward, with every buffer made beforehand.

Before, one operation of a layout: relu of the cells 2-17, which become the cells 18-33, for 100 rows; after:

    h1 = each[2:18]                              # (16, 100)      a view, made once
    z1 = each[18:34]                             # (16, 100)
    np.maximum(0, h1, out=z1)                    # relu           in forward
    np.greater(h1, 0, out=m0) …                  # relu           in backward: d_h1 = d_z1 × slope

    each, once    the cells with one number per row (a matrix, cells × rows), and with one number for all (a vector)
    d_…           the gradient of …: its first write assigns, later ones add; what is added to first starts at 0
    t0, m0 …      scratch: numbers and truths that live for one operation
    rows          how many examples there are; one row alone needs no axis of its own

A broadcast operand becomes a sum over its axis; cells that lie in no regular order are gathered, and their gradients
scattered. The rules come from the cards, run on terms; how an elementary operation is spelled with `out=` is the only
thing known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd.lifting.layout import Cells, Layout, Operation, Pointwise, Product, Take, affine, squeezed
from autograd.lifting.record import Kind
from autograd.lifting.terms import CALL, FOLD, SLOT, UPSTREAM, VALUE, Term, topological

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["Emitter", "Refusal", "emit"]

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
        return (
            f"{gate.name} needs {gate.domain.needs}"
            if self.what == "value"
            else f"the slope of {gate.name} needs {gate.domain.slope_needs}"
        )


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
    products: int = 0
    rows: int = 1
    parameters: int = 0


def emit(layout: Layout, rows: int, columns: Sequence[int | None], names: Sequence[str], reduce: str) -> Emitted:
    """Return the program of a layout for a number of rows; columns tells of each named array how wide it is, None: 1-D.

    `reduce` is "mean", "sum", or empty where there are no rows to be reduced.
    """
    return Emitter(layout, rows, columns, names, reduce).emit()


class Emitter:
    """Writes one program."""

    def __init__(
        self, layout: Layout, rows: int, columns: Sequence[int | None], names: Sequence[str], reduce: str
    ) -> None:
        import numpy as np

        self.layout, self.rows, self.columns, self.names, self.reduce = layout, rows, columns, names, reduce
        self.out = Emitted(rows=rows, parameters=layout.sizes["P"])
        self.views: dict[Any, str] = {}
        self.gathers: dict[Any, str] = {}
        self.tables: dict[Any, str] = {}
        self.counters: dict[str, int] = defaultdict(int)
        self.scratch: dict[str, int] = {}  # scratch buffer -> its size
        self.busy: dict[str, str] = {}  # temporary -> its buffer
        self.lines = self.out.forward
        self.written = {kind: np.zeros(size, dtype=bool) for kind, size in layout.sizes.items()}
        self.unset = {kind: np.zeros(size, dtype=bool) for kind, size in layout.sizes.items()}
        self.wide = False  # whether the operation that is being written has an axis of rows
        self.comment = ""

    def emit(self) -> Emitted:
        out = self.out
        self.bind()
        for operation in self.layout.operations:
            self.begin(operation, out.forward)
            self.write(operation, forward=True)
        self.finish()
        for operation in reversed(self.layout.operations):
            if operation.out.needed:
                self.begin(operation, out.backward)
                self.write(operation, forward=False)
        self.zero()
        self.allocate()
        return out

    def begin(self, operation: Operation, lines: list[str]) -> None:
        self.lines, self.wide = lines, self.is_wide(operation.out.kind)
        shape = self.full(operation.out)
        self.comment = f"  # {self.safe(operation.gate.name)} {shape}"
        self.busy.clear()

    @staticmethod
    def safe(text: str) -> str:
        return text if text.isascii() and text.isprintable() else ascii(text)

    def write(self, operation: Operation, forward: bool) -> None:
        if isinstance(operation, Pointwise):
            (self.pointwise if forward else self.pointwise_back)(operation)
        elif isinstance(operation, Product):
            (self.product if forward else self.product_back)(operation)
        else:
            assert isinstance(operation, Take)
            (self.take if forward else self.take_back)(operation)

    def line(self, text: str) -> None:
        self.lines.append(text + self.comment)
        self.comment = ""

    # --------------------------------------------------------------------------------------------------- names and views

    def is_wide(self, kind: Kind) -> bool:
        return kind == "T" and self.rows > 1

    def full(self, cells: Cells, index: Array | None = None) -> Shape:
        """Return the shape of an operand's array in the operation that is being written."""
        shape = (cells.index if index is None else index).shape
        if not self.wide:
            return shape
        return (*shape, self.rows if self.is_wide(cells.kind) else 1)

    def new(self, prefix: str) -> str:
        self.counters[prefix] += 1
        return f"{prefix}{self.counters[prefix]}"

    def constant(self, numbers: Array, prefix: str = "c") -> str:
        key = (numbers.dtype.str, numbers.shape, numbers.tobytes())
        if key not in self.tables:
            name = self.tables[key] = self.new(prefix)
            self.out.data[name] = numbers
        return self.tables[key]

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
        start, shape, wide = int(index.flat[0]), index.shape, self.is_wide(kind)
        strides = tuple(s if n > 1 else 0 for s, n in zip(strides, shape))
        if self.wide and not wide:
            shape, strides = (*shape, 1), (*strides, 0)
        key = kind, start, shape, strides
        if key not in self.views:
            self.views[key] = self.new({"P": "p"}.get(kind, prefix) if prefix == "x" else prefix)
            self.out.setup.append(f"{self.views[key]} = {self.spelled(BUFFERS[kind][0], start, shape, strides, wide)}")
        name = self.views[key]
        if gradient:
            if ("d", key) not in self.views:
                self.views["d", key] = "d_" + name
                self.out.setup.append(f"d_{name} = {self.spelled(BUFFERS[kind][1], start, shape, strides, wide)}")
            return self.views["d", key]
        return name

    def spelled(self, buffer: str, start: int, shape: Shape, strides: Shape, wide: bool) -> str:
        size, dense = 1, True
        for n, stride in zip(reversed(shape), reversed(strides)):
            dense, size = dense and (n == 1 or stride == size), size * n
        full = (*shape, self.rows) if wide else shape
        note = f"  # {full}"
        if not dense:
            return f"view({buffer}, {start}, {shape}, {strides}){note}"
        piece = f"{buffer}[{start}:{start + size}]"
        return (piece if len(shape) == 1 else f"{piece}.reshape({full})") + note

    def gathered(self, cells: Cells) -> str:
        shape = self.full(cells)
        key = cells.kind, shape, cells.index.tobytes()
        if key not in self.gathers:
            name = self.gathers[key] = self.new("g")
            table = self.constant(cells.index.astype("i8"), "i")
            self.out.setup.append(f"{name} = np.empty({shape})")
            axis = ", axis=0" if self.is_wide(cells.kind) else ""
            target = name
            if self.wide and not self.is_wide(cells.kind):
                target = f"{name}_"
                self.out.setup.append(f"{target} = {name}.reshape({cells.index.shape})")
            lines, self.lines, comment, self.comment = self.lines, self.out.forward, self.comment, ""
            self.line(f'np.take({BUFFERS[cells.kind][0]}, {table}{axis}, out={target}, mode="clip")')
            self.lines, self.comment = lines, comment
        return self.gathers[key]

    # ------------------------------------------------------------------------------------------------------- computing

    def temporary(self, shape: Shape, boolean: bool = False) -> str:
        """Return the name of a free temporary of a shape."""
        letter = "m" if boolean else "t"
        taken = set(self.busy.values())
        number = next(i for i in range(len(taken) + 1) if f"{letter}{i}" not in taken)
        buffer = f"{letter}{number}"
        size = 1
        for n in shape:
            size *= n
        self.scratch[buffer] = max(size, self.scratch.get(buffer, 0))
        key = buffer, shape
        if key not in self.views:
            self.views[key] = f"{buffer}_{'x'.join(map(str, shape))}" if shape else f"{buffer}_"
            self.out.setup.append(f"{self.views[key]} = {buffer}[:{size}].reshape({shape})")
        self.busy[self.views[key]] = buffer
        return self.views[key]

    def release(self, name: str) -> None:
        self.busy.pop(name, None)

    def compute(
        self, root: Any, names: dict[Term, str], shapes: dict[Term, Shape], lane: int, target: str | None
    ) -> str:
        """Write the lines that compute a term, into `target` or a temporary; return the name of the result."""
        if not isinstance(root, Term):
            assert target is not None
            self.line(f"{target}[...] = {literal(root)}")
            return target
        order = topological([root])
        uses: dict[Term, int] = defaultdict(int)
        for term in order:
            for x in term.parts:
                uses[x] += 1
        names, shapes = dict(names), dict(shapes)
        for term in order:
            if term in names:
                continue
            folded = self.folded(term, names)
            if folded:
                names[term], shapes[term] = folded, ()
                continue
            shapes[term] = self.shape(term, shapes, lane)
            self.operation(term, names, shapes, uses, lane, target if term is root else None)
        if target is not None and names[root] != target:
            self.line(f"np.copyto({target}, {names[root]})")
            self.release(names[root])
            return target
        return names[root]

    @staticmethod
    def folded(term: Term, names: dict[Term, str]) -> str:
        """Return what an operation on constants alone gives, as source; empty where it is not one."""
        import numpy as np

        texts = [names[x] if isinstance(x, Term) else literal(x) for x in term.operands]
        if term.operation in ("where", FOLD, CALL) or not all(text in NAMED or is_number(text) for text in texts):
            return ""
        numbers = [NAMED[text] if text in NAMED else float(text) for text in texts]
        with np.errstate(all="ignore"):
            found = getattr(np, UFUNCS.get(term.operation, term.operation))(*numbers)
        return str(bool(found)) if found.dtype == bool else literal(float(found))

    def shape(self, term: Term, shapes: dict[Term, Shape], lane: int) -> Shape:
        if term.operation == FOLD:
            (x,) = term.parts
            return tuple(1 if axis == lane else n for axis, n in enumerate(shapes[x]))
        return broadcast(shapes[x] for x in term.parts)

    def operation(
        self,
        term: Term,
        names: dict[Term, str],
        shapes: dict[Term, Shape],
        uses: dict[Term, int],
        lane: int,
        target: str | None,
    ) -> None:
        """Write the lines of one term."""
        word, parts = term.operation, term.parts
        texts = [names[x] if isinstance(x, Term) else literal(x) for x in term.operands]

        def finished() -> None:
            for x in dict.fromkeys(parts):
                uses[x] -= sum(1 for y in parts if y is x)
                if not uses[x]:
                    self.release(names[x])

        in_place = word not in ("where", CALL, FOLD)
        if in_place:
            finished()
        reused = self.reusable(term, names, shapes, uses) if target is None else None
        result = target or reused or self.temporary(shapes[term], term.is_boolean)
        names[term] = result
        if word == "where":
            condition, x, y = texts
            if result == y:
                self.line(f"np.copyto({result}, {x}, where={condition})")
                uses[term.operands[2]] += 1  # it lives on as the result
            elif texts[1:] == ["1.0", "0.0"]:
                self.line(f"np.copyto({result}, {condition})")
            else:
                self.line(f"np.copyto({result}, {y})")
                self.line(f"np.copyto({result}, {x}, where={condition})")
        elif word == CALL:
            self.line(f"np.copyto({result}, {self.call(term, names)})")
        elif word == FOLD:
            ufunc = UFUNCS.get(term.operands[0], term.operands[0])
            self.line(f"np.{ufunc}.reduce({texts[1]}, axis={lane}, keepdims=True, out={result})")
        elif word == "pow" and isinstance(term.operands[1], float) and term.operands[1] in (2.0, 3.0):
            self.power(texts[0], int(term.operands[1]), result, shapes[term])
        else:
            self.line(f"np.{UFUNCS.get(word, word)}({', '.join(texts)}, out={result})")
        if not in_place:
            finished()

    def reusable(
        self, term: Term, names: dict[Term, str], shapes: dict[Term, Shape], uses: dict[Term, int]
    ) -> str | None:
        """Return the temporary that a choice can be written over: what it falls back on, if nobody else needs that."""
        y = term.operands[-1]
        if term.operation != "where" or not isinstance(y, Term) or uses[y] > 1 or shapes[y] != shapes[term]:
            return None
        return names[y] if names[y] in self.busy and not y.is_boolean else None

    def power(self, x: str, n: int, result: str, shape: Shape) -> None:
        if n == 2:
            self.line(f"np.multiply({x}, {x}, out={result})")
            return
        square = self.temporary(shape)
        self.line(f"np.multiply({x}, {x}, out={square})")
        self.line(f"np.multiply({square}, {x}, out={result})")
        self.release(square)

    def call(self, term: Term, names: dict[Term, str]) -> str:
        gate, what, *rest = term.operands
        place = None
        if not isinstance(rest[0], Term):
            place, *rest = rest
        key = (gate, what, place)
        name = next((name for name, known in self.out.calls.items() if known == key), "")
        if not name:
            name = f"card{len(self.out.calls) + 1}"
            self.out.calls[name] = key
        return f"{name}({', '.join(names[x] for x in rest)})"

    # -------------------------------------------------------------------------------------------------------- pointwise

    def leaves(self, operation: Pointwise) -> tuple[dict[Term, str], dict[Term, Shape], int]:
        """Return the names and shapes of a rule's slots, output and upstream gradient, and the axis of its lanes."""
        roots = [
            operation.rule.forward,
            *operation.rule.downstream,
            operation.rule.lacks_value,
            operation.rule.lacks_slope,
        ]
        names, shapes = dict[Term, str](), dict[Term, Shape]()
        for term in topological(roots):
            if term.operation == SLOT:
                cells = operation.slots[term.operands[0]]
                names[term] = self.array(cells)
                shapes[term] = () if cells.kind == "C" and cells.index.size == 1 else self.full(cells)
            elif term.operation in (VALUE, UPSTREAM):
                out, gradient = operation.out, term.operation == UPSTREAM
                if gradient and not out.needed:
                    continue
                assert out.strides is not None
                names[term] = self.view(out.kind, out.index, out.strides, "z", gradient)
                shapes[term] = self.full(out)
        return names, shapes, operation.out.index.ndim - 1

    def pointwise(self, operation: Pointwise) -> None:
        out = operation.out
        assert out.strides is not None
        target = self.view(out.kind, out.index, out.strides, "z")
        names, shapes, lane = self.leaves(operation)
        rule = operation.rule
        self.check(operation, rule.lacks_value, "value", names, shapes, lane)
        folds = isinstance(rule.forward, Term) and rule.forward.operation == FOLD
        if folds and self.shape(rule.forward, self.all_shapes(rule.forward, shapes, lane), lane) != self.full(out):
            result = self.compute(rule.forward, names, shapes, lane, None)  # a fold does not spread what it writes
            self.line(f"np.copyto({target}, {result})")
            self.release(result)
        else:
            self.compute(rule.forward, names, shapes, lane, target)
        if out.needed and isinstance(rule.lacks_slope, Term):
            lines, self.lines = self.lines, self.out.checks
            self.check(operation, rule.lacks_slope, "slope", names, shapes, lane)
            self.lines = lines

    def check(
        self, operation: Pointwise, lacks: Any, what: str, names: dict[Term, str], shapes: dict[Term, Shape], lane: int
    ) -> None:
        if not isinstance(lacks, Term):
            return
        mask = self.compute(lacks, names, shapes, lane, None)
        if mask == "False":
            return
        if mask == "True":
            mask = "np.True_"
        operands = [self.array(cells) for cells in operation.slots]
        place = len(self.out.refusals)
        self.out.refusals.append(Refusal(operation, what))
        self.line(f"if {mask}.any():")
        self.lines.append(f"    refuse({place}, {mask}, {', '.join(operands)})")
        self.release(mask)

    def pointwise_back(self, operation: Pointwise) -> None:
        names, shapes, lane = self.leaves(operation)
        for cells, contribution in zip(operation.slots, operation.rule.downstream):
            if cells.needed:
                self.deliver(cells, *self.contribution(contribution, names, shapes, lane))

    def contribution(
        self, term: Any, names: dict[Term, str], shapes: dict[Term, Shape], lane: int
    ) -> tuple[Shape, Callable[[str | None], str], str]:
        """Return a contribution's shape, the function that writes it, and the ufunc that adds it."""
        if term.operation == "neg" and term not in shapes:
            (negated,) = term.operands

            def subtracted(target: str | None) -> str:
                return self.compute(term if target else negated, names, shapes, lane, target)

            return self.all_shapes(negated, shapes, lane)[negated], subtracted, "subtract"
        found = self.all_shapes(term, shapes, lane)[term]
        return found, lambda target: self.compute(term, names, shapes, lane, target), "add"

    def all_shapes(self, root: Term, shapes: dict[Term, Shape], lane: int) -> dict[Term, Shape]:
        """Return the shapes of a term and of all it needs."""
        found = dict(shapes)
        for term in topological([root]):
            if term not in found:
                found[term] = self.shape(term, found, lane)
        return found

    # -------------------------------------------------------------------------------------------- gradients that arrive

    def deliver(self, cells: Cells, shape: Shape, compute: Callable[[str | None], str], adding: str = "add") -> None:
        """Write a contribution to the gradient of an operand: assigned where it is the first, else added."""
        import numpy as np

        index = squeezed(cells.index)
        if any(n > m and k == 1 for n, m, k in zip(cells.index.shape, index.shape, shape)):
            index = cells.index  # every lane reads one cell, and what it gets is not written out lane by lane
        strides = affine(index)
        target_shape = self.full(cells, index)
        if strides is None or np.unique(index).size < index.size:
            self.scatter(cells, index, shape, target_shape, compute, adding)
            return
        target = self.view(cells.kind, index, strides, "x", gradient=True)
        written = self.written[cells.kind]
        first = not written[index].any()
        smaller = tuple(axis for axis, (n, m) in enumerate(zip(shape, target_shape)) if n > m)
        if first and adding == "subtract" and smaller:
            first = False
        if first and not smaller:
            compute(target)
        elif first and all(m in (n, 1) for n, m in zip(shape, target_shape)):
            self.summed(compute(None), shape, smaller, target)
        elif first:  # summed over one axis, the same along another
            result = self.summed(compute(None), shape, smaller, None)
            self.line(f"np.copyto({target}, {result})")
            self.release(result)
        else:
            self.to_zero(cells.kind, index)
            result = compute(None)
            if smaller:
                result = self.summed(result, shape, smaller, None)
            self.line(f"np.{adding}({target}, {result}, out={target})")
            self.release(result)
        written[index] = True

    def summed(self, name: str, shape: Shape, axes: tuple[int, ...], target: str | None) -> str:
        """Write the sum over axes, which keep length 1."""
        result = target or self.temporary(tuple(1 if axis in axes else n for axis, n in enumerate(shape)))
        if axes == (len(shape) - 1,) and len(shape) > 1 and self.wide:
            ones = self.ones()
            self.line(f"np.matmul({name}, {ones}, out={result})")
        else:
            self.line(f"np.add.reduce({name}, axis={axes}, keepdims=True, out={result})")
        self.release(name)
        return result

    def ones(self) -> str:
        """Return a column of ones, one per row: a product with it sums over the rows."""
        if "ones" not in self.views:
            self.views["ones"] = "ones"
            self.out.setup.append(f"ones = np.ones(({self.rows}, 1))")
        return "ones"

    def to_zero(self, kind: Kind, index: Array) -> None:
        flat = index.ravel()
        self.unset[kind][flat[~self.written[kind][flat]]] = True
        self.written[kind][flat] = True

    def scatter(
        self,
        cells: Cells,
        index: Array,
        shape: Shape,
        target_shape: Shape,
        compute: Callable[[str | None], str],
        adding: str,
    ) -> None:
        """Write a contribution to cells in no regular order, or to some cells more than once."""
        import numpy as np

        smaller = tuple(axis for axis, (n, m) in enumerate(zip(shape, target_shape)) if n > m)
        result = compute(None)
        if smaller:
            result = self.summed(result, shape, smaller, None)
            shape = tuple(1 if axis in smaller else n for axis, n in enumerate(shape))
        if shape != target_shape:
            spread = self.temporary(target_shape)
            self.line(f"np.copyto({spread}, {result})")
            self.release(result)
            result = spread
        buffer, flat, sign = BUFFERS[cells.kind][1], index.ravel(), "+=" if adding == "add" else "-="
        if self.is_wide(cells.kind):
            order = np.argsort(flat, kind="stable")
            unique, starts = np.unique(flat[order], return_index=True)
            self.to_zero(cells.kind, unique)
            numbers = f"{result}.reshape({(flat.size, self.rows)})"
            if unique.size < flat.size:
                numbers = (
                    f"np.add.reduceat({numbers}[{self.constant(order, 'i')}], {self.constant(starts, 'i')}, axis=0)"
                )
                self.line(f"{buffer}[{self.constant(unique, 'i')}] {sign} {numbers}")
            else:
                self.line(f"{buffer}[{self.constant(flat, 'i')}] {sign} {numbers}")
        else:
            low, high = int(flat.min()), int(flat.max()) + 1
            counted = f"np.bincount({self.constant(flat - low, 'i')}, {result}.ravel(), {high - low})"
            self.add_span(cells.kind, low, high, counted, sign)
        self.release(result)

    def add_span(self, kind: Kind, low: int, high: int, numbers: str, sign: str = "+=") -> None:
        """Write an addition to all cells of a span."""
        import numpy as np

        span = np.arange(low, high)
        if sign == "+=" and not self.written[kind][span].any():
            sign = "="
        else:
            self.to_zero(kind, span)
        self.written[kind][span] = True
        self.line(f"{BUFFERS[kind][1]}[{low}:{high}] {sign} {numbers}")

    # -------------------------------------------------------------------------------------------------- matrix products

    def parts(self, operation: Product) -> tuple[str, Cells, Cells, Cells, Cells | None]:
        """Return what kind of product it is, and its output, factors and bias without axes that it does not need.

        "shared": no rows, out (R, L) = right (R, k) @ left.T        "rows": out (L, n) = left (L, k) @ right (k, n)
        "matrices": the same for each of R right matrices            "both": a sum over k in each row
        Each may stand in a batch, a further first axis.
        """
        left, right, out, bias = operation.left, operation.right, operation.out, operation.bias
        batch, n_right, _ = out.index.shape
        drop = (0,) * (batch == 1)
        if self.is_wide(left.kind):
            return "both", out, left, right, bias
        if not self.is_wide(right.kind):
            return "shared", without(out, drop), without(left, drop), without(right, drop), without(bias, drop)
        if n_right > 1:
            return "matrices", without(out, drop), without(left, drop), without(right, drop), without(bias, drop)
        both = (*drop, 1)
        return "rows", without(out, both), without(left, drop), without(right, both), without(bias, both)

    def product(self, operation: Product) -> None:
        what, out, left, right, bias = self.parts(operation)
        target = self.matrix(out, "h")
        self.out.products += 1
        w, x = self.matrix(left, "W"), self.matrix(right, "x")
        if what == "both":
            self.line(f'np.einsum("blkn,brkn->brln", {w}, {x}, out={target})')
        elif what == "shared":
            self.line(f"np.matmul({x}, {turned(w, left)}, out={target})")
        else:
            self.line(f"np.matmul({self.facing(w, what, left)}, {x}, out={target})")
        if bias is not None:
            self.line(f"np.add({target}, {self.array(bias, 'b')}, out={target})")

    @staticmethod
    def facing(name: str, what: str, left: Cells) -> str:
        """Return the left matrices of a batch so that each faces all its right ones."""
        return f"{name}[:, None]" if what == "matrices" and left.index.ndim == 3 else name

    def matrix(self, cells: Cells, prefix: str, gradient: bool = False) -> str:
        """Return the name of matrices, with an axis of rows only where they have numbers of their own for each."""
        wide, self.wide = self.wide, self.is_wide(cells.kind)
        if cells.kind == "C":
            name = self.constant(cells.index)
        elif cells.strides is not None:
            name = self.view(cells.kind, cells.index, cells.strides, prefix, gradient)
        else:
            name = self.gathered(cells)
        self.wide = wide
        return name

    def product_back(self, operation: Product) -> None:
        what, out, left, right, bias = self.parts(operation)
        if not self.written[out.kind][out.index].all():
            self.to_zero(out.kind, out.index)  # of products that nobody asked for
        g = self.matrix(out, "h", gradient=True)
        if bias is not None and bias.needed:
            self.deliver(bias, self.full(out), lambda target: self.copied(g, target))
        if what == "shared" and out.index.size == 1 and left.kind == right.kind and same(left.index, right.index):
            if right.needed:
                self.square(right, g)
            return
        w, x = self.matrix(left, "W"), self.matrix(right, "x")
        if right.needed:
            text = {
                "shared": f"np.matmul({g}, {w}",
                "both": f'np.einsum("blkn,brln->brkn", {w}, {g}',
            }.get(what) or f"np.matmul({self.facing(turned(w, left), what, left)}, {g}"
            self.factor(right, text)
        if left.needed and what == "matrices":
            self.sum_of_products(left, f"np.matmul({g}, {x}.swapaxes(-1, -2)", right.index.shape)
        elif left.needed:
            text = {
                "shared": f"np.matmul({turned(g, out)}, {x}",
                "both": f'np.einsum("brkn,brln->blkn", {x}, {g}',
            }.get(what) or f"np.matmul({g}, {x}.swapaxes(-1, -2)"
            self.factor(left, text.replace(".swapaxes(-1, -2)", ".T") if out.index.ndim == 1 else text)

    def factor(self, cells: Cells, text: str) -> None:
        """Write the gradient of one factor of a product: another product."""
        wide, self.wide = self.wide, self.is_wide(cells.kind)
        shape = self.full(cells)

        def multiplied(target: str | None) -> str:
            self.out.products += 1
            result = target or self.temporary(shape)
            self.line(f"{text}, out={result})")
            return result

        self.deliver(cells, shape, multiplied)
        self.wide = wide

    def sum_of_products(self, left: Cells, text: str, right_shape: Shape) -> None:
        """Write the gradient of a factor that meets several matrices: the sum of a product with each."""
        wide, self.wide = self.wide, False
        shape = left.index.shape
        parts_shape = (*right_shape[:-1], *shape[-2:])

        def multiplied(target: str | None) -> str:
            self.out.products += 1
            parts = self.temporary(parts_shape)
            self.line(f"{text}, out={parts})")
            result = target or self.temporary(shape)
            self.line(f"np.add.reduce({parts}, axis={len(parts_shape) - 3}, out={result})")
            self.release(parts)
            return result

        self.deliver(left, shape, multiplied)
        self.wide = wide

    def square(self, cells: Cells, upstream: str) -> None:
        """Write the gradient of a row's product with itself: both factors at once."""

        def doubled(target: str | None) -> str:
            result = target or self.temporary(cells.index.shape)
            self.line(f"np.multiply({self.matrix(cells, 'x')}, {upstream}, out={result})")
            self.line(f"np.add({result}, {result}, out={result})")
            return result

        self.deliver(cells, cells.index.shape, doubled)

    def copied(self, name: str, target: str | None) -> str:
        if target is None:
            return name
        self.line(f"np.copyto({target}, {name})")
        return target

    # ------------------------------------------------------------------------------------------------------------- take

    def take(self, operation: Take) -> None:
        import numpy as np

        table, chosen, out = operation.table, operation.chosen, operation.out
        choices = table.index.shape[1]
        read, place = self.array(chosen), len(self.out.refusals)
        self.out.refusals.append(Refusal(operation, "index"))
        k, at = f"k{place}", self.positions(operation)
        self.out.setup.append(f"{k} = np.empty({self.full(chosen)}, dtype=np.intp)")
        self.out.setup.append(f"{at} = np.empty({self.full(out)}, dtype=np.intp)")
        self.line(f'np.copyto({k}, {read}, casting="unsafe")')
        self.line(f"if {k}.min() < 0 or {k}.max() >= {choices} or ({k} != {read}).any():")
        self.lines.append(f"    refuse({place}, ({k} < 0) | ({k} >= {choices}) | ({k} != {read}), {read})")
        cells = np.arange(table.index.size).reshape(table.index.shape) if table.kind == "C" else table.index
        strides, tail = affine(cells), (1,) * self.wide
        if strides is None:
            starts = np.arange(len(cells)) * choices
            self.line(f"np.add({k}, {self.constant(starts.reshape(out.index.shape + tail), 'i')}, out={at})")
            self.line(f'np.take({self.constant(cells, "i")}, {at}, out={at}, mode="clip")')
        else:
            starts = np.ascontiguousarray(cells[:, 0]).reshape(out.index.shape + tail)
            step = f"{k} * {strides[1]}" if strides[1] != 1 else k
            self.line(f"np.add({step}, {self.constant(starts, 'i')}, out={at})")
        if self.is_wide(table.kind):
            self.line(f"np.multiply({at}, {self.rows}, out={at})")
            self.line(f"np.add({at}, {self.constant(np.arange(self.rows), 'i')}, out={at})")
        source = self.constant(table.index) if table.kind == "C" else BUFFERS[table.kind][0]
        assert out.strides is not None
        target = self.view(out.kind, out.index, out.strides, "z")
        self.line(f'np.take({source}, {at}, out={target}, mode="clip")')

    @staticmethod
    def positions(operation: Take) -> str:
        return f"at{operation.out.kind}{operation.out.start}"

    def take_back(self, operation: Take) -> None:
        table, out = operation.table, operation.out
        if not table.needed:
            return
        assert out.strides is not None
        upstream = self.view(out.kind, out.index, out.strides, "z", gradient=True)
        positions = self.positions(operation)
        if self.is_wide(table.kind):
            self.to_zero(table.kind, table.index)
            if table.index.shape[0] == 1:
                self.line(f"d_each.reshape(-1)[{positions}] += {upstream}")
            else:
                self.line(f"np.add.at(d_each.reshape(-1), {positions}, {upstream})")
            return
        low, high = int(table.index.min()), int(table.index.max()) + 1
        counted = f"np.bincount(({positions} - {low}).ravel(), {upstream}.ravel(), {high - low})"
        self.add_span(table.kind, low, high, counted)

    # ---------------------------------------------------------------------------------------------- the first and last lines

    def bind(self) -> None:
        start = 0
        for name, columns in zip(self.names, self.columns):
            width = 1 if columns is None else columns
            place = f"{start}:{start + width}" if columns is not None else str(start)
            start += width
            if not self.reduce:
                self.line(f"if {name} is not None:")
                self.lines.append(f"    once[{place}] = {name}")
            elif self.rows == 1:
                self.line(f"each[{place}] = {name}[0]")
            else:
                self.line(f"each[{place}] = {name}{'.T' if columns is not None else ''}")

    def finish(self) -> None:
        """Write the loss, and the seeds of its gradient."""
        tape, terms = self.layout.tape, []
        self.comment, self.wide = "", False
        for node, share in ((tape.example, "example"), (tape.once, "once")):
            if node is None:
                continue
            kind, place = tape.kinds[node], int(self.layout.place[node])
            factor, seed = "", "1"
            if share == "example":
                if self.is_wide(kind):
                    factor, seed = (f" / {self.rows}", f"{1 / self.rows!r}") if self.reduce == "mean" else ("", "1")
                elif self.reduce == "sum" and self.rows > 1:
                    factor, seed = f" * {self.rows}", str(self.rows)
            if kind == "C":
                terms.append(literal(tape.data[node]) + factor)
                continue
            value = f"{BUFFERS[kind][0]}[{place}]"
            terms.append((f"np.add.reduce({value})" if self.is_wide(kind) else value) + factor)
            if not tape.needed[node]:
                continue
            sign = "+=" if self.written[kind][place] else "="
            self.out.backward.append(f"{BUFFERS[kind][1]}[{place}] {sign} {seed}")
            self.written[kind][place] = True
        self.out.forward.append(f"return float({' + '.join(terms)})")

    def zero(self) -> None:
        """Write, before everything else in the backward pass, which gradients start at 0."""
        import numpy as np

        self.unset["P"] |= ~self.written["P"]
        lines = []
        for kind, unset in self.unset.items():
            edges = np.flatnonzero(np.diff(np.concatenate([[False], unset, [False]]).astype("i1")))
            ranges = edges.reshape(-1, 2).tolist()
            if len(ranges) > 4:
                ranges = [[ranges[0][0], ranges[-1][1]]]
            lines += [f"{BUFFERS[kind][1]}[{low}:{high}] = 0" for low, high in ranges]
        self.out.backward[:0] = lines

    def allocate(self) -> None:
        sizes, lines = self.layout.sizes, []
        lines.append(f"once, d_once = np.zeros({sizes['S']}), np.zeros({sizes['S']})")
        wide = (sizes["T"], self.rows) if self.rows > 1 else sizes["T"]
        lines.append(f"each, d_each = np.zeros({wide}), np.zeros({wide})")
        lines += [f"{BUFFERS[kind][0]}[{cell}] = {literal(x)}" for kind, cell, x in self.layout.fills]
        for buffer, size in sorted(self.scratch.items()):
            lines.append(f"{buffer} = np.empty({size}{', dtype=bool' if buffer[0] == 'm' else ''})")
        self.out.setup[:0] = lines


def without(cells: Any, axes: tuple[int, ...]) -> Any:
    """Return cells without some axes of length 1."""
    if cells is None or not axes:
        return cells
    kept = [axis for axis in range(cells.index.ndim) if axis not in axes]
    strides = None if cells.strides is None else tuple([cells.strides[axis] for axis in kept])
    return Cells(cells.kind, cells.index.squeeze(axes), strides, cells.needed)


def turned(name: str, cells: Cells) -> str:
    """Return matrices that have no axis of rows with rows and columns exchanged."""
    return f"{name}.T" if cells.index.ndim == 2 else f"{name}.swapaxes(1, 2)"


def same(index: Array, other: Array) -> bool:
    """Tell whether two operands are the same cells."""
    return index.shape == other.shape and bool((index == other).all())


NAMED = {"np.inf": float("inf"), "-np.inf": -float("inf"), "np.nan": float("nan"), "True": True, "False": False}


def is_number(text: str) -> bool:
    """Tell whether source is a number, rather than a name."""
    return text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit())


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
