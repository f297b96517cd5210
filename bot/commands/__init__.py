"""The commands of `lnh`, one file per group; the only part of the bot that may start the inference service."""
