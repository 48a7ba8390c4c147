"""Toys by rule: small coloured objects made of parts, and their pictures from any camera."""
