// One source for two machines. A kernel is a row of phases over a team of threads: on a card the threads of a block share
// the places of a phase and meet at its end; on a processor one thread takes them one after another, or a few do as on a
// card, to find out what only shows between threads. What one phase finds out for the next lies in shared memory, never in
// a thread's own variables, and no place of a phase looks at another's.
#pragma once

#include "../rules/plain.hpp"

#ifdef __CUDACC__
#define LNH_SHARED __shared__
#else
#include <cmath>
#if LNH_THREADS > 1
#include <pthread.h>

#include <thread>
#include <vector>
#define LNH_SHARED static
#else
#define LNH_SHARED static thread_local
#endif
#endif

namespace lnh {

#ifdef __CUDACC__

struct Team {
    int row, part;

    template <class Work>
    LNH_FN void each(int places, Work work) const {
        for (int place = threadIdx.x; place < places; place += blockDim.x) work(place);
        __syncthreads();
    }
    template <class Work>
    LNH_FN void once(Work work) const {
        if (threadIdx.x == 0) work();
        __syncthreads();
    }
};

LNH_FN u32 as_bits(float x) { return __float_as_uint(x); }
LNH_FN float from_bits(u32 x) { return __uint_as_float(x); }

#else

#if LNH_THREADS > 1

struct Team {
    int row, part, thread;
    pthread_barrier_t *meeting;

    template <class Work>
    void each(int places, Work work) const {
        for (int place = thread; place < places; place += LNH_THREADS) work(place);
        pthread_barrier_wait(meeting);
    }
    template <class Work>
    void once(Work work) const {
        if (thread == 0) work();
        pthread_barrier_wait(meeting);
    }
};

template <class Work>
void run_team(int row, int part, Work work) {
    pthread_barrier_t meeting;
    pthread_barrier_init(&meeting, nullptr, LNH_THREADS);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < LNH_THREADS; thread++)
        threads.emplace_back([=, &meeting] { work(Team{row, part, thread, &meeting}); });
    for (std::thread &thread : threads) thread.join();
    pthread_barrier_destroy(&meeting);
}

#else

struct Team {
    int row, part;

    template <class Work>
    void each(int places, Work work) const {
        // Backwards, so that a phase whose places are not independent is found out here.
        for (int place = places; place--;) work(place);
    }
    template <class Work>
    void once(Work work) const {
        work();
    }
};

template <class Work>
void run_team(int row, int part, Work work) {
    work(Team{row, part});
}

#endif

LNH_FN u32 as_bits(float x) {
    u32 bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}
LNH_FN float from_bits(u32 bits) {
    float x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

#endif

// What matrices are made of.
#if LNH_BF16
typedef u16 Real;
LNH_FN float wide(Real x) { return from_bits(u32(x) << 16); }
// To the nearest, ties to even.
LNH_FN Real narrow(float x) {
    const u32 bits = as_bits(x);
    return Real((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}
#else
typedef float Real;
LNH_FN float wide(Real x) { return x; }
LNH_FN Real narrow(float x) { return x; }
#endif

// Eight at a time, which a card reads at once.
struct alignas(8 * sizeof(Real)) Eight {
    Real at[8];
};

LNH_FN float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// `room` holds `count` numbers; the first becomes their sum (or the largest), always in the same order.
LNH_FN void add_up(const Team &team, float *room, int count) {
    int half = 1;
    while (half < count) half *= 2;
    while (half /= 2)
        team.each(half, [=](int i) {
            if (i + half < count) room[i] += room[i + half];
        });
}

LNH_FN void find_largest(const Team &team, float *room, int count) {
    int half = 1;
    while (half < count) half *= 2;
    while (half /= 2)
        team.each(half, [=](int i) {
            if (i + half < count && room[i + half] > room[i]) room[i] = room[i + half];
        });
}

}  // namespace lnh
