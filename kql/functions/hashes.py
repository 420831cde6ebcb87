"""Rows to come."""

from kql.functions.row import Function

ROWS: tuple[Function, ...] = ()
