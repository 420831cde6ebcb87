"""Answers that hold as long as the index stays as it is: the same request, the same bytes, without asking again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from inventory import Estate


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and its own headers, over one version of the index. `lasting`: it holds as long as that version does."""

    version: int
    content: bytes
    headers: dict[str, str]
    lasting: bool


class KeptAnswers:
    """At most so many bytes of answers, the latest used. Safe to use from several threads."""

    def __init__(self, estate: Estate, most_bytes: int) -> None:
        self._estate = estate
        self._most = most_bytes
        self._size = 0
        self._answers: OrderedDict[tuple[bytes, str], Kept] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, request: bytes, api_version: str) -> Kept | None:
        """The answer to a request, if it was answered before and the index has not changed since; after a refresh."""
        with self._lock:
            kept = self._answers.get((request, api_version))
            if kept is None or kept.version != self._estate.version:
                return None
            self._answers.move_to_end((request, api_version))
            return kept

    def keep(self, request: bytes, api_version: str, kept: Kept) -> None:
        """Keep an answer, unless the index has moved while it was worked out."""
        size = len(request) + len(kept.content)
        if size > self._most // 16 or kept.version != self._estate.version:
            return
        with self._lock:
            self._drop((request, api_version))
            self._answers[request, api_version] = kept
            self._size += size
            while self._size > self._most:
                self._drop(next(iter(self._answers)))

    def _drop(self, key: tuple[bytes, str]) -> None:
        gone = self._answers.pop(key, None)
        if gone is not None:
            self._size -= len(key[0]) + len(gone.content)
