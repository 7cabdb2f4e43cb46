"""Sizes, fonts and colours of the pictures: what every drawing reads, and nothing else decides.

Text is never measured, since every machine has other fonts: `text_width` gives each character the room it needs in the
widest common faces (DejaVu Sans and Serif, Verdana), so what fits here fits everywhere.

Colours keep 4.5 : 1 contrast on their ground and differ in lightness too; nothing is told by colour alone.
"""

from __future__ import annotations

import unicodedata

__all__ = [
    "BOLD",
    "BOXES",
    "CORNER",
    "CSS",
    "DARK",
    "DASHED",
    "FILL",
    "FOLDED",
    "FORK_RADIUS",
    "GRADIENT_SIZE",
    "HEADING_SIZE",
    "INPUT_SIZE",
    "ITALIC_SERIF",
    "LEGEND_SIZE",
    "LIGHT",
    "LINES",
    "LOCAL_SIZE",
    "NAME_SIZE",
    "SANS",
    "SERIF",
    "SIGN_SIZE",
    "SMALLEST_SYMBOL",
    "SUBSCRIPT",
    "SUBSCRIPT_DROP",
    "SYMBOL_SIZE",
    "VALUE_SIZE",
    "fold_css",
    "text_width",
]

SANS = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"
SERIF = "'STIX Two Text', 'DejaVu Serif', Georgia, 'Times New Roman', serif"

VALUE_SIZE, GRADIENT_SIZE, LOCAL_SIZE, NAME_SIZE, INPUT_SIZE, LEGEND_SIZE, HEADING_SIZE = 14, 14, 11, 13, 17, 12, 16
SIGN_SIZE, SYMBOL_SIZE, SMALLEST_SYMBOL = 19, 14, 12

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
    "heading": "ink",
    "faint": "faint",
    "faint-name": "faint",
    "fork": "wire",
}
BOLD = frozenset({"value", "gradient", "local", "symbol", "heading"})
ITALIC_SERIF = frozenset({"name", "faint-name"})
WIRE_WIDTH, OUTLINE_WIDTH, FORK_RADIUS, SUBSCRIPT, SUBSCRIPT_DROP = 1.5, 1.8, 3.2, 0.72, 3.5
CORNER = 8.0  # the radius at which a wire turns

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
    "alarm": ("gradient", 0.1, "gradient", 1.2),
}
DASHED = frozenset({"dead-card"})
FOLDED = (LINES.keys() | BOXES.keys()) - {"wire", "gate"}  # the kinds that plain circuits do not have


def _rule(kind: str, **properties: object) -> str:
    """Return what one kind of shape looks like; the selector is kept inside the picture."""
    written = ";".join([f"{name.replace('_', '-')}:{value}" for name, value in properties.items()])
    return f".gatewise .gw-{kind}{{{written}}}"


def _strokes(folded: bool) -> str:
    """Return the rules of lines and boxes, colours apart: those of circuits, or those that folded pictures add."""
    lines = {kind: look for kind, look in LINES.items() if (kind in FOLDED) == folded}
    boxes = {kind: look for kind, look in BOXES.items() if (kind in FOLDED) == folded}
    rules = [
        _rule(kind, fill="none", stroke_width=width, **_opacity("stroke", opacity))
        for kind, (width, opacity) in lines.items()
    ]
    for kind, (_, opacity, outline, width) in boxes.items():
        outlined = {"stroke_width": width} if outline else {}
        dashed = {"stroke_dasharray": "5 3"} if kind in DASHED else {}
        look = outlined | dashed | _opacity("fill", opacity)
        rules.extend([_rule(kind, **look)] if look else [])
    return "".join(rules)


def _opacity(what: str, opacity: float) -> dict[str, float]:
    return {f"{what}_opacity": opacity} if opacity < 1 else {}


def _colours(colours: dict[str, str], folded: bool) -> str:
    """Return the colour rules of one scheme."""
    rules = [] if folded else [_rule(kind, fill=colours[name]) for kind, name in FILL.items()]
    rules += [_rule(kind, stroke=colours["wire"]) for kind in LINES if (kind in FOLDED) == folded]
    for kind, (ground, _, outline, _) in BOXES.items():
        if (kind in FOLDED) == folded:
            rules.append(_rule(kind, fill=colours[ground], **({"stroke": colours[outline]} if outline else {})))
    return "".join(rules)


def _schemes(folded: bool) -> str:
    light, dark = _colours(LIGHT, folded), _colours(DARK, folded)
    return f"{light}@media (prefers-color-scheme:dark){{{dark}}}@media print{{{light}}}"


def fold_css() -> str:
    """Return the rules that only folded pictures need."""
    return _strokes(folded=True) + _schemes(folded=True)


def _all(kinds: frozenset[str], rule: str) -> str:
    return ",".join([f".gatewise .gw-{kind}" for kind in sorted(kinds)]) + f"{{{rule}}}"


CSS = (
    f".gatewise text{{font-family:{SANS};white-space:pre}}"
    + _all(ITALIC_SERIF, f"font-family:{SERIF};font-style:italic")
    + _all(BOLD, "font-weight:bold;font-variant-numeric:tabular-nums")
    + _strokes(folded=False)
    + _schemes(folded=False)
)
