"""Leaves a Redis alone that does not answer: after one failure nobody in this process waits for it for 10 seconds."""

from __future__ import annotations

import pybreaker
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

REST = 10  # seconds
DOWN = (BrokerError, RedisError, OSError)

breaker = pybreaker.CircuitBreaker(fail_max=1, reset_timeout=REST, exclude=[lambda error: not isinstance(error, DOWN)])
OUT_OF_REACH = (*DOWN, pybreaker.CircuitBreakerError)
