from itertools import product

import pytest

from viz import theme


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, by WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_texts_keep_their_contrast_and_wires_can_be_seen(colours: dict[str, str]) -> None:
    for text, ground in product(("ink", "faint", "value", "gradient", "local"), ("ground", "gate")):
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast(colours["wire"], colours["ground"]) >= 3


def test_both_schemes_colour_the_same_things() -> None:
    assert theme.LIGHT.keys() == theme.DARK.keys()


def test_a_text_has_room_in_the_wide_faces() -> None:
    # advances of Verdana, and of DejaVu Sans and Serif, in ems
    regular = {
        "M": 1.024,
        "W": 1.028,
        "m": 0.974,
        "w": 0.856,
        "0": 0.636,
        "&": 0.890,
        "N": 0.875,
        "=": 0.838,
        "l": 0.320,
    }
    bold = {"M": 0.995, "W": 1.128, "m": 1.058, "w": 0.980, "0": 0.711, "%": 1.272, "−": 0.867, "I": 0.546, ".": 0.380}
    assert [c for c, advance in regular.items() if theme.text_width(c, 1.0) < advance] == []
    assert [c for c, advance in bold.items() if theme.text_width(c, 1.0, bold=True) < advance] == []


def test_room_adds_up_and_grows_with_the_size() -> None:
    assert theme.text_width("", 14) == 0
    assert theme.text_width("−12.50", 14) == pytest.approx(2 * theme.text_width("−12.50", 7))
    assert theme.text_width("ab", 14) == pytest.approx(theme.text_width("a", 14) + theme.text_width("b", 14))
    assert theme.text_width("e\u0301", 14) == theme.text_width("e", 14)  # an accent of its own takes no room


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_every_kind_of_line_and_box_has_its_rules_once_a_scheme(colours: dict[str, str]) -> None:
    css = theme.CSS + theme.fold_css()
    for kind in theme.LINES:
        assert css.count(f".gw-{kind}{{stroke:{colours['wire']}}}") == (2 if colours is theme.LIGHT else 1)  # and print
    for kind, (ground, _, outline, _) in theme.BOXES.items():
        drawn = f";stroke:{colours[outline]}" if outline else ""
        assert css.count(f".gw-{kind}{{fill:{colours[ground]}{drawn}}}") == (2 if colours is theme.LIGHT else 1)


def test_circuits_carry_only_the_rules_of_what_they_draw() -> None:
    assert not [kind for kind in theme.FOLDED if f".gw-{kind}{{" in theme.CSS]
    assert f".gw-wire{{fill:none;stroke-width:{theme.WIRE_WIDTH}}}" in theme.CSS
    assert f".gw-gate{{stroke-width:{theme.OUTLINE_WIDTH}}}" in theme.CSS
    assert ".gw-wire{" not in theme.fold_css()
