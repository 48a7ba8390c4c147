"""Vectors: drawings as lists of numbers, and their differentiable render, on torch alone."""

from potstill.vectors.renderer import Renderer
from potstill.vectors.sketch import Fixed, Flat, Gradient, Layer, Outline, Shape, Sketch, Stroke

__all__ = ["Fixed", "Flat", "Gradient", "Layer", "Outline", "Renderer", "Shape", "Sketch", "Stroke"]
