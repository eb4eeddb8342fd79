"""Machines that run tests may be busy: no example fails for having taken long."""

from hypothesis import settings

settings.register_profile('untimed', deadline=None)
settings.load_profile('untimed')
