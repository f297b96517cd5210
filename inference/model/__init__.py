"""The composer: a decoder-only transformer with a cascade head."""
