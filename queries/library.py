"""The saved queries: one `.kql` file each, its title and purpose in the comments at its head. Only reads files."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "library"

_FACT = re.compile(r"//\s*(title|purpose):\s*(.*\S)")
_DECLARATION = re.compile(r"\bdeclare\s+query_parameters\s*\(([^;]*)\)\s*;")
_PARAMETER = re.compile(r"(\w+)\s*:\s*(\w+)\s*(?:=\s*([^,]+?))?\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a saved query declares; `default` is its text, or None where a value must be given."""

    name: str
    type: str
    default: str | None


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query with a name. `text` is the whole file, comments included: it can be asked as it is."""

    name: str
    title: str
    purpose: str
    text: str

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it declares, read from the text; the compiler has the last word when it is asked."""
        declaration = _DECLARATION.search(self.text)
        found = _PARAMETER.findall(declaration[1]) if declaration else []
        return tuple(Parameter(name, type, default or None) for name, type, default in found)


def read(path: Path) -> SavedQuery:
    """The saved query in a file. A UnicodeDecodeError where the file is not UTF-8."""
    text = path.read_bytes().decode()
    facts = dict(_FACT.findall(text))
    return SavedQuery(path.stem, facts.get("title", path.stem), facts.get("purpose", ""), text)


@cache
def saved_queries() -> tuple[SavedQuery, ...]:
    """All saved queries that come with Lazulite, by name."""
    return tuple(read(path) for path in sorted(FOLDER.glob("*.kql")))


def saved_query(name: str) -> SavedQuery:
    """The saved query of that name (case and a trailing .kql do not matter); a KeyError names the nearest ones."""
    wanted = name.lower().removesuffix(".kql")
    by_name = {query.name: query for query in saved_queries()}
    if wanted in by_name:
        return by_name[wanted]
    near = difflib.get_close_matches(wanted, by_name, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `lazulite list` names them all"
    raise KeyError(f"there is no saved query '{name}'{hint}")
