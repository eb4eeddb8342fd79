"""Synthesised sounds of the objects in a scene, and of what no object makes; no data files."""

from ros2_avloc.simulation.sounds.recipes import NEGATIVES, negative, synthesise

__all__ = ['NEGATIVES', 'negative', 'synthesise']
