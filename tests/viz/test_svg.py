import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from autograd import Value
from tests.viz.helpers import (
    DRAWN,
    GOLDEN,
    HARDER,
    HOSTILE_LABELS,
    PICTURES,
    REWRITE,
    STORED,
    digest_elsewhere,
    random_graph,
)
from viz import draw
from viz.notation import clipped
from viz.shapes import Text, subscripted
from viz.svg import escaped, written

if TYPE_CHECKING:
    from playwright.sync_api import Page

SVG = "{http://www.w3.org/2000/svg}"


# ---------------------------------------------------------------------------------------------------- reading a picture


@dataclass
class Reading:
    """What a picture says of one wire."""

    value: str = ""
    value_title: str = ""
    gradient: str = ""
    gradient_title: str = ""


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def words(element: ElementTree.Element) -> str:
    """Return the text of an element that is seen: all of it but the title."""
    return (element.text or "") + "".join(words(child) for child in element if child.tag != f"{SVG}title")


def title(element: ElementTree.Element) -> str:
    return element.findtext(f"{SVG}title", "")


def wires(svg: str) -> dict[str, Reading]:
    """Return what a picture says of each wire, by the wire's name."""
    readings: dict[str, Reading] = {}
    names: dict[str, str] = {}
    for text in parsed(svg).iter(f"{SVG}text"):
        kind, wire = text.attrib["class"], text.get("data-wire")
        if wire is None:
            continue
        if kind == "gw-value":
            names[wire] = title(text).split(" = ")[0]
            readings[names[wire]] = Reading(words(text), title(text).split(" = ")[1])
        if kind == "gw-gradient":
            readings[names[wire]].gradient = words(text)
            readings[names[wire]].gradient_title = title(text)
    return readings


def number(text: str) -> float:
    return float(text.replace("−", "-"))


# ------------------------------------------------------------------------------------------------------- golden numbers


def test_the_first_example() -> None:
    assert {name: (r.value, r.gradient) for name, r in wires(draw(GOLDEN["xyz"]()).svg).items()} == {
        "x": ("−2", "◂ −4"),
        "y": ("5", "◂ −4"),
        "z": ("−4", "◂ 3"),
        "q": ("3", "◂ −4"),
        "f": ("−12", "◂ 1"),
    }


NEURON = {
    "w0": ("2.00", 2.0, "−0.20", -0.196611933241481853),
    "x0": ("−1.00", -1.0, "0.39", 0.393223866482963706),
    "w1": ("−3.00", -3.0, "−0.39", -0.393223866482963706),
    "x1": ("−2.00", -2.0, "−0.59", -0.589835799724445559),
    "w2": ("−3.00", -3.0, "0.20", 0.196611933241481853),
    "a": ("−2.00", -2.0, "0.20", 0.196611933241481853),
    "b": ("6.00", 6.0, "0.20", 0.196611933241481853),
    "c": ("4.00", 4.0, "0.20", 0.196611933241481853),
    "g": ("1.00", 1.0, "0.20", 0.196611933241481853),
    "h": ("−1.00", -1.0, "−0.20", -0.196611933241481853),
    "k": ("0.37", 0.367879441171442322, "−0.53", -0.534446645388523027),
    "m": ("1.37", 1.367879441171442322, "−0.53", -0.534446645388523027),
    "f": ("0.73", 0.731058578630004879, "1.00", 1.0),
}


@pytest.mark.parametrize(("example", "hidden"), [("sigmoid_neuron", ""), ("sigmoid_gate", "hkm")])
def test_the_second_example_as_elementary_gates_and_as_one(example: str, hidden: str) -> None:
    readings = wires(draw(GOLDEN[example]()).svg)
    assert set(readings) == set(NEURON) - set(hidden)
    for name, reading in readings.items():
        value, full_value, gradient, full_gradient = NEURON[name]
        assert (reading.value, reading.gradient) == (value, f"◂ {gradient}")
        assert number(reading.value_title) == pytest.approx(full_value, rel=5e-15)
        called, shown = reading.gradient_title.split(" = ")
        assert called == f"∂f/∂{name}"
        assert number(shown) == pytest.approx(full_gradient, rel=5e-15)


def test_the_second_example_shows_its_local_gradients() -> None:
    shapes = parsed(draw(GOLDEN["sigmoid_neuron"]()).svg)
    local = [text for text in shapes.iter(f"{SVG}text") if "data-pin" in text.attrib]
    assert [words(text) for text in local] == [
        *("×(−1.00)", "×2.00", "×(−2.00)", "×(−3.00)"),  # the mul gates
        *("×1.00",) * 4,  # the add gates
        *("×(−1.00)", "×0.37", "×1.00", "×(−0.53)"),  # ×−1, exp, +1, 1/x
    ]
    assert title(local[-1]) == "local gradient ∂f/∂m = −0.534446645388523"
    symbols = [words(text) for text in shapes.iter(f"{SVG}text") if text.attrib["class"] == "gw-symbol"]
    assert symbols == ["×", "×", "+", "+", "×−1", "exp", "+1", "1/x"]


def test_the_third_example() -> None:
    readings = wires(draw(GOLDEN["gate_patterns"]()).svg)
    assert {name: (r.value, r.gradient) for name, r in readings.items()} == {
        "x": ("3", "◂ −8"),
        "y": ("−4", "◂ 6"),
        "z": ("2", "◂ 2"),
        "w": ("−1", "◂ 0"),
        "a": ("−12", "◂ 2"),
        "b": ("2", "◂ 2"),
        "c": ("−10", "◂ 2"),
        "f": ("−20", "◂ 1"),
    }


def test_the_fourth_example() -> None:
    readings = list(wires(draw(GOLDEN["hidden_layer"]()).svg).values())
    full = [number(reading.value_title) for reading in readings]
    for shown, golden in [
        ("0.78", 0.78),
        ("0.66", 0.66),
        ("0.69", 0.685680113938253841),
        ("0.66", 0.659260388451385421),
        ("1.10", 1.09903838378772303),
        ("0.75", 0.750079884324138709),
    ]:
        assert shown in [r.value for r, x in zip(readings, full, strict=True) if x == pytest.approx(golden, rel=5e-15)]


def test_a_fork_shows_the_sum_of_what_came_back() -> None:
    x = Value(3, "x")
    assert wires(draw(x * x * x).svg)["x"].gradient == "◂ 9 + 9 + 9 = 27"
    assert wires(draw(x * x * x * x).svg)["x"].gradient == "◂ sum of 4 = 108"
    assert wires(draw(x * 2 - x * x).svg)["x"].gradient == "◂ 2 + (−3) + (−3) = −4"


# --------------------------------------------------------------------------------------------------------- the document


TAGS = {"svg", "title", "desc", "style", "g", "rect", "path", "circle", "text", "tspan"}


@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_is_well_formed_and_needs_nothing_from_outside(name: str) -> None:
    svg = draw(DRAWN[name]()).svg
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert svg.endswith("</svg>\n")
    for element in parsed(svg).iter():
        assert element.tag.removeprefix(SVG) in TAGS
        assert not [key for key in element.attrib if key.startswith("on") or "href" in key or key in ("style", "src")]
        outside = [*element.attrib.values(), element.text or "" if element.tag == f"{SVG}style" else ""]
        assert not [value for value in outside if re.search(r"http|url\(|@import|javascript", value)]
    assert "\r" not in svg


def test_coordinates_have_one_decimal_at_most() -> None:
    svg = draw(DRAWN["random_250"]()).svg
    places = " ".join(re.findall(r' (?:[xyd]|cx|cy|width|height)="([^"]*)"', svg))
    numbers = re.findall(r"-?[\d.]+", places)
    assert len(numbers) > 10_000
    assert not [n for n in numbers if not re.fullmatch(r"-?\d+(\.[1-9])?", n) or n == "-0"]


def test_the_picture_says_what_it_is() -> None:
    root = parsed(draw(GOLDEN["xyz"]()).svg)
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "Computational graph of f = −12"
    assert root.findtext(f"{SVG}desc") == "2 gates from 3 inputs to f. Gradients of f: x −4, y −4, z 3."


def test_only_plain_digits_are_a_subscript_and_it_is_escaped() -> None:
    assert [subscripted(label) for label in ("w12", "w\u0663", "w1\u0663")] == [
        ("w", "12"),
        ("w\u0663", ""),
        ("w1\u0663", ""),
    ]
    text = Text(0.0, 0.0, "w", 17.0, "name", ("wire", 0), subscript="<b>&")
    assert ">&lt;b&gt;&amp;</tspan>" in written(text)


def test_the_digits_after_a_word_are_a_subscript() -> None:
    svg = draw(Value(1, "w10") * Value(1, "x_1") * Value(1, "2nd") * Value(1, "7")).svg
    lowered = {words(text): text.findtext(f"{SVG}tspan") for text in parsed(svg).iter(f"{SVG}text")}
    assert [lowered[name] for name in ("w10", "x_1", "2nd", "7")] == ["10", None, None, None]


def test_several_graphs_stand_side_by_side() -> None:
    one, other = GOLDEN["xyz"](), GOLDEN["gate_patterns"]()
    root = parsed(draw(one, other).svg)
    assert root.findtext(f"{SVG}title") == "Computational graph of f = −12, f = −20"
    assert len(root.findall(f"{SVG}g")) == 3  # and the legend
    alone = [float(parsed(draw(f).svg).attrib["width"]) for f in (one, other)]
    assert float(root.attrib["width"]) > sum(alone)
    assert len(root.findall(f".//{SVG}rect")) == 1 + 2 + 4  # the ground and the gates


# ------------------------------------------------------------------------------------------------------- hostile labels


@pytest.mark.parametrize("label", HOSTILE_LABELS, ids=range(len(HOSTILE_LABELS)))
def test_a_hostile_label_is_text(label: str) -> None:
    svg = draw(Value(2.0, label) * Value(3.0, "y")).svg
    plain = draw(Value(2.0, "x") * Value(3.0, "y")).svg
    assert [e.tag for e in parsed(svg).iter()] == [e.tag for e in parsed(plain).iter()]
    name = next(text for text in parsed(svg).iter(f"{SVG}text") if text.attrib["class"] == "gw-name")
    assert words(name) == clipped(label)
    # the whole label is in the title; what XML cannot say is a replacement character there
    assert title(name) == re.sub("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", label)


def test_no_character_breaks_the_document() -> None:
    for start in range(0, 0x3000, 0x100):
        svg = draw(Value(2.0, "".join(map(chr, range(start, start + 0x100))))).svg
        assert parsed(svg.encode().decode()).tag == f"{SVG}svg"


def test_text_is_escaped_for_attributes_too() -> None:
    assert escaped("<a href=\"x\" title='y'>&amp;") == "&lt;a href=&quot;x&quot; title=&#x27;y&#x27;&gt;&amp;amp;"
    assert escaped("\x00\x0b\r\ud800\ufffe\n\t") == "\ufffd" * 5 + "\n\t"


# ---------------------------------------------------------------------------------------------------- same in, same out

NAMES = [*GOLDEN, *sorted(HARDER.keys() - {"random_250"}), "random_20", "random_59"]


def digest(names: list[str] = NAMES) -> str:
    return sha256("".join(draw(DRAWN[name]()).svg for name in names).encode()).hexdigest()


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_another_process_with_other_hashes_draws_the_same_bytes(seed: str) -> None:
    assert digest_elsewhere(__name__, seed) == digest()


def test_what_was_drawn_before_does_not_show() -> None:
    first = digest()
    kept = [random_graph(Random(seed), 40) for seed in range(20)]
    assert [len(draw(f).svg) > 0 for f in kept] == [True] * 20
    assert digest() == first


@pytest.mark.parametrize("name", STORED)
def test_the_golden_pictures_have_not_changed(name: str) -> None:
    stored = (PICTURES / f"{name}.svg").read_bytes()
    assert draw(DRAWN[name]()).svg.encode() == stored, f"{name} looks different. Meant so? python {REWRITE}"


# ------------------------------------------------------------------------------------------------------- in the browser

BOXES = """() => {
    const box = (element, what, gate) => {
        const {left, top, right, bottom} = element.getBoundingClientRect();
        return {left, top, right, bottom, what, gate};
    };
    const seen = text => [...text.childNodes].filter(n => n.nodeName !== 'title').map(n => n.textContent).join('');
    const all = selector => [...document.querySelectorAll(selector)];
    return {
        texts: all('text').map(t => box(t, seen(t), t.dataset.gate ?? null)),
        gates: all('rect.gw-gate').map(r => box(r, 'gate ' + r.dataset.gate, r.dataset.gate)),
        whole: box(document.documentElement, 'picture', null),
    };
}"""


@dataclass(frozen=True)
class Box:
    """The room that something really takes on the screen."""

    left: float
    top: float
    right: float
    bottom: float
    what: str
    gate: str | None

    def overlaps(self, other: "Box") -> bool:
        return (
            min(self.right, other.right) - max(self.left, other.left) > 0.5
            and min(self.bottom, other.bottom) - max(self.top, other.top) > 0.5
            and (self.gate is None or self.gate != other.gate)
        )

    def inside(self, other: "Box") -> bool:
        return (
            self.left >= other.left - 0.5
            and self.right <= other.right + 0.5
            and self.top >= other.top - 0.5
            and self.bottom <= other.bottom + 0.5
        )


def collisions(boxes: list[Box]) -> list[tuple[str, str]]:
    boxes = sorted(boxes, key=lambda box: box.left)
    found = []
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            if other.left >= one.right:
                break
            if one.overlaps(other):
                found.append((one.what, other.what))
    return found


@pytest.mark.parametrize("name", [*GOLDEN, *HARDER, *[f"random_{seed}" for seed in range(0, 60, 2)]])
def test_on_the_screen_no_text_stands_on_another_or_on_a_gate(
    name: str, page: "Page", complaints: list[str], tmp_path: Path
) -> None:
    page.goto(draw(DRAWN[name]()).save(tmp_path / "f.svg").as_uri())
    found = page.evaluate(BOXES)
    texts, gates = ([Box(**box) for box in found[kind]] for kind in ("texts", "gates"))
    whole = Box(**found["whole"])
    assert len(texts) >= 8
    assert collisions(texts + gates) == []
    assert [box.what for box in texts + gates if not box.inside(whole)] == []
    own = {gate.gate: gate for gate in gates}
    assert [text.what for text in texts if text.gate is not None and not text.inside(own[text.gate])] == []
    assert complaints == []


def test_on_the_screen_a_planted_collision_is_seen(page: "Page", tmp_path: Path) -> None:
    svg = draw(GOLDEN["xyz"]()).svg
    path = tmp_path / "f.svg"
    path.write_text(svg.replace("</svg>", '<text x="40" y="50">planted</text></svg>'), encoding="utf-8")
    page.goto(path.as_uri())
    texts = [Box(**box) for box in page.evaluate(BOXES)["texts"]]
    assert [pair for pair in collisions(texts) if "planted" in pair] != []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_labels_do_nothing_in_a_page(page: "Page", complaints: list[str], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_content(f"<!doctype html><meta charset=utf-8>{draw(HARDER['hostile_labels']()).svg}".encode().decode())
    assert page.locator("img, script, iframe, a, foreignObject").count() == 0
    names = page.locator("text.gw-name").all_text_contents()
    assert len(names) == len(HOSTILE_LABELS) + 1
    assert names[0] == HOSTILE_LABELS[0] * 2  # as its text and as its title
    assert complaints == []
