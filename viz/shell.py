"""How the command line talks: what it says and where, how it quotes what was typed, and which errors it tells."""

from __future__ import annotations

import math
import os
import re
import shlex
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TextIO

from autograd.expression import INSTEAD
from viz.narration import SPELLINGS, plain
from viz.notation import clipped

__all__ = [
    "NUMBER",
    "FileError",
    "UsageError",
    "command_line",
    "complain",
    "heading",
    "meant",
    "misspelt",
    "note",
    "number",
    "say",
    "shown",
    "speaks_unicode",
    "turn_away",
    "writing",
]

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
MINUSES = [sign for sign, ours in INSTEAD.items() if ours == "-"]  # stories show one of them, and people copy it


class UsageError(ValueError):
    """The command line was not understood."""


class FileError(ValueError):
    """A file could not be read or written."""


def meant(word: str, choices: Iterable[str]) -> str:
    """Return a question about the choice that a word is most like; nothing where it is like none."""
    near = get_close_matches(word, choices, 1)
    return f" did you mean {near[0]!r}?" if near else ""


def shown(word: str) -> str:
    """Return a word as messages quote it."""
    return repr(clipped(word) if word else "")  # a label has a sign for nothing, a word has its quotes


def number(text: str, word: str) -> float:
    """Return the number that a text spells; UsageError, which names the word it stands in, where it spells none."""
    if not NUMBER.fullmatch(text):
        how = misspelt(text) or "write it as in x=2, x=-0.5 or x=1e-3"
        raise UsageError(f"{shown(word)}: {shown(text)} is no number; {how}")
    if not math.isfinite(x := float(text)):
        raise UsageError(f"{shown(word)}: this number is too large for a float (the largest is about 1.8e308)")
    return x


def misspelt(text: str) -> str:
    """Return how to write what would be a number but for a decimal comma or a minus of print; else nothing."""
    point = text.replace(",", ".")
    sign = next((sign for sign in MINUSES if sign in text), None)
    if sign and NUMBER.fullmatch(point.replace(sign, "-")):
        return f"its minus is not the one of the keyboard but {unicodedata.name(sign)}: write -"
    if point != text and NUMBER.fullmatch(point):
        return f"decimals stand behind a point: write {point}"
    return ""


# ------------------------------------------------------------------------------------------------------ what they say


def say(text: str) -> None:
    """Print a text: in colour on a terminal, in plain ASCII where its encoding cannot take the signs of mathematics."""
    out = sys.stdout
    print(coloured(fit(text, out)) if wants_colour(out) else fit(text, out), file=out)


def note(text: str) -> None:
    """Print a text on standard error, at once; a stream that takes no more is no reason to stop."""
    with suppress(OSError):
        if sys.stderr:
            print(fit(text, sys.stderr), file=sys.stderr, flush=True)


def complain(error: object, status: int) -> int:
    """Print on standard error what went wrong, and return the status."""
    rule, *picture = str(error).split("\n")
    # one sign for one in the lines that show an expression, so that the caret below it keeps its place
    lines = [f"gatewise: {rule}", *[line.replace("…", "~") for line in picture]]
    note("\n".join(lines))
    return status


def turn_away(status: int) -> int:
    """Return the status, what is left of standard output turned away: Python would try once more to write it."""
    with suppress(OSError, ValueError, AttributeError):
        if sys.__stdout__ and sys.stdout is sys.__stdout__:  # not where somebody else has put a stream of their own
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.__stdout__.fileno())
            os.close(nowhere)
    return status


def heading(text: str) -> str:
    """Return a heading, with room above."""
    return f"\n{text}\n{'═' * len(text)}"


def command_line(words: Sequence[str]) -> str:
    """Return a command as it is typed in a shell of this system."""
    if os.name != "nt":
        return shlex.join([*program(), *words])
    return " ".join([word if re.fullmatch(r"[\w.=+-]+", word) else f'"{word}"' for word in (*program(), *words)])


def program() -> list[str]:
    """Return what starts this program here: as it was started, where a shell would not find it by its name."""
    started = sys.argv[0] if sys.argv else ""
    folder, name = os.path.split(started)
    if name == "__main__.py" and os.path.basename(folder) == "viz":
        return ["python", "-m", "viz"]
    is_lost = os.path.splitext(name)[0] == "gatewise" and shutil.which("gatewise") is None
    return [started] if is_lost else ["gatewise"]


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Name the file in what is said where it cannot be written."""
    try:
        yield
    except OSError as error:
        is_file = isinstance(error, FileExistsError)  # only a folder is to be made
        reason = "a file stands there, and this should be a folder" if is_file else error.strerror or error
        raise FileError(f"cannot write {shown(str(target))}: {reason}") from error


# ---------------------------------------------------------------------------------------------------------- the screen

SIGNS = "".join(map(chr, SPELLINGS))


def speaks_unicode(stream: TextIO) -> bool:
    """Tell whether a stream's encoding can take the signs of mathematics."""
    try:
        SIGNS.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def fit(text: str, stream: TextIO) -> str:
    """Return a text fit for a stream: no control characters, and nothing that its encoding cannot take."""
    printable = "".join([c if c.isprintable() or c == "\n" else "?" for c in text])
    if not speaks_unicode(stream):
        return plain(printable)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return printable.encode(encoding, "backslashreplace").decode(encoding)


def wants_colour(stream: TextIO) -> bool:
    """Tell whether to write in colour: to a terminal that can, and as NO_COLOR and FORCE_COLOR say."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    # the old console of Windows would show the codes
    can = os.environ.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in os.environ)
    return can and stream is not None and stream.isatty()


BOLD, RED, GREEN, MAGENTA = "\033[1m", "\033[31m", "\033[32m", "\033[35m"
NORMAL = "\033[0m"
NUMBER_SHOWN = r"\(?[−-]?[\d.∞nainf]+(?:e[−-]?\d+)?\)?"
COLOURS = [  # what is coloured: the last group of each pattern
    (re.compile(pattern, re.MULTILINE), colour)
    for pattern, colour in (
        (r"^()([A-Z]{5,}:)", BOLD),
        (r"^()(.*(?=\n[═=]+$))", BOLD),
        (rf"^( *step \d+  .* = )({NUMBER_SHOWN})(?= \(overflow|$)", GREEN),
        (r"^( *)(step \d+)", BOLD),
        (rf"(: +upstream +)({NUMBER_SHOWN})", RED),
        (rf"((?:→|->) downstream +)({NUMBER_SHOWN})", RED),
        (rf"^( +(?:∂|d)\S+ = +)({NUMBER_SHOWN})(?=   )", RED),
        (r"([×*] local )(.*?)(?= *(?:→|->) downstream)", MAGENTA),
    )
]


def coloured(text: str) -> str:
    """Return a text with values, gradients and local gradients in the colours of the pictures."""
    for pattern, colour in COLOURS:
        text = pattern.sub(lambda match, colour=colour: f"{match[1]}{colour}{match[2]}{NORMAL}", text)  # type: ignore[misc]
    return text
