"""Texts that hardly differ, found by MinHash (rensa) in bands: no text is compared with all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rensa import RMinHash
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.data.library.splits import mixed
from engine.data.quality.subject import Groups, Subject

_PIECE = 5
"""Bytes of the overlapping pieces of which a text is taken to be made."""
_BANDS, _BAND = 32, 4
"""Texts that have all four numbers of one of 32 bands in common are compared: of texts that are
alike by 0.8 it misses one in ten million."""
_MOST_LETTERS = 20_000
LEAST_BYTES = 30
"""Shorter texts, such as names, are near others by chance."""
_PORTION = 1_000_000
_NEIGHBOURS = 8
"""In a crowd of texts with one band in common each is compared with the first and so many after."""

Digests = NDArray[np.uint32]


def alike(subject: Subject) -> tuple[Groups, int]:
    """For each row the number of its group, and how many texts were compared; rows with the same
    inputs are of one group."""
    _, firsts, inverse = np.unique(subject.inputs, return_index=True, return_inverse=True)
    chosen = _chosen(subject, firsts)
    digests, there = _digests(subject, firsts[chosen])
    chosen = chosen[there]
    left, right = _pairs(digests, subject.limits.similarity)
    links = coo_array((np.ones(len(left), bool), (chosen[left], chosen[right])), (len(firsts),) * 2)
    _, groups = connected_components(links, directed=False)
    # a row without anything in it is like no other, although empty inputs are the same
    found = groups[inverse].astype(np.int64)
    empty = np.flatnonzero(~subject.complete)
    found[empty] = len(firsts) + np.arange(len(empty))
    return found, len(chosen)


def _chosen(subject: Subject, firsts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of the texts that are compared; of too many their content and the seed draw some."""
    if len(firsts) <= subject.limits.most_compared:
        return np.arange(len(firsts))
    order = mixed(subject.inputs[firsts], subject.limits.seed)
    return np.sort(
        np.argpartition(order, subject.limits.most_compared)[: subject.limits.most_compared]
    )


def _digests(subject: Subject, rows: NDArray[np.int64]) -> tuple[Digests, NDArray[np.int64]]:
    """The MinHash of these rows' texts, and the places of those that are long enough."""
    names = subject.typed(subject.of_role("text"), "text", "list of texts")
    wanted = np.zeros(len(subject), bool)
    wanted[rows] = True
    order = np.argsort(rows)
    found, there, done = [np.zeros((0, _BANDS * _BAND), np.uint32)], [], 0
    for start, batch in subject.batches(names):
        picked = np.flatnonzero(wanted[start : start + len(batch)])
        if not len(picked):
            continue
        for texts in _portions(_normal(batch.take(pa.array(picked)))):
            hashes, edges = _pieces(texts)
            long = np.diff(edges) >= LEAST_BYTES - _PIECE + 1
            matrix = RMinHash.digest_matrix_from_flat_token_hashes(
                hashes, edges.astype(np.uint64), _BANDS * _BAND, subject.limits.seed
            )
            found.append(np.array(matrix.to_rows(), np.uint32).reshape(len(texts), -1)[long])
            there.append(order[done : done + len(texts)][long])
            done += len(texts)
    return np.concatenate(found), np.concatenate(there or [np.zeros(0, np.int64)])


def _portions(texts: Any) -> Iterator[Any]:
    """So many texts at a time that their pieces take little memory."""
    ends = np.cumsum(pc.binary_length(texts).to_numpy(zero_copy_only=False), dtype=np.int64)
    start = 0
    while start < len(texts):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _PORTION, side="right")))
        yield texts.slice(start, stop - start)
        start = stop


def _normal(batch: Any) -> Any:
    """The texts of each row as one, without what makes no difference: case and spaces."""
    columns = [
        pc.binary_join(values, " ") if pa.types.is_list(values.type) else values
        for values in batch.columns
    ]
    texts = [
        pc.utf8_slice_codeunits(pc.fill_null(values, ""), 0, _MOST_LETTERS) for values in columns
    ]
    joined = pc.binary_join_element_wise(*texts, "\n")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.utf8_lower(joined), r"\s+", " "))


def _pieces(texts: Any) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """A number for each piece of each text, and where the pieces of each begin and end."""
    sizes = pc.binary_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    data = np.frombuffer(b"".join(text.encode() for text in texts.to_pylist()), np.uint8)
    count = np.maximum(0, sizes - _PIECE + 1)
    edges = np.concatenate([[0], np.cumsum(count)])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    places = np.arange(edges[-1]) + np.repeat(starts - edges[:-1], count)
    numbers = np.zeros(len(places), np.uint64)
    for shift in range(_PIECE):
        numbers = (numbers << np.uint64(8)) | data[places + shift].astype(np.uint64)
    return mixed(numbers, 0), edges


def _pairs(digests: Digests, similarity: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of places whose texts are so much alike."""
    found: list[NDArray[np.int64]] = [np.zeros((0, 2), np.int64)]
    for left, right in _candidates(digests):
        for start in range(0, len(left), 65_536):
            a, b = left[start : start + 65_536], right[start : start + 65_536]
            near = (digests[a] == digests[b]).mean(axis=1) >= similarity
            found.append(np.stack([a[near], b[near]], axis=1))
    pairs = np.concatenate(found)
    return pairs[:, 0], pairs[:, 1]


def _candidates(digests: Digests) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places that may hold texts that are alike: those with the same numbers in one band."""
    for band in range(_BANDS):
        keys = np.zeros(len(digests), np.uint64)
        for column in digests[:, band * _BAND : (band + 1) * _BAND].T:
            keys = mixed(keys ^ column.astype(np.uint64), 0)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        begins = np.searchsorted(ordered, ordered, side="left")
        crowded = begins < np.arange(len(order))
        yield order[begins[crowded]], order[crowded]
        for step in range(1, _NEIGHBOURS):
            same = ordered[step:] == ordered[:-step]
            yield order[:-step][same], order[step:][same]
