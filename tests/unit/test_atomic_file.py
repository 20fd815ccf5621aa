# SPDX-License-Identifier: BSD-2-Clause
"""Outputs are whole or absent: what is under their names at any moment, and what a failure leaves."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from loader.errors import EnvironmentProblem, LoaderError
from loader.io import AtomicFile
from tests.unit.test_io import DATA, disable, open_files


@pytest.fixture
def umask() -> Iterator[None]:
    old = os.umask(0o027)
    yield
    os.umask(old)


@pytest.mark.usefixtures("umask")
def test_atomic_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with AtomicFile(path) as file:
        os.pwrite(file.fd, DATA, 0)
        assert not path.exists()
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_file_keeps_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    path.chmod(0o604)
    with AtomicFile(path):
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o777 == 0o604


def test_atomic_file_follows_links(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to("sub/real")
    for _ in range(2):
        with AtomicFile(tmp_path / "link") as file:
            os.pwrite(file.fd, b"new", 0)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "sub/real").read_bytes() == b"new"
    assert list((tmp_path / "sub").iterdir()) == [tmp_path / "sub/real"]


@pytest.mark.parametrize("error", [LoaderError("no"), KeyboardInterrupt(), ZeroDivisionError()])
def test_atomic_file_leaves_nothing_behind(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "out"

    def fail() -> None:
        with AtomicFile(path) as file:
            os.pwrite(file.fd, DATA, 0)
            raise error

    with pytest.raises(type(error)):
        fail()
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        fail()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_atomic_file_that_cannot_be_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disable(monkeypatch, "fsync", number=errno.ENOSPC)
    with pytest.raises(EnvironmentProblem, match=os.strerror(errno.ENOSPC)), AtomicFile(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_atomic_file_flushes_before_it_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(path.exists()))
    with AtomicFile(path):
        pass
    assert seen == [False, True]


def test_atomic_file_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "fifo")
    for path, complaint in (
        (tmp_path / "missing" / "out", os.strerror(errno.ENOENT)),
        (tmp_path / "file" / "out", os.strerror(errno.ENOTDIR)),
        (tmp_path, "not a regular file"),
        (tmp_path / "fifo", "not a regular file"),
        (Path("/dev/null"), "not a regular file"),
        (tmp_path / "a\0b", "null"),
    ):
        with pytest.raises(EnvironmentProblem, match=complaint) as caught, AtomicFile(path):
            pass
        assert caught.value.where == str(path)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "fifo"}


def test_preallocate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AtomicFile(tmp_path / "out") as file:
        file.preallocate(12345)
        assert os.fstat(file.fd).st_size == 12345
    disable(monkeypatch, "posix_fallocate", number=errno.EOPNOTSUPP)
    with AtomicFile(tmp_path / "out") as file:
        file.preallocate(54321)
        assert os.fstat(file.fd).st_size == 54321


def test_preallocate_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disable(monkeypatch, "posix_fallocate", number=errno.ENOSPC)
    with pytest.raises(EnvironmentProblem, match=os.strerror(errno.ENOSPC)), AtomicFile(tmp_path / "out") as file:
        file.preallocate(1)
    assert list(tmp_path.iterdir()) == []


def test_atomic_file_closes_what_it_opened(tmp_path: Path) -> None:
    before = open_files()
    with AtomicFile(tmp_path / "out"):
        assert open_files() == before + 1
    assert open_files() == before


def test_flushing_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    with AtomicFile(tmp_path / "out") as file:
        with file.flushing():
            os.pwrite(file.fd, DATA, 0)
        assert flushed == [file.fd]
    assert (tmp_path / "out").read_bytes() == DATA


def test_a_flush_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel reports it once per open file, so it must not get lost in the thread."""
    disable(monkeypatch, "fdatasync", number=errno.EIO)

    def write() -> None:
        with AtomicFile(tmp_path / "out") as file, file.flushing():
            os.pwrite(file.fd, DATA, 0)

    with pytest.raises(EnvironmentProblem, match=f"out: cannot write the file: {os.strerror(errno.EIO)}"):
        write()
    assert list(tmp_path.iterdir()) == []
