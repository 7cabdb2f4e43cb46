"""Pages: what every HTML file that viz writes is put together from, so that each is whole by itself.

resource    a file that lies beside these modules        part    what stands for <!-- its name --> in a page
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files

from viz import theme

__all__ = ["colours", "filled", "resource", "script_json"]

UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def resource(name: str) -> str:
    """Return the text of a file that lies beside these modules."""
    return (files("viz") / name).read_text(encoding="utf-8")


def filled(name: str, parts: Mapping[str, str]) -> str:
    """Return a page with its parts, nothing where one is missing; a part's own text is never filled."""
    return re.sub(r"<!-- (\w+) -->", lambda match: parts.get(match[1], ""), resource(name))


def colours() -> str:
    """Return the colours and fonts of the pictures as custom properties, so that page and picture agree."""

    def properties(colours: Mapping[str, str]) -> str:
        return f":root{{{''.join([f'--{name}:{colour};' for name, colour in colours.items()])}}}"

    light, dark = properties(theme.LIGHT), properties(theme.DARK)
    fonts = f":root{{--sans:{theme.SANS};--serif:{theme.SERIF}}}"
    return f"{fonts}{light}@media screen and (prefers-color-scheme:dark){{{dark}}}\n"


def script_json(data: object) -> str:
    """Return JSON that may stand inside a script element; ValueError for what is not finite, as JSON has no such."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(UNSAFE)
