"""Verbs of the command line that take more than a few lines: each module adds its parser and runs it."""
