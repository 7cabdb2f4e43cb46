"""Says in one line whose `autograd` this is, where it is not ours: PyPI has another package of that import name (HIPS).

Installed into the same folder, the two mix: the one that came last has overwritten `__init__.py` of the other, and
takes it along when it is uninstalled. A file of one's own named `autograd.py` hides ours too. This module stands in
`nn` and, the same to the letter, in `viz`: what both may import is what is missing here.
"""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

__all__ = ["expect", "is_command"]

OURS = Path(__file__).resolve().parent.parent


def expect(name: str, member: str) -> None:
    """Import our package of that name; ImportError, with what to do, where another one, or half of one, is found."""
    try:
        getattr(import_module(name), member)
    except Exception as error:  # another package may fail in any way
        if told := complaint(name, member):
            if is_command():
                raise SystemExit(f"gatewise: {told}") from None
            raise ImportError(told) from error
        raise


def complaint(name: str, member: str) -> str:
    """Return what is wrong with the package that is found by a name, and what to do; nothing where it is ours."""
    ours = OURS / name / "__init__.py"
    found = origin(name)
    if found == ours and member in ours.read_text(encoding="utf-8"):
        return ""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable  # what could tell may be missing
    pip = f"{python} -m pip"
    uninstall = f"{pip} uninstall {name}" if is_installed(name) else ""
    if found != ours and found is not None and ours.is_file():
        return f"another package named {name} is installed at {found}: {uninstall or 'rename it or move it away'}"
    what = "another package has overwritten files of" if found == ours else "files are missing from"
    again = f"{pip} install --force-reinstall FOLDER, where FOLDER is that of gatewise's sources, or its wheel"
    remedy = f"{uninstall}{', then ' * bool(uninstall)}{again}"
    return f"{what} gatewise's package {name}, installed at {ours.parent}: {remedy}"


def origin(name: str) -> Path | None:
    """Return the file that an import of a name would run, None where there is none."""
    spec = find_spec(name)
    return Path(spec.origin).resolve() if spec and spec.origin else None


def is_installed(name: str) -> bool:
    """Tell whether pip has installed a distribution of that name."""
    from importlib import metadata  # slow, and seldom asked for

    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def is_command() -> bool:
    """Tell whether this is the command, `gatewise` or `python -m viz`, which shows no traceback."""
    started = sys.argv[0] if sys.argv else ""
    return started == "-m" or os.path.splitext(os.path.basename(started))[0] == "gatewise"


expect("autograd", "Value")
