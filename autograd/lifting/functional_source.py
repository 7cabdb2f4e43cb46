"""The same layout as a pure function of jax.numpy: every operation makes a new array, for any number of rows.

Before, an operation of a layout: relu of the cells 2-17, which become the cells 18-33; after:

    v2 = jnp.maximum(0.0, v1)                   # relu: v1 and v2 are (16, rows)

    block    the array that one operation, one array of entries or the parameters make: (cells,), or (cells, rows)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.errors import pip_install
from autograd.lifting.layout import Cells, Layout, Pointwise, Product, Take
from autograd.lifting.record import Kind
from autograd.lifting.terms import CALL, FOLD, SLOT, VALUE, Term, topological
from autograd.lifting.writing import literal as numpy_literal
from autograd.symbol import NUMPY, Symbol

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["jax_function", "jax_source"]

FOLDED = {"add": "sum", "mul": "prod", "maximum": "max", "minimum": "min", "or": "any", "and": "all"}


def jax_function(
    layout: Layout, columns: Sequence[int | None], names: Sequence[str], reduce: str
) -> Callable[..., Any]:
    """Return (parameters, *arrays) -> loss, a pure function of jax.numpy; ImportError where jax is not installed."""
    try:
        import jax.numpy as jnp
    except ImportError:
        raise ImportError(f"to_jax needs jax: {pip_install('jax')}") from None
    source, data = jax_source(layout, columns, names, reduce)
    namespace: dict[str, Any] = {"jnp": jnp, **data}
    exec(source, namespace)  # text of our own making alone
    return namespace["loss"]  # type: ignore[no-any-return]


def jax_source(
    layout: Layout, columns: Sequence[int | None], names: Sequence[str], reduce: str
) -> tuple[str, dict[str, Array]]:
    """Return the source of `loss`, and the constants and tables of cells that it mentions, by name."""
    writer = _Writer(layout)
    writer.bind(columns, names, bool(reduce))
    for operation in layout.operations:
        if isinstance(operation, Pointwise):
            text = writer.pointwise(operation)
        elif isinstance(operation, Product):
            text = writer.product(operation)
        else:
            assert isinstance(operation, Take)
            text = writer.take(operation)
        writer.block(operation.out, text)
    writer.finish(reduce)
    lines = [f"def loss({', '.join(['parameters', *names])}):", *[f"    {line}" for line in writer.lines]]
    return "\n".join(lines) + "\n", writer.data


def literal(x: float) -> str:
    """Return a number as source."""
    return numpy_literal(x).replace("np.", "jnp.")


class _Writer:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.lines: list[str] = []
        self.data: dict[str, Array] = {}
        self.blocks: dict[Kind, list[tuple[int, int, str]]] = {"P": [], "S": [], "T": []}  # start, end, name
        self.count = 0

    def name(self, text: str) -> str:
        """Write an assignment to a new name."""
        self.count += 1
        self.lines.append(f"v{self.count} = {text}")
        return f"v{self.count}"

    def constant(self, numbers: Array) -> str:
        name = f"c{len(self.data) + 1}"
        self.data[name] = numbers
        return name

    def bind(self, columns: Sequence[int | None], names: Sequence[str], tiled: bool) -> None:
        self.lines.append("parameters = jnp.asarray(parameters)")
        self.blocks["P"].append((0, self.layout.sizes["P"], "parameters"))
        start = 0
        for name, width in zip(names, columns):
            end = start + (1 if width is None else width)
            array = f"jnp.asarray({name}, dtype=parameters.dtype)"
            text = array if not tiled else f"{array}[None]" if width is None else f"{array}.T"
            self.blocks["T" if tiled else "S"].append((start, end, self.name(text)))
            start = end
        if tiled:
            self.lines.append(f"rows = jnp.asarray({names[0]}).shape[0]")
        for kind, cell, number in self.layout.fills:
            if tiled or cell >= start:  # the inputs of a graph are bound above
                text = f"jnp.full((1{', rows' if kind == 'T' else ''},), {literal(number)}, dtype=parameters.dtype)"
                self.blocks[kind].append((cell, cell + 1, self.name(text)))

    def block(self, out: Cells, text: str) -> None:
        size = out.index.size
        flat = f"({text}).reshape({f'{size}, -1' if out.kind == 'T' else size})"
        self.blocks[out.kind].append((out.start, out.start + size, self.name(flat)))

    def array(self, cells: Cells, wide: bool) -> str:
        """Return the source of an operand's array, with an axis for rows where the operation has one."""
        if cells.kind == "C":
            numbers = cells.index[..., None] if wide else cells.index
            return literal(float(numbers.flat[0])) if numbers.size == 1 else self.constant(numbers)
        flat = cells.index.ravel()
        low, high = int(flat.min()), int(flat.max()) + 1
        found = sorted(b for b in self.blocks[cells.kind] if b[0] < high and b[1] > low)
        source = found[0][2] if len(found) == 1 else f"jnp.concatenate([{', '.join(name for *_, name in found)}])"
        starts = sorted((start, end) for start, end, _ in found)
        local, offset = flat.copy(), 0
        for start, end in starts:
            inside = (flat >= start) & (flat < end)
            local[inside] = flat[inside] - start + offset
            offset += end - start
        if (local[1:] - local[:-1] == 1).all():
            whole = local.size == offset
            source = source if whole else f"{source}[{local[0]}:{local[0] + local.size}]"
        else:
            source = f"{source}[{self.constant(local)}]"
        shape = cells.index.shape
        if cells.kind == "T":
            return source if len(shape) == 1 else f"{source}.reshape({(*shape, -1)})"
        full = (*shape, 1) if wide else shape
        return source if len(full) == 1 else f"{source}.reshape({full})"

    def pointwise(self, operation: Pointwise) -> str:
        rule, wide = operation.rule, operation.out.kind == "T"
        lane = operation.out.index.ndim - 1
        symbols: dict[Term, Symbol] = {}
        for term in topological([rule.forward]):
            if term.operation == SLOT:
                text = self.array(operation.slots[term.operands[0]], wide)
            elif term.operation == CALL:
                raise TypeError(f"the card of the gate {operation.gate.name!r} cannot be printed, so jax cannot run it")
            elif term.operation == FOLD:
                text = f"jnp.{FOLDED[term.operands[0]]}({symbols[term.operands[1]]}, axis={lane}, keepdims=True)"
            else:
                assert term.operation != VALUE
                operands = [symbols[x] if isinstance(x, Term) else x for x in term.operands]
                text = str(NUMPY.write(term.operation, *operands)).replace("np.", "jnp.")
            symbols[term] = NUMPY.symbol(self.name(text))
        forward = str(symbols[rule.forward]) if isinstance(rule.forward, Term) else literal(rule.forward)
        shape = f"{operation.out.index.shape + (('rows',) if wide else ())}".replace("'", "")
        return f"jnp.broadcast_to({forward}, {shape})"

    def product(self, operation: Product) -> str:
        left, right = self.array(operation.left, False), self.array(operation.right, False)
        l_axes, r_axes = ("n" if c.kind == "T" else "" for c in (operation.left, operation.right))
        wide = "n" if operation.out.kind == "T" else ""
        text = f'jnp.einsum("blk{l_axes},brk{r_axes}->brl{wide}", {left}, {right})'
        return text if operation.bias is None else f"{text} + {self.array(operation.bias, bool(wide))}"

    def take(self, operation: Take) -> str:
        wide, m = operation.out.kind == "T", operation.out.index.size
        table = operation.table
        source = self.constant(table.index) if table.kind == "C" else self.array(table, False)
        shape = f"{operation.out.index.shape + (('rows',) if wide else ())}".replace("'", "")
        chosen = f"jnp.broadcast_to({self.array(operation.chosen, wide)}, {shape})"
        flat = f"({m}, rows)" if wide else f"({m},)"
        k = self.name(f"{chosen}.reshape({flat}).astype(int)")
        first = f"jnp.arange({m})[:, None]" if wide else f"jnp.arange({m})"
        return f"{source}[{first}, {k}{', jnp.arange(rows)' if table.kind == 'T' else ''}]"

    def finish(self, reduce: str) -> None:
        tape, terms = self.layout.tape, []
        for node, once in ((tape.example, False), (tape.once, True)):
            if node is None:
                continue
            kind = tape.kinds[node]
            if kind == "C":
                text = literal(tape.data[node])
            else:
                import numpy as np

                place = np.array([self.layout.place[node]])
                text = f"{self.array(Cells(kind, place, None, False), False)}[0]"
            if not once and kind == "T":
                text = f"jnp.{reduce}({text})"
            elif not once and reduce == "sum":
                text = f"{text} * rows"
            terms.append(text)
        self.lines.append(f"return {' + '.join(terms)}")
