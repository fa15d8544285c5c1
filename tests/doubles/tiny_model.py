"""A sentence-transformers model with random weights, made on the spot: for what needs torch."""

from pathlib import Path
from typing import Any

WORDS = "the a rat ran through maze engram memory of in and"


def tiny_model(folder: Path) -> Path:
    """Save a BERT of two layers with those words; needs sentence-transformers."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(1)
    folder.mkdir(parents=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    shape: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    config = BertConfig(vocab_size=len(words), num_attention_heads=4, **shape)
    BertModel(config).save_pretrained(folder)
    words_in = Transformer(str(folder), max_seq_length=64)
    made = SentenceTransformer(modules=[words_in, Pooling(32)], device="cpu")
    made.save(str(folder / "whole"))
    return folder / "whole"
