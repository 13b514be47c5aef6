// Which files of a place a backup takes, and in which order. Inside this room only.
#pragma once
#include <string>
#include <vector>

#include "backup/backup.hpp"

namespace joinedup::backup {

// What refers to others goes before what it refers to, so that nothing in a backup points at what is not in it yet:
// queues, lists and the care door's memory; then the record; then who people are and what hospitals sent; then plain files.
struct Item {
  std::string path;  // below the place
  enum class Order { refers, record, referred, plain } order = Order::plain;
  bool is_sqlite = false;
};
struct Plan {
  std::vector<Item> items;         // in order; the audit log is not among them: it goes last, by its own rules
  std::vector<LeftOut> left_out;
};
Result<Plan> plan_of(const std::string& place, Feeds feeds);
bool is_key(std::string_view path);

}  // namespace joinedup::backup
