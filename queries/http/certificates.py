"""The local certificate authority: made on first start, kept for the user, trusted by nobody who was not told to.

Its key never leaves the user's own folder, which only the user can read. Knows no server.
"""

from __future__ import annotations

import errno
import os
import ssl
import tempfile
from collections.abc import Callable, Iterable
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
        both = where / "ca.key"  # the key and its certificate in one file: of several first starts at once, one wins whole
        if not both.exists():
            made = trustme.CA(organization_name="Lazulite", organization_unit_name="local")
            _write(both, made.private_key_pem.bytes() + made.cert_pem.bytes(), os.link)
        key, mark, certificate = both.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
        try:
            self._ca = trustme.CA.from_pem(mark + certificate, key)
        except ValueError:
            reason = "holds no key with its certificate; remove the file, and both are made anew"
            raise OSError(errno.EINVAL, reason, str(both)) from None
        if not self.certificate.exists() or self.certificate.read_bytes() != mark + certificate:
            _write(self.certificate, mark + certificate, os.replace)

    def context(self, names: Iterable[str] = ()) -> ssl.SSLContext:
        """A TLS context for a server under these names and the usual ones of this machine."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._ca.issue_cert(*dict.fromkeys((*ALWAYS, *names))).configure_cert(context)
        return context


def _write(path: Path, content: bytes, put: Callable[[str, Path], None]) -> None:
    """A file that only the user can read and that is there as a whole or not at all; with `os.link`, only a new one."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    try:
        put(name, path)
    except FileExistsError:
        pass
    finally:
        if os.path.exists(name):
            os.unlink(name)
