"""Pictures of songs."""

from inference.render.pictures.card import Card, draw_card, jpeg_bytes, png_bytes

__all__ = ["Card", "draw_card", "jpeg_bytes", "png_bytes"]
