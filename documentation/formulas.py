"""Equations of docstrings for a page: `eps_hat(x_t, t, y)` becomes LaTeX, and each letter is explained."""

import re
from collections.abc import Iterator

GREEK = ("alpha", "beta", "chi", "delta", "eps", "eta", "kappa", "mu", "psi", "rho", "sigma")
_SUBSCRIPTS = ("0", "t", "s", "D", "T")
_TOKEN = re.compile(r"`[^`]+`|[A-Za-z]\u0302?[A-Za-z0-9]*(?:[_^][A-Za-z0-9]+)*\*?| +|.", flags=re.DOTALL)

_SIGNS = {"·": "\\cdot ", "²": "^2", "%": "\\%", "|": "\\vert ", "~": "\\sim "}

MEANINGS = {
    "x_0": "the render of the scene, in the space of the network",
    "x_0_src": "the source that is edited",
    "x_t": "`x_0` with noise, `alpha_t x_0 + sigma_t eps`",
    "x_t^src": "the source with the same noise",
    "x_t_src": "the source with the noise `eps*`",
    "x_s": "`x_0` at the lower noise level `s`",
    "t": "the time, or noise level, at which the network is asked",
    "s": "the guidance scale of the prior",
    "y": "the prompt to follow",
    "y_src": "the prompt that describes the source",
    "y_neg": "the negative prompt",
    "eps": "the noise of `x_t`, from the noise source",
    "eps*": "the noise for which the prior predicts the source itself",
    "eps_hat": "the noise that the prior predicts, with its guidance",
    "eps_hat_src": "the same on the source with its own prompt",
    "eps_hat_cond": "the prediction for the prompt, without guidance",
    "eps_hat_uncond": "the prediction for the empty prompt",
    "eps_hat_neg": "the prediction for the negative prompt",
    "eps_hat_renders": "the noise predicted by a model that is trained on the renders during the run",
    "x̂_0": "the clean data that the prior predicts, `(x_t - sigma_t eps_hat) / alpha_t`",
    "x̂_0_src": "the same on the source",
    "v_hat": "the predicted velocity, `eps_hat - x̂_0`",
    "v_hat_src": "the same on the source",
    "p": "the point at which the velocity for the target is taken",
    "w": "the weight",
    "rho": "`sigma_t / alpha_t`, which turns a difference of noises into one of clean data",
    "rho_t": "`sigma_t / alpha_t`, which turns a difference of noises into one of clean data",
    "alpha_t": "the share of the data in `x_t`",
    "sigma_t": "the share of the noise in `x_t`",
    "alpha_s": "the same at s",
    "sigma_s": "the same at s",
    "kappa": "the noise that DDIM inversion finds in the render",
    "psi": "the weight of the identity term, from the coefficients",
    "chi": "the weight of the edit, from the coefficients",
    "a": "the share of the negative prompt in what is subtracted",
    "delta_D": "the part of the unconditional prediction that is not noise",
    "eta": "from 0, which is DDS, to 1, which is FlowEdit",
}
"""Each letter of an equation, in the words of the glossary; formulas stand in backticks."""
_ASIDE = {
    "ISM": {"s": "the lower noise level, `t - interval`"},
    "ShrinkEdit": {"k": "the share of the source's residual that is kept", "c": "the change of the denoised pictures"},
}
"""Letters with another meaning in one method."""


def symbol(token: str) -> str | None:
    """LaTeX of a letter with its marks, `eps_hat_src` or `x_t^src`; None for an ordinary word."""
    bare = token.replace("\u0302", "").rstrip("*")
    head, *marks = re.split(r"[_^]", bare)
    if re.fullmatch(r"[a-z]0", head):
        head, marks = head[0], ["0", *marks]
    if not (len(head) == 1 or head in GREEK):
        return None
    text = head if len(head) == 1 else "\\epsilon" if head == "eps" else f"\\{head}"
    if "\u0302" in token or "hat" in marks:
        text = f"\\hat{{{text}}}"
    below = "".join(mark for mark in marks if mark in _SUBSCRIPTS)
    above = [f"\\mathrm{{{mark}}}" for mark in marks if mark not in (*_SUBSCRIPTS, "hat")] + ["*"] * token.endswith("*")
    return text + (f"_{{{below}}}" if below else "") + (f"^{{{' '.join(above)}}}" if above else "")


def latex(equation: str) -> str:
    """An equation of a docstring in LaTeX; words stand as text, and a line stays a line."""
    lines = [_line(line.strip()) for line in equation.strip().splitlines()]
    if len(lines) == 1:
        return lines[0]
    return "\\begin{aligned}" + " \\\\ ".join(f"&{line}" for line in lines) + "\\end{aligned}"


def _line(text: str) -> str:
    parts: list[str] = []
    for token in _TOKEN.findall(text):
        word = token[0] == "`" or (token[0].isalpha() and symbol(token) is None)
        if word:
            parts.append("\\text{ " + token.strip("`").replace("_", "\\_") + " }")
        elif token[0] == " ":
            parts.append(" " if len(token) == 1 else " \\quad ")
        else:
            parts.append(symbol(token) if token[0].isalpha() else _SIGNS.get(token, token))
    return re.sub(r" \}\s*\\text\{ ", " ", "".join(parts))


def letters(equation: str, method: str = "") -> Iterator[tuple[str, str]]:
    """The letters of an equation in LaTeX, in order, with what each means.

    Raises:
        KeyError: a letter has no meaning in `MEANINGS`.
    """
    meanings = {symbol(name): text for name, text in {**MEANINGS, **_ASIDE.get(method, {})}.items()}
    tokens = [token for token in _TOKEN.findall(re.sub(r"`[^`]+`", "", equation)) if token[0].isalpha()]
    for made in dict.fromkeys(filter(None, map(symbol, tokens))):
        yield made, re.sub(r"`([^`]+)`", lambda formula: f"${latex(formula[1])}$", meanings[made])
