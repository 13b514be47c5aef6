// Price lists: what a unit of care costs, in whole pence. The shipped lists lie in place/prices; one file of the same name
// (with or without `_illustrative`) in a place's price folder replaces a list whole.
//
//   JOINEDUP_TRY(auto lists, read_price_lists("/srv/exampleshire/prices"));
//   lists[0].name == "hrg"; lists[0].illustrative
//   JOINEDUP_TRY(auto tariff, import_payment_scheme_csv("Annex A - APC & OPROC.csv"));
//   JOINEDUP_CHECK(write_price_list(tariff, "/srv/exampleshire/prices"));    // hrg_price.csv
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "engine/engine.hpp"

namespace joinedup::record {

struct PriceList {
  std::string name;      // hrg, hrg_default, emergency, outpatient, contact, prescription_default, social_care_default, voluntary
  std::string file;      // where it came from, without folders of this machine
  std::string source;    // its first line's words
  bool illustrative = false;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // empty: none
  std::string place_file;                      // the name of a file in a place's price folder that replaces it: hrg_price.csv
};

Result<std::vector<PriceList>> read_price_lists(const std::string& folder);
Result<PriceList> parse_price_list(std::string_view name, std::string_view text, const std::string& file);
Result<void> load_price_lists(engine::Connection& connection, const std::vector<PriceList>& lists);  // TEMP TABLE price_<name>
Result<void> write_price_list(const PriceList& list, const std::string& folder);                     // <name>_price.csv

// A sheet of the NHS payment scheme price workbook saved as CSV: admitted patient care and outpatient procedures, outpatient
// attendances, or emergency care; which of them is read off its headings. £, commas, line breaks in headings and "-" are as
// the workbook has them. Gives the list hrg, outpatient or emergency.
Result<PriceList> import_payment_scheme_csv(const std::string& path);
Result<PriceList> parse_payment_scheme_csv(std::string_view text, const std::string& file);

// RFC 4180 records, line breaks allowed inside quotes.
std::vector<std::vector<std::string>> parse_csv_records(std::string_view text);

}  // namespace joinedup::record
