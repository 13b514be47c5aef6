// The operations of a team's work: cases, referrals, meetings, pathways, drafts. The only header that other rooms include.
//
//   JOINEDUP_TRY(auto casework, Casework::open({.place = &place}));
//   rest::Api api(*store, {.base_url = url, .operations = casework->operations()});
//   api.handle({.method = "POST", .path = "/EpisodeOfCare/7/$accept", .body = R"({"resourceType":"Parameters"})", .permit = &permit, .author = "Practitioner/3"});
//   casework->watch(api);                      // alerts that nobody opens, reviews that are due; until it goes
//
// Each operation is composed of reads, searches and one transaction of the same Api under the asker's permit (README). Any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "place/place.hpp"
#include "rest/rest.hpp"

namespace joinedup::casework {

struct Options {
  const place::Place* place = nullptr;      // its folder keeps drafts.sqlite; outlives the Casework
  std::function<std::int64_t()> clock = {};  // microseconds UTC; the system's where absent
};

// What a round of the watch wrote.
struct Watched {
  std::uint64_t escalated = 0;  // alerts that nobody had opened: a Task for the team's lead
  std::uint64_t reviews = 0;    // plans whose review is due: a Task for who is responsible
  std::uint64_t counted = 0;    // cases closed otherwise than by an operation: what happened meanwhile, in counts
};

class Casework {
 public:
  static Result<std::unique_ptr<Casework>> open(Options options);
  virtual ~Casework() = default;
  virtual std::vector<rest::Operation> operations() = 0;  // they must not outlive the Casework
  // One round, as the program itself: repeated, it writes nothing that is there already.
  virtual Result<Watched> watch_once(const rest::Api& api) = 0;
  // The figures of every team, small numbers kept back, as Measure and MeasureReport; what stands there already is not written again.
  // How many resources were written.
  virtual Result<std::uint64_t> publish_figures(const rest::Api& api) = 0;
  // A round each half minute in a thread of its own, until stop() or the end; figures after the first, and then once a day.
  virtual void watch(const rest::Api& api) = 0;
  virtual void stop() = 0;
};

}  // namespace joinedup::casework
