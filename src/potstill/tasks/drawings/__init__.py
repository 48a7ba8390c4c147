"""Drawings (SVG): edited, generated and compared."""
