"""An array's parameters; `test_node_follow_loop` has one at work."""

from __future__ import annotations

from lifecycle_msgs.srv import GetState


def test_places_that_make_no_array_are_a_reason_not_to_configure(start_node, make_client, lamp_bundle):
    node = start_node(model__bundle=lamp_bundle, audio__array='[0.0,0.1]')
    client = make_client()
    client.call(GetState, '/avloc/get_state')
    client.until(lambda: 'audio.array holds 2 numbers; give x, y and z of each microphone.' in node.log)
    assert node.lives
