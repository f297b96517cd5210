"""What a song request is and what becomes of it; plain dataclasses, no input or output."""
