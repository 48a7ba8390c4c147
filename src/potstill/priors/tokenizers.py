"""Tokenizers that fit their text encoders: every token has its embedding, and a prompt has a sensible length."""

from typing import Any

from potstill.errors import InputError

_T5 = 512
"""The tokens of T5, whose positions are relative, where its tokenizer states none."""
_UNSTATED = 10**9
"""Transformers has 1e30 where a tokenizer states no length, and writes it, too."""


def fit_tokenizers(pipe: Any, place: str) -> None:
    """Limit each tokenizer to what its text encoder reads, and try it once.

    A length that is missing, or beyond the positions of the encoder, becomes `max_position_embeddings`.

    Raises:
        InputError: the length is no whole number above 0, a token has no embedding, or the tokenizer does not work.
    """
    for name, tokenizer in pipe.components.items():
        encoder = getattr(pipe, name.replace("tokenizer", "text_encoder"), None)
        if not name.startswith("tokenizer") or tokenizer is None or encoder is None:
            continue
        if not hasattr(tokenizer, "get_vocab"):
            raise InputError(f"{name} of {place} is {type(tokenizer).__name__}, which is no tokenizer: fetch it again")
        length, most = tokenizer.model_max_length, getattr(encoder.config, "max_position_embeddings", _T5)
        if not isinstance(length, int | float) or isinstance(length, bool) or not length >= 1:
            raise InputError(
                f"model_max_length = {str(length)[:40]} of {name} in {place} must be a number of tokens, 1 or more: "
                "correct tokenizer_config.json, or leave it out there"
            )
        relative = not hasattr(encoder.config, "max_position_embeddings")
        tokenizer.model_max_length = int(min(length, _UNSTATED if relative and length < _UNSTATED else most))
        highest = max(tokenizer.get_vocab().values(), default=-1)
        rows = encoder.get_input_embeddings().num_embeddings
        if not 0 <= highest < rows:
            raise InputError(
                f"{name} of {place} has tokens up to {highest:,}, and its text encoder only {rows:,} embeddings: they "
                "are of different models; fetch it again"
            )
        try:
            tokenizer("a", padding="max_length", max_length=tokenizer.model_max_length, truncation=True)
        except Exception as error:
            raise InputError(f"{name} of {place} does not work ({error}): fetch it again") from None
