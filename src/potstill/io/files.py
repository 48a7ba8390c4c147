"""Files: only regular files are read, and files are written atomically."""

import hashlib
import os
import platform
import re
import stat
import tempfile
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from potstill.errors import InputError
from potstill.fields import shown

BYTES = 1_000_000_000
"""Maximum bytes of an input file; 100 megapixels in 16-bit RGBA have 800 million."""


class WriteError(InputError):
    """A file cannot be written, on this disk or under this name; what is to be written is sound."""


_HOST = f"{zlib.crc32(platform.node().encode()):08x}"  # a folder may be shared with other machines


def as_path(path: str | Path, name: str = "path") -> Path:
    """The path that a caller gave, as a `Path`; all public functions that take one begin with this.

    Raises:
        InputError: it is neither text nor a path.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"{name} = {shown(path)} must be a path: pass a str or a pathlib.Path")
    try:
        return Path(path)
    except TypeError as error:  # a path of bytes
        raise InputError(f"{name} = {shown(path)} must be a path of text: pass a str or a pathlib.Path") from error


def check_file(path: Path, wanted: str, name: str | None = None, most: int | None = BYTES) -> None:
    """Check that a path is a regular file of a sensible size; reading a pipe or a device might never end.

    Args:
        path: the path.
        wanted: what to give instead, for the message.
        name: the name of the path in the message; default: the quoted path.
        most: its maximum size in bytes; None for the weights of a model, which are mapped into memory.

    Raises:
        InputError: the path does not exist, is not a regular file, or is too large.
    """
    name = repr(str(path)) if name is None else name
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise InputError(f"cannot read {name}: there is no such file; check the path, or give {wanted}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {name}: {_reason(error)}; check the path, or give {wanted}") from error
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"cannot read {name}: it is a folder; give {wanted}")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"cannot read {name}: it is a device or a pipe; give {wanted}")
    if most is not None and found.st_size > most:
        raise InputError(f"{name} has {found.st_size:,} bytes: at most {most:,} are read; give {wanted}")


def file_hash(*paths: Path) -> str:
    """The SHA-256 of the concatenated contents of files, in hexadecimal."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()


def there(path: Path) -> bool:
    """Whether a path exists; False for a name that no file can have."""
    try:
        return path.exists()
    except OSError:
        return False


def writable_folder(path: Path) -> Path:
    """Create the folder if needed and check that files can be created in it.

    Raises:
        InputError: the path is a file, or the folder cannot be created or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except (OSError, ValueError) as error:
        raise InputError(f"cannot write to {str(path)!r}: {_reason(error)}; give another folder with --out") from error
    return path


def check_writable(path: Path) -> None:
    """Check that a file with this name can be written into its existing folder.

    Raises:
        InputError: the path is that of something other than a file, or not a valid file name.
    """
    try:
        _check_regular(path)
        beside = _beside(path)
        beside.touch()
        beside.unlink()
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot write {str(path)!r}: {_reason(error)}; give another name") from error


def check_replaceable(path: Path) -> None:
    """Check that an existing file may be replaced.

    Raises:
        InputError: it is read-only, a folder, a device or a pipe.
    """
    _check_regular(path)
    if path.is_file() and not os.access(path, os.W_OK):
        raise InputError(f"cannot replace {str(path)!r}: it is read-only; make it writable, or give another name")


def _check_regular(path: Path) -> None:
    """Check that a path, if there is something, is a file: a folder, a device or a pipe is never replaced.

    Raises:
        InputError: it is something else.
    """
    if path.is_dir():
        raise InputError(f"cannot write {str(path)!r}: it is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {str(path)!r}: it is a device, a pipe or a socket; give the name of a file")


def sweep(folder: Path) -> None:
    """Remove temporary files of this machine's processes that were killed while writing."""
    for path in folder.glob(".*.part"):
        left = re.search(rf"\.{_HOST}-(\d+)\.part$", path.name)
        if left and not _runs(int(left[1])):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether a process with that id runs; True on systems where that cannot be checked safely."""
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
    """Write a file atomically; through a link, the file that it leads to.

    Raises:
        WriteError: the file cannot be written; an existing file is kept.
    """
    try:
        path = _end_of_link(path) if path.is_symlink() else path
        _check_regular(path)
        beside = _beside(path)
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # otherwise a power cut could leave an empty file under the new name
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except InputError as error:
        raise WriteError(str(error)) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise WriteError(
            f"cannot write {str(path)!r}: {_reason(error)}; free some space or give another --out"
        ) from error


def write_drawing(path: Path, draw: Callable[[], bytes]) -> list[Path]:
    """Write a picture of results that are already written: if it cannot be drawn, that is a warning.

    Returns:
        The path, if there is a picture.

    Raises:
        InputError: it cannot be written.
    """
    try:
        data = draw()
    except Exception as error:  # whatever it is, the numbers are worth more
        reason = " ".join(str(error).split()) or type(error).__name__
        warnings.warn(f"{path.name} cannot be drawn ({reason}): it is left out, and all else is written", stacklevel=2)
        return []
    write(path, data)
    return [path]


def _end_of_link(path: Path) -> Path:
    """Where a link leads; an OSError if it leads to itself, which `Path.resolve` passes over from Python 3.13 on."""
    with suppress(FileNotFoundError):
        path.stat()
    return path.resolve()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{_HOST}-{os.getpid()}.part")


def _reason(error: Exception) -> str:
    """The error in words; a ValueError comes from a NUL or an unpaired surrogate in the name."""
    return getattr(error, "strerror", None) or "this is not a valid file name"
