# SPDX-License-Identifier: BSD-2-Clause
"""File ranges are copied and hashed exactly, whatever the kernel can do, and a source that changes is noticed."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from loader import io
from loader.errors import EnvironmentProblem, SourceError
from loader.io import (
    FileStamp,
    copy_range,
    hash_many,
    hashing,
    open_source,
    read_exactly,
    sha256_range,
    write_at,
)
from tests.memory import bytes_taken

DATA = bytes(i * 7 % 251 for i in range(100_000))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def pair(source: Path, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """An open source with DATA and an open, empty destination."""
    src = os.open(source, os.O_RDONLY)
    dst = os.open(tmp_path / "destination", os.O_RDWR | os.O_CREAT)
    yield src, dst
    os.close(src)
    os.close(dst)


def refuse_with(number: int) -> object:
    def call(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return call


def disable(monkeypatch: pytest.MonkeyPatch, *names: str, number: int = errno.ENOSYS) -> None:
    for name in names:
        monkeypatch.setattr(os, name, refuse_with(number))


WAYS = {
    "copy_file_range": (),
    "sendfile": ("copy_file_range",),
    "buffer": ("copy_file_range", "sendfile"),
}


@pytest.mark.parametrize("without", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("offset", "size", "target"), [(0, len(DATA), 0), (1, 99_998, 4096), (5, 0, 7), (99_999, 1, 3)]
)
def test_copy(
    pair: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    without: tuple[str, ...],
    offset: int,
    size: int,
    target: int,
) -> None:
    disable(monkeypatch, *without)
    src, dst = pair
    copy_range(src, offset, size, dst, target)
    assert os.fstat(dst).st_size == (target + size if size else 0)
    assert os.pread(dst, size, target) == DATA[offset : offset + size]
    assert os.pread(dst, target, 0) == bytes(target if size else 0)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS])
def test_copy_falls_back(pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    disable(monkeypatch, "copy_file_range", "sendfile", number=number)
    src, dst = pair
    copy_range(src, 0, len(DATA), dst, 0)
    assert os.pread(dst, len(DATA), 0) == DATA


def test_copy_falls_back_in_the_middle(pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter((4096, None))

    def once(src: int, dst: int, _count: int, offset_src: int, offset_dst: int) -> int:
        size = next(calls)
        if size is None:
            raise OSError(errno.EINVAL, "no more")
        return os.pwrite(dst, os.pread(src, size, offset_src), offset_dst)

    monkeypatch.setattr(os, "copy_file_range", once)
    src, dst = pair
    copy_range(src, 0, len(DATA), dst, 0)
    assert os.pread(dst, len(DATA), 0) == DATA


@pytest.mark.parametrize("without", WAYS.values(), ids=WAYS)
def test_copy_goes_on_after_short_counts(
    pair: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    without: tuple[str, ...],
) -> None:
    disable(monkeypatch, *without)
    monkeypatch.setattr(io, "_MAX_COPY", 17)
    copy_file_range, sendfile, pwrite = os.copy_file_range, os.sendfile, os.pwrite
    if "copy_file_range" not in without:
        monkeypatch.setattr(os, "copy_file_range", lambda s, d, n, so, do: copy_file_range(s, d, min(n, 3), so, do))
    if "sendfile" not in without:
        monkeypatch.setattr(os, "sendfile", lambda d, s, o, n: sendfile(d, s, o, min(n, 3)))
    monkeypatch.setattr(os, "pwrite", lambda d, data, o: pwrite(d, data[:3], o))
    src, dst = pair
    copy_range(src, 10, 1000, dst, 5)
    assert os.pread(dst, 2000, 5) == DATA[10:1010]


@pytest.mark.parametrize("without", WAYS.values(), ids=WAYS)
def test_copy_from_a_source_that_shrank(
    pair: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    without: tuple[str, ...],
) -> None:
    disable(monkeypatch, *without)
    with pytest.raises(SourceError, match=r"source: the file ends 2 bytes too early"):
        copy_range(pair[0], 1, len(DATA) + 1, pair[1], 0)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_copy_to_a_full_disk(pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    disable(monkeypatch, "copy_file_range", number=number)
    with pytest.raises(EnvironmentProblem, match=os.strerror(number)) as caught:
        copy_range(pair[0], 0, 10, pair[1], 0)
    assert caught.value.where.endswith("destination")


def test_copy_to_a_file_that_is_not_writable(source: Path, tmp_path: Path) -> None:
    (tmp_path / "destination").touch()
    with source.open("rb") as src, (tmp_path / "destination").open("rb") as dst, pytest.raises(EnvironmentProblem):
        copy_range(src.fileno(), 0, 10, dst.fileno(), 0)


@pytest.mark.parametrize("step", [None, 3], ids=["whole", "short counts"])
def test_read_and_write(pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch, step: int | None) -> None:
    pread, pwrite = os.pread, os.pwrite
    if step is not None:
        monkeypatch.setattr(os, "pread", lambda fd, size, offset: pread(fd, min(size, step), offset))
        monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, data[:step], offset))
    src, dst = pair
    piece = read_exactly(src, 10, 1000)
    assert piece == DATA[10:1010]
    assert read_exactly(src, 10, 0) == b""
    write_at(dst, piece, 7)
    assert pread(dst, 2000, 0) == bytes(7) + piece


def test_read_exactly_fails(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with source.open("rb") as file:
        with pytest.raises(SourceError, match=r"source: the file ends 1 bytes too early"):
            read_exactly(file.fileno(), 1, len(DATA))
        disable(monkeypatch, "pread", number=errno.EIO)
        with pytest.raises(SourceError, match=os.strerror(errno.EIO)):
            read_exactly(file.fileno(), 0, 1)


def test_write_at_fails(pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    disable(monkeypatch, "pwrite", number=errno.ENOSPC)
    with pytest.raises(EnvironmentProblem, match=os.strerror(errno.ENOSPC)):
        write_at(pair[1], b"x", 0)


@pytest.mark.parametrize(("offset", "size"), [(0, len(DATA)), (0, 0), (17, 1), (99_999, 1), (100_000, 0)])
def test_sha256(source: Path, offset: int, size: int) -> None:
    expected = hashlib.sha256(DATA[offset : offset + size]).digest()
    assert sha256_range(source, offset, size) == expected
    with source.open("rb") as file:
        assert sha256_range(file.fileno(), offset, size) == expected
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 0


def test_sha256_over_several_buffers(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(io, "BUFFER_SIZE", 4096)
    assert sha256_range(source, 3, 90_001) == hashlib.sha256(DATA[3:90_004]).digest()


def test_sha256_after_short_reads(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preadv = os.preadv
    monkeypatch.setattr(os, "preadv", lambda fd, buffers, offset: preadv(fd, [buffers[0][:7]], offset))
    assert sha256_range(source, 3, 1000) == hashlib.sha256(DATA[3:1003]).digest()


def test_sha256_past_the_end(source: Path) -> None:
    with pytest.raises(SourceError, match="ends 1 bytes too early") as caught:
        sha256_range(source, 1, len(DATA))
    assert caught.value.where == str(source)


def test_sha256_read_error(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disable(monkeypatch, "preadv", number=errno.EIO)
    with pytest.raises(SourceError, match=os.strerror(errno.EIO)):
        sha256_range(source, 0, 1)


def test_hash_many_keeps_the_order(source: Path) -> None:
    ranges = [(source, offset, size) for offset, size in [(0, 5), (5, 90_000), (1, 0), (7, 500), (0, 5)]]
    assert hash_many(ranges) == [sha256_range(*item) for item in ranges]
    assert hash_many([]) == []


def test_hash_many_reports_the_first_failure(source: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="ends 1 bytes too early"):
        hash_many([(source, 0, 5), (source, 0, len(DATA) + 1), (tmp_path / "missing", 0, 1)])


def test_hashing_begins_at_once_and_stops_with_the_block(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hashing() as submit:
        assert submit(source, 3, 1000).result() == hashlib.sha256(DATA[3:1003]).digest()
    futures: list[Future[bytes]] = []
    busy, cancelled = threading.Semaphore(0), threading.Event()

    def hash_for_long(*_: object) -> bytes:
        busy.release()
        return bytes(cancelled.wait(5))

    def fail() -> None:
        with hashing() as submit:
            futures.extend(submit(source, 0, len(DATA)) for _ in range(5))
            futures[-1].add_done_callback(lambda _: cancelled.set())
            for _ in range(2):  # both threads
                assert busy.acquire(timeout=30)
            raise ValueError("no more")

    monkeypatch.setattr(io, "sha256_range", hash_for_long)
    with pytest.raises(ValueError, match="no more"):
        fail()
    assert all(future.done() for future in futures)
    assert [future.cancelled() for future in futures[2:]] == [True] * 3


def test_memory_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 64 << 20
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(size)
    disable(monkeypatch, "copy_file_range", "sendfile")

    def hash_and_copy() -> None:
        hash_many([(path, 0, size), (path, 1, size - 1)])
        with path.open("rb") as src, (tmp_path / "copy").open("wb") as dst:
            copy_range(src.fileno(), 0, size, dst.fileno(), 0)

    assert bytes_taken(hash_and_copy) < 4 << 20
    assert (tmp_path / "copy").stat().st_size == size


def test_open_source_refuses_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, complaint in (
        (tmp_path, "not a regular file"),
        (tmp_path / "fifo", "not a regular file"),
        (Path("/dev/null"), "not a regular file"),
        (tmp_path / "missing", f"cannot read the file: {os.strerror(errno.ENOENT)}$"),
        (Path("a\0b"), "cannot read the file: embedded null byte$"),
    ):
        with pytest.raises(SourceError, match=complaint), open_source(path):
            pass


def open_files() -> int:
    gc.collect()  # what other tests left open may go now, but not while somebody counts
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """As a broken disk or a server that is gone makes it."""
    path = tmp_path / "file"
    path.touch()
    for error in (OSError(errno.EIO, "Input/output error"), EnvironmentProblem("full", "other")):
        with pytest.raises((SourceError, EnvironmentProblem)) as failure, open_source(path):
            raise error
        assert str(failure.value) in (f"{path}: cannot read the file: Input/output error", "other: full")


def test_open_source_closes_what_it_refuses(tmp_path: Path) -> None:
    before = open_files()
    with pytest.raises(SourceError), open_source(tmp_path):
        pass
    assert open_files() == before


def test_stamp(source: Path) -> None:
    stamp = FileStamp.take(source)
    stamp.verify(source)
    with source.open("rb") as file:
        stamp.verify(file.fileno())


def test_stamp_of_a_changed_file(source: Path, tmp_path: Path) -> None:
    stamp = FileStamp.take(source)
    times = (1, source.stat().st_mtime_ns)

    def grow() -> None:
        source.write_bytes(DATA + b"x")
        os.utime(source, ns=times)

    def touch() -> None:
        source.write_bytes(DATA)
        os.utime(source, ns=(1, times[1] + 1))

    def replace() -> None:
        (tmp_path / "new").write_bytes(DATA)
        os.utime(tmp_path / "new", ns=times)
        (tmp_path / "new").replace(source)

    for change in (grow, touch, replace):
        change()
        with pytest.raises(SourceError, match="the file changed while it was read"):
            stamp.verify(source)
        stamp = FileStamp.take(source)
        times = (1, source.stat().st_mtime_ns)
    source.unlink()
    with pytest.raises(SourceError, match=os.strerror(errno.ENOENT)):
        stamp.verify(source)
