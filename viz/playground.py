"""The playground: a folder with a page that runs this very engine in the browser, through Pyodide.

    folder     what is written: the page, its script and style, the worker that runs Python, the sources of autograd and
               viz in one archive, and Pyodide; every address in it is relative, so it may be served from anywhere
    archive    gatewise.zip, the same bytes for the same sources

Nothing runs on a server, and nothing that is typed leaves the page.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from viz.drawing import write_aside
from viz.examples import EXAMPLES
from viz.pages import colours, filled, resource, script_json
from viz.playground_runtime import VERSION, runtime

__all__ = ["archive", "build"]

PACKAGES = ("autograd", "viz")
SUFFIXES = (".py", ".html", ".css", ".js")
LEFT_OUT = ("cli", "lifting")  # packages inside these that need more than the standard library

STUCK = (
    "This page needs JavaScript, and a web server that it comes from: run python -m http.server in its folder, "
    "then open http://localhost:8000"
)
WORDS = {
    "downloading": "Downloading Python: {loaded} of {total} MB",
    "starting": "Starting Python …",
    "failed": "This did not work: {failed}. Reload the page to try again.",
    "missing": "a file of this page could not be loaded",
    "copy": "Copy link",
    "copied": "Copied",
    "uncopied": "The address above is the link",
}


def build(
    folder: str | os.PathLike[str],
    pyodide: str | os.PathLike[str] | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the playground into a folder, made if need be, and return how many bytes it has.

    `pyodide` is the tarball of Pyodide where it was fetched already; else it is fetched, once, and kept in the user's
    cache. `note` is told, in a line, what takes time. Raises viz.shell.FileError where Pyodide cannot be had, OSError
    where the folder cannot be written.
    """
    python = runtime(None if pyodide is None else Path(pyodide), note)
    contents = _page() | {"gatewise.zip": archive()} | {f"pyodide/{name}": file for name, file in python.items()}
    contents["playground_worker.js"] = _worker(contents)
    for name, content in contents.items():
        target = Path(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_aside(target, content)
    return sum(map(len, contents.values()))


def _page() -> dict[str, bytes]:
    """Return what the browser shows: the page, its script and its style, which is the stepper's and a little more."""
    examples = [
        {
            "title": example.title,
            "expression": example.expression,
            "inputs": {name: repr(x).removesuffix(".0") for name, x in example.values.items()},
        }
        for example in EXAMPLES
    ]
    parts = {
        "colophon": f"Python in this page: Pyodide {VERSION}, free software under the Mozilla Public License 2.0.",
        "stuck": STUCK,
        "recorded": script_json({"examples": examples, "words": WORDS}),
    }
    texts = {
        "index.html": filled("playground.html", parts),
        "playground.css": colours() + resource("stepper.css") + resource("playground.css"),
        "playground.js": resource("playground.js"),
    }
    return {name: text.encode() for name, text in texts.items()}


def _worker(contents: dict[str, bytes]) -> bytes:
    """Return the script that runs Python, which knows how much there is to load."""
    script = len(contents["pyodide/pyodide.asm.mjs"])
    fetched = ("gatewise.zip", "pyodide/pyodide-lock.json", "pyodide/pyodide.asm.wasm", "pyodide/python_stdlib.zip")
    total = script + sum([len(contents[name]) for name in fetched])
    return filled("playground_worker.js", {"script": str(script), "total": str(total)}).encode()


def archive() -> bytes:
    """Return the sources that the page needs as one archive, the same bytes for the same sources."""
    target = io.BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as sources:
        for package in PACKAGES:
            for name, file in _sources(files(package), package):
                sources.writestr(ZipInfo(name), file.read_bytes(), ZIP_DEFLATED)
    return target.getvalue()


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name not in LEFT_OUT:
            yield from _sources(entry, f"{name}/{entry.name}")
        elif entry.name.endswith(SUFFIXES):
            yield f"{name}/{entry.name}", entry
