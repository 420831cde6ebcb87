"""What goes wrong in the world, said with Azure's own codes. Knows nothing but text."""

from __future__ import annotations


class InventoryError(Exception):
    """An operation that the control plane refuses.

    `code` is the code that Azure would answer with (`ResourceNotFound`, `OperationNotAllowed`, `Conflict`,
    `InvalidParameter` ...), `message` says what is wrong and, where possible, what would be right.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
