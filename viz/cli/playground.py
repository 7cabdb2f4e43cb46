"""`gatewise playground`: writes the page that runs the engine in the browser, as a folder for any web server."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from viz.playground import build
from viz.shell import note, say, writing

__all__ = ["EXAMPLE", "NOTES", "playground", "takes_playground"]

EXAMPLE = ("playground", "site")
NOTES = """
It fetches Pyodide, a Python for browsers, once, and keeps it in your cache folder. The folder is served as it is, by
any web server:
  python -m http.server -d site"""


def takes_playground(parser: ArgumentParser) -> None:
    """Add what `playground` takes."""
    default = "gatewise-playground"
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=default, help=f"what to write ({default})")
    parser.add_argument("--pyodide", metavar="FILE", help="the package of Pyodide, where it was fetched already (.tgz)")


def playground(arguments: Namespace) -> int:
    """Write the playground into a folder, and tell how to open it."""
    folder = Path(arguments.folder)
    with writing(folder):
        size = build(folder, arguments.pyodide, note)
    say(f"wrote {folder}: {size / 1e6:.1f} MB, for any web server")
    say(f"to see it here: python -m http.server -d {folder}, then open http://localhost:8000")
    return 0
