"""What the playground asks of Python in the browser: an expression's inputs, and the page that steps through it.

    question    JSON text: {"expression": text, "inputs": {name: text}, "fragment": text or null}
    answer      JSON text: {"inputs": {name: text}}, with "page" where a fragment was given, or "refusal" and its words
    fragment    where the page stands, as it writes it into its own address: step=3

Everything in a question was typed by people, or stood in a link that somebody sent: it is parsed, never run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from autograd.expression import names_in, parse
from viz.notebook import REPORTER
from viz.pages import script_json
from viz.shell import number
from viz.stepper import step

__all__ = ["answer"]

NEW = "1"  # what an input is that nobody has given a number yet

# the frame has a heading above it, and no address of its own
HEAD = """<style>h1 {{ display: none; }} body {{ padding-top: .25rem; }}</style>
<script>location.hash = {fragment};</script>
"""


def answer(question: str) -> str:
    """Return what the playground shows for an expression: its inputs, and its page or why there is none.

    >>> answer('{"expression": "x*y", "inputs": {"x": "2", "w": "3"}, "fragment": null}')
    '{"inputs": {"x": "2", "y": "1"}}'
    """
    asked = json.loads(question)
    told: dict[str, Any] = {}
    try:
        told["inputs"] = {name: asked["inputs"].get(name, NEW) for name in names_in(asked["expression"])}
        if asked["fragment"] is not None:
            told["page"] = page(asked["expression"], told["inputs"], asked["fragment"])
    except ValueError as error:  # refused, no value or slope there, too large: all in words for people
        told["refusal"] = str(error)
    return json.dumps(told)


def page(expression: str, inputs: Mapping[str, str], fragment: str) -> str:
    """Return the stepper of an expression as the page of a frame that starts where the fragment says."""
    values = {name: number(text.strip(), f"{name}={text.strip()}") for name, text in inputs.items()}
    head, end, body = step(parse(expression, **values)).html.partition("</head>")
    above, close, below = body.rpartition("</body>")
    return "".join([head, HEAD.format(fragment=script_json(fragment)), end, above, REPORTER, close, below])
