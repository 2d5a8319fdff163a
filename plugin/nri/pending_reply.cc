#include "plugin/nri/pending_reply.h"

#include <utility>

#include "base/text.h"
#include "rpc/nri.pb.h"
#include "rpc/ttrpc.pb.h"

namespace sigward::nri {
namespace {

namespace wire = ::nri::pkg::api::v1alpha1;

void SendResponse(RuntimeConnection& connection, std::uint32_t stream,
                  const ::ttrpc::Response& response) {
  connection.Send(rpc::NriConnection::kPlugin, {.stream = stream,
                                                .type = rpc::kTtrpcResponse,
                                                .flags = 0,
                                                .data = response.SerializeAsString()});
}

}  // namespace

void SendPayload(RuntimeConnection& connection, std::uint32_t stream, std::string payload) {
  ::ttrpc::Response response;
  response.set_payload(std::move(payload));
  SendResponse(connection, stream, response);
}

void SendStatus(RuntimeConnection& connection, std::uint32_t stream, StatusCode code,
                const std::string& text) {
  ::ttrpc::Response response;
  response.mutable_status()->set_code(static_cast<std::int32_t>(code));
  // Text that is not UTF-8 could not be decoded there, and an answer that cannot be decoded may let
  // the container pass.
  response.mutable_status()->set_message(base::OneLine(text, kMaxLineBytes));
  SendResponse(connection, stream, response);
}

void PendingReply::Give(const Answer& answer) {
  if (answered_.exchange(true)) {
    return;
  }
  const std::string line = answer.line.empty() ? "internal: refused without a reason" : answer.line;
  if (request_ == Request::kValidateContainerAdjustment) {
    wire::ValidateContainerAdjustmentResponse response;
    if (!answer.allowed) {
      response.set_reject(true);
      response.set_reason(base::OneLine(line, kMaxLineBytes));
    }
    SendPayload(*connection_, stream_, response.SerializeAsString());
  } else if (answer.allowed) {
    SendPayload(*connection_, stream_, wire::CreateContainerResponse().SerializeAsString());
  } else {
    SendStatus(*connection_, stream_, StatusCode::kPermissionDenied, line);
  }
}

void PendingReply::Refuse(const base::Error& error) {
  Give({.allowed = false,
        .line = std::string(base::ReasonWord(error.reason)) + ": " + error.detail});
}

}  // namespace sigward::nri
