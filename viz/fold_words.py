"""What is said of a folded graph: its headline, what to notice first, and the lines on each card.

Everything is read off the records of `viz.fold`, for whichever picture is made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from json import dumps
from math import ceil, floor, inf, isfinite, log10

from viz import theme
from viz.fold import INPUTS, Folded, Link, Part
from viz.grouping import SHARED
from viz.narration import ruled
from viz.notation import Notation, clipped, full
from viz.words import counted

__all__ = [
    "LOOK",
    "Axis",
    "axis_of",
    "dead",
    "facts",
    "fit",
    "fold_table",
    "headline",
    "kinds",
    "leaves",
    "members",
    "notation_of",
    "power",
    "shut",
    "stack",
    "stem",
    "told",
    "what",
    "wires",
]

EXPLODING = 1e3  # how many times larger a gradient has become between the two ends of a network
MOST_NAMED = 3


def stem(names: Sequence[str], otherwise: str) -> str:
    """Return what the names are called without their numbers; or the other word where they differ.

    >>> stem(["net/layer1", "net/layer2"], "part"), stem(["encoder", "head"], "part")
    ('layer', 'part')
    """
    words = {name.rsplit("/", 1)[-1].rstrip("0123456789_-. ") for name in names}
    word = words.pop() if len(words) == 1 else ""
    return clipped(word) if word else otherwise


def fit(text: str, size: float, room: float, bold: bool = False) -> str:
    """Return a text, cut with … where it needs more room than there is."""
    line = text
    if theme.text_width(line, size, bold) <= room:
        return line
    while line and theme.text_width(line + "…", size, bold) > room:
        line = line[:-1]
    return line + "…"


# -------------------------------------------------------------------------------------------------- of the whole graph


def headline(folded: Folded) -> str:
    """Return what the picture is of: "65,077 gates shown as 3 layers and 2 other parts"."""
    gates = f"{counted(folded.gates, 'gate')} shown as"
    if not folded.layers:
        return f"{gates} {counted(len(folded.parts), 'band')}, from the inputs to {clipped(folded.root)}"
    names = [part.name for part in folded.parts[: folded.layers]]
    shared = any(SHARED in name for name in names)
    word = "group" if shared else stem(names, "")
    if not word:
        return f"{gates} {counted(len(folded.parts), 'part')}"
    others = len(folded.parts) - folded.layers
    end = f" and {counted(others, 'other part')}" if others else ""
    return f"{gates} {counted(len(names), word)}{' of layers' if shared else ''}{end}"


LOOK = "look inside with draw(f, open={name})"


def facts(folded: Folded, notation: Notation, look: str = LOOK) -> list[str]:
    """Return what to notice first: how the gradient changes on its way back, dead units, and how to look inside."""
    lines = [_way_back(folded.parts[: folded.layers] if folded.layers else folded.parts, notation), _deaths(folded)]
    if folded.units:
        # only a name that can be read whole can be typed; JSON writes it as Python does, in double quotes
        whole = [unit.name for unit in folded.units if unit.name == clipped(unit.name)]
        lines.extend([look.replace("{name}", dumps(name, ensure_ascii=False)) for name in whole[:1]])
    else:
        lines.append('gates labelled by paths such as "layer1/neuron3" fold by layer and neuron')
    return [line for line in lines if line]


def _way_back(parts: Sequence[Part], notation: Notation) -> str:
    """Return how the gradient changes from the last of these parts to the first."""
    if len(parts) < 2:
        return ""
    first, last = parts[0], parts[-1]
    ends = (
        f"{notation.short(last.gradient)} at {clipped(last.name)}",
        f"{notation.short(first.gradient)} at {clipped(first.name)}",
    )
    if first.gradient * EXPLODING < last.gradient:
        return f"vanishing: on its way back the mean |gradient| falls from {ends[0]} to {ends[1]}"
    if first.gradient > EXPLODING * last.gradient:
        return f"exploding: on its way back the mean |gradient| grows from {ends[0]} to {ends[1]}"
    return f"on its way back the mean |gradient| goes from {ends[0]} to {ends[1]}"


def _deaths(folded: Folded) -> str:
    units = [unit for unit in folded.units if unit.switches]
    if not units:
        return ""
    dead = [unit.name for unit in units if unit.is_dead]
    word = stem([unit.name for unit in folded.units], "unit")
    if not dead:
        return f"no {word} is dead"
    named = ", ".join(map(clipped, dead[:MOST_NAMED])) + (", …" if len(dead) > MOST_NAMED else "")
    return f"dead: {len(dead):,} of {counted(len(folded.units), word)} ({named})"


def notation_of(several: Sequence[Folded]) -> Notation:
    """Return the one way in which a picture of these writes its numbers."""
    parts = [part for folded in several for part in (*folded.parts, *folded.units)]
    links = [link.gradient for folded in several for link in folded.links]
    values = [folded.value for folded in several]
    return Notation([*values, *links, *[x for part in parts for x in (part.value, part.gradient)]])


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis from one power of ten to another."""

    low: int
    high: int

    def share(self, x: float) -> float:
        """Return how far along the axis x is, from 0 to 1; what is not a number is nowhere."""
        if not x > 0:
            return 0.0
        return min(1.0, max(0.02, (log10(x) - self.low) / (self.high - self.low))) if isfinite(x) else 1.0

    @property
    def decades(self) -> range:
        """The powers of ten worth a mark: every one, or every so many of a long axis."""
        return range(self.low, self.high + 1, max(1, (self.high - self.low + 4) // 5))


def axis_of(several: Sequence[Folded]) -> Axis:
    """Return the axis on which all gradients of the parts, and of the units where these are drawn, have a place."""
    parts = [part for folded in several for part in (*folded.parts, *(folded.units if folded.unfolds else ()))]
    logs = [log10(part.gradient) for part in parts if part.gradient > 0 and isfinite(part.gradient)]
    low, high = floor(min(logs, default=0.0)), ceil(max(logs, default=0.0))
    return Axis(min(low, high - 2), high)


def power(decade: int) -> str:
    """Return a power of ten as it stands on an axis."""
    return "1" if decade == 0 else f"1e{decade}".replace("-", "−")


def fold_table(folded: Folded) -> str:
    """Return the parts of a folded graph as lines of text."""
    short = notation_of([folded]).short
    header = ("part", "what", "mean |value|", "mean |gradient|", "")
    rows = [(clipped(p.name), what(p), short(p.value), short(p.gradient), dead(p)) for p in folded.parts]
    return "\n".join([headline(folded), *ruled(header, rows, "ll..l")])


# ------------------------------------------------------------------------------------------------------- of one part


def what(part: Part) -> str:
    """Return what is folded in a part: "16 neurons ×100 · 8,000 gates"."""
    return " · ".join(filter(None, [members(part), counted(part.gates, "gate")]))


def members(part: Part) -> str:
    """Return how many units a part has, and on how many samples: "16 neurons ×100"."""
    return (
        f"{counted(len(part.units), stem([u.name for u in part.units], 'unit'))} {stack(part)}".strip()
        if part.units
        else ""
    )


def stack(part: Part) -> str:
    """Return how many samples are stacked: ×100, ×50 to 100, nothing for one."""
    fewest, most = part.stack
    return "" if most <= 1 else f"×{most:,}" if fewest == most else f"×{fewest:,} to {most:,}"


def kinds(part: Part, size: float = 0.0, room: float = inf) -> str:
    """Return which gates are folded in a part, as many kinds as there is room for: "3,200 × · 3,200 + · 1,600 relu"."""
    texts = [f"{count:,} {clipped(symbol)}" for symbol, count in part.kinds]
    shown = len(texts)
    while shown > 1 and theme.text_width(_series(texts, shown), size) > room:
        shown -= 1
    return _series(texts, shown)


def _series(texts: Sequence[str], shown: int) -> str:
    return " · ".join([*texts[:shown], *["…"] * (shown < len(texts))])


def leaves(part: Part) -> str:
    """Return what a part reads that no gate made."""
    read = (counted(part.parameters, "parameter"), part.parameters), (counted(part.inputs, "input"), part.inputs)
    return " · ".join(
        [words for words, count in (*read, (f"reads {part.borrowed:,} parameters", part.borrowed)) if count]
    )


def shut(part: Part) -> str:
    """Return how many of a part's switches are shut."""
    return f"{part.shut:,} of {part.switches:,} shut" if part.switches else ""


def dead(part: Part) -> str:
    """Return how many of a part's units are dead."""
    return f"{part.dead} of {len(part.units)} dead" if part.dead else ""


def told(part: Part) -> str:
    """Return everything that is known of a part, for its title."""
    lines = [part.name, what(part), kinds(part), leaves(part), shut(part), dead(part)]
    if part.is_dead:
        lines.append("dead: no gradient passes, whatever the sample")
    lines.append(
        f"{counted(part.outputs, 'output')}: mean |value| {full(part.value)}, mean |gradient| {full(part.gradient)}"
    )
    return "\n".join(filter(None, lines))


def wires(folded: Folded, link: Link) -> str:
    """Return what a link brings: "25,600 wires", or for a link from leaves "200 inputs"."""
    if link.source == INPUTS:
        return counted(folded.parts[link.target].inputs, "input")
    return counted(link.wires, "wire")
