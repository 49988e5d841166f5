"""The authorizer's Lambda handler with another clock: a module of the layer that a test builds."""

from dataclasses import replace
from functools import cache

from pennyworth import authorizer, clock

composed = authorizer.authorizer
authorizer.authorizer = cache(lambda: replace(composed(), clock=clock.now))
handler = authorizer.handler
