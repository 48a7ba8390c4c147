"""What the server of the page answers to requests that are not the page's own."""

import urllib.error
import urllib.request

import pytest


@pytest.mark.parametrize("route", ["file=/etc/passwd", "file=../../etc/passwd", "file=src/potstill/web/page.py"])
def test_no_file_of_the_server_is_served(address, route):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}gradio_api/{route}", timeout=20)
    refused.value.close()
    assert refused.value.code in (403, 404)


@pytest.mark.parametrize("route", ["gradio_api/upload", "gradio_api/upload/"])
def test_no_file_is_put_on_the_server(address, route):
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\nabc\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{address}{route}", body, headers), timeout=20)
    refused.value.close()
    assert refused.value.code == 404


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
