"""PE-AV's joint embedding for batches in which no clip is padded, with less around its arithmetic.

The same weights and the same formulas as transformers' `PeAudioVideoModel.get_audio_video_embeds`: one
product for query, key and value and one for the two inner products of the MLP, rotation without the
4-dimensional table, no masks, fused attention, and cuDNN for the convolutions of the DAC-VAE encoder
(transformers turns it off), channels last, as its tensor-core kernels want them.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _Layer(nn.Module):
    """One layer of a tower."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        attention, mlp = layer.self_attn, layer.mlp
        if attention.num_key_value_groups != 1:
            raise ValueError("keys and values are shared between heads: not made for that")
        self.width, self.scale = attention.head_dim, attention.scaling
        self.before, self.after = layer.input_layernorm, layer.post_attention_layernorm
        self.of_query, self.of_key = attention.q_norm, attention.k_norm
        self.out, self.down, self.act = attention.o_proj, mlp.down_proj, mlp.act_fn
        products = (attention.q_proj, attention.k_proj, attention.v_proj)
        self.into = _joined(*products)
        self.up = _joined(mlp.gate_proj, mlp.up_proj)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """x: (clips, steps, width). cos, sin: (steps, half a head)."""
        clips, steps, _ = x.shape
        joined = self.into(_normed(self.before, x)).view(clips, steps, 3, -1, self.width)
        query, key, value = joined.unbind(2)
        query = _turned(_normed(self.of_query, query), cos, sin).transpose(1, 2)
        key = _turned(_normed(self.of_key, key), cos, sin).transpose(1, 2)
        seen = F.scaled_dot_product_attention(query, key, value.transpose(1, 2), scale=self.scale)
        x = x + self.out(seen.transpose(1, 2).reshape(clips, steps, -1))
        gate, up = self.up(_normed(self.after, x)).chunk(2, dim=-1)
        return x + self.down(self.act(gate) * up)


class _Tower(nn.Module):
    """Layers of an encoder, and what stands before and after them."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.first, self.last = encoder.patch_embedder, encoder.norm
        self.output, self.angles = encoder.output, encoder.rotary_emb
        self.layers = nn.ModuleList(map(_Layer, encoder.layers))

    def forward(self, x: Tensor) -> Tensor:
        """(clips, steps, width) to (clips, 1 + steps, width), the clip's own vector first."""
        x, _ = self.first(x)
        at = torch.arange(x.shape[1], device=x.device)[None]
        cos, sin = (part[0, :, : part.shape[-1] // 2] for part in self.angles(x, at))
        for layer in self.layers:
            x = layer(x, cos, sin)
        found: Tensor = self.output(_normed(self.last, x))
        return found


class _Snake(nn.Module):
    """x + sin(alpha x)^2 / alpha of each channel, without a reshaping that puts channels first."""

    def __init__(self, snake: Any) -> None:
        super().__init__()
        self.alpha = nn.Parameter(snake.alpha.detach()[..., None], requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (clips, channels, 1, samples)."""
        found: Tensor = x + torch.sin(self.alpha * x).pow(2) / (self.alpha + 1e-9)
        return found


class _Codec(nn.Module):
    """The DAC-VAE encoder as convolutions over pictures of height 1, which can lie channels last."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        for name, module in list(self.encoder.named_modules()):
            parent, _, child = name.rpartition(".")
            if isinstance(module, nn.Conv1d):
                setattr(self.encoder.get_submodule(parent), child, _flat(module))
            elif hasattr(module, "alpha"):
                setattr(self.encoder.get_submodule(parent), child, _Snake(module))

    def forward(self, sound: Tensor) -> Tensor:
        """(clips, 1, samples) to (clips, channels, steps)."""
        picture = sound[:, :, None].to(memory_format=torch.channels_last)
        found: Tensor = self.encoder(picture)[:, :, 0]
        return found


class Lean(nn.Module):
    """The joint embedding of a `PeAudioVideoModel`."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        encoder = model.audio_video_encoder
        self.join, self.head = encoder.embedder, model.audio_video_head
        heard, seen = self.join.audio_encoder, self.join.video_encoder
        self.codec, self.vision = heard.embedder, seen.embedder
        self.dac = _Codec(self.codec.dac_encoder)
        self.heard, self.seen, self.both = _Tower(heard), _Tower(seen), _Tower(encoder)

    def forward(self, sound: Tensor, frames: Tensor) -> Tensor:
        """Sound (clips, 1, samples) and frames (clips, n, 3, height, width) to (clips, width)."""
        heard, seen = self._sound(sound), self._picture(frames)
        seen = self.join.video_proj(seen.transpose(1, 2))
        seen = F.interpolate(seen, size=heard.shape[1], mode="nearest").transpose(1, 2)
        joined = torch.cat([heard, self.join.video_norm(seen)], dim=-1)
        joined = self.join.data_proj(self.join.concat_modality_proj(joined))
        found: Tensor = self.head(self.both(joined)[:, 0])
        return found

    def compiled(self, **how: Any) -> "Lean":
        """Itself, the parts compiled that take the time. how: of `torch.compile`."""
        for module in (self.dac, self.vision.vision_model):
            module.compile(**how)
        for tower in (self.heard, self.seen, self.both):
            for layer in tower.layers:
                layer.compile(**how)
        return self

    def parts(self, sound: Tensor, frames: Tensor) -> dict[str, Callable[[], object]]:
        """What it is made of; the rest is the fusion."""
        return {
            "dac": lambda: self._codes(sound),
            "audio_tower": lambda: self._sound(sound),
            "vision": lambda: self.vision(frames),
            "video_tower": lambda: self._picture(frames),
        }

    def _codes(self, sound: Tensor) -> Tensor:
        codec = self.codec
        codes = codec.bottleneck(self.dac(sound))
        found: Tensor = codec.data_proj(codes.transpose(1, 2))
        return found

    def _sound(self, sound: Tensor) -> Tensor:
        found: Tensor = self.heard(self._codes(sound))[:, 1:]
        return found

    def _picture(self, frames: Tensor) -> Tensor:
        found: Tensor = self.seen(self.vision(frames)[0])[:, 1:]
        return found


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
    joined = nn.Linear(weight.shape[1], weight.shape[0], bias=products[0].bias is not None)
    joined.weight = nn.Parameter(weight.detach(), requires_grad=False)
    if joined.bias is not None:
        bias = torch.cat([product.bias for product in products])
        joined.bias = nn.Parameter(bias.detach(), requires_grad=False)
    return joined


def _normed(norm: Any, x: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], norm.weight, norm.variance_epsilon)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotated pairs of neighbours; x: (clips, steps, heads, width of a head)."""
    cos, sin = cos[None, :, None], sin[None, :, None]
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)
