#include "plugin/bundle_path.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "result_matchers.h"

namespace sigward {
namespace {

using base::Reason;
using testing::FailsWith;
using testing::IsOk;

constexpr const char* kState = "/run/containerd";
const std::string kTasks = "/run/containerd/io.containerd.runtime.v2.task/";

TEST(BundlePathTest, ReadsNamespaceAndId) {
  for (const std::string root : {"/run/containerd/runc/k8s.io", "/run/containerd/runc/k8s.io/",
                                 "/elsewhere/k8s.io///", "k8s.io"}) {
    const auto name = NameOfBundle(kTasks + "k8s.io/c1", root, "c1", kState);
    ASSERT_THAT(name, IsOk()) << root;
    EXPECT_EQ(name->ns, "k8s.io");
    EXPECT_EQ(name->id, "c1");
  }
}

TEST(BundlePathTest, EveryDisagreementIsAnUnknownRuntime) {
  struct Case {
    std::string bundle;
    std::string root;
    std::string id;
    std::string text;
  };
  const std::string root = "/run/containerd/runc/k8s.io";
  const std::vector<Case> cases = {
      {"", root, "c1", "the bundle is none of the containerd"},
      {"/", root, "c1", "the bundle is none of the containerd"},
      {"/tmp/bundle", root, "c1", "the bundle is none of the containerd"},
      {"/run/containerd2/io.containerd.runtime.v2.task/k8s.io/c1", root, "c1", "none of the"},
      {"/x/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1", root, "c1", "none of the"},
      {"/run/containerd/io.containerd.runtime.v1.linux/k8s.io/c1", root, "c1", "none of the"},
      {"/run/containerd/io.containerd.runtime.v2.task", root, "c1", "none of the"},
      {kTasks, root, "", "names no namespace"},
      {kTasks + "k8s.io", root, "", "names no namespace"},
      {kTasks + "k8s.io/", root, "", "names no namespace"},
      {kTasks + "/c1", "", "c1", "names no namespace"},
      {kTasks + "k8s.io/c1/rootfs", root, "c1", "names no namespace"},
      {kTasks + "k8s.io/c1/", root, "c1", "names no namespace"},
      // What containerd takes for no identifier never reaches its API.
      {kTasks + "k8s\x01io/c1", "/r/k8s\x01io", "c1", "names no namespace"},
      {kTasks + "k8s\xc3\xa4/c1", "/r/k8s\xc3\xa4", "c1", "names no namespace"},
      {kTasks + "k8s..io/c1", "/r/k8s..io", "c1", "names no namespace"},
      {kTasks + "_ns/c1", "/r/_ns", "c1", "names no namespace"},
      {kTasks + "ns-/c1", "/r/ns-", "c1", "names no namespace"},
      {kTasks + "ns/c\n1", "/r/ns", "c\n1", "names no namespace"},
      {kTasks + std::string(77, 'a') + "/c1", "/r/" + std::string(77, 'a'), "c1",
       "names no namespace"},
      {kTasks + "k8s.io/c1", "/run/containerd/runc/moby", "c1", "is of namespace k8s.io"},
      {kTasks + "k8s.io/c1", "", "c1", "is of namespace k8s.io"},
      {kTasks + "k8s.io/c1", "/", "c1", "is of namespace k8s.io"},
      {kTasks + "k8s.io/c1", root + "/x", "c1", "is of namespace k8s.io"},
      {kTasks + "k8s.io/c1", "/run/xk8s.io", "c1", "is of namespace k8s.io"},
      {kTasks + "k8s.io/c1", root, "c2", "is of container c1"},
      {kTasks + "k8s.io/c1", root, "", "is of container c1"},
      {kTasks + "k8s.io/c1", root, "c1/", "is of container c1"},
  };
  for (const Case& one : cases) {
    const auto name = NameOfBundle(one.bundle, one.root, one.id, kState);
    ASSERT_THAT(name, FailsWith(Reason::kRuntimeUnknown)) << one.bundle << " " << one.root;
    EXPECT_NE(name.error().detail.find(one.text), std::string::npos) << name.error().detail;
  }
}

TEST(BundlePathTest, ForeignTextStaysShortAndOnOneLine) {
  const auto name = NameOfBundle("/" + std::string(5000, 'a') + "\nallowed", "", "c1", kState);
  ASSERT_THAT(name, FailsWith(Reason::kRuntimeUnknown));
  EXPECT_LT(name.error().detail.size(), 400U);
  EXPECT_EQ(name.error().detail.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace sigward
