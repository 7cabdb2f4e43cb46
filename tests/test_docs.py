"""What README, docs/ and CHANGES.md show is what the product makes now, and what they tell people to do works."""

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "CHANGES.md", "docs/CONTRIBUTING.md")


@cache
def script(name: str) -> Any:
    """Return a program of docs/ as a module."""
    spec = spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = script("make")


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------------------ pictures


@pytest.mark.parametrize("name", MAKE.DRAWN)
def test_a_drawn_picture_is_current(name: str) -> None:
    stored = (MAKE.PICTURES / name).read_text(encoding="utf-8")
    assert MAKE.short_of_digits(stored) == MAKE.short_of_digits(MAKE.DRAWN[name]()), "python docs/make.py pictures"


def pixels(png: bytes) -> Any:
    """Return the brightness of a picture's pixels, 0 … 255."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("L"), dtype=float)


def unlike(png: bytes, other: bytes) -> float:
    """Return how far two pictures differ, 0 … 255 per pixel on average; all the way where they differ in size."""
    one, two = pixels(png), pixels(other)
    return float(abs(one - two).mean()) if one.shape == two.shape else 255.0


ALIKE = 2.0  # another version of the plotting library moves a text by a pixel; another training moves curves


@pytest.mark.parametrize("name", MAKE.PLOTTED)
def test_a_plot_is_current(name: str) -> None:
    stored = (MAKE.PICTURES / name).read_bytes()
    assert unlike(stored, MAKE.PLOTTED[name]()) < ALIKE, "python docs/make.py pictures"


def test_another_plot_would_be_noticed() -> None:
    figure, ax = MAKE.viz.plot_history(MAKE.trained()[0])
    ax[0].clear()
    assert unlike((MAKE.PICTURES / "curves.png").read_bytes(), MAKE.plotted((figure, ax))) > ALIKE


def test_the_photographed_page_is_the_page_as_it_is_now() -> None:
    stored = (MAKE.PICTURES / MAKE.PAGE).with_suffix(".txt").read_text(encoding="utf-8").strip()
    assert stored == MAKE.page_digest(), "the page has changed: python docs/make.py pictures"


# ---------------------------------------------------------------------------------------------------------------- text


@pytest.mark.parametrize("document", MAKE.TEXTS)
def test_generated_text_is_current(document: str) -> None:
    assert text_of(document) == MAKE.rewritten(document), "python docs/make.py text"


def test_the_gate_table_has_every_card_and_its_columns() -> None:
    table = MAKE.between("gates").search(text_of("README.md"))
    assert table is not None
    rows = [line.replace(r"\|", "").strip("|").split("|") for line in table[0].splitlines()]
    assert [row[0].strip(" `") for row in rows[2:]] == list(MAKE.GATES)
    assert {len(row) for row in rows} == {8}


def test_the_map_names_every_module() -> None:
    told = text_of("docs/CONTRIBUTING.md")
    for package in ("autograd", "nn", "viz"):
        for path in (ROOT / package).rglob("*.py"):
            assert f"(../{path.relative_to(ROOT).as_posix()}) | " in told


# ------------------------------------------------------------------------------------------------- where one is sent to


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def dead_links(document: str, text: str) -> list[str]:
    """Return the links of a document to files or headings that are not there."""
    found = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        path = (ROOT / document).parent / name if name else ROOT / document
        headings = re.findall(r"^#+ (.*)", path.read_text("utf-8"), re.MULTILINE) if path.suffix == ".md" else []
        if not path.exists() or (anchor and anchor not in map(slug, headings)):
            found.append(target)
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    assert dead_links(document, text_of(document)) == []


def test_a_dead_link_would_be_seen() -> None:
    text = "[a](nowhere.png) [b](README.md#no-such-heading) [c](README.md#gallery)"
    assert dead_links("README.md", text) == ["nowhere.png", "README.md#no-such-heading"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_programs_one_is_told_to_run_are_there(document: str) -> None:
    programs = re.findall(r"python ((?:tests|docs|notebooks)/[\w./]+\.py)", text_of(document))
    assert [name for name in programs if not (ROOT / name).exists()] == []


def test_the_readme_gives_the_ratios_of_the_benchmarks() -> None:
    told = re.findall(r"\| ([\d,.]+×) (?:as fast|the time) \|", text_of("README.md"))
    measured = text_of("docs/CONTRIBUTING.md").split("## Benchmarks")[1]
    assert len(told) >= 5
    assert [ratio for ratio in told if f"| {ratio} |" not in measured] == []


# ----------------------------------------------------------------------------------------------------------- a new gate

STEP = re.compile(r"in `([\w/]+\.py)`,\s+before\s+`([^`]+)`:\n\n```python\n(.*?)```", re.DOTALL)


def carried_out(root: Path) -> Iterator[str]:
    """Do in a copy of the tree what "Add a gate" says, step by step; yield each file that was changed."""
    for name, place, code in STEP.findall(text_of("docs/CONTRIBUTING.md")):
        lines = (root / name).read_text(encoding="utf-8").splitlines(keepends=True)
        at = [i for i, line in enumerate(lines) if line.strip() == place]
        assert at, f"{name} has no line {place!r} any more"
        lines.insert(at[0], code)
        (root / name).write_text("".join(lines), encoding="utf-8")
        yield name


@pytest.fixture(scope="module")
def with_new_gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is needed of the tree, with the gate of "Add a gate" in it."""
    root = tmp_path_factory.mktemp("clone")
    leave_out = shutil.ignore_patterns("__pycache__", "golden", "found")
    for name in ("autograd", "nn", "viz", "tests", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=leave_out)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, root / name)
    touched = set(carried_out(root))
    tests = {"tests/autograd/test_gates.py", "tests/autograd/test_edges.py"}
    assert touched == {"autograd/gates.py", "autograd/value.py", "autograd/functions.py"} | tests
    return root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter in a copy of the tree, on the packages there."""
    settings = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    words = (sys.executable, *words)
    return subprocess.run(words, cwd=root, env=settings, capture_output=True, text=True, encoding="utf-8")


def test_the_steps_to_a_new_gate_pass_its_tests(with_new_gate: Path) -> None:
    done = run(with_new_gate, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "log1p", "tests/autograd")
    assert done.returncode == 0, done.stdout[-3000:]
    assert len(re.findall(r"\.", done.stdout.split("[")[0])) > 30


def test_a_new_gate_is_known_everywhere(with_new_gate: Path) -> None:
    program = (
        "import autograd, viz, nn\n"
        "f = autograd.parse('log1p(x) * y', x=0.5, y=2)\n"
        "assert autograd.check_gradients(f)\n"
        "assert 'log1p' in viz.story(f) and 'Math.log1p' in viz.step(f).html and 'log1p' in viz.draw(f).svg\n"
        "assert 'np.log1p' in autograd.compile(f).source or autograd.compile(f)() == f.data\n"
        "assert nn.Neuron(1, 'log1p', rng=0)([0.5]).gate.name == 'log1p'\n"
    )
    done = run(with_new_gate, "-c", program)
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_table_is_written_anew_for_a_new_gate(with_new_gate: Path) -> None:
    done = run(with_new_gate, "docs/make.py", "text")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "| `log1p` | 1 | log1p |" in (with_new_gate / "README.md").read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------------- the reference


def test_the_reference_is_built_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("pdoc") is None:
        stop = pytest.fail if os.environ.get("GATEWISE_REQUIRE") == "all" else pytest.skip
        stop('pdoc is not installed: pip install -e ".[docs]"')
    api = script("api")
    monkeypatch.setattr(api, "modules", lambda: iter(["autograd", "nn.train"]))  # the others would take their time
    api.build(tmp_path)
    pages = {path.relative_to(tmp_path).as_posix(): path.read_text("utf-8") for path in tmp_path.rglob("*.html")}
    assert {"index.html", "autograd.html", "nn/train.html"} <= set(pages)
    assert "check_gradients" in pages["autograd.html"]
    assert not re.search(r"<(?:script|img|link)[^>]*https?://", "".join(pages.values()))  # no network needed


def test_the_layout_of_docstrings_becomes_markdown() -> None:
    text = (
        "Do it.\n\nx  a number\ny  another\n\nn: how many,\n    of all.\nrng: a seed.\n\nIt is x*y.\n\n>>> 1 + 1\n2\n"
    )
    assert script("api").markdown(text).split("\n\n") == [
        "Do it.",
        "    x  a number\n    y  another",
        "- **n**: how many,\n  of all.\n- **rng**: a seed.",
        r"It is x\*y.",
        "    >>> 1 + 1\n    2",
    ]
