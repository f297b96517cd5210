"""What can be wrong with a card."""

from inference.engine.native.errors import NativeUnavailable


class CardUnavailable(NativeUnavailable):
    """No card, or none that can take these kernels or this model; `str(error)` is one sentence."""
