"""The reference of every public name, as pages that need no network.

    python docs/api.py            writes docs/api/: open docs/api/index.html
    python docs/api.py FOLDER     writes it elsewhere

pdoc reads the docstrings (pip install -e ".[docs]"). They are plain text, laid out for people who read the source, so
what that layout means is told to pdoc here: letters and what they stand for, arguments one by one, examples.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from pkgutil import walk_packages
from textwrap import dedent, indent
from typing import Any, get_type_hints

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "docs" / "pdoc"
PACKAGES = ("autograd", "nn", "viz")

GLOSSARY = re.compile(r"\S.*? {2,}\S")  # letters, a gap, and what they stand for
ARGUMENT = re.compile(r"(\w+(?:, \w+)*): (?=\S)")
EXAMPLE = ">>> "


def paragraphs(docstring: str) -> Iterator[str]:
    """Yield the paragraphs of a docstring, each as Markdown."""
    for text in re.split(r"\n\s*\n", docstring.strip("\n")):
        lines = text.split("\n")
        if text.startswith("    ") or text.lstrip().startswith(EXAMPLE):
            yield indent(dedent(text), "    ")
        elif len(lines) > 1 and all(GLOSSARY.match(line) or line.startswith("  ") for line in lines):
            yield indent(text, "    ")
        elif any(line.startswith("    ") for line in lines[1:]):
            yield "\n".join(argument(line) for line in lines)
        else:
            yield escaped(text)


def argument(line: str) -> str:
    """Return a line of a list of arguments: a new entry where it begins with a name, else more of the one before."""
    named = ARGUMENT.match(line)
    return f"- **{named[1]}**: {escaped(line[named.end() :])}" if named else f"  {escaped(line.strip())}"


def escaped(text: str) -> str:
    """Return prose that Markdown takes as it is: a star is a product, and an example among prose stays one."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*<])", r"\\\1", part) for part in parts)


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown."""
    return "\n\n".join(paragraphs(docstring))


def modules() -> Iterator[str]:
    """Yield the name of every module there is to import, and import it."""
    for package in map(import_module, PACKAGES):
        yield package.__name__
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):  # it runs
                yield import_module(module.name).__name__


def load_late_names() -> None:
    """Put the names that `autograd` loads when they are asked for into it, where pdoc looks for them."""
    import autograd

    for name in autograd.__all__:
        setattr(autograd, name, getattr(autograd, name))


def resolve_records() -> None:
    """Give the constructors of named tuples the types of their fields, which are written as text there."""
    for module in [module for name, module in sys.modules.items() if name.split(".")[0] in PACKAGES]:
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, tuple) and thing.__module__ == module.__name__:
                thing.__new__.__annotations__ = get_type_hints(thing)


def build(folder: Path) -> None:
    """Write the reference into a folder; any warning is an error."""
    import pdoc
    import pdoc.render

    names = list(modules())
    load_late_names()
    resolve_records()
    pdoc.render.configure(
        docformat="markdown", footer_text=f"gatewise {version('gatewise')}", math=False, template_directory=TEMPLATES
    )
    pdoc.render.env.filters["to_markdown"] = markdown
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pdoc.pdoc(*names, output_directory=folder)


def main(arguments: list[Any]) -> None:
    """Build the reference and say where it is."""
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "api"
    build(folder)
    print(folder / "index.html")


if __name__ == "__main__":
    main(sys.argv[1:])
