"""The networks, all standard components: tokenizer, text encoder, U-Net, noise schedule and codec.

The codec is not a network: a 64x64 image becomes 16x16 "latents" of 48 channels by moving every block of 4x4 pixels
into channels, which is exactly invertible (`potstill.diffusion.codec`). The U-Net predicts x0
(`prediction_type="sample"`): its 64 channels can represent the image under 48 noisy channels, but not the noise.

The text enters the U-Net twice: by attention below the top level, and pooled, with the time, as a scale and a shift in
every block. The latter costs no time, and reduced the loss by 8 % over the first 400 steps on the same batches.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from jaxtyping import Float, Int
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from potstill.diffusion.codec import PixelUnshuffle
from potstill.priors.logs import quiet
from potstill.priors.unets import StableDiffusion
from training.captions import BACKGROUNDS, PLACES, RELATIONS, SIZES, subject
from training.icons import STYLES, TONES, concepts

CODEC = PixelUnshuffle(4)
TOKENS = 16
_DROPPED = ("a", "an", "the", "to", "that", "which", "is", "in", "colour", "color", "coloured", "colored")
Images = Float[Tensor, "b 3 64 64"]
Latents = Float[Tensor, "b 48 16 16"]
Times = Int[Tensor, "*b"]  # one per image, or one for all
Tokens = Int[Tensor, "b 16"]
SPECIAL = ("<pad>", "<unknown>", "<start>", "<end>")


@dataclass(frozen=True)
class Architecture:
    """The sizes. The defaults are 11.6 M parameters: 23.2 MB in half precision."""

    channels: tuple[int, int, int] = (64, 128, 176)
    """Width of the U-Net at 16x16, 8x8 and 4x4; text attention is below the first."""
    heads: int = 4
    """Attention heads, in the U-Net and in the text encoder."""
    text_width: int = 192
    """Width of the text encoder."""
    text_layers: int = 3
    """Layers of the text encoder."""


def vocabulary() -> list[str]:
    """Every word of every caption, sorted, without those that are dropped."""
    phrases = [subject(concept) for concept in concepts()] + [subject("", tone) for tone in TONES]
    phrases += [*STYLES, *BACKGROUNDS, *PLACES, *RELATIONS.values(), *SIZES, "big at and on background"]
    return sorted({word for phrase in phrases for word in phrase.split()} - set(_DROPPED))


def build_tokenizer(known: Sequence[str] | None = None) -> PreTrainedTokenizerFast:
    """One token per word. Case, punctuation, articles and the like are ignored; unknown words become `<unknown>`.

    Args:
        known: the words in the order of their tokens; by default those of the emoji.
    """
    numbers = {word: number for number, word in enumerate([*SPECIAL, *(vocabulary() if known is None else known)])}
    words = Tokenizer(models.WordLevel(numbers, "<unknown>"))
    words.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace("'", ""),
            normalizers.Replace(Regex("[^a-z0-9]+"), " "),
            normalizers.Replace(Regex(rf"\b({'|'.join(_DROPPED)})\b"), " "),
        ]
    )
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 2), ("<end>", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unknown>",
        bos_token="<start>",
        eos_token="<end>",
        model_max_length=TOKENS,
    )


def tokenize(tokenizer: PreTrainedTokenizerFast, captions: list[str]) -> Tokens:
    """Token ids, `(b, 16)`."""
    return tokenizer(captions, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt").input_ids


def build_scheduler() -> DDIMScheduler:
    """DDPM's 1,000 linear noise levels (Ho et al. 2020, arXiv:2006.11239), sampled from the noisiest down.

    The last level must hide the image, so that sampling can start from pure noise. A flat colour averages the noise of
    12,288 numbers: with the levels of Stable Diffusion, made for latents, a white image is 7.6 standard deviations
    above the noise at the last level, and the network reads the image there instead of the caption. Here it is 0.7.
    """
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        prediction_type="sample",
        clip_sample=False,  # done by `Clipped`; StableDiffusionPipeline requires this and the offset,
        steps_offset=1,  # which has no effect on trailing steps
        timestep_spacing="trailing",
    )


class Networks(nn.Module):
    """Text encoder and U-Net, trained as one network: `x0 = networks(x_t, t, tokens)`, or with a camera besides."""

    def __init__(self, architecture: Architecture, tokenizer: PreTrainedTokenizerFast, camera: int = 0) -> None:
        """New weights from the global generator.

        Args:
            architecture: the sizes.
            tokenizer: whose words the text encoder embeds.
            camera: how many numbers tell the camera; 0 for a model that knows none.
        """
        super().__init__()
        self.architecture, self.tokenizer, self.camera = architecture, tokenizer, camera
        a = architecture
        self.text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer),
                hidden_size=a.text_width,
                intermediate_size=8 * a.text_width // 3,
                projection_dim=a.text_width,
                num_hidden_layers=a.text_layers,
                num_attention_heads=a.heads,
                max_position_embeddings=TOKENS,
                pad_token_id=0,
                bos_token_id=2,
                eos_token_id=3,
            )
        )
        self.unet = UNet2DConditionModel(
            sample_size=64 // CODEC.factor,
            in_channels=3 * CODEC.factor**2,
            out_channels=3 * CODEC.factor**2,
            block_out_channels=a.channels,
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=a.text_width,
            addition_embed_type="text",
            addition_embed_type_num_heads=a.heads,
            resnet_time_scale_shift="scale_shift",
            norm_num_groups=16,
            attention_head_dim=a.heads,  # diffusers reads this as the number of heads
            **({"class_embed_type": "projection", "projection_class_embeddings_input_dim": camera} if camera else {}),
        )

    @property
    def described(self) -> dict[str, dict | list[str] | int]:
        """What must match the weights of a checkpoint: the sizes, the words in the order of their ids, the camera."""
        vocab = self.tokenizer.vocab
        state = {"architecture": asdict(self.architecture), "vocabulary": sorted(vocab, key=vocab.get)}
        return state | ({"camera": self.camera} if self.camera else {})

    def forward(self, x_t: Latents, t: Times, tokens: Tokens, camera: Float[Tensor, "b n"] | None = None) -> Latents:
        """The prediction of x0."""
        return self.unet(x_t, t, self.text_encoder(tokens).last_hidden_state, class_labels=camera).sample


def pipeline(model: Networks) -> StableDiffusionPipeline:
    """The networks as a Stable Diffusion pipeline of diffusers without an autoencoder."""
    parts = {
        "text_encoder": model.text_encoder,
        "tokenizer": model.tokenizer,
        "unet": model.unet,
        "scheduler": build_scheduler(),
    }
    missing = dict.fromkeys(("vae", "safety_checker", "feature_extractor", "image_encoder"))
    with quiet():
        return StableDiffusionPipeline(**parts, **missing, requires_safety_checker=False)  # type: ignore[arg-type]


def as_prior(model: Networks) -> StableDiffusion:
    """The networks in their current state as a prior."""
    return StableDiffusion(pipeline(model.eval()))
