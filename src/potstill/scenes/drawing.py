"""Drawings: the numbers of an SVG, optimised through an exact render."""

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from potstill.diffusion.codec import Codec
from potstill.errors import InputError, Note, did_you_mean
from potstill.fields import check_count
from potstill.scenes.scene import Scene, View
from potstill.tensors import Grid, Images
from potstill.vectors.coupling import Coupled, Links, links
from potstill.vectors.curves import bernstein, weighted
from potstill.vectors.regularizers import CurveRegularizer
from potstill.vectors.renderer import Renderer
from potstill.vectors.sketch import KINDS, Gradient, Kind, Layer, Node, Shape, Sketch, apply, compose, scale_of
from potstill.vectors.tables import control_points

RATES: Mapping[Kind, float] = {
    **{"points": 0.8 / 512, "widths": 0.8 / 512, "gradients": 0.8 / 512},
    **{"colours": 0.01, "opacities": 0.01, "stops": 0.01},
}
"""Learning rates: lengths move by a share of the page, the others by a share of their range.

Those of points and colours are the rates of PDS on SVG (arXiv 2311.13831, released code) on a canvas of 512 pixels.
"""


@dataclass(frozen=True)
class Chosen:
    """What of a drawing is optimised.

    Attributes:
        kinds: some of `KINDS`.
        only: ids of elements, to which the choice is limited with all within them; by default all elements. A shape
            without an id is `path:3`, the third <path> of the file.
        inside: left, top, right and bottom, in the units of the viewBox; shapes that reach beyond stay.
        region: a picture of a canvas with the page in its middle, over 0.5 where it may change; shapes whose outline
            leaves it stay.
        page: whether what fills the whole page may change its colours, unless it is the only shape that can.

    The outline of a shape that fills the whole page is never chosen: moved inwards, it would bare the page's border.
    """

    kinds: Collection[str] = ("points", "colours")
    only: Sequence[str] = ()
    inside: tuple[float, float, float, float] | None = None
    region: Float[Tensor, "h w"] | None = None
    page: bool = True

    def places(self, sketch: Sketch) -> set[int]:
        """The chosen numbers of a sketch.

        Raises:
            InputError: a kind or an id does not exist, or nothing is left.
        """
        for kind in self.kinds:
            if kind not in KINDS:
                raise InputError(f"there is no kind {kind!r} of numbers of a drawing: {did_you_mean(kind, KINDS)}")
        shapes = list(_moving(sketch.nodes))
        chosen, others = list(shapes), []
        if self.only or self.inside or self.region is not None:
            wanted = [name.removeprefix("#") for name in self.only]
            for name in wanted:
                if name not in sketch.named:
                    ids = [each for each in sketch.named if ":" not in each]
                    fix = did_you_mean(name, ids) if ids else "no element of it has one; path:1 is its first <path>"
                    raise InputError(f"the drawing has no element with the id {name!r}: {fix}")
            own = frozenset().union(*(sketch.named[name] for name in wanted))
            inside = [each for each in shapes if _within(each, sketch, self.inside) and self._covers(each, sketch)]
            chosen = [each for each in inside if not wanted or each.places() <= own]
            others = [each for each in shapes if not any(each is one for one in chosen)]
        shared = {place for shape in others for place in shape.places()}
        found = {place for shape in chosen for place in shape.places()} - sketch.constant
        found = {place for place in found if sketch.kinds[place] in self.kinds}
        pages = [shape for shape in chosen if _fills_page(shape, sketch)]
        for shape in pages:
            found -= set(shape.outline.index.flatten().tolist())
        free = {place for shape in chosen if not _fills_page(shape, sketch) for place in shape.places()}
        if not self.page and free & found - shared and found - free:
            found &= free
            warnings.warn(
                "what fills the whole page keeps its colours: name the new background in the target prompt, or let it "
                "change with --page change",
                Note,
                stacklevel=4,
            )
        if found & shared:
            warnings.warn(
                f"{len(found & shared)} numbers of the chosen elements belong to others as well, as inherited colours "
                "do: they are left as they are",
                Note,
                stacklevel=4,
            )
        if not chosen and self.inside:
            page = f"the page is {sketch.width:g} x {sketch.height:g}, choose a larger box"
            raise InputError(f"no chosen shape lies whole in the box {self.inside} (left, top, right, bottom): {page}")
        if not found - shared:
            raise InputError("nothing of the drawing is left to optimise: choose other elements, or more kinds")
        return found - shared

    def _covers(self, shape: Shape, sketch: Sketch) -> bool:
        """Whether the outline of a shape lies in the region."""
        if self.region is None:
            return True
        height, width = self.region.shape
        curves = control_points(sketch.numbers[None], shape.outline.index, shape.outline.weight)[0]
        t = torch.linspace(0, 1, 9, dtype=curves.dtype)
        matrix = compose(sketch.fit(height, width), shape.matrix)
        x, y = apply(matrix, weighted(bernstein(t).expand(len(curves), -1, -1), curves)).floor().long().unbind(-1)
        seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        return bool(seen.all()) and bool((self.region[y, x] > 0.5).all())


class Drawing(Scene):
    """A sketch [b, n] whose render is the encoding of its picture; the gradient passes through the encoder.

    The parameters are shifts from the sketch, one tensor [b, k] for each kind: lengths in units of the larger side of
    the page, colours, opacities and stops in theirs. Colours, opacities and stops outside of [0, 1] and widths below 0
    count as the nearest value, with a straight-through gradient, so that they can return.

    The background is opaque, and white unless another is chosen: half-transparent shapes are optimised for it.
    """

    costly: ClassVar = True

    start: Float[Tensor, " n"]
    units: Float[Tensor, " n"]
    low: Float[Tensor, " n"]
    high: Float[Tensor, " n"]
    background: Float[Tensor, " 3"]

    def __init__(
        self,
        sketch: Sketch,
        codec: Codec,
        height: int,
        width: int,
        *,
        chosen: Chosen = Chosen(),
        background: tuple[float, float, float] = (1.0, 1.0, 1.0),
        regularizers: Sequence[CurveRegularizer] = (),
        coupling: float = 0.0,
        count: int = 1,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Start from a sketch.

        Args:
            sketch: the drawing.
            codec: of the model.
            height: of the render in pixels.
            width: of the render in pixels.
            chosen: what is optimised.
            background: RGB in [0, 1].
            regularizers: their gradients are added to that of the method.
            coupling: how far a point takes its neighbours along, in sides of the page; see `Coupled`.
            count: how many drawings are optimised side by side.
            dtype: of the parameters and the render.

        Raises:
            InputError: nothing is chosen, or a size or the count is not positive.
        """
        super().__init__()
        for name, value in (("height", height), ("width", width), ("count", count)):
            check_count(name, value, 8192)
        self.codec, self.renderer = codec, Renderer(sketch, height, width)
        self.regularizers = tuple(regularizers)
        places = chosen.places(sketch)
        self.coupling = coupling
        self.shifts = nn.ParameterDict()
        low, high = torch.full((2, len(sketch.numbers)), torch.inf, dtype=dtype)
        low, scale = -low, _units(sketch).to(dtype)
        for kind in KINDS:
            of_kind = sketch.places(kind)
            if kind in ("colours", "opacities", "stops"):
                low[of_kind], high[of_kind] = 0, 1
            elif kind == "widths":
                low[of_kind] = 0
            free = [place for place in of_kind.tolist() if place in places]
            if free:
                self.shifts[kind] = nn.Parameter(torch.zeros(count, len(free), dtype=dtype))
                self.register_buffer(f"places_of_{kind}", torch.tensor(free), persistent=False)
        if coupling and "points" in self.shifts:
            moving = [place for place in sketch.places("points").tolist() if place in places]
            found = links(_moving(sketch.nodes), sketch.numbers, moving, coupling * _page(sketch))
            for name, value in found._replace(weight=found.weight.to(dtype))._asdict().items():
                self.register_buffer(f"link_{name}", value, persistent=False)
        kept = {"start": sketch.numbers.to(dtype), "units": scale, "low": low, "high": high}
        for name, value in (kept | {"background": torch.tensor(background, dtype=dtype)}).items():
            self.register_buffer(name, value, persistent=False)

    def groups(self, rates: Mapping[Kind, float] = RATES) -> list[dict[str, Any]]:
        """The parameters as an optimiser takes them, each kind with its learning rate: `Adam(drawing.groups())`.

        With a coupling, lengths are marked for `SharedAdam`, so that points which the model has little to say about
        stay where they are.
        """
        lengths = ("points", "widths", "gradients") if self.coupling else ()
        found = self._of_kinds()
        return [{"params": [own], "lr": rates[kind], "kind": kind, "shared": kind in lengths} for kind, own in found]

    def _of_kinds(self) -> list[tuple[Kind, Tensor]]:
        return [(kind, self.shifts[kind]) for kind in KINDS if kind in self.shifts]

    @property
    def numbers(self) -> Float[Tensor, "b n"]:
        """All numbers of the drawings, in the order of the sketch; those that did not move have their bits."""
        count = len(next(iter(self.shifts.values())))
        moved = torch.zeros_like(self.start).expand(count, -1)
        for kind, shift in self._of_kinds():
            if self.coupling and kind == "points":
                shift = Coupled.apply(shift, *(getattr(self, f"link_{name}") for name in Links._fields))
            moved = moved.index_add(1, getattr(self, f"places_of_{kind}"), shift)
        values = self.start + moved * self.units
        return values + (values.clamp(self.low, self.high) - values).detach()

    @property
    def images(self) -> Images:
        """The pictures, over the background."""
        return self._render(self.numbers)

    def _render(self, numbers: Float[Tensor, "b n"]) -> Images:
        return self.renderer(numbers, self.background.expand(len(numbers), -1)).clamp(0, 1)

    def forward(self, view: View) -> Grid:
        """The latents of the pictures."""
        numbers = self.numbers
        render = self.codec.encode(self._render(numbers))
        if not self.regularizers:
            return render
        now, start = self.renderer.traced(numbers), self.renderer.traced(self.start.expand_as(numbers))
        penalty = torch.stack([each.weight * each(now, start) for each in self.regularizers]).sum()
        return _Carrying.apply(render, penalty)


class _Carrying(torch.autograd.Function):
    """A render that carries a penalty: whatever is done with the render, the penalty is minimised as well."""

    @staticmethod
    def forward(ctx, render: Grid, penalty: Float[Tensor, ""]) -> Grid:
        return render.view_as(render)

    @staticmethod
    def backward(ctx, *outputs: Grid):
        return outputs[0], torch.ones((), dtype=outputs[0].dtype, device=outputs[0].device)


def _moving(nodes: Sequence[Node]) -> Iterator[Shape]:
    """The shapes that are seen; those of clip paths do not move."""
    for node in nodes:
        if isinstance(node, Shape):
            yield node
        elif isinstance(node, Layer):
            yield from _moving(node.nodes)


def _fills_page(shape: Shape, sketch: Sketch) -> bool:
    """Whether the outline of a shape reaches all four corners of the page, as a background does."""
    points = (sketch.numbers[shape.outline.index] * shape.outline.weight).sum(-1)
    x, y = apply(compose(sketch.page, shape.matrix), points).flatten(0, -2).unbind(-1)
    near = 1e-6 * max(sketch.width, sketch.height)
    sides = [(x <= near, x >= sketch.width - near), (y <= near, y >= sketch.height - near)]
    return all(bool((beside & above).any()) for beside in sides[0] for above in sides[1])


def _within(shape: Shape, sketch: Sketch, box: tuple[float, float, float, float] | None) -> bool:
    """Whether the control points of a shape lie in a box, in units of the drawing."""
    if box is None:
        return True
    points = (sketch.numbers[shape.outline.index] * shape.outline.weight).sum(-1)
    x, y = apply(shape.matrix, points).unbind(-1)
    left, top, right, bottom = box
    return bool((x >= left).all() and (x <= right).all() and (y >= top).all() and (y <= bottom).all())


def _page(sketch: Sketch) -> float:
    """The larger side of the page, in units of the drawing."""
    return max(sketch.width, sketch.height) / scale_of(sketch.page)


def _units(sketch: Sketch) -> Float64[Tensor, " n"]:
    """What a shift of 1 is for each number: the larger side of the page for lengths, in the units of their element."""
    found = torch.ones(len(sketch.numbers), dtype=torch.float64)
    page = _page(sketch)
    for shape in _moving(sketch.nodes):
        side = page / max(scale_of(shape.matrix), 1e-12)
        for place in shape.places():
            boxed = isinstance(shape.paint, Gradient) and shape.paint.boxed
            kind = sketch.kinds[place]
            if kind in ("points", "widths") or (kind == "gradients" and not boxed):
                found[place] = side
    return found
