"""The differentiable render of a sketch: exact coverage of every shape, composited in order, as viewers do it.

Memory: about 50 bytes for each pixel of each shape's bounding box, forward and backward together, in float32.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor, nn

from potstill.vectors.compositing import Box, Canvas, over
from potstill.vectors.coverage import Boxes, Edges, even_odd, non_zero, winding_areas
from potstill.vectors.curves import bernstein, flatten, weighted
from potstill.vectors.paints import linear, radial, spread, stops
from potstill.vectors.regularizers import Traced
from potstill.vectors.sketch import Flat, Node, Outline, Shape, Sketch, Still, apply, compose, inverse
from potstill.vectors.strokes import Pen, outlines
from potstill.vectors.tables import CurveTable, Numbers, control_points, leaves

_AT_ONCE = 2**22
"""The most pixels of boxes whose areas are found at once."""


class Renderer(nn.Module):
    """Renders drawings that differ from a sketch in their numbers, all samples and shapes in one pass.

    Shapes that share an edge show the seam that viewers show: each is antialiased by its coverage and the background
    comes through, so the picture is what a browser makes of the file.
    """

    matrices: Float64[Tensor, "shapes 6"]
    opacities: Int64[Tensor, "shapes most"]
    colours: Int64[Tensor, "shapes 3"]
    odd: Bool[Tensor, " shapes"]

    def __init__(self, sketch: Sketch, height: int, width: int) -> None:
        """Prepare for a canvas of this size, in pixels."""
        super().__init__()
        self.sketch, self.height, self.width = sketch, height, width
        self._frame, fit = sketch.frame(height, width), sketch.fit(height, width)
        self.shapes = list(leaves(sketch.nodes, Shape))
        self._matrices = [compose(fit, shape.matrix) for shape in self.shapes]
        self._fills = CurveTable([(number, shape) for number, shape in enumerate(self.shapes) if shape.stroke is None])
        self._strokes = CurveTable(
            [(number, shape) for number, shape in enumerate(self.shapes) if shape.stroke is not None]
        )
        beyond = len(sketch.numbers)  # a number that is 1
        most = max((len(shape.opacities) for shape in self.shapes), default=0)
        opacities = [[*shape.opacities, *[beyond] * (most - len(shape.opacities))] for shape in self.shapes]
        colours = [shape.paint.colour if isinstance(shape.paint, Flat) else 0 for shape in self.shapes]
        self._keep(
            matrices=torch.tensor(self._matrices, dtype=torch.float64).reshape(-1, 6),
            opacities=torch.tensor(opacities, dtype=torch.int64).reshape(len(self.shapes), most),
            colours=torch.tensor(colours, dtype=torch.int64)[:, None] + torch.arange(3),
            odd=torch.tensor([shape.even_odd for shape in self.shapes], dtype=torch.bool),
        )
        for number, node in enumerate(leaves(sketch.nodes, Still)):
            drawn = node.draw(height, width)
            self._keep(**{f"fixed{number}": torch.cat([drawn[:3] * drawn[3:], drawn[3:]])})

    def _keep(self, **buffers: Tensor) -> None:
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    def forward(self, numbers: Numbers, background: Float[Tensor, "b 3"] | None = None) -> Canvas:
        """The pictures, [b, 3, h, w] over a background, or [b, 4, h, w] with RGB times alpha and alpha without one.

        They are NaN if a number is not finite, as then no outline has a place.
        """
        samples = len(numbers)
        size = (samples, 3 if background is not None else 4, self.height, self.width)
        if not torch.isfinite(numbers).all():
            return (0 * numbers.sum()).expand(size)
        numbers = torch.cat([numbers, torch.ones_like(numbers[:, :1])], 1)
        edges, path = self._edges(numbers)
        boxes, packed = self._coverage(edges, path, samples)
        opacities = numbers[:, self.opacities].prod(2).clamp(0, 1)
        colours = numbers[:, self.colours]
        canvas = numbers.new_zeros(size) if background is None else background[:, :, None, None].expand(size)
        fixed = iter([value for name, value in self.named_buffers() if name.startswith("fixed")])

        def run(canvas: Canvas, first: int, last: int) -> Canvas:
            while first < last:
                coverage, end = packed[first]
                end = min(end, last)
                here = colours[:, first:end]
                here = here if canvas.shape[1] == 3 else torch.cat([here, torch.ones_like(here[..., :1])], 2)
                paints = [self._paint(number, numbers, boxes[number]) for number in range(first, end)]
                canvas = over(canvas, coverage, boxes[first:end], here, opacities[:, first:end], paints)
                first = end
            return canvas

        def draw(nodes: Sequence[Node], canvas: Canvas, number: int) -> tuple[Canvas, int]:
            waiting = number  # shapes from here to `number` are still to be painted
            for node in nodes:
                if isinstance(node, Shape):
                    number += 1
                    continue
                canvas = run(canvas, waiting, number)
                if isinstance(node, Still):
                    layer = next(fixed).to(canvas).expand(samples, -1, -1, -1)
                else:
                    clear = canvas.new_zeros(samples, 4, self.height, self.width)
                    layer, number = draw(node.nodes, clear, number)
                    if node.clip is not None:
                        mask, number = draw(node.clip, clear, number)
                        layer = layer * mask[:, 3:]
                    for place in node.opacities:
                        layer = layer * numbers[:, place, None, None, None].clamp(0, 1)
                canvas = canvas * (1 - layer[:, 3:]) + layer[:, : canvas.shape[1]]
                waiting = number
            return run(canvas, waiting, number), number

        return draw(self.sketch.nodes, canvas, 0)[0]

    def traced(self, numbers: Numbers) -> Traced:
        """The curves of all shapes and samples, for regularisers."""
        parts, lists = [], []
        ones = torch.cat([numbers, torch.ones_like(numbers[:, :1])], 1)
        sample = torch.arange(len(numbers), device=numbers.device)[:, None]
        total = 0
        for table in (self._fills, self._strokes):
            if count := len(table.straight):
                parts.append(self._move(table.points(ones), table.shape).flatten(0, 1) / max(self.height, self.width))
                following = torch.where(table.following < 0, -1, table.following + sample * count + total)
                path = table.shape * len(numbers) + sample
                lists.append((table.straight.repeat(len(numbers)), following.flatten(), path.flatten()))
                total += count * len(numbers)
        straight, following, path = (torch.cat(each) for each in zip(*lists, strict=True))
        return Traced(torch.cat(parts), straight, following, path)

    def _edges(self, numbers: Numbers) -> tuple[Edges, Int64[Tensor, " edges"]]:
        """The edges of all shapes in pixels, and the path of each: shape x samples + sample."""
        samples = len(numbers)
        parts, paths = [], []
        if count := len(self._fills.straight):
            shape = self._fills.shape
            curves = self._move(self._fills.points(numbers), shape).flatten(0, 1)
            edges, index = flatten(curves, self._fills.straight.repeat(samples))
            parts.append(edges)
            paths.append(shape[index % count] * samples + index // count)
        if count := len(self._strokes.straight):
            table, shape = self._strokes, self._strokes.shape
            half = numbers[:, table.width].clamp(min=0).flatten() / 2
            matrix = self.matrices.to(numbers)[shape]
            offset = torch.arange(samples, device=shape.device)[:, None] * count
            following = torch.where(table.following < 0, -1, table.following + offset).flatten()
            scale = matrix[:, :4].square().sum(1).sqrt().repeat(samples)
            starts, join, cap = (each.repeat(samples) for each in (table.starts, table.join, table.cap))
            pen = Pen(half, following, starts, join, cap, table.miter_limit.to(half).repeat(samples), scale)
            points = table.points(numbers).flatten(0, 1)
            edges, index = outlines(points, table.straight.repeat(samples), pen)
            parts.append(self._move(edges[None], shape[index % count])[0])
            paths.append(shape[index % count] * samples + index // count)
        if not parts:
            return numbers.new_zeros(0, 2, 2), torch.zeros(0, dtype=torch.int64, device=numbers.device)
        return torch.cat(parts), torch.cat(paths)

    def _move(self, points: Float[Tensor, "b m k 2"], shape: Int64[Tensor, " m"]) -> Float[Tensor, "b m k 2"]:
        matrix = self.matrices.to(points)[shape][:, None]
        x, y = points[..., :1], points[..., 1:]
        return x * matrix[..., 0:2] + y * matrix[..., 2:4] + matrix[..., 4:6]

    def _coverage(
        self, edges: Edges, path: Int64[Tensor, " edges"], samples: int
    ) -> tuple[list[Box], dict[int, tuple[Float[Tensor, " size"], int]]]:
        """The box of every shape, and the packed coverage from each shape on, up to the shape it ends before."""
        count = len(self.shapes)
        bounds = edges.detach().new_full((2, count * samples, 2), -math.inf)
        spots = path[:, None, None].expand(-1, 2, 2).reshape(-1, 2)
        ends = edges.detach().reshape(-1, 2)
        bounds[0].scatter_reduce_(0, spots, -ends, "amax")
        bounds[1].scatter_reduce_(0, spots, ends, "amax")
        low, high = bounds.view(2, count, samples, 2).amax(2)
        first, last = torch.tensor(self._frame, dtype=low.dtype, device=low.device).view(2, 2)
        low = (-low).floor().clamp(first, last).long().tolist()
        high = high.ceil().clamp(first, last).long().tolist()
        boxes: list[Box] = []
        packed: dict[int, tuple[Tensor, int]] = {}
        first, size = 0, 0
        shape = path // samples
        for number, ((x0, y0), (x1, y1)) in enumerate(zip(low, high, strict=True)):
            width, height = max(x1 - x0, 0), max(y1 - y0, 0)
            more = samples * height * (width + 1)
            if size and size + more > _AT_ONCE:
                self._pack(edges, path, shape, boxes, first, size, samples, packed)
                first, size = number, 0
            boxes.append(Box(x0, y0, width, height, size))
            size += more
        if first < count:
            self._pack(edges, path, shape, boxes, first, size, samples, packed)
        return boxes, packed

    def _pack(self, edges, path, shape, boxes, first, size, samples, packed) -> None:
        """The coverage of the shapes from `first` to the end of `boxes`."""
        here = boxes[first:]
        if len(here) < len(self.shapes):
            chosen = (shape >= first) & (shape < len(boxes))
            edges, path = edges[chosen], path[chosen] - first * samples
        fields = torch.tensor([(b.left, b.top, b.width, b.height, b.start) for b in here], device=edges.device)
        left, top, width, height, start = fields.repeat_interleave(samples, 0).T
        start = start + torch.arange(samples, device=edges.device).repeat(len(here)) * height * (width + 1)
        areas = winding_areas(edges, path, Boxes(left, top, width, height, start, size))
        odd = self.odd[first : len(boxes)]
        coverage = non_zero(areas)
        if odd.any():
            each = torch.tensor([samples * b.height * (b.width + 1) for b in here], device=edges.device)
            coverage = torch.where(odd.repeat_interleave(each), even_odd(areas), coverage)
        for number in range(first, len(boxes)):
            packed[number] = (coverage, len(boxes))

    def _paint(self, number: int, numbers: Numbers, box: Box) -> Float[Tensor, "b 4 rows columns"] | None:
        """The colours of a gradient in the box of its shape; None for one colour."""
        shape = self.shapes[number]
        if isinstance(shape.paint, Flat):
            return None
        paint, to_pixels = shape.paint, self._matrices[number]
        x = torch.arange(box.left, box.left + box.width, device=numbers.device).to(numbers) + 0.5
        y = torch.arange(box.top, box.top + box.height, device=numbers.device).to(numbers) + 0.5
        points = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None].expand(len(numbers), -1, -1, -1)
        points = apply(inverse(to_pixels), points)
        if paint.boxed:
            low, high = self._extent(shape.outline, numbers)
            span = (high - low)[:, None, None]
            points = (points - low[:, None, None]) / torch.where(span.abs() < 1e-12, 1e-12, span)
        points = apply(inverse(paint.matrix), points)
        geometry = numbers[:, list(paint.geometry)]
        along = spread((linear if len(paint.geometry) == 4 else radial)(points, geometry), paint.spread)
        reds = torch.tensor(paint.colours, device=numbers.device)[:, None] + torch.arange(3, device=numbers.device)
        colours = torch.cat([numbers[:, reds], numbers[:, list(paint.opacities), None].clamp(0, 1)], 2)
        return stops(along, numbers[:, list(paint.offsets)], colours)

    def _extent(self, outline: Outline, numbers: Numbers) -> tuple[Float[Tensor, "b 2"], Float[Tensor, "b 2"]]:
        """The bounding box of an outline, found from 17 points on each curve."""
        curves = control_points(numbers, outline.index.to(numbers.device), outline.weight.to(numbers)).flatten(0, 1)
        t = torch.linspace(0, 1, 17, dtype=numbers.dtype, device=numbers.device)
        points = weighted(bernstein(t).expand(len(curves), -1, -1), curves).view(len(numbers), -1, 2)
        return points.amin(1), points.amax(1)
