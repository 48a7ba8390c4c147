"""The page in a browser: the story of each tab, in both languages, light and dark, wide and narrow."""

import json

import pytest

from potstill.tasks.files.provenance import read_record
from potstill.web.page import script, tabs
from potstill.web.texts import TEXTS
from tests.accessibility import serious_faults

WIDE, PHONE = {"viewport": {"width": 1280, "height": 900}}, {"viewport": {"width": 390, "height": 844}}

DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><title>&lt;img onerror=alert(1)&gt;</title>
<rect id="ground" width="20" height="20" fill="#fc0"/><path d="M4 4h12v12h-12z" fill="#c00"/>
<path d="M8 8h4v4h-4z" fill="#0c0"/></svg>"""


def coloured(page, selector):
    """How many pixels of a canvas are not transparent."""
    return page.eval_on_selector(
        selector,
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, n) => n % 4 == 3 && v).length",
    )


def test_worlds_from_start_to_download(visit):
    page = visit(**WIDE)
    page.wait_for_selector("#worlds canvas")
    page.wait_for_function("document.querySelector('#worlds .ps-progress').textContent.startsWith('Step 0 of')")
    assert page.locator("#worlds canvas").count() == 4
    page.click("#ps-play")
    page.wait_for_function("/^Step [1-9]/.test(document.querySelector('#worlds .ps-progress').textContent)")
    page.locator("#worlds input[name=guidance_scale]").press("Home")
    for _ in range(2):  # the answer on its way has the scale of before
        seen = page.text_content("#worlds .ps-progress")
        page.wait_for_function("now => document.querySelector('#worlds .ps-progress').textContent !== now", arg=seen)
    page.click("#ps-play")
    page.wait_for_function("document.querySelector('#worlds .ps-seen').textContent.includes('SDS')")
    assert coloured(page, "#worlds canvas") > 500
    with page.expect_download() as download:
        page.click("[data-text=save_json]")
    document = json.loads(download.value.path().read_text())
    assert document["world"] == "moons"
    assert document["guidance_scale"] == 0 == document["changes"][-1]["guidance_scale"]
    page.click("[data-text=code]")
    page.wait_for_selector(".ps-code:has-text('flow.change(guidance_scale=0.0)')")
    step = page.inner_text("#worlds .ps-progress")
    page.reload(wait_until="commit")
    page.wait_for_function(f"document.querySelector('#worlds .ps-progress')?.textContent === {step!r}")


def test_a_finger_draws_a_world_on_a_narrow_dark_page_in_korean(visit):
    page = visit(**PHONE, device_scale_factor=3, has_touch=True, color_scheme="dark", locale="ko-KR")
    page.wait_for_selector("#worlds canvas")
    assert page.get_attribute("html", "lang") == "ko"
    page.wait_for_selector(f"text={TEXTS['tab_worlds'][1]} >> visible=true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.body.classList.contains('dark')")
    page.click("[data-text=clear]")
    for tool, places in (("red", [(30, 40), (60, 90)]), ("blue", [(120, 40), (130, 90)])):
        page.click(f"[data-tool={tool}]")
        for x, y in places:
            page.locator("#worlds canvas").first.tap(position={"x": x, "y": y})
    page.wait_for_function("document.querySelector('#worlds .ps-progress').textContent.includes('1500')")
    with page.expect_download() as download:
        page.click("[data-text=save_csv]")
    rows = download.value.path().read_text().split()
    assert [row[-1] for row in rows[1:]] == ["1", "1", "2", "2"]
    left, right = (float(rows[at].split(",")[0]) for at in (1, 3))
    assert left < right
    page.click(".ps-head button")
    page.wait_for_selector("[data-text=play]:has-text('Play')")


def test_the_scripts_close_what_they_open():
    for tab in tabs():
        code = script(tab)
        assert code.startswith("{\n")
        assert code.endswith("\n}")


def opened(visit, tab, **settings):
    page = visit(**settings)
    page.click(f"button[data-tab-id={tab}]")
    page.wait_for_selector(f"#{tab} .ps-examples img", state="attached", timeout=90_000)
    return page


def underway(page, tab):
    """Waits until a step was taken, and gives the number of steps."""
    page.wait_for_function(f"document.querySelector('#{tab} .ps-results progress')?.value > 0", timeout=90_000)
    return page.eval_on_selector(f"#{tab} .ps-results progress", "bar => bar.value")


def saved(page, tab, key, folder):
    with page.expect_download() as download:
        page.locator(f"#{tab} [data-text={key}]").first.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_pictures_from_prompts_to_settings_and_back(visit, tmp_path):
    page = opened(visit, "pictures", **WIDE)
    target = page.locator("#pictures [name=target]")
    target.fill("")
    target.press_sequentially("blue hea")
    page.wait_for_selector(".ps-words li:has-text('heart')")
    words = [line.inner_text() for line in page.locator(".ps-words:visible li").all()]
    for _ in range(1 + words.index("heart")):
        target.press("ArrowDown")
    target.press("Enter")
    assert target.input_value() == "blue heart "
    page.fill("#pictures [name=edit_steps]", "4")
    page.locator("#pictures select").nth(0).select_option("dds")
    page.locator("#pictures select").nth(1).select_option("pds")
    page.check("[name=brush]")
    box = page.locator(".ps-picture").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 120, steps=4)
    page.mouse.up()
    page.click("[data-go=pictures]")
    page.wait_for_selector("#pictures .ps-history:visible", timeout=90_000)
    bars = "bars => bars.map(bar => bar.value / bar.max)"
    assert page.locator("#pictures .ps-results progress").evaluate_all(bars) == [1, 1]
    page.locator(".ps-wipe + input").first.fill("50")
    assert "50%" in page.locator(".ps-before").first.get_attribute("style")
    made = saved(page, "pictures", "save_png", tmp_path)
    record = read_record(made)
    assert (made.name, record["settings"]["steps"], "mask" in record) == ("dds.png", 4, True)
    page.reload(wait_until="commit")
    page.wait_for_selector("#pictures .ps-after:visible", timeout=90_000)
    assert target.input_value() == "blue heart "
    assert read_record(saved(page, "pictures", "save_png", tmp_path)) == record
    target.fill("")
    page.set_input_files("#pictures input[type=file]", made)
    page.wait_for_function("document.querySelector('#pictures [name=target]').value === 'blue heart '")


def test_a_mask_is_drawn_with_keys_and_outlives_a_reload(visit):
    page = opened(visit, "pictures", **WIDE)
    picture = page.locator(".ps-picture")
    page.check("[name=brush]")
    picture.focus()
    for key in ("ArrowRight", "Shift+ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert "44 % by 50 %, 31 % from the left" in page.inner_text("#pictures .ps-message")
    kept = "JSON.parse(sessionStorage.getItem('potstill-pictures'))"
    mask = page.evaluate(f"{kept}.extra")
    page.evaluate(f"sessionStorage.setItem('potstill-pictures', JSON.stringify({{...{kept}, old: true}}))")
    page.reload(wait_until="commit")
    page.wait_for_function(f"!{kept}.old", timeout=90_000)
    assert page.evaluate(f"{kept}.extra") == mask
    picture.focus()
    page.keyboard.press("Delete")
    assert page.evaluate(f"{kept}.extra") == ""


def test_drawings_keep_what_was_chosen_through_a_lost_connection_and_a_reload(visit, tmp_path):
    page = opened(visit, "drawings", **WIDE)
    page.set_input_files(
        "#drawings input[type=file]", {"name": "a.svg", "mimeType": "image/svg+xml", "buffer": DRAWING}
    )
    page.wait_for_selector("#drawings g[data-name=ground]")
    assert page.input_value("#drawings [name=source]") == ""  # that of the example
    page.locator("#drawings g[data-name=ground]").focus()
    for key in ("Space", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    page.locator("#drawings g[data-name='path:2']").click()
    assert page.locator("#drawings g[aria-checked=true]").count() == 2
    page.fill("#drawings [name=source]", "red square")
    page.fill("#drawings [name=target]", "blue square")
    page.fill("#drawings [name=edit_steps]", "400")
    page.click("[data-go=drawings]")
    underway(page, "drawings")
    page.context.set_offline(True)
    page.wait_for_selector("#drawings .ps-message:has-text('connection is lost')")
    page.context.set_offline(False)
    before = underway(page, "drawings")
    page.wait_for_function(f"document.querySelector('#drawings .ps-results progress').value > {before}")
    page.reload(wait_until="commit")
    assert underway(page, "drawings") > before
    assert page.locator("#drawings g[aria-checked=true]").count() == 2
    page.click("[data-go=drawings]")
    page.wait_for_selector("#drawings .ps-message:has-text('Stopped')")
    made = saved(page, "drawings", "save_svg", tmp_path)
    record = read_record(made)
    assert record["stopped_after"] < record["settings"]["steps"] == 400
    assert record["settings"]["only"] == ["path:1"]
    assert b'<path d="M8 8h4v4h-4z" fill="#0c0"/>' in made.read_bytes()


def test_a_scene_turns_while_it_is_made_and_is_edited(visit, tmp_path):
    page = opened(visit, "scenes", **PHONE, has_touch=True)
    page.fill("#scenes [name=target]", "red teapot")
    page.click("[data-go=scenes]")
    underway(page, "scenes")
    view = page.locator("#scenes .ps-wipe")
    view.focus()
    page.keyboard.press("ArrowRight")
    assert page.input_value("#scenes [name=azimuth]") == "40"
    box = view.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.up()
    assert page.input_value("#scenes [name=azimuth]") == "-30"
    before = underway(page, "scenes")
    page.reload(wait_until="commit")
    assert underway(page, "scenes") >= before
    assert page.input_value("#scenes [name=azimuth]") == "-30"
    page.click("[data-go=scenes]")
    page.wait_for_selector("#scenes .ps-message:has-text('Stopped')")
    assert read_record(saved(page, "scenes", "save_ply", tmp_path))["settings"]["prompt"] == "red teapot"
    page.click("[data-text=edit_this]")
    page.fill("#scenes [name=target]", "blue teapot")
    page.fill("#scenes [name=edit_steps]", "2")
    for made in (2, 3):  # the second edit begins with the same scene as the first
        page.click("[data-go=scenes]")
        page.wait_for_function(f"document.querySelectorAll('#scenes .ps-history img').length === {made}")
    assert not page.locator("#scenes .ps-message[data-kind=error]:not(:empty)").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


LOOKS = (WIDE, {**PHONE, "color_scheme": "dark", "locale": "ko-KR"})


@pytest.mark.parametrize("look", LOOKS, ids=("wide", "phone-dark-korean"))
def test_every_tab_is_for_everyone(visit, look):
    """No serious fault of accessibility, and nothing wider than the screen."""
    page = visit(**look)
    page.wait_for_function("/[0-9]/.test(document.querySelector('#worlds .ps-progress')?.textContent)")
    assert page.evaluate("""document.fonts.load('16px "potstill Korean"', '가').then(faces => faces.length)""") == 1
    for tab in ("worlds", "pictures", "drawings", "scenes", "theorems"):
        page.click(f"button[data-tab-id={tab}]")
        seen = {"worlds": "canvas", "theorems": ".ps-value:not(:empty)"}.get(tab, ".ps-examples img")
        page.wait_for_selector(f"#{tab} {seen}", state="attached", timeout=90_000)
        assert not serious_faults(page), tab
        assert page.evaluate("document.documentElement.scrollWidth") <= look["viewport"]["width"]


def test_theorems_move_with_their_sliders_in_the_dark(visit):
    page = visit(**PHONE, color_scheme="dark")
    page.click("button[data-tab-id=theorems]")
    filled = "[...document.querySelectorAll('#theorems .ps-value')].every(line => line.textContent)"
    page.wait_for_function(filled, timeout=90_000)
    before = page.inner_text("[data-theorem=second] .ps-value")
    page.locator("[name=stride]").press("Home")
    page.wait_for_function(f"document.querySelector('[data-theorem=second] .ps-value').textContent !== {before!r}")
    assert page.inner_text("[data-theorem=second] .ps-value") != before
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert all(coloured(page, f"[data-theorem={name}] canvas") > 500 for name in ("first", "second", "third"))


def test_a_run_stops_when_its_visitor_leaves(visit, address):
    """Frames are asked for by the page alone, so after it is closed the step stands still."""
    page = visit(**PHONE)
    page.wait_for_selector("#worlds canvas")
    page.click("#ps-play")
    page.wait_for_function("/^Step [1-9]/.test(document.querySelector('#worlds .ps-progress').textContent)")
    run = json.loads(page.evaluate("sessionStorage.getItem('potstill-worlds')"))["run"]
    page.context.close()
    from gradio_client import Client

    client = Client(address, verbose=False)
    steps = [client.predict({"run": run, "kind": "png"}, api_name="/worlds_find")["step"] for _ in range(2)]
    assert steps[0] == steps[1] > 0
