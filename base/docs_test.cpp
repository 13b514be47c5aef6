// What the documents of security claim is held to the sources: a test, file or verb that they name exists. It says nothing of whether
// the test shows what is claimed; readers do.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup {
namespace {
namespace fs = std::filesystem;

const std::string root = JOINEDUP_SOURCE_DIR;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// "Suite.Name" and "room.Suite.Name" of every TEST in the sources.
std::set<std::string> tests_in_the_sources() {
  std::set<std::string> names;
  for (const auto& top : {"base", "engine", "modules", "server", "cli"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root + "/" + top)) {
      if (entry.path().extension() != ".cpp") continue;
      const auto relative = fs::relative(entry.path(), root);
      auto part = relative.begin();
      std::string room = (part++)->string();
      if (room == "modules") room = part->string();
      const auto text = *read_file(entry.path().string());
      for (const auto line : split(text, '\n')) {
        if (!line.starts_with("TEST")) continue;
        const auto open = line.find('('), comma = line.find(',', open), close = line.find(')', comma);
        if (close == line.npos) continue;
        const std::string name = std::string(trim(line.substr(open + 1, comma - open - 1))) + "." + std::string(trim(line.substr(comma + 1, close - comma - 1)));
        names.insert(name);
        names.insert(room + "." + name);
      }
    }
  }
  return names;
}

std::vector<std::string> documents() {
  std::vector<std::string> out = {root + "/docs/hazard-log.md", root + "/docs/asvs.md"};
  for (const auto& entry : fs::directory_iterator(root + "/docs/security"))
    if (entry.path().extension() == ".md") out.push_back(entry.path().string());
  std::erase_if(out, [](const auto& path) { return !fs::exists(path); });
  return out;
}

// Everything between backticks of one line, and lines of code blocks whole.
std::vector<std::string> code_of(const std::string& text) {
  std::vector<std::string> out;
  bool in_block = false;
  for (const auto line : split(text, '\n')) {
    if (line.starts_with("```")) in_block = !in_block;
    else if (in_block) out.emplace_back(line);
    else {
      const auto pieces = split(line, '`');
      for (std::size_t i = 1; i < pieces.size(); i += 2) out.emplace_back(pieces[i]);
    }
  }
  return out;
}

// Letters, a dot, letters; both parts begin with a capital.
bool is_test_name(std::string_view word) {
  const auto dot = word.find('.');
  if (dot == word.npos || dot == 0 || dot + 1 == word.size()) return false;
  if (!std::isupper(static_cast<unsigned char>(word[0])) || !std::isupper(static_cast<unsigned char>(word[dot + 1]))) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (i != dot && !is_word(word[i])) return false;
  return true;
}

bool is_path(std::string_view word) {
  if (word.find_first_of(" *<>(") != word.npos) return false;
  for (const std::string_view top : {"base/", "engine/", "modules/", "server/", "cli/", "docs/", "packages/", "cmake/", ".ci/"})
    if (word.starts_with(top)) return true;
  return false;
}

struct AsvsLine {
  std::string level, status, words, evidence;
};

// docs/asvs.csv: RFC 4180, a header, no line break inside a field.
std::map<std::string, AsvsLine> asvs_lines() {
  std::map<std::string, AsvsLine> out;
  const auto text = *read_file(root + "/docs/asvs.csv");
  for (const auto line : split(text, '\n')) {
    if (!line.starts_with("V")) continue;
    std::vector<std::string> fields(1);
    bool is_quoted = false;
    for (const char c : trim(line)) {
      if (c == '"') is_quoted = !is_quoted;
      else if (c == ',' && !is_quoted) fields.emplace_back();
      else fields.back() += c;
    }
    EXPECT_EQ(fields.size(), 5U) << line;
    fields.resize(5);
    EXPECT_TRUE(out.emplace(fields[0], AsvsLine{fields[1], fields[2], fields[3], fields[4]}).second) << fields[0] << " stands twice";
  }
  return out;
}

// The lines of levels 1 and 2 of OWASP's own file, without a JSON parser: "Shortcode" is followed by its "L".
std::map<std::string, std::string> published_lines(const std::string& text) {
  std::map<std::string, std::string> out;
  const std::string code = "\"Shortcode\": \"", level = "\"L\": \"";
  for (auto at = text.find(code); at != text.npos; at = text.find(code, at + 1)) {
    const auto from = at + code.size();
    const std::string id = text.substr(from, text.find('"', from) - from);
    const auto next = text.find(code, from), found = text.find(level, from);
    if (found == text.npos || found > next) continue;  // a chapter or a section
    out[id] = text.substr(found + level.size(), 1);
  }
  return out;
}

}  // namespace

TEST(DocsTest, EveryTestNamedInTheSecurityDocsExists) {
  const auto tests = tests_in_the_sources();
  int seen = 0;
  for (const auto& document : documents()) {
    const auto text = *read_file(document);
    for (const auto& word : code_of(text)) {
      if (!is_test_name(word)) continue;
      ++seen;
      EXPECT_TRUE(tests.contains(word)) << fs::path(document).filename() << " names " << word << ", which is no test";
    }
  }
  EXPECT_GT(seen, 40);
}

TEST(DocsTest, EveryFileNamedInTheSecurityDocsExists) {
  int seen = 0;
  for (const auto& document : documents()) {
    const auto text = *read_file(document);
    for (const auto& word : code_of(text)) {
      if (!is_path(word)) continue;
      ++seen;
      EXPECT_TRUE(fs::exists(root + "/" + word)) << fs::path(document).filename() << " names " << word;
    }
    for (auto at = text.find("]("); at != text.npos; at = text.find("](", at + 1)) {
      const auto target = text.substr(at + 2, text.find(')', at) - at - 2);
      if (target.starts_with("http") || target.starts_with("#")) continue;
      ++seen;
      EXPECT_TRUE(fs::exists(fs::path(document).parent_path() / target.substr(0, target.find('#')))) << fs::path(document).filename() << " links to " << target;
    }
  }
  EXPECT_GT(seen, 20);
}

TEST(DocsTest, EveryCommandInTheSecurityDocsIsAVerb) {
  const auto main = *read_file(root + "/cli/main.cpp");
  std::string govern;
  for (const auto& entry : fs::directory_iterator(root + "/cli"))
    if (entry.path().filename().string().starts_with("govern")) govern += *read_file(entry.path().string());
  int seen = 0;
  for (const auto& document : documents()) {
    const auto text = *read_file(document);
    for (const auto& code : code_of(text)) {
      // "joinedup refresh …", "./run joinedup govern audit verify …"
      for (auto at = code.find("joinedup "); at != code.npos; at = code.find("joinedup ", at + 1)) {
        if (at > 0 && code[at - 1] != ' ' && code[at - 1] != '/') continue;
        const auto words = split(std::string_view(code).substr(at), ' ');
        const std::string verb(words[1]);
        if (verb.empty() || !std::islower(static_cast<unsigned char>(verb[0]))) continue;
        ++seen;
        EXPECT_NE(main.find("{\"" + verb + "\","), main.npos) << fs::path(document).filename() << ": joinedup " << verb;
        if (verb == "govern" && words.size() > 2 && !words[2].empty() && std::islower(static_cast<unsigned char>(words[2][0]))) {
          EXPECT_NE(govern.find("\"" + std::string(words[2]) + "\""), govern.npos) << fs::path(document).filename() << ": joinedup govern " << words[2];
        }
      }
    }
  }
  EXPECT_GT(seen, 5);
}

// What ASVS V1.2.5 rests on: there is no command to inject into.
TEST(SourcesTest, TheProgramRunsNoCommandOfTheSystem) {
  int seen = 0;
  for (const auto& top : {"base", "engine", "modules", "server", "cli"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root + "/" + top)) {
      const auto name = entry.path().filename().string();
      if (entry.path().extension() != ".cpp" || name.ends_with("_test.cpp") || name.ends_with("_benchmark.cpp")) continue;
      ++seen;
      const auto text = *read_file(entry.path().string());
      for (const auto* call : {"std::system(", " ::system(", "popen(", "execv", "execl(", "execlp(", "posix_spawn", "wordexp("})
        EXPECT_EQ(text.find(call), std::string::npos) << entry.path() << " calls " << call;
    }
  }
  EXPECT_GT(seen, 100);
}

TEST(AsvsTest, EveryLineIsJudgedAndItsEvidenceExists) {
  if (!fs::exists(root + "/docs/asvs.csv")) GTEST_SKIP() << "the self-assessment is not written yet";
  const auto lines = asvs_lines();
  const auto tests = tests_in_the_sources();
  const auto page = *read_file(root + "/docs/asvs.md");
  std::map<std::string, int> counts;
  for (const auto& [id, line] : lines) {
    ++counts[line.status];
    EXPECT_TRUE(line.status == "met" || line.status == "not_met" || line.status == "not_applicable") << id << ": " << line.status;
    EXPECT_FALSE(line.words.empty()) << id << " is judged without a word";
    EXPECT_TRUE(line.status != "met" || !line.evidence.empty()) << id << " is said to be met, and nothing shows it";
    for (const auto item : split(line.evidence, ' ')) {
      if (item.empty()) continue;
      const bool is_there = item.find('/') != item.npos ? fs::exists(root + "/" + std::string(item)) : tests.contains(std::string(item));
      EXPECT_TRUE(is_there) << id << " names " << item << ", which is neither a test nor a file";
    }
    // The page says of each line what the table says.
    std::string status = line.status;
    std::replace(status.begin(), status.end(), '_', ' ');
    EXPECT_NE(page.find("| " + id + " | " + line.level + " | " + status + " | " + line.words + " |"), page.npos) << id << " reads otherwise in docs/asvs.md";
  }
  for (const auto& [status, count] : counts) {
    std::string words = status;
    std::replace(words.begin(), words.end(), '_', ' ');
    EXPECT_NE(page.find("**" + std::to_string(count) + " " + words + "**"), page.npos) << "the count of " << words << " is " << count;
  }
}

TEST(AsvsTest, EveryPublishedLineOfLevelsOneAndTwoIsThere) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  const auto text = read_file((given != nullptr ? std::string(given) : root + "/../shared/data") + "/fhir/asvs/asvs5.json");
  if (!text) GTEST_SKIP() << "OWASP's list is not here (JOINEDUP_SHARED_DATA)";
  if (!fs::exists(root + "/docs/asvs.csv")) GTEST_SKIP() << "the self-assessment is not written yet";
  auto lines = asvs_lines();
  int wanted = 0;
  for (const auto& [id, level] : published_lines(*text)) {
    if (level != "1" && level != "2") continue;
    ++wanted;
    const auto line = lines.find(id);
    if (line == lines.end()) ADD_FAILURE() << id << " is not judged";
    else EXPECT_EQ(line->second.level, level) << id;
  }
  EXPECT_EQ(wanted, 253);
  EXPECT_EQ(lines.size(), 253U) << "a line that OWASP has not";
}

}  // namespace joinedup
