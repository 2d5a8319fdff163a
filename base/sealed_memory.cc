#include "base/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace sigward::base {
namespace {

constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

Error Failed(const char* call) {
  return Fail(Reason::kIoFailed, std::string(call) + " failed, errno " + std::to_string(errno));
}

}  // namespace

Result<UniqueFd> SealBytes(ByteView bytes) {
  UniqueFd fd(memfd_create("sigward", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) {
    return Failed("memfd_create");
  }
  for (ByteView rest = bytes; !rest.empty();) {
    const ssize_t written = write(fd.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return Failed("write to a memfd");
    }
    rest = rest.subspan(static_cast<std::size_t>(written));
  }
  if (fcntl(fd.get(), F_ADD_SEALS, kAllSeals) != 0) {
    return Failed("sealing a memfd");
  }
  return fd;
}

Result<SealedMemory> SealedMemory::Open(UniqueFd fd, std::size_t max_bytes) {
  const int seals = fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kAllSeals) != kAllSeals) {
    return Fail(Reason::kProtocol, "bytes were handed over without being sealed");
  }
  // Not fstat: the C library calls it with a path, which the sealed reader may not.
  const off_t end = lseek(fd.get(), 0, SEEK_END);
  if (end < 0) {
    return Failed("lseek of a memfd");
  }
  const auto size = static_cast<std::size_t>(end);
  if (size > max_bytes) {
    return Fail(Reason::kTooLarge, "sealed memory holds " + std::to_string(size) +
                                       " bytes, at most " + std::to_string(max_bytes) +
                                       " are taken");
  }
  void* address = nullptr;
  if (size > 0) {
    address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (address == MAP_FAILED) {
      return Failed("mmap of a memfd");
    }
  }
  return SealedMemory(std::move(fd), address, size);
}

SealedMemory::SealedMemory(UniqueFd fd, void* address, std::size_t size)
    : fd_(std::move(fd)), address_(address), size_(size) {}

SealedMemory::SealedMemory(SealedMemory&& other) noexcept
    : fd_(std::move(other.fd_)),
      address_(std::exchange(other.address_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

SealedMemory& SealedMemory::operator=(SealedMemory&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

SealedMemory::~SealedMemory() {
  if (address_ != nullptr) {
    munmap(address_, size_);
  }
}

}  // namespace sigward::base
