#include "care_door/target.hpp"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>

#include "care_door/read_record.hpp"
#include "care_door/wire.hpp"

namespace joinedup::care_door {
namespace {

class InProcess final : public Target {
 public:
  explicit InProcess(std::unique_ptr<fhir::DurableStore> store) : store_(std::move(store)), empty_(store_->figures().rows == 0) {}
  ~InProcess() override { store_->settle(); }
  Result<void> write(const std::vector<fhir::Write>& writes) override {
    JOINEDUP_TRY(const auto written, store_->write(writes));
    static_cast<void>(written);
    return {};
  }
  Result<std::optional<std::string>> read(std::string_view type, std::string_view id) override {
    auto version = store_->read(type, id, fhir::PermitAll());
    if (version) return std::optional<std::string>(std::move(version->body));
    if (version.error().code == ErrorCode::not_found) return std::optional<std::string>();
    return tl::unexpected(version.error());
  }
  Result<void> each(const std::string& type, const std::string& query, const std::function<Result<void>(const std::string& body)>& on) override {
    std::string cursor;
    do {
      JOINEDUP_TRY(const auto parsed, fhir::parse_query(type, query + (query.empty() ? "" : "&") + "_count=500" + (cursor.empty() ? "" : "&_cursor=" + cursor)));
      JOINEDUP_TRY(const auto page, store_->search(parsed, fhir::PermitAll()));
      for (const auto& entry : page.entries) JOINEDUP_CHECK(on(entry.version.body));
      cursor = page.next;
    } while (!cursor.empty());
    return {};
  }
  bool was_empty() const override { return empty_; }
  std::string way() const override { return "in this process"; }

 private:
  std::unique_ptr<fhir::DurableStore> store_;
  bool empty_;
};

// Another process serves the record: the same writes go to it as transactions, over its socket.
class OverSocket final : public Target {
 public:
  explicit OverSocket(int socket) : socket_(socket) {}
  ~OverSocket() override { ::close(socket_); }
  Result<void> write(const std::vector<fhir::Write>& writes) override {
    std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    for (const auto& one : writes) {
      if (&one != &writes.front()) bundle += ',';
      bundle += '{';
      if (one.kind != fhir::Write::Kind::remove) bundle += "\"resource\":" + one.body + ",";
      bundle += R"("request":{"method":")" + std::string(one.kind == fhir::Write::Kind::remove ? "DELETE" : "PUT") + R"(","url":")" + one.type + "/" + one.id + "\"}}";
    }
    JOINEDUP_TRY(const auto answer, ask_one("POST", "/", bundle + "]}"));
    if (answer.status >= 200 && answer.status < 300) return {};
    return fail(ErrorCode::unavailable, "The running server did not take what was to be shared for care: " + said(answer.body) + " (status " + std::to_string(answer.status) + ").", "shared-record.sock");
  }
  Result<std::optional<std::string>> read(std::string_view type, std::string_view id) override {
    JOINEDUP_TRY(auto answer, ask_one("GET", "/" + std::string(type) + "/" + std::string(id), {}));
    if (answer.status == 200) return std::optional<std::string>(std::move(answer.body));
    if (answer.status == 404 || answer.status == 410) return std::optional<std::string>();
    return fail(ErrorCode::unavailable, "The running server could not be asked what it holds: " + said(answer.body) + ".", "shared-record.sock");
  }
  Result<void> each(const std::string& type, const std::string& query, const std::function<Result<void>(const std::string& body)>& on) override {
    std::string path = "/" + type + "?" + query + (query.empty() ? "" : "&") + "_count=500";
    while (!path.empty()) {
      JOINEDUP_TRY(const auto answer, ask_one("GET", path, {}));
      if (answer.status != 200) return fail(ErrorCode::unavailable, "The running server could not be asked what teams wrote: " + said(answer.body) + ".", "shared-record.sock");
      const auto page = nlohmann::json::parse(answer.body, nullptr, false);
      path.clear();
      if (!page.is_object()) return fail(ErrorCode::unavailable, "The running server's answer cannot be read.", "shared-record.sock");
      if (page.contains("entry"))
        for (const auto& entry : page["entry"])
          if (entry.contains("resource") && entry["resource"].value("resourceType", "") == type) JOINEDUP_CHECK(on(entry["resource"].dump()));
      if (page.contains("link"))
        for (const auto& link : page["link"])
          if (link.value("relation", "") == "next")
            if (const auto url = link.value("url", ""); url.find('?') != std::string::npos) path = "/" + type + url.substr(url.find('?'));
    }
    return {};
  }
  bool was_empty() const override { return false; }
  std::string way() const override { return "through the running server"; }

 private:
  Result<Answer> ask_one(const std::string& method, const std::string& path, const std::string& body) {
    const std::lock_guard lock(mutex_);
    return ask(socket_, method, path, body);
  }
  static std::string said(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (json.is_object() && json.contains("issue") && !json["issue"].empty()) {
      const auto& issue = json["issue"][0];
      if (issue.contains("diagnostics")) return issue["diagnostics"].get<std::string>();
      if (issue.contains("details")) return issue["details"].value("text", "no reason given");
    }
    return "no reason given";
  }
  int socket_;
  std::mutex mutex_;
};

}  // namespace

std::string record_file(const place::Place& place) { return place.path("shared-record.sqlite"); }

Result<RecordReader> read_record(const place::Place& place) {
  JOINEDUP_TRY(auto opened, open_target(place));
  const std::shared_ptr<Target> target = std::move(opened);
  return RecordReader{[target](const std::string& type, const std::string& id) { return target->read(type, id); },
                      [target](const std::string& type, const std::string& query) -> Result<std::vector<std::string>> {
                        std::vector<std::string> out;
                        JOINEDUP_CHECK(target->each(type, query, [&](const std::string& body) -> Result<void> {
                          out.push_back(body);
                          return {};
                        }));
                        return out;
                      }};
}

Result<std::unique_ptr<Target>> open_target(const place::Place& place) {
  auto store = fhir::open_store({.path = record_file(place)});
  if (store) return std::unique_ptr<Target>(std::make_unique<InProcess>(std::move(*store)));
  if (store.error().code != ErrorCode::conflict) return tl::unexpected(store.error());
  const auto socket = connect_to(place.path("shared-record.sock"));
  if (!socket) return tl::unexpected(store.error());  // somebody has the record, and does not answer refreshes
  return std::unique_ptr<Target>(std::make_unique<OverSocket>(*socket));
}

}  // namespace joinedup::care_door
