"""Converts between sounding and written arrangements: pitches relative to the tonic, bars known ahead first."""

from dataclasses import replace

from inference.music.pitch import Key
from inference.tokens.arrangement import Arrangement, Header, Row


def tonic_shift(key: Key | None) -> int:
    """Semitones from written to sounding pitch, -5..6: every song is written as if its tonic were C."""
    if key is None:
        return 0
    return key.tonic if key.tonic <= 6 else key.tonic - 12


def written_rows(arrangement: Arrangement) -> tuple[Row, ...]:
    """The rows in the order they are written in, with written pitches."""
    header, rows = arrangement.header, arrangement.rows
    first = len(rows) - header.ahead
    return _transposed(rows[first:] + rows[:first], -tonic_shift(header.key))


def sounding(header: Header, rows: tuple[Row, ...]) -> Arrangement:
    """The arrangement that was written as `rows`; its header tells how many there are."""
    in_order = rows[header.ahead :] + rows[: header.ahead]
    return Arrangement(replace(header, bars=len(rows)), _transposed(in_order, tonic_shift(header.key)))


def _transposed(rows: tuple[Row, ...], semitones: int) -> tuple[Row, ...]:
    if semitones == 0:
        return rows
    distinct = {block: block.transposed(semitones) for row in rows for block in row if block is not None}
    return tuple(tuple(None if block is None else distinct[block] for block in row) for row in rows)
