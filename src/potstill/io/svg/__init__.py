"""SVG: read as a `vectors.Sketch`, and written back into the user's own file."""

from potstill.io.svg.reader import read_svg
from potstill.io.svg.writer import SvgFile

__all__ = ["SvgFile", "read_svg"]
