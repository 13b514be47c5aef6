// The bar on real data: readmission within 30 days, 130 hospitals (Strack 2014). Long: the full suite sets JOINEDUP_LONG_TESTS=1.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "risk/test_support.hpp"
#include "risk/validate.hpp"

namespace joinedup::risk {

TEST(RealData, ReadmissionWithin30DaysHoldsTheBar) {
  if (std::getenv("JOINEDUP_LONG_TESTS") == nullptr) GTEST_SKIP() << "a long test: set JOINEDUP_LONG_TESTS=1";
  const char* shared = std::getenv("JOINEDUP_SHARED_DATA");
  const std::string archive = (shared ? std::string(shared) : std::string(JOINEDUP_SOURCE_DIR) + "/../shared/data") + "/risk/uci_dataset_diabetes.zip";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << "the UCI diabetes archive is not here (JOINEDUP_SHARED_DATA)";
  const TestFolder folder;
  if (std::system(("unzip -p '" + archive + "' '*diabetic_data.csv' > '" + folder.file("diabetic_data.csv") + "'").c_str()) != 0) GTEST_SKIP() << "unzip is not here";
  ValidateJob job;
  job.data = folder.file("diabetic_data.csv");
  job.outcome = "readmitted=<30";
  job.cluster = "patient_nbr";
  job.seed = 0;
  job.replicates = 100;
  job.out = folder.file("out");
  const auto seen = validate_file(job);
  ASSERT_TRUE(seen) << seen.error().text();
  EXPECT_EQ(seen->performance.rows, 101766u);
  EXPECT_EQ(seen->performance.events, 11357u);
  EXPECT_GE(*seen->performance.auroc.value, 0.690);
  EXPECT_NEAR(*seen->performance.oe.value, 1, .05);
  EXPECT_NEAR(*seen->performance.slope.value, 1, .1);
  EXPECT_TRUE(seen->performance.auroc.low && seen->performance.oe.low && seen->performance.slope.low);
}

}  // namespace joinedup::risk
