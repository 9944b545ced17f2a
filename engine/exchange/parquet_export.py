"""Points as one Parquet table: run, metric, step, time, value; a row a point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.exchange.selection import Selected

FILE = "points.parquet"


def write_parquet(selected: Sequence[Selected], folder: Path) -> int:
    """Block by block; an unknown time is null, a NaN value is NaN. How many points it were."""
    import pyarrow as pa  # late: a training process need not pay for it
    from pyarrow.parquet import ParquetWriter

    text = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema(
        [
            ("run", text),
            ("metric", text),
            ("step", pa.int64()),
            ("time", pa.float64()),
            ("value", pa.float64()),
        ]
    )
    points = 0
    with ParquetWriter(folder / FILE, schema) as writer:
        for one in selected:
            for metric, series in one.blocks():
                size = len(series.step)
                columns = [
                    pa.array([one.run.id] * size).dictionary_encode(),
                    pa.array([metric] * size).dictionary_encode(),
                    pa.array(series.step),
                    pa.array(series.time, from_pandas=True),
                    pa.array(series.value, from_pandas=False),
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
                points += size
    return points
