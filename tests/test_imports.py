"""Imports flow one way: who may import whom, and a proof that this test would notice.

late: inside a function, or for the type checker alone, so that importing the module does not run it.
"""

import ast
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest


@dataclass(frozen=True, slots=True)
class Rule:
    """What a module may import beside the standard library: anywhere, and only late."""

    anywhere: tuple[str, ...]
    late: tuple[str, ...] = ()


VIZ_LIBRARIES = ("numpy", "graphviz", "matplotlib", "PIL", "pygraphviz")  # each the business of one module of viz

# the longest name that leads to a module is its row
RULES = {
    "autograd": Rule(("autograd",)),
    "autograd.elementary": Rule(("autograd.errors",)),
    "autograd.gates": Rule(("autograd.elementary", "autograd.errors")),
    "autograd.value": Rule(("autograd.elementary", "autograd.errors", "autograd.gates", "autograd.graph")),
    "autograd.lifting": Rule(("autograd",), late=("numpy", "jax")),
    "nn": Rule(("nn", "autograd", "numpy"), late=("tqdm", "sklearn")),
    "viz": Rule(("viz", "autograd"), late=VIZ_LIBRARIES),
    "viz.cli": Rule(("viz", "autograd", "nn"), late=VIZ_LIBRARIES),
}

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for top in ("autograd", "nn", "viz")
    for path in sorted((ROOT / top).rglob("*.py"))
}


@dataclass(frozen=True, slots=True)
class Import:
    """One import: its dotted name (`autograd.gates.MUL`), its line, and whether it is late."""

    name: str
    line: int
    late: bool


def dotted(path: str) -> str:
    """Return the name of a file's module: `viz/svg.py` is viz.svg, `viz/__init__.py` is viz."""
    return ".".join(part for part in PurePosixPath(path).with_suffix("").parts if part != "__init__")


def within(name: str, tops: tuple[str, ...]) -> bool:
    """Tell whether a dotted name is one of `tops` or stands below one."""
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def names(node: ast.AST, package: str) -> list[str]:
    """Return the dotted names that one node of a syntax tree imports, relative ones resolved from the package."""
    match node:
        case ast.Import(names=aliases):
            return [alias.name for alias in aliases]
        case ast.ImportFrom(module=module, names=aliases, level=level):
            origin = resolve_name("." * level + (module or ""), package)
            return [f"{origin}.{alias.name}" for alias in aliases]
        case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]):
            return [name] if ast.unparse(function).split(".")[-1] in ("__import__", "import_module") else []
    return []


def is_late(node: ast.AST, child: ast.AST) -> bool:
    """Tell whether importing the module passes over this child of a node."""
    match node:
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            return child in body  # decorators and defaults do run
        case ast.Lambda(body=body):
            return child is body
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), body=body):
            return child in body
    return False


def walk(node: ast.AST, package: str, late: bool = False) -> Iterator[Import]:
    """Yield the imports at a node and, at any depth, below it."""
    if isinstance(node, (ast.stmt, ast.expr)):
        yield from (Import(name, node.lineno, late) for name in names(node, package))
    for child in ast.iter_child_nodes(node):
        yield from walk(child, package, late or is_late(node, child))


def imports(path: str, source: str) -> list[Import]:
    """Return every import in the source of a module, those of the standard library left out."""
    package = dotted(str(PurePosixPath(path).parent))
    found = walk(ast.parse(source), package)
    return [each for each in found if each.name.split(".")[0] not in sys.stdlib_module_names]


def violations(path: str, source: str) -> list[str]:
    """Return one line for each import that the module's rule does not allow."""
    module = dotted(path)
    rule = RULES[max((row for row in RULES if within(module, (row,))), key=len)]
    return [
        f"{path}:{each.line} imports {each.name}" + ", which it may only late" * within(each.name, rule.late)
        for each in imports(path, source)
        if not within(each.name, rule.anywhere + (rule.late if each.late else ()))
    ]


def second_homes(sources: Mapping[str, str]) -> list[str]:
    """Return one line for each library that more than one module of viz imports."""
    used = {path: imports(path, source) for path, source in sources.items() if within(dotted(path), ("viz",))}
    homes = {
        library: [path for path, found in used.items() if any(within(each.name, (library,)) for each in found)]
        for library in VIZ_LIBRARIES
    }
    return [f"{library} is imported by {', '.join(paths)}" for library, paths in homes.items() if len(paths) > 1]


def clashes(package: ModuleType) -> set[str]:
    """Return the exported names that a module of the package would overwrite as soon as it is imported."""
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    return modules & set(getattr(package, "__all__", ()))


@pytest.mark.parametrize("path", SOURCES)
def test_a_module_imports_only_what_its_rule_allows(path: str) -> None:
    assert violations(path, SOURCES[path]) == []


def test_each_library_has_one_home_in_viz() -> None:
    assert second_homes(SOURCES) == []


@pytest.mark.parametrize("package", [dotted(path) for path in SOURCES if path.endswith("__init__.py")])
def test_no_module_is_named_like_an_export_of_its_package(package: str) -> None:
    assert clashes(importlib.import_module(package)) == set()


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("autograd/graph.py", "import numpy"),
        ("autograd/graph.py", "def f():\n    import numpy"),
        ("autograd/graph.py", "import nn"),
        ("autograd/graph.py", "def f():\n    from viz import draw"),
        ("autograd/lifting/emit.py", "import numpy as np"),
        ("autograd/lifting/emit.py", "class Plan:\n    import jax.numpy as jnp"),
        ("autograd/lifting/emit.py", "def f(numpy=__import__('numpy')): pass"),
        ("autograd/lifting/emit.py", "def f():\n    import scipy"),
        ("autograd/elementary.py", "from autograd import gates"),
        ("autograd/elementary.py", "from . import gates"),
        ("autograd/gates.py", "import autograd"),
        ("autograd/gates.py", "def f():\n    from .value import Value"),
        ("autograd/value.py", "from autograd.functions import exp"),
        ("nn/train.py", "from tqdm import tqdm"),
        ("nn/train.py", "def f():\n    import viz"),
        ("nn/train.py", "import torch"),
        ("viz/plots.py", "import matplotlib.pyplot as plt"),
        ("viz/plots.py", "try:\n    import numpy\nexcept ImportError:\n    pass"),
        ("viz/plots.py", "if TYPE_CHECKING:\n    pass\nelse:\n    import numpy"),
        ("viz/plots.py", "def f():\n    import nn"),
        ("viz/plots.py", "def f():\n    importlib.import_module('nn.train')"),
        ("viz/cli.py", "import numpy"),
    ],
)
def test_a_planted_violation_is_caught(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("autograd/__init__.py", "import math\nfrom .value import Value\nfrom autograd.lifting import program"),
        ("autograd/gates.py", "from __future__ import annotations\nfrom .elementary import exp"),
        ("autograd/lifting/emit.py", "from ..gates import MUL\ndef f():\n    import jax.numpy as jnp"),
        ("autograd/lifting/emit.py", "if TYPE_CHECKING:\n    import numpy as np"),
        ("nn/train.py", "import numpy as np\nasync def f():\n    from tqdm.auto import tqdm"),
        ("viz/plots.py", "def f():\n    def g():\n        import matplotlib.pyplot"),
        ("viz/cli.py", "import nn"),
    ],
)
def test_an_allowed_import_passes(path: str, source: str) -> None:
    assert violations(path, source) == []


def test_a_planted_second_home_is_caught() -> None:
    late = "def f():\n    import numpy"
    assert second_homes({"viz/plots.py": late, "nn/data.py": late}) == []
    assert second_homes({"viz/plots.py": late, "viz/svg.py": late}) == ["numpy is imported by viz/plots.py, viz/svg.py"]


def test_a_planted_clash_is_caught(tmp_path: Path) -> None:
    (tmp_path / "step.py").touch()
    package = ModuleType("planted")
    vars(package).update(__path__=[str(tmp_path)], __all__=["step", "draw"])
    assert clashes(package) == {"step"}
