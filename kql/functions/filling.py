"""Reading the notation of `kql.functions.template`: a row's SQL as a function of a call's arguments, made once a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from kql.forms import Form, Json, List
from kql.functions import shapes, words
from kql.functions.letters import lowered
from kql.functions.template import Each, Not, Switch, Template
from kql.sql import quote
from kql.sql.convert import convert
from kql.sql.value import Arguments, Sql, constant
from kql.types import BOOL, DYNAMIC, STRING, TYPE_NAMES

if TYPE_CHECKING:
    from kql.functions.row import Overload

Names = Mapping[str, Sequence[int]]  # which arguments a name stands for
Made = TypeVar("Made")
Making = Callable[[Arguments, Names], Made]
Writer: TypeAlias = Making[str]
Maker: TypeAlias = Making[Sql]
Test: TypeAlias = Making[bool]
Pieces = Mapping[str, Writer]

_SLOT = re.compile(r"\{([a-zA-Z_]\w*(?:\+\w+)*)(?:\.(\d+))?(?::(\w+))?(?:\|([^{}]*))?\}")


def filled(overload: Overload) -> Callable[[Arguments], Sql]:
    """What makes the SQL of a call of the overload, whose SQL is no function. ValueError: it is not in the notation."""
    known = frozenset(parameter.name for parameter in overload.parameters)
    maker = _Reader(known).answer(overload.sql, Template(""))
    return lambda arguments: maker(arguments, arguments.names)


class _Reader:
    """Reads the templates of one overload."""

    def __init__(self, known: frozenset[str], pieces: Pieces | None = None) -> None:
        self.known = known  # names of arguments
        self.pieces = pieces or {}
        self._read: dict[str, Writer] = {}

    def answer(self, written: Any, facts: Template) -> Maker:
        """What computes the value. `facts` are those of the template around it."""
        match written:
            case bool() | None:
                return lambda arguments, _: constant(written, arguments.result)
            case Template(inner, held, null, pieces):
                whole = Template(inner, held or facts.held, facts.null if null is None else null)
                return self._with(pieces).answer(inner, whole)
            case Not(of):
                return lambda arguments, _: _opposite(arguments, of)
            case Mapping():
                return self._chosen(written, lambda then: self.answer(then, facts))
        if not isinstance(written, str):
            raise ValueError(f"no template: {written!r}")
        alone = _SLOT.fullmatch(written)
        if alone is not None and alone[1] in self.known and alone[4] is None and facts.held is facts.null is None:
            return self.value(alone)
        text, form = self.text(written), _held(facts.held, self.value)
        return lambda arguments, names: _made(arguments, text(arguments, names), form(arguments, names), facts.null)

    def _with(self, pieces: Mapping[str, Any]) -> _Reader:
        """The reader that knows these pieces too; they may name one another in the order in which they are said."""
        reader, known = self, dict(self.pieces)
        for name, piece in pieces.items():
            known[name] = reader.text(piece)
            reader = _Reader(self.known, dict(known))
        return reader

    # ---- texts ---------------------------------------------------------------------------------------------------
    def text(self, written: Any) -> Writer:
        match written:
            case str():
                return self._plain(written)
            case Mapping():
                return self._chosen(written, self.text)
            case Each():
                return self._each(written)
            case Switch():
                return self._switch(written)
        raise ValueError(f"no text: {written!r}")

    def _plain(self, written: str) -> Writer:
        parts: list[str | Writer] = []
        end = 0
        for slot in _SLOT.finditer(written):
            parts += [written[end : slot.start()], self._slot(slot)]
            end = slot.end()
        parts.append(written[end:])
        if len(parts) == 1:
            return lambda arguments, names: written
        return lambda arguments, names: "".join(
            [part if isinstance(part, str) else part(arguments, names) for part in parts]
        )

    def _slot(self, slot: re.Match[str]) -> Writer:
        name, place, shape, default = slot.groups()
        if name in self.pieces:
            if slot[0] != f"{{{name}}}":
                raise ValueError(f"{slot[0]} asks something of a piece")
            return self.pieces[name]
        if name == "over":
            return lambda arguments, names: arguments.over
        wanted = self._names(name)
        make = shapes.SHAPES[shape] if shape else None

        def write(arguments: Arguments, names: Names) -> str:
            positions = [position for each in wanted for position in names.get(each, ())]
            if place is not None:
                positions = positions[int(place) : int(place) + 1]
            if not positions:
                return "NULL" if default is None else default
            return ", ".join(
                [(make(arguments, each) if make else shapes.wanted(arguments, each)).written for each in positions]
            )

        return write

    def value(self, slot: re.Match[str]) -> Maker:
        """The value of a slot that stands alone."""
        (name, *_), place, shape = self._names(slot[1]), int(slot[2] or 0), slot[3]
        make = shapes.SHAPES[shape] if shape else shapes.wanted

        def value(arguments: Arguments, names: Names) -> Sql:
            positions = names.get(name, ())
            return make(arguments, positions[place]) if len(positions) > place else constant(None, arguments.result)

        return value

    def _names(self, written: str) -> list[str]:
        names = written.split("+")
        for name in names:
            if name not in self.known:
                raise ValueError(f"{written} is no parameter and no piece")
        return names

    def _each(self, each: Each) -> Writer:
        over, called, joined = self._names(each.over), each.called, each.joined
        text = _Reader(self.known | set(called), self.pieces).text(each.text)

        def write(arguments: Arguments, names: Names) -> str:
            places = [place for name in over for place in names.get(name, ())]
            steps = range(0, len(places) - len(called) + 1, len(called))
            return joined.join(
                [
                    text(arguments, {**names, **{name: (places[at + i],) for i, name in enumerate(called)}})
                    for at in steps
                ]
            )

        return write

    def _switch(self, switch: Switch) -> Writer:
        x, other = self.text(switch.x), self.text(switch.other)
        once = _Reader(self.known, {**self.pieces, "x": x})
        named = _Reader(self.known, {**self.pieces, "x": lambda arguments, names: "x"})
        (by,) = self._names(switch.by)

        def write(arguments: Arguments, names: Names) -> str:
            subject = convert(arguments[names[by][0]], STRING)
            if isinstance(subject.const, str):
                chosen = switch.cases.get(lowered(subject.const) if switch.fold else subject.const)
                return other(arguments, names) if chosen is None else once.read(chosen)(arguments, names)
            key = f"lower({subject.string})" if switch.fold else subject.string
            cases = " ".join(
                f"WHEN {quote.text(case)} THEN {named.read(text)(arguments, names)}"
                for case, text in switch.cases.items()
            )
            choice = f"CASE {key} {cases} ELSE {other(arguments, names)} END"
            return f"list_transform([{x(arguments, names)}], lambda x: {choice})[1]" if switch.x else choice

        return write

    def read(self, written: str) -> Writer:
        """A text that is read when it is first wanted: a switch has many, and few are."""
        if written not in self._read:
            self._read[written] = self._plain(written)
        return self._read[written]

    # ---- alternatives ----------------------------------------------------------------------------------------------
    def _chosen(self, written: Mapping[str, Any], read: Callable[[Any], Making[Made]]) -> Making[Made]:
        """What makes the first alternative whose condition holds."""
        if "" not in written:
            raise ValueError(f"no alternative that always holds: {written!r}")
        choices = [(self.condition(when), read(then)) for when, then in written.items()]

        def make(arguments: Arguments, names: Names) -> Made:
            return next(then for test, then in choices if test(arguments, names))(arguments, names)

        return make

    def condition(self, written: str) -> Test:
        tests = [self._clause(clause) for clause in written.split(" and ")] if written else []
        if len(tests) == 1:
            return tests[0]
        return lambda arguments, names: all(test(arguments, names) for test in tests)

    def _clause(self, clause: str) -> Test:
        subject, _, rest = clause.partition(" ")
        name, _, place = subject.partition(".")
        if name == "result":
            types = {TYPE_NAMES[word] for word in rest.removeprefix("is ").split(" or ")}
            return lambda arguments, names: arguments.result in types
        self._names(name)
        if not rest:
            least = int(place or 0)
            return lambda arguments, names: len(names.get(name, ())) > least
        if rest.startswith("holds "):
            (other,) = self._names(rest.removeprefix("holds "))
            return lambda arguments, names: words.holds(arguments[names[name][0]], arguments[names[other][0]])
        wanted = not rest.startswith("is not ")
        asked = [words.word(word) for word in rest.removeprefix("is ").removeprefix("not ").split(" or ")]

        def test(arguments: Arguments, names: Names) -> bool:
            values = [arguments[position] for position in names.get(name, ())]
            fits = bool(values) and all(any(word(value) for word in asked) for value in values)
            return fits is wanted

        return test


def _held(
    written: Form | str | None, read: Callable[[re.Match[str]], Maker]
) -> Callable[[Arguments, Names], Form | None]:
    """The form of a dynamic result: a form, or that of a slot."""
    if not isinstance(written, str):
        return lambda arguments, names: written
    slot = _SLOT.fullmatch("{" + written.strip("[]") + "}")
    if slot is None:
        raise ValueError(f"no slot: {written}")
    value, listed = read(slot), written.startswith("[")

    def form(arguments: Arguments, names: Names) -> Form | None:
        found = value(arguments, names).form
        return List(found or Json()) if listed else found

    return form


def _made(arguments: Arguments, text: str, form: Form | None, null: bool | str | None) -> Sql:
    result = arguments.result
    if form is None and result is DYNAMIC:
        form = Json()
    elif result is not DYNAMIC:
        form = None
    match null:
        case None:
            return Sql(text, result, arguments.nullable(), form)
        case bool():
            return Sql(text, result, null, form)
        case "argument":
            absent = arguments.some_null()
            return Sql(text, result, absent, form, absent=absent and result is STRING)
        case "all":
            return Sql(text, result, all(value.nullable for value in arguments.values), form)
    nullable = any(value.nullable for value in arguments.values if not value.constant)
    if nullable and not arguments.truth:
        return Sql(f"coalesce({text}, FALSE)", BOOL, False)
    return Sql(text, BOOL, nullable)


def _opposite(arguments: Arguments, of: Overload) -> Sql:
    arguments.truth = False
    made = of.maker(arguments)
    assert isinstance(made, Sql)
    return constant(not made.const, BOOL) if made.constant else Sql(f"(NOT {made.text})", BOOL, False)


__all__ = ["filled"]
