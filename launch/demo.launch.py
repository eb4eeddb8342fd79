"""A simulated camera and microphone, the node, and RViz."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
)
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

SHARE = Path(get_package_share_directory('ros2_avloc'))
PROFILES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
"""Where Fast DDS is told its profiles: from version 3 (Kilted) on, and before."""


def argument(name: str, default: str, description: str, *choices: str) -> DeclareLaunchArgument:
    """Declare an argument; without choices it is free."""
    return DeclareLaunchArgument(
        name, default_value=default, description=description, choices=choices or None
    )


def arguments() -> list[DeclareLaunchArgument]:
    """Return what may be given on the command line."""
    return [
        argument('rviz', 'true', 'show it in RViz', 'true', 'false'),
        argument('seed', '1', 'which world is simulated'),
        argument('script', 'turns', 'what sounds when: turns, one, all, silence, or "bell 0 3; wind 5 8"'),
        argument('target_frame', 'world', 'frame of tracks and bearings'),
    ]


def rviz() -> Node | LogInfo:
    """Return RViz, or where it is not installed, how to get it."""
    try:
        get_package_prefix('rviz2')
    except PackageNotFoundError:
        distribution = os.environ.get('ROS_DISTRO', 'jazzy')
        package = f'ros-{distribution}-rviz2'
        return LogInfo(msg=f'RViz is not installed; install it with: sudo apt-get install {package}')
    return Node(package='rviz2', executable='rviz2', arguments=['-d', str(SHARE / 'config' / 'avloc.rviz')])


def start(context: LaunchContext) -> list[Any]:
    """Return the simulator, the node and RViz."""
    given = {argument.name: LaunchConfiguration(argument.name).perform(context) for argument in arguments()}
    simulator = Node(
        package='ros2_avloc',
        executable='simulator',
        name='simulator',
        parameters=[
            {
                'seed': ParameterValue(LaunchConfiguration('seed'), value_type=int),
                'script': ParameterValue(LaunchConfiguration('script'), value_type=str),
            }
        ],
        output='screen',
        emulate_tty=True,
    )
    avloc = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'avloc.launch.py')),
        launch_arguments={
            'image': 'camera/image_raw',
            'camera_info': 'camera/camera_info',
            'target_frame': given['target_frame'],
        }.items(),
    )
    shipped = str(SHARE / 'config' / 'fastdds.xml')
    profiles = next(filter(None, map(os.environ.get, PROFILES)), shipped)
    transport = [SetEnvironmentVariable(name, profiles) for name in PROFILES]
    shown = [rviz()] if given['rviz'] == 'true' else []
    return [*transport, simulator, avloc, *shown]


def generate_launch_description() -> LaunchDescription:
    """Describe the demonstration."""
    return LaunchDescription([*arguments(), OpaqueFunction(function=start)])
