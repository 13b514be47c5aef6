// What serve needs where people sign in: accounts, policy and the log of one place, joined at the server's door.
//
//   JOINEDUP_TRY(auto signed_in, SignedIn::open(place, *store, server->base_url()));
//   rest::Api api(*store, {…, .export_permit = signed_in->export_permit()});
//   server->serve(signed_in->door(api), figures, signed_in->pages());
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "access/access.hpp"
#include "audit/audit.hpp"
#include "base/result.hpp"
#include "fhir/fhir.hpp"
#include "identity/identity.hpp"
#include "messages/messages.hpp"
#include "place/place.hpp"
#include "rest/rest.hpp"
#include "server/server.hpp"
#include "subscriptions/subscriptions.hpp"

namespace joinedup::cli {

class SignedIn {
 public:
  static Result<std::unique_ptr<SignedIn>> open(const place::Place& place, fhir::DurableStore& store, const std::string& base_url);
  virtual ~SignedIn() = default;
  virtual server::Server::Handler door(const rest::Api& api) = 0;
  virtual server::Server::Handler pages() = 0;
  // A page that listens to what changes: 401 where nobody is signed in; ends within seconds of signing out.
  virtual rest::Response listen(const rest::Request& request, subscriptions::Events& events) = 0;
  // What hospitals' messages did, for the log.
  virtual void received(const std::vector<messages::Receipt>& receipts) = 0;
  virtual std::function<Result<std::unique_ptr<fhir::Permit>>(const std::string& principal)> export_permit() = 0;
  // What a partner's Subscription may be told of, as its subscriber is now: nothing where nobody is known to ask; and the event of its being told.
  virtual std::unique_ptr<fhir::Permit> subscription_permit(const std::string& subscription) = 0;
  virtual Result<void> note_delivery(const std::string& subscription, const fhir::Version& version) = 0;
  // Tells the guardian and administrators of emergencies that nobody reviewed in time; a thread, until it is stopped.
  virtual void watch_emergencies() = 0;
  virtual void stop_watching() = 0;
  virtual std::string notes() const = 0;  // sentences for an administrator; may be empty
};

}  // namespace joinedup::cli
