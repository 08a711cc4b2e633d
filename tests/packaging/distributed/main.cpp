// The distributed component: without a launcher a group of one, for which nothing is to be reached.

#include <interchoice/distributed/join_group.hpp>

#include <cstdio>

int main() {
  const interchoice::Group group = interchoice::join_group();
  std::printf("rank %zu of %zu\n", group.rank(), group.size());
  return group.is_alone() ? 0 : 1;
}
