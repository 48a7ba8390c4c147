"""The notation of other programs in prompts: weights, schedules, tags. Models read it as text."""

import re

_NUMBER = r"[+-]?\d*\.?\d+"
_KINDS = (  # how each is found, and what to do instead
    (r"<(?:lora|lyco|locon|loha|hypernet)\b[^<>]*>", "load LoRA weights with the option lora"),
    (r"<[\w-]+:[^<>]*>|\bembedding:\S+", "describe in words what an embedding stands for"),
    (r"\[[^\[\]]*[|:][^\[\]]*\]|\{[^{}]*\|[^{}]*\}|\b__\w+__\b", "run each of the prompts by itself"),
    (
        rf"\([^()]*[^()\d\s]\s*:\s*{_NUMBER}\s*\)|\(\([^()]+\)\)+|\([^()]*\)(?:[+-]+(?!\w)|\d*\.\d+)"
        r"|[^\W\d]+:\d*\.\d+|\{[^{}]*\}|\[[^\[\]]*\]|\w{2,}\+\+(?!\w)|\w+::-?[\d.]*",
        "weight the whole prompt with the guidance scale",
    ),
    (r"(?<!\S)--[a-z]+(?:\s+[\d.:]+)?", "give options outside of the prompt"),
    (r"\b(?:BREAK|AND|ADDCOMM|ADDROW|ADDCOL|ADDBASE)\b", "write one prompt for the whole image"),
)
_CAPITALS = _KINDS[-1][0]
_NOT_WORDS = re.compile(rf"<[\w-]+:[^<>]*>|\bembedding:\S+|:\s*{_NUMBER}|(?<=\)){_NUMBER}|(?<!\S)--[a-z]+|{_CAPITALS}")


def notation(prompt: str) -> str:
    """A warning about the notation of other programs in a prompt, which says what to do; empty if there is none.

    Parentheses as in prose are not taken for notation, nor are words in capitals where all are.
    """
    found: dict[str, str] = {}
    rest, shouted = prompt, prompt.upper() == prompt
    for pattern, advice in _KINDS:
        if not (shouted and pattern == _CAPITALS):
            found |= {match.group(): advice for match in re.finditer(pattern, rest)}
            rest = re.sub(pattern, " ", rest)
    if not found:
        return ""
    shown = ", ".join(repr(part) for part in list(found)[:4])
    return (
        f"{shown} {'is' if len(found) == 1 else 'are'} read as plain text: {'; '.join(dict.fromkeys(found.values()))}"
    )


def without_notation(prompt: str) -> str:
    """The prompt without the parts of the notation that are no words: tags, commands and numbers."""
    return _NOT_WORDS.sub(" ", prompt) if notation(prompt) else prompt
