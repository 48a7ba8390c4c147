"""What one visitor may ask for, so that a page serves many; the page states these numbers."""

POINTS = 1000
"""Points that move in a panel."""
CENTRES = 1000
"""Points that are drawn or uploaded."""
PANELS = 4
"""Methods side by side."""
STEPS = 5000
"""Steps of a run on points."""
EDIT_STEPS = 400
"""Steps of an edit of a picture or a drawing, and of a run on a scene."""
NUMBERS = 20_000
"""Numbers of a drawing: coordinates, colours, widths."""
GAUSSIANS = 10_000
"""Gaussians of a scene."""
SCENE = {"steps": 150, "size": 32}
"""What a run on a scene takes where its visitor states nothing: about 15 seconds, instead of minutes."""
VIEW = 192
"""Pixels along the side of a view of a scene."""
UPLOAD = 5_000_000
"""Bytes of an uploaded file."""
RUNS = 100
"""Runs that are kept at once; beyond that, the one that was silent longest is dropped."""
SILENCE = 600.0
"""Seconds without a question after which a run is dropped."""
PATIENCE = 30.0
"""Seconds that a question waits for its turn."""
SHARE = 0.08
"""Seconds of computing for one question."""
