"""The exit codes of the command line."""

OK, FAILED, USAGE, WRONG, TIMEOUT, INTERRUPTED = 0, 1, 2, 3, 4, 130
