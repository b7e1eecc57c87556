"""Makes consoles of rich on which any text of a candidate can be printed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from ..texts import encodable, visible

_USUAL_WIDTH = 110  # where there is no terminal
_LEAST_WIDTH = 60


class _Console(Console):
    """A console that escapes what is not printed, or what its file cannot hold: a candidate may say anything."""

    def on_broken_pipe(self) -> None:
        """Leave the error to the caller, where rich would exit."""
        raise  # noqa: PLE0704 - the error that is being handled

    def render_str(self, text: str, **options: Any) -> Text:
        """The text that is about to be printed; escaped here, since rich drops some characters from texts."""
        return super().render_str(visible(text, "\n"), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of text that are about to be printed."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=encodable(visible(segment.text, "\n"), self.encoding))


def console_on(file: TextIO, *, colour: bool) -> Console:
    """A console that is as wide as its terminal, and coloured only if that is wanted."""
    known = file.isatty() or "COLUMNS" in os.environ
    console = _Console(file=file, emoji=False, color_system="auto" if colour else None, force_terminal=colour or None)
    console.width = max(console.width, _LEAST_WIDTH) if known else _USUAL_WIDTH
    return console
