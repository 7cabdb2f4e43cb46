"""What a notebook shows of a picture and of a stepper, so that every kind of reader sees at least the picture.

    image     the picture as an <img> with a data: address, which survives where scripts and inline <svg> are taken out:
              untrusted notebooks, static pages, GitHub
    page      the stepper, in a sandboxed frame: it can run, and touch nothing of the notebook around it
    listener  a few lines of script, the same for every output: when a frame tells its height, it gets that height, and
              the picture that stood in for it goes; which frame spoke is known by its window, so none needs a name

Beside the text/html made here stands the text/plain that `repr` gives. Nothing imports IPython: it is asked only where
it is running.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable
from html import escape
from typing import Any

from autograd.value import Value
from viz.svg import escaped

__all__ = ["REPORTER", "framed", "image", "show_values"]

SMALLEST = 0.7  # of its natural size

LISTENER = """<script>
window.gatewiseListens ||= addEventListener("message", ({ source, data }) => {
  const height = Number(data?.gatewiseHeight);
  if (!(height > 0)) return;
  for (const frame of document.querySelectorAll("iframe.gatewise-stepper")) {
    if (frame.contentWindow !== source) continue;
    frame.style.height = `${Math.min(Math.ceil(height), 4000)}px`;
    frame.previousElementSibling.style.display = "none";
  }
}) ?? true;
</script>"""
REPORTER = """<script>
new ResizeObserver(([{ target }]) => parent.postMessage({ gatewiseHeight: target.offsetHeight }, "*"))
  .observe(document.documentElement);
</script>"""


def image(svg: str, width: float, alt: str) -> str:
    """Return an SVG document, so many pixels wide, as HTML that needs no other file.

    It shrinks a little where there is less room, as long as its small print can be read, and from there on scrolls.
    """
    data = b64encode(svg.encode()).decode()
    size = f"width:100%;max-width:{width:.0f}px;min-width:{width * SMALLEST:.0f}px;height:auto"
    picture = f'<img alt="{escaped(alt)}" style="{size}" src="data:image/svg+xml;base64,{data}">'
    return f'<div style="overflow-x:auto">{picture}</div>'


def framed(page: str, fallback: str, title: str) -> str:
    """Return a whole page as a frame of a notebook, with the image that is shown where no frame or no script may be."""
    head, end, tail = page.rpartition("</body>")
    source = escape(head + REPORTER + end + tail)
    # as tall as nothing, not hidden: what is hidden has no height to tell
    frame = (
        f'<iframe class="gatewise-stepper" title="{escaped(title)}" sandbox="allow-scripts" '
        f'style="display:block;width:100%;height:0;border:0" srcdoc="{source}"></iframe>'
    )
    return f"<div>\n{LISTENER}\n{fallback}\n{frame}\n</div>"


def show_values(draw: Callable[[Value], Any]) -> None:
    """Have a running IPython show each Value that a gate made as its picture; of a leaf, its repr says it all."""

    def html(value: Value) -> str | None:
        if value.gate is None:
            return None
        try:
            return str(draw(value)._repr_html_())
        except Exception as error:  # whatever went wrong, the cell that only asked for a number is not broken by it
            return f"<pre>{escaped(repr(value))}\nno picture: {escaped(str(error))}</pre>"

    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.display_formatter.formatters["text/html"].for_type(Value, html)
