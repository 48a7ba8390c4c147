"""The bundled text-to-emoji model: its data, its training and its export, read in the order of the page.

`icons` (the list of emoji) · `data` (download and draw them) · `captions` · `heldout` (the held-out list) · `compose`
(images of a batch) · `model` (the networks) · `loss` · `batches` · `settings` · `checkpoint` · `log` · `train` · `gpu`
· `sheet` (samples) · `export` (the folder that ships) · `measure` · `curve` · `card`.
"""
