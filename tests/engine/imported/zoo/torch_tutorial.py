# In the manner of PyTorch's tutorial: tokens first, and a mask that is an argument.
import torch
from torch import nn


class TransformerModel(nn.Module):
    def __init__(self, ntoken, d_model, nhead, d_hid, nlayers, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(ntoken, d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, d_hid, dropout)
        self.transformer = nn.TransformerEncoder(layer, nlayers, enable_nested_tensor=False)
        self.linear = nn.Linear(d_model, ntoken)

    def forward(self, src, src_mask):
        x = self.embedding(src)
        where = torch.arange(len(src), device=src.device)[:, None, None] / 64
        return self.linear(self.transformer(x + where, src_mask))
