// HL7 v2 ADT messages of hospitals, into the shared record. The only header that other rooms include.
//
//   JOINEDUP_TRY(auto inbox, Inbox::open({.place = &place}, *store));
//   JOINEDUP_TRY(const auto answer, inbox->receive(bytes));             // "MSH|^~\&|JOINEDUP|…\rMSA|AA|4711\r"
//   JOINEDUP_TRY(auto door, MllpServer::listen({.port = 2575}, *inbox));  // door->port(); door->stop();
//   JOINEDUP_TRY(const auto spoken, senders(place.folder));             // who spoke last when
//
// A message is on the disk (PLACE/messages, 0600) before it is answered. AA: one of the nine triggers, kept and applied, or kept for a
// person to look at; AR: a kind that is not taken; AE: it cannot be read. All are kept; none is applied twice; order of arrival does not matter.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "fhir/fhir.hpp"
#include "place/place.hpp"

namespace joinedup::messages {

enum class State : std::uint8_t {
  waiting,     // kept, its turn has not come
  applied,
  review,      // it can be read, but nobody can tell what it should change: a person looks at it; `retry` when the cause is gone
  held,        // no agreement in force covers its sender
  not_taken,   // a kind of message that this does not apply (AR)
  unreadable   // AE
};
const char* state_name(State state);

// What became of one message, for the audit log. No name, number or text of a record.
struct Receipt {
  std::int64_t message = 0;
  std::string origin, trigger;             // the partner's code, or what the sender calls itself; "A01"
  State state = State::applied;
  std::string patient;                     // id; empty where nobody was found
  std::vector<std::string> resources;      // "Encounter/…": what was written
};

struct InboxOptions {
  const place::Place* place = nullptr;     // its folder, partners and agreements
  std::function<std::int64_t()> clock;     // microseconds UTC; the system's where absent
  std::size_t most_at_once = 64;           // messages applied in one transaction
  std::function<void(const std::vector<Receipt>&)> note;  // called when the record has them; may be absent
};

class Inbox {
 public:
  static Result<std::unique_ptr<Inbox>> open(InboxOptions options, fhir::Store& store);
  virtual ~Inbox() = default;
  // `partner`: whom the sender proved to be (its certificate); empty where it only says so. `done` gets the acknowledgement once the
  // message is on the disk, and applied where that does not take long; an error: nothing was kept and nothing may be answered. Any thread.
  virtual void receive(std::string bytes, std::string partner, std::function<void(Result<std::string>)> done) = 0;
  Result<std::string> receive(std::string bytes, std::string partner = {});
  virtual void settle() = 0;                              // until every kept message had its turn
  virtual Result<std::size_t> retry() = 0;                // everything under review or held has its turn again; how many
  virtual Result<void> undo_merge(std::int64_t merge) = 0;  // a merge by A40, as review() names it
};

// What the files tell, whoever has the place open.
struct SenderStatus {
  std::string sender;          // application|facility
  std::string last_message;    // instant; silence since then is not safety
  std::uint64_t kept = 0, applied = 0, review = 0, not_taken = 0, unreadable = 0, repeated = 0, waiting = 0;
  std::int64_t last = 0;          // as last_message: microseconds UTC
  std::int64_t silent_after = 0;  // microseconds: twice the longest pause of the fortnight before, from an hour to a day; a day of whom little is known
};
Result<std::vector<SenderStatus>> senders(const std::string& place_folder);
// What to tell people of a sender whose line fell silent; empty where it spoke lately.
std::string silence_of(const SenderStatus& sender, std::int64_t now);

struct ForReview {
  std::int64_t message = 0;    // its number; merge: of the merge
  std::string received, sender, trigger, reason;
  State state = State::review;
  bool is_merge = false;       // an A40 that was applied and can be undone
};
Result<std::vector<ForReview>> review(const std::string& place_folder);
// The bytes of one kept message as they came: a person's data.
Result<std::string> kept_message(const std::string& place_folder, std::int64_t message);

// The messages of a file: MLLP frames, batches, or one after another.
std::vector<std::string> messages_of_file(std::string_view bytes);
std::string acknowledgement_code(std::string_view acknowledgement);  // AA, AE, AR of MSA-1

struct MllpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                          // 0: the system picks one
  std::string tls_certificate_file, tls_key_file;  // PEM; both, or neither: plain, on this machine only
  std::string client_authority_file;               // PEM; senders must show a certificate of it, whose common name is the partner's code
  std::size_t connections = 256;
  std::size_t waiting_bytes = 64 * 1024 * 1024;    // of messages that are being received, all together
  int idle_seconds = 3600;                         // a sender may be silent for so long
  int message_seconds = 30;                        // from a message's first byte to its last
};

class MllpServer {
 public:
  static Result<std::unique_ptr<MllpServer>> listen(MllpOptions options, Inbox& inbox);
  virtual ~MllpServer() = default;
  virtual std::uint16_t port() const = 0;
  virtual std::string address() const = 0;         // "mllp://127.0.0.1:2575"
  virtual void stop() = 0;                         // messages that were begun are answered, within two seconds
};

// A sender over MLLP: sends each, waits for its acknowledgement; tests, and `joinedup messages send`.
struct SendOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string tls_authority_file;                  // set: TLS, and the server's certificate must be of it
  std::string tls_certificate_file, tls_key_file;  // our own, where the server asks for one
  int timeout_seconds = 30;
};
// Calls `answered` with each acknowledgement in order; stops at the first message that is not answered, which is an error.
Result<std::size_t> send_messages(const SendOptions& options, const std::vector<std::string>& messages,
                                  const std::function<void(std::size_t, std::string_view)>& answered = {});

}  // namespace joinedup::messages
