"""Bad luck: a key pressed or a disk full in the middle of saving, folders that take no file, packages that are missing.

Whatever is saved, wherever it fails: the old file is whole or the new one is, nothing is left beside it, and one line
says what went wrong. The savers stand in one table; a test finds the functions that write, and looks for others.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import nn
import viz
from autograd import Value, parse
from autograd import compile as compiled
from autograd.errors import pip_install
from nn import storage
from viz import cli, drawing, paper
from viz.cli import lessons
from viz.drawing import WRITERS

ROOT = Path(__file__).resolve().parents[1]
XY = ("x*y", "x=2", "y=3")
SLOW = (".png", ".pdf", ".gif")  # matplotlib draws these

Saver = Callable[[Path], object]


def product() -> Value:
    return parse("tanh(x*y)+x", x=2.0, y=3.0)


@cache
def trained() -> nn.History:
    X, y = nn.moons(12)
    model = nn.MLP(2, [2, 1], "tanh")
    return nn.fit(model, X, y, loss="hinge", optimizer=nn.SGD(model.parameters(), 0.1), epochs=2, progress=False)


@cache
def film() -> viz.Film:
    return viz.animate_training(trained(), frames=2, resolution=8)


SHEETS: dict[str, tuple[str, Saver]] = {
    f"an exercise{suffix}": (f"f{suffix}", lambda path: viz.exercise(product()).save(path))
    for suffix in (".csv", ".json")
}
SAVERS: dict[str, tuple[str, Saver]] = {
    **{f"a model{suffix}": (f"m{suffix}", lambda path: nn.MLP(2, [2, 1]).save(path)) for suffix in storage.CODECS},
    **{f"a diagram{suffix}": (f"f{suffix}", lambda path: viz.draw(product()).save(path)) for suffix in WRITERS},
    "a stepper": ("f.html", lambda path: viz.step(product()).save(path)),
    "a film": ("f.html", lambda path: film().save(path)),
    "a film.gif": ("f.gif", lambda path: film().save(path)),
    "a plot.png": ("f.png", lambda path: viz.plot_history(trained()).save(path)),
    "a plot.pdf": ("f.pdf", lambda path: viz.plot_history(trained()).save(path)),
    **SHEETS,
    "an exercise.svg": ("f.svg", lambda path: viz.exercise(product()).save(path)),
    "a sheet of a bug": ("f.svg", lambda path: viz.broken(product()).save(path)),
}
COMMANDS: dict[str, tuple[str, ...]] = {  # each writes into the folder that stands for {}
    **{f"draw{suffix}": ("draw", *XY, "-o", f"{{}}/f{suffix}") for suffix in WRITERS},
    "open": ("open", *XY, "-o", "{}/f.html"),
    "step": ("step", *XY, "--html", "{}/f.html"),
    "train": ("train", "moons", "--samples", "12", "--epochs", "1", "--hidden", "2", "-o", "{}"),
    "lesson": ("lesson", "1", "-o", "{}"),
    "demo": ("demo", "-o", "{}"),
}


@pytest.fixture(autouse=True)
def nothing_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.webbrowser, "open", lambda *_: False)
    monkeypatch.setattr(lessons.subprocess, "call", lambda *_, **__: 1)


@pytest.fixture(params=SAVERS)
def saver(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Saver]:
    """The path of an old file, and what saves there."""
    name, save = SAVERS[request.param]
    if name.endswith(SLOW):
        pytest.importorskip("matplotlib")
    (tmp_path / name).write_bytes(b"" if request.param in SHEETS else b"old")  # a sheet with answers is refused
    return tmp_path / name, save


# --------------------------------------------------------------------------------------------------- a key was pressed

WRITING = {drawing.write_aside.__code__, storage.write.__code__}


class Interrupted:
    """Presses Ctrl-C before the n-th line that functions which write come to, counted from 0."""

    def __init__(self, n: int) -> None:
        self.left = n
        self.done = False

    def __call__(self, frame: FrameType, event: str, _: object) -> Interrupted | None:
        if frame.f_code not in WRITING:
            return None
        if event == "line" and not self.done:
            self.left -= 1
            if self.left < 0:
                self.done = True
                raise KeyboardInterrupt
        return self


@contextmanager
def traced(trace: Interrupted) -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pressed where a file is to be closed
def test_a_key_pressed_at_any_line_of_saving_leaves_the_old_file_or_the_new_one(saver: tuple[Path, Saver]) -> None:
    path, save = saver
    if path.suffix in SLOW:
        pytest.skip("they write as the others do, and are tried once, below")
    old = path.read_bytes()
    save(path)
    new = path.read_bytes()
    assert new != old
    for n in range(100):
        path.write_bytes(old)
        trace = Interrupted(n)
        with traced(trace):
            try:
                save(path)
            except KeyboardInterrupt:
                assert path.read_bytes() in (old, new)
        assert os.listdir(path.parent) == [path.name]
        if not trace.done:
            break
    assert n >= 5, "the functions that write have more lines than that"
    assert path.read_bytes() == new


def test_a_key_pressed_when_all_is_written_leaves_the_old_file(
    saver: tuple[Path, Saver], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, save = saver
    old = path.read_bytes()

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", pressed)
        with pytest.raises(KeyboardInterrupt):
            save(path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_key_pressed_while_a_command_saves_is_told_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in ("draw.png", "draw.pdf"):
        pytest.importorskip("matplotlib")

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", pressed)
    assert cli.main([word.format(tmp_path) for word in COMMANDS[name]]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "gatewise: stopped"
    assert os.listdir(tmp_path) == []


WRITES = {"write_text", "write_bytes", "copyfile", "copytree", "savez", "savez_compressed", "tofile"}


def writers_in(path: Path) -> Iterator[str]:
    """Yield the functions of a module that write a file themselves."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
                name = getattr(call.func, "attr", getattr(call.func, "id", ""))
                modes = [x.value for x in call.args if isinstance(x, ast.Constant) and isinstance(x.value, str)]
                if name in WRITES or (name == "open" and any(re.fullmatch("[wxa][bt+]*", mode) for mode in modes)):
                    yield f"{path.stem}.{function.name}"


def test_only_two_functions_write_files() -> None:
    modules = [path for top in ("autograd", "nn", "viz") for path in (ROOT / top).rglob("*.py")]
    assert {name for path in modules for name in writers_in(path)} == {"drawing.write_aside", "storage.write"}


# --------------------------------------------------------------------------------------------------------- a full disk


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file become larger than so many bytes: what is written beyond that is refused in the middle."""
    resource = pytest.importorskip("resource", reason="Unix alone bounds the size of files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_there_is_no_room_the_old_file_is_whole(saver: tuple[Path, Saver]) -> None:
    path, save = saver
    old = path.read_bytes()
    trained()  # so that nothing but the saving happens below
    with room_for(64), pytest.raises(OSError, match="File too large"):
        save(path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("name", COMMANDS)
def test_where_there_is_no_room_a_command_says_so_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in ("draw.png", "draw.pdf", "train"):
        pytest.importorskip("matplotlib")
        paper.blank(10, 10)
    folder = tmp_path / "there"
    folder.mkdir()
    words = [word.format(folder) for word in COMMANDS[name]]
    with room_for(64):
        status = cli.main(words)
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("epoch ")]
    assert (status, len(told)) == (1, 1)
    assert told[0].startswith(f"gatewise: cannot write '{folder}"[:60])
    assert told[0].endswith(": File too large")
    assert os.listdir(folder) == []


# ------------------------------------------------------------------------------------------ folders that take no file


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nobody may make a file, not even the superuser."""
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        folder = Path("/sys/kernel")
    if not folder.is_dir() or os.name == "nt":
        pytest.skip("this system locks no folder for this user")
    yield folder
    (tmp_path / "locked").chmod(0o700)


@pytest.mark.parametrize("name", SAVERS)
def test_a_folder_that_takes_no_file_is_an_oserror(name: str, locked: Path) -> None:
    file, save = SAVERS[name]
    if file.endswith(SLOW):
        pytest.importorskip("matplotlib")
    before = os.listdir(locked)
    with pytest.raises(OSError, match=r"denied|not permitted"):
        save(locked / file)
    assert os.listdir(locked) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_that_takes_no_file_is_told_in_one_line(
    name: str, locked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in ("draw.png", "draw.pdf", "train"):
        pytest.importorskip("matplotlib")
    assert cli.main([word.format(locked) for word in COMMANDS[name]]) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("epoch ")]
    assert len(told) == 1
    assert told[0].startswith(f"gatewise: cannot write '{locked}"[:60])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has none")
def test_what_is_no_file_is_not_replaced_by_a_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "device")
    (tmp_path / "m.npz").symlink_to(tmp_path / "device")
    (tmp_path / "m.json").mkdir()
    for name in ("m.npz", "m.json"):
        with pytest.raises(OSError, match="it is no file, but a folder or a device"):
            nn.Neuron(1).save(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["device", "m.json", "m.npz"]
    assert not (tmp_path / "device").is_file()


def test_a_name_may_be_as_long_as_the_system_lets_it(tmp_path: Path) -> None:
    for save, suffix in ((nn.Neuron(1).save, ".json"), (viz.draw(product()).save, ".svg")):
        save(path := tmp_path / ("w" * (250 - len(suffix)) + suffix))
        assert path.stat().st_size > 100


# -------------------------------------------------------------------------------------------- packages that are missing


def drawn(suffix: str) -> Callable[[Path], object]:
    return lambda folder: viz.draw(product()).save(folder / f"f{suffix}")


def fitted(folder: Path) -> object:
    model = nn.Neuron(2)
    X, y = nn.moons(4)
    return nn.fit(model, X, y, loss="hinge", optimizer=nn.SGD(model.parameters(), 0.1), epochs=1, progress=True)


MISSING: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "PNG": ("matplotlib", drawn(".png"), pip_install("matplotlib", "Pillow")),
    "PDF": ("matplotlib", drawn(".pdf"), pip_install("matplotlib", "Pillow")),
    "a plot": ("matplotlib", lambda _: viz.plot_history(trained()), pip_install("matplotlib", "Pillow")),
    "a GIF": ("matplotlib", lambda folder: film().save(folder / "f.gif"), pip_install("matplotlib", "Pillow")),
    "PNG without Pillow": ("PIL", drawn(".png"), pip_install("matplotlib", "Pillow")),
    "a GIF without Pillow": ("PIL", lambda folder: film().save(folder / "f.gif"), pip_install("matplotlib", "Pillow")),
    "DOT": ("graphviz", drawn(".dot"), pip_install("graphviz")),
    "a digraph": ("graphviz", lambda _: viz.to_graphviz(product()), pip_install("graphviz")),
    "a bar": ("tqdm", fitted, pip_install("tqdm")),
    "digits": ("sklearn", lambda _: nn.digits(), pip_install("scikit-learn")),
    "to_jax": ("jax", lambda _: compiled(product()).to_jax(), pip_install("jax")),
}
TYPED = {
    "draw f.png": ("matplotlib", ("draw", *XY, "-o", "f.png")),
    "draw f.pdf": ("matplotlib", ("draw", *XY, "-o", "f.pdf")),
    "draw f.dot": ("graphviz", ("draw", *XY, "-o", "f.dot")),
    "train digits": ("sklearn", ("train", "digits", "--epochs", "1")),
}


@contextmanager
def without(package: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a package, and all that is in it, fail to be imported."""
    paper._figure_class.cache_clear()
    with monkeypatch.context() as patched:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            patched.delitem(sys.modules, name)
        if package == "PIL":  # matplotlib holds on to it
            for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
                patched.delitem(sys.modules, name)
        patched.setitem(sys.modules, package, None)
        yield
    paper._figure_class.cache_clear()


@pytest.mark.parametrize("what", MISSING)
def test_a_missing_package_is_told_in_one_line_that_says_what_to_type(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, work, words = MISSING[what]
    trained()
    with without(package, monkeypatch), pytest.raises(ImportError) as caught:
        work(tmp_path)
    assert str(caught.value).endswith(words) or f"{words}," in str(caught.value)
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_what_to_type_is_for_this_python_wherever_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "/a/python": "/a/python",
        "C:\\my files\\python.exe": '"C:\\my files\\python.exe"',
        "": "python",
        None: "python",
    }
    for python, typed in told.items():
        monkeypatch.setattr(sys, "executable", python)
        assert pip_install("jax", "Pillow") == f"{typed} -m pip install jax Pillow"


def test_one_function_alone_says_how_to_install_a_package() -> None:
    modules = [path for top in ("autograd", "nn", "viz") for path in (ROOT / top).rglob("*.py")]
    tell = {path.relative_to(ROOT).as_posix() for path in modules if "pip install" in path.read_text(encoding="utf-8")}
    assert tell == {"autograd/errors.py"}


@pytest.mark.parametrize("what", TYPED)
def test_a_missing_package_is_told_at_the_command_line(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package, words = TYPED[what]
    monkeypatch.chdir(tmp_path)
    with without(package, monkeypatch):
        assert cli.main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gatewise: ")
    assert "pip install " in err
    assert len(err.splitlines()) == 1
    assert os.listdir(tmp_path) == []


def test_training_without_matplotlib_keeps_the_model_and_says_what_is_not_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with without("matplotlib", monkeypatch):
        assert cli.main([word.format(tmp_path) for word in COMMANDS["train"]]) == 0
    assert pip_install("matplotlib", "Pillow") in capsys.readouterr().out
    assert sorted(os.listdir(tmp_path)) == ["history.json", "model.npz"]


WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None
from viz.cli import main
assert main(["step", "x*y", "x=2", "y=3"]) == 0
for text in ("import nn", "from nn.data import moons", "import autograd; autograd.compile(autograd.Value(1.0) * 2)"):
    try:
        exec(text)
    except ImportError as error:
        print(error, file=sys.stderr)
raise SystemExit(main(["train", "moons"]))
"""


def test_without_numpy_a_line_says_what_to_type_and_the_engine_still_works(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMPY],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert "df/dx = 3" in done.stdout or "∂f/∂x = 3" in done.stdout
    told = done.stderr.splitlines()
    assert len(told) == 4
    assert all(line.endswith(f"NumPy: {pip_install('numpy')}") for line in told)
    assert told[-1].startswith("gatewise: ")


def test_without_a_browser_the_page_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["open", *XY, "-o", str(tmp_path / "f.html")]) == 0
    assert "no browser was found here: open that file in one" in capsys.readouterr().out


def test_a_package_that_nobody_speaks_for_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def needs(*_: Any, **__: Any) -> None:
        raise ModuleNotFoundError("No module named 'numpy.linalg'", name="numpy.linalg")

    monkeypatch.setattr(cli, "draw", needs)
    assert cli.main(["draw", *XY, "-o", "f.svg"]) == 1
    assert capsys.readouterr().err == f"gatewise: numpy is not installed: {pip_install('numpy')}\n"
