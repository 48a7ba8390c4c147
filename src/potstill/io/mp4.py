"""MP4 videos, made by the program ffmpeg.

It is no dependency: its builds with an encoder for H.264 are under the GPL. What the user has installed is run.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from potstill.errors import InputError
from potstill.io.gif import enlarged, row
from potstill.io.images import levels
from potstill.tensors import Images

RATE = 16
"""Pictures in a second."""
_SECONDS = 120


def ffmpeg() -> str:
    """The path of the program: on the PATH, or that of the package imageio-ffmpeg.

    Raises:
        InputError: there is none.
    """
    if found := shutil.which("ffmpeg"):
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-not-found]

        return get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise InputError(
            "an MP4 is made by the program ffmpeg, which is not on the PATH: install it, or pip install "
            "imageio-ffmpeg, or leave --mp4 out and take the GIF"
        ) from None


def mp4_bytes(frames: Sequence[Images], repeats: int = 3, rate: int = RATE) -> bytes:
    """The frames, each a batch of images [b, 3, h, w] shown side by side, `repeats` times, as H.264 that browsers play.

    Raises:
        InputError: there is no ffmpeg, or it fails.
    """
    program, pictures = ffmpeg(), [levels(row(enlarged(each))) for each in frames]
    height, width = (side // 2 * 2 for side in pictures[0].shape[-2:])  # H.264 stores colours of 2 x 2 pixels
    raw = b"".join(each[0, :, :height, :width].permute(1, 2, 0).contiguous().numpy().tobytes() for each in pictures)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.mp4"  # a file, for the index goes to its beginning
        words = [program, "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        words += ["-r", str(rate), "-i", "-", "-an", "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p"]
        words += ["-threads", "1", "-fflags", "+bitexact", "-movflags", "+faststart", str(path)]
        try:
            done = subprocess.run(words, input=raw * repeats, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(f"ffmpeg failed ({error}): leave --mp4 out and take the GIF") from error
        if done.returncode or not path.exists():
            said = " ".join(done.stderr.decode(errors="replace").split())[:200] or f"exit code {done.returncode}"
            raise InputError(f"ffmpeg failed ({said}): leave --mp4 out and take the GIF")
        return path.read_bytes()
