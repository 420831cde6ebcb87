"""Formats for other programs' memory: Parquet and Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from queries.formats import Look

if TYPE_CHECKING:
    from queries.result import Result


def parquet(result: Result, out: BinaryIO, look: Look) -> None:
    pq.write_table(result.arrow(), out, compression="zstd")


def arrow(result: Result, out: BinaryIO, look: Look) -> None:
    table = result.arrow()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
