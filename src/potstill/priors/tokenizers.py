"""Tokenizers that fit their text encoders: every token has its embedding, and a prompt has a sensible length."""

from typing import Any

from potstill.errors import InputError

_T5 = 512
"""The tokens of T5, whose positions are relative, where its tokenizer states none."""
_LONGEST = 10_000
"""The most tokens of T5."""
_UNSTATED = 10**9
"""Transformers has 1e30 where a tokenizer states no length, and writes it, too."""


def fit_tokenizers(pipe: Any, place: str) -> None:
    """Limit each tokenizer to what its text encoder reads, and try it once.

    A length that is missing, or beyond the positions of the encoder, becomes `max_position_embeddings`.

    Raises:
        InputError: a tokenizer or its encoder is missing, its length is no number or leaves no room for a word, a
            token has no embedding, or it does not work.
    """
    parts = {name: part for name, part in pipe.components.items() if part is not None}
    names = [name for name in pipe.components if name.startswith("tokenizer")]
    if names and not any(name in parts and name.replace("tokenizer", "text_encoder") in parts for name in names):
        raise InputError(f"{place} lacks a text encoder or its tokenizer: fetch the model again")
    for name, encoder in parts.items():
        if name.startswith("text_encoder"):
            tokenizer_name = name.replace("text_encoder", "tokenizer")
            if tokenizer_name not in parts:
                raise InputError(f"{place} lacks {tokenizer_name}, the tokenizer of {name}: fetch the model again")
            _fit(parts[tokenizer_name], encoder, f"{tokenizer_name} of {place}")


def _fit(tokenizer: Any, encoder: Any, place: str) -> None:
    """Limit and check one tokenizer."""
    if not hasattr(tokenizer, "get_vocab"):
        raise InputError(f"{place} is {type(tokenizer).__name__}, which is no tokenizer: fetch it again")
    length, positions = tokenizer.model_max_length, getattr(encoder.config, "max_position_embeddings", None)
    special = tokenizer.num_special_tokens_to_add()
    if not isinstance(length, int | float) or isinstance(length, bool) or not length > special:
        raise InputError(
            f"model_max_length = {str(length)[:40]!r} of {place} must be a number of tokens above {special}: correct "
            "tokenizer_config.json, or leave it out there"
        )
    most = positions or (_T5 if length >= _UNSTATED else _LONGEST)
    tokenizer.model_max_length = int(min(length, most))
    known, rows = tokenizer.get_vocab(), encoder.get_input_embeddings().num_embeddings
    if max(known.values(), default=0) >= rows or 2 * len(known) < rows:  # some encoders have a few spare rows
        raise InputError(
            f"{place} has {len(known):,} tokens, and its text encoder {rows:,} embeddings: they are of "
            "different models, or the tokenizer lacks its vocabulary; fetch it again"
        )
    try:
        tokenizer("a", padding="max_length", max_length=tokenizer.model_max_length, truncation=True)
    except Exception as error:
        reason = str(error).strip().split(". ")[0]
        raise InputError(f"{place} does not work ({reason}): fetch it again") from None
