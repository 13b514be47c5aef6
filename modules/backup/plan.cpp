#include "backup/plan.hpp"

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "backup/copy.hpp"
#include "backup/manifest.hpp"

namespace joinedup::backup {
namespace {

namespace fs = std::filesystem;

// Derived, or for a day. What is not named here is taken.
const std::vector<LeftOut>& derived() {
  static const std::vector<LeftOut> all = {
      {"warehouse", "joinedup refresh makes it again, with the same sums"},
      {"reports", "joinedup refresh makes them again; keep what was published elsewhere"},
      {"truth", "joinedup synth makes it again"},
      {"shared-record.sqlite.index", "it is made again when the record is opened"},
      {"shared-record-exports", "they are kept for a day only"},
      {"vault/staging", "joinedup refresh makes it again"},
  };
  return all;
}

bool is_beside_a_database(const std::string& path) {
  for (const char* end : {"-wal", "-shm", "-journal"})
    if (path.ends_with(end) && fs::exists(path.substr(0, path.size() - std::string_view(end).size()))) return true;
  return false;
}

Item::Order order_of(const std::string& path) {
  if (path == "shared-record.sqlite") return Item::Order::record;
  return path == "vault/identity.sqlite" || path == "messages/kept.sqlite" ? Item::Order::referred : Item::Order::refers;
}

}  // namespace

bool is_key(std::string_view path) {
  return path.starts_with("vault/keys/") || path.starts_with("keys/") || path.ends_with(".key") || path.ends_with(".key.next") || path.ends_with(".pem") || path == "identity/key" ||
         path == "demo-users.json";
}

Result<Plan> plan_of(const std::string& place, Feeds feeds) {
  Plan plan;
  std::error_code failed;
  auto walk = fs::recursive_directory_iterator(place, failed);
  for (; !failed && walk != fs::recursive_directory_iterator(); walk.increment(failed)) {
    const auto& entry = *walk;
    const std::string path = entry.path().lexically_relative(place).generic_string();
    std::error_code ignored;
    if (entry.is_symlink(ignored)) {
      plan.left_out.push_back({path, "it is a link: back up where it leads to"});
      continue;
    }
    if (entry.is_directory(ignored)) {
      const auto known = std::find_if(derived().begin(), derived().end(), [&](const LeftOut& one) { return one.path == path; });
      const bool are_feeds = path == "feeds" && feeds == Feeds::left_out;
      if (known != derived().end()) plan.left_out.push_back(*known);
      if (are_feeds) plan.left_out.push_back({path, "partners' extracts are taken with --with-feeds only"});
      if (known != derived().end() || are_feeds || path == "audit") walk.disable_recursion_pending();
      continue;
    }
    if (!entry.is_regular_file(ignored) || path == unfinished_name || path.ends_with(".lock") || path.ends_with(".new") || is_beside_a_database(entry.path())) continue;
    if (path.ends_with(".before-restore")) {
      plan.left_out.push_back({path, "it is what stood there before a restore"});
      continue;
    }
    const bool database = is_sqlite(entry.path());
    plan.items.push_back({path, database ? order_of(path) : Item::Order::plain, database});
  }
  if (failed) return fail(ErrorCode::unavailable, "The place cannot be read: " + failed.message() + ".", place);
  std::sort(plan.items.begin(), plan.items.end(), [](const Item& a, const Item& b) { return std::tie(a.order, a.path) < std::tie(b.order, b.path); });
  std::sort(plan.left_out.begin(), plan.left_out.end(), [](const LeftOut& a, const LeftOut& b) { return a.path < b.path; });
  return plan;
}

}  // namespace joinedup::backup
