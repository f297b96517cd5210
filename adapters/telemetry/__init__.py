"""How the running program is watched: logs."""
