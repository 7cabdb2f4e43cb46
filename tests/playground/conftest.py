"""The playground, built once for all tests out of a package that was fetched before; nothing here asks a network."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import need
from viz.playground import build
from viz.playground_runtime import cached

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a playground of these very sources."""
    known = cached()
    need("Pyodide's package", known and str(known), "gatewise playground FOLDER fetches it, once")
    target = tmp_path_factory.mktemp("playground")
    build(target, known)
    return target


@pytest.fixture(scope="session")
def run(folder: Path, node: str) -> Callable[[str], str]:
    """Run a program in the Python of a browser and return what it printed; whatever it complains of is an error."""

    def run(program: str) -> str:
        command = [node, str(HERE / "python.mjs"), str(folder)]
        done = subprocess.run(command, input=program, capture_output=True, text=True, encoding="utf-8", check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run
