"""Hearing: chunks of audio become a timeline, and the timeline spectrograms."""
