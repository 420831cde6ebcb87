"""What is wrong with a template, in Azure's words, and where in it. Knows nothing but text."""

from __future__ import annotations

from inventory.errors import InventoryError

Path = tuple[str | int, ...]
"""Where something stands in a template: the names and positions that lead to it."""


class TemplateError(InventoryError):
    """A template that cannot be deployed: `code` as Azure says it, `message` what is wrong, `path` the place."""

    def __init__(self, message: str, path: Path = (), *, code: str = "InvalidTemplate") -> None:
        super().__init__(code, message)
        self.path = path

    def at(self, path: Path) -> TemplateError:
        """The same error at a place, unless its place is known already."""
        return self if self.path else TemplateError(self.message, path, code=self.code)


class ExpressionError(Exception):
    """What is wrong with one expression; the place is added by whoever reads the template."""
