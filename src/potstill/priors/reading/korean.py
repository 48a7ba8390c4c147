"""Korean: the words of a caption's parts, and how one is found in words with particles, with or without spaces."""

import difflib
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product

from potstill.priors.reading.lexicon import Item, Lexicon, entries, item, parsed, things

_WORDS = """
c white: 하얀, 흰, 흰색, 하얀색, 하양, 하양색, 흰빛, 화이트
c grey: 회색, 잿빛, 회색빛, 그레이, ~은색
c black: 검은, 검정, 검은색, 검정색, 까만, 까만색, 까망, 새까만, 블랙
c red: 빨간, 빨강, 빨간색, 빨강색, 붉은, 붉은색, 새빨간, 빨간빛, 붉은빛, 레드, ~다홍색, ~진홍색
c orange: 주황, 주황색, 주황빛, 오렌지색, 오렌지빛, ~주홍색
c yellow: 노란, 노랑, 노란색, 노랑색, 노란빛, 샛노란, 옐로, 옐로우, ~금색, ~황금색
c green: 초록, 초록색, 녹색, 초록빛, 그린, ~연두색, ~연두, ~초록빛깔
c turquoise: 청록, 청록색, 터키색, 청록빛, ~옥색, ~민트색, ~터키석색
c blue: 파란, 파랑, 파란색, 파랑색, 파란빛, 새파란, 청색, 블루, ~푸른, ~푸른색, ~남색, ~하늘색
c purple: 보라, 보라색, 보랏빛, 보라빛, 퍼플, ~자주색, ~연보라색, ~자색
c pink: 분홍, 분홍색, 분홍빛, 핑크, 핑크색, 핑크빛, ~연분홍색, ~진분홍색
c brown: 갈색, 밤색, 갈색빛, 브라운, ~고동색, ~베이지색
s small: 작은, 조그만, 조그마한, 자그마한, 작은크기, 쪼그만, 작게
s medium: 중간크기, 보통크기, 중간사이즈, 중간
s big: 큰, 커다란, 큰크기, 커다랗게, 크게, ~거대한
y fluent: 플루언트, 플루언트스타일, 플루언트풍, 플루언트이모지
y noto: 노토, 노토스타일, 노토풍, 노토이모지
b background: 배경, 배경색, 바탕, 바탕색, 배경위, 바탕위, 배경앞, 배경속
d and: 그리고, 옆, 바로옆, 곁, 및
g : 있는, 놓인, 그려진, 있다, 있어요, 있습니다, 있고, 위치한, 된, 한개, 하나, 한마리, 한명
g : 나란히, 앉아, 앉은, 앉아있는, 서
g : 그림, 사진, 이미지, 이모지, 아이콘
g : 구석, 모서리, 코너, 귀퉁이, 그려줘, 그려주세요, 그려, 쪽, 색, 인, 이다, 입니다, 칠한, 가진
w : 두개, 세개, 네개, 다섯개, 여러개, 두마리, 세마리, 두명, 세명
"""
_PLACES = {
    "middle": ("가운데", "한가운데", "중앙", "정가운데", "정중앙"),
    "left": ("왼쪽", "왼편", "좌측", "맨왼쪽"),
    "right": ("오른쪽", "오른편", "우측", "맨오른쪽"),
    "top": ("위", "위쪽", "윗쪽", "위편", "맨위", "상단", "위측"),
    "bottom": ("아래", "아래쪽", "아랫쪽", "아래편", "맨아래", "하단", "밑", "맨밑", "밑쪽"),
}
_TONES = {
    "light": ("밝은", "하얀", "흰"),
    "medium light": ("약간밝은", "조금밝은", "연한갈색"),
    "medium": ("중간톤", "중간", "보통", "갈색"),
    "medium dark": ("약간어두운", "조금어두운", "진한갈색"),
    "dark": ("어두운", "검은", "검은색"),
}
_SKIN = ("{}피부", "{}피부톤", "피부가{}", "피부색이{}")
_AFTER_CONSONANT = ("이", "은", "을", "과", "이랑", "으로", "이고")
_AFTER_VOWEL = ("가", "는", "를", "와", "랑", "고")
_ANY = ("의", "에", "에는", "에서", "하고", "도", "만", "로", "인", "입니다", "이다")
_PARTICLES = sorted({*_AFTER_CONSONANT, *_AFTER_VOWEL, *_ANY}, key=len, reverse=True)
_JOINING, _TOPIC = ("와", "과", "랑", "이랑", "하고"), ("이", "가", "은", "는")
_LONGEST = 7  # words of a name


@cache
def lexicon() -> Lexicon:
    """All words and names, without spaces."""
    found = things("ko").items()
    names = entries("n", {thing: [name.replace(" ", "") for name in said] for thing, said in found})
    return {**names, **_places(), **_skin(), **parsed(_WORDS)}


def is_korean(word: str) -> bool:
    """Whether a word has a Hangul syllable."""
    return any("가" <= letter <= "힣" for letter in word)


def similar_names(word: str, count: int) -> list[str]:
    """The names and other words most similar to a Korean word, by their letters; none for other scripts."""
    if not is_korean(word):
        return []
    plain = word.replace(" ", "")
    stem = min((stem for stem, _ in _stems(plain)), key=len)
    spelled = {unicodedata.normalize("NFD", name): name for name, kind in lexicon().items() if kind[0] in "ncspty"}
    found = difflib.get_close_matches(unicodedata.normalize("NFD", stem), spelled, n=count, cutoff=0.6)
    return [spelled[name] for name in found]


def match(tokens: Sequence[str]) -> tuple[int, list[Item]]:
    """The longest name at the beginning of the words: how many it takes, and what it is, with what a particle says."""
    for length in range(min(_LONGEST, len(tokens)), 0, -1):
        word, spaced = "".join(tokens[:length]), " ".join(tokens[:length])
        if found := _parts(word):
            said = spaced[: len(spaced) - len(word) + len(found[0].said)]  # without the particle
            first = found[0]._replace(said=said, words=said if found[0].kind == "w" else found[0].words)
            return length, [first, *found[1:]]
    return 1, _compound(tokens[0]) or [Item("w", tokens[0], tokens[0])]


def _parts(word: str) -> list[Item]:
    """A name, and what its particle says: "and", or that the subject ends here."""
    known = lexicon()
    for stem, particle in _stems(word):
        if found := item(known, stem):
            if found.kind == "b" and particle in _TOPIC:
                return [found._replace(kind="k")]
            if found.kind == "n" and particle in (*_JOINING, *_TOPIC):
                return [found, Item("d", "and") if particle in _JOINING else Item("j", "")]
            return [found]
    return []


def _compound(word: str) -> list[Item]:
    """A colour, size or place, and what follows without a space, as in 빨간사과."""
    for cut in range(len(word) - 1, 0, -1):
        first = item(lexicon(), word[:cut])
        if first and first.kind in "csp" and (rest := _parts(word[cut:]) or _compound(word[cut:])):
            return [first, *rest]
    return []


def _stems(word: str) -> Iterator[tuple[str, str]]:
    """The word, and what is left of it without each particle that it may end with."""
    yield word, ""
    for particle in _PARTICLES:
        stem = word.removesuffix(particle)
        if stem in ("", word):
            continue
        if particle in _ANY or particle in (_AFTER_CONSONANT if ends_in_consonant(stem) else _AFTER_VOWEL):
            yield stem, particle


def ends_in_consonant(word: str) -> bool:
    """Whether the last syllable is closed, which decides between 은 and 는, 과 and 와."""
    last = ord(word[-1]) - ord("가")
    return 0 <= last < 11172 and last % 28 > 0


def _places() -> Lexicon:
    """Places, and two of them in either order."""
    corners = {
        f"{upright} {across}": [
            pair for one, other in product(_PLACES[upright], _PLACES[across]) for pair in (one + other, other + one)
        ]
        for upright, across in product(("top", "bottom"), ("left", "right"))
    }
    return entries("p", {**_PLACES, **corners})


def _skin() -> Lexicon:
    """Skin tones."""
    said = {tone: [form.format(name) for name in names for form in _SKIN] for tone, names in _TONES.items()}
    return entries("t", {f"{tone} skin": names for tone, names in said.items()})
