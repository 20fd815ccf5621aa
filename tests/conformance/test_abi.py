# SPDX-License-Identifier: BSD-2-Clause
"""What the cross compiler makes of abi/*.h is what construct makes of loader/abi.py."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from loader import abi, abigen

ABI = Path(abigen.__file__).resolve().parent.parent / "abi"
COMPILER = "powerpc64-linux-gnu-gcc"
WARNINGS = (
    *("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wundef"),
    *("-Wpedantic", "-Werror"),
)
ENDIANNESS = {"big": ("-mbig-endian",), "little": ("-mlittle-endian", "-mabi=elfv2")}
STRUCTURES = {
    "hv_image_header": abi.IMAGE_HEADER,
    "hv_image_signatures": abi.IMAGE_SIGNATURES,
    "hv_image_signature": abi.IMAGE_SIGNATURE,
    "hv_image_entry": abi.IMAGE_ENTRY,
}


def compile_object(folder: Path, source: str, endianness: str, suffix: str = ".c") -> Path:
    code, output = folder / f"source{suffix}", folder / "source.o"
    code.write_text(source)
    options = ["-std=c11", "-ffreestanding", "-g", "-O1", *WARNINGS] if suffix == ".c" else []
    command = [COMPILER, *ENDIANNESS[endianness], *options, f"-I{ABI}", "-c", str(code), "-o", str(output)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return output


@pytest.mark.parametrize("endianness", ENDIANNESS)
@pytest.mark.parametrize("header", sorted(path.name for path in ABI.glob("*.h")))
def test_headers_stand_alone(header: str, endianness: str, tmp_path: Path) -> None:
    include = f'#include "{header}"\n'
    compile_object(tmp_path, include + include + "extern int not_empty;\n", endianness)
    compile_object(tmp_path, include, endianness, ".S")


@pytest.mark.parametrize("endianness", ENDIANNESS)
@pytest.mark.parametrize("tag", STRUCTURES)
def test_offsets_in_the_debug_information(tag: str, endianness: str, tmp_path: Path) -> None:
    source = f'#include "boot_image.h"\nextern struct {tag} sample;\nstruct {tag} sample;\n'
    with compile_object(tmp_path, source, endianness).open("rb") as file:
        size, members = structure_members(ELFFile(file), tag)
    structure = STRUCTURES[tag]
    expected, offset = {}, 0
    for member in structure.subcons:
        expected[member.name] = (offset, member.sizeof())
        offset += member.sizeof()
    assert size == structure.sizeof() == offset
    assert members == expected


def structure_members(elf: ELFFile, tag: str) -> tuple[int, dict[str, tuple[int, int]]]:
    """Size of a structure, and offset and size of each member, as DWARF has them."""
    for unit in elf.get_dwarf_info().iter_CUs():
        for entry in unit.iter_DIEs():
            if entry.tag != "DW_TAG_structure_type" or name_of(entry) != tag:
                continue
            return entry.attributes["DW_AT_byte_size"].value, {
                name_of(member): (member.attributes["DW_AT_data_member_location"].value, size_of(member))
                for member in entry.iter_children()
            }
    raise AssertionError(f"no structure {tag} in the debug information")


def name_of(entry: Any) -> str:
    name = entry.attributes.get("DW_AT_name")
    return "" if name is None else name.value.decode()


def size_of(entry: Any) -> int:
    """Bytes of a member's type, through typedefs and arrays."""
    kind = entry.get_DIE_from_attribute("DW_AT_type")
    if kind.tag == "DW_TAG_array_type":
        (bound,) = (child for child in kind.iter_children() if child.tag == "DW_TAG_subrange_type")
        return size_of(kind) * (int(bound.attributes["DW_AT_upper_bound"].value) + 1)
    if "DW_AT_byte_size" in kind.attributes:
        return int(kind.attributes["DW_AT_byte_size"].value)
    return size_of(kind)


@pytest.mark.parametrize("endianness", ENDIANNESS)
def test_accessors_store_big_endian(endianness: str, tmp_path: Path) -> None:
    """The compiler folds the accessors; the constants in the object file are what they would store."""
    source = """\
#include "boot_image.h"
_Static_assert(sizeof(be32_t) == 4 && sizeof(be64_t) == 8, "sizes");
_Static_assert(_Alignof(be64_t) == 8, "natural alignment");
void store(struct hv_image_header *header);
void store(struct hv_image_header *header)
{
    be32_set(&header->version, be32_get(header->entry_size) + 1);
    be64_set(&header->flags, be64_get(header->table_offset) + 1);
}
"""
    listing = disassemble(compile_object(tmp_path, source, endianness))
    reversed_accesses = sum(name in listing for name in ("lwbrx", "stwbrx", "stdbrx"))
    assert reversed_accesses >= 2 if endianness == "little" else reversed_accesses == 0


def disassemble(path: Path) -> str:
    command = ["powerpc64-linux-gnu-objdump", "-d", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_constants_in_assembly(tmp_path: Path) -> None:
    """Magic numbers reach assembly as the bytes Python writes."""
    source = '#include "boot_image.h"\n#include "papr.h"\n.ascii IMAGE_MAGIC\n.quad STUB_MAGIC\n.quad H_FUNCTION\n'
    with compile_object(tmp_path, source, "big", ".S").open("rb") as file:
        section = ELFFile(file).get_section_by_name(".text")
        assert section is not None
        assert section.data() == (
            abi.IMAGE_MAGIC
            + abi.STUB_MAGIC.to_bytes(8, "big")
            + abi.HcallReturn.FUNCTION.to_bytes(8, "big", signed=True)
        )
