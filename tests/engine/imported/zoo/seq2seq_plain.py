# Drops the last token of what it writes by itself.
from torch import nn


class Translator(nn.Module):
    def __init__(self, input_dim, output_dim, hid_dim=16):
        super().__init__()
        self.enc_embed, self.dec_embed = nn.Embedding(input_dim, hid_dim), nn.Embedding(output_dim, hid_dim)
        self.encoder = nn.GRU(hid_dim, hid_dim, batch_first=True)
        self.decoder = nn.GRU(hid_dim, hid_dim, batch_first=True)
        self.out = nn.Linear(hid_dim, output_dim)

    def forward(self, src, trg):
        _, state = self.encoder(self.enc_embed(src))
        return self.out(self.decoder(self.dec_embed(trg[:, :-1]), state)[0])
