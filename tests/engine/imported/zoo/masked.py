from torch import nn


class MaskedLM(nn.Module):
    def __init__(self, vocab_size, emb_size=16, n_heads=2):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, emb_size)
        self.mix = nn.MultiheadAttention(emb_size, n_heads, batch_first=True)
        self.head = nn.Linear(emb_size, vocab_size)

    def forward(self, input_ids, padding_mask=None):
        x = self.embed(input_ids)
        return (self.head(x + self.mix(x, x, x, key_padding_mask=padding_mask)[0]),)
