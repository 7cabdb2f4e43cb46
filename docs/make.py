"""Everything in README.md and docs/ that the product itself writes: pictures, tables, the map of the modules.

    python docs/make.py              writes all of it anew: look at what changed
    python docs/make.py text         only what stands between markers in Markdown, after a new gate or module
    python docs/make.py pictures     only the pictures

Pictures of trainings need matplotlib, that of the page a browser: pip install -e ".[dev]", and Chromium. A test tells
what is no longer current.
"""

from __future__ import annotations

import ast
import io
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
sys.path.insert(0, str(ROOT))  # of this tree, not of an installed one

import autograd  # noqa: E402
import viz  # noqa: E402
from autograd import Value  # noqa: E402
from autograd.functions import exp, sum, tanh  # noqa: E402
from autograd.gates import FLOWS, GATES, SWITCH, Gate  # noqa: E402
from nn import MLP, Adam, binary_cross_entropy, fit, hinge, moons  # noqa: E402

# ------------------------------------------------------------------------------------------------------------ pictures


def neuron() -> Value:
    """Return the sigmoid neuron of the lecture notes CS231n, of single gates."""
    w0, w1, w2 = Value(2.0, "w0"), Value(-3.0, "w1"), Value(-3.0, "w2")
    x0, x1 = Value(-1.0, "x0"), Value(-2.0, "x1")
    return 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))


def network() -> str:
    """Return the picture of a network's loss on 100 samples, folded."""
    X, y = moons(100)
    model = MLP(2, [8, 8, 1])
    loss = sum([hinge(model(row), target) for row, target in zip(X.tolist(), (2 * y - 1).tolist())]) / len(y)
    loss.label = "loss"
    return viz.draw(loss).svg


def checked() -> str:
    """Return a circuit on which every local gradient stands beside the one that differences give."""
    x, y, z = Value(2.0, "x"), Value(-0.5, "y"), Value(3.0, "z")
    return viz.draw(tanh(x * y) * z + x, check=True).svg


def broken() -> str:
    """Return a circuit whose backward pass assigns where it should add."""
    x, y = Value(3.0, "x"), Value(-4.0, "y")
    return viz.broken(x * x + x * y, "overwrite").svg


@cache
def trained() -> tuple[Any, Any, Any]:
    """Return the History of a training on moons, and the samples."""
    X, y = moons(100)
    model = MLP(2, [16, 16, 1])
    adam = Adam(model.parameters(), lr=0.02)
    history = fit(model, X, y, loss="binary_cross_entropy", optimizer=adam, epochs=100, progress=False)
    return history, X, y


def plotted(plot: tuple[Any, Any]) -> bytes:
    """Return a plot as PNG."""
    figure, _ = plot
    figure.set_size_inches(5.2, 4.2)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    return file.getvalue()


def boundary() -> bytes:
    """Return the decision boundary of a trained network."""
    history, X, y = trained()
    return plotted(viz.plot_decision_boundary(history.model, X, y))


def curves() -> bytes:
    """Return loss and accuracy of a training."""
    return plotted(viz.plot_history(trained()[0]))


def flow() -> bytes:
    """Return how large the gradients of each layer were, epoch by epoch."""
    return plotted(viz.plot_gradient_flow(trained()[0]))


def page() -> str:
    """Return the page that steps through the sigmoid neuron."""
    return viz.step(neuron()).html


def photographed() -> bytes:
    """Return what a browser shows of the page, half-way back; beside it stands what page that was."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        tab = opened.new_context(viewport={"width": 1180, "height": 860}, offline=True).new_page()
        tab.set_content(page())
        for key in ["Home"] + ["ArrowRight"] * 16:
            tab.keyboard.press(key)
        tab.wait_for_timeout(800)
        picture = tab.screenshot()
        opened.close()
    return picture


DRAWN: dict[str, Callable[[], str]] = {
    "network.svg": network,
    "checked.svg": checked,
    "broken.svg": broken,
}
PLOTTED: dict[str, Callable[[], bytes]] = {"boundary.png": boundary, "curves.png": curves, "flow.png": flow}
PAGE = "page.png"  # and page.txt, which says of what page it is


def short_of_digits(text: str) -> str:
    """Return a text with long decimals cut to ten digits: the last ones of exp depend on the machine."""
    return re.sub(r"\d+\.\d{11,}(e-?\d+)?", lambda number: f"{float(number[0]):.10g}", text)


def page_digest() -> str:
    """Return what tells one page from another."""
    return sha256(short_of_digits(page()).encode()).hexdigest()


def write_pictures() -> Iterator[Path]:
    """Draw every picture, and yield where it is."""
    PICTURES.mkdir(exist_ok=True)
    for name, draw in {**DRAWN, **PLOTTED}.items():
        drawn = draw()
        (PICTURES / name).write_bytes(drawn.encode() if isinstance(drawn, str) else drawn)
        yield PICTURES / name
    (PICTURES / PAGE).write_bytes(photographed())
    (PICTURES / PAGE).with_suffix(".txt").write_text(f"{page_digest()}\n")
    yield PICTURES / PAGE


# ---------------------------------------------------------------------------------------------------------------- text


def rows(*cells: tuple[str, ...]) -> str:
    """Return a table in Markdown; the first row is its head."""
    head, *body = ["| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in cells]
    return "\n".join([head, "|---" * len(cells[0]) + "|", *body])


def formula(latex: str) -> str:
    """Return LaTeX as GitHub typesets it in a table; it takes no | there, nor the command operatorname."""
    bars = re.sub(r"\|(.*?)\|", r"\\lvert \1\\rvert ", latex)
    return f"$`{bars.replace('operatorname', 'mathrm')}`$"


def spelled(numbers: tuple[Any, ...]) -> str:
    """Return numbers as people write them."""
    return ", ".join(f"{x:g}".replace("inf", "∞").replace("-", "−") for x in map(float, numbers))


def at_the_edge(gate: Gate) -> str:
    """Return what a card does where others may do otherwise: at a kink, on a tie, and far out."""
    if gate.flow == "gradient router":
        return f"on a tie of three the slopes are {spelled(gate.partials(1.0, 1.0, 1.0, 1.0))}"
    if gate.arity != 1:
        return ""
    told = [f"slope at 0: {spelled(gate.partials(gate.forward(0.0), 0.0))}"] if gate.flow == SWITCH else []
    ends = {sign: x for sign, x in (("−∞", -float("inf")), ("∞", float("inf"))) if not gate.domain.lacks_value(x)}
    return "; ".join(told + [f"{spelled((gate.forward(x),))} at {sign}" for sign, x in ends.items()])


def needs(gate: Gate) -> str:
    """Return where a gate's value, and its slope, exist."""
    domain = gate.domain
    slope = f"slope: {domain.slope_needs}" if domain.slope_needs else ""
    return "; ".join(filter(None, [domain.needs, slope])).replace("!=", "≠").replace(">=", "≥").replace(" -", " −")


def gate_table() -> str:
    """Return the gate table, a row per card."""
    head = ("gate", "inputs", "drawn as", "value", "local gradients", "pattern", "needs", "at the edge")
    return rows(
        head,
        *[
            (
                f"`{gate.name}`",
                str(gate.arity or "any"),
                gate.symbol,
                formula(gate.latex[0]),
                ", ".join(map(formula, gate.latex[1:])),
                gate.flow,
                needs(gate),
                at_the_edge(gate),
            )
            for gate in GATES.values()
        ],
    )


def pattern_table() -> str:
    """Return the patterns of gradient flow, in words."""
    return rows(("pattern", "the gate …"), *[(name, pattern.words) for name, pattern in FLOWS.items()])


def written_program() -> str:
    """Return forward and backward of the program that `compile` writes of a small network."""
    X, y = moons(100)
    model = MLP(2, [4, 1], "tanh")
    program = autograd.compile(lambda row, target: binary_cross_entropy(model(row), target), model.parameters())
    program(X, y)
    steps = re.search(r"    def forward\(.*(?=\n    return forward, backward)", program.source, re.DOTALL)
    assert steps is not None
    kept = steps[0].replace('    @np.errstate(all="ignore")\n', "").rstrip()
    return f"```python\n# {program}\n\n{textwrap.dedent(kept)}\n```"


def first_sentence(path: Path) -> str:
    """Return the first sentence of a module's docstring, on one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = " ".join(docstring.split("\n\n")[0].split())
    return re.split(r"(?<=[a-z`)])\. ", first)[0].removesuffix(".") + "."


def module_map(package: str) -> str:
    """Return a table of a package's modules, each with what its docstring begins with."""
    paths = sorted((ROOT / package).rglob("*.py"), key=lambda path: (path.parent, path.name))
    named = [path.relative_to(ROOT).as_posix() for path in paths]
    return rows(
        ("module", "what it is"),
        *[(f"[`{name}`](../{name})", first_sentence(path)) for name, path in zip(named, paths, strict=True)],
    )


TEXTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"gates": gate_table, "patterns": pattern_table, "program": written_program},
    "docs/CONTRIBUTING.md": {
        f"map of {package}": lambda p=package: module_map(p) for package in ("autograd", "nn", "viz")
    },
}


def between(name: str) -> re.Pattern[str]:
    """Return what finds the text between the markers of a name."""
    return re.compile(rf"(?<=<!-- {name}: python docs/make\.py -->\n\n).*?(?=\n\n<!-- end of {name} -->)", re.DOTALL)


def rewritten(document: str) -> str:
    """Return a document with everything between markers written anew."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for name, write in TEXTS[document].items():
        new = write()
        text, found = between(name).subn(lambda _, new=new: new, text)
        assert found == 1, f"{document} has no markers for {name}"
    return text


def write_texts() -> Iterator[Path]:
    """Write the generated text of every document, and yield where it is."""
    for document in TEXTS:
        (ROOT / document).write_text(rewritten(document), encoding="utf-8", newline="\n")
        yield ROOT / document


def main(arguments: list[str]) -> None:
    """Write what is asked for, all of it where nothing is."""
    written = {"text": write_texts, "pictures": write_pictures}
    if not set(arguments) <= set(written):
        raise SystemExit(f"python docs/make.py takes {' or '.join(written)}, or nothing")
    for what in arguments or written:
        for path in written[what]():
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1:])
