"""The target spectrum of a genre, in octaves.

Popular recordings fall by some 5 dB an octave from 100 Hz to 4 kHz, as density, and more steeply above (Pestana et al.,
"Spectral Characteristics of Popular Commercial Recordings 1950-2010", AES 135, 2013): 2 dB as power of an octave. The
louder the percussion, the more bass and treble, and genres differ by little else (Elowsson and Friberg, "Long-term
Average Spectrum in Popular Music and its Relation to the Level of the Percussion", AES 142, 2017). How far each of our
genres leans from there is our own decision.
"""

import numpy as np
from numpy.typing import NDArray

_USUAL = (-20.0, -7.0, -5.7, -7.5, -9.5, -11.5, -13.5, -15.5, -19.5, -27.0)  # dB of the whole, octaves from 31.5 Hz on
_LOUD = (0.0, 0.0, -1.0, -1.0, -0.5, 1.0, 2.0, 3.0, 2.5, 2.0)
_CLUB = (3.0, 2.0, 0.0, -1.0, -1.5, -1.0, -1.0, 0.0, 1.5, 3.0)
_DEEP = (1.0, 1.5, 1.5, 0.5, 0.0, -1.0, -1.0, -1.0, -1.0, 0.0)
_LEANINGS = {
    **dict.fromkeys(("metal", "nu-metal", "punk"), (_LOUD, 1.0)),
    **dict.fromkeys(("hard-rock", "prog", "game-rock", "alternative"), (_LOUD, 0.5)),
    **dict.fromkeys(("electronic", "hip-hop"), (_CLUB, 1.0)),
    "reggae": (_DEEP, 1.0),
}


def wanted_octaves(genre: str) -> NDArray[np.float64]:
    """Power of each octave against the whole, in dB."""
    leaning, share = _LEANINGS.get(genre, (_LOUD, 0.0))
    levels = np.array(_USUAL) + share * np.array(leaning)
    return np.asarray(levels - 10 * np.log10(np.sum(10 ** (levels / 10))))
