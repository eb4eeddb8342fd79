"""Scenes with known truth: drawn objects that sound, a moving pinhole camera, microphones."""
