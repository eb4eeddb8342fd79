"""The thread that does the work, so that the executor only ever hands over."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ros2_avloc.errors import AvlocError, InputError
from ros2_avloc.node.mailbox import Mail, Mailbox
from ros2_avloc.node.statistics import DEFECT, ENGINE, Faults

PATIENCE = 0.05
"""Seconds after which the worker looks for frames that have waited too long, though nothing came."""


class Worker:
    """Takes the mail, message by message, and then works on what is due.

    Whatever goes wrong is reported and counted; the thread lives until `stop`.

    Parameters
    ----------
    mailbox
        Where messages come from.
    accept
        Called with each message.
    work
        Called after each batch of messages; says whether there may be more to do at once.
    faults
        Told of everything that goes wrong.
    alive
        Says whether ROS still runs; when it ends, so does the worker.
    """

    def __init__(self, mailbox: Mailbox, accept: Callable[[Mail], None], work: Callable[[], bool],
                 faults: Faults, alive: Callable[[], bool]) -> None:
        self._mailbox = mailbox
        self._accept = accept
        self._work = work
        self._faults = faults
        self._alive = alive
        self._thread = threading.Thread(target=self._run, name='avloc worker', daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is in hand, and wait for that."""
        self._mailbox.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        more = False
        while self._alive() and not self._mailbox.closed:
            for mail in self._mailbox.take_all(0.0 if more else PATIENCE):
                with self._reporting(mail.stream.value):
                    self._accept(mail)
            more = False
            with self._reporting('image'):
                more = self._work()

    @contextmanager
    def _reporting(self, where: str) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            self._faults.report(where, str(error))
        except AvlocError as error:
            self._faults.report(ENGINE, str(error))
        except Exception as error:
            if not self._alive():
                return  # what could not be published any more
            sentence = f'{type(error).__name__} while working on {where}: {error}'
            self._faults.report(DEFECT, sentence, traceback.format_exc())
