"""The table of the node's parameters: name, default, range and meaning, once for all who need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

from ros2_avloc.audio.formats import HIGHEST_RATE, LOWEST_RATE, SAMPLE_FORMATS
from ros2_avloc.errors import AvlocError
from ros2_avloc.model.engines import ENGINES, PRECISIONS

START = 'start'
CONFIGURE = 'configure'
ALWAYS = 'always'

T = TypeVar('T', bound='Table')


@dataclass(frozen=True)
class Entry:
    """One parameter.

    Attributes
    ----------
    name
        Its ROS name.
    default
        Its default, which also gives its type; a tuple stands for a list.
    description
        What it means, for people.
    low, high
        Range of a number, both ends included.
    choices
        What a text may be; empty where it is free.
    changes
        `START`: given once, when the node starts. `CONFIGURE`: may change while the node is
        unconfigured. `ALWAYS`: may change while it runs.
    items
        Type of the numbers in a list.
    """

    name: str
    default: bool | int | float | str | tuple[float, ...]
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    changes: str = CONFIGURE
    items: type[int] | type[float] = int


def parameter(name: str, default: bool | int | float | str | tuple[float, ...], description: str,
              low: float | None = None, high: float | None = None, **more: Any) -> Any:
    """Make the field of a `Table` whose line is an `Entry` of these values."""
    entry = Entry(name, default, description, low, high, **more)
    return field(default=default, metadata={'entry': entry})


class Table:
    """The parameters of a node: a frozen dataclass whose fields are made by `parameter`."""

    @classmethod
    def from_values(cls: type[T], values: Mapping[str, Any]) -> T:
        """Make settings from values by ROS name; what is not given has its default.

        Raises
        ------
        AvlocError
            If a value cannot be, with the reason.
        """
        given: dict[str, Any] = {}
        for item in fields(cls):  # type: ignore[arg-type]
            entry = item.metadata['entry']
            if entry.name in values:
                value = values[entry.name]
                refusal = refuse(entry, value)
                if refusal:
                    raise AvlocError(refusal)
                given[item.name] = tuple(value) if isinstance(entry.default, tuple) else value
        return cls(**given)


@dataclass(frozen=True)
class Settings(Table):
    """The values of all parameters, typed. Each field's entry is its line of the table."""

    autostart: bool = parameter(
        'autostart', True, 'configure and activate without being asked', changes=START)
    build_only: bool = parameter(
        'build_only', False, 'open the engine, which builds what it lacks, say how that went, and end',
        changes=START)

    model_bundle: str = parameter(
        'model.bundle', 'avolnet', 'directory of the bundle, or the name of one that is shipped')
    model_engine: str = parameter(
        'model.engine', 'auto',
        'library that runs the networks; auto takes the first of them that works on this machine',
        choices=('auto', *ENGINES))
    model_precision: str = parameter(
        'model.precision', 'auto',
        'precision of the networks; auto: the fastest that the engine has',
        choices=('auto', *PRECISIONS))
    model_cache_dir: str = parameter(
        'model.cache_dir', '',
        "where engines that TensorRT builds are kept, a directory of nobody else's; empty: "
        '~/.cache/ros2_avloc/engines')
    model_build_level: int = parameter(
        'model.build_level', 3,
        'how long TensorRT tries when it builds: 0 shortest, 5 longest; does nothing to an engine that is '
        'kept, until avloc engine remove', 0, 5)
    model_build_workspace: int = parameter(
        'model.build_workspace', 1024,
        'most memory of the GPU (MiB) that TensorRT may plan with; does nothing to an engine that is kept, '
        'until avloc engine remove', 16, 65_536)
    model_strict: bool = parameter(
        'model.strict', False, 'fail where the engine or precision asked for is not to be had, take no other')

    audio_type: str = parameter(
        'audio.type', 'auto', 'type of the topic audio; auto looks at who publishes it',
        choices=('auto', 'AudioDataStamped', 'AudioData', 'AudioStamped'))
    audio_sample_rate: int = parameter(
        'audio.sample_rate', 16_000, 'samples per second (Hz) while there is no audio_info',
        LOWEST_RATE, HIGHEST_RATE)
    audio_channels: int = parameter(
        'audio.channels', 1, 'interleaved channels while there is no audio_info', 1, 64)
    audio_format: str = parameter(
        'audio.format', 'S16LE', 'sample format, or mp3, while there is no audio_info',
        choices=(*SAMPLE_FORMATS, 'mp3'))
    audio_select: tuple[int, ...] = parameter(
        'audio.select', (), 'channels to mix, counted from 0; empty: all', 0, 63)
    audio_array: tuple[float, ...] = parameter(
        'audio.array', (),
        'x, y and z in metres of each microphone, in the order of audio.select; empty: no array',
        items=float)
    audio_array_frame: str = parameter(
        'audio.array_frame', '', "frame of audio.array; empty: the camera's")
    audio_stamp_at: Literal['start', 'end'] = parameter(
        'audio.stamp_at', 'start', 'whether the stamp of an audio message is of its first or its last sample',
        choices=('start', 'end'))
    audio_offset: float = parameter(
        'audio.offset', 0.0, 'seconds added to the stamps of the audio', -10.0, 10.0, changes=ALWAYS)

    image_transport: str = parameter(
        'image_transport', 'raw', 'raw subscribes to image, compressed to image/compressed',
        choices=('raw', 'compressed'))
    camera_hfov: float = parameter(
        'camera.hfov', 1.05, 'horizontal field of view (rad) while there is no calibrated camera_info',
        0.05, 3.1)

    window_alignment: Literal['trailing', 'centered'] = parameter(
        'window.alignment', 'trailing',
        'trailing: the second of sound up to the frame; centered: around it, half a second later',
        choices=('trailing', 'centered'), changes=ALWAYS)
    window_max_rate: float = parameter(
        'window.max_rate', 0.0, 'most frames per second that are looked at; 0: all',
        0.0, 240.0, changes=ALWAYS)
    window_timeout: float = parameter(
        'window.timeout', 2.0, 'seconds after which a frame is given up whose sound has not come', 0.1, 30.0)

    sources_threshold: float = parameter(
        'sources.threshold', 0.0, "least probability of a source; 0: the bundle's own",
        0.0, 1.0, changes=ALWAYS)
    sources_max: int = parameter(
        'sources.max', 5, 'most sources in a frame', 1, 100, changes=ALWAYS)

    tracks_confirm: int = parameter(
        'tracks.confirm', 3, 'sightings after which a track is confirmed', 1, 100, changes=ALWAYS)
    tracks_forget: float = parameter(
        'tracks.forget', 10.0, 'seconds for which a track that is not seen is remembered',
        0.1, 600.0, changes=ALWAYS)

    attention_min_dwell: float = parameter(
        'attention.min_dwell', 1.0, 'least seconds on one track before another may be attended',
        0.0, 60.0, changes=ALWAYS)
    attention_switch_margin: float = parameter(
        'attention.switch_margin', 0.1, "by how much another track's interest must be greater to be attended",
        0.0, 1.0, changes=ALWAYS)
    attention_distance: float = parameter(
        'attention.distance', 2.0, 'metres along the bearing at which attended_point lies and rays end',
        0.1, 100.0, changes=ALWAYS)

    target_frame: str = parameter(
        'target_frame', '', "frame of tracks and bearings; empty: the camera's")
    target_frame_optional: bool = parameter(
        'target_frame_optional', False,
        "give tracks and bearings in the camera's frame while the transform to target_frame is missing",
        changes=ALWAYS)

    heatmap_upsample: bool = parameter(
        'heatmap.upsample', False, "publish the heatmap at the frame's size instead of 14x14", changes=ALWAYS)


def entries(table: type[Table] = Settings) -> Iterator[Entry]:
    """All parameters, in the order of the table."""
    for item in fields(table):  # type: ignore[arg-type]
        yield item.metadata['entry']


def refuse(entry: Entry, value: Any) -> str:
    """Say in one sentence why a parameter cannot have a value of its type; empty if it can."""
    if entry.choices and value not in entry.choices:
        return f'{entry.name} cannot be {value!r}; it is one of {", ".join(entry.choices)}.'
    numbers = value if isinstance(entry.default, tuple) else (value,)
    if entry.low is not None and entry.high is not None \
            and not all(entry.low <= number <= entry.high for number in numbers):
        return f'{entry.name} cannot be {value}; it lies between {entry.low:g} and {entry.high:g}.'
    return ''
