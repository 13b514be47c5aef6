// The door's tables as the record's SQL expects them: tables of feeds that a place has not got are made, empty.
#pragma once
#include "base/result.hpp"
#include "engine/engine.hpp"

namespace joinedup::record {

Result<void> complete_door(engine::Connection& connection);
std::string door_table_sql(const std::string& table);  // CREATE TABLE door.<table>(…) by its declaration; empty if undeclared

}  // namespace joinedup::record
