"""The critic: tells written songs from real ones by what is heard in them, and so chooses among takes."""
