"""The exit codes of the command line. Loads nothing, for whoever ends before anything is loaded."""

OK, FAILED, USAGE, WRONG, TIMEOUT, INTERRUPTED = 0, 1, 2, 3, 4, 130
