"""What a fresh machine makes of gatewise: README's first command, the wheel, the sdist, and PyPI's other `autograd`.

python tests/fresh_machine.py                  all of it but the second command, from a fresh clone: some minutes
python tests/fresh_machine.py first packed     only these parts, of PARTS below
python tests/fresh_machine.py second           README's second command, in an odd folder: a quarter of an hour
python tests/fresh_machine.py --uncommitted    also what is not committed yet
python tests/fresh_machine.py --python PATH    by another Python than the one that runs this

It prints a line for each check, where one failed the last line that it said, and at the end how many passed; the status
is 0 if all did. It needs git, a network (pip fetches packages, into no cache) and a Unix; everything is done in a
folder of its own, which is removed. As root it also tries what an ordinary user may do.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ODD = "Größe ∂ ı (1)"  # a folder's name: spaces, brackets, letters of other alphabets
SYSTEM = "/usr/local/bin:/usr/bin:/bin"
NETWORK = re.compile(r"(https?|no|all)_proxy|SSL_CERT_.*|PIP_(CERT|INDEX_URL|EXTRA_INDEX_URL)", re.IGNORECASE)
AGAIN = "[^ ]* -m pip install --force-reinstall FOLDER, .* its wheel"
XYZ = "'(x+y)*z' x=-2 y=5 z=-4"

# how `gatewise demo` is started: settings of the environment, flags of Python, what becomes of its streams
SETTINGS = [
    "LC_ALL=C",
    "LC_ALL=POSIX PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
    "LC_ALL=tr_TR.ISO-8859-9",
    "LC_ALL=de_DE.ISO-8859-1",
    "PYTHONIOENCODING=ascii",
    "PYTHONIOENCODING=cp1252",
    "PYTHONIOENCODING=utf-16",
    "TERM=dumb",
    "NO_COLOR=1",
    "FORCE_COLOR=1 PYTHONIOENCODING=ascii",
    "COLUMNS=1 LINES=1",
]
FLAGS = ["-W error", "-O", "-OO", "-I", "-B", "-X dev -W error", "-bb -W error", "-X warn_default_encoding -W error"]
STREAMS = {"| head -1 >/dev/null": 0, "<&-": 0, ">&-": 0, "2>&-": 0, "<&- >&- 2>&-": 0, ">/dev/full": 1}

# run where gatewise is installed from its wheel, each in a folder far from the sources: the command, what it says last
USES = {
    "--version": r"gatewise \d+\.\d+\.\d+",
    "demo": "check 'log",
    f"step {XYZ} --table --html page.html": "wrote page.html",
    f"open {XYZ}": "open that file in one|wrote gatewise.html",
    f"check {XYZ}": "agree to",
    "train moons --epochs 3 --hidden 4": "no pictures: .*pip install",
    "lesson": "lesson 1",
    "lesson 3": "jupyterlab",
    **{f"draw {XYZ} -o f.{suffix}": f"wrote f.{suffix}" for suffix in ("svg", "tex", "dot", "html")},
}
PLOTS = {
    **{f"draw {XYZ} -o f.{suffix}": f"wrote f.{suffix}" for suffix in ("png", "pdf")},
    "train moons --epochs 3 --hidden 4 -o trained": "wrote trained",
}
USER = """
import autograd, nn, viz
from autograd import Value, check_gradients, grad

x: Value = Value(2.0, "x")
f: Value = x * x + nn.mse([x], [1.0])
f.backward()
print(f.data, x.grad, grad(lambda x: x * x)(3.0), bool(check_gradients(f)))
model = nn.MLP(2, [3, 1], rng=0)
X, y = nn.moons(20)
history = nn.fit(model, X, y, loss="hinge", optimizer=nn.SGD(model.parameters(), lr=0.1), epochs=2, progress=False)
losses: list[float] = history.loss
viz.step(f).save("page.html")
"""


class Machine:
    """A folder that stands for a fresh machine, and the account of what was tried on it."""

    def __init__(self, scratch: Path, python: str, is_uncommitted: bool) -> None:
        self.scratch, self.python = scratch, str(Path(shutil.which(python) or python).resolve())
        self.passed = self.tried = 0
        self.programs = self.folder("programs")
        (self.programs / "python3").symlink_to(self.python)
        self.source = scratch / "source"
        self.git("clone", "--quiet", str(ROOT), str(self.source))
        if is_uncommitted:
            self.copy_uncommitted()

    def git(self, *words: str) -> str:
        return subprocess.run(["git", *words], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout

    def copy_uncommitted(self) -> None:
        """Bring the clone to the state of the working tree, and commit it there."""
        kept = self.git("-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        self.git("-C", str(self.source), "rm", "-r", "--quiet", ".")
        for name in filter(None, kept):
            if (ROOT / name).is_file():
                (self.source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.source / name)
        self.git("-C", str(self.source), "add", "--all")
        author = ("-c", "user.name=fresh", "-c", "user.email=fresh@machine", "-c", "commit.gpgsign=false")
        self.git("-C", str(self.source), *author, "commit", "--quiet", "--allow-empty", "-m", "uncommitted")

    def folder(self, *names: str) -> Path:
        """Return a new folder."""
        path = self.scratch.joinpath(*names)
        path.mkdir(parents=True)
        return path

    def clone(self, *names: str) -> Path:
        """Return a new clone."""
        path = self.scratch.joinpath(*names)
        self.git("clone", "--quiet", str(self.source), str(path))
        return path

    def environment(self, settings: str = "") -> dict[str, str]:
        """Return hardly any environment: no home that could be written to, no cache, and the settings."""
        network = {name: value for name, value in os.environ.items() if NETWORK.fullmatch(name)}
        bare = {"PATH": f"{self.programs}:{SYSTEM}", "HOME": "/nowhere/at/all", "PIP_NO_CACHE_DIR": "1"}
        return network | bare | dict([word.split("=", 1) for word in settings.split()])

    def check(
        self, what: str, command: str, folder: Path, says: str = "", status: int = 0, settings: str = "", user: str = ""
    ) -> bool:
        """Run a command of the shell, and print whether it ended as it should."""
        words = [*shlex.split(user), "sh", "-c", command]
        done = subprocess.run(
            words,
            cwd=folder,
            env=self.environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said = done.stdout.decode("utf-8", "replace").strip()
        is_fine = done.returncode == status and bool(re.search(says, said)) and "Traceback" not in said
        self.tried += 1
        self.passed += is_fine
        last = said.splitlines()[-1:] or [""]
        print(
            f"{'ok  ' if is_fine else 'FAIL'} {what}", "" if is_fine else f"[{done.returncode}] {last[0]}", flush=True
        )
        if not is_fine and len(said) > len(last[0]):
            print("     | " + "\n     | ".join(said.splitlines()[-15:]), flush=True)
        return is_fine

    @cached_property
    def built(self) -> tuple[str, str]:
        """The wheel, made from the sdist, and the sdist."""
        builder = self.made("builder", "build")
        self.check("python -m build", f"{builder}/python -m build .", self.source, "Successfully built")
        (wheel,), (sdist,) = [list((self.source / "dist").glob(pattern)) for pattern in ("*.whl", "*.tar.gz")]
        return str(wheel), str(sdist)

    def made(self, name: str, *requirements: str) -> Path:
        """Return the folder of programs of a new environment, with what pip is asked for installed."""
        path = self.scratch / name
        subprocess.run([self.python, "-m", "venv", str(path)], check=True)
        for requirement in requirements:
            what = f"{name}: pip install {Path(requirement).name}"
            self.check(what, pip(path / "bin", requirement), self.scratch)
        return path / "bin"


def pip(programs: Path, requirement: str, *options: str) -> str:
    """Return the command that installs a requirement."""
    return shlex.join([str(programs / "python"), "-m", "pip", "install", "--quiet", *options, requirement])


def commands() -> tuple[str, str]:
    """Return the two commands that README begins with."""
    first, second = re.findall(
        r"^    (python3 -m venv .*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    return first, second


# ------------------------------------------------------------------------------------------------------------ the parts


def first(machine: Machine) -> None:
    """README's first command in a bare environment, in an odd folder, by an ordinary user; then odd settings."""
    command, _ = commands()
    plain = machine.clone("first")
    if not machine.check("first command, no environment", command, plain, "check 'log"):
        return
    odd = machine.clone(ODD, "gatewise")
    machine.check("first command, odd folder, LC_ALL=C", command, odd, "check 'log", settings="LC_ALL=C")
    ordinary(machine, command)
    programs = plain / ".venv" / "bin"
    elsewhere = machine.folder("settings", ODD)
    locales = made_locales(machine)
    for settings in SETTINGS:
        machine.check(f"demo, {settings}", f"{programs}/gatewise demo", elsewhere, settings=f"{settings} {locales}")
    for flags in FLAGS:
        machine.check(f"demo, python {flags}", f"{programs}/python {flags} -m viz demo", elsewhere, "check 'log")
    for streams, status in STREAMS.items():
        machine.check(f"demo {streams}", f"{programs}/gatewise demo {streams}", elsewhere, status=status)


def made_locales(machine: Machine) -> str:
    """Make the locales of SETTINGS that the system may lack, if it can; return the setting that lets them be found."""
    folder = machine.folder("locales")
    if not shutil.which("localedef"):
        return ""
    for name in re.findall(r"LC_ALL=(\w+\.ISO-8859-\d)", " ".join(SETTINGS)):
        language, charset = name.split(".")
        machine.check(f"localedef {name}", f"localedef -i {language} -f {charset} {folder / name}", folder)
    return f"LOCPATH={folder}"


def ordinary(machine: Machine, command: str) -> None:
    """Run a command as a user without rights, whose home is not theirs to write; only root can play another user."""
    if os.getuid() != 0 or not shutil.which("setpriv") or not shutil.which("python3", path=SYSTEM):
        return
    home, clone = machine.folder("home"), machine.clone("ordinary")
    for path in (clone, *clone.rglob("*")):
        os.chown(path, 65534, 65534)
    settings = f"HOME={home} PATH={SYSTEM}"
    user = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    machine.check("a read-only home is one", "touch $HOME/x", clone, status=1, settings=settings, user=user)
    what = "first command, ordinary user, read-only home"
    machine.check(what, command, clone, "check 'log", settings=settings, user=user)


def packed(machine: Machine) -> None:
    """The wheel, used far from the sources, and typed; the sdist, unpacked, installed and tested."""
    wheel, sdist = machine.built
    programs = machine.made(f"{ODD} installed", wheel)
    elsewhere = machine.folder("elsewhere", ODD)
    gatewise = shlex.quote(str(programs / "gatewise"))
    for use, says in USES.items():
        machine.check(f"wheel: gatewise {use}", f"{gatewise} {use}", elsewhere, says)
    # from a checkout this fails: the finder of an editable install asks for a folder whose name ASCII cannot say
    what = "wheel: demo, odd folder, no UTF-8"
    machine.check(what, f"{gatewise} demo", elsewhere, "check 'log", settings="LC_ALL=C PYTHONUTF8=0")
    machine.check("wheel: the lesson is a notebook", "grep -q nbformat gatewise-lessons/03_*.ipynb", elsewhere)
    python = shlex.quote(str(programs / "python"))
    machine.check("wheel: mypy is installed", pip(programs, "mypy"), elsewhere)
    (elsewhere / "user.py").write_text(USER, encoding="utf-8")
    machine.check("wheel: mypy --strict of a program", f"{python} -m mypy --strict user.py", elsewhere, "Success")
    machine.check("wheel: the program", f"{python} -W error user.py", elsewhere, r"5.0 6.0 6.0 True")
    machine.check("wheel: pip install gatewise[plots]", pip(programs, f"{wheel}[plots]"), elsewhere)
    for use, says in PLOTS.items():
        machine.check(f"wheel: gatewise {use}", f"{gatewise} {use}", elsewhere, says)
    unpacked(machine, sdist)


def unpacked(machine: Machine, sdist: str) -> None:
    """Install from the unpacked sdist, and run from it the tests that ask for no browser and little time."""
    folder = machine.folder("unpacked")
    machine.check("sdist: unpack", f"tar xzf {sdist} --strip-components=1", folder)
    programs = machine.made("from sdist", f"{folder}[dev]")
    tests = (
        "tests/autograd tests/nn/test_layers.py tests/test_imports.py tests/viz/test_cli.py tests/viz/test_lessons.py"
    )
    python = shlex.quote(str(programs / "python"))
    machine.check("sdist: install -e", pip(programs, str(folder), "--no-deps", "-e"), folder)
    machine.check("sdist: its tests", f"{python} -m pytest -q -p no:cacheprovider {tests}", folder, r"\d+ passed")


def clash(machine: Machine) -> None:
    """PyPI's `autograd` in one environment with ours: installed over it, under it, and beside a checkout."""
    wheel, _ = machine.built
    over = machine.made("over", wheel, "autograd")
    told(machine, over, f"overwritten files of .*: [^ ]* -m pip uninstall autograd, then {AGAIN}")
    removed(machine, over)
    told(machine, over, f"files are missing from .*autograd: {AGAIN}")
    machine.check("over: install ours again", pip(over, wheel, "--force-reinstall"), machine.scratch)
    works(machine, over)
    works(machine, machine.made("under", "autograd", wheel))
    beside = machine.made("beside", "autograd")
    machine.check("beside: pip install -e .", pip(beside, ".", "-e"), machine.source)
    told(machine, beside, "another package named autograd is installed at .*: [^ ]* -m pip uninstall autograd$")
    removed(machine, beside)
    works(machine, beside)


def told(machine: Machine, programs: Path, line: str) -> None:
    """Check that every way in tells a clash, the command in a single line."""
    name = programs.parent.name
    for words in ("gatewise --version", "gatewise train moons", "python -m viz demo"):
        command = f"{programs}/{words}"
        machine.check(f"{name}: {words} tells it", command, machine.scratch, rf"\Agatewise: [^\n]*{line}\Z", status=1)
    for package in ("nn", "viz"):
        command = f"{programs}/python -c 'import {package}' 2>&1 | tail -1"
        machine.check(f"{name}: import {package} tells it", command, machine.scratch, rf"\AImportError: .*{line}\Z")


def removed(machine: Machine, programs: Path) -> None:
    """Remove the other package."""
    command = f"{programs}/python -m pip uninstall --quiet --yes autograd"
    machine.check(f"{programs.parent.name}: pip uninstall autograd", command, machine.scratch)


def works(machine: Machine, programs: Path) -> None:
    """Check that ours works."""
    name = programs.parent.name
    machine.check(f"{name}: demo", f"{programs}/gatewise demo", machine.scratch, "check 'log")
    machine.check(f"{name}: train", f"{programs}/gatewise train moons --epochs 2", machine.scratch, "wrote")


def second(machine: Machine) -> None:
    """README's second command, the whole suite, in an odd folder in the C locale without a home."""
    _, command = commands()
    clone = machine.clone("second", ODD, "gatewise")
    machine.check("second command", command, clone, r"\d+ passed", settings="LC_ALL=C")


PARTS: dict[str, Callable[[Machine], None]] = {"first": first, "packed": packed, "clash": clash, "second": second}


def main() -> int:
    """Try the parts that were asked for, and tell how many checks passed."""
    parser = ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all but second")
    parser.add_argument("--uncommitted", action="store_true", help="also what is not committed yet")
    parser.add_argument("--python", default=sys.executable, help="the Python to try it with")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(prefix="fresh-") as scratch:
        os.chmod(scratch, 0o755)
        machine = Machine(Path(scratch), arguments.python, arguments.uncommitted)
        for name in arguments.parts or [name for name in PARTS if name != "second"]:
            PARTS[name](machine)
    print(f"{machine.passed} of {machine.tried}")
    return 0 if machine.passed == machine.tried else 1


if __name__ == "__main__":
    raise SystemExit(main())
