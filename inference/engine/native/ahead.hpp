// What a step reads, asked for before it is wanted.
#pragma once

#include <cstddef>
#include <vector>

namespace lnh {

constexpr int LINE = 64;  // bytes that come together

static inline void fetch(const float *row, int count) {
    for (int i = 0; i < count; i += LINE / int(sizeof(float))) __builtin_prefetch(row + i, 0, 2);
}

// The stretches of memory that a step reads, in that order. Whoever reads a line asks for one that comes later, across the
// ends of matrices and of songs, where a processor cannot guess how it goes on. Nothing that is found depends on it.
class Ahead {
  public:
    void forget() {
        stretches_.clear();
        next_ = 0;
    }

    void add(const void *from, std::size_t bytes) {
        const char *start = static_cast<const char *>(from);
        stretches_.push_back({start, start + bytes});
    }

    // Goes to the first stretch, and so far beyond it as it always will be.
    void begin() {
        turn();
        for (int line = 0; line < LEAD; line += 8) fetch<8>();
    }

    // As many lines more.
    template <int LINES>
    void fetch() {
        const char *at = at_;
#pragma GCC unroll 16
        for (int line = 0; line < LINES; line++) __builtin_prefetch(at + LINE * line, 0, 2);
        at_ = at + LINE * LINES;
        if (at_ >= end_) turn();
    }

    // Moves on by what somebody reads without asking.
    void pass(std::size_t bytes) {
        while (bytes >= std::size_t(end_ - at_) && next_ < stretches_.size()) {
            bytes -= end_ - at_;
            turn();
        }
        at_ += bytes;
    }

  private:
    static constexpr int LEAD = 512;

    struct Stretch {
        const char *from, *to;
    };

    __attribute__((noinline)) void turn() {
        if (next_ < stretches_.size()) {
            at_ = stretches_[next_].from;
            end_ = stretches_[next_++].to;
        } else {
            // There is nothing more.
            at_ = reinterpret_cast<const char *>(this);
            end_ = at_ + 1;
        }
    }

    std::vector<Stretch> stretches_;
    std::size_t next_ = 0;
    const char *at_ = nullptr, *end_ = nullptr;
};

}  // namespace lnh
