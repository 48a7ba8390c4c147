"""Files that are whole or absent: written beside, then renamed into place."""

import os
import platform
import re
import tempfile
import zlib
from pathlib import Path

from potstill.errors import InputError

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"  # a folder may be shared, and its processes run elsewhere


def writable_folder(path: Path) -> Path:
    """Make the folder if need be and make sure that files can be created in it.

    Raises:
        InputError: it is a file, or cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(f"cannot write to {str(path)!r}: {error.strerror}; give another folder with --out") from error
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
    beside = path.with_name(f".{path.name}.{_HOST}-{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write {str(path)!r}: {error.strerror}; free some space or give another --out"
        ) from error
    finally:
        beside.unlink(missing_ok=True)
