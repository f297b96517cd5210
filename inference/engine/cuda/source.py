"""The kernels as one text, for whichever compiler takes it."""

from pathlib import Path

from inference.engine import rules
from inference.engine.rules.constants import HEADERS, constants

_FOLDER, _RULES = Path(__file__).parent, Path(rules.__file__).parent
_FILES = (
    *(_RULES / name for name in HEADERS),
    *(_FOLDER / name for name in ("machine.hpp", "parts.hpp", "sampler.hpp", "network.hpp", "kernels.cpp")),
)

KERNELS = ("join", "leave", "embed", "normalise", "attend", "gate", "begin", "choose", "advance")


def source(*, half: bool, threads: int = 1) -> str:
    """C++ for a processor, CUDA C++ for a card.

    Args:
        half: bfloat16 in the matrices, else float32.
        threads: of a team on a processor.
    """
    macros = constants() | {"LNH_BF16": str(int(half)), "LNH_THREADS": str(threads)}
    texts = (path.read_text(encoding="utf-8") for path in _FILES)
    lines = [line for text in texts for line in text.splitlines() if not line.startswith(('#include "', "#pragma"))]
    return "\n".join([*(f"#define {name} {value}" for name, value in macros.items()), *lines, ""])
