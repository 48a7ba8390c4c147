"""The files that a command writes under one name: `edit.png`, `edit.json` and `edit.gif`, or those of a folder."""

import abc
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from potstill.errors import InputError

STEM = 80
"""The most characters of a file name that is made from a label."""


@dataclass(frozen=True)
class Outputs(abc.ABC):
    """The files that are written under one name."""

    path: Path
    """The name: that of the main file, or of the folder."""
    names: tuple[str, ...]
    """What `member` takes, for each file that is or may be written."""
    checkpoint_name: str = ""
    """The same for the checkpoint, if there may be one."""

    @abc.abstractmethod
    def member(self, name: str) -> Path:
        """A file of the family."""

    @abc.abstractmethod
    def numbered(self, number: int) -> "Outputs":
        """The same files under the name with that number.

        Raises:
            InputError: the name cannot be numbered.
        """

    @property
    @abc.abstractmethod
    def folder(self) -> Path:
        """The folder that all files are in."""

    @property
    @abc.abstractmethod
    def lock(self) -> Path:
        """The file that is locked while a run has this name."""

    @property
    def checkpoint(self) -> Path:
        """The path of the checkpoint."""
        return self.member(self.checkpoint_name)

    def files(self) -> list[Path]:
        """Every file of the family, the checkpoint last."""
        return [self.member(name) for name in (*self.names, *filter(None, [self.checkpoint_name]))]


@dataclass(frozen=True)
class FileOutputs(Outputs):
    """Files side by side: the names are what follows the stem, `.json` or `-preview.png`.

    Raises:
        InputError: the path names no file.
    """

    def __post_init__(self) -> None:
        """Check the path."""
        if not self.path.name:
            raise InputError(f"cannot write {str(self.path)!r}: it is a folder; name a file in it")

    def member(self, name: str) -> Path:
        """The stem and what follows it."""
        return self.path.with_name(f"{self.path.stem}{name}")

    def numbered(self, number: int) -> "FileOutputs":
        """edit-2.png for edit.png."""
        return replace(self, path=self.path.with_stem(f"{self.path.stem}-{number}"))

    @property
    def folder(self) -> Path:
        """Where the main file is."""
        return self.path.parent

    @property
    def lock(self) -> Path:
        """Hidden, beside the files."""
        return self.member(".lock").with_name(f".{self.path.stem}.lock")


@dataclass(frozen=True)
class FolderOutputs(Outputs):
    """Files in a folder.

    Raises:
        InputError: the name is that of a picture, and no such folder exists.
    """

    def __post_init__(self) -> None:
        """Check the name."""
        if self.path.suffix.lower() in (".png", ".gif", ".json") and not self.path.is_dir():
            raise InputError(f"{str(self.path)!r} is to be a folder of several files: leave {self.path.suffix} out")

    def member(self, name: str) -> Path:
        """A file of the folder."""
        return self.path / name

    def numbered(self, number: int) -> "FolderOutputs":
        """world-moons-2 for world-moons."""
        if self.path.name in ("", ".."):
            raise InputError(
                f"{str(self.path)!r} holds results already, or another run is writing there: give another --out, or "
                "--overwrite to replace them"
            )
        return replace(self, path=self.path.with_name(f"{self.path.name}-{number}"))

    @property
    def folder(self) -> Path:
        """The folder itself."""
        return self.path

    @property
    def lock(self) -> Path:
        """In the folder."""
        return self.path / ".lock"


def pictures(path: Path, count: int = 1, checkpoint_name: str = "", name: str = "--out") -> FileOutputs:
    """The outputs of a run: a PNG or several numbered ones, and all that may be written beside them.

    Raises:
        InputError: the path does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise InputError(f"{name} {str(path)!r} must end in .png")
    several = [f"-{index + 1}{path.suffix}" for index in range(count if count > 1 else 0)]
    beside = (".json", ".gif", ".safetensors", f"-preview{path.suffix}")
    return FileOutputs(path, (path.suffix, *beside, *several), checkpoint_name)


def plain_names(labels: Sequence[str]) -> dict[str, str]:
    """A stem for the file of each label: letters, digits, - and ., of limited length, no two alike in any case."""
    names: dict[str, str] = {}
    for label in labels:
        stem = "".join(c if c.isalnum() or c in "-." else "_" for c in label)[:STEM]
        choices = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
        used = {name.casefold() for name in names.values()}
        names[label] = next(name for name in choices if name.casefold() not in used)
    return names
