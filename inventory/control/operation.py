"""Operations that take time: when they were accepted, when they end, and how. Knows no resource."""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inventory.clock import Clock, from_ticks
from inventory.errors import InventoryError
from inventory.store import OPERATIONS, Store

REMEMBERED = 10_000
"""Operations that can still be asked for; older ones are forgotten."""


@dataclass(slots=True)
class Operation:
    """One accepted operation. Its status follows the estate's clock; nothing has to be done for it to end."""

    id: str
    name: str
    """What was asked for: create, update, delete, start ..."""
    resource_id: str
    started: int
    """In ticks, as `ends`."""
    ends: int
    failure: InventoryError | None
    """What it will have failed with when it ends; None: it succeeds."""
    document: dict[str, Any] | None = field(repr=False)
    """The resource as it was when the operation was accepted (what a PUT answers with), or what an action answers;
    None where there is nothing to answer."""
    created: bool = False
    """Whether the operation makes a resource that was not there before."""
    canceled: bool = False
    _clock: Clock | None = field(default=None, repr=False)
    _get: Callable[[str], dict[str, Any] | None] | None = field(default=None, repr=False)

    @property
    def answers(self) -> bool:
        """Whether its result is what the action answers, and not the resource."""
        return self._get is None

    @property
    def status(self) -> str:
        """InProgress, Succeeded, Failed or Canceled, as of the estate's clock."""
        if self.canceled:
            return "Canceled"
        if self._clock is not None and self._clock.ticks() < self.ends:
            return "InProgress"
        return "Succeeded" if self.failure is None else "Failed"

    @property
    def error(self) -> InventoryError | None:
        """What it failed with; None as long as it has not."""
        return self.failure if self.status == "Failed" else None

    @property
    def started_at(self) -> datetime:
        return from_ticks(self.started)

    @property
    def ends_at(self) -> datetime:
        """When it ends, or has ended: known from the beginning in a simulated world."""
        return from_ticks(self.ends)

    def result(self) -> dict[str, Any] | None:
        """The resource as it is now, or what the action answers; None after a deletion.

        Raises the error of an operation that failed, and InventoryError OperationInProgress for one that has not ended.
        """
        status = self.status
        if status == "InProgress":
            raise InventoryError("OperationInProgress", f"'{self.name}' ends at {self.ends_at.isoformat()}", 409)
        if status == "Canceled":
            raise InventoryError("Canceled", f"'{self.name}' was overtaken by another operation", 409)
        if self.failure is not None:
            raise self.failure
        return self.document if self._get is None else self._get(self.resource_id)


class Ledger:
    """The operations of an estate, by id. Those of an estate in a file are written there, with what they do or not at all."""

    def __init__(self, store: Store, clock: Clock, seed: int, get: Callable[[str], dict[str, Any] | None]) -> None:
        self._store = store
        self._clock = clock
        self._seed = seed
        self._get = get
        self._entries: OrderedDict[str, Operation] = OrderedDict()
        self._count = 0
        rows = store.writer.execute(f"SELECT number, said, canceled FROM {OPERATIONS} ORDER BY number").fetchall()
        for number, said, canceled in rows[-REMEMBERED:]:
            operation = self._read(json.loads(said), canceled)
            self._entries[operation.id] = operation
            self._count = number
        if len(rows) > REMEMBERED:
            store.writer.execute(f"DELETE FROM {OPERATIONS} WHERE number <= ?", [rows[-REMEMBERED - 1][0]])

    def enter(
        self,
        name: str,
        resource_id: str,
        ends: int,
        *,
        document: dict[str, Any] | None = None,
        failure: InventoryError | None = None,
        created: bool = False,
        answers: bool = False,
    ) -> Operation:
        """Note an accepted operation; `answers` says that its result is its document, whatever the resource becomes."""
        self._count += 1
        now = self._clock.ticks()
        operation = Operation(
            str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._seed}:{self._count}:{now}:{resource_id}")), name, resource_id,
            now, max(ends, now), failure, document, created, False, self._clock, None if answers else self._get,
        )  # fmt: skip
        self._entries[operation.id] = operation
        if self._store.path is not None:
            self._write(self._count, operation)
        while len(self._entries) > REMEMBERED:
            self._entries.popitem(last=False)
        return operation

    def find(self, id_: str) -> Operation:
        """The operation with this id. Raises InventoryError NotFound."""
        try:
            return self._entries[id_.lower()]
        except KeyError:
            raise InventoryError("NotFound", f"The operation '{id_}' was not found.") from None

    def newest(self) -> Iterator[Operation]:
        """All operations, the newest first."""
        return iter(list(reversed(self._entries.values())))

    def never_made(self, resource_id: str) -> bool:
        """Whether a resource was to be created, failed, and nothing that was asked of it since has succeeded."""
        mine = resource_id.lower()
        for operation in reversed(self._entries.values()):
            if operation.resource_id.lower() == mine:
                if operation.failure is None:
                    return False
                if operation.created:
                    return True
        return False

    def overtake(self, resource_id: str) -> None:
        """A new operation puts an end to those under way on a resource."""
        mine = resource_id.lower()
        for operation in reversed(self._entries.values()):
            if operation.resource_id.lower() == mine and operation.status == "InProgress":
                operation.canceled = True
                if self._store.path is not None:
                    self._store.writer.execute(f"UPDATE {OPERATIONS} SET canceled = TRUE WHERE id = ?", [operation.id])

    def write_all(self) -> None:
        """Write the operations of an estate in memory, before it is copied into a file."""
        if self._store.path is None:
            self._store.writer.execute(f"DELETE FROM {OPERATIONS}")
            for number, operation in enumerate(self._entries.values(), self._count - len(self._entries) + 1):
                self._write(number, operation)

    def _write(self, number: int, operation: Operation) -> None:
        failure = operation.failure
        said = {
            "id": operation.id, "name": operation.name, "resource_id": operation.resource_id, "started": operation.started,
            "ends": operation.ends, "failure": failure and [failure.code, failure.message, failure.status],
            "document": operation.document, "created": operation.created, "answers": operation.answers,
        }  # fmt: skip
        row = [number, operation.id, json.dumps(said), operation.canceled]
        self._store.writer.execute(f"INSERT INTO {OPERATIONS} VALUES (?, ?, ?, ?)", row)

    def _read(self, said: dict[str, Any], canceled: bool) -> Operation:
        failure, answers = said.pop("failure"), said.pop("answers")
        return Operation(
            **said, failure=None if failure is None else InventoryError(*failure), canceled=canceled,
            _clock=self._clock, _get=None if answers else self._get,
        )  # fmt: skip
