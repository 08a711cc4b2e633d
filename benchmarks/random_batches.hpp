#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/training_steps.hpp"
#include "interchoice/data/batch.hpp"

namespace benchmarks {

/// Random images with random labels, a `BatchSource` that takes no time.
struct RandomBatches {
  std::vector<ic::Batch> list;
  std::int64_t images;

  RandomBatches(std::int64_t batches, std::int64_t batch, std::int64_t pixels)
      : images(batches * batch) {
    for (std::int64_t i = 0; i < batches; ++i) {
      const Data data = Data::random(batch, pixels);
      list.push_back({data.images.contiguous(at::MemoryFormat::ChannelsLast), data.labels});
    }
  }
  std::int64_t size() const { return static_cast<std::int64_t>(list.size()); }
  std::int64_t example_count() const { return images; }
  const std::vector<ic::Batch>& epoch(std::uint64_t) const { return list; }
  const ic::Batch& evaluation(std::int64_t i) const { return list[static_cast<std::size_t>(i)]; }
  const ic::Batch& calibration(std::int64_t i) const { return evaluation(i % size()); }
};

}  // namespace benchmarks
