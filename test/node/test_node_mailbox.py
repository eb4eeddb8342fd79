"""Order, bounds and counts of what waits for the worker."""

from __future__ import annotations

import threading

import pytest

from ros2_avloc.node.mailbox import Mail, Mailbox, Stream


def test_descriptions_come_first_then_sound_then_images_each_in_order():
    mailbox = Mailbox()
    for number, stream in enumerate([Stream.IMAGE, Stream.AUDIO, Stream.CAMERA_INFO, Stream.AUDIO,
                                     Stream.AUDIO_INFO, Stream.IMAGE]):
        mailbox.put(Mail(stream, number, number))
    assert [mail.message for mail in mailbox.take_all(0.0)] == [4, 2, 1, 3, 0, 5]
    assert mailbox.take_all(0.0) == []
    assert mailbox.lost == {}


def test_the_newest_images_stay_and_what_is_lost_is_counted():
    mailbox = Mailbox()
    for number in range(100):
        mailbox.put(Mail(Stream.IMAGE, number, 0))
        mailbox.put(Mail(Stream.AUDIO, number, 0))
    mails = mailbox.take_all(0.0)
    images = [mail.message for mail in mails if mail.stream is Stream.IMAGE]
    assert images == list(range(100 - len(images), 100))
    assert mailbox.lost == {Stream.IMAGE: 100 - len(images)}
    assert sum(mail.stream is Stream.AUDIO for mail in mails) == 100


def test_a_worker_that_waits_is_woken_by_mail_and_by_closing():
    mailbox = Mailbox()
    taken = []

    def work():
        taken.append(mailbox.take_all(60.0))
        taken.append(mailbox.take_all(60.0))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    mailbox.put(Mail(Stream.AUDIO, 'sound', 1))
    mailbox.close()
    thread.join(30.0)
    assert not thread.is_alive()
    assert [mail.message for mails in taken for mail in mails] == ['sound']


@pytest.mark.usefixtures('restless')
def test_no_wake_up_is_lost():
    ways = there, back = Mailbox(), Mailbox()

    def answer():
        while not there.closed:
            for mail in there.take_all(60.0):
                back.put(mail)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    for number in range(2000):
        there.put(Mail(Stream.AUDIO, number, 0))
        answered = []
        while not answered:
            answered = back.take_all(60.0)
        assert [mail.message for mail in answered] == [number]
    for mailbox in ways:
        mailbox.close()
    thread.join(30.0)
    assert not thread.is_alive()


@pytest.mark.usefixtures('restless')
def test_a_frame_is_never_taken_before_the_sound_that_came_first_and_nothing_is_lost_uncounted():
    mailbox, sent = Mailbox(), 100_000

    def send():
        for number in range(sent):
            mailbox.put(Mail(Stream.AUDIO, number, 0))
            mailbox.put(Mail(Stream.IMAGE, number, 0))
        mailbox.close()

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    heard, seen, last, more = 0, 0, -1, True
    while more:
        more = not mailbox.closed  # what was put in before it was closed is taken once more
        for mail in mailbox.take_all(60.0):
            if mail.stream is Stream.AUDIO:
                assert mail.message > last
                heard, last = heard + 1, mail.message
            else:
                assert mail.message <= last
                seen += 1
    assert heard + mailbox.lost.get(Stream.AUDIO, 0) == seen + mailbox.lost.get(Stream.IMAGE, 0) == sent
    thread.join(30.0)
