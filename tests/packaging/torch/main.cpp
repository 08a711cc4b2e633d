// Two threads work on a loop in a header's code, and only one OpenMP runtime is loaded.

#include <ATen/Parallel.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#ifndef EXPECTED_THREADS
#define EXPECTED_THREADS 1
#endif

double sum_of_ones(std::int64_t count);

int main() {
  at::set_num_threads(2);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  at::parallel_for(0, 2, 1, [&](std::int64_t, std::int64_t) {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });

  std::set<std::string> runtimes;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    for (const char* name : {"libgomp", "libomp", "libiomp"}) {
      if (line.find(name) != std::string::npos) runtimes.insert(line.substr(line.find('/')));
    }
  }
  std::printf("%zu threads, %zu OpenMP runtimes, sum %g\n", threads.size(), runtimes.size(),
              sum_of_ones(3));
  return threads.size() == EXPECTED_THREADS && runtimes.size() == 1 && sum_of_ones(3) == 3 ? 0 : 1;
}
