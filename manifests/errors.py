"""The base of errors that a user can mend."""


class UserError(Exception):
    """An error whose message says what is wrong and what to do; shown without a traceback."""
