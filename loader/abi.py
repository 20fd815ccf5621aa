# SPDX-License-Identifier: BSD-2-Clause
"""The one truth for every layout and number that Python and C share.

`loader/abigen.py` turns this module into the committed headers under `abi/`.  All integers are
big-endian; all offsets inside an image count from the *load base*, the first byte of the image's
PT_LOAD segment, because that segment is all that every firmware preserves (docs/image-format.md).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

from construct import Array, Byte, Bytes, Const, Int32ub, Int64ub, Struct

# --- the image ---------------------------------------------------------------------------------

IMAGE_MAGIC: Final = b"RNDPEG\r\n"
IMAGE_VERSION: Final = 1
IMAGE_LINK_BASE: Final = 0x1000_0000
"""Link address of the PT_LOAD: `addr & 0x0fffffff == 0` keeps QEMU's -kernel happy on every machine."""
IMAGE_FILE_OFFSET: Final = 0x1000
"""File offset of the load base; the ELF32 header, one program header and zeros come before it."""
IMAGE_PAGE_SIZE: Final = 0x1000
"""Alignment of header, payloads and image end, counted from the load base."""
IMAGE_MAX_ENTRIES: Final = 256
IMAGE_NAME_SIZE: Final = 48
DIGEST_SIZE: Final = 32

SIGNATURE_MAGIC: Final = b"RPEGSIGN"
SIGNATURE_CONTEXT: Final = b"roundpeg-image-v1\0"
"""What is signed: these bytes, then the head digest."""
KEY_ID_SIZE: Final = 32
ED25519_SIGNATURE_SIZE: Final = 64
MAX_SIGNATURES: Final = 32

STUB_MAGIC: Final = 0x52504547_53545542  # "RPEGSTUB"
STUB_MAGIC_OFFSET: Final = 0x08
STUB_SIZE_OFFSET: Final = 0x10
"""u64, set at link time: bytes of the stub, a multiple of IMAGE_PAGE_SIZE; the header follows it."""
STUB_REASON_OFFSET: Final = 0x18
"""u64, zero in the file: the stub stores a StubReason here before it stops."""
STUB_SCRATCH_OFFSET: Final = 0x20
"""u64, set at link time: offset from the load base at which the stub's zero scratch area (bss and
stack) begins; it reaches to the stub's end and counts as zeros in the head digest."""
STUB_MAX_SIZE: Final = 0x4_0000


class EntryType(IntEnum):
    """What an entry of the image's table holds."""

    HYPERVISOR = 1
    BOOT_OVERLAY = 2
    KERNEL = 3
    RAMDISK = 4
    DEVICE_TREE = 5


class Compression(IntEnum):
    """How an entry's bytes are stored; only kernels and ramdisks may be compressed.

    LZ4   chunks, each LZ4_CHUNK_SIZE bytes once expanded, the last one the rest: a u32 and that many bytes in LZ4's
          block format, or with LZ4_PLAIN_CHUNK set in the u32 as they are
    ZSTD  one frame (RFC 8878) that says its content's size, without dictionary and checksum, with a window of at most
          ZSTD_MAX_WINDOW bytes
    """

    NONE = 0
    LZ4 = 1
    ZSTD = 2


LZ4_CHUNK_SIZE: Final = 1 << 20
LZ4_PLAIN_CHUNK: Final = 1 << 31
ZSTD_MAX_WINDOW: Final = 8 << 20


class StubReason(IntEnum):
    """Why the stub stopped; stored at STUB_REASON_OFFSET and printed as a number with a sentence."""

    NONE = 0
    OPEN_FIRMWARE = 1
    ENTRY_STATE = 2
    NO_DEVICE_TREE = 3
    BAD_DEVICE_TREE = 4
    BAD_HEADER = 5
    HEAD_DIGEST = 6
    BAD_ENTRY = 7
    ENTRY_DIGEST = 8
    PADDING = 9
    TRUNCATED = 10
    NO_HYPERVISOR = 11
    BAD_HYPERVISOR = 12
    MEMORY = 13
    OVERLAY = 14
    SIGNATURES = 15
    COMPRESSION = 16


IMAGE_HEADER: Final = Struct(
    "total_size" / Int64ub,
    "magic" / Const(IMAGE_MAGIC),
    "version" / Int32ub,
    "header_size" / Int32ub,
    "entry_size" / Int32ub,
    "entry_count" / Int32ub,
    "table_offset" / Int64ub,
    "payload_offset" / Int64ub,
    "flags" / Int64ub,
    "head_digest" / Bytes(DIGEST_SIZE),
    "signature_offset" / Int64ub,
    "reserved" / Const(bytes(32)),
)
"""Fixed-size header, at the first page boundary after the stub.

total_size        bytes from the load base to the image's end, a multiple of IMAGE_PAGE_SIZE
table_offset      from the load base; the table follows the header directly
payload_offset    from the load base; the page after the signatures
head_digest       SHA-256 of [load base, payload_offset) with this field and the signature page taken as zeros
signature_offset  from the load base; the first page boundary after the table, where the signature page is
"""

IMAGE_SIGNATURES: Final = Struct(
    "magic" / Const(SIGNATURE_MAGIC),
    "count" / Int32ub,
    "reserved" / Const(0, Int32ub),
    "page_digest" / Bytes(DIGEST_SIZE),
)
"""The signature page's first bytes; `count` records follow, the rest of the page is zero.

page_digest  SHA-256 of the page with this field taken as zeros: finds damage without a key
"""

IMAGE_SIGNATURE: Final = Struct(
    "key_id" / Bytes(KEY_ID_SIZE),
    "signature" / Bytes(ED25519_SIGNATURE_SIZE),
)
"""One signature (Ed25519, RFC 8032) of SIGNATURE_CONTEXT and the head digest; records ascend by key_id.

key_id  SHA-256 of the raw public key, 32 bytes
"""

IMAGE_ENTRY: Final = Struct(
    "type" / Int32ub,
    "compression" / Int32ub,
    "offset" / Int64ub,
    "size" / Int64ub,
    "memory_size" / Int64ub,
    "load_hint" / Int64ub,
    "alignment" / Int32ub,
    "flags" / Int32ub,
    "digest" / Array(DIGEST_SIZE, Byte),
    "name" / Bytes(IMAGE_NAME_SIZE),
)
"""One payload.

offset       from the load base, page aligned; entries ascend and leave less than a page of zeros between
size         bytes stored in the image
memory_size  bytes once expanded; equal to size when compression is NONE, else larger
load_hint    ELF payloads: lowest physical load address; others: guest-physical address, or 0
alignment    what the consumer needs, a power of two; never above IMAGE_PAGE_SIZE in this version
digest       SHA-256 of the stored bytes
name         ASCII, NUL padded, unique in the table
"""

# --- the boot overlay (docs/boot-protocol.md) ----------------------------------------------------

EXTENT_SHIFT: Final = 24
EXTENT_SIZE: Final = 1 << EXTENT_SHIFT
"""Domain memory is handed out in extents of this many bytes."""
MAX_DOMAINS: Final = 16
MAX_VCPUS: Final = 1
MAX_DOMAIN_MEMORY: Final = 64 << 30
MAX_SEGMENTS: Final = 16
MIN_HPT_SHIFT: Final = 18
MAX_HPT_SHIFT: Final = 34
DOMAIN_NAME_SIZE: Final = 32
"""Bytes a domain's name may take, its NUL included."""

PROP_DOMAIN_ID: Final = "roundpeg,domain-id"
PROP_RMA_MODE: Final = "roundpeg,rma-mode"
PROP_RMA_SIZE: Final = "roundpeg,rma-size"
PROP_HPT_SHIFT: Final = "roundpeg,hpt-shift"
PROP_ENTRY: Final = "roundpeg,entry"
PROP_RTAS: Final = "roundpeg,rtas"
PROP_SEGMENTS: Final = "roundpeg,segments"
PROP_FIRMWARE_RAMDISK: Final = "roundpeg,firmware-ramdisk"
"""Two u64 on a domain: the guest-physical address of the firmware's initrd and the most bytes it may have there."""

RMA_MODE_AUTO: Final = "auto"
RMA_MODE_RMO: Final = "rmo"
RMA_MODE_VRMA: Final = "vrma"

EPAPR_MAGIC: Final = 0x65504150

FIRMWARE_MAGIC: Final = b"OPALPEG\0"
FIRMWARE_HEAD: Final = Struct(
    "magic" / Const(FIRMWARE_MAGIC),
    "size" / Int64ub,
    "branch" / Int32ub,
    "elected" / Const(0, Int32ub),
    "released" / Const(0, Int32ub),
    "reset" / Int32ub,
)
"""First bytes of our own firmware's file, which the machine loads to address 0.

size      bytes of the file
branch    first instruction of every processor
elected   zero in the file, written as the processors start
released  likewise; nothing else of the file changes where it was loaded
reset     where the branch leads
"""

NODE_MEASUREMENTS: Final = "roundpeg,measurements"
"""Below /chosen: what our own firmware measured (docs/trust.md); other firmware writes no such node."""
MEASUREMENTS_COMPATIBLE: Final = "roundpeg,measurements-v1"
PROP_VERDICT: Final = "verdict"
"""One word: "ok", or why an unlocked firmware should not have started the image."""
PROP_MEASURED_NAMES: Final = "names"
"""A string list: what each event is of, in the order in which they were added."""
PROP_MEASURED_DIGESTS: Final = "digests"
"""As many SHA-256 digests as names, without anything between."""
PROP_MEASURED_CHAIN: Final = "chain"
"""32 bytes: zeros, replaced for each event by the SHA-256 of themselves and the event's digest."""
MEASURE_FIRMWARE: Final = "firmware"
MEASURE_IMAGE_HEAD: Final = "image-head"
"""Names of the first two events; the others have the names of the image's entries."""


class Capability(IntFlag):
    """Bits of the published binding's `capabilities` property."""

    CONTROL = 1
    HARDWARE = 2
    XENSTORE = 4


# --- what a domain sees (PAPR numbers; the generated trees and the hypervisor must agree) --------

VTY_UNIT: Final = 0x7100_0000
VTY_IRQ: Final = 0x1100
XICS_FIRST_IRQ: Final = 0x1100
XICS_IRQ_COUNT: Final = 16
XICS_PRIORITY_MASKED: Final = 0xFF
RTAS_SIZE: Final = 0x1000
RTAS_ERROR_LOG_MAX: Final = 0x800
NVRAM_SIZE: Final = 0x1_0000


class Hcall(IntEnum):
    """Hypercall numbers (PAPR, chapter on hypervisor call functions; RTAS is private, QEMU's number)."""

    REMOVE = 0x04
    ENTER = 0x08
    READ = 0x0C
    CLEAR_MOD = 0x10
    CLEAR_REF = 0x14
    PROTECT = 0x18
    SET_SPRG0 = 0x24
    SET_DABR = 0x28
    PAGE_INIT = 0x2C
    GET_TERM_CHAR = 0x54
    PUT_TERM_CHAR = 0x58
    EOI = 0x64
    CPPR = 0x68
    IPI = 0x6C
    IPOLL = 0x70
    XIRR = 0x74
    REGISTER_VPA = 0xDC
    CEDE = 0xE0
    CONFER = 0xE4
    PROD = 0xE8
    BULK_REMOVE = 0x124
    SET_XDABR = 0x134
    JOIN = 0x298
    XIRR_X = 0x2FC
    RANDOM = 0x300
    SET_MODE = 0x31C
    GET_CPU_CHARACTERISTICS = 0x1C8
    SIGNAL_SYS_RESET = 0x380
    RTAS = 0xF000


class HcallReturn(IntEnum):
    """Return codes of hypercalls (PAPR)."""

    SUCCESS = 0
    BUSY = 1
    CONTINUE = 18
    HARDWARE = -1
    FUNCTION = -2
    PRIVILEGE = -3
    PARAMETER = -4
    BAD_MODE = -5
    PTEG_FULL = -6
    NOT_FOUND = -7
    RESERVED_DABR = -8
    NO_MEM = -9
    AUTHORITY = -10
    PERMISSION = -11
    DROPPED = -12
    RESOURCE = -16
    P2 = -55
    P3 = -56
    P4 = -57
    P5 = -58
    UNSUPPORTED_FLAG = -256


class RtasToken(IntEnum):
    """RTAS tokens we put into a domain's /rtas node."""

    DISPLAY_CHARACTER = 0x2000
    GET_TIME_OF_DAY = 0x2001
    SET_TIME_OF_DAY = 0x2002
    POWER_OFF = 0x2003
    SYSTEM_REBOOT = 0x2004
    QUERY_CPU_STOPPED_STATE = 0x2005
    START_CPU = 0x2006
    STOP_SELF = 0x2007
    IBM_GET_SYSTEM_PARAMETER = 0x2008
    IBM_SET_XIVE = 0x200A
    IBM_GET_XIVE = 0x200B
    IBM_INT_OFF = 0x200C
    IBM_INT_ON = 0x200D
    CHECK_EXCEPTION = 0x200E
    EVENT_SCAN = 0x200F
    NVRAM_FETCH = 0x2012
    NVRAM_STORE = 0x2013
    SET_INDICATOR = 0x201A
    IBM_OS_TERM = 0x201F


RTAS_TOKEN_NAMES: Final[dict[RtasToken, str]] = {
    RtasToken.DISPLAY_CHARACTER: "display-character",
    RtasToken.GET_TIME_OF_DAY: "get-time-of-day",
    RtasToken.SET_TIME_OF_DAY: "set-time-of-day",
    RtasToken.POWER_OFF: "power-off",
    RtasToken.SYSTEM_REBOOT: "system-reboot",
    RtasToken.QUERY_CPU_STOPPED_STATE: "query-cpu-stopped-state",
    RtasToken.START_CPU: "start-cpu",
    RtasToken.STOP_SELF: "stop-self",
    RtasToken.IBM_GET_SYSTEM_PARAMETER: "ibm,get-system-parameter",
    RtasToken.IBM_SET_XIVE: "ibm,set-xive",
    RtasToken.IBM_GET_XIVE: "ibm,get-xive",
    RtasToken.IBM_INT_OFF: "ibm,int-off",
    RtasToken.IBM_INT_ON: "ibm,int-on",
    RtasToken.CHECK_EXCEPTION: "check-exception",
    RtasToken.EVENT_SCAN: "event-scan",
    RtasToken.NVRAM_FETCH: "nvram-fetch",
    RtasToken.NVRAM_STORE: "nvram-store",
    RtasToken.SET_INDICATOR: "set-indicator",
    RtasToken.IBM_OS_TERM: "ibm,os-term",
}

HYPERTAS_FUNCTIONS: Final = (
    "hcall-pft",
    "hcall-term",
    "hcall-dabr",
    "hcall-interrupt",
    "hcall-splpar",
    "hcall-join",
    "hcall-bulk",
    "hcall-set-mode",
    "hcall-sprg0",
    "hcall-copy",
    "hcall-debug",
)
"""/rtas/ibm,hypertas-functions of every domain: only what the hypervisor implements."""
