"""Folded graphs as pictures: layers as columns with their neurons below, or, where these are many, rows one per part.

    card    the box of a part or of a unit: its name, what is folded in it, mean |value|, mean |gradient| and a bar
    bar     the mean |gradient| on a logarithmic axis that the whole picture shares, so that it can be compared
    port    where a link ends at a card; its number of wires stands above it, what flows back through it below
    thread  a link between two units, the darker the more flows back through it; where nothing does, it is dotted
    lane    the level line of a link that skips a column, above all cards, or that leads back, below them

Texts stand in slots of fixed size and are cut to them; links bend in the strips between the slots, where no text is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from os.path import commonprefix

from viz import theme
from viz.fold import INPUTS, Folded, Link, Part
from viz.notation import Notation, clipped, full
from viz.shapes import Bend, Dot, Frame, Owner, Picture, Shape, Text

__all__ = ["headline", "picture_of_folded"]

MARGIN, LINE = 22.0, 20.0
MOST_COLUMNS = 6  # more parts than this in a row are drawn as rows
CARD, UNIT, UNIT_HEIGHT, UNIT_GAP, PART_GAP = 244.0, 232.0, 42.0, 8.0, 26.0
CARD_HEIGHT, PORT_GAP, BENDS, THREADS = 146.0, 44.0, 34.0, 78.0
ROW_HEIGHT, ROW_GAP, ROW_BAR, ROW_LANE, MOST_LANES = 58.0, 34.0, 300.0, 12.0, 6
VANISHING = 1e-3  # the gradient of the first layer to that of the last


# --------------------------------------------------------------------------------------------------- what is said of it


def stem(names: Sequence[str], otherwise: str) -> str:
    """Return what the names are called without their numbers, as in layer1, layer2; or else the other word.

    >>> stem(["net/layer1", "net/layer2"], "part"), stem(["encoder", "head"], "part")
    ('layer', 'part')
    """
    words = {name.rsplit("/", 1)[-1].rstrip("0123456789_-. ") for name in names}
    word = words.pop() if len(words) == 1 else ""
    return clipped(word) if word else otherwise


def counted(count: int, word: str) -> str:
    """Return "1 layer", "3 layers", "25,600 wires"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def headline(folded: Folded) -> str:
    """Return what the picture is of: "65,077 gates shown as 3 layers and 2 other parts"."""
    gates = f"{counted(folded.gates, 'gate')} shown as"
    if not folded.layers:
        return f"{gates} {counted(len(folded.parts), 'band')} of depth"
    layers = [part.name for part in folded.parts[: folded.layers]]
    shared = any("…" in name for name in layers)
    others = len(folded.parts) - folded.layers
    return f"{gates} {counted(len(layers), 'part' if shared else stem(layers, 'part'))}" + (
        f" and {counted(others, 'other part')}" if others else ""
    )
