"""What runs between activate and deactivate: inputs, worker, and the way from mail to topics."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from rclpy.node import Node

from ros2_avloc.errors import AvlocError
from ros2_avloc.messages.stamps import SECOND
from ros2_avloc.node.attending import attending
from ros2_avloc.node.images import to_frame
from ros2_avloc.node.inputs import Inputs
from ros2_avloc.node.mailbox import Mailbox, Stream
from ros2_avloc.node.messages import Where
from ros2_avloc.node.model import Model, pipeline_settings
from ros2_avloc.node.outputs import Outputs
from ros2_avloc.node.processing import Processing
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.statistics import TRANSFORM, Statistics
from ros2_avloc.node.transforms import CameraPoses
from ros2_avloc.node.worker import Worker
from ros2_avloc.vision.frame import Frame
from ros2_avloc.vision.pose import Pose


class Session:
    """Listens, localises and publishes until it is closed.

    Parameters
    ----------
    node
        That subscribes and whose clock counts.
    settings
        See `apply`.
    model
        Loaded and warm.
    poses, outputs
        Open.
    statistics
        Fresh.

    Raises
    ------
    AvlocError
        If a topic cannot be subscribed to.
    """

    def __init__(self, node: Node, settings: Settings, model: Model, poses: CameraPoses, outputs: Outputs,
                 statistics: Statistics) -> None:
        self._clock = node.get_clock()
        self._settings = settings
        self._poses = poses
        self._mountings = None if model.array is None else CameraPoses(
            node, settings.audio_array_frame, parameter='audio.array_frame')
        self._outputs = outputs
        self._statistics = statistics
        self._pipeline = model.pipeline(settings)
        self._wanted = settings
        self._target = ''
        self._ahead: tuple[Any, Frame | None] = None, None
        self.mailbox = Mailbox()
        self._processing = Processing(settings, statistics, self._info_published, self._forget_poses)
        try:
            self.inputs = Inputs(node, settings, self.mailbox, statistics)
        except Exception:
            self._close_mountings()
            raise
        self._worker = Worker(self.mailbox, self._processing.accept, self._work, statistics.faults,
                              node.context.ok)
        self._worker.start()

    def apply(self, settings: Settings) -> None:
        """Let the worker take changed settings before its next window."""
        self._wanted = settings

    def note(self) -> None:
        """Note in the statistics how things stand."""
        self._processing.note()

    def close(self) -> None:
        """Unsubscribe and stop the worker."""
        self.inputs.close()
        self._worker.stop()
        self._close_mountings()

    def _close_mountings(self) -> None:
        if self._mountings is not None:
            self._mountings.close()

    def _info_published(self) -> bool:
        return self.inputs.publishers(Stream.AUDIO_INFO) > 0

    def _work(self) -> bool:
        """Process the window that is due, if any; say whether there was one."""
        self._take_settings()
        window = self._processing.take(self._clock.now().nanoseconds)
        if window is None:
            self._look_ahead()
            return False
        frame = self._frame_of(window.item)
        camera = self._processing.camera_of(frame)
        target, pose = self._find_target(frame)
        mounting = self._find_mounting(frame, target, pose)
        result = self._pipeline.process(frame, window.sound, camera, pose, mounting)
        where = None if pose is None else Where.of(target, pose, frame.frame_id)
        self._outputs.publish(result, window.sound, where, self._settings)
        latency = (self._clock.now().nanoseconds - frame.stamp) / SECOND
        self._statistics.published(latency, attending(result, where))
        return True

    def _look_ahead(self) -> None:
        """Look at the frame that is due next while its sound is on the way."""
        message = self._processing.upcoming()
        if message is None or message is self._ahead[0]:
            return
        self._ahead = message, None
        with suppress(AvlocError):  # it will be said when the frame is due
            frame = to_frame(message)
            self._pipeline.look(frame)
            self._ahead = message, frame

    def _frame_of(self, message: Any) -> Frame:
        seen, frame = self._ahead
        self._ahead = None, None
        return frame if frame is not None and seen is message else to_frame(message)

    def _take_settings(self) -> None:
        settings = self._wanted
        if settings is not self._settings:
            self._settings = settings
            self._processing.apply(settings)
            self._pipeline.settings = pipeline_settings(settings)

    def _find_target(self, frame: Frame) -> tuple[str, Pose | None]:
        """Return the frame of tracks, and the camera's pose in it."""
        target, pose = self._find_pose(self._poses, frame.frame_id, frame.stamp)
        if pose is None and self._settings.target_frame_optional:
            target, pose = frame.frame_id, Pose(np.eye(3), np.zeros(3))
        if pose is not None and target != self._target:
            self._pipeline.start_over()  # tracks in one frame are of no use in another
            self._target = target
        return target, pose

    def _find_mounting(self, frame: Frame, target: str, pose: Pose | None) -> Pose | None:
        """Return the camera's pose in the array's frame.

        What is heard tells of the middle of the second, and the robot may have turned since. Where the target
        frame is not the camera's, the array is taken to be where it was in it then.
        """
        if self._mountings is None:
            return None
        if pose is None or target == frame.frame_id:
            return self._find_pose(self._mountings, frame.frame_id, frame.stamp)[1]
        centered = self._settings.window_alignment == 'centered'
        heard = frame.stamp if centered else frame.stamp - SECOND // 2
        array = self._find_pose(self._poses, self._settings.audio_array_frame or frame.frame_id, heard)[1]
        return None if array is None else pose.within(array)

    def _forget_poses(self) -> None:
        self._poses.forget()
        if self._mountings is not None:
            self._mountings.forget()

    def _find_pose(self, poses: CameraPoses, frame_id: str, stamp: int) -> tuple[str, Pose | None]:
        try:
            return poses.find(frame_id, stamp)
        except AvlocError as error:
            self._statistics.faults.report(TRANSFORM, str(error))
            return '', None
