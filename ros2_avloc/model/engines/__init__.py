"""Engines, each imported only when it is chosen."""
