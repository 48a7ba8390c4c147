"""What is not optimised: resvg draws it, as a layer that does not move."""

from potstill.io.svg.document import SHAPES
from potstill.io.svg.styles import Style

_ELEMENTS = ("text", "image", "foreignObject")


class Unsupported(Exception):
    """Something that is drawn by resvg, by its name."""


def check(kind: str, style: Style) -> None:
    """Pass an element of a kind with a style.

    Raises:
        Unsupported: it is drawn by resvg.
    """
    if kind in _ELEMENTS:
        raise Unsupported(f"<{kind}>")
    for name in ("filter", "mask"):
        if style.get(name, "none") != "none":
            raise Unsupported(f"a {name}")
    if style.get("mix-blend-mode", "normal") != "normal":
        raise Unsupported("mix-blend-mode (drawn without blending)")
    if kind not in SHAPES:
        return
    if style.get("stroke", "none") != "none":
        dashes = style.get("stroke-dasharray", "none")
        if dashes != "none" and any(part.strip("0.") for part in dashes.replace(",", " ").split()):
            raise Unsupported("dashes")
        if style.get("vector-effect", "none") != "none":
            raise Unsupported("vector-effect")
    if any(style.get(f"marker-{end}", "none") != "none" for end in ("start", "mid", "end")):
        raise Unsupported("markers")
