"""Heatmap to sources, sources to tracks, tracks to the one that is attended to."""
