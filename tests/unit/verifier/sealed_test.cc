// The room is pure not only by its symbols: after the warm-up it verifies where the kernel kills
// whoever opens a file or a socket, starts a process or asks for the environment's clock by system
// call.

#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <variant>
#include <vector>

#include "image_evidence.h"
#include "private_sigstore/certificate_authority.h"
#include "private_sigstore/ct_log.h"
#include "private_sigstore/timestamp_authority.h"
#include "private_sigstore/trusted_root_json.h"
#include "test_key.h"
#include "timestamp/timestamp_fixture.h"
#include "verifier/certificate/certificate_identity.h"
#include "verifier/certificate/chain.h"
#include "verifier/certificate/sct.h"
#include "verifier/public_key.h"
#include "verifier/timestamp/verify_timestamp.h"
#include "verifier/trust/trusted_root.h"
#include "verifier/verify_image.h"

namespace sigward::verifier {
namespace {

constexpr int kAllVerified = 42;

/// Kills the process at every call that reaches outside.
bool Seal() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  bool done = filter != nullptr;
  for (const int call :
       {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(socket),
        SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(execve),
        SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(stat), SCMP_SYS(newfstatat),
        SCMP_SYS(access), SCMP_SYS(unlink), SCMP_SYS(rename), SCMP_SYS(gettimeofday)}) {
    done = done && seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0) == 0;
  }
  done = done && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return done;
}

template <typename Work>
int StatusOf(Work work) {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(Seal() ? work() : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

TEST(Sealed, VerifiesEveryFormatWithoutReachingOutside) {
  ASSERT_TRUE(WarmUp().ok());
  const Digest image = Digest::Of(base::AsBytes("image"));
  const auto& key = testing::TestKey::Shared(KeyType::kEcdsaP256);
  testing::ImageEvidence legacy;
  AddGoodLegacy(legacy, image, key);
  testing::ImageEvidence bundle;
  AddGoodBundle(bundle, image, key);
  const std::string pem = key.public_pem();
  const int status = StatusOf([&] {
    auto parsed = PublicKey::Parse(pem);
    if (!parsed.ok()) {
      return 2;
    }
    std::vector<ImageAuthority> authorities;
    const AuthorityHash id = AuthorityHash::Of(pem);
    authorities.push_back(KeyAuthority{id, *std::move(parsed), std::nullopt});
    ChainMemory memory;
    for (const auto* evidence : {&legacy, &bundle}) {
      const ImageVerdict verdict =
          VerifyImage(image, {"linux", "amd64", ""}, evidence->evidence(), authorities, memory);
      if (!std::holds_alternative<VerifiedSignature>(verdict.authorities.front().outcome)) {
        return 3;
      }
    }
    return kAllVerified;
  });
  ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), kAllVerified);
}

TEST(Sealed, VerifiesATimestampWithoutReachingOutside) {
  ASSERT_TRUE(WarmUp().ok());
  const testing::TimestampAuthority tsa;
  const base::ByteBuffer signature = {1, 2, 3};
  testing::StampPlan plan = tsa.Plan(signature);
  plan.attributes = [&](const base::ByteBuffer& info) {
    return std::vector<base::ByteBuffer>{testing::ContentTypeAttribute(),
                                         testing::MessageDigestAttribute(info),
                                         testing::SigningCertificateV1(tsa.leaf().certificate)};
  };
  const base::ByteBuffer token = Encode(plan);
  const std::vector<CertificateAuthority> authorities = {tsa.Trusted()};
  const int status = StatusOf([&] {
    const bool good = sigward::testing::VerifyAlone(token, signature, authorities).ok();
    const bool other = sigward::testing::VerifyAlone(token, {}, authorities).ok();
    return good && !other ? kAllVerified : 3;
  });
  ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), kAllVerified);
}

TEST(Sealed, VerifiesACertificateWithoutReachingOutside) {
  ASSERT_TRUE(WarmUp().ok());
  const testing::PrivateAuthority authority;
  const testing::CtLog log(testing::TestKey::Shared(KeyType::kEcdsaP256));
  testing::CertificatePlan plan = testing::LeafPlan();
  plan.sct_list = testing::PromisedBy(log);
  const Certificate issued = authority.Issue(plan);
  const base::ByteBuffer der(issued.der().begin(), issued.der().end());
  const std::string root_json = testing::RootJson().dump();
  const std::vector<CertificateAuthority> authorities = {authority.trusted()};
  const std::vector<TransparencyLog> logs = {log.trusted()};
  const std::vector<Time> times = {testing::kSigningTime};
  const int status = StatusOf([&] {
    ChainMemory memory;
    const auto leaf = Certificate::Parse(der);
    if (!leaf.ok() || !TrustRoot::Parse(base::AsBytes(root_json)).ok()) {
      return 2;
    }
    const auto chain = VerifyChain(*leaf, {}, authorities, times, memory);
    if (!chain.ok() || !VerifyScts(*chain, logs, 1).ok() || !ReadCertificateIdentity(*leaf).ok()) {
      return 3;
    }
    const std::vector<Time> later = {testing::kSigningTime + std::chrono::hours(1)};
    return VerifyChain(*leaf, {}, authorities, later, memory).ok() ? 4 : kAllVerified;
  });
  ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), kAllVerified);
}

TEST(Sealed, TheSealItselfHolds) {
  const int status = StatusOf([] { return access("/", F_OK) == 0 ? 4 : 5; });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

}  // namespace
}  // namespace sigward::verifier
