"""The benchmarks need torch and lightning."""

from __future__ import annotations

import importlib.util

import pytest

from ros2_avloc.model.bundle import Bundle
from ros2_avloc.share import bundle_path

if not importlib.util.find_spec('torch') or not importlib.util.find_spec('lightning'):
    collect_ignore_glob = ['test_*.py']


@pytest.fixture(scope='session')
def shipped() -> Bundle:
    return Bundle.load(bundle_path('avolnet'))
