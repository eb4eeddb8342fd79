"""The node: a lifecycle around model and session."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable
from functools import partial

import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.logging import get_logger
from rclpy.parameter import Parameter
from rclpy.utilities import ok, try_shutdown

from ros2_avloc.errors import AvlocError
from ros2_avloc.model.engines.options import EngineOptions
from ros2_avloc.node import parameters
from ros2_avloc.node.diagnostics import PARTS, tell
from ros2_avloc.node.interrupts import hold_interrupts
from ros2_avloc.node.mailbox import Stream
from ros2_avloc.node.model import Model
from ros2_avloc.node.outputs import Outputs
from ros2_avloc.node.process import settle
from ros2_avloc.node.session import Session
from ros2_avloc.node.settings import Settings
from ros2_avloc.node.statistics import Faults, Statistics
from ros2_avloc.node.steadiness import Steadiness
from ros2_avloc.node.transforms import CameraPoses
from ros2_avloc.node.transitions import answering, refuse_impossible
from ros2_avloc.node.updater import start_updater
from ros2_avloc.node.view import View


class AvlocNode(LifecycleNode):
    """Says where, in what a camera sees, the sound comes from that a microphone hears.

    Raises
    ------
    AvlocError
        If a parameter that was given cannot be.
    """

    def __init__(self) -> None:
        super().__init__('avloc')
        refuse_impossible(self, self._interrupt)
        self.settings = parameters.declare(self, Settings)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._failure = ''
        self._building = ''
        self._interrupted = False
        self._model: Model | None = None
        self._poses: CameraPoses | None = None
        self._outputs: Outputs | None = None
        self._session: Session | None = None
        self._statistics = self._new_statistics()
        self._steadiness = Steadiness()
        start_updater(self, {part: partial(self._tell, part) for part in PARTS})

    def autostart(self) -> None:
        """Configure and activate, if the parameter says so."""
        if self.settings.autostart and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the bundle, open the engine, prepare the topics."""
        return self._transition('configure', self._configure, self._cleanup)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Warm up, then subscribe."""
        return self._transition('activate', self._activate, self._deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe and stop the worker."""
        return self._transition('deactivate', self._deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything."""
        return self._transition('clean up', self._cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and free everything, in whatever state."""
        return self._transition('shut down', self._free)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything; the node is unconfigured then."""
        return self._transition('recover', self._free)

    def destroy_node(self) -> None:
        """Stop the worker before what it publishes with is gone."""
        self._free()
        super().destroy_node()

    def _transition(self, name: str, act: Callable[[], None], undo: Callable[[], None] | None = None
                    ) -> TransitionCallbackReturn:
        """Act; if that fails, say why.

        With `undo`, what was done of it is undone, and it can be tried again. Without, the node goes by way
        of `on_error` to unconfigured.
        """
        try:
            act()
        except Exception as error:
            self._say_why(name, error)
            if undo is None:
                return TransitionCallbackReturn.ERROR
            undo()
            return TransitionCallbackReturn.FAILURE
        self._failure = ''
        return TransitionCallbackReturn.SUCCESS

    def _say_why(self, name: str, error: Exception) -> None:
        if not self.context.ok():
            return  # the process is being ended
        if isinstance(error, AvlocError):
            self._failure = f'Failed to {name}: {error}'
            self.get_logger().error(self._failure)
        else:
            self._failure = f'Failed to {name}, for a reason not foreseen: {error!r}'
            self.get_logger().error(f'{self._failure}\n{traceback.format_exc()}')

    def _configure(self) -> None:
        self._poses = CameraPoses(self, self.settings.target_frame)
        self._building = 'The model is being opened.'
        try:
            with answering(self):
                self._model = Model(self.settings, EngineOptions(
                    progress=self._say_building, warn=self.get_logger().warning,
                    cancelled=lambda: self._interrupted or not self.context.ok()))
        finally:
            self._interrupted, self._building = False, ''
        self._outputs = Outputs(self)
        runs = self._model.identity
        layers = f' ({runs.layers})' if runs.layers else ''
        self.get_logger().info(f'{self._model.bundle} runs on {runs.name} {runs.version}, '
                               f'{runs.precision}{layers}, {runs.device}')
        for reason in self._model.declined:
            self.get_logger().info(reason)

    def _say_building(self, sentence: str) -> None:
        """Show how a build goes, in the log and from now on in the diagnostics."""
        if sentence != self._building:
            self._building = sentence
            self.get_logger().info(sentence)

    def _interrupt(self) -> None:
        """Give up a build that goes on."""
        self._interrupted = True

    def _activate(self) -> None:
        assert self._model is not None and self._poses is not None and self._outputs is not None
        self._model.warm_up()
        self._statistics = self._new_statistics()
        self._session = Session(
            self, self.settings, self._model, self._poses, self._outputs, self._statistics)

    def _deactivate(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _cleanup(self) -> None:
        outputs, self._outputs = self._outputs, None
        model, self._model = self._model, None
        poses, self._poses = self._poses, None
        for part in (outputs, model, poses):
            if part is not None:
                part.close()

    def _free(self) -> None:
        self._deactivate()
        self._cleanup()

    def _on_set_parameters(self, changes: Iterable[Parameter]) -> SetParametersResult:
        try:
            configured = self._state_machine.current_state[1] != 'unconfigured'
            self.settings = parameters.with_changes(self.settings, changes, configured=configured)
        except AvlocError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if self._session is not None:
            self._session.apply(self.settings)
        return SetParametersResult(successful=True)

    def _new_statistics(self) -> Statistics:
        return Statistics(Faults(self.get_logger().warning))

    def _tell(self, part: str, status: DiagnosticStatus) -> DiagnosticStatus:
        return self._steadiness.settle(tell(part, self._view(), status))

    def _view(self) -> View:
        model, session = self._model, self._session
        inputs = session.inputs if session else None
        if session:
            session.note()
        return View(
            state=self._state_machine.current_state[1],
            failure=self._failure,
            settings=self.settings,
            bundle=model.bundle if model else '',
            engine=model.identity if model else None,
            declined=tuple(model.declined) if model else (),
            topics=inputs.topics if inputs else {},
            publishers={stream: inputs.publishers(stream) for stream in Stream} if inputs else {},
            audio_type=inputs.audio_type if inputs else '',
            lost=session.mailbox.lost if session else {},
            statistics=self._statistics,
            building=self._building,
            lost_device=model.lost_device if model else '',
        )


def main(args: list[str] | None = None) -> int:
    """Run the node until it is interrupted. Return the exit code of the process."""
    settle()
    hold_interrupts()
    rclpy.init(args=args)
    node = None
    try:
        node = AvlocNode()
        if node.settings.build_only:
            return 0 if node.trigger_configure() == TransitionCallbackReturn.SUCCESS else 1
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        node.autostart()
        executor.spin()
    except ExternalShutdownException:
        pass
    except AvlocError as error:
        get_logger('avloc').fatal(str(error))
        return 1
    except RCLError:
        if ok():
            raise  # otherwise a signal came in the midst of a transition
    finally:
        if node is not None:
            node.destroy_node()
        try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
