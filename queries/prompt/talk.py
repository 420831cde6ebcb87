"""One conversation: what was asked last, how answers are shown, where they go. Knows nothing of keys or editors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from queries.errors import QueryInterrupted
from queries.footer import footer
from queries.formats import FORMATS, Look
from queries.interruptible import interruptibly
from queries.profile import KUSTO, Profile, of_service

if TYPE_CHECKING:
    from queries.graph import ResourceGraph
    from queries.result import Result


class Talk:
    """The state between two questions."""

    def __init__(self, graph: ResourceGraph, out: BinaryIO | None = None, look: Look | None = None) -> None:
        self.graph = graph
        self.out = out or sys.stdout.buffer
        self.width, self.colour = (look.width, look.colour) if look else (None, False)
        self.rows: int | None = 50
        self.format = FORMATS["table"]
        self.profile: Profile = KUSTO
        self.parameters: dict[str, object] = {}
        self.last: str | None = None
        self._given: dict[str, object] = {}
        self._shown: Result | None = None
        self.done = False

    def say(self, text: str = "", dim: bool = False) -> None:
        """Write a line of ours."""
        text = f"\x1b[2m{text}\x1b[0m" if dim and self.colour else text
        self.out.write(text.encode("utf-8", "replace") + b"\n")
        self.out.flush()

    def continued(self, text: str) -> str:
        """The whole query that a text means: one that begins with a pipe goes on where the last query ended."""
        if self.last is None or not text.lstrip().startswith("|"):
            return text
        return f"{self.last.rstrip().rstrip(';')}\n{text.lstrip()}"

    def ask(self, text: str, parameters: dict[str, object] | None = None) -> Result:
        """Ask a whole query and show its answer. A right text becomes the last query."""
        given = self._declared(text) if parameters is None else parameters
        result = interruptibly(
            self.graph,
            lambda: self.graph.query(text, profile=self.profile, at_most=self.rows, parameters=given),
        )
        self.last, self._given, self._shown = text, given, result
        elsewhere = [advice for advice in result.advice if of_service(advice)]
        for advice in result.advice:
            if advice not in elsewhere:
                self.say(advice.draw(text), dim=True)
        self.format.write(result, self.out, self.look())
        self.say(footer(result), dim=True)
        for advice in elsewhere:
            self.say(advice.brief, dim=True)
        if result.truncated:
            self.say("there are more rows: .rows 0 shows all, .save FILE writes them to a file", dim=True)
        return result

    def whole(self) -> Result:
        """The last answer with all its rows: as it was shown, or asked for again if some of them were left out."""
        assert self.last is not None
        text, given = self.last, self._given
        if self._shown is None or self._shown.truncated:
            return interruptibly(self.graph, lambda: self.graph.query(text, profile=self.profile, parameters=given))
        return self._shown

    def look(self) -> Look:
        return Look(self.width, self.colour)

    def _declared(self, text: str) -> dict[str, object]:
        """Those of the values given with .set that this query declares."""
        if not self.parameters:
            return {}
        from queries.library import SavedQuery

        declared = {parameter.name for parameter in SavedQuery("", "", "", text).parameters}
        return {name: value for name, value in self.parameters.items() if name in declared}

    def answer(self, text: str) -> None:
        """Do what a line says, and say what is wrong with it; nothing here ends the conversation but .quit."""
        import kql
        from inventory import InventoryError
        from queries.prompt.commands import Refused, obey
        from queries.prompt.editing import is_command

        text = text.strip()
        if not text:
            return
        whole = self.continued(text)
        try:
            if is_command(text):
                obey(self, text)
                return
            if whole is not text:
                self.say(f"continues: {_first_line(whole)}   (.new starts afresh)", dim=True)
            self.ask(whole)
        except KeyboardInterrupt:
            self.say("stopped")
        except (kql.KqlError, InventoryError, Refused) as error:
            self.say("stopped" if isinstance(error, QueryInterrupted) else str(error))
        except OSError as error:
            self.say(f"{error.filename or 'output'}: {error.strerror}")
        except Exception as error:  # a defect of ours: the conversation goes on all the same
            self.say(f"that should not have happened: {type(error).__name__}: {error}")


def _first_line(text: str) -> str:
    line = next((line for line in text.splitlines() if line.strip() and not line.strip().startswith("//")), "")
    return line if len(line) <= 60 else line[:59] + "…"


def power_state(row: dict[str, Any] | None) -> str:
    """The power state in a machine's row, as Azure shows it."""
    place: Any = row
    for step in ("properties", "extended", "instanceView", "powerState", "code"):
        place = place.get(step) if isinstance(place, dict) else None
    return str(place).removeprefix("PowerState/") if place else "unknown"
