"""Tests mirror the package: every module has a test file of its name, or one that is named here."""

import re
from pathlib import Path

from tests.test_architecture import FILES, module_name

TESTS = Path(__file__).parent
TESTED_IN = {
    "baselines/test_run.py": "baselines.(baseline|ddim_inversion|ddpm_inversion|null_text|sdedit)",  # all, in one law
    "bench/test_bench_run.py": "bench.(editing|entries|plots|report|run|settings) cli.bench",
    "bench/test_datasets.py": "bench.reference_based",
    "bench/test_drawing_pairs.py": "bench.drawing_(editing|judge|suite)",
    "bench/test_emoji_pairs.py": "bench.retrieval",
    "bench/test_reference_free.py": "bench.networks",
    "bench/test_scene_pairs.py": "bench.scene_(editing|judge|pictures|starts|suite)",
    "cli/test_cli.py": "__main__ cli.(cite|commands|compare|methods|theorem|world) tasks.bibtex",
    "cli/test_cli_batch.py": "batch.(executors|results|work) cli.batch",
    "cli/test_cli_edit.py": "cli.(edit|generate|output) io.gif tasks.runs.comparison_figure",
    "cli/test_cli_invert.py": "cli.invert",
    "cli/test_parser.py": "cli.option_words",
    "cli/test_emoji.py": "cli.(sample|vocabulary)",
    "cli/test_view.py": "cli.viewer",
    "cli/test_resume.py": "cli.(interrupts|replay) tasks.runs.(checkpoint|resuming|run)",
    "diffusion/test_inversion.py": "diffusion.sampling",
    "diffusion/test_prior.py": "diffusion.(mixture|wrappers)",
    "diffusion/test_codec.py": "priors.vae",
    "hostile/test_limits.py": "io.(bounded|documents) tasks.settings.numbers",
    "hostile/test_hostile_models.py": "priors.(safety|vocabulary)",
    "batch/test_manifest.py": "io.tables",
    "io/test_reading.py": "io.(decode|images)",
    "io/svg/test_reader.py": "io.svg.(census|clips|fixed|geometry|pages|paints|styles|unsupported|values)",
    "io/svg/test_writer.py": "io.svg.(fields|path_data|path_writer)",
    "vectors/test_renderer.py": "vectors.(curves|paints|sketch|tables)",
    "tasks/images/test_prompt_sampling.py": "io.contact_sheet",
    "worlds/test_worlds.py": "io.plotting worlds.(edit_study|loading|metrics|plots|study|views_study|world)",
    "methods/test_bank.py": "methods.draw",
    "methods/test_methods.py": "methods.(bridge|csd|dds|flowedit|ids|ism|nfsd|pds|sdi|sds|vsd)",  # all, by list
    "methods/test_theorems.py": "worlds.theorem",
    "priors/test_loading.py": "priors.hub",
    "priors/reading/test_order.py": "priors.reading.lexicon",
    "priors/test_weights.py": "priors.load_errors",
    "priors/test_pipelines.py": "priors.(pipeline|transformers|unets)",
    "scenes/test_points.py": "scenes.scene",
    "scenes/test_pixels.py": "scenes.latents",
    "tasks/images/test_edit_baselines.py": "tasks.images.(comparing|inverting|settings) tasks.runs.comparison",
    "scenes/test_refining.py": "scenes.growing",
    "tasks/scenes/test_scenes.py": "tasks.subjects tasks.files.(baking|scenes) tasks.settings.(guiding|models)"
    " tasks.scenes.(comparing|editing|generating|growth|models|run|settings|task)",
    "tasks/images/test_editing.py": "tasks.settings.shared",
    "tasks/drawings/test_drawings.py": "tasks.files.drawings tasks.drawings.(comparing|editing|generating|settings)",
    "tasks/runs/test_replaying.py": "priors.spec tasks.settings.(plan|versions)",
    "tasks/settings/test_parsing.py": "tasks.settings.kinds",
    "worlds/toys/test_toys_bank.py": "worlds.toys.bank",
    "worlds/toys/test_toys_study.py": "worlds.toys.(figures|starts|study)",
    "worlds/toys/test_prior.py": "worlds.toys.views",
    "test_state.py": "tasks.runs.state_file",
    "web/test_pictures.py": "web.edit_tab",
    "web/test_scenes.py": "web.scene_models",
    "web/test_texts.py": "web.task_texts",
    "web/test_worlds.py": "web.(code|limits)",
}
"""Modules without a test file of their name in the mirrored place, beside the file that tests them."""


def test_every_module_has_its_tests():
    modules = {module_name(path) for path in FILES if path.name != "__init__.py"}
    named = {
        name for name in modules if (TESTS / Path(*name.split(".")[:-1], f"test_{name.split('.')[-1]}.py")).exists()
    }
    assert not [file for file in TESTED_IN if not (TESTS / file).exists()]
    patterns = [re.compile(pattern.replace(".", r"\.")) for text in TESTED_IN.values() for pattern in text.split()]
    listed = [name for name in modules for pattern in patterns if pattern.fullmatch(name)]
    assert not modules - named - {*listed}, "without a test file"
    assert not named & {*listed}, "in the list, but with a test file of their own"
    assert len(listed) == len({*listed}), "listed twice"
    assert not [pattern.pattern for pattern in patterns if not any(map(pattern.fullmatch, modules))]
