"""The Korean letters of the page as a small font, for machines that have none: they are part of its own texts alone.

    python -m documentation.page_font /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

needs fontTools and brotli, and a font of Noto Sans CJK (SIL Open Font License 1.1), whose licence stays in the names of
the font that is written.
"""

import sys
from pathlib import Path

from potstill.web.note_texts import NOTE_TEXTS
from potstill.web.page import KOREAN
from potstill.web.texts import TEXTS


def letters() -> set[str]:
    """All letters of the Korean texts that are not Latin."""
    return {letter for _, korean in (*TEXTS.values(), *NOTE_TEXTS) for letter in korean if ord(letter) > 0x2FF}


def write(font: str, out: Path = KOREAN) -> None:
    """Cut the letters out of a font."""
    from fontTools.subset import Options, Subsetter, save_font
    from fontTools.ttLib import TTCollection

    found = next(each for each in TTCollection(font).fonts if "KR" in each["name"].getDebugName(4))
    subsetter = Subsetter(Options(layout_features=[], hinting=False, desubroutinize=True, name_IDs=[0, 7, 13, 14]))
    subsetter.populate(unicodes=[ord(letter) for letter in letters()])
    subsetter.subset(found)
    save_font(found, str(out), Options(flavor="woff2"))
    print(f"{out}: {out.stat().st_size:,} bytes, {len(letters())} letters")


if __name__ == "__main__":
    write(sys.argv[1])
