#include <atomic>
#include <condition_variable>
#include <mutex>

#include "subscriptions/test_support.hpp"

namespace joinedup::subscriptions {
namespace {

// What the server does with a stream, without a socket.
class Reader {
 public:
  explicit Reader(rest::Response response) : response_(std::move(response)), text_(response_.body) {}
  bool read_until(const std::string& wanted, std::chrono::milliseconds most = std::chrono::milliseconds(10'000)) {
    const auto until = std::chrono::steady_clock::now() + most;
    while (text_.find(wanted) == text_.npos && !over_) {
      if (!one(until)) return false;
    }
    return text_.find(wanted) != text_.npos;
  }
  bool read_to_end() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!over_)
      if (!one(until)) return false;
    return true;
  }
  const std::string& text() const { return text_; }

 private:
  bool one(std::chrono::steady_clock::time_point until) {
    struct Signal {
      std::mutex mutex;
      std::condition_variable changed;
      bool is_ready = false;
    };
    if (!asked_) {
      signal_ = std::make_shared<Signal>();
      asked_ = true;
      response_.wait([signal = std::static_pointer_cast<Signal>(signal_)](Result<void>) {
        const std::lock_guard lock(signal->mutex);
        signal->is_ready = true;
        signal->changed.notify_all();
      });
    }
    auto signal = std::static_pointer_cast<Signal>(signal_);
    std::unique_lock lock(signal->mutex);
    if (!signal->changed.wait_until(lock, until, [&] { return signal->is_ready; })) return false;
    lock.unlock();
    asked_ = false;
    std::string piece;
    const auto more = response_.more(piece);
    text_ += piece;
    over_ = !more || !*more;
    return true;
  }
  rest::Response response_;
  std::string text_;
  std::shared_ptr<void> signal_;
  bool asked_ = false, over_ = false;
};

std::unique_ptr<fhir::Permit> everything() { return std::make_unique<fhir::PermitAll>(); }
rest::Request request(const std::string& query = {}, const std::string& last = {}) {
  rest::Request out{.method = "GET", .path = "/events", .query = query};
  if (!last.empty()) out.headers.push_back({"Last-Event-ID", last});
  return out;
}

TEST_F(RecordTest, AListenerHearsWhatChangesAndNoContents) {
  auto events = Events::open(*store_);
  Reader reader(events->stream(request(), everything));
  put("Patient", "p1", {{"name", {{{"family", "Secretname"}}}}});
  ASSERT_TRUE(reader.read_until("\"id\":\"p1\"")) << reader.text();
  EXPECT_NE(reader.text().find("data: {\"type\":\"Patient\",\"id\":\"p1\",\"version\":1,\"method\":\"create\"}"), std::string::npos) << reader.text();
  EXPECT_EQ(reader.text().find("Secretname"), std::string::npos);
  events->stop();
  EXPECT_TRUE(reader.read_to_end());
}

TEST_F(RecordTest, NobodyHearsOfWhatTheyMayNotRead) {
  auto events = Events::open(*store_);
  Reader reader(events->stream(request(), [] { return std::make_unique<Without>(std::set<std::string, std::less<>>{"secret"}); }));
  put("Patient", "secret");
  put("Patient", "open");
  ASSERT_TRUE(reader.read_until("\"open\""));
  EXPECT_EQ(reader.text().find("secret"), std::string::npos);
  ASSERT_TRUE(store_->write({{.kind = fhir::Write::Kind::remove, .type = "Patient", .id = "secret", .body = {}, .if_match = {}}}));
  put("Patient", "last");
  ASSERT_TRUE(reader.read_until("\"last\""));
  EXPECT_EQ(reader.text().find("secret"), std::string::npos) << "nor that it is gone";
  Reader again(events->stream(request({}, "0"), [] { return std::make_unique<Without>(std::set<std::string, std::less<>>{"secret"}); }));
  EXPECT_NE(again.text().find("\"open\""), std::string::npos);
  EXPECT_EQ(again.text().find("secret"), std::string::npos) << "nor by looking back";
  events->stop();
}

// A list longer than a short string's own place: its parts were read after it was gone.
TEST_F(RecordTest, AListOfSeveralTypesIsHeardWhole) {
  auto events = Events::open(*store_);
  Reader reader(events->stream(request("types=Communication,EpisodeOfCare,Task"), everything));
  put("Patient", "p1");
  put("Communication", "c1");
  put("Task", "t1");
  ASSERT_TRUE(reader.read_until("t1"));
  EXPECT_NE(reader.text().find("c1"), std::string::npos);
  EXPECT_EQ(reader.text().find("p1"), std::string::npos);
  events->stop();
}

TEST_F(RecordTest, WhoReturnsHearsWhatWasMissed) {
  auto events = Events::open(*store_);
  std::string last;
  {
    Reader reader(events->stream(request("types=Task"), everything));
    put("Task", "t1");
    ASSERT_TRUE(reader.read_until("t1"));
    const auto at = reader.text().rfind("id: ", reader.text().find("t1"));
    last = reader.text().substr(at + 4, reader.text().find('\n', at) - at - 4);
  }
  put("Task", "t2");
  put("Patient", "p1");
  put("Task", "t3");
  Reader again(events->stream(request("types=Task", last), everything));
  put("Task", "t4");
  ASSERT_TRUE(again.read_until("t4"));
  for (const char* id : {"t2", "t3", "t4"}) {
    const auto first = again.text().find(id);
    ASSERT_NE(first, std::string::npos) << id;
    EXPECT_EQ(again.text().find(id, first + 2), std::string::npos) << id << " twice";
  }
  EXPECT_EQ(again.text().find("t1"), std::string::npos);
  EXPECT_EQ(again.text().find("p1"), std::string::npos);
  for (const char* wrong : {"999999", "x", "-1", "18446744073709551616"}) {
    Reader lost(events->stream(request({}, wrong), everything));
    EXPECT_TRUE(lost.text().find("reset") != std::string::npos || lost.text().find("open") != std::string::npos) << lost.text();
  }
  events->stop();
}

TEST_F(RecordTest, ARevokedSessionHearsNothingMore) {
  auto events = Events::open(*store_, {.heartbeat = std::chrono::milliseconds(50), .permit_age = std::chrono::milliseconds(20)});
  auto signed_in = std::make_shared<std::atomic<bool>>(true);
  Reader reader(events->stream(request(), [signed_in]() -> std::unique_ptr<fhir::Permit> { return signed_in->load() ? everything() : nullptr; }));
  put("Patient", "p1");
  ASSERT_TRUE(reader.read_until("p1"));
  *signed_in = false;
  EXPECT_TRUE(reader.read_to_end());
  put("Patient", "p2");
  EXPECT_EQ(reader.text().find("p2"), std::string::npos);
  EXPECT_TRUE(within(soon, [&] { return events->listeners() == 0; }));
  EXPECT_EQ(events->stream(request(), [] { return std::unique_ptr<fhir::Permit>(); }).status, 401);
}

TEST_F(RecordTest, ASlowReaderIsBoundedAndToldToLoadAnew) {
  auto events = Events::open(*store_, {.most_open = 2, .most_waiting_bytes = 2000});
  Reader slow(events->stream(request(), everything));
  for (int i = 0; i < 100; ++i) put("Task", "t" + std::to_string(i));
  Reader quick(events->stream(request({}, "99"), everything));
  EXPECT_TRUE(quick.read_until("t99"));
  EXPECT_TRUE(slow.read_until("event: reset"));
  EXPECT_LT(slow.text().size(), 5000u);
  EXPECT_EQ(events->stream(request(), everything).status, 503);
  events->stop();
}

TEST_F(RecordTest, AHundredListenersHearWithinASecond) {
  auto events = Events::open(*store_);
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 100; ++i) readers.push_back(std::make_unique<Reader>(events->stream(request(), everything)));
  EXPECT_EQ(events->listeners(), 100u);
  put("Communication", "c1");
  for (auto& reader : readers) ASSERT_TRUE(reader->read_until("c1"));
  readers.clear();
  EXPECT_TRUE(within(soon, [&] { return events->listeners() == 0; })) << "who hung up is forgotten";
}

}  // namespace
}  // namespace joinedup::subscriptions
