"""The mutants are those a reader would make, some of them are run, and those on the list of survivors exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation import run
from tests.mutation.mutants import mutants, read

ROOT = Path(run.__file__).resolve().parents[2]
needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="a mutant gets a process of its own by fork")

SMALL = """
def slope(x, y):
    '''Say nothing.'''
    if x <= 2.5 and sin(y):
        raise ValueError(f"{x + 1} is too small")
    total: float = 0.0
    for step in range(x, y):
        total += step - 1
    return total
"""
OF_SMALL = {
    "slope: x <= 2.5 and sin(y)": [
        "True",
        "False",
        "sin(y)",
        "x <= 2.5",
        "x <= 2.5 or sin(y)",
        "y <= 2.5 and sin(y)",
        "x < 2.5 and sin(y)",
        "x > 2.5 and sin(y)",
        "x <= 2.5025 and sin(y)",
        "x <= -2.5 and sin(y)",
        "x <= 2.5 and y",
        "x <= 2.5 and cos(y)",
        "x <= 2.5 and sin(total)",
    ],
    "slope: raise ValueError(f'{x + 1} is too small')": ["pass"],
    "slope: total: float = 0.0": ["pass", "total: float = 1.0"],
    "slope: total += step - 1": [
        "total -= step - 1",
        "total = step - 1",
        "pass",
        "total += step",
        "total += 1",
        "total += 1 - step",
        "total += step + 1",
        "total += -step - 1",
        "total += x - 1",
        "total += step - 2",
        "total += step - 0",
    ],
    "slope: return total": ["return", "return step"],
    "slope: range(x, y)": [
        "range(y, x)",
        "range(y, y)",
        "range(x, total)",
    ],
}


def test_the_mutants_of_a_small_function_are_known() -> None:
    found: dict[str, list[str]] = {}
    for mutant in mutants("small.py", SMALL):
        found.setdefault(f"{mutant.place}: {mutant.before}", []).append(mutant.after)
    found = {before: after for before, after in found.items() if not before.startswith("slope: for")}
    assert {before: sorted(after) for before, after in found.items()} == {
        before: sorted(after) for before, after in OF_SMALL.items()
    }


def test_a_mutant_is_compiled_with_its_one_change() -> None:
    (mutant,) = [mutant for mutant in mutants("small.py", "def f(x):\n    return x - 3\n") if "+" in mutant.after]
    module: dict[str, object] = {}
    exec(mutant.code(), module)
    assert (mutant.line, module["f"](10)) == (2, 13)  # type: ignore[operator]


def test_no_two_mutants_read_alike() -> None:
    found = [str(mutant) for mutant in read(ROOT, "autograd/graph.py")]
    assert len(set(found)) == len(found) > 100


def test_every_survivor_on_the_list_is_a_mutant_still() -> None:
    listed = set(run.explained())
    paths = {text.split(" ")[0] for text in listed}
    assert listed <= {str(mutant) for path in paths for mutant in read(ROOT, path)}


@needs_fork
def test_some_mutants_of_the_gate_table_are_killed() -> None:
    command = [sys.executable, "tests/mutation/run.py", "table", "6", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.match(r"table: 6 mutants, \d+ killed, 0 survive ", done.stdout.splitlines()[-1])
