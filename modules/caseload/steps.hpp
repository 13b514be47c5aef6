// steps: what the files of this room share. Inside this room only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "caseload/caseload.hpp"

namespace joinedup::caseload {

std::vector<std::vector<std::string>> data_rows(std::string_view file);  // of a data file, without source line and header
Result<void> run_step(engine::Connection& connection, std::string_view file);
Result<void> fill_table(engine::Connection& connection, const std::string& name, const std::string& columns,
                        const std::vector<std::vector<std::string>>& rows);
Result<void> fill_people(engine::Connection& connection, const std::string& name, const std::vector<std::int64_t>& people);  // name(person_key)
Result<void> write_setting(engine::Connection& connection, const place::Place& place, Date index_date);
Result<bool> has_table(engine::Connection& connection, const std::string& name);
// The reasons of the people in the temporary table case_shown(person_key), by person and rule.
Result<std::map<std::int64_t, std::vector<Reason>>> reasons_of_shown(engine::Connection& connection, const Basis& basis);
Result<std::vector<FairnessRow>> fairness_of(engine::Connection& connection, const std::vector<Case>& cases);

}  // namespace joinedup::caseload
