"""gatewise installed and run as people do: what is packed, odd settings, and somebody else's `autograd` in the way.

The slow half - real environments, made and filled by pip - is tests/fresh_machine.py.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autograd", "nn", "viz")


def need(what: str, is_there: object) -> None:
    """Skip where something to build with is not there; fail where GATEWISE_REQUIRE is "all"."""
    if not is_there:
        stop = pytest.fail if os.environ.get("GATEWISE_REQUIRE") == "all" else pytest.skip
        stop(f'{what} is not installed: pip install -e ".[dev]" brings what pip can')


def run(words: list[str], folder: Path, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Run this interpreter in a folder, on these packages unless PYTHONPATH says otherwise, in a bare environment."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR") if name in os.environ}
    environment = {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **settings}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL
    )


def planted(folder: Path, files: Mapping[str, str | None]) -> Path:
    """Write files into a folder, or remove those whose text is None; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
    return folder


# ------------------------------------------------------------------------------------------------------- what is packed


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, check=True, encoding="utf-8").stdout


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this tree, in which git has every file that it does not ignore."""
    need("git", shutil.which("git"))
    need("setuptools-scm", find_spec("setuptools_scm"))
    folder = tmp_path_factory.mktemp("tracked") / "gatewise"
    left_out = (".git", ".venv*", "__pycache__", ".*_cache", "*.egg-info", "build", "dist")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*left_out))
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    settings = ("user.name=a test", "user.email=a@test", "commit.gpgsign=false")
    options = [word for setting in settings for word in ("-c", setting)]
    git(folder, *options, "commit", "--quiet", "--no-verify", "-m", "all of it")
    return folder


@pytest.fixture(scope="module")
def files(tracked: Path) -> set[str]:
    return set(git(tracked, "-c", "core.quotepath=off", "ls-files").splitlines())


def built(tracked: Path, what: str, target: Path) -> Path:
    """Build the wheel or the sdist of a tree, by the backend that pip would call, and return its file."""
    code = "import sys; from setuptools import build_meta; getattr(build_meta, f'build_{sys.argv[1]}')(sys.argv[2])"
    done = run(["-c", code, what, str(target)], tracked)
    assert done.returncode == 0, done.stderr.decode()
    (path,) = target.iterdir()
    return path


def test_the_wheel_holds_the_packages_the_lessons_and_nothing_else(
    tracked: Path, files: set[str], tmp_path: Path
) -> None:
    with zipfile.ZipFile(built(tracked, "wheel", tmp_path)) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
        about = {name.partition(".dist-info/")[2] for name in wheel.namelist()} - {""}
    lessons = {f"viz/cli/{name}" for name in files if name.startswith("notebooks/")}
    assert packed == {name for name in files if name.split("/")[0] in PACKAGES} | lessons
    assert about == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "top_level.txt"}


def test_the_sdist_holds_what_git_has_and_nothing_else(tracked: Path, files: set[str], tmp_path: Path) -> None:
    with tarfile.open(built(tracked, "sdist", tmp_path)) as sdist:
        packed = {name.partition("/")[2] for name in sdist.getnames() if sdist.getmember(name).isfile()}
    made = {name for name in packed if name.startswith("gatewise.egg-info/")} | {"PKG-INFO", "setup.cfg"}
    assert packed - made == files


# --------------------------------------------------------------------------------------------------------- odd settings

# Run one after the other in one process. The last is a part of a graph whose values are stale: what is shown of it must
# not hang on a line that -O leaves out.
WORK = """
import sys
from viz.cli import main
xyz = ["(x+y)*z", "x=-2", "y=5", "z=-4"]
for words in (
    ["demo"],
    ["step", *xyz, "--table", "--html", "page.html"],
    ["draw", *xyz, "-o", "xyz.tex"],
    ["draw", *xyz, "-o", "xyz.html"],
    ["check", "log(x)*y", "x=2", "y=3"],
    ["lesson"],
):
    if main(words):
        sys.exit(f"failed: {words}")

import nn, viz
from autograd import Value
X, y = nn.moons(20)
small = nn.MLP(2, [4, 1], rng=1)
history = nn.fit(small, X, y, loss="hinge", optimizer=nn.SGD(small.parameters(), lr=0.1), epochs=3, progress=False)
print(history.loss)
model = nn.MLP(2, [8, 8, 1], rng=1)
rows = [[Value(0.1 * i), Value(0.2 * i)] for i in range(30)]
loss = sum([nn.mse(model(row), 1.0) for row in rows], Value(0.0))
model.layers[0].neurons[0].w[0].data = 5.0
viz.draw(loss, open="layer3 → f").save("part.svg")
"""


def work(folder: Path, *flags: str, **settings: str) -> tuple[str, dict[str, bytes]]:
    """Do the work in a folder; return what was said, and what was written."""
    script = planted(folder.parent / "scripts", {f"{folder.name}.py": WORK}) / f"{folder.name}.py"
    done = run([*flags, str(script)], folder, **settings)
    assert (done.returncode, done.stderr.count(b"Traceback"), done.stderr.count(b"Warning")) == (0, 0, 0), done.stderr
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return done.stdout.decode("utf-8"), {name: path.read_bytes() for name, path in files.items()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, bytes]]:
    """What the work says and writes on a usual machine."""
    return work(tmp_path_factory.mktemp("plain"), PYTHONUTF8="1")


@pytest.mark.parametrize("flags", ["-O", "-OO", "-bb -X dev -W error"])
def test_no_flag_of_python_changes_a_byte(flags: str, tmp_path: Path, plain: tuple[str, dict[str, bytes]]) -> None:
    assert work(tmp_path, *flags.split(), PYTHONUTF8="1") == plain


NOWHERE = {"HOME": "/nowhere/at/all", "USERPROFILE": "/nowhere/at/all"}
SETTINGS: Mapping[str, dict[str, str]] = {
    "the C locale, no home": {"LC_ALL": "C", **NOWHERE},
    "the C locale, no UTF-8, a dumb terminal": {"LC_ALL": "C", "PYTHONUTF8": "0", "TERM": "dumb"},
    "a screen of ASCII": {"PYTHONIOENCODING": "ascii"},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_no_setting_of_the_machine_changes_a_file(
    settings: dict[str, str], tmp_path: Path, plain: tuple[str, dict[str, bytes]]
) -> None:
    folder = tmp_path / "Größe ∂ ı (1)"
    folder.mkdir()
    said, files = work(folder, **settings)
    assert files == plain[1]
    assert len(said.splitlines()) == len(plain[0].splitlines())


# ---------------------------------------------------------------------------------------------- somebody else's package

HIPS = "from math import nan as grad\n"
INSTALLED = {"autograd-1.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: autograd\nVersion: 1.9\n"}
SHADOWED = "another package named autograd is installed at {other}: "
OVERWRITTEN = "another package has overwritten files of gatewise's package autograd, installed at {ours}: "
LOST = "files are missing from gatewise's package autograd, installed at {ours}: "
PYTHON = f'"{sys.executable}"' if " " in sys.executable else sys.executable
AGAIN = f"{PYTHON} -m pip install --force-reinstall FOLDER, where FOLDER is that of gatewise's sources, or its wheel"
AWAY = f"{PYTHON} -m pip uninstall autograd"

# what stands in another folder of the path; what becomes of ours (None: removed); what is told
CLASHES: Mapping[str, tuple[dict[str, str], dict[str, str | None], str]] = {
    "another package": ({"autograd/__init__.py": HIPS} | INSTALLED, {}, f"{SHADOWED}{AWAY}"),
    "one that fails": ({"autograd/__init__.py": "1 / 0\n"} | INSTALLED, {}, f"{SHADOWED}{AWAY}"),
    "a file of one's own": ({"autograd.py": "x = 1\n"}, {}, f"{SHADOWED}rename it or move it away"),
    "installed over ours": (
        INSTALLED,
        {"autograd/__init__.py": HIPS, "autograd/tracer.py": ""},
        f"{OVERWRITTEN}{AWAY}, then {AGAIN}",
    ),
    "installed over ours, and removed": ({}, {"autograd/__init__.py": None}, f"{LOST}{AGAIN}"),
}
STARTS = {
    "import nn": ["-c", "import nn"],
    "import viz": ["-c", "import viz"],
    "gatewise": ["gatewise", "check", "x*x", "x=2"],
    "python -m viz": ["-m", "viz", "check", "x*x", "x=2"],
}


def installed(folder: Path) -> Path:
    """Copy our packages into a folder, as if installed there, with the script that pip makes of the command."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    planted(folder, {"bin/gatewise": "from viz.cli import main\nraise SystemExit(main())\n"})
    return folder


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("clash", CLASHES)
def test_a_clash_of_import_names_is_told_in_one_line(clash: str, start: str, tmp_path: Path) -> None:
    others, changes, line = CLASHES[clash]
    ours, other = planted(installed(tmp_path / "ours"), changes), planted(tmp_path / "other", others)
    words = [str(ours / "bin" / word) if word == "gatewise" else word for word in STARTS[start]]
    done = run(words, tmp_path, PYTHONPATH=os.pathsep.join(map(str, (other, ours))))
    found = next((other / name for name in others if name.endswith(".py")), None)
    told = line.format(other=found, ours=ours / "autograd")
    error = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert error[-1] == (f"ImportError: {told}" if start.startswith("import") else f"gatewise: {told}")
    assert len(error) == 1 or start.startswith("import")


def test_another_package_named_nn_is_told_by_the_command_that_needs_ours(tmp_path: Path) -> None:
    ours, other = installed(tmp_path / "ours"), planted(tmp_path / "other", {"nn.py": "x = 1\n"})
    path = os.pathsep.join(map(str, (other, ours)))
    assert run(["-m", "viz", "check", "x*x", "x=2"], tmp_path, PYTHONPATH=path).returncode == 0
    done = run(["-m", "viz", "train", "moons"], tmp_path, PYTHONPATH=path)
    told = f"gatewise: another package named nn is installed at {other / 'nn.py'}: rename it or move it away"
    assert (done.returncode, done.stderr.decode().splitlines()) == (1, [told])


def test_a_fault_of_our_own_is_not_blamed_on_another_package(tmp_path: Path) -> None:
    ours = planted(installed(tmp_path / "ours"), {"autograd/value.py": "1 / 0\n"})
    done = run(["-c", "import nn"], tmp_path, PYTHONPATH=str(ours))
    assert done.stderr.decode().splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_files_of_another_package_beside_ours_do_no_harm(tmp_path: Path) -> None:
    ours = planted(
        installed(tmp_path / "ours"), {"autograd/numpy/__init__.py": "1 / 0\n", "autograd/core.py": "1 / 0\n"}
    )
    done = run([str(ours / "bin" / "gatewise"), "demo"], tmp_path, PYTHONPATH=str(ours))
    assert done.returncode == 0, done.stderr


def test_nn_and_viz_tell_a_clash_by_the_same_lines() -> None:
    assert (ROOT / "nn" / "clash.py").read_bytes() == (ROOT / "viz" / "clash.py").read_bytes()
