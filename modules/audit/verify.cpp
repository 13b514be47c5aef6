// Reads every chain from its first event and holds it to its signed heads.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "audit/audit.hpp"
#include "audit/event_bytes.hpp"
#include "audit/files.hpp"
#include "audit/heads.hpp"
#include "audit/index.hpp"
#include "audit/segment.hpp"
#include "base/file.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"

namespace joinedup::audit {
namespace {

using Heads = std::multimap<std::uint64_t, Head>;  // of one chain, by sequence

struct Chain {
  std::string writer;
  std::vector<std::string> segments;
  Heads heads;
  std::string wrong;  // of its heads, found before its events are read
};

struct Checked {
  SegmentHead head;
  std::uint64_t next = 0, events = 0;
  Digest hash{};
  std::size_t torn = 0;
  std::string wrong;
};

std::string where(const std::string& writer, const std::string& file, const std::string& what) { return writer + "/" + file + ": " + what; }

// Does the chain say at this point what was signed of it?
std::string against(const Heads& heads, std::uint64_t sequence, const Digest& hash, const std::string& chain) {
  const auto [from, to] = heads.equal_range(sequence);
  for (auto at = from; at != to; ++at)
    if (at->second.hash != to_hex(hash) || at->second.chain != chain) return "event " + std::to_string(sequence) + ": it is not the one that was signed; the log was rewritten or is an old copy";
  return {};
}

Checked check_segment(const std::string& path, const Heads& heads, bool is_last) {
  Checked out;
  const auto bytes = read_file(path);
  const auto index_path = index_name(path);
  if (!bytes) {
    out.wrong = bytes.error().sentence;
    return out;
  }
  SegmentScan scan(*bytes);
  if (!scan.has_head()) {
    if (scan.step() != SegmentScan::Step::cut_short || !is_last) out.wrong = scan.why();
    return out;
  }
  out.head = scan.head();
  const auto chain = to_hex(out.head.chain);
  SegmentIndex index;
  if (out.head.first == 1) out.wrong = against(heads, 0, out.head.before, chain);
  while (out.wrong.empty() && scan.next() == SegmentScan::Step::record) {
    ++out.events;
    out.wrong = against(heads, scan.record().sequence, scan.record().hash, chain);
    const auto event = read_event(scan.record().event, 0);
    if (event) index.add(scan.record(), *event);
    else if (out.wrong.empty()) out.wrong = "event " + std::to_string(scan.record().sequence) + ": it is not of the log's form";
  }
  out.next = scan.next_sequence();
  out.hash = scan.hash();
  if (!out.wrong.empty()) return out;
  if (scan.step() == SegmentScan::Step::end && !is_last) {
    // Where a person's looks are is derived, but what it leaves out, nobody sees.
    const auto stored = read_file(index_path);
    if (stored && *stored != index_bytes(std::move(index), out.hash)) out.wrong = "its index (.idx) was changed; remove it, it is made again";
  }
  if (scan.step() == SegmentScan::Step::broken || (scan.step() == SegmentScan::Step::cut_short && !is_last)) out.wrong = scan.why();
  if (scan.step() == SegmentScan::Step::cut_short && is_last) out.torn = bytes->size() - scan.position();
  return out;
}

// The heads beside a chain. The newest must be there, and be signed by the newest key.
void read_own_heads(const std::string& folder, Chain& chain, const std::vector<SigningKey>& keys) {
  const auto newest_text = read_file(folder + "/" + chain.writer + "/head");
  const auto segments = segments_of(folder, chain.writer);
  std::error_code ignored;
  if (!newest_text && (segments.empty() || (segments.size() == 1 && std::filesystem::file_size(folder + "/" + chain.writer + "/" + segments[0], ignored) <= segment_head_size)))
    return;  // killed while it was begun: there is nothing yet to sign
  const auto newest = newest_text ? parse_head(*newest_text) : Result<Head>(tl::unexpected(newest_text.error()));
  if (!newest || !is_signed(*newest, keys) || newest->writer != chain.writer) chain.wrong = where(chain.writer, "head", "the newest signed head is gone or was changed");
  else if (newest->key != keys.back().key) chain.wrong = where(chain.writer, "head", "it is signed by a key that is no longer in use");
  else chain.heads.emplace(newest->sequence, *newest);
  const auto lines = read_file(folder + "/" + chain.writer + "/heads.jsonl");
  if (!lines) return;
  std::size_t number = 0;
  for (const auto line : split(*lines, '\n')) {
    ++number;
    if (trim(line).empty()) continue;
    const auto head = parse_head(line);
    const bool is_last = static_cast<std::size_t>(line.data() - lines->data()) + line.size() == lines->size();
    if (!head && is_last) continue;  // killed while it was written; the newest head speaks for it
    if (!head || !is_signed(*head, keys) || head->writer != chain.writer) {
      chain.wrong = where(chain.writer, "heads.jsonl", "line " + std::to_string(number) + " was changed");
      return;
    }
    chain.heads.emplace(head->sequence, *head);
  }
}

}  // namespace

Result<Verified> verify(const std::string& folder, const VerifyOptions& options) {
  Verified out;
  const auto bad = [&](const std::string& what) {
    if (out.first_bad.empty()) out.first_bad = what;
  };
  HeadsFile exported;
  if (!options.heads_file.empty()) { JOINEDUP_TRY(exported, read_heads_file(options.heads_file)); }
  const bool has_key = std::filesystem::exists(folder + "/signing.key");
  if (!std::filesystem::exists(folder + "/keys.jsonl") && exported.heads.empty()) {
    if (has_key || !writers_of(folder).empty()) bad("keys.jsonl: the list of keys that sign is gone");
    else out.notes.push_back("There is no audit log here yet.");
    out.ok = out.first_bad.empty();
    return out;
  }
  // Keys and heads of one time: where a key is rotated in between, both are read again.
  std::vector<SigningKey> keys;
  std::vector<Chain> chains;
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto read = read_keys(folder);
    if (!read) bad("keys.jsonl: " + read.error().sentence);
    keys = read.value_or(std::vector<SigningKey>{});
    chains.clear();
    // Heads before events: what a head signs was on the disk before it.
    for (const auto& writer : writers_of(folder)) {
      chains.push_back({.writer = writer});
      read_own_heads(folder, chains.back(), keys);
    }
    const auto after = read_keys(folder);
    const bool agree = std::all_of(chains.begin(), chains.end(), [](const Chain& chain) { return chain.wrong.empty(); });
    if (!read || (agree && after && after->size() == keys.size())) break;
  }
  if (!exported.keys.empty()) {
    if (keys.size() < exported.keys.size()) bad("keys.jsonl: keys that were exported are gone");
    else
      for (std::size_t i = 0; i < exported.keys.size(); ++i)
        if (keys[i].key != exported.keys[i].key) bad("keys.jsonl: the keys are not those that were exported");
  }
  if (!out.first_bad.empty()) return out;

  const auto chain_of = [&](const std::string& writer) { return std::find_if(chains.begin(), chains.end(), [&](const Chain& chain) { return chain.writer == writer; }); };
  for (const auto& head : exported.heads) {
    const auto at = chain_of(head.writer);
    if (!is_signed(head, keys)) bad(head.writer + ": a head in the file given is not signed by this log's keys");
    else if (at == chains.end()) bad(head.writer + ": the whole log of this writer is gone");
    else at->heads.emplace(head.sequence, head);
  }
  if (const auto begun = read_file(folder + "/chains.jsonl")) {
    for (const auto line : split(*begun, '\n')) {
      if (trim(line).empty()) continue;
      const auto head = parse_head(line);
      if (!head || !is_signed(*head, keys)) bad("chains.jsonl: it was changed");
      else if (const auto at = chain_of(head->writer); at == chains.end()) bad(head->writer + ": the whole log of this writer is gone");
      else at->heads.emplace(0, *head);
    }
  } else if (std::any_of(chains.begin(), chains.end(), [](const Chain& chain) { return !chain.heads.empty() && chain.heads.rbegin()->first > 0; }))
    bad("chains.jsonl: the list of logs begun is gone");

  struct Job {
    std::size_t chain, segment;
  };
  std::vector<Job> jobs;
  std::vector<std::vector<Checked>> checked(chains.size());
  for (std::size_t c = 0; c < chains.size(); ++c) {
    chains[c].segments = segments_of(folder, chains[c].writer);
    checked[c].resize(chains[c].segments.size());
    for (std::size_t s = 0; s < chains[c].segments.size(); ++s) jobs.push_back({c, s});
  }
  JOINEDUP_CHECK(parallel_for(jobs.size(), options.threads, [&](std::size_t i) -> Result<void> {
    const auto& chain = chains[jobs[i].chain];
    const auto& name = chain.segments[jobs[i].segment];
    checked[jobs[i].chain][jobs[i].segment] = check_segment(folder + "/" + chain.writer + "/" + name, chain.heads, jobs[i].segment + 1 == chain.segments.size());
    return {};
  }));
  for (std::size_t c = 0; c < chains.size(); ++c) {
    const auto& chain = chains[c];
    std::uint64_t next = 1;
    Digest hash{};
    for (std::size_t s = 0; s < chain.segments.size(); ++s) {
      const auto& name = chain.segments[s];
      const auto& one = checked[c][s];
      out.events += one.events;
      if (one.next == 0 && one.wrong.empty()) {
        out.notes.push_back(where(chain.writer, name, "it was begun and holds nothing yet"));
        continue;
      }
      if (s == 0) hash = genesis(one.head.chain, chain.writer);
      if (one.head.first != 0 && one.next != 0 && (one.head.first != next || name != segment_name(one.head.first)))
        bad(where(chain.writer, name, "event " + std::to_string(next) + " and those after it are gone, or the files were put in another order"));
      else if (one.next != 0 && (one.head.before != hash || one.head.chain != checked[c][0].head.chain)) bad(where(chain.writer, name, "it does not follow the file before it"));
      if (!one.wrong.empty()) bad(where(chain.writer, name, one.wrong));
      if (one.torn > 0)
        out.notes.push_back(where(chain.writer, name, std::to_string(one.torn) + " bytes after event " + std::to_string(one.next - 1) + " are the beginning of an event that was never finished"));
      next = one.next;
      hash = one.hash;
    }
    if (!chain.wrong.empty()) bad(chain.wrong);
    if (!chain.segments.empty() && !chain.heads.empty() && chain.heads.rbegin()->first + 1 < next)
      out.notes.push_back(chain.writer + ": the last " + std::to_string(next - 1 - chain.heads.rbegin()->first) + " events are in no signed head yet");
    if (chain.segments.empty() && !chain.heads.empty()) bad(chain.writer + ": all events are gone");
    if (!chain.segments.empty() && !chain.heads.empty() && chain.heads.rbegin()->first >= next && out.first_bad.empty())
      bad(chain.writer + ": event " + std::to_string(next) + " and those after it, up to " + std::to_string(chain.heads.rbegin()->first) + ", were signed and are gone");
  }
  out.ok = out.first_bad.empty();
  return out;
}

}  // namespace joinedup::audit
