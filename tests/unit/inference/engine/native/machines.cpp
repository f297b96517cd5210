// Prints a digest of what matrices and attention make of the same numbers, to hold machines against each other.
#include <cstdio>

#include "attention.hpp"

static unsigned long long digest = 1469598103934665603ull, state = 1;

static void see(const float *x, std::size_t count) {
    for (std::size_t i = 0; i < count; i++) {
        unsigned bits;
        std::memcpy(&bits, x + i, sizeof bits);
        digest = (digest ^ bits) * 1099511628211ull;
    }
}

static float next() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return float(int(state >> 40) - (1 << 23)) / float(1 << 22);
}

static std::vector<float> numbers(std::size_t count) {
    std::vector<float> made(count);
    for (float &one : made) one = next();
    return made;
}

template <class Kind>
static void multiply(int outputs, int inputs) {
    const std::vector<float> weights = numbers(outputs * inputs), bias = numbers(outputs), x = numbers(19 * inputs);
    const lnh::Matrix<Kind> matrix(weights.data(), bias.data(), outputs, inputs);
    lnh::Integral room;
    lnh::Ahead nothing;
    std::vector<float> y(19 * matrix.outputs());
    for (int rows : {1, 2, 3, 5, 8, 9, 16, 19}) {
        matrix.multiply(x.data(), inputs, y.data(), matrix.outputs(), rows, room, nothing);
        see(y.data(), rows * matrix.outputs());
    }
}

static void attend(int size, int group, int columns) {
    std::vector<float> cache(lnh::Memory::bytes(columns, size) / sizeof(float)), out(group * size);
    lnh::Ahead nothing;
    lnh::Memory memory(reinterpret_cast<unsigned char *>(cache.data()), size);
    lnh::Glance glance(group, columns, size);
    for (int at = 0; at < columns; at++) {
        const std::vector<float> key = numbers(size), value = numbers(size);
        memory.write(key.data(), value.data(), at, glance.column.data());
        if (at > 66 && at % 61) continue;
        glance.queries.take<lnh::Small>(numbers(group * size).data(), size, size, group, lnh::Coarse::MOST);
        lnh::attend(group, 0, memory, at + 1, glance, out.data(), nothing);
        see(out.data(), out.size());
    }
}

int main() {
    for (int inputs : {48, 256, 688})
        for (int outputs : {17, 96}) {
            multiply<lnh::Coarse>(outputs, inputs);
            multiply<lnh::Fine>(outputs, inputs);
        }
    for (int size : {16, 32, 64})
        for (int group : {1, 2, 3, 4}) attend(size, group, 256);
    attend(64, 2, 2048);
    std::printf("%016llx\n", digest);
}
