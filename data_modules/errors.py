"""The one exception for a user's mistake."""


class InputError(ValueError):
    """Something the user gave is wrong; the message says what, where, and what would have worked.

    The command line prints the message alone and exits with 2. Every other exception is a failure of ours.
    """
