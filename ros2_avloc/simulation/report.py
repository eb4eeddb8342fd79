"""What the demo shows and writes when it is over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from ros2_avloc.recordings.video import VideoWriter
from ros2_avloc.simulation.score import Judgement, Score, Verdict

RIGHT_AT_LEAST = 0.85
ERROR_AT_MOST = math.radians(4.0)
FALSE_AT_MOST = 0.10
"""What the node must reach in the demo."""

DROPPED = 'dropped: '
"""How the node's diagnostics begin the key of a count of dropped frames."""

STRIP_SOUNDING, STRIP_QUIET = 5, 3
STRIP_COLUMNS = 4
STRIP_WIDTH = 480
CAPTION_HEIGHT = 28


def table(score: Score, drops: Mapping[str, str]) -> Table:
    """Lay out the figures of a run for the terminal.

    Parameters
    ----------
    score
        The figures.
    drops
        How many frames the node dropped, by keys that begin with `DROPPED`.
    """
    verdicts = score.verdicts
    rows = [
        ('frames answered', f'{score.answered} of {score.frames}', ''),
        ('something in view sounds', f'{score.sounding} windows', ''),
        ('  rightly attended', f'{score.right:.1%}', f'at least {RIGHT_AT_LEAST:.0%}'),
        ('  attends elsewhere', f'{verdicts[Verdict.ELSEWHERE]} windows', ''),
        ('  attends nothing', f'{verdicts[Verdict.MISSED]} windows', ''),
        (
            '  bearing error, median / 95 %',
            f'{math.degrees(score.error_p50):.1f}° / {math.degrees(score.error_p95):.1f}°',
            f'median at most {math.degrees(ERROR_AT_MOST):.0f}°',
        ),
        ('nothing in view sounds', f'{score.quiet} windows', ''),
        ('  false attention', f'{score.false:.1%}', f'at most {FALSE_AT_MOST:.0%}'),
        ('a sound begins or ends (not judged)', f'{verdicts[Verdict.CHANGING]} windows', ''),
        (
            'latency, stamp to answer, median / 95 %',
            f'{score.latency_p50 * 1e3:.0f} ms / {score.latency_p95 * 1e3:.0f} ms',
            '',
        ),
    ]
    rows += [(cause, count, '') for cause, count in sorted(drops.items()) if count != '0']
    shown = Table(title='ros2_avloc demo')
    shown.add_column('')
    shown.add_column('measured', justify='right')
    shown.add_column('expected')
    for row in rows:
        shown.add_row(*row)
    return shown


def complaints(score: Score) -> list[str]:
    """Name what the node did not reach, a sentence each; empty when it did its job.

    Parameters
    ----------
    score
        The figures.
    """
    found = []
    if not score.sounding or not score.quiet:
        found.append('The run was too short to judge: it holds no sounding or no quiet window.')
    if score.right < RIGHT_AT_LEAST:
        found.append(f'Rightly attended: {score.right:.1%}, at least {RIGHT_AT_LEAST:.0%} expected.')
    if score.error_p50 > ERROR_AT_MOST:
        measured, limit = math.degrees(score.error_p50), math.degrees(ERROR_AT_MOST)
        found.append(f'Median bearing error: {measured:.1f}°, at most {limit:.0f}° expected.')
    if score.false > FALSE_AT_MOST:
        found.append(f'False attention: {score.false:.1%}, at most {FALSE_AT_MOST:.0%} expected.')
    return found


def write_pictures(folder: Path, overlays: Mapping[int, bytes], judgements: Sequence[Judgement]) -> None:
    """Write ``overlay.mp4``, and ``strip.png`` with the windows that `pick` chooses.

    Parameters
    ----------
    folder
        Where to.
    overlays
        The node's overlay pictures by stamp, JPEG.
    judgements
        Of the same run.
    """
    stamps = sorted(overlays)
    if not stamps:
        return
    height, width = _decoded(overlays[stamps[0]]).shape[:2]
    rate = (len(stamps) - 1) * 1e9 / max(stamps[-1] - stamps[0], 1) or 1.0
    with VideoWriter(folder / 'overlay.mp4', width, height, rate) as video:
        for stamp in stamps:
            video.write(_decoded(overlays[stamp]), stamp)
    picked = pick([item for item in judgements if item.answer.stamp in overlays])
    if picked:
        tiles = [_tile(_decoded(overlays[item.answer.stamp]), item) for item in picked]
        rows = [np.hstack(tiles[i : i + STRIP_COLUMNS]) for i in range(0, len(tiles), STRIP_COLUMNS)]
        cv2.imwrite(str(folder / 'strip.png'), np.vstack(rows))


def pick(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Pick the windows of the strip, whatever their verdict: evenly among those with and without sound.

    Parameters
    ----------
    judgements
        In the order of their stamps.

    Returns
    -------
    list[Judgement]
        Eight in the order of their stamps, or none if the run holds no sounding or no quiet window.
    """
    sounding = [item for item in judgements if item.sounding]
    quiet = [item for item in judgements if item.verdict in (Verdict.QUIET, Verdict.FALSE)]
    if not sounding or not quiet:
        return []
    picked = [
        items[round(place)]
        for items, count in ((sounding, STRIP_SOUNDING), (quiet, STRIP_QUIET))
        for place in np.linspace(0, len(items) - 1, count)
    ]
    return sorted(picked, key=lambda item: item.answer.stamp)


def _decoded(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def _tile(picture: NDArray[np.uint8], judgement: Judgement) -> NDArray[np.uint8]:
    """Scale a picture for the strip and write below it what sounded and what that answer is worth."""
    height = round(picture.shape[0] * STRIP_WIDTH / picture.shape[1])
    small = cv2.resize(picture, (STRIP_WIDTH, height), interpolation=cv2.INTER_AREA)
    names = ', '.join(sorted(judgement.sounding))
    heard = f'{names} sounds' if names else 'nothing in view sounds'
    caption = np.full((CAPTION_HEIGHT, STRIP_WIDTH, 3), 255, np.uint8)
    text = f'{heard}: {judgement.verdict.value}'
    cv2.putText(caption, text, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([np.asarray(small, np.uint8), caption])
