"""Checks of prompts: control characters, words that the tokenizer does not know, and text beyond its limit."""

import difflib
import threading
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from potstill.errors import InputError

LONGEST = 5_000
"""The most characters of a prompt; models read fewer than 3,000."""


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


def warn_about_prompt(tokenizers: Sequence[tuple[Any, int]], prompt: str) -> None:
    """Check a prompt, and warn of unknown words, with similar known ones, and of text beyond the token limit.

    Args:
        tokenizers: each with the number of tokens that its encoder takes.
        prompt: the text.

    Raises:
        InputError: as `check_prompt`.
    """
    check_prompt(prompt)
    if prompt.strip() and not tokenizers:
        warnings.warn(f"the model reads no text, so {prompt!r} changes nothing", PromptWarning, stacklevel=3)
    for word, close in unknown_words(tokenizers[0][0], prompt).items() if tokenizers else ():
        hint = f": did you mean {' or '.join(map(repr, close))}?" if close else ""
        warnings.warn(f"the model does not know the word {word!r}{hint}", PromptWarning, stacklevel=3)
    cuts = [cut_text(tokenizer, limit, prompt) for tokenizer, limit in tokenizers]
    if cuts and (cut := min(cuts, key=len)):
        warnings.warn(f"the prompt is too long; the model does not read {cut!r}", PromptWarning, stacklevel=3)


def words(tokenizer: Any) -> list[str]:
    """The vocabulary of a tokenizer whose tokens are words, sorted; empty for any other."""
    if type(getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None)).__name__ != "WordLevel":
        return []
    return sorted(set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens))


def neighbours(word: str, known: Sequence[str], count: int = 3) -> list[str]:
    """The most similar words, best first."""
    return difflib.get_close_matches(word, known, n=count, cutoff=0.6)


def unknown_words(tokenizer: Any, prompt: str) -> dict[str, list[str]]:
    """The words of a prompt that are not in the vocabulary of a tokenizer of words, each with similar known ones."""
    known = words(tokenizer)
    if not known:
        return {}
    backend = tokenizer.backend_tokenizer
    pieces = backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(prompt))
    return {word: neighbours(word, known) for word, _ in pieces if word not in tokenizer.get_vocab()}


def cut_text(tokenizer: Any, limit: int, prompt: str) -> str:
    """The text beyond the first `limit` tokens, the last of which marks the end."""
    ids = tokenizer(prompt, truncation=False, verbose=False).input_ids
    return tokenizer.decode(ids[limit - 1 :], skip_special_tokens=True).strip() if len(ids) > limit else ""


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
