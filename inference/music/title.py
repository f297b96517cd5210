"""Invented titles: word lists per genre, patterns that join them, and a seed that chooses."""

import random
import re
from dataclasses import dataclass

_ARTICLE = re.compile(r"\b([Aa]) (?=[AEIOU])")  # the pattern's own, before a word that was put in

_PLURALS = {"Wolf": "Wolves", "Boombox": "Boomboxes"} | {noun: noun for noun in ("Gallows", "Sneakers", "Receipts")}

_PATTERNS = (
    "{adjective} {noun}",
    "{adjective} {noun}",
    "The {adjective} {noun}",
    "{noun} of {place}",
    "{noun} in {place}",
    "{verb} the {noun}",
    "{verb} Me, {adjective} {noun}",
    "{bare_place} {noun}",
    "{adjective} {bare_place}",
    "{noun}, {verb} the {noun2}",
    "Last {noun} in {place}",
)


@dataclass(frozen=True, slots=True)
class _Words:
    """What a genre sings about. `patterns` join the general ones and as a group are drawn as often."""

    adjectives: tuple[str, ...]
    nouns: tuple[str, ...]
    verbs: tuple[str, ...]
    places: tuple[str, ...]
    patterns: tuple[str, ...]


def make_title(genre: str, seed: int) -> str:
    """A title for a song of `genre` (a name of the catalogue; others draw from a general list).

    The same genre and seed give the same title, of 60 characters at most.
    """
    words = _WORDS.get(genre, _GENERAL)
    rng = random.Random(f"title:{genre}:{seed}")
    patterns = rng.choice((_PATTERNS, words.patterns))
    # By their blanks: a joke with one blank has few versions and would soon be heard twice.
    (pattern,) = rng.choices(patterns, weights=[text.count("{") ** 2 for text in patterns])
    noun, noun2 = rng.sample(words.nouns, 2)
    place = rng.choice(words.places)
    title = pattern.format(
        adjective=rng.choice(words.adjectives),
        noun=noun,
        noun2=noun2,
        nouns=_plural(noun),
        nouns2=_plural(noun2),
        verb=rng.choice(words.verbs),
        place=place,
        bare_place=place.removeprefix("the "),
    )
    title = _ARTICLE.sub(r"\1n ", title)
    return title[0].upper() + title[1:]


def _plural(noun: str) -> str:
    return _PLURALS.get(noun, f"{noun}s")


def _words(adjectives: str, nouns: str, verbs: str, places: str, patterns: str) -> _Words:
    return _Words(*(tuple(text.split("|")) for text in (adjectives, nouns, verbs, places, patterns)))


_GENERAL = _words(
    "Borrowed|Quiet|Restless|Golden|Crooked|Sudden|Distant|Hollow|Weightless|Patient|Electric|Unfinished|Faded|Wild",
    "Letter|Shadow|Staircase|Window|Echo|Lantern|Tide|Signal|Compass|Season|Mirror|Harbour|Sparrow|Promise|Ladder",
    "Follow|Forget|Carry|Borrow|Answer|Wake|Remember|Chase|Leave|Hold",
    "Tomorrow|the Attic|October|the North|No Man's Land|the Waiting Room|Elsewhere|the Second Floor|Midwinter",
    "Somewhere near {place}|Half a {noun}|A {noun} for {place}|Almost {adjective}|{noun} and {noun2}",
)

_WORDS: dict[str, _Words] = {
    "metal": _words(
        "Iron|Blackened|Molten|Eternal|Rusted|Forsaken|Thunderous|Bleeding|Unholy|Ashen|Frostbitten|Merciless|Buried"
        "|Howling",
        "Crown|Anvil|Gallows|Serpent|Furnace|Throne|Oath|Plague|Hammer|Tomb|Wolf|Leviathan|Reckoning|Scythe|Cathedral",
        "Crush|Summon|Bury|Forge|Raise|Obey|Devour|Unchain|Burn|Defy",
        "Ash|the Abyss|Winter|the Ninth Gate|Ruin|Valhalla|the Catacombs|Perdition|Tartarus|the Iron Wastes",
        "{adjective} unto {place}|{noun} of the {adjective} {noun2}|Beneath the {noun}|By {noun} and {noun2}"
        "|{adjective} {noun} Rising|Where {nouns} Fall",
    ),
    "nu-metal": _words(
        "Numb|Static|Broken|Paranoid|Twisted|Hollow|Wired|Faceless|Suburban|Caged|Plastic|Backwards|Deadlocked"
        "|Unplugged",
        "Mask|Switch|Trigger|Basement|Wire|Scar|Leash|Circuit|Hoodie|Flatline|Mirror|Parasite|Turntable|Fuse|Needle",
        "Break|Flip|Erase|Spit|Fake|Drop|Rewind|Cut|Mute|Snap",
        "the Basement|Suburbia|My Head|the Parking Lot|Aisle Nine|Homeroom|the Feedback Loop|Detention|Sector B",
        "{verb} It|{noun}.exe|Stuck in {place}|{adjective} (Again)|Get Out of {place}|Ten Seconds to {noun}"
        "|One More {noun}",
    ),
    "hard-rock": _words(
        "Reckless|Loaded|Red-Hot|Dirty|Midnight|Loud|Runaway|Leather|Double|Dangerous|High-Octane|Lowdown|Screaming"
        "|Restless",
        "Engine|Thunder|Highway|Gasoline|Rattlesnake|Gambler|Amplifier|Whiskey|Outlaw|Dynamite|Motor|Lightning"
        "|Jukebox|Stranger",
        "Shake|Ride|Rattle|Ignite|Floor|Chase|Outrun|Rock|Roll|Hit",
        "the Strip|Route 9|the Back Row|Saturday Night|the Red Line|Motor City|the Fast Lane|Cell Block Four"
        "|the Desert",
        "{verb} It All Night|Too {adjective} to Stop|{noun} Woman|{noun} Man|Back to {place}|Born for {place}"
        "|Full Tank of {noun}",
    ),
    "punk": _words(
        "Bored|Broke|Cheap|Stupid|Angry|Nervous|Rotten|Spare|Temporary|Unemployed|Fluorescent|Second-Hand|Expired|Loud",
        "Landlord|Bus Stop|Haircut|Safety Pin|Weekend|Curfew|Parking Ticket|Riot|Manager|Skateboard|Couch|Fanzine"
        "|Microwave|Boot",
        "Smash|Dodge|Skip|Hate|Heckle|Boycott|Kick|Lose|Unfriend|Refuse",
        "the Mall|Nowhere|Flat 4B|the Night Bus|Aldi|Monday|the Dole Queue|the Garage|Summer Camp|Accounting",
        "I Don't Want Your {noun}|{noun} Is Cancelled|No {noun}, No Future|{verb} Your {noun}|Three Chords and a {noun}"
        "|My {noun} Hates Me|Too {adjective} for {place}|Banned from {place}",
    ),
    "prog": _words(
        "Obsidian|Recursive|Asymmetric|Celestial|Crystalline|Forgotten|Parallel|Tidal|Infinite|Clockwork|Septagonal"
        "|Lunar|Vermilion",
        "Labyrinth|Orrery|Cartographer|Metamorphosis|Pendulum|Astrolabe|Theorem|Monolith|Chrysalis|Observatory"
        "|Paradox|Helix|Loom",
        "Unfold|Ascend|Dissolve|Invert|Decipher|Orbit|Transmute|Dream|Refract|Measure",
        "the Seventh Meridian|Andromeda|the Clockmaker's House|Lemuria|Twelve Moons|the Observatory|Hyperborea"
        "|the Inner Sea",
        "{noun}, Part II|{noun}: I. {adjective} {noun2}|The {noun} and the {noun2}|Overture for a {adjective} {noun}"
        "|In {place}, a {noun}|{adjective} Variations|A Brief History of the {noun}",
    ),
    "rock": _words(
        "Broken|Open|Silver|Lonely|Burning|Blue|Restless|Early|Wasted|Paper|Stolen|Endless|Southbound|Rolling",
        "Radio|Road|Heart|Avenue|Matchbook|Freight Train|Parade|Summer|Satellite|Riverside|Photograph|Guitar|Motel"
        "|Headlight",
        "Drive|Leave|Light|Find|Follow|Chase|Burn|Believe|Turn|Miss",
        "Main Street, Nowhere|Memphis|the Overpass|the Last Row|Ohio|Sunday Morning|the Rearview|the City Limits"
        "|Room 12",
        "{verb} Me Home|Radio {bare_place}|Nothing but {nouns}|Meet Me in {place}|{noun} Song|Give Me Back My {noun}",
    ),
    "alternative": _words(
        "Slow|Grey|Awkward|Beige|Underwater|Vague|Allergic|Spare|Pale|Sleepless|Polite|Overcast|Damp|Accidental",
        "Swimming Pool|Cardigan|Answering Machine|Goldfish|Ceiling Fan|Polaroid|Dandelion|Fever|Tape Deck|Bruise|Moth"
        "|Lighthouse",
        "Mumble|Drift|Postpone|Unlearn|Water|Ignore|Sink|Misplace|Wear|Apologise",
        "the Car Park|November|Your Sister's Room|the Deep End|the Launderette|Aberdeen|the Waiting List"
        "|a Borrowed Jumper",
        "{noun} (Demo)|{adjective}, {adjective}|I Was a {noun}|Your {noun} Is Showing|Not Now, {noun}|{noun} Season"
        "|Sorry about {place}",
    ),
    "game-rock": _words(
        "Final|Hidden|Crystal|Turbo|Cursed|Legendary|Pixelated|Frozen|Enraged|Infinite|Secret|Corrupted|Hasty|Airborne",
        "Boss|Dungeon|Airship|Save Point|Dragon|Power-Up|Speedrun|Fortress|Lava Level|Checkpoint|Mimic|Combo"
        "|Warp Zone|Potion",
        "Defeat|Unlock|Respawn in|Collect|Dodge|Charge|Skip|Speedrun|Enter|Loot",
        "World 1-1|the Sky Fortress|Level 99|the Ice Cavern|the Lava Castle|the Sound Test|Route 7|the Crystal Peaks",
        "{noun} Theme|{noun} (Phase Two)|{place} (Night)|Versus the {adjective} {noun}|No Continues Left"
        "|Press Start in {place}"
        "|Danger! {adjective} {noun}!|{adjective} {noun} Appears",
    ),
    "pop": _words(
        "Sweet|Neon|Crazy|Perfect|Sugar|Brand-New|Dizzy|Glitter|Lucky|Pink|Magnetic|Weekend|Cherry|Dreamy",
        "Heartbeat|Lipstick|Telephone|Dance Floor|Crush|Sunshine|Butterfly|Kiss|Bubblegum|Daydream|Ringtone|Firework"
        "|Secret|Taxi",
        "Call|Kiss|Text|Want|Love|Miss|Dance with|Remember|Steal|Catch",
        "Paradise|the Weekend|Cloud Nine|the Afterparty|Saturday|Your Arms|the Mirror|Tokyo|the Backseat",
        "{verb} Me Maybe Later|{noun}, {noun}|Only in {place}|({verb} Me) {adjective} {noun}|Ooh, {noun}"
        "|My {adjective} {noun}"
        "|All I Need Is a {noun}",
    ),
    "country": _words(
        "Lonesome|Dusty|Honky-Tonk|Old|Whiskey|Barefoot|Cheatin'|Rusty|Homemade|Muddy|Sunday|Faithful|Gravel|Prodigal",
        "Pickup|Porch|Boots|Hound|Tractor|Mama|Fence|Biscuits|Jukebox|Bible|Divorce|Fiddle|Cornfield|Creek|Tailgate",
        "Saddle|Fix|Mend|Miss|Bury|Bless|Haul|Forgive|Toast|Outlive",
        "Tennessee|the County Line|Tulsa|Grandpa's Barn|the Truck Stop|Amarillo|the Church Lot|the Back Forty|Kentucky",
        "My {noun} Left Me for a {noun2}|She Took the {noun} to {place}|{adjective} in {place}"
        "|Too Much {noun}, Not Enough {noun2}"
        "|Daddy's {adjective} {noun}|Pray for My {noun}",
    ),
    "blues": _words(
        "Lowdown|Midnight|Empty|Evil|Worried|Muddy|Weary|Hungry|One-Eyed|Rainy|Borrowed|Broke-Down|Mean Old|Wanderin'",
        "Woman|Whiskey|Mule|Train|Suitcase|Landlady|Crossroad|Mojo|Levee|Shoes|Rooster|Graveyard|Razor|Bottle|Mattress",
        "Pawn|Chase|Lose|Moan about|Leave|Drown|Trust|Feed|Bring Back|Curse",
        "Clarksdale|the Delta|Parchman|Beale Street|the Crossroads|Third Street|My Kitchen|the County Jail|the Levee",
        "{adjective} {noun} Blues|{bare_place} Blues|Woke Up in {place}|My {noun} Don't Love Me|Ain't Got No {noun}"
        "|Somebody Stole My {noun}"
        "|{noun} and {noun2} Blues",
    ),
    "jazz": _words(
        "Blue|Velvet|Smoky|Oblique|Autumn|Misty|Indigo|Late|Sly|Crooked|Tender|Unhurried|Amber|Sideways",
        "Minor|Taxi|Martini|Raincoat|Umbrella|Serenade|Cigarette|Waltz|Alley Cat|Saxophone|Nocturne|Fire Escape"
        "|Elevator|Fedora",
        "Stroll|Whisper|Swing|Misread|Pour|Hum|Tiptoe round|Order|Improvise|Follow",
        "52nd Street|Montmartre|the Blue Room|Harlem|the Last Set|Lisbon|Two A.M.|the Coat Check|Birdland",
        "{noun} for {place}|Blues for a {adjective} {noun}|{place} by Night|Take the {noun}|Monsieur {noun}"
        "|So {adjective}"
        "|{adjective} in B flat|Ballad of the {noun}",
    ),
    "funk-soul": _words(
        "Funky|Greasy|Sweet|Cosmic|Strutting|Sticky|Velvet|Super|Smooth|Hot-Buttered|Platform|Righteous|Slippery"
        "|Sunday",
        "Groove|Strut|Gravy|Mothership|Soul|Cornbread|Bassline|Afro|Roller Skates|Chicken|Hustle|Backbone|Boogie"
        "|Preacher|Sauce",
        "Shake|Feel|Get up on|Pass|Bump|Work|Strut|Testify to|Bring|Grease",
        "the Dance Floor|Detroit|Soulsville|the Good Foot|Block Party|Saturn|the Roller Rink|Aunt Mabel's"
        "|Muscle Shoals",
        "Pass the {noun}|Do the {adjective} {noun}|{verb} That {noun}|({verb} the) {noun}|{noun} Power"
        "|Papa's {adjective} {noun}"
        "|Can I Get a {noun}?",
    ),
    "oldies": _words(
        "Peppermint|Lonely|Teenage|Blue Suede|Rockin'|Dreamy|Jukebox|Two-Tone|Moonlit|Polka-Dot|Steady|Little|Crazy"
        "|Sweet",
        "Sweetheart|Cadillac|Milkshake|Jukebox|Ponytail|Drive-In|Malt Shop|Letter Jacket|Moonlight|Hop|Angel|Diner"
        "|Twist|Hound Dog",
        "Twist|Rock|Kiss|Shake|Carry|Go Steady with|Meet|Phone|Miss|Serenade",
        "the Soda Fountain|Saturday's Dance|Lovers' Lane|the Drive-In|Memphis|the Sock Hop|Blueberry Lane"
        "|the Boardwalk",
        "{adjective} {noun} Baby|Do the {noun}|Oh, {adjective} {noun}|{noun} Rock|{verb} Me at {place}"
        "|My {noun} and Me|Sh-Boom, {noun}",
    ),
    "electronic": _words(
        "Binary|Neon|Phosphor|Analogue|Zero|Liquid|Orbital|Infrared|Synthetic|Modular|Looping|Chrome|Subsonic"
        "|Ultraviolet",
        "Voltage|Pulse|Oscillator|Laser|Android|Grid|Waveform|Terminal|Hologram|Engine|Cascade|Modem|Satellite|Robot"
        "|Firmware",
        "Modulate|Reboot|Filter|Ping|Sequence|Overclock|Download|Sync|Bypass|Defragment",
        "Berlin, 5 A.M.|Sector 7|the Mainframe|Mars|Warehouse 3|the Cloud|Neo-Osaka|Channel Zero|the Server Room",
        "{noun} 2000|{noun} ({adjective} Mix)|{verb} / {noun}|{adjective}.{noun}|{place} (Extended)|Do {nouns} Dream?"
        "|404: {noun}",
    ),
    "hip-hop": _words(
        "Dusty|Golden|Late-Night|Heavy|Cold|Low-Key|Certified|Concrete|Gold-Plated|Uptown|Smooth|Sampled|Freestyle"
        "|Overdue",
        "Hustle|Boombox|Cypher|Corner|Crown|Sneakers|Turntable|Rooftop|Receipts|Chain|Subway|Notebook|Mic|Bodega"
        "|Pigeon",
        "Flip|Count|Spit|Stack|Drop|Sample|Loop|Rock|Skip|Claim",
        "the Block|Brooklyn|the Stoop|Platform 2|the Booth|the Corner Store|the Seventh Floor|Cell C Minor"
        "|the Night Shift",
        "{noun} Talk|{verb} Da {noun}|{noun} Freestyle|{adjective} in {place}|{nouns} & {nouns2}"
        "|No {noun}, No Problem|{bare_place} State of Mind",
    ),
    "reggae": _words(
        "Easy|Rising|Sunny|Natural|Irie|Righteous|Green|Rolling|Barefoot|Mellow|Positive|Echoing|Golden|Island",
        "Vibration|Lion|Mango|River|Sunrise|Sound System|Roots|Coconut|Bassline|Mountain|Breeze|Drum|Fisherman"
        "|Hammock|Rooster",
        "Free|Share|Chant to|Rock|Bless|Sway with|Trust|Lift|Cool|Feel",
        "Kingston|Trenchtown|Zion|the Yard|Half Way Tree|the Shoreline|Babylon|Port Antonio|the Blue Mountains",
        "{noun} Dub|One {noun}|{adjective} {noun} Version|No {noun}, No Worry|{noun} a Come|{bare_place} Rock"
        "|Every Likkle {noun}",
    ),
    "latin": _words(
        "Caliente|Golden|Tropical|Scarlet|Barefoot|Secret|Salty|Midnight|Feverish|Velvet|Sunlit|Crimson|Sleepless"
        "|Sweet",
        "Luna|Corazón|Carnaval|Guayabera|Conga|Mariposa|Papaya|Guitarra|Fuego|Balcony|Abuela|Espresso|Trompeta"
        "|Hammock|Siesta",
        "Baila|Kiss|Dance with|Follow|Serenade|Forget|Ask|Steal|Await|Light",
        "Havana|Ipanema|the Plaza|Cartagena|San Juan|the Malecón|Calle Ocho|Bahia|Veracruz|the Old Harbour",
        "{noun} y {noun2}|{noun} de {bare_place}|Mi {noun}|Ay, {noun}!|Bossa for a {adjective} {noun}"
        "|Cumbia del {noun}|{bare_place}, {adjective}",
    ),
}
