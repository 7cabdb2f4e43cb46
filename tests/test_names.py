"""Public names: `__all__` is true in every module, and each name in it is documented, annotated, and shown by example.

home    the module that defines a name        borrowed   what a module takes from another module of ours
"""

import ast
import doctest
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autograd", "nn", "viz")


def dotted(path: Path) -> str:
    """Return the name of a file's module: viz/svg.py is viz.svg, viz/__init__.py is viz."""
    return ".".join(part for part in path.relative_to(ROOT).with_suffix("").parts if part != "__init__")


SOURCES = {
    dotted(path): path.read_text(encoding="utf-8")
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.name != "__main__.py"  # defines nothing: it runs
}

every_module = pytest.mark.parametrize("module", SOURCES)


# ------------------------------------------------------------------------------------------------------- what is there


def defined(source: str) -> set[str]:
    """Return the names that a module gives to things by itself: not those that it imports."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


def strangers(module: ModuleType, source: str) -> list[str]:
    """Return the names in `__all__` that are missing, twice there, or of another home; a package passes on its own."""
    exported = list(getattr(module, "__all__", ()))
    missing = [name for name in exported if not hasattr(module, name)]
    twice = [name for name in exported if exported.count(name) > 1]
    if hasattr(module, "__path__"):
        homes = {name: getattr(getattr(module, name, None), "__module__", module.__name__) for name in exported}
        return missing + twice + [name for name, home in homes.items() if not home.startswith(module.__name__)]
    return missing + twice + [name for name in exported if name not in defined(source)]


@every_module
def test_all_names_what_is_there_and_only_what_is_at_home_there(module: str) -> None:
    imported = importlib.import_module(module)
    assert hasattr(imported, "__all__") or not defined(SOURCES[module])
    assert strangers(imported, SOURCES[module]) == []


def borrowed(source: str) -> Iterator[tuple[str, str]]:
    """Yield (module, name) for every name that this source takes from a module of ours, by import or by a dot."""
    tree, modules = ast.parse(source), {}
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(origin), names=aliases, level=0) if origin in SOURCES:
                for alias in aliases:
                    if f"{origin}.{alias.name}" in SOURCES:
                        modules[alias.asname or alias.name] = f"{origin}.{alias.name}"
                    else:
                        yield origin, alias.name
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in modules:
                yield modules[name], attribute


# its `__all__` is a vocabulary, which the reader of typed expressions knows, and names gates only
VOCABULARY = "autograd.functions"


def trespasses(source: str) -> list[str]:
    """Return the borrowed names that their homes do not offer."""
    return [
        f"{module}.{name}"
        for module, name in borrowed(source)
        if name != "__all__"
        and name not in getattr(importlib.import_module(module), "__all__", ())
        and not (module == VOCABULARY and not name.startswith("_"))
    ]


@every_module
def test_a_module_takes_from_another_only_what_is_offered(module: str) -> None:
    assert trespasses(SOURCES[module]) == [], "their modules should list these in __all__"


# ------------------------------------------------------------------------------------------------- what is said of them


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield (name, thing) for the functions and classes that a module offers, and for what those classes offer."""
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if not getattr(thing, "__module__", "").startswith(PACKAGES):
            continue  # a number, a text, or another name for a type of Python's own
        if inspect.isroutine(thing) or inspect.isclass(thing):
            yield name, thing
        if inspect.isclass(thing):
            for part, member in vars(thing).items():
                if not part.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                    yield f"{name}.{part}", member


def first_sentence_ends(text: str | None) -> bool:
    """Tell whether the first paragraph of a docstring ends as a sentence does, an example or a list after it aside."""
    first = (text or "").split("\n\n")[0].rstrip()
    return first.endswith((".", ".)"))


def undocumented(module: ModuleType) -> list[str]:
    """Return the public functions, classes and methods without a docstring that begins with a sentence."""
    return [name for name, thing in public(module) if not first_sentence_ends(inspect.getdoc(thing))]


@every_module
def test_every_public_name_has_a_docstring_that_begins_with_a_sentence(module: str) -> None:
    imported = importlib.import_module(module)
    assert first_sentence_ends(imported.__doc__)
    assert undocumented(imported) == []


def unannotated(module: ModuleType) -> list[str]:
    """Return the public functions with a parameter or a result that says no type."""
    return [name for name, thing in public(module) if inspect.isfunction(thing) and not annotated(thing)]


def annotated(function: Any) -> bool:
    signature = inspect.signature(function)
    parameters = [each for each in signature.parameters.values() if each.name not in ("self", "cls")]
    return signature.empty not in (signature.return_annotation, *[each.annotation for each in parameters])


@every_module
def test_every_public_function_says_its_types(module: str) -> None:
    assert unannotated(importlib.import_module(module)) == []


# ----------------------------------------------------------------------------------------------------- shown by example


def without_example(module: ModuleType) -> list[str]:
    """Return the functions of a package, and the classes one makes things of, whose docstrings show no example."""
    parser = doctest.DocTestParser()
    things = {name: getattr(module, name) for name in module.__all__}
    shown = {name: thing for name, thing in things.items() if not is_given(thing)}
    return [name for name, thing in shown.items() if not parser.get_examples(thing.__doc__ or "")]


def is_given(thing: Any) -> bool:
    """Tell whether a class is of exceptions or of records, which functions raise or return and nobody makes."""
    return inspect.isclass(thing) and (issubclass(thing, (BaseException, tuple)) or is_dataclass(thing))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_of_a_package_is_shown_by_an_example(package: str) -> None:
    assert without_example(importlib.import_module(package)) == []


# ------------------------------------------------------------------------------------------ proof that it would be seen

CARELESS = '''
"""a module whose author was in a hurry"""
from math import tau
__all__ = ["tau", "gone", "half", "half"]
def half(x, times: int = 1):
    return x / 2**times
'''


@pytest.fixture
def careless() -> ModuleType:
    """A module with every fault that the tests above look for."""
    module = ModuleType("nn.careless")
    exec(CARELESS, vars(module))  # our own text, on purpose
    return module


def test_planted_faults_are_seen(careless: ModuleType) -> None:
    assert strangers(careless, CARELESS) == ["gone", "half", "half", "tau", "gone"]
    careless.__all__ = ["half"]  # type: ignore[attr-defined]
    assert undocumented(careless) == unannotated(careless) == without_example(careless) == ["half"]


@pytest.mark.parametrize(
    "source",
    ["from viz.stepper import _page", "from autograd import graph\nread = graph._step", "from nn.train import pytest"],
)
def test_a_planted_trespass_is_seen(source: str) -> None:
    assert len(trespasses(source)) == 1


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Return x.", True),
        ("Return x: as a float.\n\nMore.", True),
        ("Return x", False),
        ("What is x?", False),
        ("", False),
        (None, False),
    ],
)
def test_a_first_sentence_is_known_by_its_period(text: str | None, begins: bool) -> None:
    assert first_sentence_ends(text) is begins


@pytest.mark.parametrize("package", ["nn", "viz"])
def test_completion_offers_what_is_meant_to_be_used_and_nothing_a_package_imports(package: str) -> None:
    module = importlib.import_module(package)
    assert dir(module) == sorted(module.__all__)
