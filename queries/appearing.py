"""Files that appear only when they are complete, so that a failure leaves none half-written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def appearing(path: str) -> Iterator[BinaryIO]:
    """Where the bytes of a file go until it gets its name, in place of what had it. Raises OSError."""
    target = Path(path).resolve()  # a link goes on leading to its file
    if target.exists() and not target.is_file():  # a pipe or a device is written to, and not replaced
        with open(path, "wb") as out:
            yield out
        return
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial.open("xb") as out:
            yield out
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


__all__ = ["appearing"]
