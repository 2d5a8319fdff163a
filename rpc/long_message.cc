#include "rpc/long_message.h"

#include <utility>

namespace sigward::rpc {
namespace {

/// A tag of field number 0, which protobuf knows not.
constexpr std::string_view kBytesAreInMemory("\0", 1);

}  // namespace

std::string_view Message::bytes() const {
  return memory_ ? base::AsText(memory_->bytes()) : std::string_view(frame_.bytes);
}

base::Status SendMessage(int socket, std::string_view bytes, const std::vector<int>& descriptors,
                         const base::Deadline& deadline) {
  if (bytes.size() <= kMaxFrameBytes) {
    return Send(socket, bytes, descriptors, deadline);
  }
  SIGWARD_ASSIGN_OR_RETURN(const base::UniqueFd memory, base::SealBytes(base::AsBytes(bytes)));
  std::vector<int> with_memory = descriptors;
  with_memory.push_back(memory.get());
  return Send(socket, kBytesAreInMemory, with_memory, deadline);
}

base::Result<Message> ReceiveMessage(int socket, std::size_t max_bytes,
                                     const base::Deadline& deadline) {
  SIGWARD_ASSIGN_OR_RETURN(Frame frame, Receive(socket, deadline));
  if (frame.bytes != kBytesAreInMemory) {
    if (frame.bytes.size() > max_bytes) {
      return base::Fail(base::Reason::kTooLarge,
                        "a message is longer than " + std::to_string(max_bytes) + " bytes");
    }
    return Message(std::move(frame), std::nullopt);
  }
  if (frame.descriptors.empty()) {
    return base::Fail(base::Reason::kProtocol, "a message came without the memory that holds it");
  }
  base::UniqueFd fd = std::move(frame.descriptors.back());
  frame.descriptors.pop_back();
  SIGWARD_ASSIGN_OR_RETURN(base::SealedMemory memory,
                           base::SealedMemory::Open(std::move(fd), max_bytes));
  return Message(std::move(frame), std::move(memory));
}

}  // namespace sigward::rpc
