"""SVG: read as a `vectors.Sketch`, and written back into the user's own file."""

from potstill.errors import InputError

try:
    from potstill.io.svg.reader import read_svg
    from potstill.io.svg.starts import random_paths, random_strokes
    from potstill.io.svg.writer import SvgFile
except ModuleNotFoundError as error:
    if (error.name or "").startswith("potstill"):
        raise
    raise InputError(f"SVG needs {error.name}: pip install potstill[vector]") from error

__all__ = ["SvgFile", "random_paths", "random_strokes", "read_svg"]
