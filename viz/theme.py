"""Sizes, fonts and colours of the pictures: what every drawing reads, and nothing else decides.

Text is never measured, since every machine has other fonts: `text_width` gives each character the room it needs in the
widest common faces (DejaVu Sans and Serif, Verdana), so what fits here fits everywhere.

Colours keep 4.5 : 1 contrast on their ground and differ in lightness too; nothing is told by colour alone.
"""

from __future__ import annotations

import unicodedata

__all__ = ["BOXES", "CSS", "FOLDED", "LINES", "SANS", "SERIF", "fold_css", "text_width"]

SANS = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"
SERIF = "'STIX Two Text', 'DejaVu Serif', Georgia, 'Times New Roman', serif"

VALUE_SIZE, GRADIENT_SIZE, LOCAL_SIZE, NAME_SIZE, INPUT_SIZE, SYMBOL_SIZE, LEGEND_SIZE = 14, 14, 11, 13, 17, 15, 12

NARROW = frozenset("ijl.,:;|!'()[]It◂· ")


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the room, in pixels, that a text needs at a font size, whatever the font."""
    return size * sum([_advance(c) for c in text]) * (1.12 if bold else 1.0)


def _advance(c: str) -> float:
    if c in NARROW:
        return 0.49 if c != "◂" else 0.77
    if unicodedata.combining(c):
        return 0.0
    if unicodedata.east_asian_width(c) in "WF":
        return 1.35
    if c.isascii():
        return 1.14 if c in "MW@%" else 0.98 if c in "mw&" else 0.88 if c.isupper() or c in "+-=<>~^#" else 0.65
    return 0.84 if c in "−×÷√∞σΣ" else 1.2


LIGHT = {
    "ground": "#ffffff",
    "ink": "#16191d",
    "faint": "#5b6470",
    "wire": "#7d8590",
    "value": "#00704a",
    "gradient": "#bf1d1d",
    "local": "#4a37c4",
    "gate": "#ffffff",
}
DARK = {
    "ground": "#15181c",
    "ink": "#eceff3",
    "faint": "#a3adb8",
    "wire": "#7f8a96",
    "value": "#4ccb98",
    "gradient": "#ff8a80",
    "local": "#b3a6ff",
    "gate": "#1f242b",
}


FILL = {  # the colour of each kind of shape that is filled
    "ground": "ground",
    "value": "value",
    "gradient": "gradient",
    "local": "local",
    "symbol": "ink",
    "name": "ink",
    "faint": "faint",
    "faint-name": "faint",
    "fork": "wire",
}
BOLD = frozenset({"value", "gradient", "local", "symbol"})
ITALIC_SERIF = frozenset({"name", "faint-name"})
WIRE_WIDTH, OUTLINE_WIDTH, FORK_RADIUS, SUBSCRIPT, SUBSCRIPT_DROP = 1.5, 1.8, 3.2, 0.72, 3.5

LINES = {  # the width of each kind of line, and how opaque it is; all have the colour of wires
    "wire": (WIRE_WIDTH, 1.0),
    **{f"cable-{i}": (width, 1.0) for i, width in enumerate((1.2, 2.4, 4.2, 6.5), 1)},
    **{f"thread-{i}": (1.0, opacity) for i, opacity in enumerate((0.1, 0.25, 0.55, 1.0))},
}
BOXES = {  # of each kind of box: the colour of its ground, how opaque that is, the colour and the width of its outline
    "gate": ("gate", 1.0, "ink", OUTLINE_WIDTH),
    "card": ("gate", 1.0, "wire", 1.2),
    "dead-card": ("wire", 0.3, "ink", OUTLINE_WIDTH),
    "bar": ("gradient", 1.0, "", 0.0),
    "track": ("wire", 0.25, "", 0.0),
    "tick": ("wire", 0.7, "", 0.0),
    "rail": ("wire", 1.0, "", 0.0),
}
DASHED = frozenset({"dead-card"})
FOLDED = (LINES.keys() | BOXES.keys()) - {"wire", "gate"}  # the kinds that only folded pictures have


def _rules(colours: dict[str, str]) -> str:
    """Return the colour rules of one scheme, every selector kept inside the picture."""
    rules = [f".gatewise .gw-{kind}{{fill:{colours[name]}}}" for kind, name in FILL.items()]
    rules.append(f".gatewise .gw-wire{{stroke:{colours['wire']}}}")
    rules.append(f".gatewise .gw-gate{{stroke:{colours['ink']};fill:{colours['gate']}}}")
    return "".join(rules)


def _fold_rules(colours: dict[str, str]) -> str:
    rules = []
    for kind, (ground, opacity, outline, _) in BOXES.items():
        drawn = f";stroke:{colours[outline]}" if outline else ""
        rules.append(f".gatewise .gw-{kind}{{fill:{colours[ground]};fill-opacity:{opacity}{drawn}}}")
    rules.extend([f".gatewise .gw-{kind}{{stroke:{colours['wire']}}}" for kind in LINES])
    return "".join(rules)


def fold_css() -> str:
    """Return the rules that only folded pictures need."""
    widths = [(kind, width) for kind, (width, _) in LINES.items()]
    widths.extend([(kind, width) for kind, (_, _, outline, width) in BOXES.items() if outline])
    rules = [f".gatewise .gw-{kind}{{stroke-width:{width}}}" for kind, width in widths]
    rules.extend([f".gatewise .gw-{kind}{{fill:none;stroke-opacity:{line[1]}}}" for kind, line in LINES.items()])
    rules.append(_all(DASHED, "stroke-dasharray:5 3"))
    return (
        "".join(rules)
        + _fold_rules(LIGHT)
        + f"@media (prefers-color-scheme:dark){{{_fold_rules(DARK)}}}"
        + f"@media print{{{_fold_rules(LIGHT)}}}"
    )


def _all(kinds: frozenset[str], rule: str) -> str:
    return ",".join([f".gatewise .gw-{kind}" for kind in sorted(kinds)]) + f"{{{rule}}}"


CSS = (
    f".gatewise text{{font-family:{SANS};white-space:pre}}"
    + _all(ITALIC_SERIF, f"font-family:{SERIF};font-style:italic")
    + _all(BOLD, "font-weight:bold;font-variant-numeric:tabular-nums")
    + f".gatewise .gw-wire{{fill:none;stroke-width:{WIRE_WIDTH}}}"
    + f".gatewise .gw-gate{{stroke-width:{OUTLINE_WIDTH}}}"
    + _rules(LIGHT)
    + f"@media (prefers-color-scheme:dark){{{_rules(DARK)}}}"
    + f"@media print{{{_rules(LIGHT)}}}"
)
