"""The bundled text-to-emoji model: its data, its training and its export, read in the order of the page.

`icons` (which emoji) · `data` (fetch and draw them) · `captions` (what they are called) · `heldout` (what is
kept back) · `compose` (pictures of a batch) · `model` (the networks) · `loss` · `checkpoint` · `train` ·
`sheet` (look at it) · `export` (the folder that ships) · `measure` · `curve` · `card`.
"""
