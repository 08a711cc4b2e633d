// The part of the OpenMP runtime that `at::parallel_for` in our headers calls, on threads that
// ThreadSanitizer sees. libgomp is not instrumented: TSan would see neither who starts a region's
// threads nor that the region waits for them, and report every result as a race.
//
// Hidden, so that libtorch's own regions keep libgomp.

#include <cstddef>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>

namespace {

// CTest's entries ask for one thread.
[[maybe_unused]] const bool has_threads = (at::set_num_threads(4), true);

thread_local int thread_number = 0;
thread_local int threads_of_region = 1;

}  // namespace

#pragma GCC visibility push(hidden)
extern "C" {

int omp_get_thread_num() { return thread_number; }
int omp_get_num_threads() { return threads_of_region; }
int omp_in_parallel() { return threads_of_region > 1 ? 1 : 0; }

void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned /*flags*/) {
  const int count = threads != 0 ? static_cast<int>(threads) : at::get_num_threads();
  const auto run = [&](int number) {
    thread_number = number;
    threads_of_region = count;
    body(data);
    thread_number = 0;
    threads_of_region = 1;
  };
  std::vector<std::jthread> others;
  for (int number = 1; number < count; ++number) others.emplace_back(run, number);
  run(0);
}

}  // extern "C"
#pragma GCC visibility pop
