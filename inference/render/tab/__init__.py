"""Guitar Pro tabs: a tuning the band agrees on, strings and frets that a hand can reach, palm mutes."""
