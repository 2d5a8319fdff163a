// Asks the gate as sigward-image-verifier does, from many threads at the same moment.
//
//   questions_at_once SOCKET COUNT ROUNDS < IMAGES
//
// IMAGES has a line "REFERENCE DIGEST" each; the questions of a round go through them in turn.
// Prints "NANOSECONDS VERDICT" per question.

#include <barrier>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "rpc/gate_client.h"

namespace sigward {
namespace {

constexpr std::chrono::seconds kPatience{60};

struct Answered {
  std::chrono::nanoseconds took{};
  bool allowed = false;
};

std::vector<rpc::GateQuestion> ReadQuestions() {
  std::vector<rpc::GateQuestion> questions;
  std::string reference;
  std::string digest;
  while (std::cin >> reference >> digest) {
    questions.push_back({.call = rpc::GateCall::kPull,
                         .reference = reference,
                         .digest = digest,
                         .media_type = "application/vnd.oci.image.manifest.v1+json"});
  }
  return questions;
}

Answered AskOnce(const std::string& socket, const rpc::GateQuestion& question) {
  const auto started = std::chrono::steady_clock::now();
  const auto answer = rpc::AskGate(socket, question, base::Deadline::After(kPatience));
  return {std::chrono::steady_clock::now() - started, answer.ok() && answer->allowed()};
}

std::vector<Answered> AskAtOnce(const std::string& socket, std::size_t count,
                                const std::vector<rpc::GateQuestion>& questions) {
  std::vector<Answered> answers(count);
  std::barrier start(static_cast<std::ptrdiff_t>(count));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      answers[i] = AskOnce(socket, questions[i % questions.size()]);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return answers;
}

std::size_t Number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  return error == std::errc() && end == text.end() ? number : 0;
}

int Run(const std::string& socket, std::size_t count, std::size_t rounds) {
  const std::vector<rpc::GateQuestion> questions = ReadQuestions();
  if (questions.empty() || count == 0 || rounds == 0) {
    std::fputs("questions_at_once SOCKET COUNT ROUNDS < IMAGES\n", stderr);
    return 2;
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    for (const Answered& one : AskAtOnce(socket, count, questions)) {
      std::printf("%lld %s\n", static_cast<long long>(one.took.count()),
                  one.allowed ? "allow" : "deny");
    }
  }
  return 0;
}

}  // namespace
}  // namespace sigward

int main(int argc, char** argv) {
  return argc == 4 ? sigward::Run(argv[1], sigward::Number(argv[2]), sigward::Number(argv[3]))
                   : sigward::Run("", 0, 0);
}
