"""The Korean notes fit what the code says, and fill in no more than they found."""

import re
import warnings

import pytest

from potstill import load
from potstill.diffusion.guidance import Plain
from potstill.errors import InputError
from potstill.methods import CSD
from potstill.tasks.scenes.models import ToysModel
from potstill.tasks.settings.effects import idle_settings
from potstill.web.note_texts import NOTE_TEXTS
from potstill.worlds.toys.prior import Toys


def shown(message):
    """The text in Korean, as page.js finds it; the message itself without one."""
    for pattern, korean in NOTE_TEXTS:
        if found := re.fullmatch(pattern, message):
            return re.sub(r"{(\d)}", lambda number: found[int(number[1])], korean)
    return message


def said(action, *arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            action(*arguments)
        except InputError as error:
            return [str(error)]
    return [str(each.message) for each in caught]


@pytest.mark.parametrize(("pattern", "korean"), NOTE_TEXTS)
def test_every_blank_is_a_group(pattern, korean):
    assert {int(each) for each in re.findall(r"{(\d)}", korean)} <= {*range(1, re.compile(pattern).groups + 1)}


def test_notes_on_prompts_are_translated():
    emoji, toys = load("emoji"), ToysModel(Toys())
    for action, arguments, word in (
        (emoji.encode_prompt, ("red hearrt apple",), "'hearrt'. 가까운 낱말: 'heart'"),
        (emoji.encode_prompt, ("red qqqqq heart",), "'qqqqq'"),
        (emoji.check_difference, ("red heart", "red heart"), "원본 프롬프트와 목표"),
        (toys.encode_prompt, ("teapot",), "'teapot': 장난감이 2가지"),
        (toys.check_difference, ("red teapot", "red teapot"), "같은 장난감"),
        (toys.encode_prompt, ("purple elephant",), "네트워크 모델"),
        (toys.encode_prompt, ("red dragon",), "모르는 장난감: 'dragon'."),
    ):
        messages = said(action, *arguments)
        assert messages, arguments
        assert any(word in shown(each) for each in messages), messages


def test_notes_on_runs_are_translated():
    (idle,) = idle_settings(CSD(), "the prompt", 5.0, True, Plain(), "", True)
    assert shown(idle) == "CSD에서는 guidance scale을 바꾸어도 결과가 같습니다."
    assert (
        shown("sds takes 100 steps here instead of 300")
        == "sds: 기본값은 300스텝이지만 여기서는 100스텝까지 계산합니다."
    )
    assert shown("something else") == "something else"
