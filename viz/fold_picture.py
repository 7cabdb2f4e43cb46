"""Folded graphs as pictures: layers as columns with their neurons below, or, where these are many, a row per part.

    card    the box of a part or of a unit: its name, what is folded in it, mean |value|, mean |gradient| and a bar
    bar     the mean |gradient| on a logarithmic axis that the whole picture shares, so that bars can be compared
    port    where a link ends at a card; how many wires it has stands above it, what flows back through them below
    thread  a link between two units, the darker the more flows back through it
    lane    the straight line of a link that skips a part, or that leads back

Texts stand in slots of fixed size and are cut to them; links bend in strips between the cards, where no text is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log10

from viz import fold_words as words
from viz import theme
from viz.fold import INPUTS, Folded, Link, Part
from viz.fold_words import Axis, fit
from viz.notation import Notation, clipped, full
from viz.shapes import Bend, Frame, Owner, Picture, Shape, Text, legend
from viz.words import BACK, counted

__all__ = ["picture_of_folded"]

MARGIN, MOST_COLUMNS = 22.0, 6
HEADLINE, FACT, BETWEEN = 19, 13, 44.0

CARD, CARD_HEIGHT, PART_GAP, PORT_GAP = 212.0, 158.0, 28.0, 44.0
UNIT, UNIT_HEIGHT, UNIT_GAP = 202.0, 42.0, 9.0
BENDS, THREADS, LANE = 24.0, 48.0, 12.0

ROW, ROW_HEIGHT, ROW_GAP, ROW_BAR, MOST_LANES = 1160.0, 58.0, 36.0, 290.0, 6


def picture_of_folded(several: Sequence[Folded], look: str = words.LOOK) -> Picture:
    """Return the picture of folded graphs, one below the other, on one axis; `look` says how to look inside."""
    notation, axis = words.notation_of(several), words.axis_of(several)
    groups: list[tuple[float, float, tuple[Shape, ...]]] = []
    width, y = 0.0, 0.0
    for folded in several:
        drawing = (Rows if max(folded.columns) >= MOST_COLUMNS or not folded.layers else Columns)(
            folded, notation, axis
        )
        head = _head(folded, words.facts(folded, notation, look), drawing.width)
        groups.append((0.0, y, tuple(head)))
        y += MARGIN + HEADLINE + 8 + 20 * (len(head) - 1) + 8
        groups.append((0.0, y, tuple(drawing.shapes())))
        width, y = max(width, drawing.width), y + drawing.height + BETWEEN
    texts, legend_width, legend_height = legend(y - BETWEEN + 14, width, _legend(several, axis))
    groups.append((0.0, 0.0, tuple(texts)))
    title = "; ".join([words.headline(folded) for folded in several])
    described = " ".join([_described(folded, notation) for folded in several])
    height = y - BETWEEN + 14 + legend_height
    return Picture(max(width, legend_width), height, title, described, tuple(groups))


def _legend(several: Sequence[Folded], axis: Axis) -> tuple[tuple[str, str, str], ...]:
    """Return what the signs of this picture mean; of signs that it does not have, nothing."""
    parts = [part for folded in several for part in (*folded.parts, *folded.units)]
    span = f"{words.power(axis.low)} to {words.power(axis.high)}"
    entries = (
        (True, "value", "1.00", " mean |value|"),
        (True, "gradient", f"{BACK} 1.00", f" mean |gradient|, flowing back; bars: one logarithmic axis, {span}"),
        (any(part.stack[1] > 1 for part in parts), "symbol", "×100", " samples on one stack"),
        (
            any(part.switches for part in parts),
            "faint",
            "shut",
            " a gate such as relu that gives 0 and lets no gradient through",
        ),
        (any(part.dead for part in parts), "symbol", "dead", " shut for every sample, nothing flows back through it"),
        (
            any(folded.unit_links for folded in several),
            "faint",
            "thin lines",
            " darker where more gradient flows back",
        ),
    )
    return tuple([(kind, sample, meaning) for there, kind, sample, meaning in entries if there])


def _head(folded: Folded, facts: Sequence[str], width: float) -> list[Shape]:
    """Return the headline, and under it what to notice first."""
    owner: Owner = ("headline", 0)
    room, y = width - 2 * MARGIN, MARGIN + HEADLINE
    shapes: list[Shape] = [_text(MARGIN, y, words.headline(folded), HEADLINE, "symbol", owner, room)]
    for line in facts:
        y += 20 if len(shapes) > 1 else 24
        shapes.append(_text(MARGIN, y, line, FACT, "faint", owner, room))
    return shapes


def _described(folded: Folded, notation: Notation) -> str:
    parts = [
        f"{clipped(part.name)}: {words.what(part)}, mean |value| {notation.short(part.value)}, "
        f"mean |gradient| {notation.short(part.gradient)}{', ' + words.dead(part) if part.dead else ''}."
        for part in folded.parts
    ]
    return ". ".join([words.headline(folded), *words.facts(folded, notation), " ".join(parts)])


def _text(x: float, y: float, text: str, size: float, kind: str, of: Owner, room: float, anchor: str = "start") -> Text:
    """Return a text cut to its room, and whole as its title where it is cut."""
    shown = fit(clipped(text) if kind == "name" else text, size, room, kind in theme.BOLD)
    return Text(x, y, shown, size, kind, of, anchor, title=text if shown != text else "")


def _bar(x: float, y: float, width: float, height: float, part: Part, axis: Axis, of: Owner) -> Iterator[Shape]:
    yield Frame(x, y, width, height, 0.0, of, kind="track")
    if share := axis.share(part.gradient):
        yield Frame(x, y, width * share, height, 0.0, of, kind="bar")


def _ticks(x: float, y: float, width: float, height: float, axis: Axis, of: Owner) -> Iterator[Shape]:
    for decade in axis.decades:
        yield Frame(
            x + width * (decade - axis.low) / (axis.high - axis.low) - 0.5, y, 1.0, height, 0.0, of, kind="tick"
        )


def _cable(link: Link) -> str:
    """Return the kind of line for so many wires: four widths."""
    return f"cable-{min(4, 1 + int(log10(link.wires) / 1.5))}"


def _thread(link: Link, strongest: float) -> str:
    """Return the kind of line for what flows back through a link, beside the strongest of the picture: four shades."""
    share = link.gradient / strongest if strongest else 0.0
    return f"thread-{3 if share > 0.3 else 2 if share > 0.03 else 1 if share > 0 else 0}"


# ------------------------------------------------------------------------------------------------ layers as columns


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a part's card stands, and at which height each of its links ends."""

    x: float
    y: float
    height: float
    ports: dict[int, float]  # index of the link -> y

    @property
    def middle(self) -> float:
        """The height at which links leave."""
        return self.y + self.height / 2


class Columns:
    """The parts from left to right, units below the layer they are in."""

    def __init__(self, folded: Folded, notation: Notation, axis: Axis) -> None:
        self.folded, self.notation, self.axis = folded, notation, axis
        links = list(enumerate(folded.links))
        skips = [i for i, link in links if self._span(link) > 1 and link.source != INPUTS]
        backs = [i for i, link in links if self._span(link) < 1 and link.source != INPUTS]
        self.top = LANE * len(skips)
        self.columns = [
            [i for i, c in enumerate(folded.columns) if c == column] for column in range(max(folded.columns) + 1)
        ]
        self.starts, end = self._starts()
        self.spots = self._spots()
        bottom = max([spot.y + spot.height + self._units_height(i) for i, spot in self.spots.items()])
        self.lanes = {i: self.top - LANE * (k + 1) for k, i in enumerate(skips)}
        self.lanes |= {i: bottom + LANE * (k + 1) for k, i in enumerate(backs)}
        self.height = bottom + LANE * len(backs)
        self.width = end + BENDS + self._output_width() + MARGIN

    def _span(self, link: Link) -> int:
        """Return how many columns a link goes to the right."""
        return self.folded.columns[link.target] - self.folded.columns[link.source]

    def _units_height(self, part: int) -> float:
        units = len(self.folded.parts[part].units) if self.folded.unfolds else 0
        return units * (UNIT_HEIGHT + UNIT_GAP) + 4 * (units > 0)

    def _bends(self, column: int) -> float:
        """Return the width of the strip before a column's ports."""
        return THREADS if column and self.folded.unit_links else BENDS

    def _port_texts(self, link: Link) -> tuple[str, str]:
        return words.wires(self.folded, link), f"{BACK} {self.notation.short(link.gradient)}"

    def _starts(self) -> tuple[list[float], float]:
        """Return where the strip before each column starts, and where the last column ends."""
        starts, x = [], MARGIN
        for column in range(len(self.columns)):
            starts.append(x)
            x = self._card_x(column, x) + CARD
        return starts, x

    def _card_x(self, column: int, start: float) -> float:
        texts = [self._port_texts(link) for link in self.folded.links if self.folded.columns[link.target] == column]
        rooms = [max(theme.text_width(above, 12), theme.text_width(below, 12, bold=True)) for above, below in texts]
        return round(start + (self._bends(column) + max(rooms) + 14 if rooms else 0.0), 1)

    def _spots(self) -> dict[int, Spot]:
        spots = {}
        for column, parts in enumerate(self.columns):
            x, y = self._card_x(column, self.starts[column]), self.top
            for part in parts:
                links = [i for i, link in enumerate(self.folded.links) if link.target == part]
                height = max(CARD_HEIGHT, PORT_GAP * len(links) + 12)
                first = y + height / 2 - PORT_GAP * (len(links) - 1) / 2
                spots[part] = Spot(x, y, height, {i: first + PORT_GAP * k for k, i in enumerate(links)})
                y += height + self._units_height(part) + PART_GAP
        return spots

    @cached_property
    def _unit_spots(self) -> list[tuple[float, float, int]]:
        """The left end, the middle height and the column of each unit."""
        spots = []
        for i, part in enumerate(self.folded.parts):
            spot = self.spots[i]
            for k in range(len(part.units)):
                y = spot.y + spot.height + UNIT_GAP + 4 + k * (UNIT_HEIGHT + UNIT_GAP) + UNIT_HEIGHT / 2
                spots.append((spot.x + (CARD - UNIT) / 2, y, self.folded.columns[i]))
        return spots

    def shapes(self) -> Iterator[Shape]:
        """Yield links first, then cards and texts."""
        yield from self._threads()
        for i, link in enumerate(self.folded.links):
            yield from self._link(i, link)
        for i, part in enumerate(self.folded.parts):
            yield from self._card(i, part)
        if self.folded.unfolds:
            for i, unit in enumerate(self.folded.units):
                yield from self._unit(i, unit)
        yield from self._output()

    def _threads(self) -> Iterator[Shape]:
        entries = set()
        strongest = max([link.gradient for link in self.folded.unit_links], default=0.0)
        for i, link in enumerate(self.folded.unit_links):
            (x, y, column), (to_x, to_y, to_column) = self._unit_spots[link.source], self._unit_spots[link.target]
            if to_column == column + 1:
                start = self.starts[to_column]
                yield Bend(start, y, start + THREADS, to_y, ("thread", i), _thread(link, strongest))
                entries |= {(x + UNIT, start, y), (start + THREADS, to_x, to_y)}
        for x, end, y in sorted(entries):
            yield Bend(x, y, end, y, ("threads", 0), "cable-1")

    def _link(self, i: int, link: Link) -> Iterator[Shape]:
        target, of, kind = self.folded.columns[link.target], ("link", i), _cable(link)
        y, start = self.spots[link.target].ports[i], self.starts[target]
        port, card = start + self._bends(target), self.spots[link.target].x
        yield Bend(port, y, card, y, of, kind)
        if link.source != INPUTS:
            source = self.spots[link.source]
            leaves, from_y = source.x + CARD, source.middle
            if i in self.lanes:
                end = leaves + BENDS
                yield Bend(leaves, from_y, end, self.lanes[i], of, kind)
                yield Bend(end, self.lanes[i], start, self.lanes[i], of, kind)
                from_y = self.lanes[i]
            yield Bend(start, from_y, port, y, of, kind)
        above, below = self._port_texts(link)
        yield Text(port + 4, y - 8, above, 12, "faint", of)
        yield Text(port + 4, y + 18, below, 12, "gradient", of, title=f"mean |gradient| = {full(link.gradient)}")

    def _card(self, i: int, part: Part) -> Iterator[Shape]:
        spot, of, room = self.spots[i], ("part", i), CARD - 24
        x, y = spot.x + 12, spot.y + (spot.height - CARD_HEIGHT) / 2
        yield Frame(spot.x, spot.y, CARD, spot.height, 10.0, of, words.told(part), "card")
        yield _text(x, y + 25, part.name, 17, "name", of, room - (124 if part.dead else 0))
        gates = counted(part.gates, "gate")
        lines = words.members(part), gates, words.kinds(part, 11, room), words.leaves(part)
        for k, line in enumerate(filter(None, lines)):
            yield _text(x, y + 44 + 17 * k, line, 11 if k else 12, "faint", of, room)
        value, gradient = self.notation.short(part.value), f"{BACK} {self.notation.short(part.gradient)}"
        yield Text(x, y + 118, value, 14, "value", of, title=f"mean |value| = {full(part.value)}")
        yield Text(x, y + 137, gradient, 14, "gradient", of, title=f"mean |gradient| = {full(part.gradient)}")
        yield from _bar(x + room - 96, y + 126, 96.0, 12.0, part, self.axis, of)
        yield from _ticks(x + room - 96, y + 126, 96.0, 15.0, self.axis, of)
        yield _text(x + room, y + 118, words.shut(part), 11, "faint", of, 130.0, "end")
        if words.dead(part):
            yield _text(x + room, y + 25, words.dead(part), 12, "symbol", of, 116.0, "end")

    def _unit(self, i: int, unit: Part) -> Iterator[Shape]:
        x, middle, _ = self._unit_spots[i]
        y, of = middle - UNIT_HEIGHT / 2, ("unit", i)
        if unit.stack[1] > 1 and not unit.is_dead:
            yield Frame(x + 4, y - 4, UNIT, UNIT_HEIGHT, 7.0, of, kind="card")
        yield Frame(x, y, UNIT, UNIT_HEIGHT, 7.0, of, words.told(unit), "dead-card" if unit.is_dead else "card")
        note = f"shut {unit.shut:,} of {unit.switches:,}" if unit.shut else words.stack(unit)
        note, kind = (f"dead {words.stack(unit)}", "symbol") if unit.is_dead else (note, "faint")
        room = theme.text_width(note, 11, kind == "symbol")
        yield Text(x + UNIT - 10, y + 17, note, 11, kind, of, "end")
        yield _text(x + 10, y + 17, unit.name.rsplit("/", 1)[-1], 14, "name", of, UNIT - 30 - room)
        value, gradient = self.notation.short(unit.value), f"{BACK} {self.notation.short(unit.gradient)}"
        yield Text(x + 10, y + 34, value, 11, "value", of, title=f"mean |value| = {full(unit.value)}")
        yield Text(x + 74, y + 34, gradient, 11, "gradient", of, title=f"mean |gradient| = {full(unit.gradient)}")
        yield from _bar(x + 152, y + 26, 42.0, 8.0, unit, self.axis, of)

    def _output_texts(self) -> tuple[str, str, str]:
        value = self.notation.short(self.folded.value)
        return value, f"{BACK} {self.notation.short(1.0)}", fit(clipped(self.folded.root), theme.INPUT_SIZE, 200.0)

    def _output_width(self) -> float:
        value, gradient, name = self._output_texts()
        line = max([theme.text_width(text, theme.VALUE_SIZE, bold=True) for text in (value, gradient)])
        return line + 22 + theme.text_width(name, theme.INPUT_SIZE)

    def _output(self) -> Iterator[Shape]:
        """Draw the wire that leaves the graph."""
        value, gradient, name = self._output_texts()
        spot, of = self.spots[self.folded.output], ("output", 0)
        x, y = spot.x + CARD, spot.middle
        end = x + BENDS + 8 + max([theme.text_width(text, theme.VALUE_SIZE, bold=True) for text in (value, gradient)])
        yield Bend(x, y, end, y, of)
        title = f"{self.folded.root} = {full(self.folded.value)}"
        yield Text(x + BENDS, y - 7, value, theme.VALUE_SIZE, "value", of, title=title)
        yield Text(x + BENDS, y + 18, gradient, theme.GRADIENT_SIZE, "gradient", of)
        yield Text(end + 8, y + 5, name, theme.INPUT_SIZE, "name", of, title=self.folded.root)


# --------------------------------------------------------------------------------------------------- parts as rows


class Rows:
    """The parts from top to bottom, all bars on one axis, the wires between neighbours in the gaps."""

    def __init__(self, folded: Folded, notation: Notation, axis: Axis) -> None:
        self.folded, self.notation, self.axis = folded, notation, axis
        self.order = sorted(range(len(folded.parts)), key=lambda i: (folded.columns[i], i))
        self.row = {part: k for k, part in enumerate(self.order)}
        longer = [i for i, link in enumerate(folded.links) if link.source != INPUTS and self._span(link) != 1]
        longer.sort(key=lambda i: (-folded.links[i].wires, i))
        self.lanes = {i: k for k, i in enumerate(longer[:MOST_LANES])}
        self.untold = len(longer) - len(self.lanes)
        self.left = MARGIN + LANE * len(self.lanes)
        self.width = self.left + ROW + MARGIN
        self.height = 26 + len(self.order) * (ROW_HEIGHT + ROW_GAP) - ROW_GAP + 22 * (self.untold > 0)

    def _span(self, link: Link) -> int:
        return self.row[link.target] - self.row[link.source]

    def _y(self, part: int) -> float:
        return 26 + self.row[part] * (ROW_HEIGHT + ROW_GAP)

    def shapes(self) -> Iterator[Shape]:
        """Yield the axis, links, then the rows."""
        yield from self._scale()
        for i, link in enumerate(self.folded.links):
            if link.source != INPUTS:
                yield from self._lane(i, link) if self._span(link) != 1 else self._step(i, link)
        for i, part in enumerate(self.folded.parts):
            yield from self._card(i, part)
        if self.untold:
            note = (
                f"on the left the {MOST_LANES} widest links past a neighbour; {self.untold} narrower ones are left out"
            )
            yield Text(self.left, self.height - 2, note, 12, "faint", ("note", 0))

    def _scale(self) -> Iterator[Shape]:
        of = ("axis", 0)
        for decade in self.axis.decades:
            x = self.left + 680 + ROW_BAR * (decade - self.axis.low) / (self.axis.high - self.axis.low)
            yield Text(x, 18, words.power(decade), 11, "faint", of, "middle")

    def _card(self, i: int, part: Part) -> Iterator[Shape]:
        x, y, of = self.left, self._y(i), ("part", i)
        yield Frame(x, y, ROW, ROW_HEIGHT, 10.0, of, words.told(part), "card")
        yield _text(x + 14, y + 25, part.name, 16, "name", of, 266.0)
        yield _text(x + 14, y + 44, words.what(part), 12, "faint", of, 266.0)
        yield _text(x + 290, y + 25, words.kinds(part, 12, 250.0), 12, "faint", of, 250.0)
        yield _text(x + 290, y + 44, words.leaves(part), 12, "faint", of, 250.0)
        value, gradient = self.notation.short(part.value), f"{BACK} {self.notation.short(part.gradient)}"
        yield Text(x + 556, y + 25, value, 14, "value", of, title=f"mean |value| = {full(part.value)}")
        yield Text(x + 556, y + 45, gradient, 14, "gradient", of, title=f"mean |gradient| = {full(part.gradient)}")
        yield from _bar(x + 680, y + 21, ROW_BAR, 16.0, part, self.axis, of)
        yield from _ticks(x + 680, y + 16, ROW_BAR, 26.0, self.axis, of)
        yield _text(x + 990, y + 25, words.shut(part), 12, "faint", of, 160.0)
        if words.dead(part):
            yield _text(x + 990, y + 44, words.dead(part), 12, "symbol", of, 160.0)

    def _step(self, i: int, link: Link) -> Iterator[Shape]:
        """Draw a link to the next row, as wide as it has wires, and tell of it."""
        x, y, of = self.left + 40, self._y(link.source) + ROW_HEIGHT, ("link", i)
        width = 1 + 1.5 * log10(link.wires)
        yield Frame(x - width / 2, y, width, ROW_GAP, 0.0, of, kind="rail")
        room = theme.text_width(text := words.wires(self.folded, link), 12)
        yield Text(x + 16, y + 22, text, 12, "faint", of)
        gradient = f"{BACK} {self.notation.short(link.gradient)}"
        yield Text(
            x + 30 + room, y + 22, gradient, 12, "gradient", of, title=f"mean |gradient| = {full(link.gradient)}"
        )

    def _lane(self, i: int, link: Link) -> Iterator[Shape]:
        """Draw a link past other rows on the left, one of the widest."""
        if i not in self.lanes:
            return
        lane, of = self.lanes[i], ("link", i)
        x, shift = self.left - LANE * (lane + 1), 4.0 * (lane - (len(self.lanes) - 1) / 2)
        start, end = (
            self._y(link.source) + ROW_HEIGHT * 0.7 + shift / 2,
            self._y(link.target) + ROW_HEIGHT * 0.3 + shift / 2,
        )
        names = [self.folded.parts[k].name for k in (link.source, link.target)]
        title = f"{words.wires(self.folded, link)} from {names[0]} to {names[1]}, mean |gradient| {full(link.gradient)}"
        width = 1 + 0.8 * log10(link.wires)
        for y in (start, end):
            yield Frame(x - width / 2, y - width / 2, self.left - x + width / 2, width, 0.0, of, title, "rail")
        yield Frame(x - width / 2, min(start, end), width, abs(end - start), 0.0, of, title, "rail")
