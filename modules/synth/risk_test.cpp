// How well risk can be foreseen in the place: not too easily by age and sex, well by one who knows the truth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "synth/care.hpp"

namespace joinedup::synth {
namespace {

struct Scored {
  double score;
  bool happened;
};

double auroc(std::vector<Scored> list) {  // by ranks, ties shared
  std::sort(list.begin(), list.end(), [](const Scored& a, const Scored& b) { return a.score < b.score; });
  double sum = 0, events = 0;
  for (std::size_t i = 0; i < list.size();) {
    std::size_t j = i;
    while (j < list.size() && list[j].score == list[i].score) ++j;
    const double rank = (static_cast<double>(i + 1) + static_cast<double>(j)) / 2;
    for (; i < j; ++i)
      if (list[i].happened) sum += rank, events += 1;
  }
  const double others = static_cast<double>(list.size()) - events;
  return (sum - events * (events + 1) / 2) / (events * others);
}

struct Sample {
  std::vector<Scored> by_age_and_sex, by_truth, by_prior_use, by_conditions;
  double expected = 0, happened = 0;
};

Sample sample(const SynthOptions& options) {
  const World world(options);
  Sample out;
  struct One {
    int group;
    double risk, prior, ill;
    bool happened;
  };
  std::vector<One> people;
  for (std::uint64_t number = 0; number < block_count(options); ++number) {
    const Block block = make_block(world, number);
    for (const Person& person : block.people) {
      const Care care = make_care(world, block, person);
      if (!care.at_risk) continue;
      const Date from = world.year_start[static_cast<std::size_t>(options.years - 1)];
      One one{person.age(from) / 5 * 2 + person.sex, care.risk, 0, 0, false};
      for (const Spell& spell : care.spells)
        if (spell.kind == SpellKind::emergency) {
          if (spell.start >= from) one.happened = true;
          else one.prior += 1;
        }
      for (const Date onset : person.onset) one.ill += onset <= from ? 1 : 0;
      people.push_back(one);
    }
  }
  // The best that age and sex can do: the share of events in each five years of age and sex, of these very people.
  std::map<int, std::pair<double, double>> groups;
  for (const One& one : people) {
    auto& [events, count] = groups[one.group];
    events += one.happened ? 1 : 0;
    count += 1;
  }
  for (const One& one : people) {
    out.by_age_and_sex.push_back({groups[one.group].first / groups[one.group].second, one.happened});
    out.by_truth.push_back({one.risk, one.happened});
    out.by_prior_use.push_back({one.prior, one.happened});
    out.by_conditions.push_back({one.ill, one.happened});
    out.expected += one.risk;
    out.happened += one.happened ? 1 : 0;
  }
  return out;
}

TEST(SynthRisk, AgeAndSexForeseeLittleAndTheTruthMuch) {
  SynthOptions options;
  options.people = 51200;
  const Sample s = sample(options);
  RecordProperty("auroc_age_sex", std::to_string(auroc(s.by_age_and_sex)));
  RecordProperty("auroc_truth", std::to_string(auroc(s.by_truth)));
  std::printf("AUROC: age and sex %.4f, prior emergency spells %.4f, count of conditions %.4f, truth %.4f; observed over expected %.4f of %.0f\n",
              auroc(s.by_age_and_sex), auroc(s.by_prior_use), auroc(s.by_conditions), auroc(s.by_truth), s.happened / s.expected, s.expected);
  EXPECT_LE(auroc(s.by_age_and_sex), 0.75);
  EXPECT_GE(auroc(s.by_age_and_sex), 0.60);
  EXPECT_GE(auroc(s.by_truth), 0.80);
  EXPECT_GE(auroc(s.by_prior_use), 0.60);
  EXPECT_GE(auroc(s.by_conditions), 0.60);
  EXPECT_NEAR(s.happened / s.expected, 1.0, 0.04);  // the truth is calibrated
}

// The same place with and without the programme: who is enrolled has the known fraction of the admissions they would have had.
TEST(SynthRisk, TheProgrammeHasTheEffectThatWasAskedFor) {
  SynthOptions with, without;
  with.people = without.people = 30720;
  with.programme = {.share = .05, .effect = .7, .months_before_end = 18};
  const World treated(with), plain(without);
  double enrolled = 0, adults = 0, before = 0, after = 0, untouched_differ = 0;
  for (std::uint64_t number = 0; number < block_count(with); ++number) {
    const Block a = make_block(treated, number), b = make_block(plain, number);
    for (std::size_t i = 0; i < a.people.size(); ++i) {
      adults += 1;
      const Care x = make_care(treated, a, a.people[i]), y = make_care(plain, b, b.people[i]);
      const Date from = a.people[i].enrolled;
      if (from == never) {
        untouched_differ += x.spells.size() == y.spells.size() ? 0 : 1;
        continue;
      }
      enrolled += 1;
      const auto count = [&](const Care& care) {
        return static_cast<double>(std::count_if(care.spells.begin(), care.spells.end(), [&](const Spell& s) { return s.kind == SpellKind::emergency && s.start >= from; }));
      };
      after += count(x);
      before += count(y);
    }
  }
  EXPECT_EQ(untouched_differ, 0);
  EXPECT_NEAR(enrolled / adults, .05, .005);
  ASSERT_GT(before, 500);
  EXPECT_NEAR(after / before, .7, 3 * std::sqrt(.7 * .3 / before));
}

}  // namespace
}  // namespace joinedup::synth
