from pennyworth.errors import Problem
from services.openai.sse import sse


def test_each_chunk_is_an_event_and_done_ends_them():
    assert list(sse([{"a": "é"}, {}])) == ['data: {"a":"é"}\n\n', "data: {}\n\n", "data: [DONE]\n\n"]


def broken(error):
    yield {}
    raise error


def test_a_failure_after_the_first_byte_is_an_error_event_without_done():
    events = list(sse(broken(Problem("rate_limit_exceeded"))))
    assert len(events) == 2
    assert '"code":"rate_limit_exceeded"' in events[-1]


def test_an_unexpected_failure_shows_and_logs_none_of_its_text(capsys):
    events = list(sse(broken(ValueError("the prompt"))))
    assert '"code":"internal_error"' in events[-1]
    assert "the prompt" not in "".join(events) + capsys.readouterr().out


def test_a_client_that_hangs_up_closes_the_chunks():
    closed = []

    def chunks():
        try:
            yield {}
            yield {}
        finally:
            closed.append(True)

    events = sse(chunks())
    next(events)
    events.close()
    assert closed
