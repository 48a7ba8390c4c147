"""potstill edit and generate on drawings."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from potstill.cli.compare import ComparisonCommand
from potstill.cli.output import Model, RunCommand, RunOutput
from potstill.io.outputs import FileOutputs
from potstill.tasks.drawings.comparing import CompareDrawings
from potstill.tasks.drawings.editing import EditDrawing
from potstill.tasks.drawings.generating import GenerateDrawing
from potstill.tasks.files.drawings import drawing_outputs
from potstill.tasks.runs.checkpoint import ENDING
from potstill.tasks.settings.schema import Positional


@dataclass(frozen=True)
class DrawingOutput(RunOutput):
    """The output and where it is written."""

    out: Path
    """The SVG to write; without an ending, .svg is added. A PNG and a JSON file are written beside it. If a file of
    that name exists, the next free name is taken, such as edit-2.svg."""

    def outputs(self, count: int) -> FileOutputs:
        """All that may be written.

        Raises:
            InputError: `out` is no SVG.
        """
        return drawing_outputs(self.out, ENDING)

    def completed(self, task: Any) -> RunOutput:
        """With the ending of drawings."""
        out = self.out
        return replace(self, out=out.with_name(f"{out.name}.svg") if out.name and not out.suffix else out)


@dataclass(frozen=True, kw_only=True)
class EditDrawingCommand(RunCommand):
    """Edit an SVG with two prompts: one describes the drawing, the other what it should become.

    What comes out is the same file with new numbers: elements, ids, groups and their order stay, and what did not
    change keeps its bytes. What the prompts have in common is kept, so write them alike except for the change.

        potstill edit heart.svg --source "fluent red heart" --target "fluent blue heart"
        potstill edit face.svg --source "cat face" --target "dog face" --only "#ears" --change points

    Writes the SVG, a PNG of it, and a JSON file with the settings and the numbers of every step. The SVG (in
    <metadata>) and the PNG carry all settings: `potstill replay` runs them again.
    """

    drawing: Positional[Path]
    """The SVG. Text, pictures, filters and masks in it stay as they are."""
    task: EditDrawing
    mask: Path | None = None
    """A picture of the page, white where to edit: shapes that lie within the white may change."""
    model: Model = Model()
    output: DrawingOutput = field(default_factory=lambda: DrawingOutput(Path("edit")))


@dataclass(frozen=True, kw_only=True)
class GenerateDrawingCommand(RunCommand):
    """Generate an SVG from a prompt: random closed paths, or strokes, that become what the prompt says.

        potstill generate "fluent red heart" --scene paths --paths 16
        potstill generate "fluent red heart" --scene strokes --strokes 64

    Writes the SVG, a PNG of it, and a JSON file with the settings and the numbers of every step. The SVG (in
    <metadata>) and the PNG carry all settings: `potstill replay` runs them again.
    """

    task: GenerateDrawing
    model: Model = Model()
    output: DrawingOutput = field(default_factory=lambda: DrawingOutput(Path("generate")))


@dataclass(frozen=True, kw_only=True)
class CompareDrawingsCommand(ComparisonCommand):
    """Run several methods on drawings from the same start and show the results side by side.

    With an SVG the methods edit it; without one they generate --prompt.

        potstill compare heart.svg --source "fluent red heart" --target "fluent blue heart" --methods infedit dds
        potstill compare --prompt "fluent red heart" --scene paths

    Writes compare.png (the source, the results and where they differ from it), compare.gif (the runs), compare.json
    (settings and numbers), and each result as an SVG that can be replayed.
    """

    drawing: Positional[Path | None] = None
    """The SVG to edit. Without one, --prompt is generated."""
    task: CompareDrawings
    mask: Path | None = None
    """A picture of the page, white where to edit: shapes that lie within the white may change."""
    model: Model = Model()
