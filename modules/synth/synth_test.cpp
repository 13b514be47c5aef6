#include "synth/synth.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

#include "base/file.hpp"
#include "place/place.hpp"

namespace joinedup::synth {
namespace {

std::string folder_for(const char* name) {
  const auto folder = (std::filesystem::temp_directory_path() / ("joinedup_synth_" + std::to_string(::getpid()) + "_" + name)).string();
  std::filesystem::remove_all(folder);
  return folder;
}

TEST(Synth, MakesAPlaceThatCanBeRead) {
  SynthOptions options;
  options.people = 3000;
  options.folder = folder_for("place");
  const auto summary = generate_place(options);
  ASSERT_TRUE(summary) << summary.error().text();
  EXPECT_GT(summary->rows, 3000u);
  const auto place = place::read_place(options.folder);
  ASSERT_TRUE(place) << place.error().text();
  EXPECT_EQ(place->people, place::People::synthetic);
  EXPECT_EQ(place->data_from.to_iso(), "2023-04-01");
  EXPECT_TRUE(std::filesystem::exists(options.folder + "/SYNTHETIC.txt"));
  std::filesystem::remove_all(options.folder);
}

}  // namespace
}  // namespace joinedup::synth
