// section_file: named arrays in one file, mapped into memory when read. Nothing is read before it is touched.
// Format 1: arrays at multiples of 64, then a JSON directory, then its place and size, the format number and a magic word.
//
//   auto out = SectionWriter::create("linkage.index");  out->put("codes", codes);  out->finish({{"rows", 7}});
//   auto in = SectionFile::open("linkage.index", 1);    in->array<std::uint32_t>("codes")[3];
#pragma once
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace joinedup::linkage {

class SectionWriter {
 public:
  static Result<SectionWriter> create(const std::string& path, std::uint32_t format);  // for its owner's eyes only: mode 0600
  template <class T>
  void put(const std::string& name, std::span<const T> values) {
    begin(name);
    add(values.data(), values.size_bytes());
  }
  template <class T>
  void put(const std::string& name, const std::vector<T>& values) {
    put(name, std::span<const T>(values));
  }
  void put_texts(const std::string& name, std::span<const std::string_view> texts);  // two arrays: offsets and bytes
  Result<void> finish(const std::map<std::string, std::string>& facts);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void begin(const std::string& name);
  void add(const void* bytes, std::size_t count);
  std::unique_ptr<std::FILE, Closer> file_;
  std::string path_;
  std::uint32_t format_ = 0;
  std::uint64_t at_ = 0;
  bool failed_ = false;
  std::vector<std::pair<std::string, std::pair<std::uint64_t, std::uint64_t>>> sections_;  // place and size
};

class SectionFile {
 public:
  static Result<SectionFile> open(const std::string& path, std::uint32_t format);
  SectionFile(SectionFile&& other) noexcept;
  SectionFile& operator=(SectionFile&&) = delete;
  ~SectionFile();
  template <class T>
  std::span<const T> array(const std::string& name) const {
    const auto found = sections_.find(name);
    if (found == sections_.end()) return {};
    return {reinterpret_cast<const T*>(map_ + found->second.first), found->second.second / sizeof(T)};
  }
  struct Texts {
    std::span<const std::uint64_t> offsets;
    const char* bytes = nullptr;
    std::size_t size() const { return offsets.empty() ? 0 : offsets.size() - 1; }
    std::string_view operator[](std::size_t at) const { return {bytes + offsets[at], static_cast<std::size_t>(offsets[at + 1] - offsets[at])}; }
  };
  Texts texts(const std::string& name) const;
  void warm() const;  // maps every page at one go instead of one by one as they are touched; any thread
  const std::string& fact(const std::string& name) const;  // empty where there is none

 private:
  SectionFile() = default;
  const char* map_ = nullptr;
  std::size_t size_ = 0;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> sections_;
  std::map<std::string, std::string> facts_;
};

}  // namespace joinedup::linkage
