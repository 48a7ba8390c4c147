"""A U-Net in ONNX Runtime, which evaluates small networks on a CPU in about half of torch's time."""

import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version
from io import BytesIO
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from potstill.errors import InputError

OPSET = 18
"""The version of ONNX's operators; every ONNX Runtime since 1.14 has it."""
_PREFIX = "network."
_ATTENTION = 2**28
"""The most weights of one attention, 1 GB, that ONNX Runtime is given."""
Weights = Callable[[], Mapping[str, NDArray[Any]]]
"""Reads float32 weights by name. A function, so that they need no memory beside the session's own."""


class Session:
    """A graph with its weights in ONNX Runtime, with as many threads as torch; it is opened again when they change."""

    def __init__(self, graph: bytes, weights: Weights) -> None:
        """Open the graph with its weights."""
        self._graph, self._weights = graph, weights
        self._threads, self._session = torch.get_num_threads(), self._opened()

    def __call__(self, **inputs: Any) -> Tensor:
        """The output of the graph, from those of the inputs that it has."""
        if self._threads != torch.get_num_threads():
            self._threads, self._session = torch.get_num_threads(), self._opened()
        feeds = {name: inputs[name].detach().numpy() for name in self._names}
        return torch.from_numpy(self._session.run(None, feeds)[0])

    def _opened(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        # Waiting threads would take the CPU from torch between two calls.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        make = onnxruntime.OrtValue.ortvalue_from_numpy
        values = {_PREFIX + name: make(value) for name, value in self._weights().items()}
        options.add_external_initializers(list(values), list(values.values()))
        session = onnxruntime.InferenceSession(self._graph, options, providers=["CPUExecutionProvider"])
        self._names = [each.name for each in session.get_inputs()]
        return session


class OnnxNetwork(torch.nn.Module):
    """A U-Net of diffusers that runs in ONNX Runtime, and in torch where it must.

    Torch evaluates calls that record gradients, latents that the network cannot halve evenly, and large images.
    """

    def __init__(self, session: Session, config: Any, plain: Callable[[], torch.nn.Module]) -> None:
        """Wrap a session; `plain` returns the network in torch, loaded on use."""
        super().__init__()
        self.config, self.dtype, self.device = config, torch.float32, torch.device("cpu")
        self._session, self._plain = session, plain

    @property
    def plain(self) -> Any:
        """The network in torch."""
        return self._plain()

    def forward(
        self,
        x_t: Float[Tensor, "b c h w"],
        t: Float[Tensor, " b"] | Float[Tensor, ""],
        states: Float[Tensor, "b n d"] | None = None,
        class_labels: Float[Tensor, "b m"] | None = None,
        added_cond_kwargs: Mapping[str, Tensor] | None = None,
        return_dict: bool = False,
    ) -> tuple[Float[Tensor, "b k h w"]]:
        """The network's output, as diffusers returns it with `return_dict=False`."""
        added = dict(added_cond_kwargs or {})
        inputs = {"x_t": x_t, "t": t.expand(len(x_t)), "states": states, "class_labels": class_labels, **added}
        recorded = torch.is_grad_enabled() and any(each is not None and each.requires_grad for each in inputs.values())
        multiple = 2 ** (len(self.config.block_out_channels) - 1)
        uneven = any(side % multiple for side in x_t.shape[-2:])
        if recorded or uneven or self._weights_of_attention(x_t) > _ATTENTION:
            return _call(self.plain, x_t, t, states, class_labels, added)
        return (self._session(**inputs),)

    def _weights_of_attention(self, x_t: Float[Tensor, "b c h w"]) -> int:
        """The most numbers that an attention keeps at once: ONNX Runtime keeps all its weights, and torch does not."""
        heads = self.config.get("num_attention_heads") or self.config.get("attention_head_dim") or 1
        most = max(heads) if isinstance(heads, list | tuple) else heads
        return len(x_t) * most * (x_t.shape[-2] * x_t.shape[-1]) ** 2


def in_torch(network: Any) -> Any:
    """The network in torch, of a network that may run in ONNX Runtime."""
    return network.plain if isinstance(network, OnnxNetwork) else network


def converted(network: Any) -> OnnxNetwork:
    """The same network in ONNX Runtime; needs the package onnx.

    Raises:
        InputError: a package is missing.
        Exception: whatever torch raises for a network that it cannot export.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise InputError(f"backend 'onnx' needs {error.name}: run `pip install potstill[onnx]`") from None
    graph = network_graph(network)
    used = {each.name.removeprefix(_PREFIX) for each in onnx.load_from_string(graph).graph.initializer}

    def weights() -> dict[str, NDArray[np.float32]]:
        return {name: value.contiguous().numpy() for name, value in network.state_dict().items() if name in used}

    session = Session(graph, weights)
    return OnnxNetwork(session, network.config, lambda: network)


def in_onnx() -> dict[str, str]:
    """The entries of the identity of a model in ONNX Runtime."""
    return {"backend": "onnx", "onnxruntime": version("onnxruntime")}


def network_graph(network: Any) -> bytes:
    """The graph of a U-Net, without weights, for any batch size, image size and number of tokens."""
    config = network.config
    cells = config.sample_size if isinstance(config.sample_size, int) else config.sample_size[0]
    inputs: dict[str, Tensor] = {"x_t": torch.zeros(2, config.in_channels, cells, cells), "t": torch.zeros(2)}
    if (width := config.get("encoder_hid_dim") or config.get("cross_attention_dim")) is not None:
        inputs["states"] = torch.zeros(2, 16, width)
    if config.get("addition_embed_type") == "text_time":
        sizes = 6 * config.addition_time_embed_dim
        inputs["text_embeds"] = torch.zeros(2, config.projection_class_embeddings_input_dim - sizes)
        inputs["time_ids"] = torch.zeros(2, 6)
    if config.get("class_embed_type") == "projection":
        inputs["class_labels"] = torch.zeros(2, config.projection_class_embeddings_input_dim)
    free = {"x_t": {2: "height", 3: "width"}, "states": {1: "tokens"}}
    return graph_of(_Positional(network, tuple(inputs)), inputs, free)


def graph_of(
    module: torch.nn.Module, inputs: Mapping[str, Tensor], free: Mapping[str, Mapping[int, str]] | None = None
) -> bytes:
    """The ONNX graph of a module whose weights stand in its field `network`; its weights are left out.

    Args:
        module: called with the inputs in their order.
        inputs: an example of each, by name. The batch is free.
        free: more dimensions that are, by input.
    """
    import onnx

    module.eval().training = True  # or the exporter would merge weights that are equal now
    buffer: Any = BytesIO()  # torch types a path alone
    axes = {name: {0: "batch", **(free or {}).get(name, {})} for name in inputs}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's, on shapes in Python: `OnnxNetwork.forward` minds them
        # The newer exporter imports torch._dynamo, and takes many times longer.
        torch.onnx.export(
            module, tuple(inputs.values()), buffer, input_names=list(inputs), output_names=["output"],
            dynamic_axes=axes, opset_version=OPSET, dynamo=False, export_params=False, do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
        )  # fmt: skip
    model = onnx.load_from_string(buffer.getvalue())
    graph, weights = model.graph, [each for each in model.graph.input if each.name not in inputs]
    kept = [each for each in graph.input if each.name in inputs]
    del graph.input[:]
    graph.input.extend(kept)
    for node in graph.node:
        node.ClearField("doc_string")
    for weight in weights:
        kind = weight.type.tensor_type
        value = graph.initializer.add(name=weight.name, data_type=kind.elem_type)
        value.dims.extend(each.dim_value for each in kind.shape.dim)
        value.data_location = onnx.TensorProto.EXTERNAL
        value.external_data.add(key="location", value="weights")
    return model.SerializeToString()


class _Positional(torch.nn.Module):
    """A U-Net with all inputs by position, as the exporter wants them."""

    def __init__(self, network: Any, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self._names = network, names

    def forward(self, *values: Tensor) -> Tensor:
        inputs = dict(zip(self._names, values, strict=True))
        x_t, t, states = inputs.pop("x_t"), inputs.pop("t"), inputs.pop("states", None)
        return _call(self.network, x_t, t, states, inputs.pop("class_labels", None), inputs)[0]


def _call(
    network: Any,
    x_t: Tensor,
    t: Tensor,
    states: Tensor | None,
    labels: Tensor | None,
    added: Mapping[str, Tensor],
) -> tuple[Tensor]:
    """Call a U-Net of diffusers; those without a text take no states."""
    text = () if states is None else (states,)
    more = ({} if labels is None else {"class_labels": labels}) | ({"added_cond_kwargs": dict(added)} if added else {})
    return network(x_t, t, *text, **more, return_dict=False)
