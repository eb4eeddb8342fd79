import sys
from pathlib import Path

import pytest
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from ros2_avloc.errors import InputError
from ros2_avloc.recordings.bag import BagWriter, register_type

INTERFACES = Path(__file__).parents[2] / 'interfaces'
SHARE = [INTERFACES, Path(sys.prefix) / 'share']


def test_messages_come_back_as_they_were_written(tmp_path):
    types = get_typestore(Stores.ROS2_JAZZY)
    message_type = 'vision_msgs/msg/Detection2DArray'
    register_type(types, message_type, SHARE)
    header = types.types['std_msgs/msg/Header'](types.types['builtin_interfaces/msg/Time'](3, 4), 'camera')
    sent = types.types[message_type](header, [])
    with BagWriter(tmp_path / 'bag', share=SHARE) as bag:
        bag.write('/avloc/sources', message_type, 7, types.serialize_cdr(sent, message_type))
    with Reader(tmp_path / 'bag') as reader:
        [(connection, stamp, raw)] = list(reader.messages())
    assert (connection.topic, connection.msgtype, stamp) == ('/avloc/sources', message_type, 7)
    assert types.deserialize_cdr(raw, message_type) == sent


def test_an_existing_recording_is_not_overwritten(tmp_path):
    BagWriter(tmp_path / 'bag').close()
    with pytest.raises(InputError, match='exists already'):
        BagWriter(tmp_path / 'bag')


def test_a_place_that_cannot_hold_a_recording_is_named(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='file/bag.*choose another place'):
        BagWriter(tmp_path / 'file' / 'bag')


def test_an_unknown_type_is_named(tmp_path):
    with BagWriter(tmp_path / 'bag') as bag, pytest.raises(InputError, match='install the package vision'):
        bag.write('/sources', 'vision_msgs/msg/Detection2DArray', 0, b'')
