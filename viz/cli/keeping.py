"""Keeps what a network learned: neither a key that is pressed, nor a full disk, nor an earlier training costs it.

folder   where a training puts what it writes: model, history, pictures
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz.drawing import write_aside
from viz.shell import FileError, writing

if TYPE_CHECKING:
    import nn

__all__ = ["FILES", "keep", "stoppable", "try_out"]

FILES = ("model.npz", "history.json", "history.png", "boundary.png", "misread.png")  # what a training may write
ENDING = ("SIGINT", "SIGTERM", "SIGHUP")  # signals that ask a program to end; not every system has all


def try_out(folder: Path, model: nn.Module) -> None:
    """Make the folder and write the untrained model there for a moment; FileError, before any work, if that fails."""
    trial = folder / ".trial.npz"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            model.save(trial)
        finally:
            trial.unlink(missing_ok=True)


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    r"""Have the first signal that asks to end raise KeyboardInterrupt, and pass over others until the block ends.

    Yields what passes over the first one too: to be called once the work is done, and must be kept. Ctrl-\ (on Windows
    Ctrl-Break) still ends all at once. Who has handlers of their own keeps them; so does another than the main thread,
    which no signal reaches.
    """
    former: dict[int, Any] = {}

    def hold() -> None:
        for number in former:
            signal.signal(number, lambda *_: None)  # SIG_IGN would complain of a signal that has come already

    def stop(*_: object) -> None:
        hold()
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        known = [getattr(signal, name) for name in ENDING if hasattr(signal, name)]
        former = {n: signal.getsignal(n) for n in known}
        former = {n: was for n, was in former.items() if was in (signal.SIG_DFL, signal.default_int_handler)}
    try:
        for number in former:
            signal.signal(number, stop)
        yield hold
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def keep(folder: Path, model: nn.Module, facts: Mapping[str, Any] | None) -> tuple[Path, list[str], str]:
    """Save a model, and facts about its training; return the folder, lines that name what is there, and what failed.

    Where the folder takes no file after all, they are saved in one of the system's; FileError where that fails too.
    """
    lines: list[str] = []
    try:
        lines += set_aside(folder)
        return folder, lines + written(folder, model, facts), ""
    except FileError as error:
        try:
            spare = Path(tempfile.mkdtemp(prefix="gatewise-train-"))
            return spare, lines + written(spare, model, facts), f"{error}; all is kept in {spare} instead"
        except (FileError, OSError):
            raise error from None


def set_aside(folder: Path) -> list[str]:
    """Move the files of an earlier training into a folder of their own, and return the line that names it, if any."""
    old = [folder / name for name in FILES if os.path.lexists(folder / name)]
    if not old:
        return []
    number = 1
    while os.path.lexists(kept := folder / f"earlier-{number}"):
        number += 1
    with writing(kept):
        kept.mkdir()
        for path in old:
            os.replace(path, kept / path.name)
    return [f"moved what was there from an earlier training to {kept}"]


def written(folder: Path, model: nn.Module, facts: Mapping[str, Any] | None) -> list[str]:
    """Write a model, and facts about its training if there are any; return the lines that name the files."""
    with writing(target := folder / FILES[0]):
        model.save(target)
    lines = [f"wrote {target}   in Python: nn.load_model({str(target)!r})"]
    if facts is not None:
        with writing(target := folder / FILES[1]):
            write_aside(target, (json.dumps(facts, indent=1) + "\n").encode())
        lines.append(f"wrote {target}")
    return lines
