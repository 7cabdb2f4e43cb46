"""Layout: gates that do the same thing at the same time stand side by side, so that one array operation does them all.

Before, four gates of a layer of two neurons; after, two operations on neighbouring cells:

    h0 = dot(w00, w01, x0, x1, b0)     cells 0-1 = x       (2,)
    h1 = dot(w10, w11, x0, x1, b1)     cells 2-3 = h       (2,)   one matrix product W (2, 2) @ x (2,), + b (2,)
    a0 = relu(h0)   a1 = relu(h1)      cells 4-5 = a       (2,)   relu of cells 2-3

    kind    P parameters, S one number for all rows, T one number per row, C constants: each kind has cells of its own
    level   a gate's distance from the leaves: gates of one level do not depend on each other
    slot    the cells that one operand of a group reads: affine (a start and one stride per axis) or scattered
    row     of a dot: one of its two lists of factors; rows that meet form matrix products
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd.gates import DOT, GATES, TAKE, Gate
from autograd.lifting.fuse import uniform
from autograd.lifting.products import Component, components, extended
from autograd.lifting.record import Kind, Pair, Row, Tape
from autograd.lifting.terms import Rule, neutral, rule_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["Cells", "Layout", "Operation", "Pointwise", "Product", "Take", "affine", "distinct", "lay_out", "squeezed"]

AXES = 5  # how many axes operands are told with at most; what needs more is gathered
PADDED = 4096  # a ragged group is padded up to the longest of its rows while it has fewer cells than this


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells an operand reads: which one stands at each place. An axis along which nothing changes has length 1."""

    kind: Kind
    index: Array  # of constants (kind C): the numbers themselves
    strides: tuple[int, ...] | None  # None where they are scattered
    needed: bool  # whether their gradient is asked for

    @property
    def start(self) -> int:
        """The cell at the first place."""
        return int(self.index.flat[0])


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One group: the nodes it computes, in the order of its cells, and where they go."""

    gate: Gate
    members: Array
    out: Cells


@dataclass(frozen=True, slots=True, eq=False)
class Pointwise(Operation):
    """The same rule at every place; `lanes` is the length of the last axis of its stacks, 0 where it has none."""

    rule: Rule
    slots: tuple[Cells, ...]
    lanes: int


@dataclass(frozen=True, slots=True, eq=False)
class Product(Operation):
    """out (B, R, L) = right (B, R, k) @ left (B, L, k) transposed, + bias; a member -1 is computed for nobody."""

    left: Cells
    right: Cells
    bias: Cells | None


@dataclass(frozen=True, slots=True, eq=False)
class Take(Operation):
    """Of each row of the table (m, V), in the order of the output's cells, the entry that its index says."""

    table: Cells
    chosen: Cells


@dataclass(slots=True)
class Layout:
    """Where every node of a tape lives, and the operations in order."""

    tape: Tape
    sizes: dict[Kind, int]  # how many cells of each kind there are
    place: Array  # of each node: its cell within its kind
    operations: list[Operation] = field(default_factory=list)
    fills: list[tuple[Kind, int, float]] = field(default_factory=list)  # cells that are set once and stay
    completed: bool = False  # whether a matrix product computes more than was asked for


def lay_out(tape: Tape, complete: bool = True) -> Layout:
    """Return the layout of a fused tape.

    With `complete`, ragged and triangular sets of dots become whole matrix products: rows are padded with zeros, and
    dots that nobody asked for are computed too. What is added meets factors of 0, so that finite numbers stay as they
    are; but 0 × inf is nan, where the program itself has no product. Where a nan comes out, run the exact layout.
    """
    return _Builder(tape, complete).build()


# -------------------------------------------------------------------------------------------------------- axes of cells


def affine(index: Array) -> tuple[int, ...] | None:
    """Return the strides of cells that are start + Σ stride·i at every place i, None where they are not."""
    import numpy as np

    strides = tuple(
        [int(index.take(1, axis).flat[0] - index.flat[0]) if n > 1 else 0 for axis, n in enumerate(index.shape)]
    )
    told = np.full((), index.flat[0])
    for axis, (n, stride) in enumerate(zip(index.shape, strides)):
        told = told + (np.arange(n) * stride).reshape([-1 if a == axis else 1 for a in range(index.ndim)])
    return strides if np.array_equal(told, index) else None


def factor(columns: Array) -> tuple[int, ...] | None:
    """Return the axes along which all columns (m, a) advance evenly, None where there are no such axes.

    0 1 2 10 11 12 beside 5 5 5 6 6 6 has the axes (2, 3).
    """
    import numpy as np

    shape: list[int] = []
    while len(columns) > 1:
        m, width = columns.shape
        steps = columns[1:] - columns[:-1]
        breaks = np.flatnonzero((steps != steps[0]).any(axis=1))
        q = int(breaks[0]) + 1 if breaks.size else m
        if m % q or len(shape) == AXES:
            return None
        blocks = columns.reshape(m // q, q, width)
        if (blocks[:, 1:] - blocks[:, :-1] != steps[0]).any():
            return None
        shape.insert(0, q)
        columns = columns[::q]
    return tuple(shape) or (1,)


def distinct(numbers: Array) -> int:
    """Return how many different numbers there are; np.unique would import a good deal first."""
    import numpy as np

    ordered = np.sort(numbers, axis=None)
    return 1 + int((ordered[1:] != ordered[:-1]).sum())


def common_axes(columns: Sequence[Array]) -> tuple[int, ...]:
    """Return axes for as many columns as go together, the first ones first; the others will be gathered."""
    import numpy as np

    kept: list[Array] = []
    found: tuple[int, ...] = (len(columns[0]),) if columns else (1,)
    for column in columns:
        axes = factor(np.stack([*kept, column], axis=1))
        if axes is not None:
            kept.append(column)
            found = axes
    return found


def squeezed(index: Array, lanes: int = 0) -> Array:
    """Return the index with each axis along which nothing changes cut to length 1, except the last `lanes` axes."""
    bits = index.view("i8")  # so that equal nan are equal, and 0.0 and -0.0 are not
    for axis, n in enumerate(index.shape[: index.ndim - lanes]):
        if n > 1 and (bits.take([0], axis) == bits).all():
            index, bits = index.take([0], axis), bits.take([0], axis)
    return index


# ---------------------------------------------------------------------------------------------------------- the builder


class _Builder:
    def __init__(self, tape: Tape, complete: bool) -> None:
        self.tape, self.complete = tape, complete
        self.pads: dict[tuple[Kind, float], int] = {}
        self.rules: dict[tuple[Gate, tuple[int, ...]], Rule | None] = {}
        self.rows: dict[tuple[Row | tuple[int, ...], bool], Row] = {}
        self.pairs: dict[int, Pair] = {}  # of every dot
        self.level = [0] * len(tape.gates)
        self.row_levels: dict[Row, int] = {}
        self.groups: dict[int, dict[Any, list[int]]] = defaultdict(lambda: defaultdict(list))

    def build(self) -> Layout:
        import numpy as np

        recorded = len(self.tape.gates)
        levels = self.grouped()
        self.place = np.zeros(len(self.tape.gates), dtype=np.int64)
        self.data = np.array(self.tape.data)
        self.needed = np.array(self.tape.needed, dtype=bool)
        self.start(recorded)
        for level in sorted(levels):
            for key, members in levels[level].items():
                self.group(key, members)
        self.layout.place = self.place
        return self.layout

    def start(self, recorded: int) -> None:
        """Make the layout of the leaves; those from `recorded` on are copies of constants, and set once."""
        import numpy as np

        tape = self.tape
        self.sizes = {"P": len(tape.parameters), "S": 0, "T": 0}
        self.sizes["T" if tape.tiled else "S"] = len(tape.entries)
        for places in (tape.parameters, tape.entries):
            numbers = np.array(places, dtype=np.int64)
            self.place[numbers[numbers >= 0]] = np.flatnonzero(numbers >= 0)
        self.layout = Layout(tape, self.sizes, self.place)
        for number in range(recorded, len(tape.gates)):
            if tape.gates[number] is None:
                self.fill(number)
        if not tape.tiled:  # inputs of a graph keep their numbers until they are bound anew
            data = [(i, tape.data[number]) for i, number in enumerate(tape.entries) if number >= 0]
            self.layout.fills += [("S", i, number) for i, number in data]

    def rule(self, gate: Gate, widths: tuple[int, ...]) -> Rule | None:
        if GATES.get(gate.name) is gate:  # what the table tells of three lanes, it tells of any number of them
            widths = tuple([min(width, 3) for width in widths])
        key = gate, widths
        if key not in self.rules:
            self.rules[key] = rule_of(gate, widths)
        return self.rules[key]

    # ------------------------------------------------------------------------------------------------ levels and groups

    def grouped(self) -> dict[int, dict[Any, list[int]]]:
        """Return {level: {what the gates of a group have in common: their nodes}}; rows are made uniform on the way."""
        tape, copies, kind_of = self.tape, dict[tuple[int, Kind], int](), self.tape.kinds.__getitem__
        for number, gate in enumerate(list(tape.gates)):
            if gate is None:
                continue
            if gate.arity in (1, 2):  # most gates: nothing to be copied
                read = "".join(map(kind_of, tape.inputs[number]))
                self.join(number, (gate, tape.kinds[number], tape.needed[number], read, None))
                continue
            first = len(tape.gates)
            key = self.key(number, gate, copies)
            for copy in range(first, len(tape.gates)):
                self.level.append(0)
                if tape.gates[copy] is not None:
                    source = tape.kinds[tape.inputs[copy][0]]
                    self.join(copy, (tape.gates[copy], tape.kinds[copy], tape.needed[copy], source, None))
            self.join(number, key)
        return self.groups

    def join(self, number: int, key: Any) -> None:
        """Put a node into the group of a key, at its level."""
        inputs, level = self.tape.inputs[number], self.level
        if number in self.pairs:
            left, right, _ = self.pairs[number]
            x = self.row_levels.get(left) or self.row_level(left)
            y = self.row_levels.get(right) or self.row_level(right)
            found = x if x > y else y
            if inputs:
                found = max(found, 1 + level[inputs[0]])
        elif len(inputs) == 2:
            x, y = level[inputs[0]], level[inputs[1]]
            found = 1 + (x if x > y else y)
        else:
            found = 1 + max(map(level.__getitem__, inputs))
        level[number] = found
        self.groups[found][key].append(number)

    def row_level(self, row: Row) -> int:
        """Return the level of a dot of a row, as far as that row decides it."""
        found = self.row_levels[row] = 1 + max(map(self.level.__getitem__, row.cells))
        return found

    def key(self, number: int, gate: Gate, copies: dict[tuple[int, Kind], int]) -> Any:
        """Return what gates must have in common to be one group: gate, kind, need, kinds of operands, stacks' width."""
        tape, kinds, parts = self.tape, self.tape.kinds, self.tape.inputs[number]
        width = None
        if number in tape.pairs:
            first, second, bias = tape.pairs[number]
            left = self.rows.get((first, False)) or self.row(first, False, copies)
            tiled = kinds[number] == "T"
            right = self.rows.get((second, tiled)) or self.row(second, tiled, copies)
            same = left is first and right is second  # the same tuple then: there are many
            self.pairs[number] = tape.pairs[number] if same else (left, right, bias)
            parts, width = (left.cells[0], right.cells[0], *bias), 0
        elif gate is TAKE:
            row = uniform(tape, parts[:-1], copies)
            tape.inputs[number] = *row, parts[-1]
            parts, width = (row[0], parts[-1]), len(row)
        elif gate.arity == 0 and self.stackable(gate, len(parts)):
            row = tape.inputs[number] = uniform(tape, parts, copies)
            padded = neutral(gate) is not None and kinds[row[0]] != "P"
            parts, width = row[:1], 0 if padded else len(row)
            if len(row) == 1 and not padded:  # nothing to fold over
                width = None
        return gate, kinds[number], tape.needed[number], "".join(map(kinds.__getitem__, parts)), width

    def stackable(self, gate: Gate, width: int) -> bool:
        """Tell whether an n-ary gate can be told as folds over lanes; one that can be padded, for any width alike."""
        return self.rule(gate, (3 if neutral(gate) is not None else width,)) is not None

    def row(self, row: Row, tiled: bool, copies: dict[tuple[int, Kind], int]) -> Row:
        """Return a row of one kind of cells, the same object for the same row.

        The right row of a dot is one per row of the data if the dot is, be it for its bias alone.
        """
        found = self.rows.get((row.cells, tiled))  # fusing may have made the same row twice
        if found is None:
            cells = uniform(self.tape, row.cells, copies, tiled)
            found = self.rows[row.cells, tiled] = row if cells is row.cells else Row(cells)
        self.rows[row, tiled] = found
        return found

    def group(self, key: Any, members: list[int]) -> None:
        gate, kind, _, kinds, width = key
        if gate is DOT and width is not None:
            self.dots(kind, kinds, members)
        elif gate is TAKE:
            self.take(kind, members)
        elif width is None:
            columns = columns_of([self.tape.inputs[i] for i in members])
            self.pointwise(gate, kind, members, columns, self.rule(gate, (0,) * len(columns)))
        else:
            for some in self.ragged(members, gate, width):
                self.stacks(gate, kind, some, [[self.tape.inputs[i] for i in some]], [], neutral(gate))

    def ragged(self, members: list[int], gate: Gate, width: int) -> Iterable[list[int]]:
        """Yield the members of a group in parts that are padded together."""
        lengths = [len(self.operands(i)) for i in members]
        if width or max(lengths) * len(members) <= max(PADDED, 2 * sum(lengths)):
            yield members
            return
        classes: dict[int, list[int]] = defaultdict(list)
        for i, length in zip(members, lengths):
            classes[(length - 1).bit_length()].append(i)
        for _, some in sorted(classes.items()):
            yield some

    # ----------------------------------------------------------------------------------------------------------- places

    def operands(self, number: int) -> tuple[int, ...]:
        """Return all that a node reads, rows made uniform."""
        if number not in self.pairs:
            return self.tape.inputs[number]
        left, right, bias = self.pairs[number]
        return left.cells + right.cells + bias

    def kind_of(self, nodes: Array) -> Kind:
        return self.tape.kinds[int(nodes.flat[0])]

    def cells(self, nodes: Array, lanes: int = 0) -> Cells:
        """Return the cells in which nodes, of any shape, are to be found; a stack's last axis is its lanes'."""
        kind = self.kind_of(nodes)
        if kind == "C":
            return Cells("C", squeezed(self.data[nodes], lanes), None, False)
        index = squeezed(self.place[nodes], lanes)
        return Cells(kind, index, affine(index), bool(self.needed[nodes].any()))

    def put(self, kind: Kind, members: Array, shape: tuple[int, ...]) -> Cells:
        """Return the next cells of a kind, for the members of a group."""
        import numpy as np

        start = self.sizes[kind]
        self.sizes[kind] += members.size
        index = np.arange(start, start + members.size)
        asked_for = members.ravel() >= 0
        self.place[members.ravel()[asked_for]] = index[asked_for]
        index = index.reshape(shape)
        return Cells(kind, index, affine(index), bool(self.needed[members].any()))

    def pad(self, kind: Kind, number: float) -> int:
        """Return a node of a kind that always holds a number."""
        import numpy as np

        found = self.pads.get((kind, number))
        if found is None:
            found = self.pads[kind, number] = self.tape.add(None, (), kind, number)
            self.place, self.needed = np.append(self.place, 0), np.append(self.needed, False)
            self.data = np.append(self.data, number)
            if kind != "C":
                self.fill(found)
        return found

    def fill(self, number: int) -> None:
        """Give a leaf that is neither parameter nor entry a cell that is set once."""
        kind = self.tape.kinds[number]
        self.place[number] = self.sizes[kind]
        self.layout.fills.append((kind, self.sizes[kind], self.tape.data[number]))
        self.sizes[kind] += 1

    # ------------------------------------------------------------------------------------------- the kinds of operation

    def pointwise(
        self, gate: Gate, kind: Kind, members: list[int], columns: list[Array], rule: Rule | None, lanes: int = 0
    ) -> None:
        """Add an operation of one rule; a column is (m,) nodes, or (m, lanes) where it is a stack."""
        import numpy as np

        assert rule is not None
        bases = [self.place[c] if c.ndim == 1 else self.place[c[:, 0]] for c in columns if self.kind_of(c) != "C"]
        bases.sort(key=lambda base: -distinct(base))
        order = np.lexsort(bases[::-1]) if bases else np.arange(len(members))
        columns = [c[order] for c in columns]
        stacked = [c for c in columns if self.kind_of(c) != "C"]
        stacked = [self.place[c] for c in stacked]
        bases = [c if c.ndim == 1 else c[:, 0] for c in stacked if c.ndim == 1 or even(c)]
        bases.sort(key=lambda base: -distinct(base))
        axes = common_axes(bases) if bases else (len(members),)
        tail = (1,) if lanes else ()
        slots = [self.cells(c.reshape(axes + (c.shape[1:] or tail)), c.ndim - 1) for c in columns]
        ordered = np.array(members)[order]
        out = self.put(kind, ordered, axes + tail)
        self.layout.operations.append(Pointwise(gate, ordered, out, rule, tuple(slots), lanes))

    def stacks(
        self,
        gate: Gate,
        kind: Kind,
        members: list[int],
        rows: list[list[tuple[int, ...]]],
        singles: list[Array],
        pad: float | None,
    ) -> None:
        """Add an operation over stacks of rows, the shorter ones padded."""
        import numpy as np

        lanes = max(2 if pad is not None else 1, *map(len, rows[0]))
        columns = []
        for column in rows:
            filler = (
                ()
                if all(len(row) == lanes for row in column)
                else (self.pad(self.tape.kinds[column[0][0]], 0.0 if pad is None else pad),)
            )
            columns.append(np.array([row + filler * (lanes - len(row)) for row in column], dtype=np.int64))
        rule = self.rule(gate, (lanes,) * len(rows) + (0,) * len(singles))
        self.pointwise(gate, kind, members, [*columns, *singles], rule, lanes)

    def take(self, kind: Kind, members: list[int]) -> None:
        import numpy as np

        inputs = np.array([self.tape.inputs[i] for i in members], dtype=np.int64)
        chosen, first = (self.data if self.kind_of(c) == "C" else self.place for c in (inputs[:, -1], inputs[:, 0]))
        keys = [chosen[inputs[:, -1]], first[inputs[:, 0]]]
        order = np.lexsort(keys[::-1])
        inputs, nodes = inputs[order], np.array(members)[order]
        axes = common_axes([key[order].view("i8") for key in keys])
        table = self.cells_unsqueezed(inputs[:, :-1])
        index = self.cells(inputs[:, -1].reshape(axes))
        self.layout.operations.append(Take(TAKE, nodes, self.put(kind, nodes, axes), table, index))

    def cells_unsqueezed(self, nodes: Array) -> Cells:
        kind = self.kind_of(nodes)
        index = self.data[nodes] if kind == "C" else self.place[nodes]
        return Cells(kind, index, None, bool(self.needed[nodes].any()))

    # -------------------------------------------------------------------------------------------------- matrix products

    def dots(self, kind: Kind, kinds: str, members: list[int]) -> None:
        """Add the matrix products that the dots of a group are; what is none is multiplied and summed."""
        recorded = [self.pairs[i] for i in members]
        pairs = extended(recorded, self.zero) if self.complete else recorded
        self.layout.completed |= any(new is not old for new, old in zip(pairs, recorded))
        found, rest = components(pairs, self.complete)
        batches: dict[tuple[int, int, int], list[Component]] = defaultdict(list)
        for component in found:
            left, right, _ = component
            batches[len(left), len(right), len(left[0].cells)].append(component)
        for (n_left, n_right, width), batch in batches.items():
            if n_left == n_right == 1 and len(batch) > 1 and width <= 64:
                rest += [i for _, _, grid in batch for line in grid for i in line]  # no grid of one has a gap
            else:
                self.product(kind, members, batch)
        self.remaining(kind, kinds, [members[i] for i in sorted(rest)])

    def zero(self, row: Row) -> int | None:
        """Return a node that a row can be padded with; none for parameters, whose cells are all taken."""
        kind = self.tape.kinds[row.cells[0]]
        return None if kind == "P" else self.pad(kind, 0.0)

    def product(self, kind: Kind, members: list[int], batch: list[Component]) -> None:
        """Add the matrix products of a batch, each with its rows in the order of their cells."""
        import numpy as np

        parts = []
        for lefts, rights, grid in batch:
            by_left, by_right = ([self.position(row) for row in side] for side in (lefts, rights))
            ls, rs = (sorted(range(len(side)), key=side.__getitem__) for side in (by_left, by_right))
            rows = [[lefts[i].cells for i in ls], [rights[r].cells for r in rs]]
            parts.append((by_right[rs[0]], by_left[ls[0]], rows, [[grid[r][i] for i in ls] for r in rs]))
        parts.sort(key=lambda part: part[:2])
        places = np.array([grid for *_, grid in parts])
        left, right = (self.whole(np.array([rows[side] for _, _, rows, _ in parts], dtype=np.int64)) for side in (0, 1))
        assert left.kind != "T" or right.kind == "T", "fusing puts what all rows share on the left"
        numbers = np.where(places < 0, -1, np.array(members)[places])
        self.layout.completed |= bool((places < 0).any())
        bias = None
        if self.pairs[int(numbers.max())][2]:
            nodes = np.array([self.pairs[i][2][0] for i in numbers.ravel().tolist()], dtype=np.int64)
            bias = self.cells(nodes.reshape(places.shape))
        out = self.put(kind, numbers, places.shape)
        self.layout.operations.append(Product(DOT, numbers, out, left, right, bias))

    def position(self, row: Row) -> float:
        first = row.cells[0]
        return float(self.data[first] if self.tape.kinds[first] == "C" else self.place[first])

    def whole(self, nodes: Array) -> Cells:
        """Return cells of a matrix, no axis cut."""
        cells = self.cells_unsqueezed(nodes)
        strides = None if cells.kind == "C" else affine(cells.index)
        return Cells(cells.kind, cells.index, strides, cells.needed)

    def remaining(self, kind: Kind, kinds: str, members: list[int]) -> None:
        """Add the dots that are no matrix product, those of one factor each apart, padded where that is possible."""
        import numpy as np

        classes: dict[int, list[int]] = defaultdict(list)
        for i in members:
            width = len(self.pairs[i][0].cells)
            classes[width if width == 1 or "P" in kinds[:2] else 0].append(i)
        for width, some in sorted(classes.items()):
            if width == 1:
                columns = columns_of([self.operands(i) for i in some])
                self.pointwise(DOT, kind, some, columns, self.rule(DOT, (0,) * len(columns)))
                continue
            for part in self.ragged(some, DOT, width):
                pairs = [self.pairs[i] for i in part]
                bias = [np.array([pair[2][0] for pair in pairs])] if pairs[0][2] else []
                self.stacks(
                    DOT,
                    kind,
                    part,
                    [[left.cells for left, _, _ in pairs], [right.cells for _, right, _ in pairs]],
                    bias,
                    0.0,
                )


def columns_of(inputs: list[tuple[int, ...]]) -> list[Array]:
    """Return one column of nodes per operand, of what gates of one arity read."""
    import numpy as np

    return list(np.array(inputs, dtype=np.int64).T)


def even(stack: Array) -> bool:
    """Tell whether the lanes of a stack (m, k) advance by one and the same step."""
    steps = stack[:, 1:] - stack[:, :-1]
    return bool((steps == steps.flat[0]).all()) if steps.size else True
