// The kernels: what a step of all songs is made of, besides products of matrices.
#include "../rules/grammar.hpp"
#include "../rules/leaning.hpp"
#include "network.hpp"
#include "sampler.hpp"

namespace lnh {

// The integers of a slot, moved between where it lies and where a team works on it.
LNH_FN void move_slot(const Team &team, Slot &to, const Slot &from) {
    u64 *target = reinterpret_cast<u64 *>(&to);
    const u64 *source = reinterpret_cast<const u64 *>(&from);
    team.each(int(sizeof(Slot) / sizeof(u64)), [=](int i) { target[i] = source[i]; });
}
static_assert(sizeof(Slot) % sizeof(u64) == 0, "a slot is moved in words");

LNH_FN Band band_of(Slot &s, const Place &p, int slot) { return Band{s, paper_of(p, slot), p.tables}; }

// What follows from the last step: what must come next, and what the network is shown.
LNH_FN void look_ahead(Band &band, Slot &s) {
    Grammar grammar(band);
    grammar.begin_giving();
    s.forces = grammar.force(s.forced);
    band.show_context(s.context);
}

// What became of a slot's step.
LNH_FN void report(const Place &p, int slot, const Slot &s) {
    i32 *out = p.out + slot * OUT;
    for (int field = 0; field < FIELDS; field++) out[field] = s.last.at[field];
    out[5] = s.fed;
    out[6] = s.rows;
    out[7] = s.begun;
}

LNH_FN void show_content(const Team &team, const Place &p, Slot &s) {
    team.each(CONTENT, [&, row = team.row](int i) { p.content[row * CONTENT + i] = band_of(s, p, row).content(i); });
}

// A song takes the slot.
LNH_FN void join(const Team &team, const Place &p, int) {
    LNH_SHARED Slot s;
    const int slot = team.row;
    const i32 *header = p.headers + slot * int(sizeof(Header) / sizeof(i32));
    u64 *words = reinterpret_cast<u64 *>(&s);
    team.each(int(sizeof(Slot) / sizeof(u64)), [=](int i) { words[i] = 0; });
    i32 *known = reinterpret_cast<i32 *>(&s.h);
    team.each(int(sizeof(Header) / sizeof(i32)), [=](int i) { known[i] = header[i]; });
    team.once([&] {
        s.seed = u64(p.seeds[slot]);
        const i64 *list = p.lists + slot * LISTS;
        s.opening = reinterpret_cast<const i32 *>(list[0]);
        s.given = reinterpret_cast<i32 *>(list[1]);
        s.song = reinterpret_cast<const float *>(list[2]);
        s.blind_song = reinterpret_cast<const float *>(list[3]);
        s.guided = i32(list[4]);
        s.song_rows = i32(list[5]);
        for (int i = 0; i < SETTINGS; i++) s.settings[i] = p.settings[slot * SETTINGS + i];
        s.active = 1;
        Band band = band_of(s, p, slot);
        band.begin();
        Step first;
        Grammar(band).force(first);
        band.push(first);
        look_ahead(band, s);
        report(p, slot, s);
    });
    show_content(team, p, s);
    move_slot(team, p.slots[slot], s);
}

// Whoever wrote there writes no more.
LNH_FN void leave(const Team &team, const Place &p, int) {
    team.once([&] { p.slots[team.row].active = 0; });
}

// What was drawn, or must come, becomes the last step.
LNH_FN void advance(const Team &team, const Place &p, int) {
    LNH_SHARED Slot s;
    LNH_SHARED i32 goes_on;
    const int slot = team.row;
    team.once([&] { goes_on = p.slots[slot].active; });
    if (!goes_on) return;
    move_slot(team, s, p.slots[slot]);
    team.once([&] {
        Band band = band_of(s, p, slot);
        band.push(s.forces ? s.forced : s.chosen);
        s.fed++;
        if (s.last.head() == END)
            s.active = 0;
        else
            look_ahead(band, s);
        report(p, slot, s);
    });
    show_content(team, p, s);
    move_slot(team, p.slots[slot], s);
}

// Draws a field of each song that draws, and moves the cascade on to the next field.
LNH_FN void choose(const Team &team, const Place &p, int field) {
    LNH_SHARED Slot s;
    LNH_SHARED Draw room;
    LNH_SHARED Allowed allowed;
    LNH_SHARED Leaning leaning;
    LNH_SHARED i32 draws;
    const int slot = team.row;
    team.once([&] { draws = p.slots[slot].active && !p.slots[slot].forces; });
    if (!draws) return;
    move_slot(team, s, p.slots[slot]);
    team.once([&] {
        Band band = band_of(s, p, slot);
        if (field == HEAD) s.chosen = Step{{NONE, NONE, NONE, NONE, NONE}};
        allowed = Grammar(band).allowed(field, s.chosen);
        leaning = Lead(band).leaning(field, s.chosen);
    });
    predict(team, p, s, field, room);
    team.each(size_of(field), [&](int value) {
        Band band = band_of(s, p, slot);
        room.weights[value] = Grammar(band).may(allowed, value)
                                  ? (room.weights[value] + Lead(band).at(leaning, field, value)) / leaning.temperature
                                  : NOT_ALLOWED;
    });
    draw(team, room, size_of(field), float(s.settings[TOP_P]), uniform(s.seed, u64(s.fed), u64(field)));
    team.once([&] {
        s.chosen.at[field] = room.drawn;
        if (field == HEAD) band_of(s, p, slot).show_echo(s.chosen.head(), s.echo);
    });
    if (field < VELOCITY) move_on(team, p, s, field + 1);
    move_slot(team, p.slots[slot], s);
}

typedef void (*Kernel)(const Team &, const Place &, int);

}  // namespace lnh

#ifdef __CUDACC__
extern "C" __device__ int lnh_sizes[3] = {int(sizeof(lnh::Slot)), int(sizeof(lnh::Riff)), int(sizeof(lnh::Header))};
#define LNH_KERNEL(name)                                                                              \
    extern "C" __global__ void lnh_##name(const __grid_constant__ lnh::Place place, int number, int from) { \
        lnh::name(lnh::Team{int(blockIdx.x) + from, int(blockIdx.y)}, place, number);                 \
    }
#else
#define LNH_EXPORT extern "C" __attribute__((visibility("default")))
#define LNH_KERNEL(name)                                                                             \
    LNH_EXPORT void lnh_##name(const lnh::Place *place, int number, int from, int rows, int parts) { \
        for (int row = 0; row < rows; row++)                                                         \
            for (int part = 0; part < parts; part++)                                                 \
                lnh::run_team(row + from, part,                                                      \
                              [=](const lnh::Team &team) { lnh::name(team, *place, number); });      \
    }
LNH_EXPORT int lnh_size(int what) {
    return what == 0 ? int(sizeof(lnh::Slot)) : what == 1 ? int(sizeof(lnh::Riff)) : int(sizeof(lnh::Header));
}
#endif

LNH_KERNEL(join)
LNH_KERNEL(leave)
LNH_KERNEL(embed)
LNH_KERNEL(normalise)
LNH_KERNEL(attend)
LNH_KERNEL(gate)
LNH_KERNEL(begin)
LNH_KERNEL(choose)
LNH_KERNEL(advance)
