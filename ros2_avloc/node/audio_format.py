"""The format of the audio: from audio_info, else from the parameters."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ros2_avloc.audio.chunk import AudioFormat
from ros2_avloc.audio.formats import audio_format
from ros2_avloc.messages.sounds import format_of_info
from ros2_avloc.node.settings import Settings

PATIENCE = 10.0
"""Seconds for which audio is left out while audio_info has a publisher but has said nothing."""


class FormatSource:
    """Knows how audio is to be read that does not say so itself.

    While somebody publishes audio_info but it has not come, the audio is left out rather than read
    wrongly: mp3 taken for PCM is noise.

    Parameters
    ----------
    settings
        What holds without audio_info.
    info_published
        Says whether somebody publishes audio_info.
    """

    def __init__(self, settings: Settings, info_published: Callable[[], bool]) -> None:
        self._settings = settings
        self._info_published = info_published
        self._told: AudioFormat | None = None
        self._waiting_since: float | None = None

    def learn(self, info: Any) -> None:
        """Take an audio_common_msgs/AudioInfo.

        Raises
        ------
        InputError
            If it says what cannot be read.
        """
        self._told = format_of_info(info, self._settings.audio_format)

    def current(self) -> AudioFormat | None:
        """Return the format of the audio that comes now; ``None`` while audio_info is waited for."""
        if self._told is not None:
            return self._told
        if self._info_published():
            now = time.monotonic()
            self._waiting_since = self._waiting_since or now
            if now - self._waiting_since < PATIENCE:
                return None
        return format_of_settings(self._settings)

    def describe(self, own: AudioFormat | None = None) -> str:
        """Say the format, and who says so, for people; `own` is the format that the messages bring."""
        current = own or self.current()
        if current is None:
            return 'audio_info is awaited'
        source = 'the messages' if own else 'audio_info' if self._told else 'parameters'
        if current.coding == 'mp3':
            return f'mp3 ({source})'
        return f'{current.sample_format}, {current.sample_rate} Hz, {current.channels} channels ({source})'


def format_of_settings(settings: Settings) -> AudioFormat:
    """Read the format that the parameters say."""
    coding = 'mp3' if settings.audio_format == 'mp3' else 'pcm'
    return audio_format(coding, settings.audio_format, settings.audio_sample_rate, settings.audio_channels)
