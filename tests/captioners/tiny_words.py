"""A tokenizer of the kind that Llama and Qwen have, small enough for models that a test makes."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

# One token each; other text falls to bytes.
WORDS = [" A", " dog", " cat", " man", " runs", " sits", " and", ".", " while", " in", " rain"]


def tokenizer(special: Sequence[str], **roles: str) -> PreTrainedTokenizerFast:
    """Byte level, with the merges that the words need. special: tokens that are no text. roles: which of
    them is which, by the names that transformers gives ("eos_token")."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        letters = word.replace(" ", "Ġ")
        merges += [(letters[:n], letters[n]) for n in range(1, len(letters))]
    merges = list(dict.fromkeys(merges))
    tokens = [*special, *alphabet, *(first + second for first, second in merges)]
    vocab = {token: i for i, token in enumerate(dict.fromkeys(tokens))}
    backend = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(list(special))
    common = ("bos_token", "eos_token", "pad_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        extra_special_tokens={role: t for role, t in roles.items() if role not in common},
        **{role: token for role, token in roles.items() if role in common},
    )


def says_words(head: torch.nn.Linear, words: PreTrainedTokenizerFast, end: str, how: float) -> None:
    """Lets random weights say the words and nothing else, and come to an end now and then.

    head: the output layer. end: the token that ends an answer. how: how much louder than a word it is.
    """
    loud = torch.zeros(head.weight.shape[0], 1)
    loud[words.convert_tokens_to_ids([word.replace(" ", "Ġ") for word in WORDS])] = 1.0
    loud[words.convert_tokens_to_ids(end)] = how
    with torch.no_grad():
        head.weight.mul_(loud)
