#include "refresh/report_inputs.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "record/price_list.hpp"

namespace joinedup::refresh {
namespace {

QualityCategory category_of(const std::string& name) {
  if (name == "completeness") return QualityCategory::completeness;
  return name == "plausibility" ? QualityCategory::plausibility : QualityCategory::conformance;
}

std::string step_title(const std::string& step) {
  static const std::map<std::string, std::string> titles = {
      {"nhs_number_and_birth_date", "NHS number and birth date"},
      {"nhs_number_and_partial_birth_date", "NHS number and most of the birth date"},
      {"nhs_number_and_name", "NHS number and name"},
      {"nhs_pseudonym_and_birth_month", "Pseudonymised NHS number and birth month"},
      {"name_birth_date_and_postcode", "Name, birth date and postcode"},
      {"local_identifier_and_birth_date", "The organisation's own number and birth date"},
      {"name_and_birth_date", "Name and birth date, unique in the place"},
      {"birth_date_sex_and_postcode", "Birth date, sex and postcode, unique in the place"},
      {"new_person", "Nobody known: a new person"},
      {"probabilistic", "By probability, from misspelt names, dates and moves"},
      {"clerical", "Decided by a clerk"}};
  const auto found = titles.find(step);
  return found == titles.end() ? step : found->second;
}

std::string linkage_note(const LinkageModel& model, const place::Place& place) {
  if (!model.note.empty()) return model.note;
  const auto count = [](std::uint64_t number) { return number < 10 ? std::string("fewer than 10") : with_commas(static_cast<std::int64_t>(number)); };
  char text[640];
  std::snprintf(text, sizeof text,
                "Links by probability need a weight (log2 odds) of at least %.1f, %s; by the model's own probabilities %.3f%% of them are right. People without an NHS number or off the register "
                "(%s) were compared with everybody, and %s joins were made; none joins two NHS numbers, and none holds for care. Doubtful pairs that wait for a clerk: %s.",
                model.threshold_weight, place.linkage.threshold_weight ? "as place.toml sets it" : "the default, chosen for precision of at least 99.95%", 100 * model.expected_precision,
                count(model.left_over).c_str(), count(model.joins).c_str(),
                count(model.review_pairs).c_str());
  return text;
}

}  // namespace

Result<report::ReportInputs> report_inputs(engine::Connection& connection, const Status& status, const Findings& findings,
                                           const std::map<std::string, std::uint64_t>& unknown_rows,
                                           const std::vector<place::FeedSpec>& feeds, const place::Place& place) {
  report::ReportInputs inputs;
  for (const auto& feed : status.feeds) {
    std::string title = feed.feed;
    for (const auto& spec : feeds)
      if (spec.feed == feed.feed) title = spec.title;
    inputs.feeds.push_back({feed.feed, title, static_cast<std::int64_t>(feed.rows_in), static_cast<std::int64_t>(feed.rows_kept),
                            static_cast<std::int64_t>(feed.rows_rejected), static_cast<std::int64_t>(feed.rows_withheld)});
  }
  for (const auto& count : findings.counts()) {
    auto total = static_cast<std::int64_t>(count.count);
    if (count.rule == "person.nobody_described")
      if (const auto found = unknown_rows.find(count.feed); found != unknown_rows.end()) total = static_cast<std::int64_t>(found->second);
    inputs.findings.push_back({count.feed, count.field, count.rule, count.category, count.severity, total});
  }
  JOINEDUP_TRY(const auto files, connection.query("SELECT feed, coalesce(period, ''), sum(rows_in)::BIGINT, sum(rows_rejected)::BIGINT FROM staging.main.feed_file "
                                                  "WHERE state = 'live' GROUP BY ALL ORDER BY ALL"));
  for (std::size_t i = 0; i < files.rows.size(); ++i)
    inputs.submissions.push_back({files.rows[i][0], files.rows[i][1], files.integer(i, 2), files.integer(i, 3)});
  JOINEDUP_TRY(const auto quality, connection.query("SELECT q.feed, coalesce(f.period, ''), q.field, q.category, q.\"check\", sum(q.rows)::BIGINT, sum(q.failed)::BIGINT "
                                                    "FROM staging.main.quality q LEFT JOIN staging.main.feed_file f ON f.file = q.file GROUP BY ALL ORDER BY ALL"));
  for (std::size_t i = 0; i < quality.rows.size(); ++i)
    inputs.quality.push_back({quality.rows[i][0], quality.rows[i][1], quality.rows[i][2], category_of(quality.rows[i][3]), quality.rows[i][4],
                              quality.integer(i, 5), quality.integer(i, 6)});
  for (const auto& step : status.linkage) inputs.linkage.push_back({step.feed, step.step, step_title(step.step), static_cast<std::int64_t>(step.rows)});
  inputs.linkage_note = linkage_note(status.linkage_model, place);
  JOINEDUP_TRY(const auto lists, record::read_price_lists(place.path("prices")));
  for (const auto& list : lists)
    inputs.prices.push_back({list.name, list.illustrative ? "Illustrative: no public price list exists. Put " + list.place_file + " into the place's prices folder to replace it." : ""});
  return inputs;
}

Result<void> write_place_report(engine::Connection& connection, const report::ReportInputs& inputs, const place::Place& place,
                                const std::string& run, const std::string& folder) {
  report::ReportOptions options;
  options.place_name = place.name;
  options.synthetic = place.people == place::People::synthetic ? report::Synthetic::yes : report::Synthetic::no;
  options.data_from = place.data_from;
  options.data_to = place.data_to;
  options.run = run;
  return report::write_report(connection, inputs, options, folder);
}

}  // namespace joinedup::refresh
