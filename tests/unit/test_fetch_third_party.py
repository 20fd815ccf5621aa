# SPDX-License-Identifier: BSD-2-Clause
"""tools/fetch_third_party.py without a network: what it takes out of an archive and how it fails."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools import fetch_third_party

LIBFDT, LZ4, ZSTD, MONOCYPHER = fetch_third_party.SOURCES
NAMES = sorted(LIBFDT.needed)


def make_archive(path: Path, names: list[str]) -> Path:
    """A source distribution whose files hold their own names."""
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(name)
            tar.addfile(info, io.BytesIO(name.encode()))
    return path


def test_takes_the_c_files_and_nothing_else(tmp_path: Path) -> None:
    others = [
        "x/libfdt/libfdt.py",
        "x/setup.c",
        "x/libfdt/deep/fdt.h",
        "x/../libfdt/evil.c",
        "libfdt/top.c",
        "/x/libfdt/abs.c",
    ]
    archive = make_archive(tmp_path / "a.tar.gz", [*(f"x/libfdt/{name}" for name in NAMES), *others])
    folder = tmp_path / "libfdt"
    folder.mkdir()
    fetch_third_party.unpack(archive, LIBFDT, folder)
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    assert (folder / "fdt.c").read_text() == "x/libfdt/fdt.c"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "libfdt"]


def test_takes_what_is_needed_from_the_top(tmp_path: Path) -> None:
    others = ["x/c_monocypher.c", "x/deep/monocypher.c", "monocypher.c"]
    archive = make_archive(tmp_path / "a.tar.gz", [*others, *(f"x/{name}" for name in MONOCYPHER.needed)])
    folder = tmp_path / "monocypher"
    folder.mkdir()
    fetch_third_party.unpack(archive, MONOCYPHER, folder)
    assert {path.name for path in folder.iterdir()} == MONOCYPHER.needed
    assert (folder / "monocypher.c").read_text() == "x/monocypher.c"


def test_refuses_an_archive_without_a_needed_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = make_archive(tmp_path / "a.tar.gz", [f"x/libfdt/{name}" for name in NAMES if name != "fdt_rw.c"])
    folder = tmp_path / "libfdt"
    folder.mkdir()
    with pytest.raises(SystemExit) as stopped:
        fetch_third_party.unpack(archive, LIBFDT, folder)
    assert stopped.value.code == 3
    assert capsys.readouterr().err == "fetch_third_party: error: a.tar.gz lacks fdt_rw.c\n"


PART = "/**** {} inlining {} ****/\n"
ZSTD_LIBRARY = "".join(
    PART.format("start", name) + f"{name} text\n" + PART.format("ended", name)
    for name in ("mem.h", "common/pool.c", "compress/huf_compress.c", "decompress/zstd_ddict.c", "dictBuilder/zdict.c")
)


def test_keeps_the_decoder_of_zstd() -> None:
    kept = fetch_third_party.zstd_decoder(f"first\n{ZSTD_LIBRARY}last\n".encode()).decode()
    for text in ("first\n", "mem.h text\n", "common/pool.c text\n", "decompress/zstd_ddict.c text\n", "last\n"):
        assert text in kept
    assert "huf_compress.c" not in kept
    assert "zdict.c" not in kept


@pytest.mark.parametrize(
    "text", ["", ZSTD_LIBRARY.replace("dictBuilder", "dict"), ZSTD_LIBRARY + PART.format("start", "compress/a.c")]
)
def test_refuses_a_zstd_that_looks_different(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        fetch_third_party.zstd_decoder(text.encode())
    assert stopped.value.code == 3
    assert "zstd.c is not the single-file library it used to be" in capsys.readouterr().err


@pytest.fixture
def checkout(project_root: Path, tmp_path: Path) -> Path:
    """A checkout that has never fetched anything."""
    shutil.copytree(project_root / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def fetch(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of that checkout, pip cut off from every index."""
    command = [sys.executable, str(checkout / "tools" / "fetch_third_party.py")]
    environment = {**os.environ, "PIP_NO_INDEX": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_fails_without_an_index_and_leaves_nothing(checkout: Path) -> None:
    result = fetch(checkout)
    assert result.returncode == 3
    last = result.stderr.splitlines()[-1]
    assert last == "fetch_third_party: error: pip could not download what third-party.txt pins: is the network up?"
    assert list((checkout / "build" / "third_party").iterdir()) == []


def make_all(folder: Path) -> None:
    """The archives that pip would leave."""
    make_archive(folder / "pylibfdt-1.tar.gz", [f"x/libfdt/{name}" for name in NAMES])
    make_archive(folder / "lz4-1.tar.gz", [f"x/lz4libs/{name}" for name in LZ4.needed])
    make_archive(folder / "pymonocypher-1.tar.gz", [f"x/{name}" for name in MONOCYPHER.needed])
    with tarfile.open(folder / "zstandard-1.tar.gz", "w:gz") as tar:
        for name in ZSTD.needed:
            info = tarfile.TarInfo(f"x/zstd/{name}")
            info.size = len(ZSTD_LIBRARY)
            tar.addfile(info, io.BytesIO(ZSTD_LIBRARY.encode()))


def test_fetches_once_and_again_for_another_pin(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = []

    def download(scratch: Path) -> None:
        calls.append(scratch)
        make_all(scratch)

    pins, out = checkout / "tools" / "third-party.txt", tmp_path / "out"
    monkeypatch.setattr(fetch_third_party, "PINS", pins)
    monkeypatch.setattr(fetch_third_party, "TARGET", out)
    monkeypatch.setattr(fetch_third_party, "download", download)
    fetch_third_party.main()
    fetch_third_party.main()
    assert len(calls) == 1
    (out / "libfdt" / "stale.c").write_text("")
    pins.write_text("another\n")
    fetch_third_party.main()
    assert len(calls) == 2
    assert sorted(path.name for path in (out / "libfdt").glob("*.[ch]")) == NAMES
    assert sorted(path.name for path in out.iterdir()) == ["libfdt", "lz4", "monocypher", "zstd"]
    shutil.rmtree(out / "lz4")
    fetch_third_party.main()
    assert (out / "lz4" / "lz4.c").is_file()


def test_refuses_when_pip_left_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        fetch_third_party.install(LZ4, tmp_path, "stamp")
    assert stopped.value.code == 3
    assert capsys.readouterr().err.endswith("pip left 0 archives of lz4 instead of one\n")
