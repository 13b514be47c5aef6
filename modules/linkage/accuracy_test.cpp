// The bars of accuracy, over pairs, without transitive closure; trained by our own EM with the example specifications.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "linkage/linkage.hpp"

namespace joinedup::linkage {
namespace {

std::string shared_data() {
  const char* named = std::getenv("JOINEDUP_SHARED_DATA");
  return named ? named : JOINEDUP_SOURCE_DIR "/../shared/data";
}

Result<LinkSummary> link_example(const std::string& name, const std::string& input, unsigned threads, const std::string& out) {
  set_progress_quiet(true);
  std::filesystem::remove_all(out);
  return link_files({.spec = std::string(JOINEDUP_SOURCE_DIR) + "/modules/linkage/examples/" + name + ".toml",
                     .inputs = {shared_data() + "/linkage/" + input}, .out = out, .threads = threads});
}

}  // namespace

TEST(Accuracy, Febrl3) {
  if (!std::filesystem::exists(shared_data() + "/linkage")) GTEST_SKIP() << "the shared reference data is not here";
  const auto done = link_example("febrl3", "febrl/dataset3.csv", 2, testing::TempDir() + "accuracy_febrl3");
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->true_pairs, 6538u);
  EXPECT_GE(static_cast<double>(done->true_pairs_blocked) / 6538.0, 0.999);
  EXPECT_GE(done->best_f1, 0.998);
}

TEST(Accuracy, Fake1000) {
  if (!std::filesystem::exists(shared_data() + "/linkage")) GTEST_SKIP() << "the shared reference data is not here";
  const auto done = link_example("fake_1000", "splink/fake_1000.csv", 2, testing::TempDir() + "accuracy_fake");
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->true_pairs, 2031u);
  EXPECT_GE(done->best_f1, 0.92);
}

TEST(Accuracy, OneThreadTrainsTheSameModelAndGivesTheSameBytes) {
  if (!std::filesystem::exists(shared_data() + "/linkage")) GTEST_SKIP() << "the shared reference data is not here";
  const std::string one = testing::TempDir() + "accuracy_one", two = testing::TempDir() + "accuracy_two";
  ASSERT_TRUE(link_example("fake_1000", "splink/fake_1000.csv", 1, one));
  ASSERT_TRUE(link_example("fake_1000", "splink/fake_1000.csv", 2, two));
  for (const char* file : {"/pairs.csv", "/clusters.csv", "/model.json"}) EXPECT_EQ(*read_file(one + file), *read_file(two + file)) << file;
}

}  // namespace joinedup::linkage
