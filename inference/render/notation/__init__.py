"""Scores on paper: bars, note values and spelling, written as MusicXML and engraved as PDF, SVG and PNG."""
