"""2-D Gaussians, blended front to back, on the CPU: a list of the (Gaussian, pixel) pairs that count, and no others.

At a pixel the Gaussians in order of depth, k = 1, 2, ..., have

    alpha_k = min(0.99, opacity_k exp(-q_k / 2)),   q_k = d^T conic_k d,   T_k = prod_{j < k} (1 - alpha_j),

with d from the Gaussian's centre to the pixel's, and the pixel is sum_k T_k alpha_k colour_k. As in 3DGS
(arXiv 2308.04079), an alpha below 1/255 does not count, and a pixel ends before the Gaussian that would take T below
1e-4.

For each Gaussian and each row of pixels, the pixels that count are an interval, a span, found in closed form. All pairs
of all views are one list, span by span. A stable sort by pixel leaves those of a pixel in order of depth, and log T is
a running sum of log(1 - alpha) in float64 over the whole list, less its value where the pixel begins.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable

from potstill.scenes.projection import Splats

OPAQUE = 0.99
"""The largest alpha."""
FAINTEST = 1 / 255
"""The smallest alpha that counts."""
DARKEST = 1e-4
"""A pixel ends before its T falls below this."""
MOST_PAIRS = 4_000_000
"""Pairs at once, about 400 MB. More are composited in bands of rows, and once again for the gradient.

A row of pixels is not divided: one that needs more has more.
"""
_MOST_PIXELS = 1 << 16
"""Pixels at once: their numbers have 16 bits, which numpy sorts by radix, in linear time."""

Numbers = Int64[Tensor, " _"]
Reals = Float[Tensor, " _"]


class Items(NamedTuple):
    """Gaussians of all views that may count, from front to back; each field has a row for each."""

    number: Numbers
    """In the list of all views' Gaussians, view by view."""
    x: Reals
    """The centre, in pixels."""
    y: Reals
    conic: tuple[Reals, Reals, Reals]
    """xx, xy and yy."""
    variance: Reals
    """Along y."""
    opacity: Reals
    shades: tuple[Reals, Reals, Reals]
    """Red, green and blue."""


class Spans(NamedTuple):
    """Runs of pixels in one row for which one Gaussian counts, from front to back."""

    item: Numbers
    row: Numbers
    """Counted through all views."""
    dy: Reals
    """From the Gaussian's centre to the row's."""
    begin: Numbers
    """The first column."""
    size: Numbers
    """Pixels."""


class Pairs(NamedTuple):
    """The pairs of a band of rows, span by span."""

    span: Numbers
    pixel: Numbers
    """Within the band."""
    dx: Reals
    """From the Gaussian's centre to the pixel's."""
    alpha: Reals
    weight: Reals
    """T alpha; 0 where the pixel has ended."""
    order: Numbers
    """The pairs by pixel, then by depth."""
    counts: Numbers
    """Pairs of each pixel."""


def composite(
    splats: Splats, opacity: Float[Tensor, " n"], colour: Float[Tensor, "v n 3"], width: int, height: int
) -> tuple[Float[Tensor, "v 3 h w"], Float[Tensor, "v 1 h w"]]:
    """The pictures on black, and how opaque each pixel is, sum_k T_k alpha_k.

    Differentiable in centres, conics, opacities and colours.
    """
    blended = _Composite.apply(splats.centre, splats.conic, opacity, colour, splats, (width, height))
    blended = blended.reshape(4, len(colour), height, width).transpose(0, 1)  # type: ignore[union-attr]
    return blended[:, :3], blended[:, 3:]


class _Composite(torch.autograd.Function):
    """Red, green, blue and opacity of all pixels, [4, v h w]."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Tensor:
        """Band by band; a single band keeps its pairs for the gradient."""
        centre, _, opacity, colour, splats, (width, height) = inputs
        items = _items(splats, opacity, colour)
        spans = _spans(items, splats.visible.shape[1], width, height)
        bands = list(_bands(spans, len(colour) * height, width))
        out, pairs = centre.new_zeros(4, len(colour) * height * width), None
        for band in bands:
            part = _within(spans, band, len(bands))
            pairs = _pairs(items, part, band, width)
            target = out[:, band.start * width : band.stop * width]
            for channel, shade in enumerate(items.shades):
                shade = shade[part.item].index_select(0, pairs.span)
                target[channel].scatter_add_(0, pairs.pixel, pairs.weight * shade)
            target[3].scatter_add_(0, pairs.pixel, pairs.weight)
        ctx.rest = items, spans, bands, pairs if len(bands) == 1 else None, width, centre.shape[:2]
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """With respect to centres, conics, opacities and colours."""
        items, spans, bands, pairs, width, (views, count) = ctx.rest
        total = slope.new_zeros(9, len(items.number))
        for band in bands:
            part = _within(spans, band, len(bands))
            now = pairs or _pairs(items, part, band, width)
            total += _slopes(now, part, items, slope[:, band.start * width : band.stop * width])
        whole = slope.new_zeros(9, views * count)
        whole[:, items.number] = total
        moved = whole.T.reshape(views, count, 9)
        return moved[..., :2], moved[..., 2:5], moved[..., 5].sum(0), moved[..., 6:], None, None


def _items(splats: Splats, opacity: Float[Tensor, " n"], colour: Float[Tensor, "v n 3"]) -> Items:
    """Gaussians in front of a camera that are not too faint, by depth; those of one depth keep their order."""
    centre, covariance, conic, depth, visible = splats
    counted = (visible & (opacity >= FAINTEST)).flatten()
    number = counted.nonzero()[:, 0]
    number = number.index_select(0, depth.flatten().index_select(0, number).argsort(stable=True))
    x, y = centre.reshape(-1, 2)[number].unbind(1)
    xx, xy, yy = conic.reshape(-1, 3)[number].unbind(1)
    variance, shown = covariance[..., 2].flatten()[number], opacity[number % len(opacity)]
    red, green, blue = colour.reshape(-1, 3)[number].unbind(1)
    return Items(number, x, y, (xx, xy, yy), variance, shown, (red, green, blue))


def _spans(items: Items, count: int, width: int, height: int) -> Spans:
    """The spans of all Gaussians. At dy from the centre of a Gaussian, q <= reach where

    |dx + xy dy / xx| <= sqrt((reach - dy² / variance) / xx).
    """
    xx, xy, _ = items.conic
    reach = 2 * (items.opacity / FAINTEST).log()
    half = (reach * items.variance).sqrt()
    top, bottom = _inside(items.y - half, items.y + half, height)
    item = torch.repeat_interleave((bottom - top).clamp(min=0))
    begins = (bottom - top).clamp(min=0).cumsum(0) - (bottom - top).clamp(min=0)
    line = torch.arange(len(item)) - (begins - top)[item]
    dy = line + 0.5 - items.y[item]
    half = ((reach[item] - dy**2 / items.variance[item]).clamp(min=0) / xx[item]).sqrt()
    middle = items.x[item] - xy[item] * dy / xx[item]
    left, right = _inside(middle - half, middle + half, width)
    some = (right > left).nonzero()[:, 0]
    row = line + (items.number // count * height)[item]
    return Spans(*(each.index_select(0, some) for each in (item, row, dy, left, right - left)))


def _inside(low: Reals, high: Reals, side: int) -> tuple[Numbers, Numbers]:
    """The first pixel whose centre is from low to high, and the one after the last, within the picture."""
    first = (low - 0.5).ceil().clamp(0, side)
    return first.long(), torch.maximum((high + 0.5).floor().clamp(0, side), first).long()


def _bands(spans: Spans, rows: int, width: int) -> Iterator[slice]:
    """Bands of rows, none with more pairs or pixels than allowed, if it has more than one row."""
    pairs = torch.zeros(rows, dtype=torch.long).scatter_add_(0, spans.row, spans.size).tolist()
    start, size = 0, 0
    for row, more in enumerate(pairs):
        if row > start and (size + more > MOST_PAIRS or (row + 1 - start) * width > _MOST_PIXELS):
            yield slice(start, row)
            start, size = row, 0
        size += more
    yield slice(start, rows)


def _within(spans: Spans, band: slice, bands: int) -> Spans:
    """The spans of a band; all, if there is one."""
    if bands == 1:
        return spans
    some = ((spans.row >= band.start) & (spans.row < band.stop)).nonzero()[:, 0]
    return Spans(*(each.index_select(0, some) for each in spans))


def _pairs(items: Items, spans: Spans, band: slice, width: int) -> Pairs:
    """The pairs of the spans, with alpha and T."""
    xx, xy, yy = (each[spans.item] for each in items.conic)
    span = torch.repeat_interleave(spans.size)
    shift = spans.begin - (spans.size.cumsum(0) - spans.size)
    column = torch.arange(len(span)) + shift.index_select(0, span)
    dx = column + (0.5 - items.x[spans.item]).index_select(0, span)
    # log alpha = (-xx / 2 dx - xy dy) dx + (log opacity - yy dy² / 2), and the brackets belong to the span
    power = (-xx / 2).index_select(0, span).mul_(dx).sub_((xy * spans.dy).index_select(0, span)).mul_(dx)
    power += (items.opacity[spans.item].log() - yy * spans.dy**2 / 2).index_select(0, span)
    alpha = power.exp_().clamp_(max=OPAQUE)
    alpha = alpha.where(alpha >= FAINTEST, 0.0)
    pixel = column.add_((width * (spans.row - band.start)).index_select(0, span))
    order = torch.from_numpy(np.argsort(pixel.numpy().astype(np.uint16), kind="stable"))
    counts = torch.bincount(pixel, minlength=(band.stop - band.start) * width)
    sorted_alpha = alpha.index_select(0, order)
    seen = torch.log1p(-sorted_alpha).double().cumsum(0)
    after = (seen - _at_bounds(seen, counts, 0)).to(dx.dtype).exp_()
    weight = (sorted_alpha * after / (1 - sorted_alpha)).where(after >= DARKEST, 0.0)
    return Pairs(span, pixel, dx, alpha, torch.empty_like(weight).scatter_(0, order, weight), order, counts)


def _at_bounds(running: Reals, counts: Numbers, end: int) -> Reals:
    """For each pair, sorted by pixel, a running sum as it was before its pixel (end 0), or at the end of it (1)."""
    whole = torch.cat([running.new_zeros(1), running])
    bounds = counts.cumsum(0) - (0 if end else counts)
    return torch.repeat_interleave(whole.index_select(0, bounds), counts)


def _slopes(pairs: Pairs, spans: Spans, items: Items, slope: Float[Tensor, "4 pixels"]) -> Float[Tensor, "9 m"]:
    """The gradient with respect to centre, conic, opacity and colour of each Gaussian.

    With u = slope · (colour, 1), d / d alpha_k = T_k u_k - sum_{j > k} T_j alpha_j u_j / (1 - alpha_k).
    """
    span, pixel, dx, alpha, weight, order, counts = pairs
    shares, u = [], slope[3].index_select(0, pixel)
    for shade, each in zip(items.shades, slope, strict=False):
        here = each.index_select(0, pixel)
        u = u + here * shade[spans.item].index_select(0, span)
        shares.append(_sums(weight * here, span, len(spans.item)))
    pulled = weight * u
    running = pulled.index_select(0, order).double().cumsum(0)
    behind = (_at_bounds(running, counts, 1) - running).to(dx.dtype)
    behind = torch.empty_like(behind).scatter_(0, order, behind)
    power = (pulled - behind * alpha / (1 - alpha)).where((weight > 0) & (alpha < OPAQUE), 0.0)
    zeroth = _sums(power, span, len(spans.item))
    power *= dx
    first = _sums(power, span, len(spans.item))
    second = _sums(power.mul_(dx), span, len(spans.item))
    (xx, xy, yy), dy = (each[spans.item] for each in items.conic), spans.dy
    parts = [
        xx * first + xy * dy * zeroth,
        xy * first + yy * dy * zeroth,
        -second / 2,
        -dy * first,
        -(dy**2) * zeroth / 2,
        zeroth / items.opacity[spans.item],
        *shares,
    ]
    return torch.stack([_sums(part, spans.item, len(items.number)) for part in parts])


def _sums(values: Reals, group: Numbers, groups: int) -> Reals:
    """The sum of the values of each group."""
    return values.new_zeros(groups).scatter_add_(0, group, values)
