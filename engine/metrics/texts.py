"""How close written texts come to the expected ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from torch import Tensor

from engine.metrics import torchmetrics_alone

_ORDER = 6
_WORDS = re.compile(r"[^\W_]+")


def text_metrics(written: Sequence[str], expected: Sequence[str]) -> dict[str, float]:
    """exact_match, chrf and rouge_l, each from 0 to 1; what cannot be known is left out.

    chrF: Popović, "chrF: character n-gram F-score for automatic MT evaluation" (WMT 2015), over
    all texts together. ROUGE-L: Lin, "ROUGE" (2004), the longest common subsequence of words in
    small letters, as the mean F-score of the texts that hold a word at all.
    """
    pairs = list(zip(written, expected, strict=True))
    if not pairs:
        return {}
    found = {"exact_match": sum(one == other for one, other in pairs) / len(pairs)}
    if _longest(expected):
        found["chrf"] = _chrf(written, expected)
    worded = [pair for pair in pairs if _words(pair[1])]
    if worded:
        found["rouge_l"] = _rouge_l(worded)
    return found


def _chrf(written: Sequence[str], expected: Sequence[str]) -> float:
    """Over n-grams of up to six characters, as far as there are any of that length."""
    torchmetrics_alone.ready()
    from torchmetrics.functional.text import chrf_score

    order = min(_ORDER, _longest(written), _longest(expected))
    if order == 0:
        return 0.0
    references = [[text] for text in expected]
    score = chrf_score(list(written), references, n_char_order=order, n_word_order=0)
    assert isinstance(score, Tensor)  # it is a pair only when scores of sentences are asked for
    return float(score)


def _longest(texts: Sequence[str]) -> int:
    """Characters of the longest text, without the spaces that chrF leaves out."""
    return max(len("".join(text.split())) for text in texts)


def _rouge_l(pairs: Sequence[tuple[str, str]]) -> float:
    from torchmetrics.functional.text.rouge import rouge_score  # see above

    scores = rouge_score(
        [written for written, _ in pairs],
        [expected for _, expected in pairs],
        rouge_keys="rougeL",
        normalizer=str.lower,  # its own keeps only the letters a to z
        tokenizer=_words,
    )
    return float(scores["rougeL_fmeasure"])


def _words(text: str) -> list[str]:
    return _WORDS.findall(text)
