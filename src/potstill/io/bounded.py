"""Reading within bounds: limits on the time that a decoder takes for a file, and on the bytes that it holds."""

import io
import time
from pathlib import Path

from potstill.errors import InputError

SECONDS = 10
"""Maximum seconds of a processor that reading a picture may take."""
HELD = 100_000_000
"""Maximum bytes of a picture file that are read in large parts, which decoders hold in memory as they are."""
_LARGE = 2**16  # pixels are read in smaller parts


class Allowance:
    """The time that reading a picture may take, of a processor: a busy machine is no fault of the picture."""

    def __init__(self, name: str) -> None:
        """Begin; `name` is what messages call the picture."""
        self.name, self._end = name, time.thread_time() + SECONDS

    def check(self) -> None:
        """Check the time.

        Raises:
            InputError: it is used up.
        """
        if time.thread_time() > self._end:
            raise InputError(f"{self.name} takes over {SECONDS} s to decode: save it again as a plain PNG")


class BoundedFile(io.BufferedReader):
    """A file whose every read is checked."""

    def __init__(self, path: Path, name: str) -> None:
        """Open it; `name` is what messages call it."""
        super().__init__(io.FileIO(path))
        self._allowance, self._held = Allowance(name), 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as from any file.

        Raises:
            InputError: the time is used up, or too many bytes were read in large parts.
        """
        self._allowance.check()
        data = super().read(size)
        if len(data) > _LARGE:
            self._held += len(data)
            if self._held > HELD:
                raise InputError(
                    f"{self._allowance.name} has parts of over {HELD:,} bytes in all: save it again as a plain PNG"
                )
        return data
