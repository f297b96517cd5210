"""Score -> files: synth, amp, mix, master, MP3 and card, made in worker processes (`pool`) or at once (`pipeline`)."""
