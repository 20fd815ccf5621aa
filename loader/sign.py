# SPDX-License-Identifier: BSD-2-Clause
"""Ed25519 signatures of images: keys, signing without rebuilding, checking with nothing but the public key.

Signed is `abi.SIGNATURE_CONTEXT` followed by the head digest, which covers every other byte of the image through
the digests in the table (docs/image-format.md).  Keys are PEM files as openssl writes them: PKCS #8 (RFC 8410) and
SubjectPublicKeyInfo.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from loader import abi
from loader.errors import EnvironmentProblem, ImageError, SourceError
from loader.imagehead import Head
from loader.io import AtomicFile, FileStamp, copy_range, open_source, require_other_file, write_at
from loader.meter import QUIET, Meter
from loader.multiboot import verify_image
from loader.signaturepage import Signature, build_page, parse_page

if TYPE_CHECKING:  # at run time only where a key is used: it costs a tenth of a second
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_KEY_FILE: Final = 4096
"""Bytes; ours have 119.  What is larger may take minutes to check, only to be a key of another kind."""
MIN_KEY_ID_DIGITS: Final = 8
"""Hexadecimal digits that may stand for a key's whole id."""


def generate_key(path: Path) -> bytes:
    """Writes a new private key (mode 0600) to `path` and its public key to `path`.pub; returns the key's id."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    if not path.name:
        raise EnvironmentProblem("cannot write the file: not a regular file", str(path))
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    _write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    try:
        _write_new(public_path(path), public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except BaseException:  # a signal's as well
        with suppress(OSError):
            path.unlink()
        raise
    return key_id(public)


def public_path(path: Path) -> Path:
    """Where the public key of a private key's file is."""
    return path.with_name(path.name + ".pub")


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file; raises SourceError."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read_key_file(path)
    if b"PUBLIC KEY-----" in data:
        raise SourceError("a public key, to sign takes the private one", str(path), "keygen wrote it without .pub")
    try:
        key = load_pem_private_key(data, None)
    except TypeError:
        raise SourceError("the key is encrypted", str(path), "decrypt it with openssl pkey") from None
    except (ValueError, UnsupportedAlgorithm, InternalError) as error:
        raise SourceError(f"no private key in PEM ({_first_line(error)})", str(path)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SourceError("not an Ed25519 key", str(path), "make one with mkimage keygen")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file; raises SourceError."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _read_key_file(path)
    if b"PRIVATE KEY-----" in data:
        raise SourceError("a private key, to verify takes the public one", str(path), f"give {path}.pub")
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm, InternalError) as error:
        raise SourceError(f"no public key in PEM ({_first_line(error)})", str(path)) from None
    if not isinstance(key, Ed25519PublicKey):
        raise SourceError("not an Ed25519 key", str(path), "make one with mkimage keygen")
    return key


def key_id(key: Ed25519PublicKey) -> bytes:
    """SHA-256 of the raw public key."""
    return hashlib.sha256(key.public_bytes_raw()).digest()


def signed_message(head_digest: bytes) -> bytes:
    """The bytes that a signature of an image with this head digest is made over."""
    return abi.SIGNATURE_CONTEXT + head_digest


def make_signature(head_digest: bytes, key: Ed25519PrivateKey) -> Signature:
    """A key's signature of the image with this head digest."""
    return Signature(key_id(key.public_key()), key.sign(signed_message(head_digest)))


def is_signed_by(head_digest: bytes, signature: Signature, key: Ed25519PublicKey) -> bool:
    """Whether `signature` is this key's signature of the image with this head digest."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature.signature, signed_message(head_digest))
    except InvalidSignature:
        return False
    return signature.key_id == key_id(key)


def sign_image(
    image: Path, key_path: Path, detached: Path | None = None, *, write: bool = True, meter: Meter = QUIET
) -> bytes:
    """Adds a key's signature to a sound image or to a detached file, in place of the key's former one.

    Returns the key's id; without `write` that is all.  Raises LoaderError, then nothing has changed.
    """
    key = load_private_key(key_path)
    stamp = FileStamp.take(image)
    head = _require_sound(image, meter)
    signature = make_signature(head.head_digest, key)
    if detached is None:
        _add(image, stamp, head, [signature], write, meter)
        return signature.key_id
    require_other_file(detached, image, key_path)
    if write:
        with AtomicFile(detached) as file:
            write_at(file.fd, build_page([signature]), 0)
    return signature.key_id


def attach_signatures(image: Path, detached: Path, *, write: bool = True, meter: Meter = QUIET) -> list[bytes]:
    """Puts the signatures of a detached file into a sound image, in place of the same keys' former ones.

    Whether they are of this image only a public key can tell (`loader.verify`).  Returns the keys' ids; without
    `write` that is all.  Raises LoaderError, then nothing has changed.
    """
    found = read_detached(detached)
    if not found:
        raise ImageError("holds no signature", str(detached))
    stamp = FileStamp.take(image)
    _add(image, stamp, _require_sound(image, meter), found, write, meter)
    return [signature.key_id for signature in found]


def _add(image: Path, stamp: FileStamp, head: Head, fresh: Sequence[Signature], write: bool, meter: Meter) -> None:
    keys = {signature.key_id for signature in fresh}
    page = build_page([*(record for record in head.signatures if record.key_id not in keys), *fresh])
    if write:
        _rewrite(image, stamp, head, page, meter)


def remove_signature(image: Path, wanted: str, *, write: bool = True, meter: Meter = QUIET) -> bytes:
    """Removes the signature of the key whose id begins with these digits; returns the id, without `write` that is all.

    Raises LoaderError, then nothing has changed.
    """
    stamp = FileStamp.take(image)
    head = _require_sound(image, meter)
    digits = wanted.lower()
    found = [record for record in head.signatures if record.key_id.hex().startswith(digits)]
    if len(digits) < MIN_KEY_ID_DIGITS or len(found) != 1:
        ids = ", ".join(record.key_id.hex()[:16] for record in head.signatures) or "none"
        hint = f"signed by: {ids}; give at least {MIN_KEY_ID_DIGITS} digits"
        raise ImageError(f"no single signature is of key {wanted!r}", str(image), hint)
    if write:
        page = build_page([record for record in head.signatures if record is not found[0]])
        _rewrite(image, stamp, head, page, meter)
    return found[0].key_id


def read_detached(path: Path) -> tuple[Signature, ...]:
    """The signatures in a detached file; raises LoaderError."""
    with open_source(path) as file:
        page = file.read(abi.IMAGE_PAGE_SIZE + 1)
    if not page.startswith(abi.SIGNATURE_MAGIC):
        raise ImageError("no detached signature", str(path), "give what `mkimage sign --detached` wrote")
    return parse_page(page, str(path))


def _require_sound(image: Path, meter: Meter) -> Head:
    head, problems = verify_image(image, meter)
    if problems:
        raise ImageError(problems[0], str(image), "only sound images are signed")
    return head


def _rewrite(image: Path, stamp: FileStamp, head: Head, page: bytes, meter: Meter) -> None:
    """Puts a copy with this signature page in the image's place; the old file stays whole until then."""
    base = abi.IMAGE_FILE_OFFSET
    with open_source(image) as source, AtomicFile(image, stamp) as target:
        target.preallocate(base + head.total_size)
        meter.phase("writing", base + head.total_size)
        copy_range(source.fileno(), 0, base + head.total_size, target.fd, 0, meter)
        stamp.verify(source.fileno())
        write_at(target.fd, page, base + head.signature_offset)


def _read_key_file(path: Path) -> bytes:
    with open_source(path) as file:
        data = file.read(MAX_KEY_FILE + 1)
    if len(data) > MAX_KEY_FILE:
        raise SourceError(f"has more than {MAX_KEY_FILE} bytes, no Ed25519 key in PEM has", str(path))
    return data


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """A file that is whole from its first moment on and in nobody's place; raises EnvironmentProblem."""
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            write_at(descriptor, data, 0)
            os.fsync(descriptor)
            _link_new(temporary, path, mode)
        finally:
            os.close(descriptor)
            with suppress(OSError):
                temporary.unlink()
    except FileExistsError:
        raise EnvironmentProblem("exists, keys are never overwritten", str(path)) from None
    except EnvironmentProblem as error:
        raise EnvironmentProblem(error.what, str(path)) from None
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(f"cannot write the file: {getattr(error, 'strerror', error)}", str(path)) from None


def _link_new(source: Path, path: Path, mode: int) -> None:
    """Gives a whole file a name that nobody has; where there are no links (FAT), the name is taken first."""
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode))
        try:
            source.replace(path)
        except OSError:
            path.unlink()
            raise


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". ")[0].rstrip(".") or type(error).__name__
