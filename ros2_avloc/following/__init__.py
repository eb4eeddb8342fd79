"""Turning a robot towards what it attends to: control laws for a base and for a head."""
