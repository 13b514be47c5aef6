// A folder that goes when the test ends, for tests of every room.
//
//   const TestFolder folder;
//   folder.write("a.csv", "id\n1\n");   folder.read("a.csv");   folder.file("out.csv");   folder.path();
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/file.hpp"

namespace joinedup {

class TestFolder {
 public:
  TestFolder() {
    // A new one, whatever a test that was ended has left behind.
    std::string name = (std::filesystem::temp_directory_path() / "joinedup-test-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr) << name;
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(write_file(file(name), text)) << name;
    return file(name);
  }
  std::string read(const std::string& name) const {
    const auto text = read_file(file(name));
    EXPECT_TRUE(text) << name;
    return text.value_or("");
  }

 private:
  std::filesystem::path path_;
};

}  // namespace joinedup
