// What Python calls. Every function that may fail returns 0 for success; `lnh_trouble` says what happened.
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "composer.hpp"

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

struct Native {
    Composer composer;
    Crew crew;
    std::vector<Workspace> workspaces;
    std::vector<Song> songs;
    std::vector<std::string> troubles;
    std::string trouble;

    template <class... Arguments>
    Native(int threads, Arguments &&...arguments) : composer(std::forward<Arguments>(arguments)...), crew(threads - 1) {
        for (int i = 0; i < crew.size(); i++) workspaces.push_back(composer.workspace());
        troubles.resize(crew.size());
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

}  // namespace lnh

extern "C" {

int lnh_version() { return 1; }

void *lnh_create(const lnh::Shape *shape, const std::int32_t *sizes, const float *rates, const float *const *weights,
                 const lnh::Board *board, int threads) {
    try {
        return new lnh::Native(threads, *shape, sizes, rates, weights, *board);
    } catch (const std::exception &) {
        return nullptr;
    }
}

void lnh_destroy(void *native) { delete static_cast<lnh::Native *>(native); }

const char *lnh_trouble(void *native) { return static_cast<lnh::Native *>(native)->trouble.c_str(); }

std::size_t lnh_weight_bytes(void *native) { return static_cast<lnh::Native *>(native)->composer.weight_bytes(); }

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

int lnh_draw_one(const float *logits, const std::uint8_t *mask, const float *leaning, int size, float temperature,
                 float top_p, float noise) {
    std::vector<lnh::Weighed> room;
    return lnh::draw(logits, mask, leaning, size, temperature, top_p, noise, room);
}

}  // extern "C"
