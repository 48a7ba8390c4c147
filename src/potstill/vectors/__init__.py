"""Vectors: drawings as lists of numbers, and their differentiable render, on torch alone."""

from potstill.vectors.renderer import Renderer
from potstill.vectors.sketch import Flat, Gradient, Layer, Outline, Shape, Sketch, Still, Stroke

__all__ = ["Flat", "Gradient", "Layer", "Outline", "Renderer", "Shape", "Sketch", "Still", "Stroke"]
