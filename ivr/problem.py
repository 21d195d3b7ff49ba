"""What a person can put right. The `ivr` command prints the message as one line, without a traceback."""


class Problem(Exception):
    """The message says what, where, and what to do. `exit_status`: 1 for what was found, 2 for wrong use."""

    exit_status = 1


class WrongUse(Problem):
    exit_status = 2
