"""Why the native step cannot be used."""


class NativeUnavailable(Exception):
    """No compiler, a machine or a model it cannot be built for; `str(error)` is one sentence."""
