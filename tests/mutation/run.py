"""Prove that the tests bite: change one thing in a module, run its tests, and see them fail.

    python tests/mutation/run.py table              every mutant of the gate table, autograd/gates.py
    python tests/mutation/run.py walk               … of the walk, of the chain rule, and of what Value does for them
    python tests/mutation/run.py lifting 200 1      two hundred mutants of autograd/lifting/, drawn with seed 1
    python tests/mutation/run.py nn 200 1           … and of nn/losses.py and nn/optim.py

Exit status 1 where a mutant survives that survivors.json does not explain; there, a mutant is told apart by its text as
this program prints it, not by its line. Needs fork, so Linux or macOS: each mutant gets a process of its own, in which
pytest is imported already and our packages are not. Leave the files alone meanwhile, or run it in a copy of them.

What no test runs at all is told by coverage (pip install coverage), branches included:

    python -m coverage run -m pytest tests/autograd tests/nn && python -m coverage report
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import random
import re
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from tests.mutation.mutants import Mutant, read  # noqa: E402  # found from the root alone

SURVIVORS = HERE / "survivors.json"
# what makes pytest start quickly: assertions as they are written, no doctests, no rubbish collected at the end
OPTIONS = ["-x", "-q", "--assert=plain", "-o", "addopts=--import-mode=importlib"]
OPTIONS += [f"-pno:{plugin}" for plugin in ("cacheprovider", "unraisableexception", "threadexception")]
QUICK = "not large and not deep"  # a graph of a million gates takes seconds, and knows of no mistake but slowness
NO_TESTS = 5  # pytest's status where no test has such a name
MEMORY = 3 * 2**30  # bytes that a mutant may take beyond what it starts with: a loop without end takes all there is


@dataclass(frozen=True)
class Target:
    """What is mutated, and the tests that must notice: the nearest, which kill most, and then all."""

    files: tuple[str, ...]  # patterns
    near: tuple[str, ...]
    tests: tuple[str, ...]
    places: tuple[str, ...] = ()  # of autograd/value.py, which holds much besides

    def mutants(self) -> list[Mutant]:
        """Return all there are, in the order of files and lines."""
        paths = sorted(path.relative_to(ROOT).as_posix() for pattern in self.files for path in ROOT.glob(pattern))
        found = [mutant for path in paths for mutant in read(ROOT, path)]
        return [mutant for mutant in found if mutant.path != "autograd/value.py" or mutant.place in self.places]

    def stages(self, mutant: Mutant | None) -> list[list[str]]:
        """Return what pytest is asked for in turn: tests that are named after the place, its module's tests, all."""
        words = re.split(r"[._]", mutant.place.lower()) if mutant else []
        named = " or ".join(word for word in words if len(word) > 2 and word != "value")
        stages = [[*self.near, "-k", f"({named}) and {QUICK}"]] if named else []
        return [*stages, [*self.near, "-k", QUICK], [*self.tests, "-k", QUICK]]


# what Value does for the walk: how a node is made, recomputed, differentiated, and known to be fresh
VALUE = tuple(f"Value.{name}" for name in ("forward", "backward", "grad", "data", "inputs", "__init__"))
VALUE += ("apply", "_made", "_node", "_current", "_clean", "unary.method", "binary.operator", "reflected.swapped")
LIFTING = ("program", "layout", "fuse", "terms", "guards", "fuzz", "jax")  # its tests, the quickest first
TARGETS = {
    "table": Target(
        ("autograd/gates.py",), ("tests/autograd/test_gates.py", "tests/autograd/test_edges.py"), ("tests/autograd",)
    ),
    "walk": Target(
        ("autograd/graph.py", "autograd/value.py"),
        ("tests/autograd/test_graph.py", "tests/autograd/test_value.py"),
        ("tests/autograd",),
        VALUE,
    ),
    "lifting": Target(
        ("autograd/lifting/*.py",),
        tuple(f"tests/autograd/lifting/test_{name}.py" for name in LIFTING),
        ("tests/autograd", "tests/nn"),
    ),
    "nn": Target(("nn/losses.py", "nn/optim.py"), ("tests/nn/test_losses.py", "tests/nn/test_optim.py"), ("tests/nn",)),
}


# ----------------------------------------------------------------------------------------------------- one process each


class Changed(SourceFileLoader):
    """Finds one module and loads other code in its place."""

    def __init__(self, mutant: Mutant) -> None:
        name = mutant.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        super().__init__(name, str(ROOT / mutant.path))
        self.mutant = mutant

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Answer for the mutated module alone."""
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, _: str) -> CodeType:
        """Return the mutant."""
        return self.mutant.code()


class Hurried:
    """Makes pytest stop at the first counterexample, and skip what runs our packages in a Python of its own."""

    def pytest_collection(self) -> None:
        """Tell Hypothesis, before a test module is imported, and subprocess."""
        import pytest
        from hypothesis import Phase, settings

        settings.register_profile("hurried", settings(), phases=(Phase.explicit, Phase.generate))
        settings.load_profile("hurried")
        start = subprocess.Popen.__init__

        def started(self: Any, command: Any, *args: Any, **kwargs: Any) -> None:
            # it would import the module as it is written, and a comparison with it would kill any mutant
            if isinstance(command, list) and command[0] == sys.executable:
                pytest.skip("a Python of its own knows no mutant")
            start(self, command, *args, **kwargs)

        subprocess.Popen.__init__ = started  # type: ignore[method-assign, assignment]

    def pytest_runtest_logreport(self, report: Any) -> None:
        """End at the first failure, and at once."""
        if report.failed:
            os._exit(1)


def start(mutant: Mutant | None, tests: Sequence[str], seconds: float) -> int:
    """Start the tests on a mutant, or on the module as it is, and return the number of their process."""
    process = os.fork()
    if process:
        return process
    import pytest

    signal.setitimer(signal.ITIMER_REAL, seconds)  # the alarm ends the process
    size = (
        int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if sys.platform == "linux" else 0
    )
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY) if size else (resource.RLIM_INFINITY,) * 2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    status = 1
    try:
        if mutant:
            sys.meta_path.insert(0, Changed(mutant))
        status = int(pytest.main([*OPTIONS, *tests], plugins=[Hurried()]))
    finally:
        os._exit(status)


@cache
def limit(*tests: str) -> float:
    """Return how many seconds these tests may take; SystemExit where they fail without a mutant."""
    began = time.monotonic()
    if os.waitstatus_to_exitcode(os.waitpid(start(None, tests, 3600.0), 0)[1]) != 0:
        sys.exit(f"these tests fail already, or there are none: pytest {shlex.join([*OPTIONS, *tests])}")
    return 10.0 + 4.0 * (time.monotonic() - began)


def survivors(target: Target, mutants: Sequence[Mutant], jobs: int) -> Iterator[Mutant]:
    """Yield the mutants that no test notices, as they turn up."""
    *_, near, every = target.stages(None)
    limit(*near)
    waiting = [(mutant, target.stages(mutant)) for mutant in reversed(mutants)]
    running: dict[int, tuple[Mutant, list[list[str]]]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant, (first, *others) = waiting.pop()
            running[start(mutant, first, limit(*(near if others else every)))] = mutant, others
        process, status = os.wait()
        mutant, others = running.pop(process)
        if os.waitstatus_to_exitcode(status) not in (0, NO_TESTS):
            continue
        if others:
            waiting.append((mutant, others))
        else:
            yield mutant


# ------------------------------------------------------------------------------------------------------------- the list


def explained() -> dict[str, str]:
    """Return why a mutant is no mistake, or none that a test should notice, by its text."""
    reasons: dict[str, list[str]] = json.loads(SURVIVORS.read_text("utf-8"))
    return {mutant: reason for reason, mutants in reasons.items() for mutant in mutants}


def main(name: str, how_many: int | None = None, seed: int = 0) -> int:
    """Run a target's mutants, or some of them; print those that survive, and the sum in the last line."""
    for library in ("numpy", "hypothesis", "torch"):  # once, not in every process
        if importlib.util.find_spec(library):
            __import__(library)
    sys.dont_write_bytecode = False  # whatever the environment says: all but the mutant is compiled once
    gc.freeze()  # nor need the collector of each process look at them
    mutants, known = TARGETS[name].mutants(), explained()
    if how_many is not None:
        mutants = random.Random(seed).sample(mutants, min(how_many, len(mutants)))
    asked = [mutant for mutant in mutants if str(mutant) not in known]
    began, alive = time.monotonic(), 0
    for mutant in survivors(TARGETS[name], asked, os.cpu_count() or 1):
        alive += 1
        print(f"survives, line {mutant.line}: {mutant}", flush=True)
    print(
        f"{name}: {len(mutants)} mutants, {len(asked) - alive} killed, {alive} survive "
        f"({len(mutants) - len(asked)} more do, explained in {SURVIVORS.name}), {time.monotonic() - began:.0f} s"
    )
    return int(alive > 0)


if __name__ == "__main__":
    os.chdir(ROOT)
    match sys.argv[1:]:
        case [name] if name in TARGETS:
            sys.exit(main(name))
        case [name, how_many, seed] if name in TARGETS and how_many.isdigit() and seed.isdigit():
            sys.exit(main(name, int(how_many), int(seed)))
        case _:
            sys.exit(f"usage: python tests/mutation/run.py {{{','.join(TARGETS)}}} [HOW_MANY SEED]")
