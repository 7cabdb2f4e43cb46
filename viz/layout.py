"""Where everything goes: a layered layout with fixed slots for text, so that nothing ever stands on anything else.

The plane is cut into columns and channels. A column holds inputs or gates: right of each a stub, where the value stands
above the wire and the gradient below. The local gradients of a gate stand over and under it, those of a gate of many
inputs left of it, each over its pin. All bends lie in the channels between, where there is no text; a wire that passes
a column does so on a straight line of its own. What is much wider than high is cut into rows (`viz.rows`).

    rank    the column of a thing: inputs 0, a gate one more than its latest input
    item    what takes room in a column: an input, a gate, or a passage of a long wire
    link    two items of neighbouring ranks that a wire joins, and the offset of the pin it ends at

Layers by longest path, dummy passages, sweeps that put each item at the mean of its neighbours to cut crossings, then
swaps of neighbours: Sugiyama, Tagawa and Toda, 1981. Heights are medians of where the wires would be straight, under
the order of the column (pool adjacent violators).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, inf
from typing import Any

from viz import theme
from viz.circuit import Box, Circuit, Pin, Wire
from viz.notation import clipped
from viz.rows import Strip, Way, in_rows
from viz.words import BACK

__all__ = [
    "LINE_ABOVE",
    "LINE_BELOW",
    "Placement",
    "Spot",
    "Stub",
    "branch_text",
    "gradient_text",
    "local_text",
    "name_shift",
    "note_shift",
    "place",
    "symbol_size",
]

MARGIN, GAP, CHANNEL, STRAIGHT, RADIUS = 22.0, 10.0, 26.0, 6.0, 20.0
IN_CIRCLE = 2 * RADIUS - 4  # how wide a symbol may be that stands in a circle
LEAD = 8.0  # the least length of a pin
FEW = 2  # a gate of so many pins has its local gradients over and under it
FEW_PIN_GAP, PIN_GAP, FORKED_PIN_GAP = 18.0, 26.0, 40.0
LINE_ABOVE, LINE_BELOW = 22.0, 24.0  # room for a line of text over and under a wire
LOCAL_ABOVE, LOCAL_BELOW, LOCAL_LINE = 10.0, 18.0, 14.0  # from a gate to a base line over it, under it, to the next one
ASCENT, DESCENT = 0.94, 0.25  # what letters reach above and below their base line, in font sizes
NEAR_IF = 0.72  # how much smaller a picture must be before inputs leave the left edge
NUDGE = 8.0  # a bend smaller than this is a blemish: where there is room, the wire is made straight
SWEEPS = 4


@dataclass(slots=True)
class Item:
    """Something that takes room in a column, and what it is joined with on either side."""

    wire: int  # the wire that begins here, or passes
    rank: int
    up: float  # room above its centre line
    down: float
    weight: float = 1.0  # how much it insists on its place: passages do, so that long wires are straight
    before: list[tuple[int, float]] = field(default_factory=list)  # (item, offset of my pin)
    after: list[tuple[int, float]] = field(default_factory=list)  # (item, offset of its pin)
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of the texts of a pin: their base lines and the point at which they start, or are centred."""

    x: float
    local: float
    branch: float  # for what flows back through this branch of a fork
    anchor: str


@dataclass(frozen=True, slots=True)
class Spot:
    """The place of a gate: its centre, half its width and height, where its pins begin, and the height of each pin."""

    x: float
    y: float
    half_width: float
    half_height: float
    pins_from: float
    pins: tuple[float, ...]
    slots: tuple[Slot, ...]  # one per pin
    above: float  # the room that the gate and the texts of its pins take above its centre
    below: float


@dataclass(frozen=True, slots=True)
class Stub:
    """The horizontal piece of a wire where its texts stand."""

    x: float
    end: float
    y: float


@dataclass(frozen=True, slots=True)
class Placement:
    """Where everything of one circuit goes, in pixels from the top left corner."""

    width: float
    height: float
    spots: tuple[Spot, ...]  # one per box
    stubs: tuple[Stub, ...]  # one per wire
    passages: tuple[tuple[int, float, float, float], ...]  # (wire, from x, to x, y): a long wire crossing a column
    bends: tuple[tuple[int, float, float, float, float], ...]  # (wire, from x, from y, to x, to y)
    forks: tuple[tuple[int, float, float], ...]  # (wire, x, y)
    routes: tuple[Way, ...]  # from the end of a row to the beginning of the next


def place(circuit: Circuit) -> Placement:
    """Return the placement of a circuit: the same for the same circuit, whatever the machine.

    Inputs stand at the left, as in the CS231n notes, unless the picture is much smaller with each near its first gate.
    """
    ranks, late = _ranks(circuit), _late_ranks(circuit)
    left = _placed(circuit, ranks)
    near = _placed(circuit, late) if late != ranks else left
    return near if near.width * near.height < NEAR_IF * left.width * left.height else left


def _placed(circuit: Circuit, ranks: list[int]) -> Placement:
    items, passages = _items(circuit, ranks)
    columns = _ordered(items)
    _spread(items, columns)
    return _measured(circuit, ranks, items, passages)


# --------------------------------------------------------------------------------------------------- texts and sizes


def gradient_text(circuit: Circuit, wire: Wire) -> str:
    """Return what stands under a wire: its gradient, at a fork as the sum of what came back."""
    short = circuit.notation.short
    if not wire.forks or circuit.notation.unknowns:
        return f"{BACK} {short(wire.gradient)}"
    shares = [circuit.boxes[box].pins[pin].downstream for box, pin in wire.pins]
    parts = shares if wire.outside is None else [wire.outside, *shares]
    if len(parts) > 3:
        return f"{BACK} sum of {len(parts)} = {short(wire.gradient)}"
    terms = [short(parts[0])] + [circuit.notation.factor(part) for part in parts[1:]]
    equals = "=" if circuit.notation.adds_up(parts, wire.gradient) else "≈"
    return f"{BACK} {' + '.join(terms)} {equals} {short(wire.gradient)}"


def branch_text(circuit: Circuit, pin: Pin) -> str:
    """Return what flows back through one branch of a fork."""
    return f"{BACK} {circuit.notation.short(pin.downstream)}"


def local_text(circuit: Circuit, pin: Pin) -> str:
    """Return what stands at a pin: the local gradient, as the factor it is, or what is noted of it."""
    return pin.note.text if pin.note else f"×{circuit.notation.factor(pin.local)}"


def note_shift(wire: Wire) -> float:
    """Return how far right of a note on a wire its gradient stands."""
    return theme.text_width(wire.note.text, theme.GRADIENT_SIZE, bold=True) + 10 if wire.note else 0.0


def _stub_width(circuit: Circuit, wire: Wire) -> float:
    above = name_shift(circuit, wire)
    if wire.source is not None and wire is not circuit.root:
        above += theme.text_width(clipped(wire.name), theme.NAME_SIZE)
    below = theme.text_width(gradient_text(circuit, wire), theme.GRADIENT_SIZE, bold=True)
    return max(above, note_shift(wire) + below, 34.0) + 10


def name_shift(circuit: Circuit, wire: Wire) -> float:
    """Return how far right of its value the name of a wire stands."""
    return theme.text_width(circuit.notation.short(wire.value), theme.VALUE_SIZE, bold=True) + 8


def _outer_name_width(wire: Wire) -> float:
    return theme.text_width(clipped(wire.name), theme.INPUT_SIZE) + 10


def symbol_size(symbol: str) -> float:
    """Return the font size of a symbol: signs are large, words fit into a circle as far as they can still be read."""
    if len(symbol) == 1:
        return theme.SIGN_SIZE
    sizes = range(theme.SYMBOL_SIZE, theme.SMALLEST_SYMBOL, -1)
    fits = [size for size in sizes if theme.text_width(symbol, size, bold=True) <= IN_CIRCLE]
    return fits[0] if fits else theme.SMALLEST_SYMBOL


def _forked(circuit: Circuit, box: Box) -> bool:
    return any(circuit.wires[pin.wire].forks for pin in box.pins)


def _pin_gap(circuit: Circuit, box: Box) -> float:
    if len(box.pins) <= FEW:
        return FEW_PIN_GAP
    return FORKED_PIN_GAP if _forked(circuit, box) else PIN_GAP


def _pin_offsets(circuit: Circuit, box: Box) -> list[float]:
    gap, middle = _pin_gap(circuit, box), (len(box.pins) - 1) / 2
    return [(i - middle) * gap for i in range(len(box.pins))]


def _pin_width(circuit: Circuit, pin: Pin) -> float:
    """Return the width of the texts of a pin."""
    texts = [local_text(circuit, pin)]
    if circuit.wires[pin.wire].forks:
        texts.append(branch_text(circuit, pin))
    return max([theme.text_width(text, theme.LOCAL_SIZE, bold=True) for text in texts])


def _lead(circuit: Circuit, box: Box) -> float:
    """Return the length of a gate's pins."""
    if len(box.pins) <= FEW:
        return LEAD
    return max([_pin_width(circuit, pin) for pin in box.pins]) + 10


def _half_size(circuit: Circuit, box: Box) -> tuple[float, float]:
    width = theme.text_width(box.symbol, symbol_size(box.symbol), bold=True)
    span = _pin_offsets(circuit, box)[-1] if box.pins else 0.0
    return RADIUS if width <= IN_CIRCLE else width / 2 + 8, RADIUS if span < RADIUS - 4 else span + 10


def _room_of(circuit: Circuit, box: Box) -> tuple[float, float]:
    """Return the room that a gate and the texts of its pins take above its centre, and below."""
    half_height, letters = _half_size(circuit, box)[1], theme.LOCAL_SIZE
    forks = [circuit.wires[pin.wire].forks for pin in box.pins]
    if len(forks) > FEW:
        span = _pin_offsets(circuit, box)[-1]
        return max(half_height, span + 5 + letters * ASCENT), max(half_height, span + 16 * any(forks))
    heads = [LOCAL_ABOVE + LOCAL_LINE * fork + letters * ASCENT for fork in forks[:1]]
    feet = [LOCAL_BELOW + LOCAL_LINE * fork + letters * DESCENT for fork in forks[1:]]
    return half_height + max(heads, default=0.0), half_height + max(feet, default=0.0)


# --------------------------------------------------------------------------------------------------- ranks and items


def _ranks(circuit: Circuit) -> list[int]:
    """Return the rank of each wire's source: 0 for inputs, else one more than the latest input of its gate."""
    ranks = [0] * len(circuit.wires)
    for box in circuit.boxes:
        ranks[box.wire] = 1 + max([ranks[pin.wire] for pin in box.pins], default=0)
    return ranks


def _late_ranks(circuit: Circuit) -> list[int]:
    """Return the rank of each wire's source, as late as its gates allow."""
    ranks = [max(_ranks(circuit))] * len(circuit.wires)
    for box in reversed(circuit.boxes):
        for pin in box.pins:
            ranks[pin.wire] = min(ranks[pin.wire], ranks[box.wire] - 1)
    return ranks


def _items(circuit: Circuit, ranks: list[int]) -> tuple[list[Item], dict[tuple[int, int], int]]:
    """Return the items, the wires' sources first and in their order, and the passages as {(wire, rank): item}."""
    items = [_source_item(circuit, wire, ranks[wire.index]) for wire in circuit.wires]
    passages: dict[tuple[int, int], int] = {}
    for box in circuit.boxes:
        for pin, offset in zip(box.pins, _pin_offsets(circuit, box), strict=True):
            last = pin.wire
            for rank in range(ranks[pin.wire] + 1, ranks[box.wire]):
                if (pin.wire, rank) not in passages:
                    passages[pin.wire, rank] = len(items)
                    items.append(Item(pin.wire, rank, 9.0, 9.0, weight=4.0))
                    _link(items, last, len(items) - 1, 0.0)
                last = passages[pin.wire, rank]
            _link(items, last, box.wire, offset)
    return items, passages


def _source_item(circuit: Circuit, wire: Wire, rank: int) -> Item:
    if wire.source is None:
        return Item(wire.index, rank, LINE_ABOVE, LINE_BELOW)
    above, below = _room_of(circuit, circuit.boxes[wire.source])
    return Item(wire.index, rank, max(LINE_ABOVE, above + 2), max(LINE_BELOW, below + 2))


def _link(items: list[Item], left: int, right: int, offset: float) -> None:
    items[left].after.append((right, offset))
    items[right].before.append((left, offset))


# ------------------------------------------------------------------------------------------- order within the columns


def _ordered(items: Sequence[Item]) -> list[list[int]]:
    """Return the columns as lists of items from top to bottom, with few crossings; a tree's walk has none."""
    columns: list[list[int]] = [[] for _ in range(max(item.rank for item in items) + 1)]
    for i in sorted(range(len(items)), key=lambda i: items[i].wire):
        columns[items[i].rank].append(i)
    best, fewest = [list(column) for column in columns], _crossings(items, columns)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        _sweep(items, columns, rightwards=sweep % 2 == 0)
        _swap(items, columns)
        crossings = _crossings(items, columns)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return best


def _sweep(items: Sequence[Item], columns: list[list[int]], rightwards: bool) -> None:
    """Sort each column by the mean place of its neighbours in the column before it, or after it."""
    place = {i: float(k) for column in columns for k, i in enumerate(column)}
    for column in columns if rightwards else reversed(columns):
        keys = {}
        for i in column:
            # the pin's offset, scaled down, keeps the wires of one gate in the order of its pins
            links = items[i].before if rightwards else items[i].after
            ends = [place[j] - (offset if rightwards else -offset) / 1000 for j, offset in links]
            keys[i] = sum(ends) / len(ends) if ends else place[i]
        column.sort(key=keys.__getitem__)
        place.update({i: float(k) for k, i in enumerate(column)})


def _swap(items: Sequence[Item], columns: list[list[int]]) -> None:
    """Swap neighbours within their columns as long as that saves crossings."""
    place = {i: k for column in columns for k, i in enumerate(column)}
    due = set(range(len(columns)))
    while due:
        changed = [rank for rank in sorted(due) if _swap_within(items, columns[rank], place)]
        due = {near for rank in changed for near in (rank - 1, rank, rank + 1) if 0 <= near < len(columns)}


def _swap_within(items: Sequence[Item], column: list[int], place: dict[int, int]) -> bool:
    """Go down a column once, swapping where that saves crossings; tell whether anything was swapped."""
    before = {i: [place[j] for j, _ in items[i].before] for i in column}
    after = {i: [(place[j], offset) for j, offset in items[i].after] for i in column}
    swapped = False
    for k in range(len(column) - 1):
        above, below = column[k : k + 2]
        if _too_many(before[above], before[below]) + _too_many(after[above], after[below]) > 0:
            column[k : k + 2] = below, above
            place[above], place[below] = k + 1, k
            swapped = True
    return swapped


def _too_many(upper: Sequence[Any], lower: Sequence[Any]) -> int:
    """Return how many crossings fewer there are where the wires of two neighbours go, once these are swapped."""
    return sum([(end > other) - (end < other) for end in upper for other in lower])


def _crossings(items: Sequence[Item], columns: list[list[int]]) -> int:
    """Return how many pairs of wires cross, all channels together."""
    place = {i: k for column in columns for k, i in enumerate(column)}
    crossings = 0
    for column in columns:
        ends: list[tuple[float, float]] = []  # where the wires seen so far go, sorted
        for i in column:
            targets = sorted([(place[j], offset) for j, offset in items[i].after])
            crossings += sum([len(ends) - bisect_right(ends, target) for target in targets])
            for target in targets:
                insort(ends, target)
    return crossings


# ---------------------------------------------------------------------------------------------------- y coordinates

Pull = tuple[float, float]  # (where an item is pulled, how strongly)


def _spread(items: Sequence[Item], columns: list[list[int]]) -> None:
    """Give each item its y: gates between their inputs, long wires straight, nothing nearer than its room allows."""
    for column in columns:
        _settle(items, column, [[(0.0, 1.0)] for _ in column])
    for column in columns[1:]:
        _settle(items, column, [_pulled_back(items, items[i]) for i in column])
    for column in reversed(columns[:-1]):
        _settle(items, column, [_pulled_on(items, items[i]) for i in column])
    for column in columns[1:]:
        _settle(items, column, [_pulled_back(items, items[i]) for i in column])
    _straighten(items, columns)


def _pulled_back(items: Sequence[Item], item: Item) -> list[Pull]:
    """Return the heights at which an item's wires from the left would be straight."""
    return [(items[j].y - offset, item.weight) for j, offset in item.before] or [(item.y, item.weight)]


def _pulled_on(items: Sequence[Item], item: Item) -> list[Pull]:
    """Return the heights at which an item's wires to the right would be straight; long wires count for more."""
    pulls = [(items[j].y + offset, item.weight * (2 if items[j].weight > 1 else 1)) for j, offset in item.after]
    return pulls or [(item.y, item.weight)]


def _settle(items: Sequence[Item], column: Sequence[int], pulls: Sequence[list[Pull]]) -> None:
    """Put a column's items where they are pulled, as far as their order and their room allow, in least distances."""
    shifts = [0.0]
    for above, below in pairwise(column):
        shifts.append(shifts[-1] + items[above].down + GAP + items[below].up)
    blocks: list[tuple[float, list[Pull], int]] = []  # (place, pulls, how many): items that have been pushed together
    for pulled, shift in zip(pulls, shifts, strict=True):
        block, count = [(y - shift, strength) for y, strength in pulled], 1
        while blocks and blocks[-1][0] > _median(block):
            _, others, more = blocks.pop()
            block, count = others + block, more + count
        blocks.append((_median(block), block, count))
    settled = [place for place, _, count in blocks for _ in range(count)]
    for i, y, shift in zip(column, settled, shifts, strict=True):
        items[i].y = y + shift


def _median(pulls: list[Pull]) -> float:
    """Return the weighted median; where the two sides balance, the middle between them."""
    half, reached = sum([strength for _, strength in pulls]) / 2, 0.0
    ordered = sorted(pulls)
    for k, (y, strength) in enumerate(ordered):
        reached += strength
        if reached > half:
            return y
        if reached == half:
            return (y + ordered[k + 1][0]) / 2
    raise AssertionError("strengths are positive")


def _straighten(items: Sequence[Item], columns: list[list[int]]) -> None:
    """Move what lies a little off a straight wire, where there is room, and more wires get straight than are bent."""
    for column in columns:
        for k, i in enumerate(column):
            item, (low, high) = items[i], _room(items, column, k)
            wanted = [y for y, _ in _pulled_back(items, item) + _pulled_on(items, item)]
            near = [y for y in wanted if abs(y - item.y) < NUDGE and low <= y <= high]
            item.y = max([item.y, *near], key=lambda y: sum([abs(y - other) < 0.05 for other in wanted]))


def _room(items: Sequence[Item], column: Sequence[int], k: int) -> tuple[float, float]:
    """Return between which heights an item may lie while its neighbours in the column stay, at half the usual gap."""
    item = items[column[k]]
    above, below = (items[column[n]] if 0 <= n < len(column) else None for n in (k - 1, k + 1))
    low = above.y + above.down + GAP / 2 + item.up if above else -inf
    return low, below.y - below.up - GAP / 2 - item.down if below else inf


# ---------------------------------------------------------------------------------------------------- x and the whole


def _measured(
    circuit: Circuit, ranks: list[int], items: Sequence[Item], passages: dict[tuple[int, int], int]
) -> Placement:
    """Turn ranks into columns of pixels, and items into what is drawn."""
    top = min(item.y - item.up for item in items) - MARGIN
    for item in items:
        item.y = round(item.y - top, 1)
    columns = _columns(circuit, ranks, items)
    rows = in_rows(_strips(circuit, items, columns), MARGIN)
    columns = [_moved(column, *move) for column, move in zip(columns, rows.moves, strict=True)]
    spots = tuple([_spot(circuit, box, items, columns[ranks[box.wire]]) for box in circuit.boxes])
    stubs = tuple([_stub(circuit, wire, items, columns[ranks[wire.index]]) for wire in circuit.wires])
    bends, forks = _bends(circuit, items, passages, columns)
    at = [(wire, columns[rank], items[i].y) for (wire, rank), i in passages.items()]
    lines = tuple([(wire, column.start, column.end, column.height(y)) for wire, column, y in at])
    return Placement(rows.width, rows.height, spots, stubs, lines, bends, forks, rows.routes)


def _strips(circuit: Circuit, items: Sequence[Item], columns: Sequence[Column]) -> list[Strip]:
    """Return what each column takes up, with the channel before it and the name that stands behind the last one."""
    strips = []
    for rank, column in enumerate(columns):
        here = [item for item in items if item.rank == rank]
        entering = sorted([(item.y, item.wire) for item in items if item.rank == rank - 1 and item.after])
        tail = _outer_name_width(circuit.root) if circuit.boxes and rank == len(columns) - 1 else 0.0
        top, bottom = min([item.y - item.up for item in here]), max([item.y + item.down for item in here])
        strips.append(Strip(column.entry, ceil(column.end + tail), top, bottom, tuple([(w, y) for y, w in entering])))
    return strips


@dataclass(frozen=True, slots=True)
class Column:
    """The x coordinates that all items of one rank share: whole pixels, so that the joints of wires do not show."""

    entry: float  # where the channel before it begins
    start: float  # where pins begin
    middle: float  # the centres of the gates
    edge: float  # where stubs begin, right of the widest gate
    end: float  # where stubs end
    down: float = 0.0  # how far below its place in one row

    def height(self, y: float) -> float:
        """Return where a height of the one row is, rounded as all places are: so that level wires are level."""
        return round(y + self.down, 1)


def _moved(column: Column, right: float, down: float) -> Column:
    entry, start, middle, edge, end = (
        x + right for x in (column.entry, column.start, column.middle, column.edge, column.end)
    )
    return Column(entry, start, middle, edge, end, down)


def _columns(circuit: Circuit, ranks: list[int], items: Sequence[Item]) -> list[Column]:
    columns: list[Column] = []
    for rank in range(max(ranks) + 1):
        wires = [wire for wire in circuit.wires if ranks[wire.index] == rank]
        boxes = [circuit.boxes[wire.source] for wire in wires if wire.source is not None]
        entry = columns[-1].end if columns else MARGIN
        start = entry + (_channel(items, rank) if columns else 0.0)
        half = max([_half_size(circuit, box)[0] for box in boxes], default=0.0)
        names = [_outer_name_width(wire) - 2 * half for wire in wires if wire.source is None]
        middle = start + max([0.0, *names, *[_lead(circuit, box) for box in boxes]]) + half
        edge = middle + half
        widths = [_pin_width(circuit, pin) for box in boxes if len(box.pins) <= FEW for pin in box.pins]
        texts = [max(middle, start + 2 + width / 2) + width / 2 + 2 for width in widths]
        end = max([edge + _stub_width(circuit, wire) for wire in wires] + texts)
        columns.append(Column(*[float(round(x)) for x in (entry, start, middle, edge, end)]))
    return columns


def _channel(items: Sequence[Item], rank: int) -> float:
    """Return the width of the channel before a column: wider where wires climb far, so that bends stay gentle."""
    climbs = [abs(items[j].y + offset - item.y) for item in items if item.rank == rank - 1 for j, offset in item.after]
    forks = any(len(item.after) > 1 for item in items if item.rank == rank - 1)
    steepest = max(climbs, default=0.0)
    return STRAIGHT if steepest < 0.5 and not forks else min(CHANNEL + 0.15 * steepest, 140.0)


def _spot(circuit: Circuit, box: Box, items: Sequence[Item], column: Column) -> Spot:
    y = column.height(items[box.wire].y)
    pins = tuple([y + offset for offset in _pin_offsets(circuit, box)])
    slots = _slots_beside(column, pins) if len(pins) > FEW else _slots_around(circuit, box, column, y)
    return Spot(column.middle, y, *_half_size(circuit, box), column.start, pins, slots, *_room_of(circuit, box))


def _slots_beside(column: Column, pins: Sequence[float]) -> tuple[Slot, ...]:
    return tuple([Slot(column.start + 2, y - 5, y + 13, "start") for y in pins])


def _slots_around(circuit: Circuit, box: Box, column: Column, y: float) -> tuple[Slot, ...]:
    """Return the places over a gate and under it: centred, unless that would reach into the channel before it.

    What flows back through a branch stands nearest, since pages show it when the local gradient is gone.
    """
    slots: list[Slot] = []
    half_height = _half_size(circuit, box)[1]
    for pin in box.pins:
        middle = max(column.middle, column.start + 2 + _pin_width(circuit, pin) / 2)
        outwards = LOCAL_LINE if circuit.wires[pin.wire].forks else 0.0
        branch = y + half_height + LOCAL_BELOW if slots else y - half_height - LOCAL_ABOVE
        slots.append(Slot(middle, branch + outwards if slots else branch - outwards, branch, "middle"))
    return tuple(slots)


def _stub(circuit: Circuit, wire: Wire, items: Sequence[Item], column: Column) -> Stub:
    half = None if wire.source is None else _half_size(circuit, circuit.boxes[wire.source])[0]
    start = column.edge if half is None else column.middle + half
    return Stub(start, column.end, column.height(items[wire.index].y))


def _bends(
    circuit: Circuit, items: Sequence[Item], passages: dict[tuple[int, int], int], columns: Sequence[Column]
) -> tuple[tuple[tuple[int, float, float, float, float], ...], tuple[tuple[int, float, float], ...]]:
    """Return the curves in the channels, each once, and the points where a wire forks."""
    owner = {wire.index: wire.index for wire in circuit.wires} | {i: wire for (wire, _), i in passages.items()}
    bends, forks = [], []
    for i, wire in owner.items():
        item, ends = items[i], sorted({items[j].y + offset for j, offset in items[i].after})
        if ends:
            channel = columns[item.rank + 1]
            y = channel.height(item.y)
            bends.extend([(wire, channel.entry, y, channel.start, channel.height(end)) for end in ends])
            if len(ends) > 1:
                forks.append((wire, channel.entry, y))
    return tuple(bends), tuple(forks)
