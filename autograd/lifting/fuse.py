"""Fusing: chains of additions become sums, and sums of products become dots.

Before, w1·x1 + w2·x2 + b as four gates; after, one gate, provided that nobody else uses what is in between:

    a = mul(w1, x1)   c = add(a, d)                      f = dot(w1, w2, x1, x2, b)
    d = mul(w2, x2)   f = add(c, b)

Plain `sum(w * x)` code so compiles as well as code that used `dot`. Four cards are known here by identity, because
fusing rests on algebra that a card does not tell: that addition associates, and that a dot is a sum of products.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from autograd.gates import ADD, COPY, DOT, MUL, SUM, Gate
from autograd.lifting.record import Kind, Row, Tape

__all__ = ["fuse", "scalar_count", "uniform"]

RANKS = {
    "P": 0,
    "C": 1,
    "S": 2,
    "T": 3,
}  # which factor of a product stands on the left: so that a layer's weights do, in every product


def fuse(tape: Tape) -> Tape:
    """Return a tape with sums and dots in place of chains; unused nodes stay in the lists, without a gate."""
    uses = _uses(tape)
    fused = replace(
        tape, gates=list(tape.gates), inputs=list(tape.inputs), kinds=list(tape.kinds), data=list(tape.data)
    )
    fused.labels, fused.needed, fused.pairs = list(tape.labels), list(tape.needed), dict(tape.pairs)
    _turn(fused)
    inner = _inner_additions(tape, uses)
    for number, gate in enumerate(tape.gates):
        if gate is ADD or gate is SUM:
            if number in inner:
                fused.gates[number], fused.inputs[number] = None, ()
            else:
                _make_sum(fused, tape, number, inner, uses)
    return fused


def _turn(fused: Tape) -> None:
    """Write every dot so that of each product the factor of the simpler kind is on the left."""
    known: dict[Row, tuple[int, int]] = {}
    for number, (left, right, bias) in fused.pairs.items():
        for row in (left, right):
            if row not in known:
                known[row] = _ranks(fused.kinds, row)
        if known[left][1] > known[right][0]:
            _make_dot(fused, number, _factors(fused.kinds, left, right), bias)


def _uses(tape: Tape) -> Counter[int]:
    """Return how often each node is read; for a row that several dots share, twice stands for more often."""
    rows = Counter([left for left, _, _ in tape.pairs.values()])
    rows.update([right for _, right, _ in tape.pairs.values()])
    uses = Counter(chain.from_iterable([*tape.inputs, *[row.cells * min(2, count) for row, count in rows.items()]]))
    for root in (tape.example, tape.once):
        if root is not None:
            uses[root] += 2  # what is asked for is never in between
    return uses


def _inner_additions(tape: Tape, uses: Counter[int]) -> set[int]:
    """Return the additions whose only user is another addition of the same kind of cell."""
    inner = set()
    for number, gate in enumerate(tape.gates):
        if gate is ADD or gate is SUM:
            for i in tape.inputs[number]:
                same = tape.kinds[i] == tape.kinds[number]
                if uses[i] == 1 and same and (tape.gates[i] is ADD or tape.gates[i] is SUM):
                    inner.add(i)
    return inner


def _terms(tape: Tape, number: int, inner: set[int]) -> list[int]:
    """Return what a tree of additions adds up, from left to right."""
    terms, stack = [], list(reversed(tape.inputs[number]))
    while stack:
        i = stack.pop()
        if i in inner:
            stack.extend(reversed(tape.inputs[i]))
        else:
            terms.append(i)
    # sum() starts from a 0, which adds nothing
    return [i for i in terms if tape.kinds[i] != "C" or tape.data[i] != 0] or terms[:1]


def _make_sum(fused: Tape, tape: Tape, number: int, inner: set[int], uses: Counter[int]) -> None:
    """Write the outermost addition of a tree as a dot and a bias, a sum with a dot among its terms, or a sum."""
    if not any(i in inner or tape.gates[i] is MUL or tape.gates[i] is DOT for i in tape.inputs[number]):
        return
    terms, kind = _terms(tape, number, inner), tape.kinds[number]
    own = [i for i in terms if uses[i] == 1 and tape.kinds[i] == kind]  # what nobody else looks at
    products = [i for i in own if tape.gates[i] is MUL]
    dots = [i for i in own if tape.gates[i] is DOT and not tape.inputs[i]]
    if len(products) >= 2:
        left, right = zip(*[tape.inputs[i] for i in products])
        _join(fused, number, terms, products, _factors(tape.kinds, Row(left), Row(right)))
    elif dots:
        _join(fused, number, terms, dots[:1], fused.pairs[dots[0]][:2])
    elif tuple(terms) != tape.inputs[number]:
        fused.gates[number], fused.inputs[number] = SUM, tuple(terms)


def _join(fused: Tape, number: int, terms: list[int], chosen: list[int], factors: tuple[Row, Row]) -> None:
    """Write a sum of terms, some of which make a dot: what is left is its bias, or is added to it."""
    inside = set(chosen)
    rest = tuple([i for i in terms if i not in inside])
    for i in chosen:
        fused.gates[i], fused.inputs[i] = None, ()
        fused.pairs.pop(i, None)
    if len(rest) <= 1:
        _make_dot(fused, number, factors, rest)
        return
    place = max(chosen)  # after everything that the products need
    _make_dot(fused, place, factors, ())
    fused.needed[place] = any(fused.needed[i] for i in fused.operands(place))
    fused.gates[number], fused.inputs[number] = SUM, (place, *rest)


def _make_dot(fused: Tape, number: int, factors: tuple[Row, Row], bias: tuple[int, ...]) -> None:
    left, right = factors
    fused.gates[number], fused.inputs[number], fused.pairs[number] = DOT, bias, (left, right, bias)


def _factors(kinds: Sequence[Kind], left: Row, right: Row) -> tuple[Row, Row]:
    """Return the factors of a dot, of each product the one of the simpler kind on the left."""
    if _ranks(kinds, right)[1] < _ranks(kinds, left)[0]:
        return right, left
    products = zip(left.cells, right.cells)
    turned = [(x, y) if RANKS[kinds[x]] <= RANKS[kinds[y]] else (y, x) for x, y in products]
    return Row(tuple([x for x, _ in turned])), Row(tuple([y for _, y in turned]))


def _ranks(kinds: Sequence[Kind], row: Row) -> tuple[int, int]:
    """Return the simplest and the least simple kind of cells in a row, as RANKS has them."""
    ranks = [RANKS[kind] for kind in set(map(kinds.__getitem__, row.cells))]
    return min(ranks), max(ranks)


def scalar_count(gate: Gate, inputs: int) -> int:
    """Return how many gates of one or two inputs a gate stands for: n - 1 for n inputs, dots and sums alike."""
    return max(1, inputs - 1)


def uniform(
    tape: Tape, row: Sequence[int], copies: dict[tuple[int, Kind], int], tiled: bool = False
) -> tuple[int, ...]:
    """Return a row of cells of one kind, kind T if `tiled`: those of another kind are copied, once, into that kind."""
    kinds = set(map(tape.kinds.__getitem__, row)) | ({"T"} if tiled else set())
    if len(kinds) == 1:
        return tuple(row)
    kind = "T" if "T" in kinds else "S"
    return tuple([i if tape.kinds[i] == kind else _copied(tape, i, kind, copies) for i in row])


def _copied(tape: Tape, i: int, kind: Kind, copies: dict[tuple[int, Kind], int]) -> int:
    made = copies.get((i, kind))
    if made is None:
        constant = tape.kinds[i] == "C"  # a further leaf, set once
        gate, inputs = (None, ()) if constant else (COPY, (i,))
        made = copies[i, kind] = tape.add(gate, inputs, kind, tape.data[i], tape.labels[i])
    return made
