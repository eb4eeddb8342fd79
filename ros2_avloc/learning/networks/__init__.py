"""The three networks of "Objects that Sound"; each has a file of its own."""

from __future__ import annotations

from ros2_avloc.learning.networks.ave_net import AVENet
from ros2_avloc.learning.networks.avol_net import AVOLNet, Heads
from ros2_avloc.learning.networks.l3_net import L3Net
from ros2_avloc.learning.networks.towers import Tower

__all__ = ['AVENet', 'AVOLNet', 'Heads', 'L3Net', 'Tower']
