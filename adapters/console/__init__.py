"""People at a terminal: the chat, the progress line and the folder that songs go to."""
