"""The Python that runs in a browser: Pyodide, one pinned package of npm, fetched once and never kept with the sources.

    tarball      the package as npm gives it, a .tgz
    integrity    its SHA-512 in base64, as npm states it: what is not exactly that file is refused

Pyodide is free software under the Mozilla Public License 2.0: https://github.com/pyodide/pyodide
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tarfile
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from viz.drawing import write_aside
from viz.shell import FileError, shown

__all__ = ["FILES", "VERSION", "cached", "runtime"]

VERSION = "314.0.7"
INTEGRITY = "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
ADDRESS = f"https://registry.npmjs.org/pyodide/-/pyodide-{VERSION}.tgz"
LARGEST = 50_000_000  # bytes that a download may have
PATIENCE = 60  # seconds without an answer

FILES = (  # what a page needs of the package; package.json names its makers and its licence
    "package.json",
    "pyodide-lock.json",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "pyodide.mjs",
    "python_stdlib.zip",
)


def runtime(given: Path | None = None, note: Callable[[str], None] = lambda _: None) -> dict[str, bytes]:
    """Return the files of Pyodide by name: of the tarball given, else of the one in the cache, else fetched into it.

    `note` is told, in a line, what takes time. Raises FileError where the package cannot be read or fetched, or is not
    the one that is pinned.
    """
    if given is not None:
        return _unpacked(_verified(_read(given), shown(str(given))))
    if (known := cached()) is not None:
        return _unpacked(_read(known))
    note(f"fetching {ADDRESS} (6.5 MB, once)")
    tarball = _verified(_fetched(), ADDRESS)
    with suppress(OSError):  # what cannot be kept is fetched again
        _place().parent.mkdir(parents=True, exist_ok=True)
        write_aside(_place(), tarball)
    return _unpacked(tarball)


def cached() -> Path | None:
    """Return the tarball in the cache of this user; None where there is none, or not the one that is pinned."""
    with suppress(OSError, FileError):
        _verified(_place().read_bytes(), "")
        return _place()
    return None


def _place() -> Path:
    """Return where this system keeps what a user's programs can fetch again."""
    home = Path.home()
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = home / "Library" / "Caches"
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return folder / "gatewise" / f"pyodide-{VERSION}.tgz"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {shown(str(path))}: {error.strerror or error}") from error


def _fetched() -> bytes:
    from http.client import HTTPException  # both are slow to import, and seldom needed
    from urllib.request import urlopen

    try:
        with urlopen(ADDRESS, timeout=PATIENCE) as answer:
            content: bytes = answer.read(LARGEST)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise FileError(
            f"cannot fetch {ADDRESS}: {reason}. Fetch that file where there is a network, and give it: --pyodide FILE"
        ) from error
    return content


def _verified(tarball: bytes, origin: str) -> bytes:
    digest = b64encode(hashlib.sha512(tarball).digest()).decode()
    if digest != INTEGRITY:
        raise FileError(
            f"{origin} is not the package pyodide {VERSION}: its SHA-512 is {digest[:12]}…, not {INTEGRITY[:12]}…"
        )
    return tarball


def _unpacked(tarball: bytes) -> dict[str, bytes]:
    files = {}
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as package:
        for name in FILES:
            member = package.extractfile(f"package/{name}")
            assert member is not None  # the package is the one that is pinned
            files[name] = member.read()
    return files
