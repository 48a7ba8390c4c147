"""The texts of the tabs of tasks: pictures, drawings and scenes."""

from potstill.web import limits

_MB = f"{limits.UPLOAD / 1e6:g}"
_SIDE = limits.SCENE["size"]
TASK_TEXTS: dict[str, tuple[str, str]] = {
    # pictures
    "pictures_lead": (
        "Say what the picture shows and what it should become, and watch up to four methods edit it.",
        "그림이 무엇인지, 무엇이 되어야 하는지 적고, 최대 네 가지 방법이 나란히 편집하는 모습을 보세요.",
    ),
    "pictures_limits": (
        f"At most {limits.EDIT_STEPS} steps, {limits.PANELS} methods and {_MB} MB; the model works at 64x64 pixels.",
        f"{limits.EDIT_STEPS}스텝, 방법 {limits.PANELS}개, {_MB} MB까지. 모델은 64x64 픽셀로 계산합니다.",
    ),
    "picture": ("Picture", "그림"),
    "upload": ("Drop a picture, or choose one", "그림을 놓거나 고르기"),
    "brush": ("Brush where to edit", "편집할 곳 칠하기"),
    "brush_size": ("Brush", "붓 크기"),
    "clear_mask": ("Clear mask", "칠한 곳 지우기"),
    "examples": ("Examples", "예시"),
    "prompts": ("Prompts", "프롬프트"),
    "source": ("It shows", "원본 프롬프트"),
    "target": ("It becomes", "목표 프롬프트"),
    "suggestions": ("Words that the model knows", "모델이 아는 낱말"),
    "edit_steps": ("Steps", "스텝"),
    "steps_own": ("default", "기본값"),
    "seed": ("Seed", "시드 (seed)"),
    "edit": ("Edit", "편집"),
    "stop": ("Stop", "중지"),
    "stopped": ("Stopped; the result so far can be saved.", "중지했습니다. 지금까지의 결과를 저장할 수 있습니다."),
    "wipe": ("Before and after", "편집 전과 후"),
    "progress_bar": ("Progress", "진행"),
    "result_of": ("The result of {name} for: {target}", "{name}의 결과: {target}"),
    "edit_progress": (
        "Step {step} of {total}, {count} evaluations",
        "{total}스텝 중 {step}스텝, 네트워크 호출 {count}회",
    ),
    "seconds_left": ("About {seconds} s left", "약 {seconds}초 남음"),
    "history": ("Made so far", "지금까지 만든 결과"),
    "settings_found": (
        "The settings in this file are filled in; to edit from its own start, choose that file next.",
        "파일에 저장된 설정을 불러왔습니다. 같은 원본에서 시작하려면 원본 파일을 고르세요.",
    ),
    "settings_other": (
        "The settings in this file are filled in, but for its method, {method}.",
        "파일에 저장된 설정을 불러왔습니다(방법 {method} 제외).",
    ),
    "describe": (
        "Now say what it shows, and what it should become.",
        "이제 원본이 무엇이고 무엇이 되어야 하는지 적으세요.",
    ),
    "upload_lost": (
        "The browser had no room to keep your file through the reload: choose it again.",
        "브라우저에 저장 공간이 없어 새로 고침을 하는 동안 파일을 보관하지 못했습니다. 파일을 다시 고르세요.",
    ),
    "picture_keys": (
        "Picture. With the brush on, arrow keys move a rectangle, Shift sizes it, Enter marks it, Delete clears it",
        "그림. 칠하기를 켜면 화살표 키로 사각형을 옮기고, Shift로 크기를 바꾸고, Enter로 칠하고, Delete로 지웁니다",
    ),
    "mask_keys": (
        "By keyboard, on the picture: arrow keys move a rectangle, Shift and arrow keys size it, Enter marks it.",
        "키보드: 그림에서 화살표 키로 사각형을 옮기고, Shift+화살표 키로 크기를 바꾸고, Enter로 칠합니다.",
    ),
    "frame_at": (
        "Rectangle: {x} % from the left, {y} % from the top, {w} % wide, {h} % high; Enter marks it.",
        "사각형: 왼쪽에서 {x} %, 위에서 {y} %, 너비 {w} %, 높이 {h} %. Enter로 칠합니다.",
    ),
    "frame_marked": (
        "Marked: {w} % by {h} %, {x} % from the left, {y} % from the top.",
        "칠함: {w} % x {h} %, 왼쪽에서 {x} %, 위에서 {y} %.",
    ),
    # drawings
    "drawings_lead": (
        "Edit an SVG: its own curves and colours change, and nothing is traced. Click what must stay as it is.",
        "SVG를 편집합니다. 따라 그리지 않고 곡선과 색 자체를 바꿉니다. 그대로 둘 요소는 클릭하세요.",
    ),
    "drawings_limits": (
        f"At most {limits.EDIT_STEPS} steps, {limits.PANELS} methods, {_MB} MB and {limits.NUMBERS:,} numbers in a "
        "drawing; the model sees 64x64 pixels.",
        f"{limits.EDIT_STEPS}스텝, 방법 {limits.PANELS}개, {_MB} MB, 벡터 그림 하나에 숫자 {limits.NUMBERS:,}개까지. "
        "모델은 64x64 픽셀로 봅니다.",
    ),
    "drawing": ("Drawing", "벡터 그림"),
    "upload_drawing": ("Drop an SVG, or choose one", "SVG를 놓거나 고르기"),
    "elements": (
        "Elements of the drawing: arrow keys go through them, Space keeps one",
        "그림의 요소. 화살표 키로 이동하고, 스페이스 키를 누르면 그대로 둡니다",
    ),
    "keep_element": ("Keep {name} as it is", "{name} 그대로 두기"),
    "kept_none": ("Click the elements that must stay as they are.", "그대로 둘 요소를 클릭하세요."),
    "kept_some": (
        "{count} of {total} elements stay as they are: {names}",
        "요소 {total}개 중 {count}개 그대로 둠: {names}",
    ),
    "keep_clear": ("Keep none", "선택 해제"),
    "keep_others": ("Keep the others", "나머지를 그대로 두기"),
    "save_svg": ("Save SVG", "SVG 저장"),
    # 3D
    "scenes_lead": (
        "Make a small 3D scene from a prompt, or edit one. Drag the view to turn it.",
        "프롬프트로 작은 3D 장면을 만들거나 편집합니다. 화면을 끌어서 돌려 볼 수 있습니다.",
    ),
    "scenes_limits": (
        f"At most {limits.EDIT_STEPS} steps, {limits.GAUSSIANS:,} Gaussians and {_MB} MB; both models know toys alone, "
        f"the exact one here in {_SIDE}x{_SIDE} pixels.",
        f"{limits.EDIT_STEPS}스텝, 가우시안 {limits.GAUSSIANS:,}개, {_MB} MB까지. 두 모델 모두 장난감만 알고, "
        f"정확한 모델은 여기서 {_SIDE}x{_SIDE} 픽셀로 봅니다.",
    ),
    "task": ("Task", "작업"),
    "task_generate": ("Make a scene", "장면 만들기"),
    "task_edit": ("Edit a scene", "장면 편집"),
    "model": ("Model", "모델"),
    "model_world_toys": ("Some toys, the exact score", "장난감 몇 가지, 정확한 스코어"),
    "model_toys": ("45 toys in any colour, a network", "장난감 45가지, 모든 색, 네트워크"),
    "generate": ("Make", "만들기"),
    "made_of": ("Made of", "표현"),
    "made_of_gaussians": ("Gaussians", "가우시안"),
    "made_of_volume": ("A volume", "볼륨"),
    "prompt": ("It shows", "프롬프트"),
    "toys": ("Toys: {names}.", "장난감: {names}."),
    "scene": ("Scene", "장면"),
    "upload_scene": ("Drop a .ply or .splat file, or choose one", ".ply나 .splat 파일을 놓거나 고르기"),
    "azimuth": ("Turn", "좌우 회전"),
    "elevation": ("Tilt", "위아래 회전"),
    "view_keys": ("View of the scene: arrow keys turn it", "장면의 모습. 화살표 키로 돌립니다"),
    "edit_this": ("Edit this scene", "이 장면 편집"),
    "save_ply": ("Save PLY", "PLY 저장"),
    "save_splat": ("Save SPLAT", "SPLAT 저장"),
    "save_glb": ("Save GLB", "GLB 저장"),
    "save_obj": ("Save OBJ", "OBJ 저장"),
}
"""The texts, in English and Korean."""
