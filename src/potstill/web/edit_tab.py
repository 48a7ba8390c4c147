"""What the tabs Pictures and Drawings share: a file that is edited by several methods."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from potstill.errors import InputError
from potstill.tasks.files.provenance import read_record
from potstill.tasks.runs.run import Result
from potstill.tasks.settings.parsing import to_text
from potstill.tasks.subjects import subject_of_record
from potstill.web import limits
from potstill.web.calls import Answer, Question, decoded, encoded, question, uploaded
from potstill.web.runs import TURNS, Runs
from potstill.web.watching import BeginTask, TakeFile, Visit, Watched, following, model, name_of, noted, total_steps


@dataclass(frozen=True, eq=False)
class EditTab:
    """A tab in which files of one kind are edited."""

    name: str
    task: Any
    """The class of the edit."""
    methods: Callable[[], Mapping[str, Any]]
    """Those on offer, by name."""
    file: Callable[[Result], bytes]
    """The file of a result."""
    ending: str
    """Of its name."""
    runs: Runs[Visit] = field(default_factory=Runs)

    def choices(self) -> Answer:
        """What the controls offer, and where they stand at first."""
        return {
            "methods": [*self.methods()],
            "first": name_of(self.task.method, self.methods()),
            "begin": {"guidance_scale": self.task.default_guidance_scale, "seed": self.task.seed},
            "limits": {"panels": limits.PANELS, "steps": limits.EDIT_STEPS},
        }

    def found(self, data: str) -> Answer:
        """The settings in an uploaded file of potstill, as the page states them; nothing for any other file."""
        name = f"{self.name.removesuffix('s')}{self.ending}"
        try:
            with uploaded(decoded(data, name), name) as path:
                record = read_record(path)
        except InputError as error:
            if "holds no settings" in str(error):
                return {"settings": None}
            raise
        if subject_of_record(record).task(record["command"]) is not self.task:
            return {"settings": None}
        task = self.task.from_record(record)
        method = {to_text(value): name for name, value in self.methods().items()}.get(to_text(task.method))
        stated = {name: getattr(task, name) for name in ("source", "target", "steps", "seed")}
        return {"settings": stated | {"guidance_scale": task.scale, "method": method}, "text": to_text(task.method)}

    def begin(self, settings: BeginTask, inputs: Mapping[str, Any], **stated: Any) -> Answer:
        """Be ready for the first step of every method."""
        prompts = {"source": settings.source, "target": settings.target}
        with TURNS.turn(), noted() as notes:
            tasks = settings.tasks(self.task, self.methods(), limits.EDIT_STEPS, **prompts, **stated)
            started = {name: (task.start(inputs, model()), total_steps(task)) for name, task in tasks.items()}
        runs = [Watched(name, run, total, run.preview) for name, (run, total) in started.items()]
        before = runs[0].run.source
        assert before is not None
        visit = Visit(runs, notes, lambda: before)
        return {"run": self.runs.add(visit, settings.run), **visit.whole()}

    def questions(self) -> tuple[Question, Question, Question]:
        """The questions about a run: `<tab>_find`, `<tab>_advance` and `<tab>_take`."""

        def take(settings: TakeFile) -> Answer:
            """The result of a method as it is, with its settings inside."""
            watched = self.runs.get(settings.run).run(settings.index)
            with TURNS.turn():
                return encoded(self.file(watched.result()), f"{watched.name}{self.ending}")

        take.__name__ = f"{self.name}_take"
        return *following(self.name, self.runs), question(TakeFile)(take)
