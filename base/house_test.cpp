// The plan of the house, held by a test: dependencies point down only, and other rooms include a room's own header only.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"

namespace joinedup {
namespace {
namespace fs = std::filesystem;

// Floors from the ground up; a room may include rooms of its own floor or below.
const std::map<std::string, int> floors = {
    {"base", 0},       {"disclosure", 1},   {"engine", 1},   {"backup", 6},   {"place", 1},       {"fhirpath", 1},   {"linkage", 2},    {"ingest", 2},   {"synth", 2},
    {"vault", 2},      {"audit", 2},
    {"record", 3},   {"access", 4},      {"fhir", 3},       {"validation", 3}, {"identity", 4},    {"rest", 4},       {"risk", 4},       {"report", 4},   {"evaluation", 5},
    {"performance", 5}, {"budget", 5},  {"caseload", 5},    {"messages", 5},    {"subscriptions", 5},    {"governance", 5}, {"content", 5}, {"programme", 5},  {"care_door", 6}, {"casework", 6}, {"living", 6},    {"refresh", 6},  {"server", 7}, {"web", 7},
    {"cli", 8}};

struct Include {
  std::string from_room, from_file, to_room, to_header;
};

std::vector<Include> includes() {
  const std::string root = JOINEDUP_SOURCE_DIR;
  std::vector<Include> all;
  const std::regex line("^\\s*#\\s*include\\s+\"([a-z_0-9]+)/([^\"]+)\"");
  for (const auto& top : {"base", "engine", "modules", "server", "cli"}) {
    if (!fs::exists(root + "/" + top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root + "/" + top)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      const auto relative = fs::relative(entry.path(), root);
      auto part = relative.begin();
      std::string room = (part++)->string();
      if (room == "modules") room = part->string();
      const auto text = read_file(entry.path().string());
      for (const auto text_line : split(*text, '\n')) {
        std::match_results<std::string_view::const_iterator> match;
        if (std::regex_search(text_line.begin(), text_line.end(), match, line))
          all.push_back({room, relative.string(), match[1].str(), match[2].str()});
      }
    }
  }
  return all;
}

}  // namespace

TEST(House, EveryRoomHasAFloor) {
  std::set<std::string> unknown;
  for (const auto& include : includes())
    if (!floors.contains(include.from_room)) unknown.insert(include.from_room);
  for (const auto& room : unknown) ADD_FAILURE() << room << " is on no floor: add it to this test and to ARCHITECTURE.md";
}

TEST(House, DependenciesPointDown) {
  int seen = 0;
  for (const auto& include : includes()) {
    if (!floors.contains(include.to_room) || !floors.contains(include.from_room)) continue;
    ++seen;
    EXPECT_LE(floors.at(include.to_room), floors.at(include.from_room)) << include.from_file << " includes " << include.to_room << "/" << include.to_header;
  }
  EXPECT_GT(seen, 50);
}

TEST(House, OnlyTheEngineKnowsTheDatabasesHeader) {
  const std::string root = JOINEDUP_SOURCE_DIR;
  for (const auto& entry : fs::recursive_directory_iterator(root + "/modules")) {
    if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
    const auto text = read_file(entry.path().string());
    EXPECT_EQ(text->find("<duckdb.h>"), std::string::npos) << entry.path();
  }
}

}  // namespace joinedup
