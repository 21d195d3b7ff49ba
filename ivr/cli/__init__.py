"""The `ivr` command, one module a sub-command. Exit status: 0 done, 1 problems found, 2 wrong use."""
