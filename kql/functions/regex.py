"""Regular expressions between Kusto's RE2 and DuckDB's: both are RE2, but Kusto's classes are Unicode's."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


def escape(text: str) -> str:
    """A text as a regular expression that matches just it."""
    return _SPECIAL.sub(r"\\\1", text)


_CLASSES = {"d": r"\p{Nd}", "w": r"\p{L}\p{M}\p{Nd}\p{Pc}", "s": r"\s\x{85}\p{Z}"}


def unicode_classes(pattern: str) -> str:
    r"""The pattern with \d, \w and \s (and their negations) spelled as Unicode classes."""
    if "\\" not in pattern and "(?<" not in pattern:
        return pattern
    out: list[str] = []
    inside, place = False, 0
    while place < len(pattern):
        character = pattern[place]
        if character == "\\" and place + 1 < len(pattern):
            code = pattern[place + 1]
            place += 2
            lower = code.lower()
            if lower in _CLASSES and code.isalpha():
                body = _CLASSES[lower]
                if code.islower():
                    out.append(body if inside else f"[{body}]")
                elif inside:
                    out.append("\\" + code)
                else:
                    out.append(f"[^{body}]")
            elif code == "Q":
                end = pattern.find("\\E", place)
                end = len(pattern) if end < 0 else end
                out.append(escape(pattern[place:end]))
                place = end + 2
            else:
                out.append("\\" + code)
            continue
        if character == "(" and not inside and pattern.startswith("(?<", place):
            # the newer spelling of a named group, which the engine's RE2 does not read
            out.append("(?P<")
            place += 3
            continue
        if character == "[" and not inside:
            inside = True
            out.append(character)
            place += 1
            if pattern[place : place + 1] == "^":
                out.append("^")
                place += 1
            if pattern[place : place + 1] == "]":
                out.append("\\]")
                place += 1
            continue
        if character == "[" and inside and pattern[place + 1 : place + 2] == ":":
            end = pattern.find(":]", place)
            if end > 0:
                out.append(pattern[place : end + 2])
                place = end + 2
                continue
        if character == "]" and inside:
            inside = False
        out.append(character)
        place += 1
    return "".join(out)


def uncaptured(pattern: str) -> str:
    """The pattern with its groups turned into ones that capture nothing."""
    out: list[str] = []
    inside = False
    for place, character in enumerate(pattern):
        escaped = (len(pattern[:place]) - len(pattern[:place].rstrip("\\"))) % 2 == 1
        if not escaped:
            if character == "[":
                inside = True
            elif character == "]":
                inside = False
            elif character == "(" and not inside and pattern[place + 1 : place + 2] != "?":
                character = "(?:"
        out.append(character)
    return re.sub(r"\(\?P?<\w+>", "(?:", "".join(out))


def problem(pattern: str) -> str:
    """Why RE2 would not take the pattern, or ''. Only what can be told without it: look-around, back-references, brackets."""
    if re.search(r"(?<!\\)(?:\\\\)*\(\?(?:[=!]|<[=!])", pattern):
        return "look-around is not part of RE2"
    if re.search(r"(?<!\\)(?:\\\\)*\\[1-9]", pattern):
        return "back-references are not part of RE2"
    try:
        re.compile(re.sub(r"\\p\{?\^?\w+\}?|\\P\{?\w+\}?|\\[zCQEA]|\\x\{[0-9a-fA-F]+\}", "x", _plain(pattern)))
    except re.error as error:
        text = str(error)
        if "global flags" in text or "bad character range" in text or "unknown extension" in text:
            return text if "range" in text else ""
        return text
    except (RecursionError, OverflowError):
        return "it is too large"
    return ""


def _plain(pattern: str) -> str:
    """The pattern with RE2's own notations turned into Python's, for the check only."""
    pattern = re.sub(r"\(\?P?<(\w+)>", r"(?P<\1>", pattern)
    pattern = re.sub(r"\(\?[imsU]*(-[imsU]+)?\)", "", pattern)
    pattern = re.sub(r"\(\?[imsU]*(-[imsU]+)?:", "(?:", pattern)
    return re.sub(r"\[\[:\^?\w+:\]", "[x", re.sub(r"\[:\^?\w+:\]", "x", pattern))
