"""The tables of the grammar are kept between processes, where nobody else can write."""

from __future__ import annotations

from pathlib import Path

import pytest

from kql import parse


def test_the_tables_are_kept_in_a_folder_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept = parse._kept("grammar")
    assert isinstance(kept, str) and Path(kept).parent == tmp_path / "lazulite"
    assert Path(kept).parent.stat().st_mode & 0o077 == 0


def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "lazulite").mkdir()
    (tmp_path / "lazulite").chmod(0o777)
    assert parse._kept("grammar") is False


def test_without_a_place_to_keep_them_they_are_made_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert parse._kept("grammar") is False
