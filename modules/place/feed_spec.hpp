// Feed declarations: what feeds/*.toml says, read strictly. An unknown key, a wrong type or a column that no layout
// has is one sentence with the file and line. The form is described in feeds/README.md.
//
//   JOINEDUP_TRY(auto feeds, place::shipped_feeds());             // every feed compiled into the program
//   const auto* table = place::find_table(feeds, "gp_event", "gp_observation");
//   table->columns[0].from == "EffectiveDate"
//   JOINEDUP_TRY(auto mine, place::parse_feed_spec(text, "feeds.d/mine.toml"));   // a place's own
//   JOINEDUP_TRY(auto header, place::layout_headers("deaths"));   // the complete header, in order
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace joinedup::place {

enum class FieldType { text, code, integer, decimal, date, time, pounds, flag, reference };
enum class PersonSource { none, identity, reference };
enum class OnBad { make_null, reject };
enum class Encoding { utf8, windows_1252, automatic };

// The parts of an identity tuple, in the order in which staged.identity_record has them.
enum class IdentityField {
  nhs_number, nhs_pseudonym, birth_date, birth_year, birth_month, sex, family_name, given_name, middle_names,
  house, address_line_1, town, postcode, lsoa, local_id, local_id_organisation
};
inline constexpr std::size_t identity_field_count = 16;
const char* identity_field_name(IdentityField field);
const char* field_type_name(FieldType type);
const char* field_sql_type(FieldType type);  // VARCHAR, BIGINT, DOUBLE, DATE, INTEGER, BOOLEAN

struct ColumnSpec {
  std::string name;                  // in the staged table
  std::string from;                  // the header in the file (or the column of the view)
  std::vector<std::string> aliases;  // other headers that mean the same
  FieldType type = FieldType::text;
  bool required = false;
  bool identifying = false;
  OnBad on_bad = OnBad::make_null;
  std::optional<double> minimum, maximum;  // numbers as they are, pounds in pence, dates in days since 1970
  std::vector<std::string> codes;          // empty: any
};

struct IdentitySource {
  IdentityField field = IdentityField::nhs_number;
  std::string from;
};

struct TableSpec {
  std::string name;
  std::vector<std::string> files;  // globs
  std::string layout;              // name below layouts/; empty for views
  std::string view;                // a ViewDefinition below feeds/; empty for CSV
  Encoding encoding = Encoding::utf8;
  std::string row_id;
  bool stage_row_id = true;
  bool row_id_unique = true;       // unless said, as stage_row_id. false: rows with one row_id are different facts (periods of one event) and all are kept
  PersonSource person = PersonSource::none;
  std::string reference, reference_scope;
  std::vector<IdentitySource> identity;
  std::vector<ColumnSpec> columns;
};

struct FeedSpec {
  std::string feed, title, partner_type;
  std::vector<TableSpec> tables;
};

Result<FeedSpec> parse_feed_spec(std::string_view text, const std::string& origin);
Result<std::vector<FeedSpec>> shipped_feeds();  // ordered by feed
Result<std::vector<std::string>> layout_headers(std::string_view name);
Result<std::string> feed_view_text(std::string_view view);  // a ViewDefinition shipped below feeds/
const TableSpec* find_table(const std::vector<FeedSpec>& feeds, std::string_view feed, std::string_view table);

}  // namespace joinedup::place
