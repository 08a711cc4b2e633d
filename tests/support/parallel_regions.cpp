// Threads for `at::parallel_for` in our headers that ThreadSanitizer sees, four unless told.
//
// libtorch and libgomp are not instrumented: TSan would see neither who starts a region's threads
// nor that the region waits for them, and report every result as a race. So the functions that our
// files call are here, hidden, and libtorch's own operators keep libgomp, with one thread (CTest's
// entries set OMP_NUM_THREADS=1).

#include <thread>
#include <vector>

namespace {

thread_local int thread_number = 0;
thread_local int threads_of_region = 1;
thread_local int most_threads = 4;

}  // namespace

#pragma GCC visibility push(hidden)

namespace at {

int get_num_threads() { return most_threads; }
void set_num_threads(int count) { most_threads = count; }

}  // namespace at

extern "C" {

void omp_set_num_threads(int count) { most_threads = count; }
int omp_get_thread_num() { return thread_number; }
int omp_get_num_threads() { return threads_of_region; }
int omp_in_parallel() { return threads_of_region > 1 ? 1 : 0; }

void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned /*flags*/) {
  const int count = threads != 0 ? static_cast<int>(threads) : most_threads;
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
