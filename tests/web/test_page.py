"""The page in a browser: the story of each tab, in both languages, light and dark, wide and narrow."""

import json
import urllib.error
import urllib.request

import pytest

from potstill.tasks.provenance import read_record
from potstill.web.page import script, tabs
from potstill.web.texts import TEXTS

WIDE, PHONE = {"viewport": {"width": 1280, "height": 900}}, {"viewport": {"width": 390, "height": 844}}


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


@pytest.mark.parametrize("route", ["file=/etc/passwd", "file=../../etc/passwd", "file=src/potstill/web/page.py"])
def test_no_file_of_the_server_is_served(address, route):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}gradio_api/{route}", timeout=20)
    refused.value.close()
    assert refused.value.code in (403, 404)


def test_the_api_answers_as_the_page_does(address):
    from gradio_client import Client

    client = Client(address, verbose=False)
    answer = client.predict({"methods": ["sds"], "points": 3}, api_name="/worlds_begin")
    assert answer["panels"][0]["name"] == "sds"
    assert "unknown method" in client.predict({"methods": ["no"]}, api_name="/worlds_begin")["error"]


def test_another_site_gets_no_answer(address):
    request = urllib.request.Request(f"{address}gradio_api/info", headers={"Origin": "http://elsewhere.example"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.headers.get("access-control-allow-origin") != "http://elsewhere.example"


def test_the_scripts_close_what_they_open():
    for tab in tabs():
        code = script(tab)
        assert code.startswith("{\n")
        assert code.endswith("\n}")


def test_pictures_from_prompts_to_settings_and_back(visit, tmp_path):
    page = visit(**WIDE)
    page.click("button[data-tab-id=pictures]")
    page.wait_for_selector(".ps-examples img", timeout=90_000)
    target = page.locator("#pictures [name=target]")
    target.fill("")
    target.press_sequentially("blue hea")
    page.wait_for_selector(".ps-words li:has-text('heart')")
    words = [line.inner_text() for line in page.locator(".ps-words:visible li").all()]
    for _ in range(1 + words.index("heart")):
        target.press("ArrowDown")
    target.press("Enter")
    assert target.input_value() == "blue heart "
    page.fill("[name=edit_steps]", "4")
    page.locator("#pictures select").nth(0).select_option("dds")
    page.locator("#pictures select").nth(1).select_option("pds")
    page.check("[name=brush]")
    box = page.locator(".ps-picture").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 120, steps=4)
    page.mouse.up()
    page.click("#ps-edit")
    page.wait_for_selector(".ps-history:visible", timeout=90_000)
    assert page.locator(".ps-results progress").evaluate_all("bars => bars.map(bar => bar.value / bar.max)") == [1, 1]
    page.locator(".ps-wipe + input").first.fill("50")
    assert "50%" in page.locator(".ps-before").first.get_attribute("style")
    with page.expect_download() as download:
        page.locator("#pictures [data-text=save_png]").first.click()
    made = tmp_path / download.value.suggested_filename
    download.value.save_as(made)
    record = read_record(made)
    assert (made.name, record["settings"]["steps"], "mask" in record) == ("dds.png", 4, True)
    target.fill("")
    page.set_input_files("#pictures input[type=file]", made)
    page.wait_for_function("document.querySelector('#pictures [name=target]').value === 'blue heart '")


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
