# Masks that are true where to look, without a dimension for heads, as in the annotated transformer.
import math

from torch import nn


class Look(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x, memory, mask):
        scores = self.q(x) @ self.k(memory).transpose(-2, -1) / math.sqrt(x.size(-1))
        return x + scores.masked_fill(mask == 0, -1e9).softmax(-1) @ self.v(memory)


class EncoderDecoder(nn.Module):
    def __init__(self, src_vocab, tgt_vocab, d_model=16):
        super().__init__()
        self.src_embed, self.tgt_embed = nn.Embedding(src_vocab, d_model), nn.Embedding(tgt_vocab, d_model)
        self.own, self.back, self.cross = Look(d_model), Look(d_model), Look(d_model)
        self.generator = nn.Linear(d_model, tgt_vocab)

    def forward(self, src, tgt, src_mask, tgt_mask):
        s = self.src_embed(src)
        s = self.own(s, s, src_mask)
        t = self.tgt_embed(tgt)
        t = self.back(t, t, tgt_mask)
        return self.generator(self.cross(t, s, src_mask)).log_softmax(-1)
