"""`gatewise lesson`: lists the notebooks, and opens a copy of one.

A lesson is opened as a copy in a folder of the reader's own, so that the notebook that came with gatewise stays as it
is; a copy that is there already is opened again, with all that was written into it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import webbrowser
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from autograd.errors import pip_install
from viz.drawing import write_aside
from viz.shell import FileError, UsageError, command_line, say, shown, writing

__all__ = ["Lesson", "lesson", "lessons", "takes_lesson"]

HERE = Path(__file__).resolve().parent
PACKED, CHECKED_OUT = HERE / "notebooks", HERE.parents[1] / "notebooks"
NOTEBOOKS = PACKED if PACKED.is_dir() else CHECKED_OUT
INSTALL = f"to run it: {pip_install('jupyterlab')}"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One notebook: its number, its title, the question it answers, its file."""

    number: int
    title: str
    question: str
    path: Path


def takes_lesson(parser: ArgumentParser) -> None:
    """Add what `lesson` takes."""
    parser.add_argument("number", nargs="?", metavar="N", help="the lesson to open; without it they are listed")
    parser.add_argument("-o", "--output", metavar="DIR", default="gatewise-lessons", help="for the copy (%(default)s)")


def lesson(arguments: Namespace) -> int:
    """List the lessons, or open one."""
    found = lessons()
    if arguments.number is None:
        say("\n".join([listed(lesson) for lesson in found]))
        say(f"\nopen one with: {command_line(['lesson', '1'])}")
        return 0
    return opened(copied(chosen(found, arguments.number), Path(arguments.output)))


def lessons(folder: Path = NOTEBOOKS) -> list[Lesson]:
    """Return the lessons in a folder by number; FileError where it has none."""
    found = [read(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    if not found:
        raise FileError(f"no lesson is in {folder}, where all should be: install gatewise again")
    return found


def read(path: Path) -> Lesson:
    """Return the lesson in a file, from the first lines of its first cell: `# N · title`, then the question."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    title, question = [line.strip() for line in "".join(cells[0]["source"]).split("\n") if line][:2]
    number, _, name = title.removeprefix("# ").partition(" · ")
    return Lesson(int(number), name, question.strip("*"), path)


def listed(lesson: Lesson) -> str:
    """Return the two lines that a list shows of a lesson."""
    return f"{lesson.number:>2}  {lesson.title}\n    {lesson.question}"


def chosen(found: list[Lesson], number: str) -> Lesson:
    """Return the lesson of a number as it was typed; UsageError where there is none."""
    for lesson in found:
        if number == str(lesson.number):
            return lesson
    raise UsageError(f"{shown(number)} is no lesson: choose a number from {found[0].number} to {found[-1].number}")


def copied(lesson: Lesson, folder: Path) -> Path:
    """Return the reader's own copy of a lesson, made where there is none yet."""
    target = folder / lesson.path.name
    if target.exists():
        say(f"your copy is there already: {target}")
        return target
    with writing(target):
        folder.mkdir(parents=True, exist_ok=True)
        write_aside(target, lesson.path.read_bytes())
    say(f"wrote {target}")
    return target


def opened(notebook: Path) -> int:
    """Open a notebook in Jupyter until it is closed; without Jupyter as a page, if that can be made."""
    if find_spec("jupyterlab"):
        return subprocess.call([sys.executable, "-m", "jupyterlab", str(notebook)])
    if find_spec("nbconvert"):
        page = notebook.with_suffix(".html")
        convert = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level", "ERROR", str(notebook)]
        if subprocess.call(convert) == 0 and page.exists():
            say(f"wrote {page}: the lesson as it was stored, to read; {INSTALL}")
            if not webbrowser.open(page.resolve().as_uri()):
                say("no browser was found here: open that file in one")
            return 0
    say(INSTALL)
    return 0
