#include "risk/coded.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"

namespace joinedup::risk {
namespace {

// A fault of one row; numbered within its piece until the pieces before it are counted.
struct Fault {
  std::uint64_t row = 0;
  std::string sentence;
};

const char* const two_systems = "The codes are of more than one code system, and a code list says nothing of systems: give one file a system.";

struct Piece {
  StringTable people, codes;
  std::string_view system;  // the first that is named
  std::vector<std::uint32_t> event_person, event_code;
  std::vector<std::uint64_t> code_first_row;
  CsvCursor cursor{{}};
  std::uint64_t rows = 0;
  Fault fault;
};

bool is_icd10_system(std::string_view name) {
  const auto plain = lower_ascii(name);
  return plain == "icd10" || plain == "icd-10" || plain == "http://hl7.org/fhir/sid/icd-10" || plain == "http://hl7.org/fhir/sid/icd-10-uk" ||
         plain == "http://hl7.org/fhir/sid/icd-10-cm";
}

class PieceReader {
 public:
  PieceReader(Piece& piece, const ReadCoded& how) : piece_(piece), how_(how) {}

  void read(std::string_view text) {
    piece_.event_person.reserve(text.size() / 16);
    piece_.event_code.reserve(text.size() / 16);
    // Up to the last line end there is nothing to look for but commas and line ends, if there is no quote.
    const auto whole_lines = text.find('"') == std::string_view::npos ? text.rfind('\n') + 1 : 0;
    read_plain(text.substr(0, whole_lines));
    piece_.cursor = CsvCursor(text.substr(whole_lines));
    if (!piece_.fault.sentence.empty()) return;
    std::vector<std::string_view> fields;
    while (piece_.fault.sentence.empty() && piece_.cursor.split(fields)) {
      ++piece_.rows;
      row(fields);
    }
    if (piece_.cursor.fault()) {
      ++piece_.rows;
      stop(piece_.cursor.fault());
    }
  }

 private:
  void stop(std::string sentence) {
    if (piece_.fault.sentence.empty()) piece_.fault = {piece_.rows, std::move(sentence)};
  }

  void read_plain(std::string_view text) {
    std::vector<std::string_view> row_fields(how_.columns.count);
    const auto count = row_fields.size();
    auto* const fields = row_fields.data();
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end && piece_.fault.sentence.empty()) {
      if (*at == '\n' || *at == '\r') {
        ++at;
        continue;
      }
      std::size_t n = 0;
      while (true) {
        const char* const from = at;
        while (*at != ',' && *at != '\n') ++at;
        if (n < count) fields[n] = {from, static_cast<std::size_t>(at - from)};
        ++n;
        if (*at++ == '\n') break;
      }
      ++piece_.rows;
      if (n != count) return wrong_count(n);
      auto& last = fields[count - 1];
      if (last.ends_with('\r')) last.remove_suffix(1);
      row(row_fields);
    }
  }

  void wrong_count(std::size_t n) { stop("The row has " + std::to_string(n) + " fields, the header " + std::to_string(how_.columns.count) + "."); }

  // The number of a code; short ones by their bytes, without a hash of the text.
  std::uint32_t code_number(std::string_view code) {
    if (code.size() > 8) return piece_.codes.number(code);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, code.data(), code.size());
    auto& known = known_codes_[(bytes * 0x9E3779B97F4A7C15ULL) >> (64 - 12)];
    if (known.bytes != bytes || known.size != code.size()) known = {bytes, static_cast<std::uint32_t>(code.size()), piece_.codes.number(code)};
    return known.number;
  }

  void row(const std::vector<std::string_view>& fields) {
    const auto& columns = how_.columns;
    if (fields.size() != columns.count) return wrong_count(fields.size());
    const auto id = fields[columns.person];
    if (id.empty()) return stop("person_id is empty.");
    if (id != last_id_ || last_id_.empty()) {
      last_person_ = piece_.people.number(id);
      last_id_ = id;
    }
    if (columns.date != LongColumns::npos && fields[columns.date] != last_date_) check_date(fields[columns.date]);
    auto code = fields[columns.code];
    if (!code.empty() && (code.front() <= ' ' || code.back() <= ' ')) code = trim(code);
    if (code.empty()) return;  // a person who is in the file without a code
    if (columns.system != LongColumns::npos && fields[columns.system] != last_system_) check_system(fields[columns.system]);
    const auto number = code_number(code);
    if (number == piece_.code_first_row.size()) piece_.code_first_row.push_back(piece_.rows);
    piece_.event_person.push_back(last_person_);
    piece_.event_code.push_back(number);
  }

  void check_date(std::string_view text) {
    last_date_ = text;
    if (text.empty()) return;
    const auto day = parse_iso_date(text.substr(0, 10));
    if (!day || (text.size() > 10 && text[10] != 'T' && text[10] != ' ')) return stop("The date is not a day of the form 2025-01-31.");
    if (*day > how_.as_of) return stop("The date is after " + how_.as_of.to_iso() + ": an event of the future cannot be scored. If the file is of another day, say which with --as-of.");
  }

  void check_system(std::string_view name) {
    if (how_.systems == Systems::one) {
      if (!piece_.system.empty() && piece_.system != name) return stop(two_systems);
      piece_.system = name;
    }
    last_system_ = name;
    if (how_.systems == Systems::icd10 && !is_icd10_system(name)) stop("The code system is not one known here: the codes must be ICD-10 (code_system icd10).");
  }

  struct KnownCode {
    std::uint64_t bytes = 0;
    std::uint32_t size = 0, number = 0;  // size 0: none; a code is not empty
  };
  std::vector<KnownCode> known_codes_ = std::vector<KnownCode>(std::size_t{1} << 12);
  Piece& piece_;
  const ReadCoded& how_;
  std::string_view last_id_, last_date_, last_system_;
  std::uint32_t last_person_ = 0;
};

}  // namespace

StringTable::StringTable(std::size_t expected) : slots_(std::bit_ceil(expected * 2)) {}

std::uint32_t StringTable::number(std::string_view text) { return number(text, static_cast<std::uint32_t>(hash64(text))); }

std::uint32_t StringTable::number(std::string_view text, std::uint32_t hash) {
  const auto mask = slots_.size() - 1;
  for (auto at = hash & mask;; at = (at + 1) & mask) {
    auto& slot = slots_[at];
    if (slot.number == 0) {
      strings.push_back(text);
      hashes.push_back(hash);
      slot = {hash, static_cast<std::uint32_t>(strings.size())};
      if (strings.size() * 2 > slots_.size()) grow();
      return static_cast<std::uint32_t>(strings.size() - 1);
    }
    if (slot.hash == hash && strings[slot.number - 1] == text) return slot.number - 1;
  }
}

void StringTable::grow() {
  slots_.assign(slots_.size() * 2, {});
  const auto mask = slots_.size() - 1;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    auto at = hashes[i] & mask;
    while (slots_[at].number != 0) at = (at + 1) & mask;
    slots_[at] = {hashes[i], static_cast<std::uint32_t>(i + 1)};
  }
}

bool is_long(const std::vector<std::string_view>& header) {
  return std::find(header.begin(), header.end(), "person_id") != header.end() && std::find(header.begin(), header.end(), "code") != header.end();
}

Result<LongColumns> long_columns(const std::vector<std::string_view>& header, const std::string& where) {
  LongColumns columns;
  columns.count = header.size();
  columns.person = columns.code = LongColumns::npos;
  for (std::size_t i = 0; i < header.size(); ++i) {
    auto* const at = header[i] == "person_id" ? &columns.person : header[i] == "code" ? &columns.code : header[i] == "date" ? &columns.date
                     : header[i] == "code_system" ? &columns.system : nullptr;
    if (!at) return fail(ErrorCode::invalid_input, "Column \"" + std::string(header[i]) + "\" is not known: a long file has person_id,code and may have date and code_system.", where);
    if (*at != LongColumns::npos) return fail(ErrorCode::invalid_input, "Column \"" + std::string(header[i]) + "\" is there twice.", where);
    *at = i;
  }
  return columns;
}

Result<Coded> read_coded(std::string_view rows, const ReadCoded& how) {
  // Pieces of a mebibyte at least, so that a small file is one.
  const auto texts = cut_at_lines(rows, std::max<std::size_t>(1, std::min<std::size_t>(how.threads, rows.size() >> 20)));
  std::vector<Piece> pieces(texts.size());
  JOINEDUP_CHECK(parallel_for(texts.size(), how.threads, [&](std::size_t i) -> Result<void> {
    PieceReader(pieces[i], how).read(texts[i]);
    return {};
  }));
  Coded all;
  StringTable people(16), codes(16);
  std::uint64_t rows_before = 0;
  std::size_t events = 0;
  for (const auto& piece : pieces) events += piece.event_code.size();
  std::string_view system;
  for (auto& piece : pieces) {
    if (how.systems == Systems::one && !system.empty() && !piece.system.empty() && piece.system != system)
      return fail(ErrorCode::invalid_input, two_systems, how.where + ", after row " + std::to_string(rows_before));
    if (system.empty()) system = piece.system;
    if (!piece.fault.sentence.empty())
      return fail(ErrorCode::invalid_input, piece.fault.sentence, how.where + ", row " + std::to_string(rows_before + piece.fault.row));
    if (&piece == &pieces.front()) {  // its numbers are the final ones
      people = std::move(piece.people);
      codes = std::move(piece.codes);
      all.code_first_row = std::move(piece.code_first_row);
      all.event_person = std::move(piece.event_person);
      all.event_code = std::move(piece.event_code);
      all.event_person.reserve(events);
      all.event_code.reserve(events);
    } else {
      std::vector<std::uint32_t> person_of(piece.people.strings.size()), code_of(piece.codes.strings.size());
      for (std::size_t i = 0; i < person_of.size(); ++i) person_of[i] = people.number(piece.people.strings[i], piece.people.hashes[i]);
      for (std::size_t i = 0; i < code_of.size(); ++i) {
        code_of[i] = codes.number(piece.codes.strings[i], piece.codes.hashes[i]);
        if (code_of[i] == all.code_first_row.size()) all.code_first_row.push_back(rows_before + piece.code_first_row[i]);
      }
      for (const auto person : piece.event_person) all.event_person.push_back(person_of[person]);
      for (const auto code : piece.event_code) all.event_code.push_back(code_of[code]);
    }
    rows_before += piece.rows;
    all.texts.push_back(std::move(piece.cursor));
  }
  all.ids = std::move(people.strings);
  all.codes = std::move(codes.strings);
  return all;
}

}  // namespace joinedup::risk
