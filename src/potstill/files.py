"""Files that are whole or absent: written beside, then renamed into place."""

import os
import re
import tempfile
from pathlib import Path

from potstill.errors import InputError


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


def write(path: Path, data: bytes) -> None:
    """Write the file in one piece.

    Raises:
        InputError: the file cannot be written; what was there before stays.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise InputError(
            f"cannot write {str(path)!r}: {error.strerror}; free some space or give another --out"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what `write` left beside its files where it was killed; nobody may be writing to the folder."""
    for path in folder.glob(".*.*"):
        if re.fullmatch(r"\..+\.\w+\.\d+", path.name):
            path.unlink(missing_ok=True)
