"""The domain: requests, songs, schedules and their errors as plain dataclasses without I/O."""
