"""Draws: random bits as SQL, from the MD5 of a seed, a stream's name and a number, so the same on every machine.

DuckDB's own `md5_number_lower` gives the same bits by way of a text of zeros and ones, in four times the time.
"""

from __future__ import annotations


def bits_sql(text: str) -> str:
    """SQL for 64 random bits (UBIGINT), given SQL for a text."""
    return f"(md5_number({text}) >> 64)::UBIGINT"


def draw_sql(seed: str, stream: str, number: str) -> str:
    """SQL for a whole number drawn evenly from 0 to 65535; `number` is SQL for what is drawn for."""
    bits = bits_sql(f"concat('{seed}:{stream}:', {number})")
    return f"({bits} & 65535)::BIGINT"
