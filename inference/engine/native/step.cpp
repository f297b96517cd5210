// What Python calls. Every function that may fail returns 0 for success; `lnh_trouble` says what happened.
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "writer.hpp"

namespace lnh {

// Threads that sleep until there is work, each with songs of its own from the first layer to the last.
class Crew {
  public:
    explicit Crew(int helpers) {
        for (int number = 1; number <= helpers; number++) threads_.emplace_back([this, number] { wait(number); });
    }
    ~Crew() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            leaving_ = true;
        }
        call_.notify_all();
        for (std::thread &thread : threads_) thread.join();
    }

    int size() const { return int(threads_.size()) + 1; }

    // Calls work(0), work(1) ... side by side and returns when all are done.
    template <class Work>
    void run(int parts, Work &&work) {
        if (parts > 1) {
            std::lock_guard<std::mutex> lock(mutex_);
            work_ = &work;
            enter_ = [](void *task, int part) { (*static_cast<std::remove_reference_t<Work> *>(task))(part); };
            parts_ = parts;
            busy_ = parts - 1;
            round_++;
        }
        if (parts > 1) call_.notify_all();
        work(0);
        if (parts == 1) return;
        std::unique_lock<std::mutex> lock(mutex_);
        done_.wait(lock, [this] { return busy_ == 0; });
    }

  private:
    void wait(int number) {
        long seen = 0;
        std::unique_lock<std::mutex> lock(mutex_);
        while (true) {
            call_.wait(lock, [&] { return leaving_ || round_ != seen; });
            if (leaving_) return;
            seen = round_;
            if (number >= parts_) continue;
            lock.unlock();
            enter_(work_, number);
            lock.lock();
            if (--busy_ == 0) done_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable call_, done_;
    std::vector<std::thread> threads_;
    void *work_ = nullptr;
    void (*enter_)(void *, int) = nullptr;
    int parts_ = 0, busy_ = 0;
    long round_ = 0;
    bool leaving_ = false;
};

constexpr std::int32_t SIZES[FIELDS] = {HEADS, VALUES, SHAPES, DURATIONS, VELOCITIES};

struct Native {
    Composer composer;
    Writer writer;
    Crew crew;
    std::vector<Workspace> workspaces;
    std::vector<Song> songs;
    std::vector<std::string> troubles;
    std::string trouble;

    Native(int threads, const Shape &shape, const Tables &tables, const std::int32_t *sizes, const float *rates,
           const float *const *weights, const Board &board)
        : composer(shape, SIZES, sizes, rates, weights, board), writer(composer, board, tables), crew(threads - 1) {
        for (int i = 0; i < crew.size(); i++) workspaces.push_back(composer.workspace());
        troubles.resize(crew.size());
    }

    template <class Work>
    int attempt(Work &&work) {
        try {
            work();
            return 0;
        } catch (const std::exception &error) {
            trouble = error.what();
            return 1;
        }
    }

    template <class Work>
    int share(const std::int32_t *slots, const std::uint8_t *guided, int count, Work &&work) {
        songs.clear();
        for (int i = 0; i < count; i++) {
            if (slots[i] < 0 || slots[i] >= composer.slots()) {
                trouble = "there is no such slot";
                return 1;
            }
            songs.push_back({slots[i], guided[slots[i]] != 0});
        }
        const int parts = std::max(1, std::min(crew.size(), count));
        for (std::string &one : troubles) one.clear();
        crew.run(parts, [&](int part) {
            const int first = count * part / parts, last = count * (part + 1) / parts;
            try {
                work(songs.data() + first, last - first, workspaces[part]);
            } catch (const std::exception &error) {
                troubles[part] = error.what();
            }
        });
        for (const std::string &one : troubles)
            if (!one.empty()) {
                trouble = one;
                return 1;
            }
        return 0;
    }
};

// `rounds` times UNITS products that wait for nothing: the most that this processor can do of them.
constexpr int UNITS = 6;

template <class Numbers>
static int most_dots(long rounds, Numbers x) {
    Integers a[UNITS];
    for (auto &one : a) one = all_integers(0);
    for (long i = 0; i < rounds; i++)
#pragma GCC unroll 6
        for (int j = 0; j < UNITS; j++) a[j] = dot(a[j], x, x);
    std::int32_t total = 0, lane[LANES];
    for (auto &one : a) {
        store(lane, one);
        total ^= lane[0];
    }
    return total;
}

}  // namespace lnh

extern "C" {

int lnh_version() { return 4; }

void *lnh_create(const lnh::Shape *shape, const lnh::Tables *tables, const std::int32_t *sizes, const float *rates,
                 const float *const *weights, const lnh::Board *board, int threads) {
    try {
        return new lnh::Native(threads, *shape, *tables, sizes, rates, weights, *board);
    } catch (const std::exception &) {
        return nullptr;
    }
}

void lnh_destroy(void *native) { delete static_cast<lnh::Native *>(native); }

const char *lnh_trouble(void *native) { return static_cast<lnh::Native *>(native)->trouble.c_str(); }

std::size_t lnh_weights(void *native, std::size_t bytes_each) {
    return static_cast<lnh::Native *>(native)->composer.weights(bytes_each);
}

const float *lnh_logits(void *native, int slot) { return static_cast<lnh::Native *>(native)->composer.logits(slot); }

int lnh_join(void *native, const std::int32_t *slots, const std::uint8_t *guided, int count) {
    auto &one = *static_cast<lnh::Native *>(native);
    return one.share(slots, guided, count, [&](const lnh::Song *songs, int songs_count, lnh::Workspace &) {
        for (int i = 0; i < songs_count; i++) one.composer.join(songs[i]);
    });
}

int lnh_step(void *native, const std::int32_t *slots, const std::uint8_t *guided, int count) {
    auto &one = *static_cast<lnh::Native *>(native);
    return one.share(slots, guided, count, [&](const lnh::Song *songs, int songs_count, lnh::Workspace &workspace) {
        one.composer.step(songs, songs_count, workspace);
    });
}

int lnh_draw(void *native, const std::int32_t *slots, const std::uint8_t *guided, int count, int first, int last) {
    auto &one = *static_cast<lnh::Native *>(native);
    return one.share(slots, guided, count, [&](const lnh::Song *songs, int songs_count, lnh::Workspace &workspace) {
        one.composer.draw(songs, songs_count, first, last, workspace);
    });
}

int lnh_begin(void *native, int slot, const lnh::Told *told) {
    auto &one = *static_cast<lnh::Native *>(native);
    return one.attempt([&] { one.writer.begin(slot, *told); });
}

int lnh_write(void *native, const std::int32_t *slots, const std::uint8_t *guided, int count) {
    auto &one = *static_cast<lnh::Native *>(native);
    return one.share(slots, guided, count, [&](const lnh::Song *songs, int songs_count, lnh::Workspace &workspace) {
        one.writer.write(songs, songs_count, workspace);
    });
}

// State and grammar by themselves, so that they can be held against those in Python.
void *lnh_author_create(const lnh::Tables *tables, const lnh::Told *told) {
    auto *author = new lnh::Author;
    author->begin(*tables, *told);
    return author;
}

void lnh_author_destroy(void *author) { delete static_cast<lnh::Author *>(author); }

// Takes a step and writes down what is shown of it; returns how many bars are closed.
int lnh_author_push(void *author, const std::int32_t *step, std::int32_t *context, float *content) {
    lnh::Band band = static_cast<lnh::Author *>(author)->band();
    band.push(lnh::step_at(step));
    band.show_context(context);
    for (int i = 0; i < lnh::CONTENT; i++) content[i] = band.content(i);
    return band.s.rows;
}

void lnh_author_echo(void *author, int head, std::int32_t *echo) {
    static_cast<lnh::Author *>(author)->band().show_echo(head, echo);
}

// Writes down what a field may be and what leans on that; returns the temperature.
float lnh_author_allow(void *author, int field, const std::int32_t *chosen, std::uint8_t *mask, float *leaning) {
    return static_cast<lnh::Author *>(author)->allow(field, lnh::step_at(chosen), mask, leaning).temperature;
}

// Writes down at most `room` steps that must come and returns how many there are.
int lnh_author_forced(void *author, std::int32_t *steps, int room) {
    lnh::Band band = static_cast<lnh::Author *>(author)->band();
    lnh::Grammar grammar(band);
    lnh::Step step;
    int count = 0;
    for (grammar.begin_giving(); grammar.force(step); count++)
        if (count < room) std::memcpy(steps + std::size_t(count) * lnh::FIELDS, step.at, sizeof step.at);
    return count;
}

// Reads `count` floats and nothing else; the sum only keeps the compiler from leaving it out.
float lnh_read(const float *from, std::size_t count) {
    lnh::Lanes sums[8];
    for (lnh::Lanes &one : sums) one = lnh::all(0.0f);
    for (std::size_t i = 0; i + 8 * lnh::LANES <= count; i += 8 * lnh::LANES)
        for (int j = 0; j < 8; j++) sums[j] = sums[j] + lnh::load(from + i + j * lnh::LANES);
    float total = 0.0f;
    for (const lnh::Lanes &one : sums) total += lnh::sum(one);
    return total;
}

// How many products of small integers make up one of a vector's sixteen.
int lnh_group() { return lnh::GROUP; }
int lnh_few_dots(long rounds, int group) { return lnh::most_dots(rounds, lnh::all_few(group)); }
int lnh_pair_dots(long rounds, int both) { return lnh::most_dots(rounds, lnh::all_pairs(both)); }

int lnh_draw_one(const float *logits, const std::uint8_t *mask, const float *leaning, int size, float temperature,
                 float top_p, float noise) {
    lnh::Hat hat;
    return lnh::draw(logits, mask, leaning, size, temperature, top_p, noise, hat);
}

}  // extern "C"
