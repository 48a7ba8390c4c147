"""What the Korean page shows for the notes and errors that occur most often; the others stay in English.

A pattern is that of a whole message, for Python and for JavaScript alike; {1} is its first group.
"""

NOTE_TEXTS: tuple[tuple[str, str], ...] = (
    # prompts
    (
        r"the model does not know the word '(.+?)': did you mean (.+)\?",
        "모델이 모르는 낱말: '{1}'. 가까운 낱말: {2}.",
    ),
    (r"the model does not know the word '(.+?)'", "모델이 모르는 낱말: '{1}'."),
    (r"the model does not know (.+)", "모델이 모르는 낱말: {1}."),
    (r"the model reads '(.+?)' as '(.+?)'", "모델은 '{1}'을(를) '{2}'(으)로 읽습니다."),
    (
        r"the model has not been trained on (.+): the result may be wrong",
        "모델이 학습하지 않은 프롬프트: {1}. 결과가 다를 수 있습니다.",
    ),
    (
        r"the prompt is too long; the model does not read '(.+)'",
        "프롬프트가 너무 깁니다. 모델이 읽지 않는 부분: '{1}'.",
    ),
    (
        r"source and target prompt are the same, so there is little to edit",
        "원본 프롬프트와 목표 프롬프트가 같습니다. 목표를 적으세요.",
    ),
    (
        r"the prompt is empty: describe the image in words",
        "프롬프트가 비어 있습니다. 무엇이 보이는지 적으세요.",
    ),
    # pictures and drawings
    (
        r"the style '(.+?)', (?:that of the source|nearest to the picture), is added to prompts that name none: .+",
        "그림체가 없는 프롬프트에 '{1}'을(를) 더했습니다.",
    ),
    (
        r"the page is (.+), and the model sees it in the middle of (.+) pixels on (.+)",
        "그림의 크기는 {1}이고, 모델은 {2} 픽셀로 봅니다.",
    ),
    (
        r".+ has (.+): kept as they are, and drawn as layers that do not move",
        "그대로 두는 요소: {1}.",
    ),
    # runs
    (r"(.+) takes (\d+) steps here instead of (\d+)", "{1}: 기본값은 {3}스텝이지만 여기서는 {2}스텝까지 계산합니다."),
    (
        r"the guidance scale changes nothing with (.+), which has its own: leave it out",
        "{1}에서는 guidance scale을 바꾸어도 결과가 같습니다.",
    ),
    # scenes
    (
        r"'(.+?)' fits (\d+) toys, and the scene may become any of them: name a colour and a toy",
        "'{1}': 장난감이 {2}가지 있습니다. 색과 장난감을 적으세요.",
    ),
    (
        r"source '(.+?)' and target '(.+?)' name the same toys: state another one",
        "'{1}'과(와) '{2}'은(는) 같은 장난감입니다. 목표를 적으세요.",
    ),
    (
        r"the exact world of toys has no '(.+?)', but the bundled model toys draws it: .+",
        "정확한 모델이 모르는 장난감: '{1}'. 네트워크 모델을 고르세요.",
    ),
    (r"no toy is called '(.+?)': .*", "모르는 장난감: '{1}'."),
)
"""Patterns of messages in English, and the texts in Korean; the first that fits is shown."""
