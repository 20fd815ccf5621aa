# SPDX-License-Identifier: BSD-2-Clause
"""Moving and hashing file ranges without holding them in memory, and writing outputs that are whole or absent.

Sizes and offsets are bytes.  Memory stays flat: one buffer of `BUFFER_SIZE` per thread, whatever the file's size.
Bytes are moved by the kernel where it can (copy_file_range, then sendfile, then a plain loop).
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import BinaryIO, Final, Self

from loader.errors import EnvironmentProblem, SourceError
from loader.meter import QUIET, Meter

BUFFER_SIZE: Final = 1 << 18
_HASH_THREADS: Final = 2
_MAX_COPY: Final = 1 << 26
"""Bytes asked of the kernel in one call: enough to keep calls rare, few enough for a meter to move."""
_NOT_HERE: Final = frozenset(
    {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM, errno.EBADF, errno.ETXTBSY},
)
"""Errors that mean "not with these two files" rather than "not at all"."""


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What identifies one state of a file: taken before reading and verified after, it catches a file that changed."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def take(cls, source: Path | int) -> Self:
        """The stamp of a path or an open file.  Raises SourceError when there is no such file."""
        try:
            status = source.stat() if isinstance(source, Path) else os.fstat(source)
        except OSError as error:
            raise _unreadable(source, error) from error
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

    def verify(self, source: Path | int) -> None:
        """Raise SourceError unless `source` still has this stamp."""
        if FileStamp.take(source) != self:
            raise SourceError("the file changed while it was read", _name(source), "wait until it is complete")


@contextmanager
def unchanged(path: Path) -> Iterator[FileStamp]:
    """The file's stamp; raises SourceError at the end of the block unless the file still has it."""
    stamp = FileStamp.take(path)
    yield stamp
    stamp.verify(path)


def require_other_file(output: Path, *inputs: Path) -> None:
    """Raise SourceError when writing `output` would replace an input, under whatever name."""
    try:
        clash = output.exists() and any(path.exists() and output.samefile(path) for path in inputs)
    except OSError as error:
        raise EnvironmentProblem(f"cannot write the file: {_reason(error)}", str(output)) from error
    if clash:
        raise SourceError("the output would replace one of the inputs", str(output))


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading.  Raises SourceError for anything else, without blocking on a FIFO."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceError("not a regular file", str(path))
    with os.fdopen(descriptor, "rb") as file:
        try:
            yield file
        except OSError as error:  # of reading: what else is done meanwhile has errors of its own
            raise _unreadable(path, error) from error


def copy_range(src_fd: int, offset: int, size: int, dst_fd: int, dst_offset: int, meter: Meter = QUIET) -> None:
    """Copy `size` bytes from `offset` of one open file to `dst_offset` of another, by the fastest way that works.

    The file position of `dst_fd` is undefined afterwards.  Raises SourceError when the source ends too early,
    EnvironmentProblem when the destination cannot be written.
    """
    done = 0
    ways = [_copy_in_kernel, _copy_by_sendfile, _copy_by_buffer]
    while done < size:
        try:
            step = ways[0](src_fd, offset + done, min(size - done, _MAX_COPY), dst_fd, dst_offset + done)
        except OSError as error:
            if len(ways) > 1 and error.errno in _NOT_HERE:
                del ways[0]
                continue
            raise EnvironmentProblem(f"cannot copy from {_name(src_fd)}: {_reason(error)}", _name(dst_fd)) from error
        if step == 0:
            raise _too_short(src_fd, size - done)
        done += step
        meter.advance(step)


def _copy_in_kernel(src_fd: int, offset: int, size: int, dst_fd: int, dst_offset: int) -> int:
    return os.copy_file_range(src_fd, dst_fd, size, offset, dst_offset)


def _copy_by_sendfile(src_fd: int, offset: int, size: int, dst_fd: int, dst_offset: int) -> int:
    os.lseek(dst_fd, dst_offset, os.SEEK_SET)
    return os.sendfile(dst_fd, src_fd, offset, size)


def _copy_by_buffer(src_fd: int, offset: int, size: int, dst_fd: int, dst_offset: int) -> int:
    data = memoryview(os.pread(src_fd, min(size, BUFFER_SIZE), offset))
    written = 0
    while written < len(data):
        written += os.pwrite(dst_fd, data[written:], dst_offset + written)
    return written


def read_exactly(source: int, offset: int, size: int) -> bytes:
    """`size` bytes from `offset` of an open file; raises SourceError when it ends too early or cannot be read."""
    pieces: list[bytes] = []
    while size > 0:
        try:
            piece = os.pread(source, size, offset)
        except OSError as error:
            raise _unreadable(source, error) from error
        if not piece:
            raise _too_short(source, size)
        pieces.append(piece)
        offset, size = offset + len(piece), size - len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def write_at(target: int, data: bytes, offset: int, where: str = "") -> None:
    """Writes all of `data` at an offset of an open file, called `where` in errors; raises EnvironmentProblem."""
    view = memoryview(data)
    try:
        while view:
            written = os.pwrite(target, view, offset)
            view, offset = view[written:], offset + written
    except OSError as error:
        raise EnvironmentProblem(f"the output cannot be written: {_reason(error)}", where) from error


def sha256_range(source: Path | int, offset: int, size: int, meter: Meter = QUIET) -> bytes:
    """SHA-256 of `size` bytes from `offset` of a path or an open file, whose position does not move.

    Raises SourceError when the file cannot be read or ends too early.
    """
    if isinstance(source, Path):
        with open_source(source) as file:
            return _sha256(file.fileno(), offset, size, meter)
    return _sha256(source, offset, size, meter)


def _sha256(descriptor: int, offset: int, size: int, meter: Meter) -> bytes:
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(min(size, BUFFER_SIZE)))
    left = size
    while left > 0:
        try:
            count = os.preadv(descriptor, [buffer[: min(left, BUFFER_SIZE)]], offset)
        except OSError as error:
            raise _unreadable(descriptor, error) from error
        if count == 0:
            raise _too_short(descriptor, left)
        digest.update(buffer[:count])
        offset += count
        left -= count
        meter.advance(count)
    return digest.digest()


@contextmanager
def hashing(meter: Meter = QUIET) -> Iterator[Callable[[Path | int, int, int], Future[bytes]]]:
    """Two threads that hash: the block gets a function which takes what `sha256_range` takes and returns at once.

    A block that raises does not wait for ranges that no thread has begun.
    """
    pool = ThreadPoolExecutor(_HASH_THREADS)
    try:
        yield lambda source, offset, size: pool.submit(sha256_range, source, offset, size, meter)
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def hash_many(ranges: Sequence[tuple[Path | int, int, int]], meter: Meter = QUIET) -> list[bytes]:
    """SHA-256 of every (path or open file, offset, size), in the given order, computed in two threads.

    Raises what `sha256_range` raises, for the first range in the given order that fails.
    """
    if sum(size for _, _, size in ranges) <= BUFFER_SIZE:  # less than it takes to start a thread
        return [sha256_range(*part, meter) for part in ranges]
    largest_first = sorted(range(len(ranges)), key=lambda index: -ranges[index][2])
    with hashing(meter) as submit:
        futures = {index: submit(*ranges[index]) for index in largest_first}
        return [futures[index].result() for index in range(len(ranges))]


class AtomicFile:
    """A file that appears under its name only when it is complete.

    `with AtomicFile(path) as file:` gives an empty file open for reading and writing (`file.fd`).  At the end of the
    block it is flushed to the disk and renamed to `path`; if the block raises, it is removed and `path` is as it was.
    An existing `path` keeps its permissions, a new one gets those that the umask leaves.  A symbolic link is followed.
    With `replaced` the file there must have that stamp until it is replaced: what somebody else put there meanwhile
    stays.  Raises EnvironmentProblem when `path` cannot be written, SourceError when it has changed.
    """

    def __init__(self, path: Path, replaced: FileStamp | None = None) -> None:
        self.path = path
        self._replaced = replaced
        self.fd = -1
        self._target = path
        self._temporary = path

    def __enter__(self) -> Self:
        try:
            self._target = self.path.resolve()
            mode = _writable_mode(self._target)
            self._temporary = self._target.with_name(f".{os.urandom(8).hex()}.tmp")
            self.fd = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            if mode is not None:
                os.fchmod(self.fd, mode)
        except (OSError, ValueError, RuntimeError) as error:
            if self.fd >= 0:
                self._discard()
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._publish()
            elif isinstance(value, EnvironmentProblem) and value.where in ("", str(self._temporary)):
                raise EnvironmentProblem(value.what, str(self.path)) from value  # nobody knows the file by that name
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            self._discard()

    def preallocate(self, size: int) -> None:
        """Give the file its final size now, so that a full disk shows before the work and not after it."""
        try:
            try:
                os.posix_fallocate(self.fd, 0, size)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                os.ftruncate(self.fd, size)
        except OSError as error:
            raise self._unwritable(error) from error

    def publish_for_all(self) -> None:
        """Let everyone read the file, whatever the umask says."""
        try:
            os.fchmod(self.fd, 0o644)
        except OSError as error:
            raise self._unwritable(error) from error

    @contextmanager
    def flushing(self) -> Iterator[None]:
        """Takes what is written so far to the disk while the block runs, so that the end waits for little."""
        failures: list[OSError] = []

        def flush() -> None:
            try:
                os.fdatasync(self.fd)
            except OSError as error:  # reported once per open file: the flush at the end would not see it
                failures.append(error)

        thread = Thread(target=flush)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        for failure in failures:
            raise self._unwritable(failure) from failure

    def _discard(self) -> None:
        os.close(self.fd)
        self.fd = -1
        with suppress(OSError):  # usually it is gone, renamed; never hide the block's own error
            self._temporary.unlink()

    def _publish(self) -> None:
        os.fsync(self.fd)
        if self._replaced is not None:
            self._replaced.verify(self.path)
        self._temporary.replace(self._target)
        with suppress(OSError):  # the file is whole and in its place; not every file system can flush a directory
            directory = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)

    def _unwritable(self, error: Exception) -> EnvironmentProblem:
        return EnvironmentProblem(f"cannot write the file: {_reason(error)}", str(self.path))


def _writable_mode(target: Path) -> int | None:
    """The permissions of an existing regular file, None when there is none yet."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise ValueError("not a regular file")
    return stat.S_IMODE(mode)


def _unreadable(source: Path | int, error: Exception) -> SourceError:
    return SourceError(f"cannot read the file: {_reason(error)}", _name(source))


def _too_short(source: int, missing: int) -> SourceError:
    return SourceError(f"the file ends {missing} bytes too early", _name(source), "wait until it is complete")


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _name(source: Path | int) -> str:
    """A name for errors; an open file's name is asked of the kernel."""
    if isinstance(source, Path):
        return str(source)
    try:
        return str(Path(f"/proc/self/fd/{source}").readlink())
    except OSError:
        return f"file descriptor {source}"
