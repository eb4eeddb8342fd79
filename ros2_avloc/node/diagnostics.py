"""What the node says of itself, as diagnostic_msgs; every word of it measured.

`ros2_avloc.node.updater` publishes it. docs/diagnostics.md says what each value is, and when a status has
which level.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from math import degrees

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from ros2_avloc.node.attending import Attending
from ros2_avloc.node.mailbox import Stream
from ros2_avloc.node.statistics import DEFECT, ENGINE, TRANSFORM, Fault
from ros2_avloc.node.view import View
from ros2_avloc.overlay.drawing import side_of
from ros2_avloc.windows import Drop

OK, WARN, ERROR, STALE = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR,
                          DiagnosticStatus.STALE)

SILENCE = 2.0
"""Seconds without a message after which an input is missed."""

GONE = 10.0
"""Seconds without a message after which there is nothing left to judge, as before the first message."""

RECENT = 10.0
"""Seconds for which a fault shows in the level; it stays counted."""

APART = 5.0
"""Seconds between two stamps of the same moment that no delay explains: they are of different clocks."""

_CAUSES = 5
"""So many causes of bad input are listed."""

Finding = tuple[bytes, str]


def tell(part: str, view: View, status: DiagnosticStatus) -> DiagnosticStatus:
    """Fill in level, message and values of one of the `PARTS`."""
    (status.level, status.message), values = PARTS[part](view)
    status.values = [KeyValue(key=key, value=value) for key, value in values.items()]
    return status


def _engine(view: View) -> tuple[Finding, dict[str, str]]:
    values = {'state': view.state, 'bundle': view.bundle, 'failures': _count_of(view, ENGINE)}
    if view.engine is not None:
        values |= {'engine': view.engine.name, 'version': view.engine.version, 'device': view.engine.device,
                   'precision': view.engine.precision, 'layers': view.engine.layers}
    values |= {f'not taken {number}': reason for number, reason in enumerate(view.declined, start=1)}
    return _engine_finding(view), values


def _engine_finding(view: View) -> Finding:
    if view.failure:
        return ERROR, view.failure
    if view.building:
        return WARN, view.building
    if view.engine is None:
        return STALE, 'No model is loaded: the node is not configured.'
    if view.lost_device:
        return ERROR, view.lost_device
    recent = _recent(view, ENGINE)
    if recent:
        return ERROR, recent[0].sentence
    runs = f'{view.engine.name} in {view.engine.precision} on {view.engine.device}'
    if view.settings.model_engine not in ('auto', view.engine.name):
        return WARN, f'{runs}, not {view.settings.model_engine} as asked for.'
    if view.settings.model_precision not in ('auto', view.engine.precision):
        return WARN, f'{runs}, not in {view.settings.model_precision} as asked for.'
    return OK, runs


def _camera(view: View) -> tuple[Finding, dict[str, str]]:
    return _input(view, Stream.IMAGE), _input_values(view, Stream.IMAGE) | {
        'camera': view.statistics.camera} | _arrivals(view, Stream.CAMERA_INFO, 'camera_info: ')


def _audio(view: View) -> tuple[Finding, dict[str, str]]:
    timeline = view.statistics.timeline
    return _input(view, Stream.AUDIO), _input_values(view, Stream.AUDIO) | {
        'type': view.audio_type or 'nobody publishes',
        'format': view.statistics.audio_format,
        'sample rate (Hz)': str(timeline.sample_rate),
        'times from': timeline.stamp_source or 'no audio yet',
        'clock drift (ppm)': f'{timeline.drift_ppm:.1f}',
        'jitter (ms)': f'{timeline.jitter_ms:.2f}',
        'from capture to arrival (ms)': f'{timeline.skew_ms:.1f}',
        'audio kept (s)': f'{timeline.seconds_kept:.1f}',
        'lost samples': str(timeline.lost_samples),
        'repeated samples': str(timeline.repeated_samples),
        'timeline restarts': str(timeline.restarts),
    } | _arrivals(view, Stream.AUDIO_INFO, 'audio_info: ')


def _input(view: View, stream: Stream) -> Finding:
    if view.state != 'active':
        return STALE, f'Not listened to: the node is {view.state}.'
    arrivals, what = view.statistics.arrivals[stream], {Stream.IMAGE: 'images', Stream.AUDIO: 'audio'}[stream]
    age = arrivals.age()
    if age is None or age > SILENCE:
        since = 'yet' if age is None else f'for {age:.0f} s'
        level = WARN if _alive(view, stream, GONE) else STALE
        return level, f'No {what} {since} on {view.topics[stream]}, which has {_publishers(view, stream)}.'
    recent = _recent(view, stream.value)
    if recent:
        return WARN, recent[0].sentence
    return OK, f'{arrivals.per_second():.1f} messages per second'


def _recent(view: View, where: str) -> list[Fault]:
    return [fault for fault in view.statistics.faults.by_cause(where) if fault.age() < RECENT]


def _count_of(view: View, where: str) -> str:
    return str(sum(fault.count for fault in view.statistics.faults.by_cause(where)))


def _publishers(view: View, stream: Stream) -> str:
    count, clashes = view.publishers[stream], view.statistics.incompatible[stream]
    text = {0: 'no publisher', 1: '1 publisher'}.get(count, f'{count} publishers')
    return f'{text} ({clashes} met with incompatible QoS)' if clashes else text


def _input_values(view: View, stream: Stream) -> dict[str, str]:
    faults = view.statistics.faults.by_cause(stream.value)
    values = {
        'topic': view.topics.get(stream, ''),
        'publishers': str(view.publishers.get(stream, 0)),
        **_arrivals(view, stream),
        'incompatible QoS': str(view.statistics.incompatible[stream]),
        'lost before the worker': str(view.lost.get(stream, 0)),
        'bad': _count_of(view, stream.value),
    }
    return values | {f'bad, cause {number}': f'{fault.count} times: {fault.sentence}'
                     for number, fault in enumerate(faults[:_CAUSES], start=1)}


def _arrivals(view: View, stream: Stream, what: str = '') -> dict[str, str]:
    arrivals = view.statistics.arrivals[stream]
    age = arrivals.age()
    return {f'{what}rate (Hz)': f'{arrivals.per_second():.2f}',
            f'{what}age (s)': 'never' if age is None else f'{age:.2f}'}


def _windows(view: View) -> tuple[Finding, dict[str, str]]:
    statistics = view.statistics
    latency = statistics.latency()
    values = {
        'rate (Hz)': f'{statistics.results.per_second():.2f}',
        'latency p50 (ms)': f'{1e3 * latency[0]:.1f}' if latency else '',
        'latency p99 (ms)': f'{1e3 * latency[1]:.1f}' if latency else '',
        'frame ahead of audio (ms)': '' if statistics.skew is None else f'{1e3 * statistics.skew:.1f}',
        'jumps back in time': str(statistics.jumps_back),
        'without transform': _count_of(view, TRANSFORM),
        'defects': _count_of(view, DEFECT),
    }
    values |= {f'dropped: {cause.value}': str(statistics.drops[cause]) for cause in Drop}
    return _windows_finding(view), values


def _windows_finding(view: View) -> Finding:
    statistics = view.statistics
    if view.state != 'active':
        return STALE, f'Nothing is looked at: the node is {view.state}.'
    recent = _recent(view, DEFECT)
    if recent:
        return ERROR, f'A defect of ros2_avloc, see the log: {recent[0].sentence}'
    inputs = (Stream.IMAGE, Stream.AUDIO)
    if not all(_alive(view, stream, SILENCE) for stream in inputs):
        level = WARN if all(_alive(view, stream, GONE) for stream in inputs) else STALE
        return level, 'Camera or microphone is silent.'
    if statistics.skew is not None and abs(statistics.skew) > APART:
        return ERROR, _different_clocks(view)
    missing = _recent(view, TRANSFORM)
    if missing:
        return WARN, missing[0].sentence
    age = statistics.results.age()
    if age is None or age > SILENCE:
        drops = statistics.drops.most_common(1)
        why = f'; most are dropped for: {drops[0][0].value}' if drops else ''
        return WARN, f'No frame goes through{why}.'
    delay = statistics.delays.get(Stream.IMAGE, 0.0)
    if abs(delay) > APART:
        return WARN, (f"The stamps of {view.topics[Stream.IMAGE]} are {delay:.0f} s behind the node's clock; "
                      'for a bag, play it with --clock and set use_sim_time.')
    return OK, f'{statistics.results.per_second():.1f} frames per second'


def _attention(view: View) -> tuple[Finding, dict[str, str]]:
    now = view.statistics.attending
    if view.state != 'active' or now is None:
        return (STALE, 'Nothing is looked at.'), {}
    values = {
        'attended track': 'none' if now.track is None else str(now.track),
        'why': now.why,
        'azimuth (deg, left positive)': '' if now.track is None else f'{degrees(now.azimuth):.1f}',
        'score': '' if now.track is None else f'{now.score:.2f}',
        'frame': now.frame_id,
        'tracks': str(now.tracks),
        'tracks that sound': str(now.sounding),
        'tracks heard only': str(now.heard_only),
    }
    return _attention_finding(view, now), values


def _attention_finding(view: View, now: Attending) -> Finding:
    age = view.statistics.results.age()
    if age is None or age > SILENCE:
        return STALE, 'No frame goes through.'
    if not now.frame_id:
        return WARN, f'Nothing can be attended: {now.why}.'
    if now.track is None:
        return OK, f'Nothing is attended: {now.why}.'
    return OK, f'Track {now.track} is attended, {side_of(now.azimuth, " degrees")}: {now.why}.'


def _alive(view: View, stream: Stream, patience: float) -> bool:
    age = view.statistics.arrivals[stream].age()
    return age is not None and age <= patience


def _different_clocks(view: View) -> str:
    image, audio = view.statistics.stamps
    return (f'{view.topics[Stream.IMAGE]} and {view.topics[Stream.AUDIO]} are stamped by different clocks: '
            f'{_utc(image)} and {_utc(audio)} at the same moment; let both drivers use the ROS clock.')


def _utc(stamp: int) -> str:
    return datetime.fromtimestamp(stamp / 1e9, tz=timezone.utc).isoformat(timespec='seconds')


PARTS: dict[str, Callable[[View], tuple[Finding, dict[str, str]]]] = {
    'engine': _engine, 'camera': _camera, 'audio': _audio, 'windows': _windows, 'attention': _attention}
"""What there is a status of."""
