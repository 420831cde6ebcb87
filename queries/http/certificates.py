"""The local certificate authority: made on first start, kept for the user, trusted by nobody who was not told to.

Its key never leaves the user's own folder, which only the user can read. Knows no server.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path

import trustme

ALWAYS = ("localhost", "127.0.0.1", "::1")


def folder() -> Path:
    """Where the authority is kept unless told otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("lazulite", appauthor=False)) / "certificates"


class Authority:
    """The authority in a folder. `certificate` is the path that clients are given as a bundle (`ca.pem`)."""

    def __init__(self, where: Path) -> None:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.certificate = where / "ca.pem"
        key = where / "ca.key"
        if not (key.exists() and self.certificate.exists()):
            made = trustme.CA(organization_name="Lazulite", organization_unit_name="local")
            _write(key, made.private_key_pem.bytes())
            _write(self.certificate, made.cert_pem.bytes())
        self._ca = trustme.CA.from_pem(self.certificate.read_bytes(), key.read_bytes())

    def context(self, names: Iterable[str] = ()) -> ssl.SSLContext:
        """A TLS context for a server under these names and the usual ones of this machine."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._ca.issue_cert(*dict.fromkeys((*ALWAYS, *names))).configure_cert(context)
        return context


def _write(path: Path, content: bytes) -> None:
    """A file that only the user can read and that is there as a whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    os.replace(name, path)
