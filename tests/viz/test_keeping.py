"""What a network learned is kept: whoever leaves or presses a key, whatever the disk says, whatever was there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nn
from tests.viz.test_cli import ROOT
from viz.cli import keeping, main, training

Output = pytest.CaptureFixture[str]
QUICK = ["train", "xor", "--hidden", "4", "--epochs", "2"]
FOLDER = Path("gatewise-train")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test in an empty folder, and draw no pictures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, "pictured", lambda *_: iter(()))


def is_whole(folder: Path) -> bool:
    """Tell whether a model can be read from a folder, and its history stands beside it."""
    return bool(nn.load_model(folder / "model.npz").parameters()) and (folder / "history.json").exists()


# ------------------------------------------------------------------------------------------------ nobody reads any more


class Gone:
    """A stream whose reader leaves after so many texts."""

    encoding = "utf-8"

    def __init__(self, texts: int) -> None:
        self.left = texts

    def write(self, text: str) -> int:
        self.left -= text != "\n"
        if self.left < 0:
            raise BrokenPipeError
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False


def test_a_reader_that_leaves_after_the_first_lines_costs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Path] = []
    monkeypatch.setattr(training, "pictured", lambda folder, *_: iter([drawn.append(folder) or "wrote it"]))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", Gone(1))
        assert main(QUICK) == 1
    assert is_whole(FOLDER)
    assert drawn == [FOLDER]


# ----------------------------------------------------------------------------------------------- a folder takes no file


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What lets so many models be written, and none after those but in a folder of the system's."""
    save = nn.Module.save

    def refuse_after(count: int, everywhere: bool = False) -> None:
        left = [count]

        def refused(model: nn.Module, path: Any) -> None:
            left[0] -= 1
            if left[0] < 0 and (everywhere or Path(path).is_relative_to(FOLDER)):
                raise OSError(30, "Read-only file system")
            save(model, path)

        monkeypatch.setattr(nn.Module, "save", refused)

    return refuse_after


def test_a_folder_that_takes_no_file_is_told_before_the_work(refusing: Callable[..., None], capsys: Output) -> None:
    FOLDER.mkdir()
    refusing(0)
    assert main(QUICK) == 1
    assert capsys.readouterr() == ("", "gatewise: cannot write 'gatewise-train': Read-only file system\n")


def test_a_folder_that_is_tried_is_left_as_it_was() -> None:
    keeping.try_out(FOLDER, nn.MLP(2, [1]))
    assert list(FOLDER.iterdir()) == []


def test_what_cannot_be_written_after_the_work_is_kept_elsewhere(
    refusing: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    (tmp_path / "system").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "system"))
    refusing(1)
    assert main(QUICK) == 1
    (spare,) = (tmp_path / "system").iterdir()
    out, err = capsys.readouterr()
    told = f"cannot write 'gatewise-train/model.npz': Read-only file system; all is kept in {spare} instead"
    assert err.splitlines()[-1] == f"gatewise: {told}".replace("/", os.sep)
    assert f"wrote {spare / 'model.npz'} " in out
    assert is_whole(spare)


def test_where_no_folder_takes_a_file_the_first_refusal_is_told(refusing: Callable[..., None], capsys: Output) -> None:
    refusing(1, everywhere=True)
    assert main(QUICK) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"gatewise: cannot write 'gatewise-train.model.npz': Read-only file system", told)


# ------------------------------------------------------------------------------------------------ a key that is pressed

SENT = [name for name in keeping.ENDING if hasattr(signal, name)]
PROGRAM = """
import os, signal, sys
import nn
from nn import train
from viz.cli import keeping, main, training
number = getattr(signal, sys.argv[1])
signal.signal(signal.SIGINT, signal.default_int_handler)  # which who started this may have made deaf
for name in keeping.ENDING[1:]:
    signal.signal(getattr(signal, name), signal.SIG_DFL)
epoch, store, save = train.Trainer.epoch, train.Compiled.store, nn.Module.save
stopped = []

def pressed(work):
    def then(*words):
        if stopped:
            os.kill(os.getpid(), number)
        return work(*words)
    return then

def stop(trainer, count):
    if count == 3:
        stopped.append(True)
        os.kill(os.getpid(), number)
    epoch(trainer, count)

train.Trainer.epoch, train.Compiled.store, nn.Module.save = stop, pressed(store), pressed(save)
keeping.write_aside = pressed(keeping.write_aside)
training.pictured = pressed(lambda *_: iter(()))
raise SystemExit(main(["train", "xor", "--hidden", "2", "--epochs", "5000"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
@pytest.mark.parametrize("name", SENT)
def test_a_signal_that_asks_to_end_is_heeded_once_and_those_after_it_cost_nothing(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    told = done.stderr.splitlines()
    assert (done.returncode, told[-1:]) == (
        130,
        ["gatewise: stopped after 2 of 5,000 epochs; what was learned is kept"],
    )
    assert is_whole(tmp_path / FOLDER)


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_signals_are_heeded_again_afterwards_and_handlers_of_others_stay() -> None:
    def own(*_: object) -> None: ...

    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, own)
        with keeping.stoppable() as hold:
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
            assert signal.getsignal(signal.SIGTERM) is own
            hold()
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with pytest.raises(KeyboardInterrupt), keeping.stoppable():
            signal.raise_signal(signal.SIGINT)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
@pytest.mark.parametrize("words", [[], ["--optimizer", "sgd", "--lr", "1e200"]], ids=["done", "diverged"])
def test_a_first_signal_after_the_last_step_costs_nothing(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    absorb = training.absorb

    def pressed(*given: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        absorb(*given)

    monkeypatch.setattr(training, "absorb", pressed)
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main([*QUICK, *words]) == (1 if words else 0)
    finally:
        signal.signal(signal.SIGINT, former)
    assert (FOLDER / "model.npz").exists()


def test_in_another_thread_no_handler_is_set() -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with keeping.stoppable() as hold:
                hold()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert raised == []


@pytest.mark.parametrize("after", [False, True])
def test_a_key_pressed_just_outside_of_the_steps_keeps_what_was_learned_if_there_is_any(
    after: bool, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    fit = nn.fit

    def pressed(*given: Any, **options: Any) -> Any:
        if after:
            fit(*given, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(nn, "fit", pressed)
    assert main(QUICK) == 130
    told = "stopped after 2 of 2 epochs; what was learned is kept" if after else "stopped"
    assert capsys.readouterr().err.splitlines()[-1] == f"gatewise: {told}"
    assert (FOLDER / "model.npz").exists() is after


def test_a_key_pressed_while_pictures_are_drawn_leaves_the_words_on_what_was_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    def pressed(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "pictured", pressed)
    assert main(QUICK) == 130
    out, err = capsys.readouterr()
    assert "\naccuracy: " in out
    assert "\nwrote gatewise-train" in out
    assert err.splitlines()[-1] == "gatewise: stopped"


# ---------------------------------------------------------------------------------------------------- what was there


def test_an_earlier_training_is_moved_as_a_whole_and_told(capsys: Output) -> None:
    seen: list[dict[str, bytes]] = []
    for seed in ("0", "1", "2"):
        assert main([*QUICK, "--seed", seed]) == 0
        seen.append({name: (FOLDER / name).read_bytes() for name in ("model.npz", "history.json")})
        (FOLDER / "boundary.png").write_bytes(seed.encode())
        (FOLDER / "mine.txt").touch()
    lines = capsys.readouterr().out.splitlines()
    for number in (1, 2):
        former = FOLDER / f"earlier-{number}"
        assert lines.count(f"moved what was there from an earlier training to {former}") == 1
        kept = {path.name: path.read_bytes() for path in former.iterdir()}
        assert kept == seen[number - 1] | {"boundary.png": str(number - 1).encode()}
    assert (FOLDER / "mine.txt").exists()
    assert is_whole(FOLDER)
    assert not [path.name for path in FOLDER.iterdir() if path.name.startswith(".")]


def test_a_training_that_fails_before_any_step_moves_nothing() -> None:
    assert main(QUICK) == 0
    assert main([*QUICK, "--activation", "log"]) == 1
    assert is_whole(FOLDER)
    assert not (FOLDER / "earlier-1").exists()


def test_all_that_a_training_writes_is_known_to_what_moves_it() -> None:
    source = Path(training.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'"(\w+\.(?:npz|json|png))"', source)) <= set(keeping.FILES)
