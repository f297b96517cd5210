// Memory that is read from end to end at every step: in large pages where the system has them, for looking up small ones
// takes a fifth of that time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace lnh {

class Pages {
  public:
    Pages() = default;
    // Zeros; what nobody writes to is never there.
    explicit Pages(std::size_t bytes) : memory_(std::calloc(bytes + SIZE, 1)) {
        if (!memory_) throw std::bad_alloc();
        start_ = reinterpret_cast<char *>((reinterpret_cast<std::uintptr_t>(memory_) + SIZE - 1) / SIZE * SIZE);
#if defined(__linux__)
        // A wish; small pages do as well.
        madvise(start_, bytes, MADV_HUGEPAGE);
#endif
    }
    Pages(Pages &&other) noexcept : memory_(other.memory_), start_(other.start_) { other.memory_ = nullptr; }
    Pages &operator=(Pages &&other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(start_, other.start_);
        return *this;
    }
    ~Pages() { std::free(memory_); }

    template <class T>
    T *as() const {
        return reinterpret_cast<T *>(start_);
    }

  private:
    static constexpr std::size_t SIZE = std::size_t(2) << 20;
    void *memory_ = nullptr;
    char *start_ = nullptr;
};

}  // namespace lnh
