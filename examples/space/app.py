"""The playground of potstill as a Space: https://huggingface.co/docs/hub/spaces-sdks-gradio."""

from potstill.web.page import build, options

page = build()

if __name__ == "__main__":
    page.launch(**options())
