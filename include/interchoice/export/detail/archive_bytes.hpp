#pragma once

#include <caffe2/serialize/inline_container.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace interchoice::detail {

/// The bytes of a file as `torch.save` and `torch.export.save` make them: a zip of records that are
/// not compressed.
class ArchiveBytes {
 public:
  ArchiveBytes()
      : writer_([this](const void* data, std::size_t size) {
          bytes_.append(static_cast<const char*>(data), size);
          return size;
        }) {}

  void record(const std::string& name, std::string_view data) {
    writer_.writeRecord(name, data.data(), data.size());
  }

  /// All of them; nothing can be recorded afterwards.
  std::string finished() {
    writer_.writeEndOfFile();
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  caffe2::serialize::PyTorchStreamWriter writer_;
};

}  // namespace interchoice::detail
