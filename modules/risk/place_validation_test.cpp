#include "risk/place_validation.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "record/fixture.hpp"
#include "record/random_place.hpp"
#include "risk/test_support.hpp"

namespace joinedup::risk {

TEST(PlaceValidation, APlaceWithoutAnEarlierYearIsToldWhatIsMissing) {
  TestFolder folder;
  record::Fixture place("2025-04-01", "2026-03-31");
  place.run(record::random_door_sql(200, 0));
  ASSERT_TRUE(place.build());
  PlaceModelOptions model;
  model.data_from = *parse_iso_date("2024-10-01");
  model.data_to = *parse_iso_date("2026-03-31");
  PlaceValidationOptions options;
  options.out = folder.file("out");
  auto done = validate_record(place.connection(), model, options);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().sentence.find("the data must reach back two and a half years; these begin on 2024-10-01"), std::string::npos);

  // Said to reach back far enough, but nobody was admitted in the earlier year: nothing can be learned, and it says so.
  model.data_from = *parse_iso_date("2023-04-01");
  options.outcomes = {"death_12m"};
  done = validate_record(place.connection(), model, options);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(done->outcomes.empty());
  ASSERT_EQ(done->notes.size(), 1u);
  EXPECT_NE(done->notes[0].find("death within 12 months could not be judged"), std::string::npos);

  options.outcomes = {"height"};
  done = validate_record(place.connection(), model, options);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().sentence.find("There is no model of \"height\""), std::string::npos);
}

TEST(PlaceValidation, TheDifferenceOfNetBenefitHasTheIntervalOfAMean) {
  // Ten rows, threshold a half: the second finds one more event and raises one more false alarm.
  Scored first{{.9, .9, .1, .1, .1, .1, .1, .1, .1, .1}, {1, 0, 1, 0, 0, 0, 0, 0, 0, 0}, {}};
  const std::vector<double> second{.9, .9, .9, .9, .1, .1, .1, .1, .1, .1};
  const auto moved = reclassify(first, second, .5);
  EXPECT_DOUBLE_EQ(moved.first_net_benefit, .1 - .1);
  EXPECT_DOUBLE_EQ(moved.second_net_benefit, .2 - .2);
  EXPECT_DOUBLE_EQ(moved.net_benefit_difference, 0);
  EXPECT_NEAR(*moved.difference_high, 1.959963984540054 * std::sqrt(2.0 / 100), 1e-12);  // two rows moved by one each
  first.cluster = {0, 1, 2, 2, 3, 4, 5, 6, 7, 8};  // the two that moved are one person's: they cancel
  EXPECT_NEAR(*reclassify(first, second, .5).difference_high, 0, 1e-12);
}

}  // namespace joinedup::risk
