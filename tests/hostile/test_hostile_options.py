"""Every command with every kind of word that is none: numbers, names, expressions, prompts, paths."""

import warnings

import pytest

from potstill.errors import InputError
from potstill.methods import Method
from potstill.tasks.settings.parsing import from_text
from tests.hostile.harness import COMMANDS, refused, words_of

NO_WHOLE = ["nan", "1e400", "0x10", "1.5", "--", "½", "9" * 5000, "", "1 0"]
NO_NUMBER = ["0x10", "1,5", "one", "", "1e", "½"]
INFINITE = ["nan", "inf", "-inf", "1e400"]
COUNTED = {  # options that take whole numbers, with what they say of the value that goes too far
    "edit": {
        "--steps": "at most 1,000,000",
        "--count": "at most 10,000",
        "--seed": "to 2.63",
        "--frame": "from 0 to 999,999",
    },
    "generate": {"--steps": "at most 1,000,000", "--count": "at most 10,000", "--seed": "to 2.63"},
    "compare": {"--steps": "at most 1,000,000", "--count": "at most 10,000", "--seed": "to 2.63"},
    "invert": {"--steps": "at most 1,000,000", "--seed": "to 2.63", "--frame": "from 0 to 999,999"},
    "sample": {"--steps": "to 1,000", "--count": "to 10,000", "--seed": "to 2.62"},
    "world": {"--steps": "to 1,000,000", "--points": "to 100,000", "--seed": "to 2.63"},
    "theorem": {"--steps": "to 980", "--points": "to 100,000", "--seed": "to 2.63"},
}
CASES = [
    *((command, [flag, "9" * 19], said) for command, flags in COUNTED.items() for flag, said in flags.items()),
    *(
        (command, [flag, "-1"], "must (be|make) (at least 1|from [01])")
        for command, flags in COUNTED.items()
        for flag in flags
    ),
    *(("generate", ["--steps", text], "--steps|unknown option") for text in NO_WHOLE),
    *(("world", ["--points", text], "--points|unknown option") for text in NO_WHOLE),
    *(
        ("edit", ["--learning-rate", text], "--learning-rate (= .* must be|is empty: give) a number")
        for text in NO_NUMBER
    ),
    *(("sample", ["--guidance-scale", text], "--guidance-scale = .* must be a number") for text in NO_NUMBER),
    *(("theorem", ["--shares", "0.5", text], "--shares = .*: each must be a number") for text in NO_NUMBER),
    *(
        (command, ["--guidance-scale", text], "guidance.scale = .* must be (a finite number|from -1000|.* or None)")
        for command in ("edit", "generate", "compare", "invert", "sample", "world", "theorem")
        for text in INFINITE
    ),
    *(("generate", ["--learning-rate", text], "must be above 0 and finite") for text in ("0", "-0.0", "-1", "1e400")),
    *((command, ["--nonsense", "3"], "unknown option --nonsense") for command in COMMANDS if command != "cite"),
    *((command, ["--outt", "x"], "unknown option --outt: did you mean --out") for command in ("edit", "world")),
    *((command, ["extra", "extra"], "unexpected 'extra'") for command in ("edit", "replay", "cite", "theorem")),
    *(
        (command, ["--size", size], said)
        for command in ("edit", "generate", "invert")
        for size, said in (
            ("0x0", "size = .* must be at least 1"),
            ("-8x8", "size = '-8x8' must be WIDTHxHEIGHT"),
            ("8 8 8", "size = '8 8 8' must be WIDTHxHEIGHT"),
            ("64 32", "size = '64 32' must be WIDTHxHEIGHT in pixels, such as 64x32"),
            ("1e3", "size = '1e3' must be WIDTHxHEIGHT"),
            ("17x16", "multiples of .*: the nearest is 16x16"),
            ("99999999x99999999", "at most 100 megapixels"),
            ("999999999x8", "at most 100,000,000"),
            ("9" * 5000, "size = .* must be WIDTHxHEIGHT"),
        )
    ),
    ("edit", ["--size", "64", "32"], "unexpected '32' after --size 64: --size takes one value, WIDTHxHEIGHT"),
    ("generate", ["--size", "source"], "size = source is the size of a picture, and there is none"),
    ("edit", ["--method", "__import__('os').system('touch pwned')"], "cannot read .* as a method"),
    ("edit", ["--method", "PDS(noise=__import__('os').remove('photo.png'))"], "cannot read|must be a noise"),
    ("edit", ["--method", "().__class__.__bases__[0].__subclasses__()"], "cannot read"),
    ("edit", ["--method", "(" * 5000], "cannot read"),
    ("edit", ["--method", "-" * 5000 + "1"], "cannot read"),
    ("edit", ["--method", "PDS(" * 3000], "cannot read|10,000"),
    ("edit", ["--method", "x" * 20_000], "has 20,000 characters: write at most 10,000"),
    ("edit", ["--method", "PDS\0"], "cannot read"),
    ("edit", ["--method", "\ud800"], "cannot read|unknown method"),
    ("edit", ["--method", "lambda: 0"], "cannot read"),
    ("edit", ["--method", "PDS(**{'noise': 1})"], "unknown field"),
    ("edit", ["--method", "Edit"], "unknown method"),
    ("edit", ["--method", "sdedit", "--strength", "2"], "strength = 2.0 must be"),
    ("edit", ["--method", "sdedit", "--learning-rate", "1"], "does not apply to SDEdit"),
    ("edit", ["--noise", "Mixed(nan)"], "share of Mixed = nan must be a finite number"),
    ("edit", ["--noise", "Mixed(1e400)"], "share of Mixed"),
    ("edit", ["--noise", "Mixed(True)"], "share of Mixed = True must be"),
    ("edit", ["--weight", "Constant(0x10, 3)"], "has 2 values"),
    ("edit", ["--space", "voxels"], "--space = 'voxels' must be one of latents, pixels"),
    ("edit", ["--fit", "squash"], "--fit = 'squash' must be one of crop, resize, pad"),
    ("edit", ["--background", "chartreux"], "background = 'chartreux' must be an opaque colour"),
    ("edit", ["--background", "x" * 5000], "background = "),
    ("edit", ["--dtype", "float64"], "--dtype = 'float64' must be one of float32, bfloat16, float16, None"),
    ("edit", ["--device", "cuda:99"], "there is no device 'cuda:99' here"),
    ("edit", ["--device", "\0"], "there is no device"),
    ("compare", ["--methods", "dds", "dss"], "unknown method 'dss'"),
    ("compare", ["--prompt", "a heart"], "an image is edited with --source and --target"),
    ("compare", ["--mask", "photo.png", "--methods", "sds("], "cannot read 'sds\\('"),
    ("generate", ["--method", "dds"], "DDS edits an image"),
    ("generate", ["--method", "sdedit"], "sdedit"),
    ("invert", ["--method", "sds"], "sds"),
    ("invert", ["--method", "ddpm", "--skip", "nan"], "skip = nan of DDPMInversion must be|--skip"),
    ("world", ["--methods", "dds", "os.system('id')"], "cannot read"),
    ("world", ["--methods", ""], "cannot read|unknown method"),
    ("theorem", ["--shares"], "got 0 shares of sigma: give 1 to 20"),
    ("theorem", ["--shares", "nan"], "sigma share = nan must be in"),
    ("theorem", ["--shares", "-0.1"], "sigma share = -0.1 must be in"),
    ("theorem", ["--shares", *["0.5"] * 1000], "got 1000 shares"),
    ("theorem", ["--points", "100000", "--steps", "980"], "their product must be at most 10,000,000"),
    ("sample", ["--count", "10001"], "must make from 1 to 10,000 pictures"),
    ("vocabulary", ["\0"], "holds '.x00', which is not text"),
    ("vocabulary", ["a\x1b[2Jb"], "which is not text"),
    ("vocabulary", ["apple " * 20_000], "has 120,000 characters"),
    ("vocabulary", ["a", "--model", "/dev/zero"], "there is no list of words"),
    ("vocabulary", ["a", "--model", "x" * 5000], "there is no list of words"),
    ("cite", ["\x1b[31mred"], "unknown method '.x1b"),
    ("cite", ["../pds"], "unknown method"),
    ("cite", ["x" * 100_000], "unknown method"),
    ("cite", ["\ud800"], "unknown method"),
    ("methods", ["--json", "yes"], "unexpected 'yes'"),
]
NO_TEXT = {
    "zero": "a\0b",
    "escape": "\x1b]0;pwned\x07",
    "delete": "a\x7f",
    "C1": "a\x9b31m",
    "half a character": "a\ud83d",
    "byte that is no UTF-8": "a\udcff",
    "book": "apple " * 16_667,
}
PROMPTS = {"edit": "--source", "generate": "", "invert": "--prompt", "sample": "", "compare": "--target"}


def name(case):
    command, words, _ = case
    return f"{command} {' '.join(words)}"[:40].encode("unicode_escape").decode()


@pytest.mark.parametrize("case", CASES, ids=map(name, CASES))
def test_a_word_that_is_none_is_one_line(capsys, folder, model, loaded_once, case):
    command, words, message = case
    (folder / "record.json").write_text("{}")
    refused(capsys, folder, [*words_of(command, model), *words], message)


@pytest.mark.parametrize("text", NO_TEXT)
@pytest.mark.parametrize("command", PROMPTS)
def test_a_prompt_that_is_no_text_is_one_line(capsys, folder, model, loaded_once, command, text):
    flag = PROMPTS[command]
    words = words_of(command, model)
    words[1:2] = [words[1]] if flag else [NO_TEXT[text]]
    words += [flag, NO_TEXT[text]] if flag else []
    refused(capsys, folder, words, "which is not text: leave it out|characters: write at most 5,000")


def test_a_negative_prompt_is_a_prompt(capsys, folder, model, loaded_once):
    refused(capsys, folder, [*words_of("generate", model), "--negative", "a\0"], "the negative prompt .* is not text")


@pytest.mark.parametrize("word", ["", "\0", "\ud800", "--nonsense", "../edit", "edit\n", "x" * 5000, "🖼"])
def test_a_command_that_is_none_is_one_line(capsys, folder, word):
    refused(capsys, folder, [word], "unknown command")


def test_a_misspelt_option_is_said_before_the_one_that_is_missing_for_it(capsys, folder):
    words = ["edit", "photo.png", "--sorce", "a", "--target", "b"]
    refused(capsys, folder, words, "^unknown option --sorce: did you mean --source\\?")
    refused(capsys, folder, ["edit", "photo.png", "--target", "b"], "^missing: --source TEXT .A prompt that describes")
    refused(
        capsys, folder, ["edit", "--", "photo.png", "--source", "a"], "^--source comes after --, .* move it before --"
    )


def test_python_has_no_say_in_what_is_written():
    """Its parser would warn of `1if` on a line of its own."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(InputError, match="weight"):
            from_text("PDS(weight=1if 2else 3)", Method)
    assert not said
