"""General MIDI programs and the roles that players have in a band."""

from enum import StrEnum

GM_PROGRAM_NAMES: tuple[str, ...] = tuple(
    """Acoustic Grand Piano|Bright Acoustic Piano|Electric Grand Piano|Honky-tonk Piano|Electric Piano 1|Electric Piano 2|Harpsichord|Clavinet
Celesta|Glockenspiel|Music Box|Vibraphone|Marimba|Xylophone|Tubular Bells|Dulcimer
Drawbar Organ|Percussive Organ|Rock Organ|Church Organ|Reed Organ|Accordion|Harmonica|Bandoneon
Nylon Guitar|Steel Guitar|Jazz Guitar|Clean Guitar|Muted Guitar|Overdriven Guitar|Distortion Guitar|Guitar Harmonics
Acoustic Bass|Finger Bass|Pick Bass|Fretless Bass|Slap Bass 1|Slap Bass 2|Synth Bass 1|Synth Bass 2
Violin|Viola|Cello|Contrabass|Tremolo Strings|Pizzicato Strings|Harp|Timpani
String Ensemble 1|String Ensemble 2|Synth Strings 1|Synth Strings 2|Choir Aahs|Voice Oohs|Synth Voice|Orchestra Hit
Trumpet|Trombone|Tuba|Muted Trumpet|French Horn|Brass Section|Synth Brass 1|Synth Brass 2
Soprano Sax|Alto Sax|Tenor Sax|Baritone Sax|Oboe|English Horn|Bassoon|Clarinet
Piccolo|Flute|Recorder|Pan Flute|Bottle|Shakuhachi|Whistle|Ocarina
Square Lead|Sawtooth Lead|Calliope Lead|Chiff Lead|Charang Lead|Voice Lead|Fifths Lead|Bass Lead
New Age Pad|Warm Pad|Polysynth Pad|Choir Pad|Bowed Pad|Metallic Pad|Halo Pad|Sweep Pad
Rain|Soundtrack|Crystal|Atmosphere|Brightness|Goblins|Echoes|Sci-fi
Sitar|Banjo|Shamisen|Koto|Kalimba|Bagpipe|Fiddle|Shanai
Tinkle Bell|Agogo|Steel Drums|Woodblock|Taiko Drum|Melodic Tom|Synth Drum|Reverse Cymbal
Fret Noise|Breath Noise|Seashore|Bird Tweet|Telephone|Helicopter|Applause|Gunshot""".replace("\n", "|").split("|")
)


class Role(StrEnum):
    """What a player does in the band. The order is the order of a score, drums first."""

    DRUMS = "drums"
    BASS = "bass"
    RHYTHM = "rhythm"
    LEAD = "lead"
    KEYS = "keys"
    STRINGS = "strings"
    WINDS = "winds"
    SYNTH = "synth"
    OTHER = "other"


CHORDAL = frozenset({Role.RHYTHM, Role.KEYS})  # who mostly plays chords
_ROLE_OF_FAMILY = {
    0: Role.KEYS,
    1: Role.KEYS,
    2: Role.KEYS,
    3: Role.RHYTHM,
    4: Role.BASS,
    5: Role.STRINGS,
    6: Role.STRINGS,
    7: Role.WINDS,
    8: Role.WINDS,
    9: Role.WINDS,
    10: Role.SYNTH,
    11: Role.SYNTH,
    12: Role.SYNTH,
}
DEFAULT_PROGRAM: dict[Role, int] = {
    Role.DRUMS: 0,
    Role.BASS: 34,
    Role.RHYTHM: 30,
    Role.LEAD: 30,
    Role.KEYS: 0,
    Role.STRINGS: 48,
    Role.WINDS: 65,
    Role.SYNTH: 81,
    Role.OTHER: 105,
}


def role_of(program: int, is_drum: bool) -> Role:
    """The role a General MIDI program suggests; guitars count as rhythm until their notes say lead."""
    if is_drum:
        return Role.DRUMS
    return _ROLE_OF_FAMILY.get(program // 8, Role.OTHER)
