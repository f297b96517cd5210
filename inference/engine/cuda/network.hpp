// The network around its products of matrices: inference/model for teams, one a row.
#pragma once

#include "sampler.hpp"

namespace lnh {

// What fits into the memory that a team shares; network.py refuses models that need more.
constexpr int MOST_WIDTH = 1024, MOST_QUERY = 256, MOST_SCORES = 4096, PARTS = 16;

// What is added to a song on a course depends on the block that is being written and how far it is; row 0 is for elsewhere.
LNH_FN int course_row(const Slot &s) {
    const int head = s.last.at[HEAD];
    const bool is_hit = head >= POSITION, opens = head >= TRACK && !is_hit && s.last.at[VALUE] == NEW;
    if (s.song_rows == 1 || !(is_hit || opens)) return 0;
    const int cell = (s.begun - 1) * s.h.players + s.player;
    return 1 + cell * (1 + POSITIONS) + (is_hit ? s.last.position() + 1 : 0);
}

// The last step as the input of the trunk, and what the summary says beside its output.
LNH_FN void embed(const Team &team, const Place &p, int) {
    const Slot &s = p.slots[team.row];
    if (!s.active) return;
    const int width = p.width, row = team.row;
    const float *song = (p.blind ? s.blind_song : s.song) + i64(course_row(s)) * width;
    const float *content = s.content_of == NOBODY ? nullptr : p.content + row * CONTENT;
    const int fields[FIELDS] = {0, HEADS, HEADS + VALUES, HEADS + VALUES + SHAPES, HEADS + VALUES + SHAPES + DURATIONS};
    team.each(width, [&, row, width](int i) {
        float sum = 0.0f;
        if (content)
            for (int k = 0; k < CONTENT; k++) sum += content[k] * p.content_table[k * width + i];
        for (int field = 0; field < FIELDS; field++)
            sum += p.field_tables[i64(fields[field] + s.last.at[field]) * width + i];
        float player = 0.0f;
        for (int column = 0; column < CONTEXTS; column++) {
            const float one = p.context_tables[i64(p.context_at[column] + s.context[column]) * width + i];
            sum += one;
            if (column < 2) player += one;
        }
        p.x[i64(row) * width + i] = sum + song[i];
        p.summary[i64(row) * 2 * width + width + i] = song[i] + player;
    });
}

// x += what the layer before made of it, and its norm: for a layer's matrices, or (the last) for the summary.
LNH_FN void normalise(const Team &team, const Place &p, int number) {
    LNH_SHARED float squares[MOST_WIDTH];
    const int width = p.width, row = team.row;
    float *x = p.x + i64(row) * width;
    const Real *more = p.out_of + i64(row) * width;
    const float *weight = p.norms + i64(number) * width;
    const bool is_last = number == 2 * p.layers;
    if (!p.slots[row].active) return;
    team.each(width, [=](int i) {
        if (number) x[i] += wide(more[i]);
        squares[i] = x[i] * x[i];
    });
    add_up(team, squares, width);
    team.each(width, [&, row, width, is_last](int i) {
        const float y = x[i] * (1.0f / sqrtf(squares[0] / float(width) + 1.1920929e-7f)) * weight[i];
        if (is_last)
            p.summary[i64(row) * 2 * width + i] = y;
        else
            p.normed[i64(row) * width + i] = narrow(y);
    });
}

// Turns the halves of a head by its position's angles.
LNH_FN float turned(const Real *head, int i, int size, float angle) {
    const int half = size / 2, j = i % half;
    const float left = wide(head[j]), right = wide(head[half + j]);
    const float cosine = cosf(angle), sine = sinf(angle);
    return i < half ? left * cosine - right * sine : left * sine + right * cosine;
}

LNH_FN float dot(const float *query, const Real *key, int size) {
    float sum = 0.0f;
    for (int d = 0; d < size; d += 8) {
        const Eight eight = *reinterpret_cast<const Eight *>(key + d);
        for (int i = 0; i < 8; i++) sum += query[d + i] * wide(eight.at[i]);
    }
    return sum;
}

// One team for each row and each of its key heads: writes this step's key and value, looks at those it still has.
LNH_FN void attend(const Team &team, const Place &p, int layer) {
    LNH_SHARED float query[MOST_QUERY], scores[MOST_SCORES], parts[PARTS * MOST_QUERY], totals[PARTS * PARTS];
    const Slot &s = p.slots[team.row];
    if (!s.active) return;
    const int size = p.width / p.heads, group = p.heads / p.kv_heads, row = team.row, head = team.part;
    const int at = s.fed % p.window, seen = smaller(s.fed + 1, p.window), joint = p.width + 2 * p.kv_heads * size;
    const Real *from = p.joint + i64(row) * joint;
    const i64 plane = i64(p.slot_count) * p.kv_heads * p.window * size;
    Real *keys = p.cache + i64(layer) * 2 * plane + (i64(row) * p.kv_heads + head) * p.window * size;
    Real *values = keys + plane;
    const float position = float(s.fed), scale = 1.0f / sqrtf(float(size));
    team.each(group * size, [&, group, size, head](int i) {
        const Real *one = from + (head * group + i / size) * size;
        query[i] = turned(one, i % size, size, position * p.rates[i % (size / 2)]) * scale;
    });
    team.each(size, [&, size, head, at](int i) {
        const Real *key = from + p.width + head * size, *value = key + p.kv_heads * size;
        keys[i64(at) * size + i] = narrow(turned(key, i, size, position * p.rates[i % (size / 2)]));
        values[i64(at) * size + i] = value[i];
    });
    team.each(seen, [=](int t) {
        for (int g = 0; g < group; g++) scores[g * seen + t] = dot(query + g * size, keys + i64(t) * size, size);
    });
    // A few threads look through all, then one through what they found: a tree over a thousand would be slower.
    team.each(group * PARTS, [=](int i) {
        float most = -3.0e38f;
        for (int t = i % PARTS; t < seen; t += PARTS) most = fmaxf(most, scores[i / PARTS * seen + t]);
        totals[i] = most;
    });
    team.each(group, [=](int g) {
        for (int part = 1; part < PARTS; part++) totals[g * PARTS] = fmaxf(totals[g * PARTS], totals[g * PARTS + part]);
    });
    team.each(group * seen, [=](int i) { scores[i] = expf(scores[i] - totals[i / seen * PARTS]); });
    team.each(group * PARTS, [=](int i) {
        float sum = 0.0f;
        for (int t = i % PARTS; t < seen; t += PARTS) sum += scores[i / PARTS * seen + t];
        totals[i] = sum;
    });
    team.each(PARTS * group * (size / 8), [=](int i) {
        const int eights = size / 8, d = i % eights * 8, g = i / eights % group, part = i / eights / group;
        float sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
        for (int t = part; t < seen; t += PARTS) {
            const Eight eight = *reinterpret_cast<const Eight *>(values + i64(t) * size + d);
            for (int j = 0; j < 8; j++) sums[j] += scores[g * seen + t] * wide(eight.at[j]);
        }
        for (int j = 0; j < 8; j++) parts[(part * group + g) * size + d + j] = sums[j];
    });
    team.each(group * size, [&, group, size, head, row](int i) {
        float sum = 0.0f, total = 0.0f;
        for (int part = 0; part < PARTS; part++) {
            sum += parts[part * group * size + i];
            total += totals[i / size * PARTS + part];
        }
        p.mixed[i64(row) * p.width + head * group * size + i] = narrow(sum / total);
    });
}

// silu(gate) * up.
LNH_FN void gate(const Team &team, const Place &p, int) {
    if (!p.slots[team.row].active) return;
    const Real *from = p.wide + i64(team.row) * 2 * p.hidden;
    Real *to = p.gated + i64(team.row) * p.hidden;
    team.each(p.hidden, [=, hidden = p.hidden](int i) {
        const float x = wide(from[i]);
        to[i] = narrow(x * sigmoid(x) * wide(from[hidden + i]));
    });
}

// The cascade's first state lies there as a sum; it is its hyperbolic tangent.
LNH_FN void begin(const Team &team, const Place &p, int) {
    float *state = p.state + i64(team.row) * p.cascade;
    team.each(p.cascade, [=](int i) { state[i] = tanhf(state[i]); });
}

// Numbers a row of the products of a field's state: logits, pulls, and the move to the next field; rows begin aligned.
LNH_FN int pulls_of(int field) { return field == HEAD ? CONTEXTS - STROKES : field == VALUE ? 1 : 0; }
LNH_FN int row_of(int field, int cascade) {
    return (size_of(field) + pulls_of(field) + (field < VELOCITY ? 3 * cascade : 0) + 7) / 8 * 8;
}

LNH_FN float pulled(const Slot &s, int field, const float *logits, int value) {
    float logit = logits[value];
    const float *strengths = logits + size_of(field);
    if (field == HEAD)
        for (int k = STROKES; k < CONTEXTS; k++)
            if (s.context[k] > 0 && s.context[k] + POSITION - 1 == value) logit += strengths[k - STROKES];
    if (field == VALUE && s.echo[LNH_BEFORE] > 0 && s.echo[LNH_BEFORE] + PITCH - 1 == value) logit += strengths[0];
    return logit;
}

// Logits of a field into the room, moved away from what would be without the genre (Ho and Salimans, 2022).
LNH_FN void predict(const Team &team, const Place &p, const Slot &s, int field, Draw &room) {
    const i64 row = i64(team.row) * row_of(field, p.cascade);
    const float *knowing = p.logits + row, *blind = p.blind_logits + row;
    team.each(size_of(field), [&, field, knowing, blind](int value) {
        const float known = pulled(s, field, knowing, value);
        if (!s.guided) {
            room.weights[value] = known;
            return;
        }
        const float unknown = pulled(s, field, blind, value);
        room.weights[value] = unknown + float(s.settings[GUIDANCE]) * (known - unknown);
    });
}

// A recurrent step towards `field`: of the products, those with the state stand behind the logits of the field before.
LNH_FN void move_state(const Team &team, const Place &p, const Slot &s, int field, float *state, const float *logits) {
    const int width = p.cascade, before = field - 1;
    const int first[FIELDS] = {0, HEADS, HEADS + VALUES, HEADS + VALUES + SHAPES, 0};
    const float *chosen = p.chosen_tables + i64(first[before] + s.chosen.at[before]) * 3 * width;
    const float *moved = logits + size_of(before) + pulls_of(before);
    team.each(width, [&, width, field, chosen, moved](int i) {
        float in[3];
        for (int part = 0; part < 3; part++) {
            in[part] = chosen[part * width + i];
            for (int column = 0; column < ECHOES && field == VALUE; column++)
                in[part] += p.echo_tables[i64(p.echo_at[column] + s.echo[column]) * 3 * width + part * width + i];
        }
        const float reset = sigmoid(in[0] + moved[i]), keep = sigmoid(in[1] + moved[width + i]);
        const float fresh = tanhf(in[2] + reset * moved[2 * width + i]);
        state[i] = fresh + keep * (state[i] - fresh);
    });
}

LNH_FN void move_on(const Team &team, const Place &p, const Slot &s, int field) {
    const i64 state = i64(team.row) * p.cascade, row = i64(team.row) * row_of(field - 1, p.cascade);
    move_state(team, p, s, field, p.state + state, p.logits + row);
    if (s.guided) move_state(team, p, s, field, p.blind_state + state, p.blind_logits + row);
}

}  // namespace lnh
