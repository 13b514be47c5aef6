// record: the person record. From pseudonymised staged rows (the schema `door`, docs/tables.md) to a warehouse of tables with
// a stated grain: spells, contacts, packages, conditions, what each cost, and what each person cost each month.
//
//   connection: default database = the new warehouse file; schema or database `door` attached
//   JOINEDUP_TRY(auto summary, record::build_record(connection, {.price_folder = place.path("prices"), .threads = 2}));
//   JOINEDUP_TRY(auto check, record::reconcile(connection));       // Σ person_month = Σ activity = Σ feeds kept
//   check.reconciled, check.settings[0].activity_pence
//   record::record_tables()[0].key                                 // the order of a table in manifests and `joinedup table`
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "engine/engine.hpp"
#include "record/price_list.hpp"

namespace joinedup::record {

struct RecordTable {
  std::string name;
  std::string grain;             // one row per …
  std::vector<std::string> key;  // unique; the order of its rows
};

// Every table of the warehouse, in the order in which they are built; read from the headers of sql/*.sql.
std::vector<RecordTable> record_tables();

struct RecordOptions {
  std::string price_folder;  // a place's own price lists; empty or absent: the shipped ones
  unsigned threads = 0;      // 0: as the database was opened
};

struct RecordSummary {
  struct TableRows {
    std::string table;
    std::int64_t rows = 0;
  };
  struct Step {
    std::string file;
    double seconds = 0;
    double processor_seconds = 0;  // of all threads of the program
  };
  std::vector<TableRows> tables;
  std::vector<Step> steps;
};

// Builds every table. The warehouse must hold none of them yet; temporary helpers are dropped at the end.
Result<RecordSummary> build_record(engine::Connection& connection, const RecordOptions& options);

// Every row that a feed kept, accounted for, and every penny, in a built warehouse (door is not needed).
struct Reconciliation {
  struct Setting {
    std::string setting;
    std::int64_t feed_pence = 0;      // the entity tables, rows of the period
    std::int64_t activity_pence = 0;
    std::int64_t person_month_pence = 0;
    std::int64_t feed_rows = 0;       // rows of the entity tables that are activity
    std::int64_t activity_rows = 0;   // distinct rows behind activity
    std::int64_t activity_units = 0;
    std::int64_t person_month_units = 0;
  };
  struct SourceRows {
    std::string staged_table;
    std::int64_t kept = 0;                                        // rows let through the door
    std::vector<std::pair<std::string, std::int64_t>> outcomes;  // "activity", "outside_period", "superseded", …
    std::int64_t accounted() const;
  };
  std::vector<Setting> settings;
  std::vector<SourceRows> sources;
  bool reconciled = false;
  std::vector<std::string> differences;  // a sentence each; empty where reconciled
};
Result<Reconciliation> reconcile(engine::Connection& connection);

}  // namespace joinedup::record
