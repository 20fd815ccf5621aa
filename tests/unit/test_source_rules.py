# SPDX-License-Identifier: BSD-2-Clause
"""Rules about the sources as a whole: what may stand where, headers that need nothing before them, no stray names."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
LONG_FILE_REASON = "longer than 400 lines because"

# Files that have no place for a licence line: lists and pictures of data, and texts for people.
NO_LICENCE_LINE = {".dtb", ".md"}
NO_LICENCE_FILES = {"LICENSE", ".gitignore", "tools/third-party.txt"}

PRIVILEGED = re.compile(r"\b(?:m[ft]spr|m[ft]msrd?|h?rfid|tlbiel?|tlbsync|slb(?:mte|mfe[ev]|ia|ie)|nap|asm|__asm__)\b")

# Registers that code outside arch/ may name, through cpu_mfspr() and cpu_mtspr().
REGISTER_USE = re.compile(r"\bcpu_m[ft]spr\(\s*(\w+)")
REGISTERS = {
    "": {"SPR_PVR"},
    "core": {
        *("SPR_DAR", "SPR_DSISR", "SPR_HDAR", "SPR_HDSISR"),
        *("SPR_DEC", "SPR_HDEC", "SPR_MMCR0", "SPR_PMC5", "SPR_PMC6", "SPR_PVR"),
    },
    "drivers": {"SPR_PIR"},
    "papr": {"SPR_CIABR", "SPR_DAWR", "SPR_DAWRX", "SPR_LPCR", "SPR_SPRG0"},
}

MACHINE_NAME = re.compile(
    r"qemu|powernv|opal|skiboot|pseries|slof|openbios|powermac|macintosh|js2[01]|cuda|escc", re.IGNORECASE
)
# The entry's registers are named after who fills them, and the memory map has to skip what that firmware keeps.
MACHINE_NAME_FILES = {"init.c", "include/hv/init.h", "include/hv/platform.h", "arch/ppc64/head.S", "core/memory.c"}

HYPERCALL = re.compile(r"\bH_[A-Z][A-Z0-9_]*\b")
# Statistics give H_RTAS a row of its own; the PAPR client is on the other side of the interface.
HYPERCALL_FILES = {"core/stats.c": {"H_RTAS"}, "platform/papr_client.c": {"H_PUT_TERM_CHAR", "H_SUCCESS"}}

REGISTRY_HOST = re.compile(
    r"(?:pypi|pythonhosted|crates|npmjs|rubygems|docker|ghcr|quay|anaconda|maven|artifactory|nexus)"
    r"(?:\.[a-z0-9-]+)*\.(?:org|io|com|dev)\b"
    r"|\b(?:deb|ftp|security|snapshot|archive)\.(?:debian|ubuntu)\.(?:org|com)\b"
    r"|\bproxy\.golang\.org\b|\bregistry\.[a-z0-9-]+\.[a-z]+",
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(r"(?<![\w.$}~/-])/(?:work|root|tmp|home/\w+|Users/\w+)(?=/[\w.]|\b(?![\w-]))")


def tracked(*patterns: str) -> list[str]:
    """Paths from the root of the files git has, as far as they are still there."""
    output = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True)
    return [path for path in output.stdout.decode().split("\0") if path and (ROOT / path).is_file()]


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def without_comments(text: str) -> str:
    """C or assembly with its comments blanked and its lines kept; text in quotes stays."""
    token = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', re.DOTALL)
    return token.sub(lambda match: match[0] if match[0][0] == '"' else "\n" * match[0].count("\n") + " ", text)


def places(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    """Line number and word of everything the pattern finds."""
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[match.lastindex or 0]


def hypervisor_code() -> Iterator[tuple[str, str]]:
    """Path below hypervisor/ and text without comments of every source file."""
    for path in tracked("hypervisor/*.c", "hypervisor/*.h", "hypervisor/*.S"):
        yield path.removeprefix("hypervisor/"), without_comments(text_of(path))


def first_comment(path: str, text: str) -> str:
    """The documentation at the top of a file: the first block comment or docstring behind the licence line."""
    opening, closing = ('"""', '"""') if path.endswith(".py") else ("/*", "*/")
    rest = text.partition("\n")[2].lstrip()
    if not rest.startswith(opening):
        return ""
    return " ".join(rest[len(opening) :].partition(closing)[0].replace("\n *", " ").split())


def test_there_is_something_to_check() -> None:
    assert len(list(hypervisor_code())) > 50
    assert len(tracked()) > 100


def test_privileged_instructions_only_under_arch() -> None:
    found = [
        f"hypervisor/{path}:{line}: {word}"
        for path, code in hypervisor_code()
        if not path.startswith("arch/")
        for line, word in places(PRIVILEGED, code)
    ]
    assert not found


def test_special_registers_outside_arch_are_the_known_ones() -> None:
    found = [
        f"hypervisor/{path}:{line}: {word}"
        for path, code in hypervisor_code()
        if not path.startswith("arch/")
        for line, word in places(REGISTER_USE, code)
        if word not in REGISTERS.get(path.rpartition("/")[0], set())
    ]
    assert not found


def test_machine_names_only_under_platform_and_drivers() -> None:
    found = [
        f"hypervisor/{path}:{line}: {word}"
        for path, code in hypervisor_code()
        if not path.startswith(("platform/", "drivers/")) and path not in MACHINE_NAME_FILES
        for line, word in places(MACHINE_NAME, code)
    ]
    assert not found


def test_hypercall_numbers_only_under_papr() -> None:
    found = [
        f"hypervisor/{path}:{line}: {word}"
        for path, code in hypervisor_code()
        if not path.startswith("papr/")
        for line, word in places(HYPERCALL, code)
        if word not in HYPERCALL_FILES.get(path, set())
    ]
    assert not found


def compiler(folder: str) -> list[str]:
    """The cross compiler with the flags that a folder's makefile uses."""
    show = "show-flags: ; @echo $(CC) $(MACHINE) $(LANGUAGE) $(INCLUDES) $(WARNINGS)"
    command = ["make", "--silent", "-C", folder, f"--eval={show}", "show-flags"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


def compile_alone(command: list[str], folder: str, language: str, headers: list[str], scratch: Path) -> str:
    """Compile each header as the only one, included twice; returns what the compiler says against it."""
    suffix = ".c" if language == "c" else ".S"
    units = []
    for header in headers:
        unit = scratch / (re.sub(r"\W", "-", header) + suffix)
        unit.write_text(f'#include "{ROOT / header}"\n' * 2)
        units.append(str(unit))
    output = ["-fsyntax-only"] if language == "c" else ["-E", "-o", "/dev/null"]
    errors = ""
    for batch in [units] if language == "c" else [[unit] for unit in units]:
        result = subprocess.run(
            [*command, *output, *batch], cwd=ROOT / folder, capture_output=True, text=True, check=False
        )
        errors += result.stderr if result.returncode else ""
    return errors


@pytest.mark.parametrize(
    ("folder", "patterns"),
    [
        ("hypervisor", ["hypervisor/*.h", "abi/*.h", "lib/*.h"]),
        ("firmware/stub", ["firmware/stub/*.h", "abi/*.h"]),
        ("firmware/opal", ["firmware/opal/*.h"]),
    ],
)
def test_headers_compile_alone(folder: str, patterns: list[str], tmp_path: Path) -> None:
    assert (ROOT / "build/third_party/libfdt/libfdt.h").is_file(), "run `tools/setup`"
    headers = tracked(*patterns)
    assembly = [path for path in headers if "__ASSEMBLER__" in text_of(path) or ".macro" in text_of(path)]
    plain = [path for path in headers if ".macro" not in text_of(path)]
    command = compiler(folder)
    assert plain
    assert compile_alone(command, folder, "c", plain, tmp_path) == ""
    assert compile_alone(command, folder, "assembly", assembly, tmp_path) == ""


def test_headers_have_guards() -> None:
    for path in tracked("hypervisor/*.h", "firmware/*.h", "abi/*.h", "lib/*.h", "tests/native/*.h", "tests/guests/*.h"):
        code = without_comments(text_of(path)).split()
        assert code[0] == "#ifndef", path
        assert code[2:4] == ["#define", code[1]], path
        assert code[-1] == "#endif", path


def test_licence_line_comes_first() -> None:
    missing = []
    for path in tracked():
        if path in NO_LICENCE_FILES or Path(path).suffix in NO_LICENCE_LINE:
            continue
        lines = text_of(path).splitlines()[:2]
        first = lines[1] if lines and lines[0].startswith("#!") else lines[0] if lines else ""
        if not re.fullmatch(r"(?:#|/\*|//|\.\\\") SPDX-License-Identifier: BSD-2-Clause(?: \*/)?", first):
            missing.append(path)
    assert not missing


def test_no_file_is_long_without_a_reason() -> None:
    long = []
    for path in tracked("*.c", "*.h", "*.S", "*.py"):
        text = text_of(path)
        if text.count("\n") > MAX_LINES and LONG_FILE_REASON not in first_comment(path, text).lower():
            long.append(f"{path}: {text.count(chr(10))} lines")
    assert not long


def test_no_registries_and_no_paths_of_a_machine() -> None:
    found = []
    for path in tracked():
        if path.endswith(".dtb"):
            continue
        text = text_of(path)
        found += [f"{path}:{line}: {word}" for line, word in places(REGISTRY_HOST, text)]
        found += [f"{path}:{line}: {word}" for line, word in places(MACHINE_PATH, text)]
    assert not found


# In pieces, because this file has to pass as well.
ORG = "org"
SLASH = "/"


@pytest.mark.parametrize(
    ("pattern", "text", "word"),
    [
        (PRIVILEGED, "    hrfid", "hrfid"),
        (PRIVILEGED, 'x = f("nap");', "nap"),
        (PRIVILEGED, '__asm__ volatile("sync");', "__asm__"),
        (PRIVILEGED, "slbmte 3,4", "slbmte"),
        (PRIVILEGED, "mtmsrd 3", "mtmsrd"),
        (REGISTER_USE, "cpu_mtspr(SPR_HID0, 1);", "SPR_HID0"),
        (MACHINE_NAME, '"ibm,opal-memory"', "opal"),
        (MACHINE_NAME, "is_qemu = true;", "qemu"),
        (HYPERCALL, "case H_ENTER:", "H_ENTER"),
        (REGISTRY_HOST, f"get it from https://files.pythonhosted.{ORG}/x", f"pythonhosted.{ORG}"),
        (REGISTRY_HOST, f"http://deb.debian.{ORG}/debian", f"deb.debian.{ORG}"),
        (REGISTRY_HOST, f"registry.example.{ORG}/image", f"registry.example.{ORG}"),
        (MACHINE_PATH, f'open("{SLASH}tmp/x")', f"{SLASH}tmp"),
        (MACHINE_PATH, f"see {SLASH}root/.cache", f"{SLASH}root"),
        (MACHINE_PATH, f"{SLASH}work/main/hypervisor", f"{SLASH}work"),
    ],
)
def test_patterns_find(pattern: re.Pattern[str], text: str, word: str) -> None:
    assert [found for _, found in places(pattern, text)] == [word]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (PRIVILEGED, "cpu_mfspr(SPR_DEC); cpu_nap(); snapshot = true;"),
        (HYPERCALL, "PATH_MAX EH_FRAME HV_BUG_H h_enter"),
        (REGISTRY_HOST, "debian-kernel@lists.debian.org, docker, registry of names"),
        (MACHINE_PATH, f"work{SLASH}root build{SLASH}tmp/x $HOME{SLASH}tmp ..{SLASH}tmp/x /template /rooted"),
    ],
)
def test_patterns_pass(pattern: re.Pattern[str], text: str) -> None:
    assert not list(places(pattern, text))


def test_comments_are_not_code() -> None:
    code = without_comments('a /* rfid\n nap */ b // hrfid\nc = "/* nap */";')
    assert list(places(PRIVILEGED, code)) == [(3, "nap")]


@pytest.mark.parametrize(
    ("path", "text", "comment"),
    [
        ("a.c", "/* SPDX */\n/*\n * First\n * comment.\n */\nint x;\n", "First comment."),
        ("a.c", "/* SPDX */\n#include <x.h>\n/* later */\n", ""),
        ("a.py", '# SPDX\n"""One\ntwo."""\n', "One two."),
        ("a.py", "# SPDX\nimport re\n", ""),
    ],
)
def test_first_comment(path: str, text: str, comment: str) -> None:
    assert first_comment(path, text) == comment


def test_headers_that_lean_on_others_are_found(tmp_path: Path) -> None:
    header = tmp_path / "needy.h"
    header.write_text("uint64_t needs_stdint(void);\n")
    assert "uint64_t" in compile_alone(compiler("hypervisor"), "hypervisor", "c", [str(header)], tmp_path)
    header.write_text("static inline int unguarded(void) { return 0; }\n")
    assert "redefinition" in compile_alone(compiler("hypervisor"), "hypervisor", "c", [str(header)], tmp_path)
