import torch
from torch import nn


class Seq2Seq(nn.Module):
    """nn.Transformer with masks that are true where not to look."""

    def __init__(self, src_vocab, tgt_vocab, d_model=16, max_len=64):
        super().__init__()
        self.src = nn.Embedding(src_vocab, d_model)
        self.tgt = nn.Embedding(tgt_vocab, d_model)
        self.pos = nn.Embedding(max_len, d_model)
        self.core = nn.Transformer(
            d_model, 2, 1, 1, 32, dropout=0.0, batch_first=True
        )
        self.head = nn.Linear(d_model, tgt_vocab)

    def forward(self, src, tgt, src_mask, tgt_mask):
        s = self.src(src) + self.pos(torch.arange(src.shape[1], device=src.device))
        t = self.tgt(tgt) + self.pos(torch.arange(tgt.shape[1], device=tgt.device))
        return self.head(self.core(s, t, src_mask, tgt_mask))
