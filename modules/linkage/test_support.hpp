// A folder of its own for each test, and clusters.csv as sets. For tests of this room only.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "linkage/csv_reader.hpp"

namespace joinedup::linkage {

class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    set_progress_quiet(true);
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + test->test_suite_name() + "_" + test->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  std::string put(const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file(folder_ + "/" + name, text));
    return folder_ + "/" + name;
  }
  // Each cluster as its members; no record stands in one twice.
  std::set<std::string> clusters(const std::string& out) {
    std::map<std::string, std::set<std::string>> members;
    EXPECT_TRUE(read_csv(folder_ + "/" + out + "/clusters.csv", [](const CsvRow&) -> Result<void> { return {}; }, [&](const CsvRow& row) -> Result<void> {
      EXPECT_TRUE(members[std::string(row[1])].insert(std::string(row[0])).second);
      return {};
    }));
    std::set<std::string> all;
    for (const auto& [id, set] : members) {
      std::string text;
      for (const auto& member : set) text += member + " ";
      all.insert(text);
    }
    return all;
  }
  std::string folder_;
};

}  // namespace joinedup::linkage
