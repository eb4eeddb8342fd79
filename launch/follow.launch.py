"""The node, and the follower that turns the robot to what the node attends to.

For example: ros2 launch ros2_avloc follow.launch.py target_frame:=odom base_frame:=base_link

Every argument of avloc.launch.py may be given too.
"""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

SHARE = Path(get_package_share_directory('ros2_avloc'))
FILE = str(SHARE / 'config' / 'follower.yaml')
MODES = ('base', 'head')
SWITCH = ('true', 'false')
AS_IN_FILE = 'empty: as in follower_params_file'

TYPES = {
    'mode': str,
    'base_frame': str,
    'enable_stamped_cmd_vel': bool,
    'head.pan_joint': str,
    'head.tilt_joint': str,
    'use_sim_time': bool,
}
"""Arguments that stand for the follower's parameter of the same name, where they are not empty."""


def argument(name: str, default: str, description: str, *choices: str) -> DeclareLaunchArgument:
    """Declare an argument; without choices it is free."""
    return DeclareLaunchArgument(
        name, default_value=default, description=description, choices=choices or None
    )


def arguments() -> list[DeclareLaunchArgument]:
    """Return what may be given on the command line beside the arguments of the node."""
    return [
        argument('mode', '', f'whether the base or a head is turned; {AS_IN_FILE}', '', *MODES),
        argument('base_frame', '', f'frame that faces where the robot does; {AS_IN_FILE}'),
        argument('cmd_vel', 'cmd_vel', 'topic of the speeds, for a base'),
        argument('enable_stamped_cmd_vel', '', f'send TwistStamped; {AS_IN_FILE}', '', *SWITCH),
        argument('joint_trajectory', 'joint_trajectory', 'topic of the goals, for a head'),
        argument('joint_states', 'joint_states', "topic of the joints' angles, for a head"),
        argument('head.pan_joint', '', f'joint that turns the head to the left; {AS_IN_FILE}'),
        argument('head.tilt_joint', '', f'joint that nods the head; {AS_IN_FILE}'),
        argument('follower_params_file', FILE, "file of the follower's parameters"),
        argument('namespace', '', 'namespace of both nodes'),
        argument('use_sim_time', '', f'take the time from /clock; {AS_IN_FILE}', '', *SWITCH),
        argument('log_level', 'info', 'least severity that is logged'),
    ]


def parameters(given: dict[str, str]) -> dict[str, ParameterValue]:
    """Return the parameters that stand above those of the file."""
    return {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, kind in TYPES.items()
        if given[name]
    }


def check(given: dict[str, str], target_frame: str) -> None:
    """Refuse bearings in a frame of which the follower cannot know how it lies to the base.

    Whoever gives a file of parameters may have named the base's frame there.
    """
    if target_frame and not given['base_frame'] and given['follower_params_file'] == FILE:
        raise RuntimeError(f'target_frame:={target_frame} needs base_frame:=, the frame of the robot.')


def start(context: LaunchContext) -> list[Node]:
    """Return the follower as the arguments ask for it."""
    given = {argument.name: LaunchConfiguration(argument.name).perform(context) for argument in arguments()}
    check(given, context.launch_configurations.get('target_frame', ''))
    follower = Node(
        package='ros2_avloc',
        executable='follower',
        name='follower',
        namespace=given['namespace'],
        parameters=[given['follower_params_file'], parameters(given)],
        remappings=[(topic, given[topic]) for topic in ('cmd_vel', 'joint_trajectory', 'joint_states')],
        arguments=['--ros-args', '--log-level', given['log_level']],
        output='screen',
        emulate_tty=True,
    )
    return [follower]


def generate_launch_description() -> LaunchDescription:
    """Describe node and follower."""
    avloc = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'avloc.launch.py'))
    )
    return LaunchDescription([*arguments(), avloc, OpaqueFunction(function=start)])
