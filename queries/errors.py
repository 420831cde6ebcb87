"""What can go wrong after a query was understood. One exception type holds everything: these are kinds of it."""

from __future__ import annotations

from kql import KqlError, Problem


class QueryFailed(KqlError):
    """The query is well formed but gave no answer. `problems` holds the one reason, with its code."""

    code = "LZ101"

    def __init__(self, message: str, text: str, help: str = "") -> None:
        super().__init__((Problem(self.code, message, (0, 0), help),), text)

    def __str__(self) -> str:
        # The whole query failed, so there is no place in it to point at.
        problem = self.problems[0]
        return f"error {problem.code}: {problem.message}" + (f"\n  help: {problem.help}" if problem.help else "")


class QueryTimeout(QueryFailed):
    """The query ran longer than its timeout and was stopped."""

    code = "LZ102"


class AnswerTooLarge(QueryFailed):
    """The answer exceeds the settings' `max_rows` or `max_bytes`."""

    code = "LZ103"


class QueryInterrupted(QueryFailed):
    """Somebody stopped the query."""

    code = "LZ104"
