// The examples of the NHS validated relationships service, as published: YAML around resources. They load, and open what they say.
#include <filesystem>
#include <functional>
#include <set>

#include "access/test_support.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup::access {
namespace {

// As much of YAML as these files use, to JSON text: maps, lists, quoted and plain scalars that may run over lines.
class Yaml {
 public:
  explicit Yaml(std::string_view text) {
    for (const auto line : split(text, '\n')) {
      const auto body = trim(line);
      if (!body.empty() && !body.starts_with('#')) lines_.push_back({line.find_first_not_of(' '), std::string(body)});
    }
  }
  std::string json() { return lines_.empty() ? "null" : block(lines_[0].indent); }

 private:
  struct Line {
    std::size_t indent;
    std::string text;
  };
  static std::size_t colon(const std::string& text) {
    if (text[0] == '"' || text[0] == '\'') return std::string::npos;
    const auto at = text.find(": ");
    return at != std::string::npos ? at : text.ends_with(':') ? text.size() - 1 : at;
  }
  static std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out + "\"";
  }
  static std::string scalar(std::string text) {
    if (text.size() > 1 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0]) return quoted(std::string_view(text).substr(1, text.size() - 2));
    if (text == "true" || text == "false" || text == "null" || text == "[]" || text == "{}") return text;
    if (text.find_first_not_of("0123456789") == text.npos && text.size() < 9) return text;
    return quoted(text);
  }
  std::string rest(std::string text, std::size_t indent) {  // a scalar with the lines that go on with it
    if (text == ">-" || text == "|" || text == ">" || text == "|-") text.clear();
    while (at_ < lines_.size() && lines_[at_].indent > indent) text += (text.empty() ? "" : " ") + lines_[at_++].text;
    return scalar(text);
  }
  std::string block(std::size_t indent) {
    std::string out;
    const bool list = lines_[at_].text.starts_with("- ");
    while (at_ < lines_.size() && lines_[at_].indent == indent && lines_[at_].text.starts_with("- ") == list) {
      Line& line = lines_[at_];
      out += out.empty() ? (list ? "[" : "{") : ",";
      if (list) {
        const auto inner = line.text.find_first_not_of(' ', 1);
        line.text = line.text.substr(inner), line.indent += inner;
        if (colon(line.text) != std::string::npos) out += block(line.indent);
        else ++at_, out += rest(lines_[at_ - 1].text, indent);
        continue;
      }
      const auto end = colon(line.text);
      if (end == std::string::npos) return "null";
      auto key = line.text.substr(0, end);
      const std::string value(trim(std::string_view(line.text).substr(end + 1)));
      ++at_;
      out += quoted(key) + ":";
      const bool below = value.empty() && at_ < lines_.size() && (lines_[at_].indent > indent || (lines_[at_].indent == indent && lines_[at_].text.starts_with("- ")));
      const bool prose = below && !lines_[at_].text.starts_with("- ") && colon(lines_[at_].text) == std::string::npos;
      out += prose ? rest("", indent) : below ? block(lines_[at_].indent) : value.empty() ? "null" : rest(value, indent);
    }
    return out + (list ? "]" : "}");
  }
  std::vector<Line> lines_;
  std::size_t at_ = 0;
};

using VrsTest = AccessTest;

TEST_F(VrsTest, TheNhsValidatedRelationshipsLoadAndOpenWhatTheySay) {
  const auto folder = shared_data("fhir/vrs/specification/examples");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "The published examples are not here.";
  std::size_t bundles = 0, consents = 0, resources = 0, proxies = 0, opened = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.path().extension() != ".yaml" || file.path().string().find("/errors/") != std::string::npos) continue;
    const auto json = Yaml(*read_file(file.path().string())).json();
    fhirpath::Document document;
    ASSERT_TRUE(document.parse(json)) << file.path() << "\n" << json.substr(0, 3000);
    std::vector<fhirpath::NodeIndex> found;
    const std::function<void(fhirpath::NodeIndex)> look = [&](fhirpath::NodeIndex node) {
      const auto type = document.text_of(node, "resourceType");
      if (type == "Bundle") ++bundles;
      if (!type.empty() && type != "Bundle" && type != "OperationOutcome") return found.push_back(node);
      if (document.kind(node) == fhirpath::NodeKind::object || document.kind(node) == fhirpath::NodeKind::array)
        for (const auto child : document.children(node)) look(child);
    };
    look(document.root());
    now_ = noon - 240 * a_day;  // 2025-10-04: while the published relationships are in force
    ASSERT_NO_FATAL_FAILURE(begin({}));
    std::set<std::string> related;
    for (const auto node : found) {
      std::string type(document.text_of(node, "resourceType")), id(document.text_of(node, "id"));
      if (type == "QuestionnaireResponse") continue;
      if (id.empty()) id = "n" + std::to_string(resources);
      std::string body(document.text(node));
      if (document.text_of(node, "id").empty()) body.insert(1, "\"id\":\"" + id + "\",");
      const auto kept = store_->write({{.kind = fhir::Write::Kind::update, .type = type, .id = id, .body = body, .if_match = {}}});
      ASSERT_TRUE(kept) << file.path() << " " << kept.error().text();
      ++resources, consents += type == "Consent" ? 1U : 0U;
      if (type == "RelatedPerson") related.insert(id);
    }
    for (const auto& id : related) {
      ++proxies;
      const auto who = proxy(id);
      opened += total(who, "Patient");
      EXPECT_LE(total(who, "Patient"), 1U) << "one RelatedPerson is of one person";
      EXPECT_EQ(total(who, "Consent"), 0U);
      now_ += 2000 * a_day;  // all of them have ended by then
      EXPECT_EQ(total(who, "Patient"), 0U);
      now_ -= 2000 * a_day;
    }
  }
  EXPECT_EQ(bundles, 30U);
  EXPECT_EQ(resources, 103U) << "101 in Bundles, and 2 Consents";
  EXPECT_EQ(consents, 43U);
  EXPECT_GT(opened, 0U) << proxies;
  RecordProperty("proxies", static_cast<int>(proxies));
  RecordProperty("opened", static_cast<int>(opened));
}

}  // namespace
}  // namespace joinedup::access
