"""A connection to PostgreSQL that does not wait for ever.

A server that hangs with its connections open (it was stopped, or waits for its disk) says nothing, and the kernel goes
on acknowledging what is sent to it.
"""

from typing import Any

import psycopg
from psycopg.errors import OperationalError, _WaitTimeout


class Impatient(psycopg.Connection[Any]):
    """Who gets no answer `within` seconds has no connection any more. What was asked may have been done, or be yet."""

    within: float = 3.0

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        try:
            return super().wait(gen, *args, **({"timeout": self.within} | options))
        except _WaitTimeout:
            self.pgconn.finish()
            raise OperationalError(f"the server has not answered for {self.within:g} s") from None


def connected(within: float, *arguments: Any, **options: Any) -> Impatient:
    one = Impatient.connect(*arguments, **options)
    one.within = within
    return one
