"""The names of the files beside a checkpoint, for those who write them and for the settings that find them."""

ORIGINALITY_NAME = "originality.safetensors"  # the index of what it learnt
CRITIC_NAME = "critic.safetensors"  # who tells its songs from real ones
