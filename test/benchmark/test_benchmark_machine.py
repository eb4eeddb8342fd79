"""On what was measured."""

from __future__ import annotations

import datetime
import json
import os

import numpy as np

from benchmark.machine import cores, describe, sentence


def test_a_report_says_date_machine_and_versions() -> None:
    found = json.loads(json.dumps(describe()))
    age = datetime.datetime.now().astimezone() - datetime.datetime.fromisoformat(found['date'])
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=5)
    assert found['machine'].endswith(f', {cores()} cores')
    assert found['libraries']['numpy'] == np.__version__
    assert found['load'] >= 0


def test_only_the_cores_count_that_this_process_may_use() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_its_sentence_names_them() -> None:
    report = describe() | {'bundle': 'avolnet 0123456789abcdef'}
    for part in (report['date'][:10], report['machine'], f'numpy {np.__version__}', 'avolnet 0123456789ab.'):
        assert part in sentence(report)
