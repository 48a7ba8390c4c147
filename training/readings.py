"""Write the tables of what people call the drawings, in English and Korean, from Unicode's CLDR and two lists.

Also the list of drawings that are never shown in another colour, so that a prompt that asks for one gets a warning.

    python -m training.readings

The short names of the emoji in the annotations of CLDR (https://cldr.unicode.org, Unicode-3.0) are names of their
drawings, in the English of five countries and in Korean. Its keywords say what an emoji is used for ("dress: fashion"),
so those that are names are chosen by hand, in `names_en.txt` and `names_ko.txt`; what these hold comes first.
`potstill.priors.reading` reads the tables.
"""

import json
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tyro

from potstill.io.files import write
from potstill.priors import reading
from potstill.priors.emoji_names import TABLE, bare
from potstill.priors.reading.lexicon import NEAR, listed
from potstill.priors.reading.training import FIXED
from potstill.priors.reading.words import written
from training.captions import noun, subject
from training.compose import known
from training.data import Drawings, load
from training.icons import concepts

PACKAGE = "cldr-annotations-full@48.2.0"
LOCALES = {"en": ("en", "en-001", "en-GB", "en-AU", "en-CA"), "ko": ("ko",)}
_REFUSED = "!"  # a name of CLDR that would mislead
Names = dict[str, list[str]]


@dataclass(frozen=True)
class Readings:
    """Input and output."""

    folder: Path = Path("build/emoji")
    """Folder of the annotations, which are downloaded once."""
    out: Path = Path(reading.__file__).parent
    """The folder of the tables."""


def chosen(language: str) -> Names:
    """The names in the list of a language, by the model's name."""
    lines = Path(__file__).with_name(f"names_{language}.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split(":") for line in lines if line.strip() and not line.startswith("#")]
    return {_plain(name): listed(said) for name, said in pairs}


def short_names(annotations: Iterable[Mapping[str, Mapping[str, list[str]]]], composed: bool) -> Names:
    """The short names of each drawing, from the annotations of some locales.

    Args:
        annotations: what CLDR says of each emoji.
        composed: leave those of a drawing with a colour in its name out; they are a colour and a name.
    """
    characters: dict[str, str] = json.loads(TABLE.read_text(encoding="utf-8"))
    coloured = {subject(concept) for concept in concepts() if composed and noun(concept) != subject(concept)}
    found: Names = {}
    for locale in annotations:
        for emoji, about in locale.items():
            name = characters.get(bare(emoji))
            if name and name not in coloured:
                found.setdefault(_plain(name), []).extend(map(_plain, about.get("tts", [])))
    return found


def table(chosen: Names, short: Names) -> Names:
    """All names of each drawing: those of the list, then the short ones that belong to one drawing only.

    Raises:
        ValueError: the list names what is no drawing, or has a name twice.
    """
    own = [*dict.fromkeys(map(_plain, [*map(subject, concepts()), *map(noun, concepts())]))]
    if strange := chosen.keys() - {*own}:
        raise ValueError(f"the list has names for {sorted(strange)}, which the model does not draw")
    said = [name.strip(NEAR) for names in chosen.values() for name in names if not name.startswith(_REFUSED)]
    if twice := {name for name in said if said.count(name) > 1}:
        raise ValueError(f"the list has {sorted(twice)} twice: choose one meaning")
    joined = {name.replace(" ", "") for name in said}  # spaces do not count in Korean
    owners: dict[str, set[str]] = {}
    for drawing, names in short.items():
        for name in names:
            owners.setdefault(name, set()).add(drawing)
    found: Names = {}
    for drawing in own:
        listed = chosen.get(drawing, [])
        refused = {name.strip(_REFUSED + NEAR) for name in listed}
        names = [name for name in listed if not name.startswith(_REFUSED)]
        for name in dict.fromkeys(short.get(drawing, [])):
            if name not in {*refused, *own} and name.replace(" ", "") not in joined and len(owners[name]) == 1:
                names.append(name)
        found[drawing] = names
    return found


def fixed(drawings: Drawings) -> list[str]:
    """The things that no style shows in another colour, but for those that exist in colours of their own."""
    shown: dict[str, bool] = {}
    for icon in known():
        name = noun(icon.concept)
        own = name != subject(icon.concept)
        shown[name] = shown.get(name, False) or own or bool(drawings.colours.get(icon))
    return sorted(name for name, coloured in shown.items() if not coloured)


def _plain(name: str) -> str:
    """A name as the words of a prompt: without case, hyphens and articles."""
    return " ".join(written(name))


def main(readings: Readings) -> None:
    """Download, write and count."""
    folder = readings.folder / "packs"
    archive = folder / f"{PACKAGE.replace('@', '-')}.tgz"
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(archive) as tar:
        for language, locales in LOCALES.items():
            paths = [f"package/annotations/{locale}/annotations.json" for locale in locales]
            annotations = [json.load(tar.extractfile(path))["annotations"]["annotations"] for path in paths]
            found = table(chosen(language), short_names(annotations, composed=language == "ko"))
            lines = [
                f"{json.dumps(name)}: {json.dumps(', '.join(names), ensure_ascii=False)}"
                for name, names in found.items()
            ]
            write(readings.out / f"things_{language}.json", ("{\n" + ",\n".join(lines) + "\n}\n").encode())
            print(f"{sum(map(len, found.values()))} names of {len(found)} drawings in {language}")
    names = fixed(load(readings.folder / "icons.safetensors"))
    write(readings.out / FIXED.name, (json.dumps(names, indent=0) + "\n").encode())
    print(f"{len(names)} drawings in their own colours alone")


if __name__ == "__main__":
    main(tyro.cli(Readings, description=__doc__))
