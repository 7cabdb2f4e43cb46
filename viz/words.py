"""The words that story, page, pictures and command line share: sentences with {holes}, plurals, lists."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["BACK", "SENTENCES", "WRONG", "constants_told", "counted", "listed"]

BACK = "◂"  # stands before a gradient, so that colour is never alone
WRONG = "✗"  # stands before what is wrong, for the same reason

SENTENCES = {
    "raises": "a little more {wire} raises {root}",
    "lowers": "a little more {wire} lowers {root}",
    "keeps": "a little more {wire} does not move {root}",
    "unknown": "nobody knows what a little more {wire} does",
    "kink": "a kink: by convention {wire} gets {downstream} here",
    "kinked": "a kink lies on the way: what a small change does depends on its direction",
    "branch": "branch {branch} of {branches}: {derivative} was {before}, now {before} + {downstream} = {after}",
    "grows": "{root} moves one for one with itself",
    "overflow": "overflow: too large for a float",
    "unlabelled": "{wires} {named} given here to what has no label",
    "digits": "numbers are rounded to four decimals here, and to two in the picture",
    "closing": "Moving all inputs a little along their gradients makes {root} larger, against them smaller.",
}


def counted(count: int, word: str) -> str:
    """Return a number of things.

    >>> counted(1, "layer"), counted(3, "layer"), counted(25600, "wire")
    ('1 layer', '3 layers', '25,600 wires')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """Return words as a list in a sentence, each once.

    >>> listed(["x"]), listed(["x", "y"]), listed(["x", "y", "x", "z"])
    ('x', 'x and y', 'x, y and z')
    """
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} and {last}" if others else last


def constants_told(constants: Iterable[str]) -> str:
    """Return what is to be said of the constants of a gate; nothing where it has none.

    >>> constants_told(["1", "1"]), constants_told(["2", "3"])
    ('1 is a constant: no gradient is sent there', '2 and 3 are constants: no gradient is sent there')
    """
    each = list(dict.fromkeys(constants))
    verb = "is a constant" if len(each) == 1 else "are constants"
    return f"{listed(each)} {verb}: no gradient is sent there" if each else ""
