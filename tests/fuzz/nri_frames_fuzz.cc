#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "rpc/nri_multiplexer.h"
#include "rpc/ttrpc.h"

namespace {

using sigward::rpc::NriConnection;

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// Both decoders over bytes in pieces, and what came of it as one text.
class Reader {
 public:
  void Take(std::string_view bytes) {
    while (!failed_ && !bytes.empty()) {
      const auto part = demultiplexer_.Next(bytes);
      if (!part.ok()) {
        Fail();
        return;
      }
      if (!part->has_value()) {
        Require(bytes.empty());
        return;
      }
      TakePart((*part)->connection == NriConnection::kPlugin ? plugin_ : runtime_, (*part)->bytes);
    }
  }
  const std::string& seen() const { return seen_; }

 private:
  void TakePart(sigward::rpc::TtrpcDecoder& decoder, std::string_view bytes) {
    while (!failed_ && !bytes.empty()) {
      const auto message = decoder.Next(bytes);
      if (!message.ok()) {
        Fail();
        return;
      }
      if (message->has_value()) {
        Require((*message)->data.size() <= sigward::rpc::kMaxTtrpcData);
        seen_ += sigward::rpc::Encode(**message).value();
      } else {
        Require(bytes.empty());
      }
    }
  }
  void Fail() {
    failed_ = true;
    seen_ += "failed";
  }

  sigward::rpc::NriDemultiplexer demultiplexer_;
  sigward::rpc::TtrpcDecoder plugin_;
  sigward::rpc::TtrpcDecoder runtime_;
  bool failed_ = false;
  std::string seen_;
};

}  // namespace

/// Where the bytes are cut makes no difference.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = sigward::base::AsText({data, size});
  Reader whole;
  whole.Take(bytes);
  Reader cut;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::string_view piece = rest.substr(0, 1 + static_cast<std::uint8_t>(rest.front()) % 7);
    rest.remove_prefix(piece.size());
    cut.Take(piece);
  }
  Require(whole.seen() == cut.seen());
  return 0;
}
