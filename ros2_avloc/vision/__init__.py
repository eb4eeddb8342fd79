"""Seeing: images of any encoding become frames, and cells of the grid become rays."""
