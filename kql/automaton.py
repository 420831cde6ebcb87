"""Runs the tables that Lark makes of the grammar: the same language as Lark's own loop, in a fraction of its time.

Expressions have a dozen levels, so most of Lark's work is to hand one child up from rule to rule. Here such a chain of
reductions is one look-up, remembered by the two states on top of the stack and the next terminal. What is no text of the
language comes out as FAILED, and Lark is asked why.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

FAILED: Any = object()


class Token(str):
    """A terminal's text with its place."""

    __slots__ = ("end_pos", "start_pos", "type")
    start_pos: int
    end_pos: int
    type: str


class _Spliced(list[Any]):
    """What a rule whose name begins with _ stands for: its children take its place."""

    __slots__ = ()


Make = Callable[[list[Any]], Any]
# A shift is the next state; a reduction is how many values it takes, what it makes of them (None: the one value goes up
# as it is), and the rule's name.
Action = int | tuple[int, Make | None, str]


class Automaton:
    """The tables of one grammar. Texts of any number of threads may run at once: only the memory of chains is shared."""

    def __init__(self, parser: Any, builder: Any) -> None:
        """parser: a Lark of kind LALR with a contextual lexer. builder: its transformer."""
        table = parser.parser.parser._parse_table
        reductions: dict[Any, Action] = {}
        self._actions: dict[int, dict[str, Action]] = {}
        for state, row in table.states.items():
            actions: dict[str, Action] = {}
            for name, (action, argument) in row.items():
                if action.name == "Shift":
                    actions[name] = argument
                    continue
                if argument not in reductions:
                    reductions[argument] = (len(argument.expansion), _make(argument, builder), argument.origin.name)
                actions[name] = reductions[argument]
            self._actions[state] = actions
        self._start: int = table.start_states["start"]
        self._end: int = table.end_states["start"]
        lexer = parser.parser.lexer
        self._lexers = lexer.lexers
        self._root = lexer.root_lexer
        self._scanners: dict[int, Callable[[str, int], re.Match[str] | None]] = {}
        self._asked: dict[int, int] = {}
        ignored = "|".join(
            terminal.pattern.to_regexp() for terminal in parser.terminals if terminal.name in lexer.root_lexer.ignore_types
        )
        self._skip = re.compile(f"(?:{ignored})*").match
        self._chains: dict[tuple[int, int, str], int] = {}

    def run(self, text: str) -> Any:
        """What the builder makes of a text, or FAILED. Errors that the builder raises pass through."""
        actions, scanners, skip, chains = self._actions, self._scanners, self._skip, self._chains
        states, values = [self._start], []
        state, place, size = self._start, 0, len(text)
        while True:
            place = skip(text, place).end()  # type: ignore[union-attr]
            if place < size:
                scan = scanners.get(state)
                match = scan(text, place) if scan is not None else self._scan(state, text, place)
                if match is None:
                    return FAILED
                token = Token(match.group())
                token.type = terminal = match.lastgroup or ""
                token.start_pos = place
                token.end_pos = place = match.end()
            else:
                token, terminal = Token(), "$END"
            while True:
                action = actions[state].get(terminal)
                if action is None:
                    return FAILED
                if isinstance(action, int):
                    states.append(action)
                    values.append(token)
                    state = action
                    break
                count, make, name = action
                if make is None:
                    key = (states[-2], state, terminal)
                    chained = chains.get(key)
                    if chained is None:
                        chained = chains[key] = self._chain(states[-2], name, terminal)
                    states[-1] = state = chained
                elif count:
                    value = make(values[-count:])
                    del states[-count:], values[-count:]
                    state = actions[states[-1]][name]  # type: ignore[assignment]
                    states.append(state)
                    values.append(value)
                else:
                    values.append(make([]))
                    state = actions[state][name]  # type: ignore[assignment]
                    states.append(state)
                if state == self._end and terminal == "$END":
                    return values[-1]

    def _chain(self, below: int, name: str, terminal: str) -> int:
        """The state after all the reductions that hand one value up, from the rule `name` on."""
        while True:
            state = self._actions[below][name]
            assert isinstance(state, int)
            action = self._actions[state].get(terminal)
            if action is None or isinstance(action, int) or action[1] is not None or state == self._end:
                return state
            name = action[2]

    def _scan(self, state: int, text: str, place: int) -> re.Match[str] | None:
        """The next terminal in a state that has no expression of its own yet.

        Each state has one of the terminals that it accepts, and to compile all of them would cost more than most texts:
        the expression of all terminals finds the same one, if what it finds is accepted, for both try them in one order.
        """
        asked = self._asked[state] = self._asked.get(state, 0) + 1
        match = _expression(self._root).match(text, place)
        if match is not None and match.lastgroup in self._actions[state] and asked < _OFTEN:
            return match
        scan = self._scanners[state] = _expression(self._lexers[state]).match
        return scan(text, place)


_OFTEN = 50  # from then on an expression of the state's own pays


def _expression(lexer: Any) -> re.Pattern[str]:
    expressions: list[re.Pattern[str]] = lexer.scanner._mres
    assert len(expressions) == 1 and not lexer.callback, "a terminal that is a text and fits another's expression"
    return expressions[0]


def _make(rule: Any, builder: Any) -> Make | None:
    """What a reduction makes of its values; None where it hands its only value up."""
    symbols = rule.expansion
    kept = [place for place, symbol in enumerate(symbols) if not (symbol.is_term and symbol.filter_out)]
    spliced = any(not symbol.is_term and symbol.name.startswith("_") for symbol in symbols)
    inner = rule.origin.name.startswith("_")
    if rule.alias is None and len(symbols) == len(kept) == 1 and (inner or (rule.options.expand1 and not spliced)):
        return None
    every = len(kept) == len(symbols)
    name = rule.alias or rule.origin.name
    own: Callable[[list[Any]], Any] | None = getattr(builder, name, None)
    if inner and rule.alias is None:
        finish: Make = _Spliced
    elif own is not None:
        finish = own
    else:
        finish = _tree(name)
    single = rule.options.expand1 and rule.alias is None

    def make(values: list[Any]) -> Any:
        if spliced:
            children: list[Any] = []
            for place in kept:
                value = values[place]
                if type(value) is not _Spliced:
                    children.append(value)
                elif children:
                    children += value
                else:
                    children = value  # a list that grows to the left is taken over, not copied
        else:
            children = values if every else [values[place] for place in kept]
        if single and len(children) == 1:
            return children[0]
        if finish is _Spliced:
            return children if type(children) is _Spliced else _Spliced(children)
        return finish(children)

    return make


def _tree(name: str) -> Make:
    import lark

    def tree(children: list[Any]) -> Any:
        return lark.Tree(name, children)

    return tree


__all__ = ["FAILED", "Automaton", "Token"]
