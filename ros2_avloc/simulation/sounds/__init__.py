"""Synthesised sounds of the objects in a scene, and of what no object makes; no data files."""

from .recipes import NEGATIVES, negative, synthesise

__all__ = ['NEGATIVES', 'negative', 'synthesise']
