"""The node on a robot: which camera and microphone it listens to, and how it runs.

For example: ros2 launch ros2_avloc avloc.launch.py camera:=realsense target_frame:=base_link
"""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

CAMERAS = {
    'none': ('image', 'camera_info'),
    'usb_cam': ('image_raw', 'camera_info'),
    'v4l2_camera': ('image_raw', 'camera_info'),
    'realsense': ('camera/camera/color/image_raw', 'camera/camera/color/camera_info'),
    'zed': ('zed/zed_node/rgb/color/rect/image', 'zed/zed_node/rgb/color/rect/camera_info'),
}
"""Topics of images and calibration, as each driver names them of itself."""

MICROPHONES = {
    'none': ('audio', 'audio_info'),
    'audio_capture': ('audio/audio_stamped', 'audio/audio_info'),
}
"""Topics of sound and of its format, as each driver's own launch file names them."""

ENGINES = ('auto', 'tensorrt', 'torch', 'openvino', 'onnxruntime')
TRANSPORTS = ('raw', 'compressed')
LOG_LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
SWITCH = ('true', 'false')
AS_IN_FILE = 'empty: as in params_file'

PARAMETERS = ('autostart', 'build_only', 'image_transport', 'model.engine', 'target_frame', 'use_sim_time')
"""Arguments that stand for the parameter of the same name, where they are not empty."""


def argument(name: str, default: str, description: str, *choices: str) -> DeclareLaunchArgument:
    """Declare an argument; without choices it is free."""
    return DeclareLaunchArgument(
        name, default_value=default, description=description, choices=choices or None
    )


def arguments() -> list[DeclareLaunchArgument]:
    """Return what may be given on the command line."""
    file = str(Path(get_package_share_directory('ros2_avloc'), 'config', 'avloc.yaml'))
    return [
        argument('camera', 'none', 'driver whose topics are taken', *CAMERAS),
        argument('microphone', 'none', 'driver whose topics are taken', *MICROPHONES),
        argument('image', '', 'topic of the images; empty: as of camera'),
        argument('camera_info', '', 'topic of the calibration; empty: as of camera'),
        argument('audio', '', 'topic of the sound; empty: as of microphone'),
        argument('audio_info', '', 'topic of the format of the sound; empty: as of microphone'),
        argument('params_file', file, 'file of parameters'),
        argument('image_transport', '', f'how images are sent; {AS_IN_FILE}', '', *TRANSPORTS),
        argument('model.engine', '', f'what runs the networks; {AS_IN_FILE}', '', *ENGINES),
        argument('target_frame', '', f'frame of tracks and bearings; {AS_IN_FILE}'),
        argument('autostart', '', f'configure and activate the node at once; {AS_IN_FILE}', '', *SWITCH),
        argument('build_only', '', f'build the engine and end; {AS_IN_FILE}', '', *SWITCH),
        argument('namespace', '', 'namespace of the node'),
        argument('use_sim_time', '', f'take the time from /clock; {AS_IN_FILE}', '', *SWITCH),
        argument('log_level', 'info', 'least severity that is logged', *LOG_LEVELS),
    ]


def remappings(given: dict[str, str]) -> list[tuple[str, str]]:
    """Return the node's topics beside the topics that stand for them."""
    image, camera_info = CAMERAS[given['camera']]
    audio, audio_info = MICROPHONES[given['microphone']]
    image = given['image'] or image
    return [
        ('image', image),
        ('image/compressed', f'{image}/compressed'),
        ('camera_info', given['camera_info'] or camera_info),
        ('audio', given['audio'] or audio),
        ('audio_info', given['audio_info'] or audio_info),
    ]


def parameters(given: dict[str, str]) -> dict[str, ParameterValue]:
    """Return the parameters that stand above those of the file."""
    types = {'autostart': bool, 'build_only': bool, 'use_sim_time': bool}
    return {
        name: ParameterValue(LaunchConfiguration(name), value_type=types.get(name, str))
        for name in PARAMETERS
        if given[name]
    }


def fail_with(exited: ProcessExited, context: LaunchContext) -> None:
    """Let launch fail if the node has: launch does not look at exit codes."""
    if exited.returncode:
        raise RuntimeError(f'avloc_node ended with {exited.returncode}: there is no engine, see above.')


def start(context: LaunchContext) -> list[Node]:
    """Return the node as the arguments ask for it."""
    given = {argument.name: LaunchConfiguration(argument.name).perform(context) for argument in arguments()}
    node = Node(
        package='ros2_avloc',
        executable='avloc_node',
        name='avloc',
        namespace=given['namespace'],
        parameters=[given['params_file'], parameters(given)],
        remappings=remappings(given),
        arguments=['--ros-args', '--log-level', given['log_level']],
        output='screen',
        emulate_tty=True,
        on_exit=fail_with if given['build_only'] == 'true' else None,
    )
    return [node]


def generate_launch_description() -> LaunchDescription:
    """Describe the node on a robot."""
    return LaunchDescription([*arguments(), OpaqueFunction(function=start)])
