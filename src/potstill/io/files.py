"""Files: read only where they are files, and whole or absent where they are written."""

import hashlib
import os
import platform
import re
import stat
import tempfile
import zlib
from pathlib import Path

from potstill.errors import InputError

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"  # a folder may be shared, and its processes run elsewhere


def check_file(path: Path, wanted: str, name: str | None = None) -> None:
    """Make sure that a path leads to a file: a pipe may never begin, and a device may never end.

    Args:
        path: where it is.
        wanted: what should be there, for the message.
        name: what the message calls the path.

    Raises:
        InputError: there is nothing, or something else.
    """
    name = repr(str(path)) if name is None else name
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise InputError(f"cannot read {name}: there is no such file; check the path, or give {wanted}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {name}: {_reason(error)}; check the path, or give {wanted}") from error
    if stat.S_ISDIR(mode):
        raise InputError(f"cannot read {name}: it is a folder; give {wanted}")
    if not stat.S_ISREG(mode):
        raise InputError(f"cannot read {name}: it is a device or a pipe; give {wanted}")


def file_hash(*paths: Path) -> str:
    """The SHA-256 of the concatenated contents of files, in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()


def there(path: Path) -> bool:
    """Whether a path leads to anything; a name that nothing can have does not."""
    try:
        return path.exists()
    except OSError:
        return False


def writable_folder(path: Path) -> Path:
    """Make the folder if need be and make sure that files can be created in it.

    Raises:
        InputError: it is a file, or cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write to {str(path)!r}: {_reason(error)}; give another folder with --out") from error
    return path


def writable_png(path: Path) -> Path:
    """Make sure, before anything is computed, that a PNG of this name can be written.

    Raises:
        InputError: the name does not end in .png, is a folder's or none at all, or its folder cannot be written to.
    """
    if path.suffix.lower() != ".png":
        raise InputError(f"--out {str(path)!r} must end in .png")
    writable_folder(path.parent)
    return writable_file(path)


def writable_file(path: Path) -> Path:
    """Make sure that a file of this name can be written into its folder, which must be there.

    Raises:
        InputError: it is a folder, or cannot be the name of a file.
    """
    try:
        if path.is_dir():
            raise InputError(f"--out {str(path)!r} is a folder: name a file in it")
        beside = _beside(path)
        beside.touch()
        beside.unlink()
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot write {str(path)!r}: {_reason(error)}; give another --out") from error
    return path


def sweep(folder: Path) -> None:
    """Remove what processes of this machine that were killed while they wrote have left beside their files."""
    for path in folder.glob(".*.part"):
        left = re.search(rf"\.{_HOST}-(\d+)\.part$", path.name)
        if left and not _runs(int(left[1])):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether a process of that number runs; where that cannot be asked without harm, it may."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def write(path: Path, data: bytes) -> None:
    """Write the file in one piece.

    Raises:
        InputError: the file cannot be written; what was there before stays.
    """
    beside = _beside(path)
    try:
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # or a power cut might leave the new name with no bytes behind it
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot write {str(path)!r}: {_reason(error)}; free some space or give another --out"
        ) from error


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{_HOST}-{os.getpid()}.part")


def _reason(error: Exception) -> str:
    """In words; a ValueError is of a NUL, or of half a character."""
    return getattr(error, "strerror", None) or "no file can have this name"
