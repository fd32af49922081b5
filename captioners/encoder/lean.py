"""PE-AV's towers with less around their arithmetic, for inference.

The same weights and formulas as transformers': one product for query, key and value and one for the two
inner products of the MLP, rotation without the 4-dimensional table, fused attention and norms, and the
DAC-VAE encoder's convolutions by cuDNN, channels last, as its tensor-core kernels want them. What is
gained on a GPU, compiled and not: docs/benchmarks.md.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def lean(encoders: Sequence[Any]) -> None:
    """Changes encoders of transformers' PE-AV in place; their old layers are let go.

    Raises ValueError for one that is made otherwise than the public ones are.
    """
    for encoder in encoders:
        if encoder.config._attn_implementation != "sdpa":
            raise ValueError(f"attention is {encoder.config._attn_implementation!r}, not 'sdpa'")
        # One by one: of the layers of both kinds only one exists twice at a time.
        for index in range(len(encoder.layers)):
            encoder.layers[index] = Layer(encoder.layers[index])
        codec = getattr(encoder.embedder, "dac_encoder", None)
        if codec is not None:
            encoder.embedder.dac_encoder = Codec(codec)


class Layer(nn.Module):
    """One layer of a tower or of the fusion."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        attention, mlp = layer.self_attn, layer.mlp
        if attention.num_key_value_groups != 1:
            raise ValueError("keys and values are shared between heads: not made for that")
        self.width, self.scale = attention.head_dim, attention.scaling
        self.before, self.after = layer.input_layernorm, layer.post_attention_layernorm
        self.of_query, self.of_key = attention.q_norm, attention.k_norm
        self.out, self.down, self.act = attention.o_proj, mlp.down_proj, mlp.act_fn
        self.into = _joined(attention.q_proj, attention.k_proj, attention.v_proj)
        self.up = _joined(mlp.gate_proj, mlp.up_proj)

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        position_embeddings: tuple[Tensor, Tensor] | None = None,
        **others: Any,
    ) -> Tensor:
        """As transformers calls it. hidden_states: (clips, steps, width). position_embeddings: cosines
        and sines, (1, steps, width of a head), the second half as the first."""
        assert position_embeddings is not None
        cos, sin = (part[0, :, : self.width // 2] for part in position_embeddings)
        x = hidden_states
        clips, steps, _ = x.shape
        joined = self.into(_normed(self.before, x)).view(clips, steps, 3, -1, self.width)
        query, key, value = joined.unbind(2)
        query = _turned(_normed(self.of_query, query), cos, sin).transpose(1, 2)
        key = _turned(_normed(self.of_key, key), cos, sin).transpose(1, 2)
        value = value.transpose(1, 2)
        seen = F.scaled_dot_product_attention(query, key, value, attention_mask, scale=self.scale)
        x = x + self.out(seen.transpose(1, 2).reshape(clips, steps, -1))
        gate, up = self.up(_normed(self.after, x)).chunk(2, dim=-1)
        changed: Tensor = x + self.down(self.act(gate) * up)
        return changed


class Codec(nn.Module):
    """The DAC-VAE encoder as convolutions over pictures of height 1, which can lie channels last."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        for name, module in list(encoder.named_modules()):
            parent, _, child = name.rpartition(".")
            if isinstance(module, nn.Conv1d):
                setattr(encoder.get_submodule(parent), child, _flat(module))
            elif hasattr(module, "alpha"):
                setattr(encoder.get_submodule(parent), child, _Snake(module))

    def forward(self, samples: Tensor) -> Tensor:
        """(clips, 1, samples) to (clips, channels, steps)."""
        picture = samples[:, :, None].to(memory_format=torch.channels_last)
        coded: Tensor = self.encoder(picture)[:, :, 0]
        return coded


class _Snake(nn.Module):
    """x + sin(alpha x)^2 / alpha of each channel, without a reshaping that puts channels first."""

    def __init__(self, snake: Any) -> None:
        super().__init__()
        self.alpha = nn.Parameter(snake.alpha.detach()[..., None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (clips, channels, 1, samples)."""
        changed: Tensor = x + torch.sin(self.alpha * x).pow(2) / (self.alpha + 1e-9)
        return changed


def _flat(module: nn.Conv1d) -> nn.Conv2d:
    """A convolution over time as one over pictures of height 1."""
    flat = nn.Conv2d(
        module.in_channels,
        module.out_channels,
        (1, module.kernel_size[0]),
        (1, module.stride[0]),
        (0, int(module.padding[0])),
        (1, module.dilation[0]),
        bias=False,
    )
    weight = module.weight.detach()[:, :, None].contiguous(memory_format=torch.channels_last)
    flat.weight = nn.Parameter(weight, requires_grad=False)
    flat.bias = module.bias
    return flat


def _joined(*products: Any) -> nn.Linear:
    """Linear layers of the same input as one, their outputs one after another."""
    weight = torch.cat([product.weight for product in products])
    joined = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    joined.weight = nn.Parameter(weight.detach(), requires_grad=False)
    if products[0].bias is not None:
        bias = torch.cat([product.bias for product in products])
        joined.bias = nn.Parameter(bias.detach(), requires_grad=False)
    return joined


def _normed(norm: Any, x: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], norm.weight, norm.variance_epsilon)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotated pairs of neighbours; x: (clips, steps, heads, width of a head)."""
    cos, sin = cos[None, :, None], sin[None, :, None]
    even, odd = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)
