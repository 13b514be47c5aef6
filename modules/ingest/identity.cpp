#include "ingest/identity.hpp"

#include <algorithm>
#include <cstring>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace joinedup::ingest {
namespace {

struct PackedHead {
  std::uint64_t nhs_number;
  std::int32_t birth_date, birth_year, birth_month;
  std::uint8_t nhs_status;
  char sex;
  std::uint8_t unused[2] = {0, 0};
};
static_assert(sizeof(PackedHead) == 24);

void pack(const Identity& identity, std::string& out) {
  PackedHead head{identity.nhs_number.digits, identity.birth_date, identity.birth_year, identity.birth_month,
                  static_cast<std::uint8_t>(identity.nhs_number.status), identity.sex, {0, 0}};
  out.assign(reinterpret_cast<const char*>(&head), sizeof head);
  for (const auto& text : identity.text) {
    out += text;
    out += '\x1F';
  }
}

const char* status_name(const std::uint8_t status) {
  static constexpr const char* names[] = {"absent", "valid", "sentinel", "malformed", "bad_check"};
  return names[status];
}

}  // namespace

std::string normal_postcode(const std::string_view upper) {
  std::string bare;
  for (const char c : upper)
    if (c != ' ') bare += c;
  const bool fits = bare.size() >= 5 && bare.size() <= 7;
  if (!fits) return std::string(upper);
  bare.insert(bare.size() - 3, 1, ' ');
  return bare;
}

char normal_sex(const std::string_view text) {
  if (text.empty()) return 'U';
  const auto lower = lower_ascii(text);
  if (lower == "1" || lower == "m" || lower == "male") return 'M';
  if (lower == "2" || lower == "f" || lower == "female") return 'F';
  return 'U';
}

std::uint64_t& HashIndex::find_or_add(const std::uint64_t key, bool& fresh) {
  if (key == 0) {
    fresh = !has_zero_;
    has_zero_ = true;
    size_ += fresh;
    return zero_value_;
  }
  if ((size_ + 1) * 2 > slots_.size()) grow();
  const auto mask = slots_.size() - 1;
  for (auto at = (key * 0x9E3779B97F4A7C15ULL >> 20) & mask;; at = (at + 1) & mask) {
    if (slots_[at].key == key) {
      fresh = false;
      return slots_[at].value;
    }
    if (slots_[at].key == 0) {
      slots_[at].key = key;
      ++size_;
      fresh = true;
      return slots_[at].value;
    }
  }
}

void HashIndex::grow() {
  auto old = std::move(slots_);
  slots_.assign(std::max<std::size_t>(64, old.size() * 2), {});
  const auto mask = slots_.size() - 1;
  for (const auto& slot : old) {
    if (slot.key == 0) continue;
    auto at = (slot.key * 0x9E3779B97F4A7C15ULL >> 20) & mask;
    while (slots_[at].key != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::int64_t IdentityTable::add(const std::uint64_t seed, const Identity& identity, const std::int64_t row) {
  pack(identity, scratch_);
  const auto key = static_cast<std::int64_t>(hash64(scratch_, seed) >> 1);
  add_packed(key, scratch_, 1, row);
  return key;
}

void IdentityTable::add_packed(const std::int64_t key, const std::string_view packed, const std::uint64_t rows, const std::int64_t first_row) {
  bool fresh = false;
  auto& value = index_.find_or_add(static_cast<std::uint64_t>(key), fresh);
  if (!fresh) {
    auto& entry = entries_[value];
    entry.rows += rows;
    entry.first_row = std::min(entry.first_row, first_row);
    return;
  }
  value = entries_.size();
  entries_.push_back({key, first_row, rows, packed_.size(), static_cast<std::uint32_t>(packed.size())});
  packed_ += packed;
}

void IdentityTable::merge(const IdentityTable& other, const std::int64_t row_offset) {
  for (const auto& entry : other.entries_)
    add_packed(entry.key, std::string_view(other.packed_).substr(entry.at, entry.size), entry.rows, entry.first_row + row_offset);
}

void IdentityTable::set(const std::int64_t key, const std::uint64_t rows, const std::int64_t first_row) {
  bool fresh = false;
  const auto at = index_.find_or_add(static_cast<std::uint64_t>(key), fresh);
  JOINEDUP_INVARIANT(!fresh, "an identity that was never read");
  entries_[at].rows = rows;
  entries_[at].first_row = first_row;
}

Result<void> IdentityTable::write(engine::Connection& connection, const std::string& feed, const std::string& table) const {
  std::vector<std::uint32_t> order(entries_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](const auto a, const auto b) {
    return std::pair(entries_[a].first_row, entries_[a].key) < std::pair(entries_[b].first_row, entries_[b].key);
  });
  JOINEDUP_TRY(auto rows, connection.append_to("identity_record"));
  std::size_t row = 0;
  for (const auto at : order) {
    const auto& entry = entries_[at];
    if (entry.rows == 0) continue;
    PackedHead head;
    std::memcpy(&head, packed_.data() + entry.at, sizeof head);
    std::string_view rest(packed_.data() + entry.at + sizeof head, entry.size - sizeof head);
    std::array<std::string_view, identity_text_count> text;
    for (auto& value : text) {
      const auto end = rest.find('\x1F');
      value = rest.substr(0, end);
      rest.remove_prefix(end + 1);
    }
    std::size_t column = 0;
    const auto put_text = [&](const std::string_view value) {
      if (value.empty()) rows.set_null(column++, row);
      else rows.set_text(column++, row, value);
    };
    const auto put_integer = [&](const std::int64_t value, const bool known) {
      if (known) rows.set_integer(column++, row, value);
      else rows.set_null(column++, row);
    };
    const auto put = [&](const IdentityText which) { put_text(text[static_cast<std::size_t>(which)]); };
    const auto status = static_cast<NhsNumberStatus>(head.nhs_status);
    put_integer(entry.key, true);
    put_text(feed);
    put_text(table);
    put_integer(static_cast<std::int64_t>(head.nhs_number), status != NhsNumberStatus::absent && status != NhsNumberStatus::malformed);
    put_text(status_name(head.nhs_status));
    put(IdentityText::nhs_pseudonym);
    put_integer(head.birth_date, head.birth_date != no_date);
    put_integer(head.birth_year, head.birth_year != 0);
    put_integer(head.birth_month, head.birth_month != 0);
    put_text({&head.sex, 1});
    for (std::size_t i = 1; i < identity_text_count; ++i) put(static_cast<IdentityText>(i));
    put_integer(static_cast<std::int64_t>(entry.rows), true);
    put_integer(entry.first_row, true);
    if (++row == engine::Appender::capacity) {
      JOINEDUP_CHECK(rows.flush(row));
      row = 0;
    }
  }
  if (row > 0) JOINEDUP_CHECK(rows.flush(row));
  return rows.close();
}

}  // namespace joinedup::ingest
