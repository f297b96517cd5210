"""Discord: slash commands, buttons and mentions in; cards, MP3s and MIDI files out."""
