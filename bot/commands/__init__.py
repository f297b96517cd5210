"""The verbs of the command line, one file a group; the only part of the bot that may start the service itself."""
