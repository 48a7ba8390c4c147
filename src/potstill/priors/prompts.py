"""What a model reads of a prompt: words that its tokenizer does not know, notation of other programs, its limit."""

import difflib
import unicodedata
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from potstill.errors import InputError
from potstill.priors.emoji_names import similar
from potstill.priors.notation import notation, without_notation
from potstill.priors.reading import STYLES, Reading, read
from potstill.priors.reading.korean import similar_names
from potstill.priors.reading.words import split, without_accents

LONGEST = 5_000
"""The most characters of a prompt; models read fewer than 3,000."""
_SHOWN = 6  # unknown words


class PromptWarning(UserWarning):
    """Part of a prompt has no effect on the model."""


def check_prompt(prompt: str, name: str = "prompt") -> None:
    """Refuse prompts with control characters or unpaired surrogates, and very long ones.

    Raises:
        InputError: a character of Unicode's categories Cc or Cs that is not a space, or over 5,000 characters.
    """
    if len(prompt) > LONGEST:
        raise InputError(f"the {name} has {len(prompt):,} characters: write at most {LONGEST:,}, models read far fewer")
    if odd := next((c for c in prompt if unicodedata.category(c) in ("Cc", "Cs") and not c.isspace()), None):
        shown = prompt if len(prompt) <= 60 else f"{prompt[:57]}..."
        raise InputError(f"the {name} {shown!r} holds {odd!r}, which is not text: leave it out")


class PromptReader:
    """What the tokenizers of a model read of prompts."""

    def __init__(self, tokenizers: Sequence[tuple[Any, int]]) -> None:
        """With the number of tokens that the encoder of each tokenizer takes."""
        self.tokenizers = tokenizers
        self.words = words(tokenizers[0][0]) if tokenizers else []
        """The vocabulary, if tokens are words, as in the bundled model; else empty."""

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that a prompt can name, for the bundled model."""
        return STYLES if {*STYLES} <= self._known else ()

    def read(self, prompt: str) -> Reading:
        """The words that a model of words gets."""
        return reading(self.words, prompt)

    def read_as(self, prompt: str) -> str:
        """What a prompt is read as, if that differs in more than case, articles and punctuation; else empty."""
        if not self.words:
            return ""
        found = self.read(prompt).words
        return " ".join(found) if found != tuple(split(prompt)) else ""

    def plain(self, prompt: str) -> str:
        """What the tokenizers get of a prompt: the prompt itself, or, where tokens are words, what it is read as."""
        if not self.words:
            return prompt
        spelled = [self._spelling(word) for word in self.read(prompt).words]
        return " ".join(word or self.tokenizers[0][0].unk_token for word in spelled)

    def check(self, prompt: str) -> None:
        """Warn of what the model does not read of a prompt, and refuse a prompt of which it reads nothing.

        It warns of unknown words, with similar known ones, of words read as near ones, of what the model was not
        trained on, of the notation of other programs, and of text beyond the token limit; in one line each.

        Raises:
            InputError: as `check_prompt`; nothing of the prompt is understood.
        """
        check_prompt(prompt)
        if not prompt.strip():
            return
        for warning in self._warnings(prompt):
            warnings.warn(warning, PromptWarning, stacklevel=3)

    def same(self, source: str, target: str) -> InputError:
        """The error for two prompts that differ in what the model does not read."""
        these = f"source {_short(source)!r} and target {_short(target)!r} are the same to the model"
        if self.words:
            known = " ".join(word for word in self.read(target).words if self._spelling(word))
            return InputError(f"{these}, which reads {known!r} in both: name the change in words; {_LIST}")
        if any(self._cut(source) + self._cut(target)):
            most = max(limit for _, limit in self.tokenizers)
            return InputError(f"{these}, which reads {most} tokens of each: put what changes at the beginning")
        return InputError(f"{these}, which turns both into the same tokens: name the change in other words")

    def _warnings(self, prompt: str) -> Iterator[str]:
        if not self.tokenizers:
            yield f"the model reads no text, so {prompt!r} changes nothing"
            return
        plain = without_notation(prompt)
        found = self.read(plain)
        strange = [word for word in found.words if not self._spelling(word)] if self.words else []
        unknown = {word: neighbours(word, self.words) for word in strange}
        if not self._understood(plain):
            raise InputError(f"the model understands nothing of {_short(prompt)!r}{self._remedy(unknown)}")
        if advice := notation(prompt):
            yield advice
        if unknown:
            yield f"the model does not know {_listed(unknown)}"
        if found.near:
            yield f"the model reads {', '.join(f'{said!r} as {meant!r}' for said, meant in found.near)}"
        if found.untrained:
            asked = ", and ".join(found.untrained)
            yield f"the model has not been trained on {asked}: the result may be wrong"
        if cut := min(self._cut(prompt), key=len):
            yield f"the prompt is too long; the model does not read {cut!r}"

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.words)

    def _spelling(self, word: str) -> str:
        """The word, or the word without accents, whichever is known; else empty."""
        if word in self._known:
            return word
        plain = without_accents(word)
        return plain if plain in self._known else ""

    def _understood(self, prompt: str) -> bool:
        """Whether a prompt has a token that is neither special nor for what is unknown."""
        plain = self.plain(prompt)
        return any(
            tokenizer.decode(_ids(tokenizer, plain), skip_special_tokens=True).strip()
            for tokenizer, _ in self.tokenizers
        )

    def _cut(self, prompt: str) -> list[str]:
        """The text beyond the limit of each tokenizer, the last token of which marks the end."""
        plain, found = self.plain(prompt), []
        for tokenizer, limit in self.tokenizers:
            ids = _ids(tokenizer, plain)
            beyond = ids[limit - 1 :] if len(ids) > limit else []
            found.append(tokenizer.decode(beyond, skip_special_tokens=True).strip() if beyond else "")
        return found

    def _remedy(self, unknown: Mapping[str, Sequence[str]]) -> str:
        """What to do about a prompt of which nothing is understood."""
        if not self.words:
            return ": describe the image in words, in the language that the model was trained on"
        close = next(iter(unknown.values()), ())
        hint = f" {_did_you_mean(close, '')}" if all(unknown.values()) and close else ""
        if not _reads_captions(self.words):
            return f":{hint or ' use English words;'} `potstill vocabulary` lists those of a --model"
        return f":{hint or ' use English or Korean words, or emoji;'} {_LIST}"


def _ids(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text, truncation=False, verbose=False).input_ids


def words(tokenizer: Any) -> list[str]:
    """The vocabulary of a tokenizer whose tokens are words, sorted; empty for any other."""
    if type(getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None)).__name__ != "WordLevel":
        return []
    return sorted(set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens))


def reading(known: Collection[str], prompt: str) -> Reading:
    """The words that a model which knows `known` gets: of a caption, if it is of the emoji model's kind.

    In other captions, as in "bear with a red hat", the order of words matters.
    """
    return read(prompt) if _reads_captions(known) else Reading(tuple(split(prompt)))


def _reads_captions(known: Collection[str]) -> bool:
    """Whether a model gets captions of emoji, in English or Korean: one with styles does."""
    return "noto" in known


def neighbours(word: str, known: Sequence[str], count: int = 3) -> list[str]:
    """The most similar words, best first; none that is far."""
    if not any(map(str.isalnum, word)):
        phrases = similar(word)
        parts = {part for phrase in phrases for part in phrase.split()}
        return phrases if len(phrases) == 1 and parts <= set(known) else [part for part in phrases if part in known]
    korean = similar_names(word, count) if _reads_captions(known) else []
    return korean or difflib.get_close_matches(word, known, n=count, cutoff=0.75)


_LIST = "`potstill vocabulary` lists what it knows"


def _listed(unknown: Mapping[str, Sequence[str]]) -> str:
    """The unknown words, each with similar known ones."""
    if len(unknown) == 1:
        ((word, close),) = unknown.items()
        return f"the word {word!r}{_did_you_mean(close, ': ')}"
    shown = [f"{word!r}{_did_you_mean(close, ' (', ')')}" for word, close in unknown.items()]
    return f"the words {', '.join(shown[:_SHOWN])}{f' and {len(shown) - _SHOWN} more' if len(shown) > _SHOWN else ''}"


def _did_you_mean(close: Sequence[str], before: str, after: str = "") -> str:
    return f"{before}did you mean {' or '.join(map(repr, close))}?{after}" if close else ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
