// `sigward audit` as it is started, over a gate that follows a script.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/reason.h"
#include "base/strict_json.h"
#include "program.h"
#include "rpc/gate_message.h"

namespace sigward::cli {
namespace {

using base::Json;
using testing::FakeGate;
using ::testing::IsEmpty;
using testing::Outcome;
using testing::Sigward;
using ::testing::StartsWith;

/// A page of the audit; START is the next page's, 0 at the end.
rpc::GateAnswer Page(const std::vector<Json>& containers, std::size_t next) {
  Json page = {{"containers", containers}};
  if (next != 0) {
    page["next"] = next;
  }
  return {.verdict = 0, .reason = 0, .line = "", .record = page.dump()};
}

const Json kAllowedContainer = {
    {"decision", "allow"},
    {"message", "allowed: it"},
    {"container", {{"namespace", "default"}, {"id", "one"}}},
    {"notes", {"rootfs-modified: files lay in the container before it ran"}}};
const Json kRefusedContainer = {{"decision", "deny"},
                                {"message", "no-signature: the\nline"},
                                {"container",
                                 {{"namespace", "k8s.io"},
                                  {"id", "0a1b"},
                                  {"name", "app"},
                                  {"podNamespace", "shop"},
                                  {"pod", "web-1"}}}};
const Json kUntoldContainer = {{"decision", "undetermined"}, {"message", "timeout: late"}};

TEST(AuditProgramTest, ShowsEveryContainerOfEveryPage) {
  const std::vector<rpc::GateAnswer> pages = {Page({kAllowedContainer, kRefusedContainer}, 2),
                                              Page({kUntoldContainer}, 0)};
  FakeGate text_gate(pages);
  const Outcome text = Sigward({"audit"}, text_gate.path());
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(text.out,
            "allow   default/one  allowed: it\n"
            "        rootfs-modified: files lay in the container before it ran\n"
            "deny    shop/web-1/app  no-signature: the?line\n"
            "undetermined   timeout: late\n"
            "3 containers run, 1 of them would be allowed now\n");
  ASSERT_EQ(text_gate.questions().size(), 2U);
  EXPECT_EQ(text_gate.questions()[0].call, rpc::GateCall::kAudit);
  EXPECT_EQ(text_gate.questions()[0].reference, "0");
  EXPECT_EQ(text_gate.questions()[1].reference, "2");

  FakeGate json_gate(pages);
  const Outcome json = Sigward({"audit", "-o", "json"}, json_gate.path());
  EXPECT_EQ(json.exit_code, 0);
  EXPECT_EQ(Json::parse(json.out),
            (Json{{"containers", {kAllowedContainer, kRefusedContainer, kUntoldContainer}}}));
}

TEST(AuditProgramTest, OfAnEmptyNode) {
  FakeGate gate(Page({}, 0));
  EXPECT_EQ(Sigward({"audit"}, gate.path()).out,
            "0 containers run, 0 of them would be allowed now\n");
  EXPECT_EQ(Json::parse(Sigward({"audit", "-o", "json"}, gate.path()).out),
            (Json{{"containers", Json::array()}}));
}

TEST(AuditProgramTest, ShowsNothingOfWhatDoesNotComeToItsEnd) {
  const rpc::GateAnswer whole = Page({kAllowedContainer}, 1);
  const rpc::GateAnswer refused = {
      .verdict = 2,
      .reason = static_cast<std::uint32_t>(base::Reason::kContainerdUnreachable),
      .line = "containerd-unreachable: nobody listens",
      .record = "{}"};
  rpc::GateAnswer garbage = whole;
  garbage.record = "{\"containers\":[";
  rpc::GateAnswer no_list = whole;
  no_list.record = R"({"containers":{}})";
  const struct {
    std::vector<rpc::GateAnswer> answers;
    std::string error;
  } rows[] = {
      {{refused}, "sigward: containerd-unreachable: "},
      {{whole, refused}, "sigward: containerd-unreachable: "},
      {{whole, Page({}, 1)}, "sigward: protocol: "},
      {{whole, garbage}, "sigward: malformed: "},
      {{no_list}, "sigward: malformed: "},
  };
  for (const auto& row : rows) {
    FakeGate gate(row.answers);
    const Outcome outcome = Sigward({"audit"}, gate.path());
    EXPECT_EQ(outcome.exit_code, 1) << row.error;
    EXPECT_THAT(outcome.out, IsEmpty()) << row.error;
    EXPECT_THAT(outcome.error, StartsWith(row.error));
  }
}

}  // namespace
}  // namespace sigward::cli
