#include "worker/fetch/fetch_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "fetch_task_fixture.h"
#include "result_matchers.h"
#include "scripted_registry.h"
#include "scripted_server.h"

namespace sigward::worker {
namespace {

using base::Reason;
using std::chrono::milliseconds;
using testing::DescriptorOf;
using testing::DigestOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::FetchTaskTest;
using ::testing::HasSubstr;
using testing::IndexOf;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::kPatienceMs;
using testing::LegacyLayer;
using testing::ManifestOf;
using testing::Read;
using testing::ScriptedRegistry;
using testing::ScriptedServer;
using testing::Seen;
using testing::ServedReply;
using testing::ServedRequest;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using verifier::Digest;
using verifier::ObjectKind;

// ---- Resolve ------------------------------------------------------------------------------------

TEST_F(FetchTaskTest, ResolvesATagByItsHeader) {
  server_.On("/v2/app/manifests/v1", [&](const ServedRequest& request, ServedReply& reply) {
    EXPECT_EQ(request.method, "HEAD");
    EXPECT_THAT(request.headers.at("accept"), HasSubstr(testing::kIndexType));
    reply.Send(200, image_bytes_,
               "Content-Type: " + std::string(testing::kManifestType) +
                   "\r\nDocker-Content-Digest: " + image_.text() + "\r\n");
  });
  const FetchReply reply = Resolve("v1");
  EXPECT_EQ(reply.answer.reason(), 0U) << reply.answer.detail();
  EXPECT_EQ(reply.answer.digest(), image_.text());
  EXPECT_EQ(reply.answer.media_type(), testing::kManifestType);
  EXPECT_EQ(reply.answer.requests(), 1U);
}

TEST_F(FetchTaskTest, ResolvesATagByItsBytesWhereTheHeaderIsMissing) {
  registry_.Tag("v1", image_bytes_);
  const FetchReply reply = Resolve("v1");
  EXPECT_EQ(reply.answer.digest(), image_.text());
  EXPECT_THAT(server_.requests(),
              ElementsAre("HEAD /v2/app/manifests/v1", "GET /v2/app/manifests/v1"));
}

TEST_F(FetchTaskTest, ResolvesWhereHeadIsNotAllowed) {
  server_.On("/v2/app/manifests/v1", [&](const ServedRequest& request, ServedReply& reply) {
    reply.Send(request.method == "HEAD" ? 405 : 200, image_bytes_);
  });
  EXPECT_EQ(Resolve("v1").answer.digest(), image_.text());
}

TEST_F(FetchTaskTest, ResolvesToNoDigestThatIsNone) {
  for (const std::string& header :
       {std::string("sha256:../../x"), std::string("sha256:") + std::string(64, 'A'),
        std::string("md5:") + std::string(32, 'a'), std::string("x")}) {
    server_.On("/v2/app/manifests/v1", [&](const ServedRequest&, ServedReply& reply) {
      reply.Send(200, image_bytes_, "Docker-Content-Digest: " + header + "\r\n");
    });
    const FetchReply reply = Resolve("v1");
    EXPECT_EQ(reply.answer.reason(), static_cast<std::uint32_t>(Reason::kRegistryError)) << header;
    EXPECT_EQ(reply.answer.digest(), "");
  }
}

TEST_F(FetchTaskTest, TellsWhyANameDoesNotResolve) {
  struct Row {
    int status;
    Reason reason;
  };
  for (const Row& row :
       {Row{401, Reason::kUnauthorized}, Row{403, Reason::kForbidden}, Row{404, Reason::kNotFound},
        Row{429, Reason::kRateLimited}, Row{500, Reason::kRegistryError}}) {
    server_.Otherwise(
        [row](const ServedRequest&, ServedReply& reply) { reply.Send(row.status, ""); });
    EXPECT_EQ(Resolve("v1").answer.reason(), static_cast<std::uint32_t>(row.reason)) << row.status;
  }
}

TEST_F(FetchTaskTest, ResolvesADigestToItselfOnly) {
  rpc::FetchQuestion question = Question(rpc::FetchQuestion::RESOLVE);
  question.set_digest(image_.text());
  registry_.Manifest(image_bytes_);
  EXPECT_EQ(Ask(question).answer.digest(), image_.text());
  server_.Serve("/v2/app/manifests/" + image_.text(), testing::kManifestType, "something else");
  EXPECT_EQ(Ask(question).answer.reason(), static_cast<std::uint32_t>(Reason::kRegistryError));
}

// ---- Evidence -----------------------------------------------------------------------------------

TEST_F(FetchTaskTest, FetchesALegacySignatureInTwoRounds) {
  const std::string manifest = registry_.SignLegacy(image_, "payload");
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, ElementsAre(std::pair(ObjectKind::kLegacyManifest, manifest),
                                        std::pair(ObjectKind::kBlob, std::string("payload"))));
  EXPECT_THAT(seen.offered_for, ElementsAre(image_.text(), ""));
  EXPECT_THAT(seen.digests, ElementsAre(DigestOf(manifest).text(), DigestOf("payload").text()));
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(seen.requests, 4U);
  // The payload is asked for after the three names, which go out at once.
  EXPECT_EQ(server_.requests().back(), "GET /v2/app/blobs/" + DigestOf("payload").text());
}

TEST_F(FetchTaskTest, FetchesABundleByTheFallbackTagInThreeRounds) {
  const std::string manifest = registry_.AddBundle("bundle");
  registry_.Tag(tag_, IndexOf({DescriptorOf(manifest, testing::kManifestType)}),
                testing::kIndexType);
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, ElementsAre(std::pair(ObjectKind::kReferrerManifest, manifest),
                                        std::pair(ObjectKind::kBlob, std::string("bundle"))));
  EXPECT_THAT(seen.offered_for, ElementsAre(image_.text(), ""));
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(seen.requests, 5U);
}

TEST_F(FetchTaskTest, FetchesABundleByTheReferrersApi) {
  const std::string manifest = registry_.AddBundle("bundle");
  const std::string index = IndexOf({DescriptorOf(manifest, testing::kManifestType)});
  registry_.ReferrersApi(image_, index);
  for (const bool is_tagged_too : {false, true}) {
    if (is_tagged_too) {
      registry_.Tag(tag_, index, testing::kIndexType);
    }
    const Seen seen = Evidence(image_);
    EXPECT_THAT(seen.objects, SizeIs(2)) << "what both list is fetched once";
    EXPECT_THAT(seen.failures, IsEmpty());
    EXPECT_EQ(seen.requests, 5U);
  }
}

TEST_F(FetchTaskTest, NeverRemembersThatTheApiIsMissing) {
  registry_.SignLegacy(image_, "payload");
  EXPECT_EQ(Evidence(image_).requests, 4U);
  const std::string manifest = registry_.AddBundle("bundle");
  registry_.ReferrersApi(image_, IndexOf({DescriptorOf(manifest, testing::kManifestType)}));
  EXPECT_THAT(Evidence(image_).objects, SizeIs(4)) << "both signatures, from both places";
}

TEST_F(FetchTaskTest, AWebPageInPlaceOfReferrersIsNoAbsence) {
  registry_.Manifest(image_bytes_);
  server_.Serve("/v2/app/referrers/" + image_.text(), "text/html", "<html>please log in</html>");
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, IsEmpty());
  EXPECT_THAT(seen.failures, SizeIs(1));
}

TEST_F(FetchTaskTest, TakesTheTagWhereTheApiIsMissingInAnyOfItsWays) {
  const std::string manifest = registry_.AddBundle("bundle");
  registry_.Tag(tag_, IndexOf({DescriptorOf(manifest, testing::kManifestType)}),
                testing::kIndexType);
  for (const int status : {200, 400, 404, 405, 406}) {
    FetchContext fresh(hosts_.path());
    server_.On("/v2/app/referrers/" + image_.text(),
               [status](const ServedRequest&, ServedReply& reply) {
                 reply.Send(status, "<html>", "Content-Type: text/html\r\n");
               });
    rpc::FetchQuestion question = Question(rpc::FetchQuestion::EVIDENCE);
    question.set_digest(image_.text());
    const Seen seen = Read(Answer(*ParseTask(question), http_, fresh));
    EXPECT_THAT(seen.objects, SizeIs(2)) << status;
    EXPECT_THAT(seen.failures, IsEmpty()) << status;
  }
}

TEST_F(FetchTaskTest, TellsAnUnsignedImageFromOneThatIsNotThere) {
  registry_.Manifest(image_bytes_);
  const Seen unsigned_image = Evidence(image_);
  EXPECT_THAT(unsigned_image.objects, IsEmpty());
  EXPECT_THAT(unsigned_image.failures, IsEmpty());
  EXPECT_EQ(unsigned_image.requests, 4U);

  const Seen gone = Evidence(DigestOf("gone"));
  EXPECT_THAT(gone.failures,
              ElementsAre(std::pair(Reason::kNotFound,
                                    std::string("the registry does not hold the image"))));
}

TEST_F(FetchTaskTest, AsksForTheImageWhereTheApiListsNothingToo) {
  registry_.ReferrersApi(image_, IndexOf({}));
  const Seen gone = Evidence(image_);
  EXPECT_THAT(gone.failures, SizeIs(1));
  registry_.Manifest(image_bytes_);
  EXPECT_THAT(Evidence(image_).failures, IsEmpty());
}

TEST_F(FetchTaskTest, KeepsRegistryFailuresApartFromUnsigned) {
  struct Row {
    int status;
    Reason reason;
  };
  for (const Row& row : {Row{401, Reason::kUnauthorized}, Row{403, Reason::kForbidden},
                         Row{429, Reason::kRateLimited}, Row{500, Reason::kRegistryError},
                         Row{503, Reason::kRegistryError}, Row{302, Reason::kRegistryError}}) {
    server_.Otherwise([row](const ServedRequest&, ServedReply& reply) {
      reply.Send(row.status, "x?token=secret");
    });
    const Seen seen = Evidence(image_);
    EXPECT_THAT(seen.objects, IsEmpty());
    EXPECT_THAT(seen.failures,
                ElementsAre(std::pair(row.reason, "HTTP status " + std::to_string(row.status))));
    EXPECT_THAT(seen.places, ElementsAre(server_.host() + "/app: signature tag"));
  }
}

TEST_F(FetchTaskTest, PassesOnWhatItHasBesideAFailure) {
  registry_.SignLegacy(image_, "payload");
  server_.On("/v2/app/referrers/" + image_.text(),
             [](const ServedRequest&, ServedReply& reply) { reply.Send(503, ""); });
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.places.front(), server_.host() + "/app: referrers");
}

TEST_F(FetchTaskTest, TellsARegistryThatIsGone) {
  rpc::FetchQuestion question = Question(rpc::FetchQuestion::EVIDENCE);
  {
    const ScriptedServer gone;
    question.set_registry(gone.host());
  }
  question.set_digest(image_.text());
  const Seen seen = Read(Ask(question));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures.front().first, Reason::kUnreachable);
}

TEST_F(FetchTaskTest, PassesOnBytesThatHashToSomethingElse) {
  registry_.SignLegacy(image_, "payload");
  server_.Serve("/v2/app/blobs/" + DigestOf("payload").text(), "x/y", "PAYLOAD");
  const Seen seen = Evidence(image_);
  ASSERT_THAT(seen.objects, SizeIs(2));
  EXPECT_EQ(seen.objects[1].second, "PAYLOAD");
  EXPECT_EQ(seen.digests[1], DigestOf("payload").text());
}

TEST_F(FetchTaskTest, StopsABlobBeyondItsDescriptor) {
  registry_.SignLegacy(image_, "payload");
  server_.Serve("/v2/app/blobs/" + DigestOf("payload").text(), "x/y", "payload and more");
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(1));
  EXPECT_THAT(seen.failures,
              ElementsAre(std::pair(Reason::kTooLarge, std::string("larger than 7 bytes"))));
}

TEST_F(FetchTaskTest, TellsWhatIsListedAndNotThere) {
  registry_.Tag(tag_ + ".sig", ManifestOf({LegacyLayer("payload")}));
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(1));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures.front().first, Reason::kEvidenceMissing);
}

TEST_F(FetchTaskTest, PassesOnASignatureManifestThatCannotBeRead) {
  const std::string both = "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[],\"config\":{}}";
  for (const std::string& bytes :
       {std::string("{"), both, std::string("[]"), std::string("{\"a\":1,\"a\":2}")}) {
    registry_.Tag(tag_ + ".sig", bytes);
    const Seen seen = Evidence(image_);
    EXPECT_THAT(seen.objects, ElementsAre(std::pair(ObjectKind::kLegacyManifest, bytes)));
    EXPECT_THAT(seen.failures, IsEmpty());
  }
}

TEST_F(FetchTaskTest, FetchesNoPayloadBeyondItsCap) {
  const std::string digest = DigestOf("x").text();
  const auto layer = [&](std::size_t size) {
    return "{\"mediaType\":\"a/b\",\"digest\":\"" + digest + "\",\"size\":" + std::to_string(size) +
           ",\"annotations\":{\"dev.cosignproject.cosign/signature\":\"c2ln\"}}";
  };
  registry_.Blob("x");
  registry_.Tag(tag_ + ".sig", ManifestOf({layer(verifier::kMaxPayloadBytes)}));
  EXPECT_THAT(Evidence(image_).objects, SizeIs(2));
  registry_.Tag(tag_ + ".sig", ManifestOf({layer(verifier::kMaxPayloadBytes + 1)}));
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(1));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures.front().first, Reason::kTooLarge);
}

TEST_F(FetchTaskTest, IgnoresReferrersThatAreNoBundles) {
  const std::string sbom = ManifestOf({DescriptorOf("sbom", "application/spdx+json")});
  const std::string two = ManifestOf(
      {DescriptorOf("one", testing::kBundleType), DescriptorOf("two", testing::kBundleType)});
  const std::string broken = "no manifest";
  registry_.Manifest(sbom);
  registry_.Manifest(two);
  registry_.Manifest(broken);
  registry_.Tag(tag_,
                IndexOf({DescriptorOf(sbom, testing::kManifestType),
                         DescriptorOf(two, testing::kManifestType),
                         DescriptorOf(broken, testing::kManifestType)}),
                testing::kIndexType);
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, UnorderedElementsAre(std::pair(ObjectKind::kReferrerManifest, two),
                                                 std::pair(ObjectKind::kReferrerManifest, broken)));
  EXPECT_THAT(seen.failures, IsEmpty());
}

// ---- Floods -------------------------------------------------------------------------------------

TEST_F(FetchTaskTest, FetchesNothingOfTenThousandLayers) {
  std::vector<std::string> layers;
  for (int i = 0; i < 10'000; ++i) {
    layers.push_back(LegacyLayer("p" + std::to_string(i)));
  }
  const std::string manifest = ManifestOf(layers);
  ASSERT_LE(manifest.size(), verifier::kMaxManifestBytes);
  registry_.Tag(tag_ + ".sig", manifest);
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(1));
  EXPECT_EQ(seen.requests, 3U);
}

TEST_F(FetchTaskTest, KeepsHalfOfTheSignaturesForEachFormat) {
  constexpr std::size_t kMany = 100;
  std::vector<std::string> layers;
  std::vector<std::string> referrers;
  for (std::size_t i = 0; i < kMany; ++i) {
    const std::string payload = "payload " + std::to_string(i);
    registry_.Blob(payload);
    layers.push_back(LegacyLayer(payload));
    referrers.push_back(
        DescriptorOf(registry_.AddBundle("bundle " + std::to_string(i)), testing::kManifestType));
  }
  registry_.Tag(tag_ + ".sig", ManifestOf(layers));
  const Seen legacy_only = Evidence(image_);
  EXPECT_THAT(legacy_only.objects, SizeIs(1 + verifier::kMaxSignatures));

  registry_.ReferrersApi(image_, IndexOf(referrers));
  FetchContext fresh(hosts_.path());
  rpc::FetchQuestion question = Question(rpc::FetchQuestion::EVIDENCE);
  question.set_digest(image_.text());
  const FetchReply reply = Answer(*ParseTask(question), http_, fresh);
  const Seen both = Read(reply);
  constexpr std::size_t kHalf = verifier::kMaxSignatures / 2;
  EXPECT_THAT(both.objects, SizeIs(1 + kHalf + 2 * kHalf));
  EXPECT_THAT(both.failures, SizeIs(3));
  for (const auto& [reason, detail] : both.failures) {
    EXPECT_EQ(reason, Reason::kTooLarge) << detail;
  }
}

TEST_F(FetchTaskTest, FetchesALegacySignatureThatIsAReferrer) {
  const std::string manifest = ManifestOf({LegacyLayer("one"), LegacyLayer("two")});
  registry_.Blob("one");
  registry_.Blob("two");
  registry_.Manifest(manifest);
  registry_.ReferrersApi(image_, IndexOf({DescriptorOf(manifest, testing::kManifestType)}));
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, ElementsAre(std::pair(ObjectKind::kReferrerManifest, manifest),
                                        std::pair(ObjectKind::kBlob, std::string("one")),
                                        std::pair(ObjectKind::kBlob, std::string("two"))));
  EXPECT_THAT(seen.offered_for, ElementsAre(image_.text(), "", ""));
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(seen.requests, 6U);

  // The same signature behind the tag: what is there already is not fetched again.
  registry_.SignLegacy(image_, "one");
  const Seen both = Evidence(image_);
  EXPECT_THAT(both.objects, SizeIs(4));
  EXPECT_EQ(both.requests, 6U);
}

TEST_F(FetchTaskTest, AReferrerOfAThousandSignaturesHidesNoOther) {
  std::vector<std::string> layers;
  for (int i = 0; i < 1000; ++i) {
    layers.push_back(LegacyLayer("junk " + std::to_string(i)));
  }
  const std::string crowd = ManifestOf(layers);
  registry_.Manifest(crowd);
  const std::string bundle = registry_.AddBundle("bundle");
  const std::string legacy = ManifestOf({LegacyLayer("payload")});
  registry_.Manifest(legacy);
  registry_.Blob("payload");
  // One that lies about the size of another's blob does not stand in for it.
  std::string wrong = DescriptorOf("bundle", testing::kBundleType);
  wrong.replace(wrong.find("\"size\":6"), 8, "\"size\":1");
  const std::string liar = ManifestOf({wrong});
  registry_.Manifest(liar);
  std::vector<std::string> listed;
  for (const std::string& manifest : {crowd, liar, bundle, legacy}) {
    listed.push_back(DescriptorOf(manifest, testing::kManifestType));
  }
  registry_.ReferrersApi(image_, IndexOf(listed));
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects,
              ::testing::Contains(std::pair(ObjectKind::kBlob, std::string("bundle"))));
  EXPECT_THAT(seen.objects,
              ::testing::Contains(std::pair(ObjectKind::kBlob, std::string("payload"))));
  EXPECT_EQ(seen.requests, 3U + 4U + verifier::kMaxSignatures);
  EXPECT_THAT(seen.failures, ::testing::Contains(::testing::Pair(
                                 Reason::kTooLarge, "939 signatures were not looked at")));
}

TEST_F(FetchTaskTest, TakesWhatApiAndTagListTogether) {
  const std::string manifest = registry_.AddBundle("bundle");
  const std::string other = registry_.AddBundle("other bundle");
  const std::string index = IndexOf({DescriptorOf(manifest, testing::kManifestType)});
  const std::string referrers = "/v2/app/referrers/" + image_.text();
  registry_.Tag(tag_, index, testing::kIndexType);
  registry_.ReferrersApi(image_, IndexOf({}));
  EXPECT_THAT(Evidence(image_).objects, SizeIs(2));
  registry_.ReferrersApi(image_, IndexOf({DescriptorOf(other, testing::kManifestType)}));
  EXPECT_THAT(Evidence(image_).objects, SizeIs(4)) << "pushed before the registry had the API";
  // What one of them cannot tell is no reason to pass over the other.
  server_.On(referrers, [](const ServedRequest&, ServedReply& reply) { reply.Send(500, ""); });
  Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(seen.failures, SizeIs(1));
  registry_.ReferrersApi(image_, IndexOf({DescriptorOf(other, testing::kManifestType)}));
  registry_.Tag(tag_, "{", testing::kIndexType);
  seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(seen.failures, SizeIs(1));
}

TEST_F(FetchTaskTest, FindsASignatureAmongTenThousandReferrers) {
  std::vector<std::string> referrers;
  for (int i = 0; i < 10'000; ++i) {
    referrers.push_back(DescriptorOf("junk " + std::to_string(i), testing::kManifestType));
  }
  const std::string manifest = registry_.AddBundle("bundle");
  referrers.push_back(
      DescriptorOf(manifest, testing::kManifestType,
                   ",\"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\""));
  registry_.ReferrersApi(image_, IndexOf(referrers));
  const auto start = std::chrono::steady_clock::now();
  const Seen seen = Evidence(image_);
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(4000));
  EXPECT_THAT(seen.objects, ElementsAre(std::pair(ObjectKind::kReferrerManifest, manifest),
                                        std::pair(ObjectKind::kBlob, std::string("bundle"))));
  EXPECT_LE(seen.requests, 3 + verifier::kMaxSignatures + 1);
  EXPECT_THAT(seen.failures,
              ::testing::Contains(::testing::Pair(Reason::kTooLarge, HasSubstr("not looked at"))));
}

TEST_F(FetchTaskTest, FollowsPagesOfReferrersUpToABound) {
  const std::string manifest = registry_.AddBundle("bundle");
  const std::string index = IndexOf({DescriptorOf(manifest, testing::kManifestType)});
  int page = 0;
  server_.On("/v2/app/referrers/" + image_.text(), [&](const ServedRequest&, ServedReply& reply) {
    ++page;
    reply.Send(200, page >= 2 && page <= 4 ? index : IndexOf({}),
               "Content-Type: " + std::string(testing::kIndexType) + "\r\nLink: <" +
                   ScriptedRegistry::Path("referrers/" + image_.text()) +
                   "?page=" + std::to_string(page) + ">; rel=\"next\"\r\n");
  });
  const Seen seen = Evidence(image_);
  EXPECT_EQ(page, static_cast<int>(kMaxReferrersPages));
  // Once, on however many pages it is listed.
  const std::vector<std::string> requests = server_.requests();
  EXPECT_EQ(std::count(requests.begin(), requests.end(),
                       "GET " + ScriptedRegistry::Path("manifests/" + DigestOf(manifest).text())),
            1);
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(seen.failures, ElementsAre(::testing::Pair(Reason::kTooLarge, HasSubstr("pages"))));
}

TEST_F(FetchTaskTest, FollowsNoPageToAnotherHost) {
  ScriptedServer other;
  server_.On("/v2/app/referrers/" + image_.text(), [&](const ServedRequest&, ServedReply& reply) {
    reply.Send(200, IndexOf({}),
               "Content-Type: " + std::string(testing::kIndexType) + "\r\nLink: <http://" +
                   other.host() + "/next>; rel=\"next\"\r\n");
  });
  const Seen seen = Evidence(image_);
  EXPECT_EQ(other.connections(), 0U);
  EXPECT_THAT(seen.failures,
              ElementsAre(::testing::Pair(Reason::kRegistryError, HasSubstr("another host"))));
}

TEST_F(FetchTaskTest, BoundsTheBytesOfAllObjectsTogether) {
  // 32 manifests that claim 4 MiB each: only as many are asked for as may all be that large.
  std::vector<std::string> referrers;
  for (int i = 0; i < 32; ++i) {
    const std::string name = "m" + std::to_string(i);
    referrers.push_back("{\"mediaType\":\"a/b\",\"digest\":\"" + DigestOf(name).text() +
                        "\",\"size\":" + std::to_string(verifier::kMaxManifestBytes) + "}");
    server_.On("/v2/app/manifests/" + DigestOf(name).text(),
               [](const ServedRequest&, ServedReply& reply) {
                 reply.Raw("HTTP/1.1 200 OK\r\n\r\n");
                 const std::string piece(64U << 10, 'a');
                 while (reply.Raw(piece)) {
                 }
               });
  }
  registry_.ReferrersApi(image_, IndexOf(referrers));
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, IsEmpty());
  EXPECT_EQ(seen.requests, 3 + verifier::kMaxEvidenceBytes / verifier::kMaxManifestBytes);
  EXPECT_THAT(seen.failures,
              UnorderedElementsAre(::testing::Pair(Reason::kTooLarge, HasSubstr("the evidence")),
                                   ::testing::Pair(Reason::kTooLarge, HasSubstr("larger than"))));
}

TEST_F(FetchTaskTest, AnswersInTimeWithWhatThereIs) {
  registry_.SignLegacy(image_, "payload");
  const auto drip = [](const ServedRequest&, ServedReply& reply) {
    reply.Raw("HTTP/1.1 200 OK\r\nContent-Type: " + std::string(testing::kIndexType) +
              "\r\nContent-Length: 1000\r\n\r\n");
    while (reply.Raw(" ")) {
      std::this_thread::sleep_for(milliseconds(50));
    }
  };
  server_.On("/v2/app/referrers/" + image_.text(), drip);
  const auto start = std::chrono::steady_clock::now();
  const Seen seen = Evidence(image_, rpc::FetchQuestion::EVIDENCE, 1500);
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(15'000)) << "of the drip's 50 s";
  EXPECT_THAT(seen.objects, SizeIs(1));
  EXPECT_THAT(seen.failures,
              ElementsAre(std::pair(Reason::kTimeout, std::string("no answer in time"))));
}

// ---- Members of an index ------------------------------------------------------------------------

std::string PlatformEntry(const std::string& manifest, const std::string& architecture) {
  return DescriptorOf(manifest, testing::kManifestType,
                      ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" + architecture + "\"}");
}

TEST_F(FetchTaskTest, FetchesTheSignaturesOfThePlatformsManifest) {
  const std::string arm = ManifestOf({DescriptorOf("arm", "a/b")});
  const std::string index =
      IndexOf({PlatformEntry(arm, "arm64"), PlatformEntry(image_bytes_, "amd64")});
  registry_.Manifest(index, testing::kIndexType);
  const std::string signature = registry_.SignLegacy(image_, "payload");
  const Seen seen = Evidence(DigestOf(index), rpc::FetchQuestion::MEMBER_EVIDENCE);
  EXPECT_THAT(seen.objects, ElementsAre(std::pair(ObjectKind::kImageIndex, index),
                                        std::pair(ObjectKind::kLegacyManifest, signature),
                                        std::pair(ObjectKind::kBlob, std::string("payload"))));
  EXPECT_THAT(seen.offered_for, ElementsAre("", image_.text(), ""));
  EXPECT_EQ(seen.digests.front(), DigestOf(index).text());
}

TEST_F(FetchTaskTest, HasNothingToSayOfMembersOfAManifest) {
  registry_.Manifest(image_bytes_);
  const Seen seen = Evidence(image_, rpc::FetchQuestion::MEMBER_EVIDENCE);
  EXPECT_THAT(seen.objects, IsEmpty());
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(seen.requests, 1U);
}

TEST_F(FetchTaskTest, PassesOnAnIndexThatNamesNoManifestForThePlatform) {
  const std::string foreign = IndexOf({PlatformEntry(image_bytes_, "s390x")});
  const std::string both = "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[],\"config\":{}}";
  for (const std::string& index : {foreign, both}) {
    registry_.Manifest(index, testing::kIndexType);
    const Seen seen = Evidence(DigestOf(index), rpc::FetchQuestion::MEMBER_EVIDENCE);
    EXPECT_THAT(seen.objects, ElementsAre(std::pair(ObjectKind::kImageIndex, index)));
    EXPECT_EQ(seen.requests, 1U);
  }
}

// ---- Signatures in another repository -----------------------------------------------------------

/// Answers for IMAGE's signatures in SERVER's repository "sigs", behind tags with a prefix.
rpc::FetchQuestion Elsewhere(rpc::FetchQuestion question, const Digest& image,
                             const ScriptedServer& server, const std::string& prefix = "rel-") {
  question.set_digest(image.text());
  question.mutable_signatures()->set_registry(server.host());
  question.mutable_signatures()->set_repository("sigs");
  question.mutable_signatures()->set_tag_prefix(prefix);
  return question;
}

TEST_F(FetchTaskTest, AsksTheRepositoryOfThePolicyAlone) {
  ScriptedServer other;
  const std::string manifest = ManifestOf({LegacyLayer("payload")});
  other.Serve("/v2/sigs/manifests/rel-" + tag_ + ".sig", testing::kManifestType, manifest);
  other.Serve("/v2/sigs/blobs/" + DigestOf("payload").text(), "x/y", "payload");
  const Seen seen = Read(Ask(Elsewhere(Question(rpc::FetchQuestion::EVIDENCE), image_, other)));
  EXPECT_THAT(seen.objects, ElementsAre(std::pair(ObjectKind::kLegacyManifest, manifest),
                                        std::pair(ObjectKind::kBlob, std::string("payload"))));
  EXPECT_THAT(seen.offered_for, ElementsAre(image_.text(), ""));
  EXPECT_THAT(server_.requests(), IsEmpty());
  // The prefix is the signature tag's alone.
  EXPECT_THAT(other.requests(),
              UnorderedElementsAre("GET /v2/sigs/manifests/rel-" + tag_ + ".sig",
                                   "GET /v2/sigs/referrers/" + image_.text(),
                                   "GET /v2/sigs/manifests/" + tag_,
                                   "GET /v2/sigs/blobs/" + DigestOf("payload").text()));
}

TEST_F(FetchTaskTest, FindsABundleInTheRepositoryOfThePolicy) {
  ScriptedServer other;
  const std::string manifest = ManifestOf({DescriptorOf("bundle", testing::kBundleType)});
  other.Serve("/v2/sigs/manifests/" + tag_, testing::kIndexType,
              IndexOf({DescriptorOf(manifest, testing::kManifestType)}));
  other.Serve("/v2/sigs/manifests/" + DigestOf(manifest).text(), testing::kManifestType, manifest);
  other.Serve("/v2/sigs/blobs/" + DigestOf("bundle").text(), "x/y", "bundle");
  for (const char* prefix : {"", "rel-"}) {
    EXPECT_THAT(
        Read(Ask(Elsewhere(Question(rpc::FetchQuestion::EVIDENCE), image_, other, prefix))).objects,
        SizeIs(2));
  }
}

TEST_F(FetchTaskTest, APolicysRepositoryThatHoldsNothingIsNotAskedForTheImage) {
  ScriptedServer other;
  const Seen seen = Read(Ask(Elsewhere(Question(rpc::FetchQuestion::EVIDENCE), image_, other)));
  EXPECT_THAT(seen.objects, IsEmpty());
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(seen.requests, 3U);
}

TEST_F(FetchTaskTest, TakesAnIndexFromTheImagesRepositoryAndItsSignaturesFromThePolicys) {
  ScriptedServer other;
  const std::string index = IndexOf({PlatformEntry(image_bytes_, "amd64")});
  registry_.Manifest(index, testing::kIndexType);
  other.Serve("/v2/sigs/manifests/rel-" + tag_ + ".sig", testing::kManifestType,
              ManifestOf({LegacyLayer("payload")}));
  other.Serve("/v2/sigs/blobs/" + DigestOf("payload").text(), "x/y", "payload");
  const Seen seen =
      Read(Ask(Elsewhere(Question(rpc::FetchQuestion::MEMBER_EVIDENCE), DigestOf(index), other)));
  ASSERT_THAT(seen.objects, SizeIs(3));
  EXPECT_EQ(seen.objects.front(), std::pair(ObjectKind::kImageIndex, index));
  EXPECT_THAT(server_.requests(), ElementsAre("GET /v2/app/manifests/" + DigestOf(index).text()));
}

TEST_F(FetchTaskTest, NamesThePlaceThatCouldNotBeRead) {
  ScriptedServer other;
  other.Otherwise([](const ServedRequest&, ServedReply& reply) { reply.Send(503, ""); });
  const Seen seen = Read(Ask(Elsewhere(Question(rpc::FetchQuestion::EVIDENCE), image_, other)));
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures[0].first, Reason::kRegistryError);
  EXPECT_THAT(seen.places[0], HasSubstr(other.host() + "/sigs: "));
  const Seen member =
      Read(Ask(Elsewhere(Question(rpc::FetchQuestion::MEMBER_EVIDENCE), image_, other)));
  ASSERT_THAT(member.failures, SizeIs(1));
  EXPECT_THAT(member.places[0], HasSubstr(server_.host() + "/app: image index"));
}

TEST(ParseTask, RefusesPlacesOutOfShape) {
  const auto parse = [](rpc::FetchQuestion::Kind kind, const std::string& registry,
                        const std::string& repository, const std::string& prefix) {
    rpc::FetchQuestion question;
    question.set_kind(kind);
    question.set_registry("r.example");
    question.set_repository("a");
    if (kind == rpc::FetchQuestion::RESOLVE) {
      question.set_tag("v1");
    } else {
      question.set_digest(DigestOf("x").text());
    }
    question.mutable_signatures()->set_registry(registry);
    question.mutable_signatures()->set_repository(repository);
    question.mutable_signatures()->set_tag_prefix(prefix);
    return ParseTask(question);
  };
  using Question = rpc::FetchQuestion;
  EXPECT_THAT(parse(Question::EVIDENCE, "", "", ""), IsOk());
  EXPECT_THAT(parse(Question::EVIDENCE, "s.example", "b/c", "rel-"), IsOk());
  EXPECT_THAT(parse(Question::MEMBER_EVIDENCE, "", "", "rel-"), IsOk());
  EXPECT_THAT(parse(Question::RESOLVE, "", "", ""), IsOk());
  for (const auto& [registry, repository, prefix] :
       std::vector<std::array<std::string, 3>>{{"s.example", "", ""},
                                               {"", "b", ""},
                                               {"s.example", "../b", ""},
                                               {"s.example", "b?c", ""},
                                               {"S.example", "b", ""},
                                               {"s.example/x", "b", ""},
                                               {"docker.io", "nginx", ""},
                                               {"s.example", "b:v1", ""},
                                               {"s.example", "b", "../"},
                                               {"s.example", "b", "a/b"},
                                               {"s.example", "b", std::string(54, 'a')}}) {
    EXPECT_THAT(parse(Question::EVIDENCE, registry, repository, prefix),
                FailsWith(Reason::kProtocol))
        << registry << repository << prefix;
  }
  EXPECT_THAT(parse(Question::RESOLVE, "s.example", "b", ""), FailsWith(Reason::kProtocol));
  EXPECT_THAT(parse(Question::RESOLVE, "", "", "rel-"), FailsWith(Reason::kProtocol));
}

// ---- Mirrors ------------------------------------------------------------------------------------

TEST_F(FetchTaskTest, AsksMirrorsFirstAndBelievesOnlyTheRegistryThatNothingIsThere) {
  ScriptedServer mirror;
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + mirror.host() +
             "\"]\n");
  registry_.SignLegacy(image_, "payload");
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(seen.failures, IsEmpty());
  ASSERT_FALSE(mirror.requests().empty());
  EXPECT_THAT(mirror.requests().front(), HasSubstr("?ns=" + server_.host()));
  EXPECT_THAT(server_.requests().front(), ::testing::Not(HasSubstr("ns=")));
}

TEST_F(FetchTaskTest, PassesAFailingMirrorBy) {
  ScriptedServer mirror;
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + mirror.host() +
             "\"]\n");
  mirror.Otherwise([](const ServedRequest&, ServedReply& reply) { reply.Send(500, ""); });
  registry_.Manifest(image_bytes_);
  Seen seen = Evidence(image_);
  EXPECT_THAT(seen.failures, IsEmpty()) << "the registry itself said that there is nothing";
  registry_.SignLegacy(image_, "payload");
  seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(seen.failures, IsEmpty());
}

TEST_F(FetchTaskTest, DoesNotBelieveAMirrorsNotFoundWhenTheRegistryFails) {
  ScriptedServer mirror;
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + mirror.host() +
             "\"]\n");
  server_.Otherwise([](const ServedRequest&, ServedReply& reply) { reply.Send(503, ""); });
  const Seen seen = Evidence(image_);
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures.front().first, Reason::kRegistryError);
}

TEST_F(FetchTaskTest, AsksAMirrorThatMayOnlyPullNoNames) {
  ScriptedServer mirror;
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + mirror.host() +
             "\"]\ncapabilities = [\"pull\"]\n");
  registry_.SignLegacy(image_, "payload");
  mirror.Serve("/v2/app/blobs/" + DigestOf("payload").text(), "x/y", "payload");
  const Seen seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(mirror.requests(), ElementsAre("GET /v2/app/blobs/" + DigestOf("payload").text() +
                                             "?ns=" + server_.host()));
}

TEST_F(FetchTaskTest, LeavesTimeToTheRegistryBehindAMirrorThatHangs) {
  ScriptedServer mirror;
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + mirror.host() +
             "\"]\n");
  std::promise<void> go;
  mirror.Otherwise([gone = go.get_future().share()](const ServedRequest&, ServedReply& reply) {
    gone.wait();
    reply.Raw("");
  });
  registry_.SignLegacy(image_, "payload");
  const Seen seen = Evidence(image_, rpc::FetchQuestion::EVIDENCE, 3000);
  go.set_value();
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_THAT(mirror.requests(), SizeIs(3)) << "it is not waited for a second time";
}

TEST_F(FetchTaskTest, AsksTheRegistryOnceThatStandsAmongItsOwnMirrors) {
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"http://" + server_.host() +
             "\".header]\nx-custom = \"y\"\n");
  registry_.Manifest(image_bytes_);
  Seen seen = Evidence(image_);
  EXPECT_THAT(seen.failures, IsEmpty());
  EXPECT_EQ(seen.requests, 4U);
  // Where the first way does not lead there, the second is tried.
  WriteHosts("server = \"http://" + server_.host() + "\"\n[host.\"https://" + server_.host() +
             "\"]\n");
  registry_.SignLegacy(image_, "payload");
  seen = Evidence(image_);
  EXPECT_THAT(seen.objects, SizeIs(2));
  EXPECT_THAT(seen.failures, IsEmpty());
}

TEST_F(FetchTaskTest, TellsABrokenHostsFile) {
  WriteHosts("serve = \"x\"");
  const Seen seen = Evidence(image_);
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures.front().first, Reason::kConfigInvalid);
  EXPECT_THAT(seen.failures.front().second, HasSubstr("hosts.toml:1: unknown key \"serve\""));
  EXPECT_EQ(seen.requests, 0U);
  EXPECT_EQ(Resolve("v1").answer.reason(), static_cast<std::uint32_t>(Reason::kConfigInvalid));
}

TEST_F(FetchTaskTest, TellsThatNoHostMayBeAsked) {
  WriteHosts("server = \"http://" + server_.host() + "\"\ncapabilities = [\"push\"]");
  const Seen seen = Evidence(image_);
  ASSERT_THAT(seen.failures, SizeIs(1));
  EXPECT_EQ(seen.failures.front().first, Reason::kConfigInvalid);
}

// ---- Questions ----------------------------------------------------------------------------------

TEST(ParseTask, RefusesQuestionsOutOfShape) {
  const std::string digest = DigestOf("x").text();
  const auto question = [](auto kind, const char* registry, const char* repository,
                           const std::string& tag, const std::string& digest_text) {
    rpc::FetchQuestion made;
    made.set_kind(kind);
    made.set_registry(registry);
    made.set_repository(repository);
    made.set_tag(tag);
    made.set_digest(digest_text);
    return made;
  };
  using Question = rpc::FetchQuestion;
  EXPECT_THAT(ParseTask(question(Question::RESOLVE, "r.example", "a", "v1", "")), IsOk());
  EXPECT_THAT(ParseTask(question(Question::EVIDENCE, "r.example", "a", "", digest)), IsOk());
  for (const Question& bad : {
           Question(),
           question(Question::KIND_UNSPECIFIED, "r.example", "a", "v1", ""),
           question(Question::RESOLVE, "r.example", "a", "", ""),
           question(Question::RESOLVE, "r.example", "a", "v1", digest),
           question(Question::EVIDENCE, "r.example", "a", "v1", ""),
           question(Question::EVIDENCE, "r.example", "a", "", "sha256:x"),
           question(Question::EVIDENCE, "r.example", "../a", "", digest),
           question(Question::EVIDENCE, "r.example", "a/../b", "", digest),
           question(Question::EVIDENCE, "r.example", "a?b", "", digest),
           question(Question::EVIDENCE, "R.example", "a", "", digest),
           question(Question::EVIDENCE, "r.example/x", "a", "", digest),
           question(Question::EVIDENCE, "", "a", "", digest),
           question(Question::EVIDENCE, "..", "a", "", digest),
           question(Question::EVIDENCE, "docker.io", "nginx", "", digest),
           question(Question::RESOLVE, "r.example", "a", "v1/x", ""),
       }) {
    EXPECT_THAT(ParseTask(bad), FailsWith(Reason::kProtocol)) << bad.SerializeAsString();
  }
}

TEST(ParseTask, BoundsTimeAndPlatform) {
  rpc::FetchQuestion question;
  question.set_kind(rpc::FetchQuestion::RESOLVE);
  question.set_registry("r.example");
  question.set_repository("a");
  question.set_tag("v1");
  question.set_timeout_ms(UINT32_MAX);
  auto task = ParseTask(question);
  ASSERT_THAT(task, IsOk());
  EXPECT_EQ(task->time, kMaxQuestionTime);
  question.mutable_platform()->set_os(std::string(64, 'x'));
  EXPECT_THAT(ParseTask(question), IsOk());
  question.mutable_platform()->set_os(std::string(65, 'x'));
  EXPECT_THAT(ParseTask(question), FailsWith(Reason::kProtocol));
}

}  // namespace
}  // namespace sigward::worker
