"""What each choice in the composer is worth: the same small training with one thing changed."""
