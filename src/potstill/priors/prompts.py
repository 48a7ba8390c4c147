"""What a model reads of a prompt: words that its tokenizer does not know, notation of other programs, its limit."""

import difflib
import sys
import threading
import unicodedata
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from potstill.errors import InputError, check_room
from potstill.priors.emoji_names import similar
from potstill.priors.notation import notation, without_notation
from potstill.priors.reading import Reading, read
from potstill.priors.reading.korean import similar_names
from potstill.priors.reading.words import split, without_accents

LONGEST = 5_000
"""The most characters of a prompt; models read fewer than 3,000."""
_ROOM = 320_000_000
"""Bytes of address space that diffusers and transformers need to load."""
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


def check_reading(tokenizers: Sequence[tuple[Any, int]], prompt: str) -> None:
    """Warn of what a model does not read of a prompt, and refuse a prompt of which it reads nothing.

    It warns of unknown words, with similar known ones, of words read as near ones, of what the model was not trained
    on, of the notation of other programs, and of text beyond the token limit; in one line each.

    Args:
        tokenizers: each with the number of tokens that its encoder takes.
        prompt: the text.

    Raises:
        InputError: as `check_prompt`; nothing of the prompt is understood.
    """
    check_prompt(prompt)
    if not prompt.strip():
        return
    if not tokenizers:
        warnings.warn(f"the model reads no text, so {prompt!r} changes nothing", PromptWarning, stacklevel=3)
        return
    plain = without_notation(prompt)
    unknown = unknown_words(tokenizers[0][0], plain)
    if not any(understood(tokenizer, plain) for tokenizer, _ in tokenizers):
        raise InputError(f"the model understands nothing of {_short(prompt)!r}{_remedy(tokenizers[0][0], unknown)}")
    if advice := notation(prompt):
        warnings.warn(advice, PromptWarning, stacklevel=3)
    if unknown:
        warnings.warn(f"the model does not know {_listed(unknown)}", PromptWarning, stacklevel=3)
    found = reading(words(tokenizers[0][0]), plain)
    if found.near:
        shown = ", ".join(f"{said!r} as {meant!r}" for said, meant in found.near)
        warnings.warn(f"the model reads {shown}", PromptWarning, stacklevel=3)
    if found.untrained:
        asked = ", and ".join(found.untrained)
        warnings.warn(
            f"the model has not been trained on {asked}: the result may be wrong", PromptWarning, stacklevel=3
        )
    cuts = [cut_text(tokenizer, limit, prompt) for tokenizer, limit in tokenizers]
    if cut := min(cuts, key=len):
        warnings.warn(f"the prompt is too long; the model does not read {cut!r}", PromptWarning, stacklevel=3)


def words(tokenizer: Any) -> list[str]:
    """The vocabulary of a tokenizer whose tokens are words, sorted; empty for any other."""
    if type(getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None)).__name__ != "WordLevel":
        return []
    return sorted(set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens))


def reading(known: Collection[str], prompt: str) -> Reading:
    """The words that a model which knows `known` gets: of a caption, if it is of the emoji model's kind."""
    return read(prompt) if "background" in known else Reading(tuple(split(prompt)))


def read_as(tokenizers: Sequence[tuple[Any, int]], prompt: str) -> str:
    """What a prompt is read as, if that differs in more than case, articles and punctuation; else empty."""
    if not tokenizers or not (known := words(tokenizers[0][0])):
        return ""
    found = reading(known, prompt).words
    return " ".join(found) if found != tuple(split(prompt)) else ""


def plain_text(tokenizer: Any, prompt: str) -> str:
    """What a tokenizer gets of a prompt: the prompt itself, or, where tokens are words, what it is read as."""
    if not (known := set(words(tokenizer))):
        return prompt
    said = reading(known, prompt).words
    spelled = [next((word for word in (each, without_accents(each)) if word in known), "") for each in said]
    return " ".join(word or tokenizer.unk_token for word in spelled)


def neighbours(word: str, known: Sequence[str], count: int = 3) -> list[str]:
    """The most similar words, best first."""
    if not any(map(str.isalnum, word)):
        phrases = similar(word)
        parts = {part for phrase in phrases for part in phrase.split()}
        return phrases if len(phrases) == 1 and parts <= set(known) else [part for part in phrases if part in known]
    return similar_names(word, count) or difflib.get_close_matches(word, known, n=count, cutoff=0.6)


def unknown_words(tokenizer: Any, prompt: str) -> dict[str, list[str]]:
    """The words of a prompt that are not in the vocabulary of a tokenizer of words, each with similar known ones."""
    if not (known := words(tokenizer)):
        return {}
    found = set(known)
    said = reading(found, prompt).words
    return {word: neighbours(word, known) for word in said if not {word, without_accents(word)} & found}


def understood(tokenizer: Any, prompt: str) -> bool:
    """Whether a prompt has a token that is neither special nor for what is unknown."""
    ids = tokenizer(plain_text(tokenizer, prompt), truncation=False, verbose=False).input_ids
    return bool(tokenizer.decode(ids, skip_special_tokens=True).strip())


def cut_text(tokenizer: Any, limit: int, prompt: str) -> str:
    """The text beyond the first `limit` tokens, the last of which marks the end."""
    ids = tokenizer(plain_text(tokenizer, prompt), truncation=False, verbose=False).input_ids
    return tokenizer.decode(ids[limit - 1 :], skip_special_tokens=True).strip() if len(ids) > limit else ""


def same_reading(tokenizers: Sequence[tuple[Any, int]], source: str, target: str) -> InputError:
    """The error for two prompts that differ in what the model does not read."""
    these = f"source {_short(source)!r} and target {_short(target)!r} are the same to the model"
    if words(tokenizer := tokenizers[0][0]):
        unknown = unknown_words(tokenizer, target)
        known = " ".join(word for word in reading(words(tokenizer), target).words if word not in unknown)
        return InputError(f"{these}, which reads {known!r} in both: name the change in words; {_LIST}")
    if any(cut_text(tokenizer, limit, prompt) for tokenizer, limit in tokenizers for prompt in (source, target)):
        most = max(limit for _, limit in tokenizers)
        return InputError(f"{these}, which reads {most} tokens of each: put what changes at the beginning")
    return InputError(f"{these}, which turns both into the same tokens: name the change in other words")


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


def _remedy(tokenizer: Any, unknown: Mapping[str, Sequence[str]]) -> str:
    """What to do about a prompt of which nothing is understood."""
    if not words(tokenizer):
        return ": describe the image in words, in the language that the model was trained on"
    close = {word: near for word, near in unknown.items() if near}
    hint = f" {_did_you_mean(next(iter(close.values())), '')}" if close else ""
    return f":{hint or ' use English or Korean words, or emoji;'} {_LIST}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Loud:
    """How the logs were before the first of the threads that are quiet now."""

    lock = threading.Lock()
    quiet = 0
    before: tuple[tuple[int, bool], ...] = ()


@contextmanager
def quiet(bars: bool = False) -> Iterator[None]:
    """Silence the logs of diffusers and transformers, and their progress bars unless `bars` is set.

    The logs belong to the process: they come back when the last thread that is quiet has finished.
    """
    if "transformers" not in sys.modules:
        check_room(_ROOM, "diffusers")
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    logs = (diffusers_logging, transformers_logging)
    with _Loud.lock:
        if not _Loud.quiet:
            _Loud.before = tuple((log.get_verbosity(), log.is_progress_bar_enabled()) for log in logs)
        _Loud.quiet += 1
        for log in logs:
            log.set_verbosity(log.CRITICAL)
            if not bars:
                log.disable_progress_bar()
    try:
        yield
    finally:
        with _Loud.lock:
            _Loud.quiet -= 1
            for log, (level, bar) in zip(logs, _Loud.before, strict=True) if not _Loud.quiet else ():
                log.set_verbosity(level)
                if bar:
                    log.enable_progress_bar()
