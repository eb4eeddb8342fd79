"""An array over DDS: the simulator's microphones, the node's parameters, and tracks that nobody has seen."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from lifecycle_msgs.srv import GetState
from vision_msgs.msg import Detection3DArray

from ros2_avloc.attention.bearing import azimuth_elevation, direction
from ros2_avloc.share import share_path

MICROPHONES = '[0.04,0.04,0.04,0.04,-0.04,-0.04,-0.04,-0.04,0.04,-0.04,0.04,-0.04]'
OPTICAL = '[-0.04,-0.04,0.04,0.04,0.04,0.04,0.04,-0.04,-0.04,-0.04,0.04,-0.04]'
"""The same places in the camera's optical frame: x right, y down, z forward."""

REMAPS = ('image:=camera/image_raw', 'camera_info:=camera/camera_info')


def test_what_is_behind_the_camera_is_a_track_that_is_only_heard(domain, start_node, make_client):
    if not (share_path('models') / 'avolnet').exists():
        pytest.skip('models/avolnet is not here')
    remaps = [argument for remap in REMAPS for argument in ('-r', remap)]
    node = start_node(*remaps, audio__array=OPTICAL, model__engine='onnxruntime')
    client = make_client()
    tracks = client.listen(Detection3DArray, '/avloc/tracks')
    given = ['seed:=23', 'objects:=loudspeaker, bird', 'script:="loudspeaker 0 inf"', 'rate:=5.0',
             'width:=320', 'height:=240', f'array:={MICROPHONES}']
    simulator = subprocess.Popen(
        [sys.executable, '-m', 'ros2_avloc.node.simulator', '--ros-args',
         *(part for parameter in given for part in ('-p', parameter))],
        env=os.environ | {'ROS_DOMAIN_ID': str(domain)})
    try:
        heard = client.until(lambda: [found for array in tracks for found in array.detections], 'a track')
    finally:
        simulator.terminate()
        simulator.wait(20)
    assert node.lives, node.log
    hypothesis = heard[0].results[0].hypothesis
    assert hypothesis.class_id == 'heard_only'
    turn = heard[0].results[0].pose.pose.orientation
    azimuth, _ = azimuth_elevation(direction((turn.x, turn.y, turn.z, turn.w)), optical=True)
    assert abs(azimuth) > 1.6  # behind, however far the camera has panned


def test_places_that_make_no_array_are_a_reason_not_to_configure(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, audio__array='[0.0,0.1]')
    client = make_client()
    client.call(GetState, '/avloc/get_state')
    client.until(lambda: 'audio.array holds 2 numbers; give x, y and z of each microphone.' in node.log)
    assert node.lives
