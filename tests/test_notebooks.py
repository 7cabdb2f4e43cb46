"""The notebooks run from top to bottom, and what they store is what they show.

python tests/test_notebooks.py    runs every notebook, and stores what it showed: look at each of them
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STORE = "python tests/test_notebooks.py"
MOST_CELLS, MOST_BYTES = 19, 400_000
PATIENCE = 300  # seconds for one cell: longer, and it hangs

QUIET = ["--log-level=ERROR"]  # ipykernel warns that its local sockets are not encrypted
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


# ---------------------------------------------------------------------------------------------------- running notebooks


def environment(home: Path) -> dict[str, str]:
    """Return the variables by which a kernel runs this interpreter on these packages, and leaves nothing elsewhere."""
    spec = home / "share" / "kernels" / "python3"
    spec.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "Python 3", "language": "python"}))
    places = ("HOME", "USERPROFILE", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    variables = {
        **{name: str(home) for name in places},
        "MPLCONFIGDIR": str(home),
        "JUPYTER_PATH": str(home / "share"),
        "JUPYTER_PLATFORM_DIRS": "1",  # without it jupyter_core warns about the places it used to have
        "PYTHONPATH": str(ROOT),
    }
    # a new home has no list of fonts: made once here, or each kernel makes one, and where that is slow warns of it
    fonts = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(fonts, env={**os.environ, **variables}, capture_output=True, check=True)
    return variables


def run(path: Path, folder: Path, times: int) -> list[str]:
    """Run a notebook in a folder, each cell so many times in a row; return the text to store after each time."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=PATIENCE, resources=place, extra_arguments=QUIET)
    client.kernel_name, client.coalesce_streams, client.record_timing = "python3", True, False
    shown = [deepcopy(notebook) for _ in range(times)]

    async def run_cells() -> None:
        async with client.async_setup_kernel():
            for i, cell in enumerate(notebook.cells):
                for each in shown:
                    each.cells[i] = deepcopy(await client.async_execute_cell(cell, i))

    asyncio.run(run_cells())  # a loop of our own, since this one is closed in the end
    return [nbformat.writes(tidy(each)) + "\n" for each in shown]


def tidy(notebook: Any) -> Any:
    """Return the notebook without what differs from run to run, its cells numbered."""
    notebook.metadata = METADATA
    runs = count(1)
    for i, cell in enumerate(notebook.cells, 1):
        cell.id, cell.metadata = f"cell-{i:02}", {}
        if cell.cell_type == "code":
            number = next(runs)
            for each in (cell, *[output for output in cell.outputs if "execution_count" in output]):
                each.execution_count = number
    return notebook


Runs = dict[Path, Future[list[str]]]  # what each notebook should be stored as, after each time that a cell was run


def run_all(home: Path, times: int) -> Runs:
    """Run every notebook at once in one home, each in a thread: the main one may have a browser's event loop."""
    with patch.dict(os.environ, environment(home)), ThreadPoolExecutor(max_workers=4) as pool:
        return {path: pool.submit(run, path, home, times) for path in NOTEBOOKS}


def short_of_digits(text: str) -> str:
    """Return a notebook with decimals cut to 11 digits, in its pictures too: the last of exp depend on the machine.

    Of a plot only its place is kept: another version of the plotting library draws the same numbers in other bytes.
    """

    def cut(decimals: str) -> str:
        return re.sub(r"\d+\.\d{11,}(e-?\d+)?", lambda number: f"{float(number[0]):.11g}", decimals)

    text = re.sub(r"iVBORw0KGgo[\w+/=]+", "PNG", text)  # how the bytes of every PNG begin, in base64
    pictures = re.compile(r"(?<=data:image/svg\+xml;base64,)[\w+/=]+")
    return cut(pictures.sub(lambda data: b64encode(cut(b64decode(data[0]).decode()).encode()).decode(), text))


# ----------------------------------------------------------------------------------------------------------- the tests


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """What every notebook would store if it were stored now, its cells run once, and once more before the next."""
    return run_all(tmp_path_factory.mktemp("home"), times=2)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Each notebook in turn."""
    notebook: Path = request.param
    return notebook


@pytest.fixture
def cells(path: Path) -> list[dict[str, Any]]:
    """The cells as they are stored, their texts joined."""
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    return cells


def changed(one: str, other: str) -> list[str]:
    """Return which cells differ between two texts of a notebook."""
    pairs = zip(json.loads(one)["cells"], json.loads(other)["cells"], strict=True)
    return [old["id"] for old, new in pairs if old != new]


def test_a_notebook_runs_and_stores_what_it_shows(path: Path, runs: Runs) -> None:
    fresh, stored = [short_of_digits(text) for text in (runs[path].result()[0], path.read_text(encoding="utf-8"))]
    told = f"these cells of {path.name} show something else now; store it, and look at it: {STORE}"
    assert changed(stored, fresh) == [], told
    assert stored == fresh, f"{path.name} is not stored as it would be by: {STORE}"


def test_a_cell_that_is_run_twice_shows_the_same_again(path: Path, runs: Runs) -> None:
    """Gradients of inputs add up, trained weights go on from where they are: readers run cells twice all the same."""
    once, twice = runs[path].result()
    assert changed(once, twice) == [], f"these cells of {path.name} go on from their own first run: start them afresh"


@pytest.mark.parametrize(
    "wrapped", [str, lambda text: f"data:image/svg+xml;base64,{b64encode(text.encode()).decode()}"]
)
def test_only_the_last_digits_may_differ(wrapped: Callable[[str], str]) -> None:
    number = wrapped("∂f/∂x = 0.196611933241482")
    assert short_of_digits(number) == short_of_digits(wrapped("∂f/∂x = 0.196611933241479"))
    assert short_of_digits(number) != short_of_digits(wrapped("∂f/∂x = 0.196611934241482"))
    assert short_of_digits(number) != short_of_digits(wrapped("∂f/∂y = 0.196611933241482"))


def test_the_notebooks_are_numbered_and_short(path: Path, cells: list[dict[str, Any]]) -> None:
    number = path.stem.split("_")[0]
    assert cells[0]["source"].startswith(f"# {int(number)} · ")
    assert len(cells) <= MOST_CELLS
    assert path.stat().st_size < MOST_BYTES


def test_code_stands_between_prose(cells: list[dict[str, Any]]) -> None:
    kinds = [cell["cell_type"] for cell in cells]
    assert all("code" not in pair or "markdown" in pair for pair in pairwise(kinds))


def test_the_exercises_come_last_with_hidden_answers_and_their_check(cells: list[dict[str, Any]]) -> None:
    *_, exercises, check = cells
    assert "## Exercises" in exercises["source"]
    assert exercises["source"].count("<details><summary>Answer</summary>\n\n") == len(
        re.findall(r"^\*\*\d\.\*\* ", exercises["source"], re.MULTILINE)
    )
    assert exercises["source"].count("<details>") == exercises["source"].count("\n\n</details>") >= 3
    assert check["source"].startswith("# the answers above, checked\n")
    assert check["source"].count("assert ") >= 3
    assert check["outputs"] == []


def outputs(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield everything that the cells show."""
    for cell in cells:
        yield from cell.get("outputs", ())


def test_no_stored_output_is_an_error_or_a_warning(cells: list[dict[str, Any]]) -> None:
    assert [each for each in outputs(cells) if each["output_type"] == "error" or each.get("name") == "stderr"] == []


def test_no_stored_output_tells_of_the_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    homes = {str(ROOT), sys.prefix, str(Path.home()), tempfile.gettempdir()} - {"/"}
    assert [home for home in homes if home in text] == []
    assert re.findall(r"\bat 0x[0-9a-f]+|/(?:home|root|tmp|Users)/|[A-Z]:\\\\", text) == []


def test_prose_has_no_number_of_a_result(cells: list[dict[str, Any]]) -> None:
    """Only exercises and their checked answers may: elsewhere decimals come from the cells."""
    prose = [cell["source"] for cell in cells if cell["cell_type"] == "markdown"][:-1]
    assert [found for text in prose for found in re.findall(r"\d\.\d+", text)] == []


def test_no_line_of_prose_begins_like_a_list(cells: list[dict[str, Any]]) -> None:
    """Our lists have stars: a plus, a minus or a number there is a formula that was broken before it."""
    prose = [cell["source"] for cell in cells if cell["cell_type"] == "markdown"]
    assert [found for text in prose for found in re.findall(r"^ *(?:[+-]|\d+[.)]) .*", text, re.MULTILINE)] == []


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        for path, texts in run_all(Path(home), times=1).items():
            (text,) = texts.result()
            path.write_text(text, encoding="utf-8", newline="\n")
            print(path)
