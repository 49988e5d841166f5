"""A Lambda runtime that streams: a small client of Lambda's Runtime API, started by `shared/stream`.

Lambda's managed Python runtime sends an answer only when it is whole. This one, on the same managed runtime, sends an
iterable body chunk by chunk. Handlers return what API Gateway's proxy integration takes: `{statusCode, headers,
multiValueHeaders, cookies, body, isBase64Encoded}`, with a body of str, bytes, None or an iterable of str and bytes.

Which bootstrap calls is known to the handler by `context.streams`: true here, absent from the stock context.
`pennyworth.runtime.buffered` reads it, so that the same handler answers under both.
"""


def main() -> None:
    """Run the function that the environment names until Lambda ends the process."""
    from pennyworth.runtime.loop import run  # here, so that `buffered` costs the stock bootstrap no import of it

    run()
