// The constraints that code of our own checks, held equal to FHIRPath's verdict over FHIR's examples and broken ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "fhirpath/fhirpath.hpp"
#include "validation/test_support.hpp"
#include "validation/walk.hpp"

namespace joinedup::validation {
namespace {

std::vector<std::string> errors_of(const Rules& rules, const fhirpath::Document& document, Scratch& scratch) {
  std::vector<Issue> issues;
  Options options{Options::Report::errors_only, {}, 100000};
  scratch.locals.clear();
  scratch.bundled.clear();
  scratch.bundled_read = false;
  scratch.contained_of = no_node;
  scratch.steps = 0;
  scratch.context.clear();
  scratch.context.step_limit = 3'000'000;
  Walk(rules, nullptr, document, options, scratch, issues).run(document.root());
  std::vector<std::string> out;
  for (const auto& issue : issues) out.push_back(issue.rule + " " + issue.expression);
  std::sort(out.begin(), out.end());
  return out;
}

// Drops, doubles or renames a property somewhere: enough to break rules without breaking the JSON.
std::string broken(const std::string& text, std::mt19937& random) {
  static const std::vector<std::pair<std::string, std::string>> swaps = {
      {"\"system\"", "\"id\""}, {"\"start\"", "\"end\""}, {"\"end\"", "\"start\""}, {"\"valueString\"", "\"id\""}, {"\"#", "\"#zz"}, {"\"contained\"", "\"extension\""},
      {"\"contentType\"", "\"language\""}, {"\"value\"", "\"comparator\""}, {"\"id\"", "\"versionId\""}, {"\"reference\"", "\"display\""}, {"\"display\": \"", "\"reference\": \"#"},
      {"\"20", "\"19"}, {"\"19", "\"20"}, {"\"url\"", "\"valueUri\""}, {"\"code\"", "\"system\""}, {"\"text\"", "\"id\""}};
  std::string out = text;
  for (int i = 0; i < 3; ++i) {
    const auto& [from, to] = swaps[random() % swaps.size()];
    std::size_t at = out.find(from, random() % out.size());
    if (at != std::string::npos) out.replace(at, from.size(), to);
  }
  return out;
}

}  // namespace

TEST(Twin, OurOwnChecksAgreeWithFhirPath) {
  if (!present(examples_folder())) GTEST_SKIP() << "FHIR's examples are not installed: npm ci in packages/test.";
  const auto slow = Rules::slow_twin();
  Scratch a, b;
  std::mt19937 random(5);
  std::size_t compared = 0;
  std::set<std::string> rules_seen;
  std::map<std::string, int> per_type;
  for (const auto& file : json_files(examples_folder())) {
    auto text = *read_file(file);
    if (text.size() > 40000) continue;
    auto name = std::filesystem::path(file).filename().string();
    if (++per_type[name.substr(0, name.find('-'))] > 25) continue;
    for (int round = 0; round < 6; ++round) {
      std::string changed = round == 0 ? text : broken(text, random);
      fhirpath::Document document;
      if (!document.parse(changed)) continue;
      auto ours = errors_of(Rules::r4(), document, a), theirs = errors_of(*slow, document, b);
      EXPECT_EQ(ours, theirs) << name << " round " << round;
      for (const auto& one : ours) rules_seen.insert(one.substr(0, one.find(' ')));
      ++compared;
    }
  }
  EXPECT_GT(compared, 3000U);
  for (const char* rule : {"per-1", "ref-1", "cpt-2", "ext-1", "qty-3", "att-1", "sqty-1", "dom-3"}) EXPECT_TRUE(rules_seen.contains(rule)) << rule << " was never broken";
}

}  // namespace joinedup::validation
