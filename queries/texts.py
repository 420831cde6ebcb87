"""Query texts as they come in from files, pipes and shells: bytes made into text, offsets into places."""

from __future__ import annotations

from kql import KqlError, Problem


def decode(data: bytes) -> str:
    """The text of a query; a KqlError that points at the first byte that is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Everything before the bad byte is good: its length in characters is the place.
        start = len(data[: error.start].decode("utf-8-sig"))
        help = f"the byte is 0x{data[error.start]:02x}; save the file as UTF-8"
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            help = "the file looks like UTF-16, which PowerShell's > writes; save it as UTF-8"
        problem = Problem("KQL110", "the text is not valid UTF-8", (start, start + 1), help)
        raise KqlError((problem,), data.decode("utf-8-sig", "replace")) from None


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both counted from 1."""
    before = text[: max(0, offset)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
