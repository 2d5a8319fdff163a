#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "result_matchers.h"
#include "scripted_registry.h"
#include "scripted_server.h"
#include "temp_folder.h"
#include "worker/fetch/fetch_task.h"

namespace sigward::testing {

inline constexpr std::uint32_t kPatienceMs = 5000;

/// What one answer holds, read as sigwardd would.
struct Seen {
  std::vector<std::pair<verifier::ObjectKind, std::string>> objects;
  std::vector<std::pair<base::Reason, std::string>> failures;
  std::vector<std::string> places;
  std::vector<std::string> offered_for;
  std::vector<std::string> digests;
  std::size_t requests = 0;
};

inline Seen Read(const worker::FetchReply& reply) {
  EXPECT_EQ(reply.answer.reason(), 0U) << reply.answer.detail();
  Seen seen;
  for (const rpc::Object& object : reply.answer.objects()) {
    seen.objects.emplace_back(
        static_cast<verifier::ObjectKind>(object.kind()),
        std::string(
            base::AsText(base::ByteView(reply.memory).subspan(object.offset(), object.size()))));
    seen.offered_for.push_back(object.offered_for());
    seen.digests.push_back(object.digest());
  }
  for (const rpc::SourceFailure& failure : reply.answer.failures()) {
    seen.failures.emplace_back(static_cast<base::Reason>(failure.reason()), failure.detail());
    seen.places.push_back(failure.place());
  }
  seen.requests = reply.answer.requests();
  return seen;
}

/// Asks about the image of one repository, "app", on a ScriptedServer.
class FetchTaskTest : public ::testing::Test {
 protected:
  rpc::FetchQuestion Question(rpc::FetchQuestion::Kind kind) const {
    rpc::FetchQuestion question;
    question.set_kind(kind);
    question.set_registry(server_.host());
    question.set_repository("app");
    question.set_timeout_ms(kPatienceMs);
    question.mutable_platform()->set_os("linux");
    question.mutable_platform()->set_architecture("amd64");
    return question;
  }
  worker::FetchReply Ask(const rpc::FetchQuestion& question) {
    const auto task = worker::ParseTask(question);
    EXPECT_THAT(task, IsOk());
    server_.Forget();
    return worker::Answer(*task, http_, context_);
  }
  Seen Evidence(const verifier::Digest& digest,
                rpc::FetchQuestion::Kind kind = rpc::FetchQuestion::EVIDENCE,
                std::uint32_t timeout_ms = kPatienceMs) {
    rpc::FetchQuestion question = Question(kind);
    question.set_digest(digest.text());
    question.set_timeout_ms(timeout_ms);
    return Read(Ask(question));
  }
  worker::FetchReply Resolve(const std::string& tag) {
    rpc::FetchQuestion question = Question(rpc::FetchQuestion::RESOLVE);
    question.set_tag(tag);
    return Ask(question);
  }
  void WriteHosts(const std::string& text) {
    std::filesystem::create_directories(hosts_ / server_.host());
    std::ofstream(hosts_ / (server_.host() + "/hosts.toml")) << text;
  }

  TempFolder hosts_;
  ScriptedServer server_;
  ScriptedRegistry registry_{server_};
  worker::HttpClient http_;
  worker::FetchContext context_{hosts_.path()};
  const std::string image_bytes_ = ManifestOf({});
  const verifier::Digest image_ = DigestOf(image_bytes_);
  const std::string tag_ = ScriptedRegistry::TagOf(image_);
};

}  // namespace sigward::testing
