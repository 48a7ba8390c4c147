"""Layers that resvg draws: what cannot be optimised, alone on a clear page."""

import copy
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property, partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from potstill.errors import InputError, Note
from potstill.io.svg.document import SVG, Element, Xml, tostring
from potstill.io.svg.styles import Styles
from potstill.io.svg.transforms import Transforms, write_matrix

_APPLIED = "opacity:1!important;clip-path:none!important"
"""What our own layers apply, for the groups around an element."""
_ROOT = f"{_APPLIED};transform:matrix(1 0 0 1 0 0)!important"
"""For the root, whose transform is ignored, and what is around it, as a style sheet may mean every svg."""


_FAMILIES = {
    "sans_serif_family": ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Open Sans", "Roboto"),
    "serif_family": ("Times New Roman", "Times", "Liberation Serif", "DejaVu Serif", "Noto Serif", "Georgia"),
    "monospace_family": ("Courier New", "Courier", "Liberation Mono", "DejaVu Sans Mono", "Noto Sans Mono", "Menlo"),
}
"""Families that stand for the generic ones, the likeliest first."""


class FixedLayers:
    """Draws elements of a file one by one."""

    def __init__(self, xml: Xml, styles: Styles, transforms: Transforms, width: float, height: float) -> None:
        """For a page of this size."""
        self._xml, self._width, self._height = xml, width, height
        self._styles, self._transforms = styles, transforms

    def of(self, chain: Sequence[Element]) -> Callable[[int, int], Float[Tensor, "4 h w"]]:
        """The function that draws an element, the last of those from the root to it, for a height and a width."""
        text = self._alone(chain)
        words = any("".join(each.itertext()).strip() for each in chain[-1].iter(SVG + "text"))
        return partial(_draw_words if words else draw_svg, text, self._xml.name)

    @cached_property
    def _shown(self) -> dict[Element, Element]:
        """Every element as resvg gets it: with its matrix, where resvg would not read the properties of CSS."""
        root = copy.deepcopy(self._xml.root)
        shown = dict(zip(self._xml.root.iter(), root.iter(), strict=True))
        for element, each in list(shown.items())[1:]:
            matrix = self._transforms.declared(element, self._styles.within(element))
            if matrix is not None:
                text = write_matrix(matrix)
                each.attrib |= _with_style(each, f"transform:{text}!important;transform-origin:0 0!important")
                each.attrib |= {"gradientTransform": text, "patternTransform": text}
        return shown

    def _alone(self, chain: Sequence[Element]) -> str:
        """A file that draws the element alone, in its groups; all else can be referred to."""
        root, *groups, element = (self._shown[each] for each in chain)
        defs = Element(SVG + "defs")
        defs.extend(root)
        inner = copy.copy(element)
        for group in reversed(groups):
            inner = _around(group, _APPLIED, inner)
        page = _around(root, _ROOT, defs, inner)
        page.attrib |= {"width": f"{self._width:g}", "height": f"{self._height:g}"}
        outer = Element(SVG + "svg", {"viewBox": f"0 0 {self._width:g} {self._height:g}", "style": _ROOT})
        outer.append(page)
        return tostring(outer, encoding="unicode")


def _with_style(element: Element, more: str) -> dict[str, str]:
    own = element.get("style", "").strip(" ;")
    return {"style": f"{own};{more}" if own else more}


def _around(group: Element, style: str, *inner: Element) -> Element:
    """A group like another, with more declarations, around other elements."""
    found = Element(group.tag, group.attrib | _with_style(group, style))
    found.extend(inner)
    return found


def _draw_words(text: str, name: str, height: int, width: int) -> Float[Tensor, "4 h w"]:
    """As `draw_svg`, with a note where nothing is seen."""
    drawn = draw_svg(text, name, height, width)
    if not drawn[3].any():
        fix = "it is hidden, or no font that is installed has it: install one, or turn the text into paths"
        warnings.warn(f"a <text> of {name} draws nothing: {fix}", Note, stacklevel=2)
    return drawn


@cache
def families() -> Mapping[str, str]:
    """Families of fonts that are installed, for what resvg calls them by default but may lack."""
    import resvg_py

    def draws(family: str) -> bool:
        text = f'<svg xmlns="{SVG[1:-1]}" width="9" height="9"><text y="9" font-family="{family}">M</text></svg>'
        return bool(np.asarray(_pixels(resvg_py.svg_to_bytes(svg_string=text, serif_family="none")))[..., 3].any())

    found = {name: next(filter(draws, each), "") for name, each in _FAMILIES.items()}
    usual = next(filter(None, found.values()), "")
    found = {name: family or usual for name, family in found.items() if family or usual}
    return found | ({"font_family": found["serif_family"]} if found else {})


def _pixels(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def draw_svg(text: str, name: str, height: int, width: int) -> Float[Tensor, "4 h w"]:
    """A whole SVG file as resvg draws it, RGBA in [0, 1], as large as it fits in the middle of the canvas.

    Raises:
        InputError: resvg is not installed or cannot draw it.
    """
    try:
        import resvg_py
    except ImportError:
        raise InputError(
            f"{name} has parts that only resvg can draw: pip install potstill[vector], or remove them"
        ) from None
    start = text.index("<svg" if "<svg" in text else "<ns0:svg") + (4 if "<svg" in text else 8)
    sized = f'{text[:start]} width="{width}" height="{height}"{text[start:]}'
    try:
        plain = "text" not in sized
        fonts: Mapping[str, Any] = {} if plain else families()
        png = resvg_py.svg_to_bytes(svg_string=sized, dpi=96.0, languages=["en"], skip_system_fonts=plain, **fonts)
    except ValueError as error:
        raise InputError(f"resvg cannot draw {name} ({error}): simplify it") from None
    return torch.from_numpy(np.array(_pixels(png))).permute(2, 0, 1).double() / 255
