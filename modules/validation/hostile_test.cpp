// Examples with random bytes changed: whatever comes in, there is an answer, the two ways of asking agree, and every
// path leads to the element it speaks of. JOINEDUP_HOSTILE_ROUNDS changes of each example (2 unless set).
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "fhirpath/fhirpath.hpp"
#include "validation/test_support.hpp"
#include "validation/validation.hpp"

namespace joinedup::validation {
namespace {

std::string changed(std::string text, std::mt19937& random) {
  static const std::string bytes = "\"{}[]:,0123456789-+.eE\\u truefalsn<>&#/x\xC3\xA9\x01";
  static const std::vector<std::string> pieces = {"null", "{}", "[]", "\"\"", "1e999999999", "-0", "[null]", "{\"resourceType\":\"Patient\"}", "\"#\"", "\"\\u0000\"", "true", "\"urn:uuid:\""};
  for (unsigned i = 0; i <= random() % 4; ++i) {
    std::size_t at = random() % text.size();
    switch (random() % 5) {
      case 0: text[at] = bytes[random() % bytes.size()]; break;
      case 1: text.erase(at, 1 + random() % 30); break;
      case 2: text.insert(at, text.substr(random() % text.size(), random() % 60)); break;
      case 3: text.insert(at, 1, bytes[random() % bytes.size()]); break;
      default: {  // a whole value for another
        auto colon = text.find(": ", at);
        auto end = colon == std::string::npos ? colon : text.find_first_of(",\n}", colon);
        if (end != std::string::npos) text.replace(colon + 2, end - colon - 2, pieces[random() % pieces.size()]);
      }
    }
    if (text.empty()) return "{}";
  }
  return text;
}

// FHIRPath has div and contains as words of its own: as names they stand between backticks.
std::string quoted(const std::string& path) {
  std::string out, name;
  auto flush = [&] {
    out += name == "div" || name == "contains" || name == "is" || name == "as" || name == "in" || name == "mod" ? "`" + name + "`" : name;
    name.clear();
  };
  for (char c : path) {
    if (c == '.' || c == '[' || c == ']') flush(), out += c;
    else name += c;
  }
  flush();
  return out;
}

}  // namespace

TEST(Hostile, ChangedExamplesAreAnsweredAndPathsLeadThere) {
  if (!present(examples_folder())) GTEST_SKIP() << "FHIR's examples are not installed: npm ci in packages/test.";
  const char* given = std::getenv("JOINEDUP_HOSTILE_ROUNDS");
  const int rounds = given != nullptr ? std::atoi(given) : 2;
  std::mt19937 random(11);
  std::map<std::string, int> per_type;
  std::size_t documents = 0, paths = 0;
  for (const auto& file : json_files(examples_folder())) {
    const auto text = *read_file(file);
    auto name = std::filesystem::path(file).filename().string();
    if (text.size() > 30000 || ++per_type[name.substr(0, name.find('-'))] > 20) continue;
    for (int round = 0; round < rounds; ++round) {
      const std::string json = changed(text, random);
      fhirpath::Document document;
      if (!document.parse(json)) continue;
      ++documents;
      auto issues = Validator::r4().validate(document);
      ASSERT_EQ(has_errors(issues), !Validator::r4().is_valid(document)) << name << "\n" << json;
      fhirpath::Context context;
      for (const auto& issue : issues) {
        if (issue.rule == "unknown-element" || issue.rule == "issues" || issue.rule == "resourceType" || issue.rule == "resource" || issue.severity > Severity::error) continue;
        if (issue.rule == "null" || issue.rule == "choice" || issue.rule == "type" || issue.rule == "list") continue;  // no FHIR element stands there
        if (issue.expression.find(".contained[") != std::string::npos || issue.expression.find("resource") != std::string::npos) continue;
        auto expression = fhirpath::Expression::compile(quoted(issue.expression));
        ASSERT_TRUE(expression) << issue.expression;
        auto found = expression->evaluate(document.root_value(), context);
        ASSERT_TRUE(found) << issue.expression;
        if (issue.rule == "cardinality") EXPECT_TRUE(found->empty()) << name << " " << issue.expression;
        else EXPECT_EQ(found->size(), 1U) << name << " " << issue.rule << " " << issue.expression;
        ++paths;
      }
    }
  }
  EXPECT_GT(documents, 200U * static_cast<std::size_t>(rounds));
  EXPECT_GT(paths, 30U * static_cast<std::size_t>(rounds));
}

}  // namespace joinedup::validation
