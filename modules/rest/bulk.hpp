// Bulk Data export: jobs that write NDJSON files in a folder, one at a time. Inside this room only.
//
//   Exports exports(store, options);
//   JOINEDUP_TRY(auto id, exports.start({.address = "…/$export", .types = {"Patient"}}));
//   exports.find(id)->state == Export::State::complete;
//
// A job is kept in its folder: after a restart of the server it goes on with the first type that was not finished. Files hold
// people's data: 0600, and deleted a day after the job ended, or when the client says so.
#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fhir/fhir.hpp"
#include "rest/ndjson.hpp"
#include "rest/rest.hpp"

namespace joinedup::rest {

struct Export {
  std::string id, address;   // what was asked for
  std::string principal;     // by whom
  std::string instant;       // the moment that it shows
  std::string since;
  std::vector<std::string> types;
  LineOptions::Of of = LineOptions::Of::everybody;
  std::vector<std::string> members;  // of a Group
  enum class State : std::uint8_t { waiting, complete, failed } state = State::waiting;
  struct File {
    std::string type, name;
    std::uint64_t count = 0;
  };
  std::vector<File> files;   // of types that are finished, those without a resource too
  std::string fault;         // why it failed
  std::int64_t ended = 0;    // seconds
};

class Exports {
 public:
  Exports(fhir::Store& store, const ApiOptions& options);
  ~Exports();
  Result<std::string> start(Export job);
  std::optional<Export> find(const std::string& id);
  bool remove(const std::string& id);
  std::string file(const std::string& id, const std::string& name) const;  // its path

 private:
  void work();
  void run(const std::string& id);
  Result<Export::File> write_type(const Export& job, const std::string& type);
  Result<void> save(const Export& job) const;
  void load();
  void forget_old();
  bool ended(const std::string& id);

  fhir::Store& store_;
  const ApiOptions& options_;
  std::string folder_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, Export> jobs_;
  std::vector<std::string> queue_;
  std::atomic<bool> stop_{false};
  std::thread worker_;
};

}  // namespace joinedup::rest
