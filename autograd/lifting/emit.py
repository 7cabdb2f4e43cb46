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

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.lifting.layout import Cells, Layout, Operation, Pointwise, Product, Take, affine, distinct, squeezed
from autograd.lifting.record import Kind
from autograd.lifting.terms import FOLD, SLOT, UPSTREAM, VALUE, Term, topological
from autograd.lifting.writing import BUFFERS, Emitted, Refusal, Scope, Shape, Writer, literal

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["emit"]


def emit(layout: Layout, rows: int, columns: Sequence[int | None], names: Sequence[str], reduce: str) -> Emitted:
    """Return the program of a layout for a number of rows; columns tells of each named array how wide it is, None: 1-D.

    `reduce` is "mean", "sum", or empty where there are no rows to be reduced.
    """
    emitter = _Emitter(layout, rows)
    emitter.bind(columns, names, reduce)
    operations = list(enumerate(layout.operations, 1))
    for number, operation in operations:
        emitter.write(operation, number, forward=True)
    result = emitter.seeded(reduce)
    for number, operation in reversed(operations):
        if operation.out.needed:
            emitter.write(operation, number, forward=False)
    emitter.zero()
    emitter.allocate()
    emitter.out.forward.append(result)
    return emitter.out


class _Emitter(Writer):
    """Writes the operations of a program, forward and backward."""

    def __init__(self, layout: Layout, rows: int) -> None:
        import numpy as np

        super().__init__(layout, rows)
        self.written = {kind: np.zeros(size, dtype=bool) for kind, size in layout.sizes.items()}
        self.unset = {kind: np.zeros(size, dtype=bool) for kind, size in layout.sizes.items()}

    def told(self, out: Cells) -> str:
        """Return a shape as comments tell it: without axes of length 1, except the last."""
        *axes, last = self.full(out)
        return str((*[n for n in axes if n > 1], last))

    def write(self, operation: Operation, number: int, forward: bool) -> None:
        """Write one operation, or the way back through it."""
        self.lines = self.out.forward if forward else self.out.backward
        self.wide = self.is_wide(operation.out.kind)
        name = operation.gate.name
        name = name if name.isascii() and name.isprintable() else ascii(name)
        self.title = self.comment = f"  # {number}{'' if forward else ' back'}: {name} {self.told(operation.out)}"
        self.busy.clear()
        self.kept.clear()
        if isinstance(operation, Pointwise):
            (self.pointwise if forward else self.pointwise_back)(operation)
        elif isinstance(operation, Product):
            (self.product if forward else self.product_back)(operation)
        else:
            assert isinstance(operation, Take)
            (self.take if forward else self.take_back)(operation)

    # -------------------------------------------------------------------------------------------------------- pointwise

    def scope(self, operation: Pointwise) -> Scope:
        """Return the scope of a rule: its slots, its output and the gradient that arrives there."""
        rule, out = operation.rule, operation.out
        scope = Scope({}, {}, out.index.ndim - 1)
        assert out.strides is not None
        for term in topological([rule.forward, *rule.downstream, rule.lacks_value, rule.lacks_slope]):
            if term.operation == SLOT:
                cells = operation.slots[term.operands[0]]
                single = cells.kind == "C" and cells.index.size == 1
                scope.names[term], scope.shapes[term] = self.array(cells), () if single else self.full(cells)
            elif term.operation == VALUE or (term.operation == UPSTREAM and out.needed):
                gradient = term.operation == UPSTREAM
                scope.names[term] = self.view(out.kind, out.index, out.strides, "z", gradient)
                scope.shapes[term] = self.full(out)
        return scope

    def pointwise(self, operation: Pointwise) -> None:
        out, rule, scope = operation.out, operation.rule, self.scope(operation)
        assert out.strides is not None
        target = self.view(out.kind, out.index, out.strides, "z")
        self.check(operation, rule.lacks_value, "value", scope)
        folds = isinstance(rule.forward, Term) and rule.forward.operation == FOLD
        if folds and scope.with_shapes(rule.forward).shapes[rule.forward] != self.full(out):
            self.copied(self.compute(rule.forward, scope, None), target)  # a fold does not spread what it writes
        else:
            self.compute(rule.forward, scope, target)
        if out.needed:
            with self.writing(self.out.checks, self.title):
                self.check(operation, rule.lacks_slope, "slope", scope)

    def check(self, operation: Pointwise, lacks: Any, what: str, scope: Scope) -> None:
        """Write the question whether a gate leaves its domain anywhere."""
        mask = self.compute(lacks, scope, None) if isinstance(lacks, Term) else "False"
        if mask == "False":
            return
        mask = "np.True_" if mask == "True" else mask
        arrays = [self.array(cells) for cells in operation.slots]
        self.line(f"if {mask}.any():")
        self.lines.append(f"    refuse({len(self.out.refusals)}, {', '.join([mask, *arrays])})")
        self.out.refusals.append(Refusal(operation, what))
        self.release(mask)

    def pointwise_back(self, operation: Pointwise) -> None:
        scope = self.scope(operation)
        slots = [(cells, term) for cells, term in zip(operation.slots, operation.rule.downstream) if cells.needed]
        self.share([term for _, term in slots], scope)
        for cells, term in slots:
            self.deliver(cells, *self.contribution(term, scope))

    def contribution(self, term: Term, scope: Scope) -> tuple[Shape, Callable[[str | None], str], str]:
        """Return a contribution's shape, the function that writes it, and the ufunc that adds it."""
        shape = scope.with_shapes(term).shapes[term]
        if term.operation == "neg":  # what is added to something is subtracted instead
            (negated,) = term.operands
            return shape, lambda target: self.compute(term if target else negated, scope, target), "subtract"
        return shape, lambda target: self.compute(term, scope, target), "add"

    def copied(self, name: str, target: str | None) -> str:
        """Write a copy, where a target is given."""
        if target is None:
            return name
        self.line(f"np.copyto({target}, {name})")
        self.release(name)
        return target

    # -------------------------------------------------------------------------------------------- gradients that arrive

    def deliver(self, cells: Cells, shape: Shape, compute: Callable[[str | None], str], adding: str = "add") -> None:
        """Write a contribution to the gradient of an operand: assigned where it is the first, else added."""
        index = squeezed(cells.index)
        if any(n > m and k == 1 for n, m, k in zip(cells.index.shape, index.shape, shape)):
            index = cells.index  # every lane reads one cell, and what it gets is not written out lane by lane
        strides = affine(index)
        target_shape = self.full(cells, index)
        if strides is None or distinct(index) < index.size:
            self.scatter(cells, index, shape, target_shape, compute, adding)
            return
        target = self.view(cells.kind, index, strides, "x", gradient=True)
        smaller = tuple(axis for axis, (n, m) in enumerate(zip(shape, target_shape)) if n > m)
        if not self.written[cells.kind][index].any() and not (adding == "subtract" and smaller):
            self.assigned(target, target_shape, compute, shape, smaller)
        else:
            self.to_zero(cells.kind, index)
            result = compute(None)
            if smaller:
                result = self.summed(result, shape, smaller, None)
            self.line(f"np.{adding}({target}, {result}, out={target})")
            self.release(result)
        self.written[cells.kind][index] = True

    def assigned(
        self, target: str, target_shape: Shape, compute: Callable[[str | None], str], shape: Shape, smaller: Shape
    ) -> None:
        """Write the first contribution to a gradient, summed over the axes that the gradient does not have."""
        if not smaller:
            compute(target)
        elif all(m in (n, 1) for n, m in zip(shape, target_shape)):
            self.summed(compute(None), shape, smaller, target)
        else:  # summed over one axis, the same along another
            self.copied(self.summed(compute(None), shape, smaller, None), target)

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
        if "ones" not in self.names:
            self.names["ones"] = "ones"
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
        smaller = tuple(axis for axis, (n, m) in enumerate(zip(shape, target_shape)) if n > m)
        result = compute(None)
        if smaller:
            result = self.summed(result, shape, smaller, None)
            shape = tuple(1 if axis in smaller else n for axis, n in enumerate(shape))
        if shape != target_shape:
            result = self.copied(result, self.temporary(target_shape))
        flat, sign = index.ravel(), "+=" if adding == "add" else "-="
        if self.is_wide(cells.kind):
            self.add_rows(cells.kind, flat, f"{result}.reshape({(flat.size, self.rows)})", sign)
        else:
            low, high = int(flat.min()), int(flat.max()) + 1
            counted = f"np.bincount({self.constant(flat - low, 'i')}, {result}.ravel(), {high - low})"
            self.add_span(cells.kind, low, high, counted, sign)
        self.release(result)

    def add_rows(self, kind: Kind, cells: Array, numbers: str, sign: str) -> None:
        """Write an addition to cells that hold one number per row; those of a cell that is there twice are summed."""
        import numpy as np

        order = np.argsort(cells, kind="stable")
        ordered = cells[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        self.to_zero(kind, ordered[starts])
        if starts.size < cells.size:
            numbers = f"np.add.reduceat({numbers}[{self.constant(order, 'i')}], {self.constant(starts, 'i')}, axis=0)"
            cells = ordered[starts]
        self.line(f"{BUFFERS[kind][1]}[{self.constant(cells, 'i')}] {sign} {numbers}")

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
        with self.shaped(self.is_wide(cells.kind)):
            if cells.kind == "C":
                return self.constant(cells.index)
            if cells.strides is None:
                return self.gathered(cells)
            return self.view(cells.kind, cells.index, cells.strides, prefix, gradient)

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
        self.factors_back(what, g, out, left, right)

    def factors_back(self, what: str, g: str, out: Cells, left: Cells, right: Cells) -> None:
        """Write the gradients of both factors, of the gradient g of their product."""
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

        def multiplied(target: str | None) -> str:
            result = target or self.temporary(self.full(cells))
            self.line(f"{text}, out={result})")
            return result

        with self.shaped(self.is_wide(cells.kind)):
            self.deliver(cells, self.full(cells), multiplied)

    def sum_of_products(self, left: Cells, text: str, right_shape: Shape) -> None:
        """Write the gradient of a factor that meets several matrices: the sum of a product with each."""
        shape = left.index.shape
        parts_shape = (*right_shape[:-1], *shape[-2:])

        def multiplied(target: str | None) -> str:
            parts = self.temporary(parts_shape)
            self.line(f"{text}, out={parts})")
            result = target or self.temporary(shape)
            self.line(f"np.add.reduce({parts}, axis={len(parts_shape) - 3}, out={result})")
            self.release(parts)
            return result

        with self.shaped(False):
            self.deliver(left, shape, multiplied)

    def square(self, cells: Cells, upstream: str) -> None:
        """Write the gradient of a row's product with itself: both factors at once."""

        def doubled(target: str | None) -> str:
            result = target or self.temporary(cells.index.shape)
            self.line(f"np.multiply({self.matrix(cells, 'x')}, {upstream}, out={result})")
            self.line(f"np.add({result}, {result}, out={result})")
            return result

        self.deliver(cells, cells.index.shape, doubled)

    # ------------------------------------------------------------------------------------------------------------- take

    def take(self, operation: Take) -> None:
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
        self.find(operation, k, at)
        source = self.constant(table.index) if table.kind == "C" else BUFFERS[table.kind][0]
        assert out.strides is not None
        target = self.view(out.kind, out.index, out.strides, "z")
        self.line(f'np.take({source}, {at}, out={target}, mode="clip")')

    def find(self, operation: Take, k: str, at: str) -> None:
        """Write where in its buffer the chosen cell of each row of the table is."""
        import numpy as np

        table, out = operation.table, operation.out
        choices = table.index.shape[1]
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

    # ----------------------------------------------------------------------------------------- the first and last lines

    def bind(self, columns: Sequence[int | None], names: Sequence[str], reduce: str) -> None:
        """Write how the entries get their numbers."""
        start = 0
        for name, wanted in zip(names, columns):
            width = 1 if wanted is None else wanted
            place = f"{start}:{start + width}" if wanted is not None else str(start)
            start += width
            if not reduce:
                self.line(f"if {name} is not None:")
                self.lines.append(f"    once[{place}] = {name}")
            elif self.rows == 1:
                self.line(f"each[{place}] = {name}[0]")
            else:
                self.line(f"each[{place}] = {name}{'.T' if wanted is not None else ''}")

    def seeded(self, reduce: str) -> str:
        """Write the seeds of the gradient; return the line that returns the loss."""
        tape, terms = self.layout.tape, []
        for node, share in ((tape.example, "example"), (tape.once, "once")):
            if node is None:
                continue
            kind, place = tape.kinds[node], int(self.layout.place[node])
            factor, seed = "", "1"
            if share == "example":
                if self.is_wide(kind):
                    factor, seed = (f" / {self.rows}", f"{1 / self.rows!r}") if reduce == "mean" else ("", "1")
                elif reduce == "sum" and self.rows > 1:
                    factor, seed = f" * {self.rows}", str(self.rows)
            if kind == "C":
                terms.append(literal(tape.data[node]) + factor)
                continue
            value = f"{BUFFERS[kind][0]}[{place}]"
            terms.append((f"np.add.reduce({value})" if self.is_wide(kind) else value) + factor)
            if not tape.needed[node]:
                continue
            sign = "+=" if self.written[kind][place] else "="
            self.out.backward.append(f"{BUFFERS[kind][1]}[{place}] {sign} {seed}  # the seed")
            self.written[kind][place] = True
        return f"return float({' + '.join(terms)})"

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
