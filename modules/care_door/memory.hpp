// memory: what the care door wrote, so that the next refresh writes only what changed, and who is whom there: which Patient a
// care key has, where each registration was first shown, who was opened by whom. SQLite inside the vault, 0600. This room only.
//
//   JOINEDUP_TRY(auto memory, Memory::open(place));
//   memory.written().find(id)                       // what was written before, by id
//   JOINEDUP_CHECK(memory.keep({{.id = …}}));       // after the shared record has it, a batch at a time
//
// The shared record keeps a mark with the generation of this file. Where they differ (an older backup, another file, a
// refresh that was killed early), nothing here is believed and each resource is compared with the record instead.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "place/place.hpp"

namespace joinedup::care_door {

struct WrittenResource {
  std::string type, feed, patient;  // patient: its Patient's id; empty where it is nobody's
  std::int64_t print = 0;           // hash of what was written
};

struct PatientEntry {
  std::int64_t care_key = 0;
  std::string replaced_by;  // another Patient's id; empty: it stands
};

struct OpenedPerson {
  std::string patient, who, why, at;
};

class Memory {
 public:
  static Result<Memory> open(const place::Place& place, const std::string& patient = {});  // patient: what concerns this one only, for speed
  Memory(Memory&&) noexcept;
  Memory& operator=(Memory&&) noexcept;
  ~Memory();

  std::int64_t generation() const;
  Result<std::int64_t> begin_generation();  // one more, durable
  std::string done() const;                 // print of what the last complete sharing was made from
  std::string summary() const;              // what it shared, as JSON
  Result<void> set_done(const std::string& print, const std::string& summary);

  std::unordered_map<std::string, WrittenResource>& written();  // read once, kept in step by keep() and forget()
  Result<void> keep(const std::vector<std::pair<std::string, WrittenResource>>& batch, const std::vector<std::string>& removed);

  std::map<std::string, PatientEntry>& patients();
  std::unordered_map<std::int64_t, std::string>& homes();  // registration (person_ref) to the Patient it was first shown in
  Result<void> keep_people(const std::map<std::string, PatientEntry>& patients, const std::vector<std::pair<std::int64_t, std::string>>& homes);

  Result<std::vector<OpenedPerson>> opened() const;
  Result<void> open_for(const OpenedPerson& person);

 private:
  struct State;
  explicit Memory(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace joinedup::care_door
