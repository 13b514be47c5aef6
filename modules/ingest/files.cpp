#include "ingest/files.hpp"

#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"

namespace joinedup::ingest {
namespace {

std::string without_packing(std::string name) {
  for (const std::string_view ending : {".gz", ".zst"})
    if (lower_ascii(name).ends_with(ending)) name.resize(name.size() - ending.size());
  if (lower_ascii(name).ends_with(".parquet")) name = name.substr(0, name.size() - 8) + ".csv";
  return name;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](const char c) { return c >= '0' && c <= '9'; });
}

// 2024 · 2024-25 · 2024-03 · 202403 · 2024-03-31 · 2024-Q1
bool looks_like_period(const std::string_view text) {
  if (text.size() < 4 || !all_digits(text.substr(0, 4))) return false;
  return std::all_of(text.begin() + 4, text.end(), [](const char c) { return (c >= '0' && c <= '9') || c == '-' || c == 'Q' || c == 'q'; });
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error), end;
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (!name.starts_with('.') && !at->is_directory(error)) names.push_back(name);
  }
  if (error) return fail(ErrorCode::unavailable, "The feed's folder cannot be read: " + error.message() + ".", folder);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

const char* file_state_name(const FileState state) {
  static constexpr const char* names[] = {"live", "superseded", "duplicate", "refused"};
  return names[static_cast<int>(state)];
}

FileName read_file_name(const std::string_view name) {
  FileName read;
  auto stem = without_packing(std::string(name));
  if (const auto dot = stem.rfind('.'); dot != std::string::npos) stem.resize(dot);
  if (const auto at = stem.rfind("_s"); at != std::string::npos && all_digits(std::string_view(stem).substr(at + 2)) && stem.size() - at < 12) {
    read.submission = std::stoull(stem.substr(at + 2));
    stem.resize(at);
  }
  if (const auto at = stem.rfind('_'); at != std::string::npos && looks_like_period(std::string_view(stem).substr(at + 1))) {
    read.period = stem.substr(at + 1);
    stem.resize(at);
  }
  read.stem = stem;
  return read;
}

bool glob_matches(const std::string& glob, const std::string& name) {
  return ::fnmatch(glob.c_str(), without_packing(name).c_str(), FNM_CASEFOLD) == 0;
}

Result<std::vector<FeedFile>> list_files(const std::string& folder, const std::vector<place::FeedSpec>& feeds, Findings& findings) {
  std::vector<FeedFile> files;
  for (const auto& feed : feeds) {
    JOINEDUP_TRY(const auto names, names_in(folder + "/" + feed.feed));
    for (const auto& name : names) {
      const auto path = folder + "/" + feed.feed + "/" + name;
      const auto shown = feed.feed + "/" + name;
      const place::TableSpec* table = nullptr;
      for (const auto& candidate : feed.tables)
        for (const auto& glob : candidate.files)
          if (!table && glob_matches(glob, name)) table = &candidate;
      if (!table) {
        findings.add({.severity = Severity::note, .feed = feed.feed, .file = shown, .rule = "file.not_declared"});
        continue;
      }
      struct stat status {};
      if (::stat(path.c_str(), &status) != 0) return tl::unexpected(system_error("The file cannot be read", path));
      const auto read = read_file_name(name);
      FeedFile file;
      file.path = path;
      file.feed = &feed;
      file.table = table;
      file.summary = {.feed = feed.feed, .table = table->name, .file = shown, .period = read.period,
                      .bytes = static_cast<std::uint64_t>(status.st_size), .submission = read.submission};
      files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.summary.file < b.summary.file; });
  for (std::size_t i = 0; i < files.size(); ++i) files[i].summary.ordinal = i + 1;
  return files;
}

Result<void> settle_submissions(std::vector<FeedFile>& files) {
  // The last submission of a period counts; without a number it is the first one.
  std::map<std::tuple<std::string, std::string, std::string>, FeedFile*> latest;
  for (auto& file : files) {
    const auto name = read_file_name(std::filesystem::path(file.path).filename().string());
    auto& best = latest[{file.summary.feed + "/" + file.summary.table, name.stem, name.period}];
    if (best && std::pair(best->summary.submission, best->summary.file) > std::pair(file.summary.submission, file.summary.file)) {
      file.summary.state = FileState::superseded;
      continue;
    }
    if (best) best->summary.state = FileState::superseded;
    best = &file;
  }
  // Contents are compared only where sizes agree, which is rare, so most files are hashed while they are read.
  std::map<std::tuple<std::string, std::string, std::uint64_t>, std::vector<FeedFile*>> same_size;
  for (auto& file : files)
    if (file.summary.state == FileState::live) same_size[{file.summary.feed, file.summary.table, file.summary.bytes}].push_back(&file);
  for (auto& [key, group] : same_size) {
    if (group.size() < 2) continue;
    std::map<std::string, FeedFile*> first;
    for (auto* file : group) {
      JOINEDUP_TRY(file->summary.sha256, sha256_file(file->path));
      if (!first.emplace(file->summary.sha256, file).second) file->summary.state = FileState::duplicate;
    }
  }
  for (auto& file : files)
    if (file.summary.state == FileState::superseded) {
      JOINEDUP_TRY(file.summary.sha256, sha256_file(file.path));
    }
  return {};
}

Result<std::string> inputs_fingerprint(const std::string& feeds_folder, const std::vector<place::FeedSpec>& feeds) {
  Findings ignored;
  JOINEDUP_TRY(const auto files, list_files(feeds_folder, feeds, ignored));
  std::string text;
  for (const auto& file : files) {
    struct stat status {};
    if (::stat(file.path.c_str(), &status) != 0) return tl::unexpected(system_error("The file cannot be read", file.path));
    text += file.summary.file + "\n" + std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + " " +
            std::to_string(status.st_mtim.tv_nsec) + " " + std::to_string(status.st_ino) + " " + std::to_string(status.st_dev) + "\n";
  }
  for (const auto& feed : feeds)
    for (const auto& table : feed.tables) {
      text += feed.feed + " " + table.name + " " + table.layout + " " + table.row_id + " " + table.reference + "\n";
      for (const auto& column : table.columns) {
        text += column.name + "=" + column.from + ":" + place::field_type_name(column.type) + (column.required ? "!" : "") +
                (column.on_bad == place::OnBad::reject ? "x" : "") + (column.minimum ? std::to_string(*column.minimum) : "") + "," +
                (column.maximum ? std::to_string(*column.maximum) : "");
        for (const auto& code : column.codes) text += "|" + code;
        text += "\n";
      }
    }
  Sha256 hash;
  hash.update(text);
  return hash.finish_hex();
}

}  // namespace joinedup::ingest
