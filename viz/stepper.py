"""The stepper: one self-contained page that shows the two passes through a graph, one gate at a time.

    view      one way of drawing the function: as it was written, or with its gates opened into elementary ones
    part      of a graph too large to draw: the page shows it folded, and carries circuits of parts that can be opened
    packed    a part's view as text that is unpacked when it is opened, since all of them would be megabytes
    lesson    what else can be done with a circuit: change its inputs, predict its gradients, break it, check it
    recorded  numbers as floats and words as sentences with {holes}; the page joins them, and could compute anew

Every number comes from the recorded steps, every rule from the cards.
"""

from __future__ import annotations

import json
import os
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograd import graph
from autograd.errors import DomainError, GraphTooLargeError
from autograd.gates import FLOWS
from autograd.value import Value
from viz.circuit import Circuit, circuit_of, too_many
from viz.drawing import Diagram, draw, write_aside
from viz.expand import Expansion, expanded
from viz.fold import Folded, is_large
from viz.fold_picture import picture_of_folded
from viz.fold_words import headline
from viz.lessons import Cards, lessons_of
from viz.notation import clipped, constant, full
from viz.notebook import framed
from viz.opening import Opening
from viz.pages import colours, filled, resource, script_json
from viz.shapes import LEGEND
from viz.svg import escaped, svg
from viz.view import View, named
from viz.words import BACK, SENTENCES, WRONG, counted, listed

__all__ = ["Stepper", "page_of_folded", "step"]

MOST_BYTES = 700_000  # of packed parts in one page

WORDS: dict[str, Any] = {
    **SENTENCES,
    "play": "Play",
    "pause": "Pause",
    "count": "step {step} of {last}",
    "not_yet": "not yet",
    "tag_start": "Start",
    "tag_forward": "Forward",
    "tag_seed": "Turn",
    "tag_backward": "Backward",
    "start_title": "Two passes",
    "start": "The forward pass computes {root} from {inputs} through {gates}, one after the other; the backward pass "
    "goes through them in reverse, and finds out how {root} answers to a small push on each wire.",
    "gate_title": "{gate} gate",
    "gate_button": "{gate} gate, makes {wire}: go to its step",
    "forward": "The {gate} gate sees only its own inputs, yet it can already tell two things: its output and its local "
    "gradients.",
    "slopes": "Kept for the way back:",
    "start_part": "This is one part of the graph of {root}. The forward pass computes it from {inputs} through "
    "{gates}; the backward pass starts with the gradient of {root} that comes in from outside, and hands each input "
    "the share of this part.",
    "seed_title": "The seed",
    "seed": f"The backward pass starts at {{root}} with {{derivative}} = 1: {SENTENCES['grows']}.",
    "seed_next": "From here on each gate takes the gradient that arrives at its output, multiplies it by its local "
    "gradients, and hands the products to its inputs.",
    "seed_title_part": "From outside",
    "seed_part": "What this part feeds has been passed already, and has handed back a gradient:",
    "backward": "The {gate} gate {pattern}.",
    "to_input": "to input",
    "upstream": "upstream",
    "local": "local",
    "downstream": "downstream",
    "branches_all": "all branches are in: ",
    "outside": "this adds to {outside} from outside: ",
    "through": "through this part alone, ",
    "closing_title": "Both passes are done",
    "closing_part": "These are the shares of this part: other parts, and other samples, add theirs.",
    "share": "{wire} gets {downstream}",
    "say_start": "Step 0 of {last}, start: {root} is made from {inputs} by {gates}.",
    "say_forward": "Step {step} of {last}, forward, {gate} gate: {wire} = {value}.",
    "say_seed": f"Step {{step}} of {{last}}, the backward pass starts: {SENTENCES['grows']}.",
    "say_start_part": "Step 0 of {last}, start: a part of the graph of {root}, with {inputs} and {gates}.",
    "say_seed_part": "Step {step} of {last}, the backward pass starts with the gradient of {root} from outside.",
    "say_backward": "Step {step} of {last}, backward, {gate} gate: {shares}.",
    "say_backward_many": "Step {step} of {last}, backward, {gate} gate: gradients go to {inputs} inputs.",
    "part_button": "{part}: open it",
    "local_title": "local gradient",
    "branch_title": "this branch: {downstream}",
    "reset": "Reset",
    "slider_of": "{wire}, as a slider",
    "whatif": "Change an input: values and gradients follow at once, and what the gradients promised of {root} is "
    "compared with the truth.",
    "prediction": "The gradients promise {root} ≈ {base} + {change} = {predicted}; the truth is {root} = {real}, off "
    "by {off}.",
    "prediction_far": "That is much, for the nudge is large: a slope holds near its point alone. Try a smaller one.",
    "lacks_needs": "{gate} needs {needs}, got {got}, from {from}: the circuit keeps its last numbers.",
    "lacks_slopeNeeds": "The slope of {gate} needs {needs}, got {got}, from {from}: the circuit keeps its last "
    "numbers.",
    "whatif_unprinted": "The rule of the {gate} gate is known to Python alone: other numbers need another page.",
    "own_output": "{formula} is written with {wire}, the gate's own output: it is {spelled}.",
    "question": "Question {number} of {of}",
    "scored": "All gradients are in the circuit now.",
    "fork": "{wire} goes to {branches} inputs of gates, and what comes back adds up.",
    "seed_word": "the seed",
    "answer_word": "answer {number}",
    "slip_word": "yours was {answer}",
    "slip": "Yours was not right: go on from the true number. A right step from yours is counted apart.",
    "exact": "a whole number",
    "exact_to": "{digits} are enough",
    "answer": "Answer",
    "again": "Start again",
    "unread": "That is no number: write it like -0.25.",
    "verdict_right": "{derivative} = {answer}: {verdict}.",
    "verdict_wrong": "{derivative} = {answer}: {verdict}. It is {right}.",
    "verdict_close": "{derivative} = {answer} is {verdict}, and answer once more.",
    "bug": "Bug",
    "wire": "wire",
    "right": "right",
    "broken": "with the bug",
    "wrong": WRONG,
    "gate": "gate",
    "edge": "edge",
    "compared": "rule ≈ differences",
    "numeric": "in full",
    "check": "At every gate the local gradient by its rule, ×local, stands beside the one that differences of values "
    "give when the input moves a little.",
    "cannot_unpack": "This browser is too old to unpack parts of the page; a newer one opens them here.",
}


@dataclass(frozen=True, slots=True)
class Stepper:
    """A page that steps through the passes of one graph; it is of the numbers at the moment it was made."""

    html: str
    diagram: Diagram  # the picture where no page can run

    def __repr__(self) -> str:
        return repr(self.diagram)

    def _repr_html_(self) -> str:
        picture = self.diagram.picture
        return framed(self.html, self.diagram._repr_html_(), f"Stepper: {picture.title}")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page (.html) and return the path.

        ValueError for another suffix, OSError where it cannot be written; an old file is replaced only by a whole one.
        """
        target = Path(path)
        if target.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a stepper is saved as .html, not as {target.suffix or 'a bare name'!r}")
        write_aside(target, self.html.encode())
        return target


def step(f: Value, *, open: str | None = None) -> Stepper:
    """Return a page that steps forward and backward through the graph of f, gate by gate.

    Gates that have an expansion can be opened on the page. Beside stepping, it offers to give inputs other numbers
    and, up to 100 gates, to predict gradients, to break the backward pass with the classic bugs, and to check it
    against differences. A graph of more than 300 gates, or 900 inputs of gates, is
    folded as `draw` folds it, and its parts are opened on the page, of a stack one sample; `open="layer1/neuron3[7]"`
    gives a page of that part alone. Gradients are computed for it and no `.grad` is touched. Raises TypeError for what
    is no Value, ValueError for an unknown part, or one that is too large, DomainError where a value or a slope does
    not exist.

        >>> x, y = Value(3.0, "x"), Value(-4.0, "y")
        >>> page = step(x * y)
        >>> page.html[:15]
        '<!doctype html>'
    """
    if open is not None or is_large(f):
        drawn = draw(f, open=open)
        page = page_of_folded(drawn) if drawn.folded else _page([View(0, drawn.circuits[0])])
        return Stepper(page, drawn)
    circuit = circuit_of(f)
    views = [View(0, circuit)]
    cards, shown = Cards(), [(circuit, dict[Value, Value]())]
    # by a rounding error, or in a browser: which is no reason to refuse the page
    with suppress(DomainError, GraphTooLargeError):
        expansion = expanded(f)
        if expansion.owners and not any(too_many(graph.order(expansion.root))):
            views.append(_opened(circuit, expansion))
            _join(*views)
            shown.append((views[1].circuit, expansion.twins))
    return Stepper(_page(views, lessons_of(f, shown, cards), cards), Diagram((circuit,)))


def _opened(circuit: Circuit, expansion: Expansion) -> View:
    opened = circuit_of(expansion.root, called=_names(circuit, expansion))
    return View(1, opened, _owners(circuit, opened, expansion), _captions(circuit, expansion))


def _names(circuit: Circuit, expansion: Expansion) -> dict[Value, str]:
    """Return the names of the opened graph: a wire that both views have keeps its name, the new ones get free ones."""
    nodes = graph.order(expansion.root)
    kept = {expansion.twins[wire.node]: wire.name for wire in circuit.wires}
    taken = {*kept.values(), *[node.label for node in nodes]}
    free = [letter for letter in graph.LETTERS if letter not in taken]
    new = [node for node in nodes if node not in kept and not node.is_constant]
    if len(new) > len(free):
        free = [name for i in range(1, len(new) + len(taken) + 1) if (name := f"u{i}") not in taken]
    constants = {node: constant(node.data) for node in nodes if node.is_constant}
    return {**constants, **kept, **dict(zip(new, free, strict=False))}


def _owners(circuit: Circuit, opened: Circuit, expansion: Expansion) -> dict[int, int]:
    """Return which gate of the closed view each gate of the opened view works for."""
    boxes = {circuit.wires[box.wire].node: box.index for box in circuit.boxes}
    whole = {expansion.twins[node]: index for node, index in boxes.items()}
    owners = {}
    for box in opened.boxes:
        node = opened.wires[box.wire].node
        owners[box.index] = boxes[expansion.owners[node]] if node in expansion.owners else whole[node]
    return owners


def _captions(circuit: Circuit, expansion: Expansion) -> dict[int, str]:
    """Return what each gate that was opened is called: `tanh(z)`, or its bare name where it has several inputs."""
    opened = set(expansion.owners.values())
    boxes = [box for box in circuit.boxes if circuit.wires[box.wire].node in opened]
    names = {box.index: [clipped(circuit.wires[pin.wire].name) for pin in box.pins] for box in boxes}
    return {box.index: box.gate.name + f"({names[box.index][0]})" * (len(box.pins) == 1) for box in boxes}


def _join(closed: View, opened: View) -> None:
    """Tell each gate which gates of the other view finish its work forward, and backward."""
    groups = [opened.groups[box.index] for box in closed.circuit.boxes]
    closed.twins = [(max(group), min(group)) for group in groups]
    opened.twins = [(opened.owners[box.index],) * 2 for box in opened.circuit.boxes]


# ---------------------------------------------------------------------------------------------------------- the page


def _page(views: Sequence[View], lessons: Mapping[str, Any] | None = None, cards: Cards | None = None) -> str:
    """Return the page of one circuit, closed and opened, with lessons on it."""
    closed = views[0].circuit
    return _filled(
        {
            "title": escaped(f"{clipped(closed.root.name)} = {closed.notation.short(closed.root.value)}, gate by gate"),
            "skip": '<a class="skip" href="#controls">Skip to the controls</a>',
            "inputs": f'<p class="inputs">{views[0].inputs()}</p>',
            "formulas": "".join([view.formula() for view in views]),
            "toggle": _toggle(views[0], views[1].captions) if len(views) > 1 else "",
            "circuits": "".join([view.stage() for view in views]),
            "dashed": '<span data-view="1" hidden><i class="dashed"></i> gates that are one gate when closed</span>',
            "tables": "".join([view.table() for view in views]),
            "fragments": "".join([view.fragments() for view in views]),
            **({"modes": _modes(), "tool": TOOL} if lessons else {}),
        },
        {
            "views": [view.recorded() for view in views],
            "words": WORDS | {"flows": _flows([v.circuit for v in views])},
            **({"lessons": lessons} if lessons else {}),
        },
        _legend([view.circuit for view in views], bool(lessons)),
        cards.script if cards else "",
    )


MODES = {"step": "Step", "what-if": "What if", "predict": "Predict", "break": "Break it", "check": "Check"}
TOOL = '<section class="card tool" tabindex="0" hidden></section>'


def _modes() -> str:
    buttons = [
        f'<button type="button" data-mode="{mode}" aria-pressed="{str(mode == "step").lower()}">{name}</button>'
        for mode, name in MODES.items()
    ]
    return f'<div class="modes" role="group" aria-label="What to do" hidden>{"".join(buttons)}</div>'


def _filled(parts: Mapping[str, str], recorded: Mapping[str, Any], legend: str, cards: str = "") -> str:
    """Return the template with its comments replaced by parts; what a page does not have is left out."""
    given = {
        "style": colours() + resource("stepper.css"),
        "legend": legend,
        "recorded": script_json(recorded),
        "script": cards + resource("lessons.js") + resource("stepper.js"),
        **parts,
    }
    return filled("stepper.html", given)


BRANCH = ("gradient part", f"{BACK} part", " small, at a gate: what one branch of a fork hands back")
MARKED = ("gradient wrong", f"{WRONG} number", " with a wavy line: wrong")


def _legend(circuits: Sequence[Circuit], lessons: bool = False) -> str:
    """Return the lines of the legend: of the parts of gradients where a wire forks, of what is wrong in lessons."""
    forks = any(wire.forks for circuit in circuits for wire in circuit.wires)
    return "".join([_explained(*entry) for entry in (*LEGEND, *[BRANCH] * forks, *[MARKED] * lessons)])


def _explained(kind: str, sample: str, words: str) -> str:
    """Return a line of the legend."""
    return f'<span data-key="{kind.split()[-1]}"><b class="{kind}">{escaped(sample)}</b>{escaped(words)}</span>'


def _toggle(closed: View, opened: Iterable[int]) -> str:
    names = dict.fromkeys([closed.circuit.boxes[box].gate.name for box in opened])
    kinds = [f"<b>{escaped(name)}</b>" for name in names]
    shown = kinds if len(kinds) <= 3 else [*kinds[:2], f"{len(kinds) - 2} more"]
    words = f"<span>Show {listed(shown)} as elementary gates</span>"
    return f'<label class="toggle"><input type="checkbox" id="elementary">{words}</label>'


# ------------------------------------------------------------------------------------------- a graph too large to draw


def page_of_folded(diagram: Diagram) -> str:
    """Return the page of one folded graph: its picture, and the circuits of parts that are opened there."""
    (folded,) = diagram.folded
    parts, cards = _parts(folded, diagram.openings)
    circuits = [opening.circuit for opening in diagram.openings if opening.circuit]
    picture = picture_of_folded([folded], _hint(parts))
    size, drawn = f'style="--width:{picture.width:.0f}px"', svg(picture)
    value = f'<span title="{full(folded.value)}">{named(folded.root)} = {constant(folded.value)}</span>'
    return _filled(
        {
            "title": escaped(headline(folded)),
            "inputs": f'<p class="inputs" data-folded>{value}</p>',
            "parts": PARTS.format(options="".join([_option(i, part) for i, part in enumerate(parts)])),
            "overview": f'<section class="card overview" aria-label="All parts" data-folded {size}>{drawn}</section>',
            "closed": " hidden",
        },
        {
            "views": [],
            "words": WORDS | {"flows": _flows(circuits)},
            "folded": {"parts": parts, "cards": cards},
        },
        _legend(circuits),
    )


PARTS = """<nav class="parts" aria-label="Parts">
<button type="button" data-back disabled><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M11.5 3v10L4 8z"/></svg>\
<span>All parts</span></button>
<label>Open <select id="part"><option value="">a part …</option>{options}</select></label>
<p class="opened" aria-live="polite">Opening a part needs JavaScript.</p>
</nav>"""


def _hint(parts: Sequence[Mapping[str, Any]]) -> str:
    """Return what the picture says of looking inside."""
    click = any("packed" in part for part in parts)
    return f"{'click a part to look inside, or use' if click else 'look inside with'} step(f, open={{name}})"


def _option(index: int, part: Mapping[str, Any]) -> str:
    return f'<option value="{index}">{escaped(clipped(part["name"]))}</option>' if "packed" in part else ""


def _parts(folded: Folded, openings: Sequence[Opening]) -> tuple[list[dict[str, Any]], dict[str, list[int]]]:
    """Return what the page knows of each part, and which part each card of the picture is."""
    parts: list[dict[str, Any]] = []
    room = MOST_BYTES
    for opening in openings:
        part = _packed(len(parts), opening, folded.gates)
        size = len(part.get("packed", ""))
        parts.append(part if size <= room else _elsewhere(opening.name))
        room -= size if size <= room else 0
    known = {part["name"]: i for i, part in enumerate(parts)}
    cards = {"part": folded.parts, "unit": folded.units if folded.unfolds else ()}
    for card in (*cards["part"], *cards["unit"]):
        if card.name not in known:
            known[card.name] = len(parts)
            parts.append(_elsewhere(card.name))
    return parts, {kind: [known[card.name] for card in of] for kind, of in cards.items()}


def _elsewhere(name: str) -> dict[str, Any]:
    """Return what is said of a part that the page does not carry."""
    how = f": {_call(name)} opens it" if name == clipped(name) else ""
    return {"name": name, "refusal": f"{clipped(name)!r} is left out to keep this page small{how}"}


def _packed(index: int, opening: Opening, gates: int) -> dict[str, Any]:
    """Return a part as the page carries it, or why it does not."""
    if opening.circuit is None:
        return {"name": opening.name, "refusal": opening.refusal}
    view = View(index + 1, opening.circuit)  # 0 would be what the page shows before anything is opened
    inputs = view.part("p", "inputs", view.inputs())
    markup = "".join([inputs, view.formula(), view.stage(), view.table(), view.fragments()])
    content = script_json({"markup": markup, "view": view.recorded()})
    return {
        "name": opening.name,
        "told": _told(opening, len(opening.circuit.boxes), gates),
        "packed": b64encode(zlib.compress(content.encode(), 9)).decode(),
    }


def _told(opening: Opening, gates: int, of: int) -> str:
    """Return what part is shown: of a stack which sample, and how to see another."""
    name = clipped(opening.name)
    if not opening.samples:
        return f"{name}: {gates:,} of {counted(of, 'gate')}"
    shown = f"{name}, sample {opening.sample + 1:,} of {opening.samples:,}: {gates:,} of {counted(of, 'gate')}"
    other = f"{opening.name}[{(opening.sample + 1) % opening.samples}]"
    return f"{shown}; {_call(other)} shows the next sample" if name == opening.name else shown


def _call(name: str) -> str:
    """Return the call that opens a part, as Python reads it."""
    return f"step(f, open={json.dumps(name, ensure_ascii=False)})"


# ------------------------------------------------------------------------------------------------ what the page is told


def _flows(circuits: Iterable[Circuit]) -> dict[str, str]:
    used = dict.fromkeys([box.gate.flow for circuit in circuits for box in circuit.boxes])
    return {flow: FLOWS[flow].words for flow in used if flow in FLOWS}
