// Real FHIR: the 62 Synthea bundles, through the shipped views, into the record's tables. Counts were taken once with another
// tool over the same files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "fhirpath/fhirpath.hpp"
#include "place/feed_spec.hpp"
#include "record/fixture.hpp"

namespace joinedup::record {
namespace {

namespace fp = fhirpath;

std::string shared_folder(const std::string& below) {
  const char* given = std::getenv("JOINEDUP_SHARED_DATA");
  return (given ? std::string(given) : std::string(JOINEDUP_SOURCE_DIR "/../shared/data")) + "/" + below;
}

std::string key_of_text(std::string_view text) { return std::to_string(static_cast<std::int64_t>(hash64(text) >> 1)); }

// One staged table, filled as its declaration says: columns by their view column, references as hashes, people by patient id.
struct StagedView {
  const place::TableSpec* spec;
  fp::ViewDefinition view;
  std::map<std::string, std::size_t> at;  // view column → index
  std::string columns, values;
  std::vector<std::string> full;  // VALUES lists of a few hundred rows: one long list is slow to parse
  long rows = 0;

  void append(fp::ViewRow row) {
    const auto cell = [&](const std::string& name) { return fp::cell_text(row[at.at(name)], view.columns()[at.at(name)]); };
    values += (values.empty() ? "(" : ", (") + std::to_string(++rows);
    if (spec->person != place::PersonSource::none) values += ", " + key_of_text(cell(spec->reference).value_or(""));
    for (const auto& column : spec->columns) {
      const auto text = cell(column.from);
      values += ", " + (!text || column.type == place::FieldType::time ? "NULL" : column.type == place::FieldType::reference ? key_of_text(*text)
                        : engine::sql_text(*text));
    }
    values += ")";
    if (rows % 200 == 0) full.push_back(std::exchange(values, {}));
  }
};

}  // namespace

TEST(Synthea, EveryEncounterConditionProcedureAndPrescriptionReachesItsTable) {
  const std::string folder = shared_folder("fhir/synthea");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "The Synthea bundles are not beside the source tree.";
  const auto feeds = place::shipped_feeds();
  ASSERT_TRUE(feeds);
  std::vector<StagedView> staged;
  for (const char* name : {"fhir_patient", "fhir_encounter", "fhir_condition", "fhir_procedure", "fhir_medication_request", "fhir_medication"}) {
    const auto* spec = place::find_table(*feeds, "fhir_r4", name);
    ASSERT_TRUE(spec) << name;
    const auto text = place::feed_view_text(spec->view);
    ASSERT_TRUE(text) << name;
    auto view = fp::ViewDefinition::parse(*text);
    ASSERT_TRUE(view) << name;
    StagedView table{spec, *view, {}, {}, {}, {}};
    for (std::size_t i = 0; i < view->columns().size(); ++i) table.at[view->columns()[i].name] = i;
    table.columns = spec->person == place::PersonSource::none ? "source_row" : "source_row, person_key";
    for (const auto& column : spec->columns) table.columns += ", " + column.name;
    staged.push_back(std::move(table));
  }
  Fixture fixture("1900-01-01", "2021-12-31");
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    if (file.path().extension() == ".bz2") files.push_back(file.path());
  std::sort(files.begin(), files.end());
  ASSERT_EQ(files.size(), 62u);
  fp::Context context;
  std::string people;
  for (const auto& file : files) {
    const auto read = fp::read_fhir_file(file, {.on_resource = [&](const fp::FhirResource& resource) {
      for (auto& table : staged) {
        if (table.view.resource() != resource.type) continue;
        const auto done = table.view.run(resource.value(), context, [&](fp::ViewRow row) {
          table.append(row);
          if (table.spec->name != "fhir_patient") return;
          const auto born = fp::cell_text(row[table.at.at("birth_date")], table.view.columns()[table.at.at("birth_date")]);
          people += (people.empty() ? "(" : ", (") + key_of_text(*fp::cell_text(row[table.at.at("id")], table.view.columns()[table.at.at("id")])) +
                    ", 'U', date_trunc('month', DATE " + engine::sql_text(*born) + "), NULL, NULL, 0)";
        });
        EXPECT_TRUE(done);
      }
    }, .on_fault = [](const fp::FeedFault& fault) { ADD_FAILURE() << fault.file << " " << fault.number; }});
    ASSERT_TRUE(read) << read.error().text();
  }
  fixture.run("INSERT INTO door.person_attribute VALUES " + people);
  for (auto& table : staged) {
    if (!table.values.empty()) table.full.push_back(table.values);
    for (const auto& rows : table.full)
      fixture.run("INSERT INTO door." + table.spec->name + "(" + table.columns + ") VALUES " + rows);
  }
  const auto built = fixture.build();
  ASSERT_TRUE(built) << built.error().text();

  EXPECT_EQ(fixture.count("SELECT count(*) FROM hospital_spell"), 133);
  EXPECT_EQ(fixture.csv("SELECT (SELECT count(*) FROM hospital_spell) + (SELECT count(*) FROM emergency_attendance) "
                        "+ (SELECT count(*) FROM outpatient_attendance) + (SELECT count(*) FROM gp_contact)"), "2484\n");
  EXPECT_EQ(fixture.count("SELECT count(*) FROM condition"), 781);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM procedure"), 1990);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM prescription_item"), 2962);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM prescription_item WHERE code IS NULL"), 0);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM procedure WHERE encounter_row IS NULL"), 0);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM condition WHERE recorded_on IS NULL"), 0);
  EXPECT_GT(fixture.count("SELECT count(*) FROM person_condition"), 20);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM death"), 14);
  EXPECT_EQ(fixture.count("SELECT count(*) FROM person WHERE known_hospital"), 60);
  const auto check = reconcile(fixture.connection());
  ASSERT_TRUE(check);
  for (const auto& difference : check->differences) ADD_FAILURE() << difference;
  // No event of a person lies on the day of birth: the month's first day stands for the whole month.
  EXPECT_EQ(fixture.count("SELECT count(*) FROM activity a JOIN door.person_attribute p ON p.person_key = a.person_key "
                          "WHERE date_trunc('month', a.date) = p.birth_month AND a.date <> p.birth_month"), 0);
}

}  // namespace joinedup::record
