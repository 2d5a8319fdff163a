#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace sigward::base {

/// Copies BYTES into a memfd that nobody can change or resize any more (F_SEAL_WRITE, _GROW,
/// _SHRINK, _SEAL). Fails with kIoFailed.
Result<UniqueFd> SealBytes(ByteView bytes);

/// A memfd mapped for reading. Its bytes cannot change while it is held.
class SealedMemory {
 public:
  /// Takes FD when all four seals are set and it holds at most MAX_BYTES: without them the sender
  /// could change the bytes after they were checked. Fails with kProtocol, kTooLarge or kIoFailed.
  static Result<SealedMemory> Open(UniqueFd fd, std::size_t max_bytes);

  SealedMemory(SealedMemory&& other) noexcept;
  SealedMemory& operator=(SealedMemory&& other) noexcept;
  SealedMemory(const SealedMemory&) = delete;
  SealedMemory& operator=(const SealedMemory&) = delete;
  ~SealedMemory();

  ByteView bytes() const { return {static_cast<const std::uint8_t*>(address_), size_}; }
  int fd() const { return fd_.get(); }

 private:
  SealedMemory(UniqueFd fd, void* address, std::size_t size);
  UniqueFd fd_;
  void* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sigward::base
