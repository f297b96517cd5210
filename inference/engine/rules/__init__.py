"""Band state and grammar in C++, one source for the native step and for a card. The reference is `inference/tokens`."""
