"""The worker lives through whatever goes wrong."""

from __future__ import annotations

import threading

from ros2_avloc.errors import EngineError, InputError
from ros2_avloc.node.mailbox import Mail, Mailbox, Stream
from ros2_avloc.node.statistics import DEFECT, ENGINE, Faults
from ros2_avloc.node.worker import Worker


class Job:
    """Fails as the messages say, and notes what it was given."""

    def __init__(self):
        self.accepted = []
        self.done = threading.Event()

    def accept(self, mail):
        self.accepted.append(mail.message)
        if mail.message == 'last':
            self.done.set()
        if isinstance(mail.message, Exception):
            raise mail.message

    def work(self):
        return False


def run(job, *messages, work=None, alive=lambda: True):
    lines = []
    faults, mailbox = Faults(lines.append), Mailbox()
    worker = Worker(mailbox, job.accept, work or job.work, faults, alive)
    worker.start()
    for message in messages:
        mailbox.put(Mail(Stream.AUDIO, message, 0))
    assert job.done.wait(30.0)
    worker.stop()
    return faults, lines


def test_bad_input_is_told_without_and_defects_with_a_traceback():
    job = Job()
    faults, lines = run(job, InputError('Too short.'), ZeroDivisionError('oh'),
                        EngineError('It failed.'), 'last')
    assert job.accepted[-1] == 'last'
    assert [fault.sentence for fault in faults.by_cause('audio')] == ['Too short.']
    assert [fault.sentence for fault in faults.by_cause(DEFECT)] == [
        'ZeroDivisionError while working on audio: oh']
    assert [fault.sentence for fault in faults.by_cause(ENGINE)] == ['It failed.']
    assert lines[0] == 'audio: Too short.'
    assert 'Traceback' in lines[1]


def test_work_that_fails_is_tried_again_with_the_next_message():
    job = Job()

    def work():
        raise KeyError('always')

    faults, lines = run(job, 'first', 'last', work=work)
    assert faults.by_cause(DEFECT)[0].count >= 1
    assert len(lines) == 1


def test_work_goes_on_at_once_while_there_is_more():
    job = Job()
    left = iter([True] * 100 + [False])

    def work():
        more = next(left, None)
        if more is False:
            job.done.set()
        return bool(more)

    run(job, work=work)
    assert next(left, 'all done') == 'all done'
