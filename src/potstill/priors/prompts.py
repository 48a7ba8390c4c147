"""What a tokenizer makes of a prompt: words it does not know, and text that no encoder reads."""

import difflib
import warnings
from collections.abc import Sequence
from typing import Any


class PromptWarning(UserWarning):
    """Part of a prompt does not reach the model."""


def warn_about_prompt(pipe: Any, prompt: str) -> None:
    """Warn of unknown words, with their neighbours, and name the text that is cut off."""
    tokenizers = [part for name, part in pipe.components.items() if name.startswith("tokenizer") and part is not None]
    for word, close in unknown_words(tokenizers[0], prompt).items() if tokenizers else ():
        hint = f": did you mean {' or '.join(map(repr, close))}?" if close else ""
        warnings.warn(f"the model does not know the word {word!r}{hint}", PromptWarning, stacklevel=4)
    cuts = [cut_text(tokenizer, prompt) for tokenizer in tokenizers]
    if cuts and (cut := min(cuts, key=len)):
        warnings.warn(f"the prompt is too long; the model does not read {cut!r}", PromptWarning, stacklevel=4)


def words(tokenizer: Any) -> list[str]:
    """The vocabulary of a tokenizer whose tokens are words, sorted; empty for any other."""
    if type(getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None)).__name__ != "WordLevel":
        return []
    return sorted(set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens))


def neighbours(word: str, known: Sequence[str], count: int = 3) -> list[str]:
    """The words most like this one, best first."""
    return difflib.get_close_matches(word, known, n=count, cutoff=0.6)


def unknown_words(tokenizer: Any, prompt: str) -> dict[str, list[str]]:
    """The words of a prompt that a tokenizer of words does not know, each with its neighbours."""
    known = words(tokenizer)
    if not known:
        return {}
    backend = tokenizer.backend_tokenizer
    pieces = backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(prompt))
    return {word: neighbours(word, known) for word, _ in pieces if word not in tokenizer.get_vocab()}


def cut_text(tokenizer: Any, prompt: str) -> str:
    """What lies beyond the tokenizer's longest text."""
    limit = tokenizer.model_max_length
    ids = tokenizer(prompt, truncation=False, verbose=False).input_ids
    if len(ids) <= limit:
        return ""
    return tokenizer.decode(ids[limit - 1 :], skip_special_tokens=True).strip()
